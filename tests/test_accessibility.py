"""Can everybody use the book: axe-core on every kind of page, the keyboard, narrow and enlarged windows.

`make test-lab` has axe look at every single page, which takes minutes.
"""

from pathlib import Path

import pytest

import book_browser

AXE = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"
CHAPTER = "notebooks/01_how_common.html"
RUN = """async (only) => {
  const kinds = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const runOnly = only ? { type: "rule", values: [only] } : { type: "tag", values: kinds };
  const found = await axe.run(document, { runOnly, resultTypes: ["violations"] });
  const words = ({ id, nodes }) => `${id}: ${nodes.length}, as ${nodes[0].target} ${nodes[0].html}`;
  return found.violations.map(words);
}"""
OPEN_FOLDS = "document.querySelectorAll('article details').forEach((one) => (one.open = true))"


@pytest.fixture(scope="module")
def server(whole_book):
    with book_browser.serve(whole_book) as address:
        yield address


def every_page(site: Path) -> list[str]:
    return [
        path.relative_to(site).as_posix()
        for path in sorted(site.rglob("*.html"))
        if path.relative_to(site).parts[0] not in {"_static", "lab"}
    ]


def pages(site: Path) -> list[str]:
    """All chapters, and of the pages that share a template one or a few that differ most."""
    names = every_page(site)
    some = {
        "tables/index.html",
        "tables/claims-citation_audit.html",
        "tables/diagnosis-bayes_inputs.html",
        "works/b.html",
        "exercises/index.html",
        next(name for name in names if name.startswith("exercises/0")),
    }
    assert some <= set(names)
    return [name for name in names if name in some or not name.startswith(("tables", "works", "exercises"))]


KINDS = ("index.html", "lab.html", "bibliography.html", "search.html", "guide_reviewer.html", "works/b.html",
         "notebooks/00_start_here.html", "notebooks/08_claim_audit.html", "exercises/01_how_common.html",
         "tables/diagnosis-bayes_inputs.html")  # fmt: skip


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(
    "choose", [lambda site: KINDS, pytest.param(every_page, marks=pytest.mark.lab)], ids=["kinds", "every"]
)
def test_axe_finds_nothing(chromium, whole_book, mode, choose):
    assert AXE.is_file(), "axe-core is missing: npm ci --ignore-scripts"
    axe = AXE.read_text("utf-8")
    # the policy of the pages would keep axe out
    context = chromium.new_context(bypass_csp=True, color_scheme=mode, reduced_motion="reduce")
    page, found = context.new_page(), {}
    for name in choose(whole_book):
        page.goto(f"file://{whole_book}/{name}")
        if name.endswith(("00_start_here.html", "08_claim_audit.html")):
            page.evaluate(OPEN_FOLDS)
        page.evaluate(axe)
        # lightness apart, dark pages are those of light ones
        found[name] = page.evaluate(RUN, None if mode == "light" else "color-contrast")
    context.close()
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_axe_would_find_something(chromium, whole_book):
    """The check above can fail: a picture without words, and grey on white."""
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(f"file://{whole_book}/about.html")
    page.evaluate(
        """() => document.querySelector("article").insertAdjacentHTML(
             "beforeend", '<img src="x.png"><p style="color:#aaa;background:#fff">pale words</p>')"""
    )
    page.evaluate(AXE.read_text("utf-8"))
    assert [fault.split(":")[0] for fault in page.evaluate(RUN, None)] == ["color-contrast", "image-alt"]
    context.close()


# 640 px at two device pixels each is a window of 1280 px enlarged to 200%
@pytest.mark.parametrize("width, scale", [(320, 1), (640, 2)])
def test_no_page_scrolls_sideways(open_page, server, whole_book, width, scale):
    page, wide = open_page("index.html", width=width, device_scale_factor=scale), []
    for name in pages(whole_book):
        page.goto(server + name)
        page.evaluate(OPEN_FOLDS)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(name)
    assert wide == []


STOPS = """() => {
  const all = "a[href], button, input, select, summary, [tabindex='0']";
  const closed = (node) =>
    node.parentElement.closest("details:not([open])") && !node.matches("details > summary");
  return [...document.querySelectorAll(all)]
    .filter((node) => node.checkVisibility({ visibilityProperty: true }) && node.tabIndex >= 0)
    .filter((node) => !closed(node) && !node.closest("dialog:not([open]), [inert]"))
    .map((node, number) => ((node.dataset.stop = number), node.outerHTML.slice(0, 100)));
}"""
HERE = """() => {
  const node = document.activeElement;
  const style = getComputedStyle(node);
  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return [node.dataset.stop ?? null, seen || style.boxShadow !== "none", node.textContent.trim()];
}"""


@pytest.mark.parametrize("name", ["index.html", CHAPTER])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(open_page, name):
    page = open_page(name)
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")  # every figure is drawn
    page.wait_for_timeout(500)
    stops, reached, unseen = page.evaluate(STOPS), set(), []
    for press in range(len(stops) + 20):
        page.keyboard.press("Tab")
        stop, seen, words = page.evaluate(HERE)
        if press == 0:
            assert words == "Skip to main content"
        if stop is not None:
            reached.add(int(stop))
            unseen += [] if seen else [stops[int(stop)]]
    assert [stop for number, stop in enumerate(stops) if number not in reached] == []
    assert unseen == []


def test_folds_and_switches_work_by_keyboard(open_page):
    page = open_page(CHAPTER)
    fold = page.locator("summary", has_text="Show the code").first
    fold.focus()
    page.keyboard.press("Enter")
    assert fold.locator("xpath=..").get_attribute("open") is not None

    figure = page.locator("#fig-breast-share")
    figure.scroll_into_view_if_needed()
    figure.locator(".point").first.wait_for()
    choice = figure.get_by_role("combobox")
    drawn = figure.locator(".scatterlayer").inner_html()
    choice.focus()
    assert choice.bounding_box()["width"] > 50, "in sight while it has the focus"
    page.keyboard.press("End")
    last = choice.locator("option").last.text_content()
    figure.locator(".updatemenu-header", has_text=last).wait_for()
    assert figure.locator(".scatterlayer").inner_html() != drawn


def test_motion_stops_for_those_who_ask(open_page):
    page = open_page(CHAPTER, reduced_motion="reduce")
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((node) => {
          const style = getComputedStyle(node);
          return style.transitionDuration.split(", ").some((time) => parseFloat(time) > 0)
            || style.animationName !== "none" || style.scrollBehavior === "smooth";
        }).map((node) => node.outerHTML.slice(0, 80))"""
    )
    assert moving == []
