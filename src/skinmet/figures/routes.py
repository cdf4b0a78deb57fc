"""How breast cancer reaches the skin: a schematic cross-section of chest wall and skin with the four routes.

The drawing is our own and simplified; the lines between its stations are drawn from the evidence graph.
"""

from __future__ import annotations

import textwrap
from itertools import pairwise

import pandas as pd
import plotly.graph_objects as go

from skinmet.figures import style
from skinmet.figures.atlas_pen import BROWN, DARK, RED, Dots, Ink, Mark, Note, Place, box, ring, strew, traces
from skinmet.figures.graph import BASIS, WIDTH, address, checked
from skinmet.figures.measure import PHONE, fit, width

# The words of each route, where they stand, and its ways: stations (node, x, y) in the order of travel.
ROUTES: dict[str, tuple[str, float, list[list[tuple[str, float, float]]]]] = {
    "direct": ("direct", 110, [
        [("primary", 118, 252), ("stromal", 113, 190), ("dermcontig", 110, 128), ("L_ulcer", 107, 88)],
    ]),
    "lymphatic": ("by lymph", 44, [
        [("primary", 118, 252), ("collective", 88, 262), ("lvi", 56, 240), ("dermallymph", 46, 144),
         ("emboli", 66, 120), ("L_erys", 48, 88)],
        [("lvi", 56, 240), ("nodes", 22, 268), ("stasis", 16, 196), ("dermallymph", 46, 144)],
    ]),
    "haematogenous": ("by blood", 312, [
        [("primary", 118, 252), ("tgfb", 141, 232), ("single", 158, 256), ("bvi", 180, 284),
         ("ctc", 238, 320), ("dermalblood", 322, 196), ("arrest", 338, 160), ("extrav", 320, 134),
         ("outgrowth", 300, 114), ("L_distnod", 312, 80)],
    ]),
    "iatrogenic": ("by a procedure", 146, [
        [("primary", 118, 252), ("biopsy", 141, 193), ("displaced", 154, 158), ("dermalseed", 168, 122),
         ("L_tract", 183, 84)],
        [("primary", 118, 252), ("surgfield", 220, 184), ("L_scar", 230, 88)],
    ]),
}  # fmt: skip
_WIDE, _DEEP, _LINE = 366, 352, 19  # the drawing, and a line of words below it
_SHORT = dict(zip(BASIS, ("breast and skin", "breast, not skin", "borrowed"), strict=True))
_KEY = (
    "line, for the step: blue, solid = breast and skin; purple, dashed = breast, not skin; purple, dotted = "
    "animals, cells, other cancers (of several edges, the best) · the thicker, the surer"
)


def cross_section(nodes: pd.DataFrame, edges: pd.DataFrame, *, title: str, name: str) -> go.Figure:
    """The drawing, with a menu: all four routes at once, or the stations of one with what each step rests on.

    nodes, edges: as for `graph.network`. A step is drawn as the best of the edges that promote it: breast and
    skin before borrowed, then the higher certainty. Raises ValueError where a step has no such edge.
    """
    checked(nodes, edges)
    steps = _steps(nodes, edges)
    most = steps.groupby("route").size().max() + 1
    height = _DEEP + 14 + _LINE * int(most)
    fig = style.base(title, height=height, subtitle="Schematic: our own drawing, not to scale.")
    fig.update_xaxes(visible=False, range=[0, _WIDE])
    fig.update_yaxes(range=[height, 0])
    fig.add_traces(traces(_anatomy(), Place()))
    base = len(fig.data)
    blocks = [_overview(steps, edges), *[_one(steps, nodes, route) for route in ROUTES]]
    for number, block in enumerate(blocks):
        fig.add_traces([trace.update(visible=number == 0) for trace in block])
    style.key_below(fig, _KEY)
    style.menu(
        fig, ["All four routes", *[words for words, _, _ in ROUTES.values()]], [len(b) for b in blocks]
    )
    for button in fig.layout.updatemenus[0].buttons:  # the anatomy stays
        button.args = [{"visible": [True] * base + list(button.args[0]["visible"])}]
    columns = ["address", "route", "step", "from", "to", "edges", "basis", "certainty", "citekey"]
    return style.attach(fig, name, steps[columns])


def _steps(nodes: pd.DataFrame, edges: pd.DataFrame) -> pd.DataFrame:
    """One row per step of the drawing: its ends, how many edges promote it, the best of these."""
    order = edges.assign(a=edges["basis"].map(list(BASIS).index), b=edges["certainty"].map(list(WIDTH).index))
    order = order[order["effect"] == "promotes"].sort_values(["a", "b"], kind="stable")
    rows = []
    for route, (_, _, ways) in ROUTES.items():
        numbers = {ways[0][0][0]: 1}
        for way in ways:
            for (source, x0, y0), (target, x1, y1) in pairwise(way):
                same = order[(order["source"] == source) & (order["target"] == target)]
                if same.empty:
                    raise ValueError(
                        f"route {route!r}: no edge promotes the step from {source!r} to {target!r}"
                    )
                best = same.iloc[0]
                again, number = target in numbers, numbers.setdefault(target, len(numbers) + 1)
                rows.append({
                    "address": address(best.name), "route": route, "step": number, "again": again,
                    "edges": len(same),
                    "from": nodes.at[source, "label"], "to": nodes.at[target, "label"],
                    "basis": best["basis"], "certainty": best["certainty"], "citekey": best.get("citekey"),
                    "says": best["mechanism"], "x": (x0, x1), "y": (y0, y1),
                })  # fmt: skip
    return pd.DataFrame(rows)


def _lines(steps: pd.DataFrame, *, faint: bool = False) -> list[go.Scatter]:
    """Steps that look alike as one trace, an arrow at the end of each."""
    drawn = []
    looks = [pd.Series("", index=steps.index)] * 2 if faint else [steps["basis"], steps["certainty"]]
    for (basis, certainty), rows in steps.groupby(looks, sort=False):
        colour, dash = (style.FAINT, "solid") if faint else BASIS[basis]
        drawn.append(go.Scatter(
            x=[v for x in rows["x"] for v in (*x, None)], y=[v for y in rows["y"] for v in (*y, None)],
            mode="lines+markers", hoverinfo="skip",
            line={"color": colour, "dash": dash, "width": 1 if faint else WIDTH[certainty] + 0.5},
            marker={"symbol": "arrow", "size": [0, 0 if faint else 11, 0] * len(rows), "opacity": 1,
                    "color": colour, "angleref": "previous", "standoff": [0, 9, 0] * len(rows)},
        ))  # fmt: skip
    return drawn


def _overview(steps: pd.DataFrame, edges: pd.DataFrame) -> list[go.Scatter]:
    """All four routes, their names over their lesions, and below how many edges speak of each."""
    counts = []
    for route, (words, _, _) in ROUTES.items():
        here = edges[edges["route"] == route]
        sure = int((here["basis"] == next(iter(BASIS))).sum())
        counts.append(f"<b>{words}</b>: {len(here)} edges, {sure} from breast and skin")
    shared = edges[~edges["route"].isin(list(ROUTES))]
    if len(shared):
        counts.append(f"shared by routes: {len(shared)} edges")
    names = go.Scatter(
        x=[x for _, x, _ in ROUTES.values()], y=[34 if r == "iatrogenic" else 60 for r in ROUTES],
        mode="text",
        text=[f"<b>{words}</b>" for words, _, _ in ROUTES.values()], hoverinfo="skip",
        textfont={"size": 13, "color": style.INK},
    )  # fmt: skip
    return [
        *_lines(steps),
        _stations(steps, numbered=False),
        names,
        _words(counts, [style.INK] * len(counts)),
    ]


def _one(steps: pd.DataFrame, nodes: pd.DataFrame, route: str) -> list[go.Scatter]:
    """One route in full, with numbered stations named below; the others faint."""
    here = steps[steps["route"] == route]
    colours = [style.INK, *[BASIS[basis][0] for basis in here["basis"]]]
    lines = [f"1 {here['from'].iloc[0]}"]
    for s in here.itertuples():
        number, rest = f"{'→ ' if s.again else ''}{s.step} ", f" · {_SHORT[s.basis]} · {s.certainty}"
        room = PHONE - width(number + rest, 12)
        lines.append(number + fit(s.to.split(" (")[0], room, 12) + rest)
    others = _lines(steps[steps["route"] != route], faint=True)
    return [*others, *_lines(here), _stations(here, numbered=True), _words(lines, colours)]


def _stations(steps: pd.DataFrame, *, numbered: bool) -> go.Scatter:
    """The station at the end of each step. A way that joins another one ends at a station of that."""
    ends = steps[~steps["again"]]
    hover = [
        f"<b>{s.to}</b><br>{'<br>'.join(textwrap.wrap(s.says, 46))}<br>{s.basis}, certainty {s.certainty}<br>"
        f"{s.edges} edge{'' if s.edges == 1 else 's'} for this step<br><i>{s.address}</i>"
        for s in ends.itertuples()
    ]
    colours = [BASIS[basis][0] for basis in ends["basis"]]
    start = (steps["x"].iloc[0][0], steps["y"].iloc[0][0])
    return go.Scatter(
        x=[start[0], *[x[1] for x in ends["x"]]], y=[start[1], *[y[1] for y in ends["y"]]],
        mode="markers+text", text=["1", *map(str, ends["step"])] if numbered else None,
        textfont={"size": 11, "color": "white"}, hovertext=[f"<b>{steps['from'].iloc[0]}</b>", *hover],
        hoverinfo="text", customdata=[None, *ends["address"]],
        marker={"size": 17 if numbered else 9, "color": [style.INK, *colours],
                "line": {"color": "white", "width": 1}},
    )  # fmt: skip


def _words(lines: list[str], colours: list[str]) -> go.Scatter:
    return go.Scatter(
        x=[0] * len(lines), y=[_DEEP + 18 + _LINE * i for i in range(len(lines))], mode="text", text=lines,
        textposition="middle right", hoverinfo="skip", cliponaxis=False,
        textfont={"size": 12, "color": colours},
    )  # fmt: skip


def _anatomy() -> list[Mark]:
    """Skin, fat, breast, muscle and ribs; at the right, beyond the gap, skin elsewhere on the body."""
    here, there = [(-4, 258)], [(272, 98)]
    lymph, blood = "#8a9a6b", "#c98c86"
    gland = [(0, 222), (60, 214), (130, 206), (200, 214), (254, 224), (254, 300), (0, 300)]
    return [
        Ink([box(x, 150, w, 150) for x, w in here + there], "#faf3d6", None, smooth=False),
        Ink([gland], "#f3ddd6", None, smooth=False),
        Ink([box(x, 300, w, 24) for x, w in here + there], "#d8a99b", None, smooth=False),
        Ink([box(x, 324, w, 24) for x, w in here + there], "#e9e4da", None, smooth=False),
        Ink([ring(x, 336, 30, 9) for x in (40, 130, 320)], "white", style.FAINT),
        Ink([box(x, 98, w, 52) for x, w in here + there], "#f6e6dd", None, smooth=False),
        Ink([box(x, 86, w, 12) for x, w in here + there], "#d9ab94", BROWN, 1, smooth=False),
        Ink([[(0, 148), (30, 140), (60, 148), (100, 140), (140, 148), (200, 140), (252, 147)],
             [(46, 144), (42, 190), (56, 240), (88, 262)],
             [(56, 240), (36, 262), (22, 268), (12, 230), (16, 196), (30, 160), (46, 144)]], None, lymph, 5),
        Ink([[(140, 270), (180, 284), (210, 312), (238, 320), (280, 258), (322, 196), (338, 160),
              (356, 150)], [(322, 196), (300, 168), (282, 156)]], None, blood, 6),
        Ink([ring(22, 268, 15, 12)], "#e4e8d8", lymph, 1.5),
        Ink([ring(238, 320, 17, 14, wobble=0.08)], RED, DARK),
        Ink([ring(118, 252, 30, 24, wobble=0.14)], "#b9a7a0", DARK, 1.5),
        Dots(strew(34, 118, 252, 24, 18), 4, DARK),
        Ink([[(92, 87), (100, 100), (118, 100), (124, 87)]], RED, DARK),
        Ink([box(16, 84, 60, 5)], RED, None, smooth=False),
        Ink([ring(183, 85, 8, 5), ring(312, 82, 15, 9)], "#dc9a8c", DARK),
        Ink([[(118, 252), (210, 14)]], None, style.MUTED, 2.5, smooth=False),
        Ink([[(212, 86), (246, 86)], *[[(x, 81), (x, 92)] for x in (217, 224, 231, 238, 244)]], None,
            DARK, 1.5, smooth=False),
        Note("needle", (212, 20), (206, 26)),
        Note("scar", (238, 66), (236, 80)),
        Note("lymph node", (2, 292), (20, 280)),
        Note("heart and lungs", (146, 338), (228, 330)),
        Note("epidermis", (200, 106), (198, 94)),
        Note("dermis", (214, 128), (212, 126)),
        Note("fat", (190, 164), (188, 160)),
        Note("muscle", (186, 308), (184, 304)),
        Note("skin elsewhere", (276, 284), (282, 278)),
    ]  # fmt: skip
