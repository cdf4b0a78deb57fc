"""The atlas: schematic plates of the clinical patterns, drawn from shapes; none is a photograph.

`sheet` shows all at once, small. `plates` shows one at a time: where it lies, what one sees, a section of the
skin, and the words of the table.
"""

from __future__ import annotations

import re
import textwrap

import pandas as pd
import plotly.graph_objects as go

from skinmet.figures import atlas_pen as pen
from skinmet.figures import style
from skinmet.figures.atlas_section import section
from skinmet.figures.atlas_surface import HEIGHT, WIDTH, surface
from skinmet.figures.bodymap import OUTLINE
from skinmet.figures.measure import PHONE, wrap

PAGE = 366  # pixels across: a phone
OURS = "Drawn by our code from the words of the row; not a photograph, not to scale."
KEY = (
    "Hatched: usual site; dashed: further sites. Its right side stands for that of the primary. "
    "Dark dots: tumour cells."
)
COLUMNS = 3  # of the sheet
SMALL = 0.5  # scale of the drawings on the sheet
LINE = 17  # pixels per line of words
BODY = pen.Place(2, 24, 0.575)

# What `usual_site` may name, and where it is on the outline of bodymap (side of the primary at the right).
PLACES = {
    r"chest": [pen.ring(131, 132, 27, 25)],
    r"(?<!under the )breast": [pen.ring(131, 146, 20, 18)],
    r"trunk": [pen.ring(100, 165, 46, 58)],
    r"scar": [[(108, 152), (132, 144), (156, 128), (158, 132), (134, 148), (110, 156)]],
    r"nipple": [pen.ring(132, 146, 7)],
    r"fold": [[(110, 158), (132, 166), (152, 156), (132, 172)]],
    r"abdom": [pen.ring(104, 218, 26, 20)],
    r"back": [pen.ring(66, 140, 18, 26)],
    r"\barms?\b": [pen.ring(174, 178, 8, 26)],
    r"neck": [pen.ring(100, 84, 13, 8)],
    r"scalp": [pen.ring(100, 17, 23, 8)],
    r"\bleg": [pen.ring(124, 310, 17, 16)],
}
_ELSEWHERE = re.compile(r";|may extend|spreading|less often")


def name_of(pattern: str) -> str:
    """A pattern's name for people: `en_cuirasse` becomes `en cuirasse`."""
    return pattern.replace("_", " ")


def places(usual_site: str) -> tuple[list[str], list[str]]:
    """Keys of PLACES that the words name: the usual ones, and those named as further ones."""
    usual, _, further = _ELSEWHERE.sub("|", usual_site.lower(), count=1).partition("|")
    return [p for p in PLACES if re.search(p, usual)], [p for p in PLACES if re.search(p, further)]


def sheet(
    glossary: pd.DataFrame, *, table: str, title: str, name: str, labels: list[str] | None = None
) -> go.Figure:
    """All patterns side by side, small.

    glossary: rows of presentation/pattern_glossary (index: row_id). labels: what to write under each in place
    of its name, for a quiz. Raises ValueError for a pattern not drawn.
    """
    labels = _checked(glossary, labels)
    step_x, step_y = (PAGE - SMALL * WIDTH) / (COLUMNS - 1), SMALL * HEIGHT + 40
    lines = -(-len(glossary) // COLUMNS)
    fig = _page(title, int(step_y * lines), OURS)
    spots = [(round(i % COLUMNS * step_x, 1), round(i // COLUMNS * step_y, 1)) for i in range(len(glossary))]
    for pattern, (x, y) in zip(glossary["pattern"], spots, strict=True):
        fig.add_traces(pen.traces(surface(pattern), pen.Place(x, y, SMALL), notes=False))
    below = SMALL * HEIGHT
    under = ["<br>".join(textwrap.wrap(label, 17)) for label in labels]
    fig.add_trace(_text([x for x, _ in spots], [y + below for _, y in spots], under, 12))
    addresses = [f"{table}:{row_id}" for row_id in glossary.index]
    fig.add_trace(go.Scatter(
        x=[x + SMALL * WIDTH / 2 for x, _ in spots], y=[y + below / 2 for _, y in spots], mode="markers",
        marker={"symbol": "square", "size": 94, "opacity": 0}, customdata=addresses,
        text=[_hover(row, address) for row, address in zip(glossary.itertuples(), addresses, strict=True)],
        hovertemplate="%{text}<extra></extra>",
    ))  # fmt: skip
    behind = pd.DataFrame({"address": addresses, "label": labels, "pattern": glossary["pattern"].values})
    return style.attach(fig, name, _with_words(behind, glossary, ["drawing_hint_unsourced", "citekey"]))


def plates(glossary: pd.DataFrame, *, table: str, title: str, name: str) -> go.Figure:
    """One pattern at a time, chosen from a menu: site, close-up, section, and the words of its row.

    glossary: rows of presentation/pattern_glossary (index: row_id), and where known `counted` (words on how
    often). Raises ValueError for a pattern not drawn.
    """
    names = _checked(glossary, None)
    texts = [_words(row) for row in glossary.itertuples()]
    section_y = 24 + HEIGHT + 34
    words_y = section_y + 152
    height = words_y + LINE * max(text.count("<br>") + 1 for text in texts) + 6
    fig = _page(title, height, OURS)
    fig.add_shape(type="path", path=_placed(OUTLINE, BODY), fillcolor="#f6f3ef", layer="below",
                  line={"color": style.MUTED, "width": 1.5})  # fmt: skip
    _caption(fig, 0, 0, "<b>Where</b>")
    _caption(fig, PAGE - WIDTH, 0, "<b>What one sees</b>")
    _caption(fig, 0, section_y - 22, "<b>Section through the skin</b>")
    _caption(fig, 0, words_y - 36, "<br>".join(wrap(KEY, PHONE, 12)))
    sizes = []
    for i, (row_id, row) in enumerate(glossary.iterrows()):
        address = f"{table}:{row_id}"
        traces = [
            *_site(row["usual_site"]),
            *pen.traces(surface(row["pattern"]), pen.Place(PAGE - WIDTH, 24)),
            *pen.traces(section(row["pattern"]), pen.Place(0, section_y)),
            _text([0], [words_y], [texts[i]], 13),
            _point(PAGE - 14, 8, address),
        ]
        for trace in traces:
            trace.visible = i == 0
        fig.add_traces(traces)
        sizes.append(len(traces))
    style.menu(fig, names, sizes)
    addresses = [f"{table}:{row_id}" for row_id in glossary.index]
    behind = pd.DataFrame({"address": addresses, "pattern": glossary["pattern"].values})
    columns = ["look", "usual_site", "microscopic_correlate", "mimics", "drawing_hint_unsourced", "citekey"]
    return style.attach(fig, name, _with_words(behind, glossary, columns))


def _checked(glossary: pd.DataFrame, labels: list[str] | None) -> list[str]:
    if glossary.empty:
        raise ValueError("no patterns to draw")
    labels = [name_of(p) for p in glossary["pattern"]] if labels is None else labels
    if len(labels) != len(glossary):
        raise ValueError(f"{len(labels)} labels for {len(glossary)} patterns")
    return labels


def _page(title: str, height: int, subtitle: str) -> go.Figure:
    """Axes in pixels, y downwards, which keep their scale on a wide page."""
    fig = style.base(title, height=height, subtitle=subtitle)
    fig.update_xaxes(visible=False, range=[0, PAGE], constrain="domain", constraintoward="left")
    fig.update_yaxes(range=[height, 0], scaleanchor="x", constrain="domain", constraintoward="top")
    fig.update_layout(margin={"b": 10}, height=fig.layout.height - fig.layout.margin.b + 10)
    return fig


def _caption(fig: go.Figure, x: float, y: float, words: str) -> None:
    fig.add_annotation(x=x, y=y, xanchor="left", yanchor="top", text=words, align="left", showarrow=False,
                       font={"size": 12, "color": style.MUTED})  # fmt: skip


def _placed(path: str, place: pen.Place) -> str:
    """An SVG path moved and scaled to its place."""
    return re.sub(
        r"(\d+) (\d+)",
        lambda m: f"{place.x + place.scale * int(m[1]):.1f} {place.y + place.scale * int(m[2]):.1f}",
        path,
    )


def _site(usual_site: str) -> list[go.Scatter]:
    usual, further = places(usual_site)
    if not usual:
        middle = (BODY.x + 100 * BODY.scale, BODY.y + 150 * BODY.scale)
        return [_text([middle[0]], [middle[1]], ["many<br>places"], 12, "middle center")]
    marks: list[pen.Mark] = []
    if further:
        pieces = [[*shape, shape[0]] for key in further for shape in PLACES[key]]
        marks.append(pen.Ink(pieces, line=style.INK, width=1.4, dash="dot"))
    marks.append(pen.Ink([shape for key in usual for shape in PLACES[key]], pen.PINK, hatch="/"))
    return pen.traces(marks, BODY)


def _words(row: object) -> str:
    """The row in words: what it looks like, how often, what the microscope shows, what it is taken for."""
    parts = [("Also called", row.synonyms), ("Looks", row.look), ("Counted", getattr(row, "counted", None)),
             ("Site", row.usual_site), ("Microscope", row.microscopic_correlate), ("Taken for", row.mimics),
             ("Drawn after (our hint)", row.drawing_hint_unsourced)]  # fmt: skip
    lines = []
    for head, words in parts:
        if isinstance(words, str) and words:
            first, *rest = wrap(f"{head}: {words}", PHONE - 10)
            lines += [first.replace(f"{head}:", f"<b>{head}:</b>", 1), *rest]
    return "<br>".join(lines)


def _text(x: list, y: list, words: list[str], size: int, position: str = "bottom right") -> go.Scatter:
    return go.Scatter(x=x, y=y, mode="text", text=words, textposition=position, hoverinfo="skip",
                      cliponaxis=False, textfont={"size": size, "color": style.INK})  # fmt: skip


def _point(x: float, y: float, address: str) -> go.Scatter:
    """The mark that leads from a plate to its row."""
    return go.Scatter(
        x=[x], y=[y], mode="markers+text", text=[address.partition(":")[2] + " "], textposition="middle left",
        textfont={"size": 12, "color": style.EVIDENCE}, customdata=[address], cliponaxis=False,
        marker={"symbol": "circle", "size": 11, "color": style.EVIDENCE},
        hovertemplate=f"row {address}<extra></extra>",
    )  # fmt: skip


def _hover(row: object, address: str) -> str:
    words = "<br>".join(textwrap.wrap(row.look, 46, break_on_hyphens=False))
    return f"<b>{name_of(row.pattern)}</b><br>{words}<br><i>{address}</i>"


def _with_words(behind: pd.DataFrame, glossary: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return behind.assign(**{column: glossary[column].values for column in columns})
