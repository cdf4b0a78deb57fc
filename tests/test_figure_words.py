"""Can the words of every figure be read on a phone: none cut off at an edge, none written over others."""

import json
from pathlib import Path

import plotly
import pytest

import book_browser
from skinmet.figures import measure

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
MIME = "application/vnd.plotly.v1+json"
PAGE = 358  # pixels a figure gets on a page 390 px wide
# Settings that say of themselves that they are for a wider screen.
WIDE = "(wide screen)"

# Each figure is drawn alone, then once for each entry of its menus and each step of its sliders.
FAULTS = """async ([figure, width, wide]) => {
  const faults = new Set(), place = document.createElement("div");
  place.style.width = `${width}px`;
  document.body.append(place);
  const lines = () => [...place.querySelectorAll(".main-svg text")]
    .filter((one) => one.textContent.trim() && one.checkVisibility({ opacityProperty: true }))
    .flatMap((text) => {
      const parts = [...text.querySelectorAll("tspan.line")];
      const apart = parts.length ? parts : [text];
      return apart.map((part) => [text, part.textContent, part.getBoundingClientRect()]);
    })
    .filter(([, words, box]) => words.trim() && box.width);
  const look = () => {
    const edge = place.querySelector(".main-svg").getBoundingClientRect(), found = lines();
    for (const [, words, box] of found)
      if (Math.max(edge.left - box.left, box.right - edge.right, edge.top - box.top,
          box.bottom - edge.bottom) > 1)
        faults.add(`cut off: ${words}`);
    found.forEach(([text, words, a], i) => found.slice(i + 1).forEach(([other, more, b]) => {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (text !== other && across > 3 && down > 4) faults.add(`one over the other: ${words} | ${more}`);
    }));
  };
  await Plotly.newPlot(place, figure.data, figure.layout);
  look();
  for (const kind of ["updatemenus", "sliders"])
    for (const [i, menu] of (figure.layout[kind] ?? []).entries())
      for (const [k, entry] of (menu.buttons ?? menu.steps).entries()) {
        if (entry.label.includes(wide)) continue;
        await Plotly[entry.method](place, ...entry.args);
        await Plotly.relayout(place, `${kind}[${i}].active`, k);
        // a Sankey diagram moves to its new state, half a second long
        if (figure.data.some(({ type }) => type === "sankey")) await new Promise((go) => setTimeout(go, 700));
        look();
      }
  Plotly.purge(place);
  place.remove();
  return [...faults];
}"""


def stored_figures(path: Path) -> dict[str, dict]:
    """Name -> figure, of all figures among a notebook's outputs."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    outputs = (output for cell in cells for output in cell.get("outputs", ()))
    figures = [output["data"][MIME] for output in outputs if MIME in output.get("data", {})]
    return {figure["layout"]["meta"]["name"]: figure for figure in figures}


@pytest.fixture(scope="module")
def page():
    with book_browser.chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 900})
        page.set_content("<!doctype html><body style='margin:0'>")
        page.add_script_tag(content=plotly.offline.get_plotlyjs())
        yield page


@pytest.fixture
def draw(page):
    """Draw a figure as wide as on a phone; returns what is wrong with its words."""
    return lambda figure: page.evaluate(FAULTS, [figure, PAGE, WIDE])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_words_fit_a_phone(path, draw):
    figures = stored_figures(path)
    assert figures
    found = {name: draw(figure) for name, figure in figures.items()}
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_faults_are_seen(draw):
    words = [
        {"x": 0, "y": 0, "xanchor": "left", "showarrow": False, "text": text} for text in ("here", "there")
    ]
    long = {"x": 0.5, "y": 1, "showarrow": False, "text": "words " * 20}
    figure = {"data": [{"x": [0, 1], "y": [0, 1]}], "layout": {"annotations": [*words, long]}}
    faults = draw(figure)
    assert f"cut off: {long['text'].strip()}" in [fault.strip() for fault in faults]
    assert "one over the other: here | there" in faults


@pytest.mark.parametrize("size, bold", [(11, False), (12, False), (13, True), (15, True)])
def test_the_measure_is_that_of_the_browser(page, size, bold):
    texts = ["Lookingbill 1993: 212 of 707", "second-hand, or incomplete reference", "≈43% (27 to 61)", "WWW"]
    ask = """([texts, font]) => {
      const pen = document.createElement("canvas").getContext("2d");
      pen.font = font;
      return texts.map((one) => pen.measureText(one).width);
    }"""
    wide = page.evaluate(ask, [texts, f"{'bold ' if bold else ''}{size}px DejaVu Sans"])
    for text, pixels in zip(texts, wide, strict=True):
        assert measure.width(text, size, bold=bold) == pytest.approx(pixels, rel=0.06 if bold else 0.02)


def test_wrap_keeps_every_word_and_every_line_fits():
    words = "one two three-four a-b-c, 12-year follow-up of an incomprehensibilities-laden line"
    lines = measure.wrap(words, 90)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")
    assert all(measure.width(line) <= 90 or " " not in line for line in lines)
    assert measure.wrap("", 90) == []
    tagged = measure.wrap('<span style="color:#aab-bcc">●</span> two-fold, p < 0.05', 40)
    assert tagged == ['<span style="color:#aab-bcc">●</span>', "two-", "fold,", "p <", "0.05"]


def test_fit_cuts_after_a_word():
    assert measure.fit("short", 90) == "short"
    cut = measure.fit("skin metastasis, of the breast", 130)
    assert cut.endswith("…") and measure.width(cut) <= 130
    assert cut == "skin metastasis…"
