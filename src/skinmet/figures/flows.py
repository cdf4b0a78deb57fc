"""The evidence graph as a Sankey diagram: how many pieces of evidence lie on each step, never how many cells.

Plotly's Sankey trace is in the full bundle of plotly.js only, not in the smaller cartesian one.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from skinmet.figures import style
from skinmet.figures.graph import BASIS, LANES, LAYERS, address, behind, checked, short_label

HEIGHT = 860  # pixels
CHARS = 11  # characters of a line beside a node, on a phone
# Borrowed bands are purple and paler than those of breast and skin: they part in greyscale too.
_BANDS = ("rgba(0,114,178,0.75)", "rgba(142,69,133,0.45)", "rgba(142,69,133,0.25)")
_SHORT = {"iatrogenic": "proc."}  # the whole word would run into the next box on a phone
_KEY = (
    "width: number of edges (pieces of evidence), not of patients or cells: what goes in need not come out · "
    "blue: breast and skin · purple: breast, not skin · pale purple: animals, cells, other cancers · "
    "not drawn: findings against a link, and edges that lead to an earlier step or back to their own box · "
    "proc.: by a procedure"
)


class View(NamedTuple):
    """One setting of the menu: its name, its edges, and whether nodes go into boxes by step and route."""

    name: str
    edges: pd.DataFrame
    boxes: bool = False


def flows(
    nodes: pd.DataFrame, views: Sequence[View], *, title: str, name: str, subtitle: str = ""
) -> go.Figure:
    """Bands of evidence from the tumour (top) to the skin (bottom), merged by pair; a menu switches the view.

    nodes, edges: as for `graph.network`. Drawn are the edges that `leading_on` keeps. Raises ValueError
    without views, for an edge without a place in the graph, and for a view in which nothing leads on.
    """
    if not views:
        raise ValueError("no views to draw")
    fig = style.base(title, height=HEIGHT, subtitle=subtitle)
    fig.update_xaxes(visible=False)
    drawn = []
    for view in views:
        checked(nodes, view.edges)
        edges = leading_on(nodes, view.edges, boxes=view.boxes)
        if edges.empty:
            raise ValueError(f"view {view.name!r}: no edge leads on")
        fig.add_trace(_bands(nodes, edges, view.boxes).update(visible=not drawn))
        drawn.append(edges)
    style.key_below(fig, _KEY)
    if len(views) > 1:
        style.menu(fig, [view.name for view in views], [1] * len(views))
    every = pd.concat(drawn)
    return style.attach(fig, name, behind(every[~every.index.duplicated()].sort_index(), nodes))


def leading_on(nodes: pd.DataFrame, edges: pd.DataFrame, *, boxes: bool = False) -> pd.DataFrame:
    """The edges that a Sankey diagram can show: they promote, and lead on.

    An edge leads on if its target lies in a later layer or, between nodes, in the same one without closing a
    circle with edges before it. Between boxes it must reach a later layer.
    """
    layer = nodes["layer"]
    flow = edges[edges["effect"] == "promotes"]
    step = flow["target"].map(layer) - flow["source"].map(layer)
    if boxes:
        return flow[step > 0]
    flow, kept, onward = flow[step >= 0], [], {}
    for edge in flow.itertuples():
        circle = edge.source in _reached(edge.target, onward)
        kept.append(not circle)
        if not circle:
            onward.setdefault(edge.source, []).append(edge.target)
    return flow[kept]


def _reached(start: str, onward: dict[str, list[str]]) -> set[str]:
    """The node and all that follow from it."""
    seen, open_ends = set(), [start]
    while open_ends:
        node = open_ends.pop()
        if node not in seen:
            seen.add(node)
            open_ends += onward.get(node, [])
    return seen


def _bands(nodes: pd.DataFrame, edges: pd.DataFrame, boxes: bool) -> go.Sankey:
    """One trace: nodes (or boxes) and the bands between them, one for each pair and kind of evidence."""
    label = nodes["label"].map(lambda words: short_label(words, CHARS, lines=4))
    if boxes:
        words = zip(nodes["layer"].map(lambda i: LAYERS[i]), nodes["route"].map(LANES | _SHORT), strict=True)
        label = pd.Series([f"{'<br>'.join(textwrap.wrap(s, 8))}<br><b>{r}</b>" for s, r in words],
                          index=nodes.index)  # fmt: skip
    ends = edges.assign(start=edges["source"].map(label), end=edges["target"].map(label))
    places = list(dict.fromkeys([*ends["start"], *ends["end"]]))
    link = {key: [] for key in ("source", "target", "value", "color", "customdata", "label")}
    colours = dict(zip(BASIS, _BANDS, strict=True))
    for (start, end, basis), rows in ends.groupby(["start", "end", "basis"], sort=False):
        link["source"].append(places.index(start))
        link["target"].append(places.index(end))
        link["value"].append(len(rows))
        link["color"].append(colours[basis])
        link["customdata"].append(address(rows.index[0]))
        link["label"].append(_hover(start, end, basis, rows))
    return go.Sankey(
        orientation="v", arrangement="fixed", textfont={"size": 10, "color": style.INK},
        domain={"x": [0, 0.86], "y": [0.03, 0.97]},
        node={"label": places, "pad": 46, "thickness": 7, "color": style.FAINT,
              "line": {"width": 0},
              "hovertemplate": "%{label}<br>%{value} edges<extra></extra>"},
        link={**link, "hovertemplate": "%{label}<extra></extra>"},
    )  # fmt: skip


def _hover(start: str, end: str, basis: str, rows: pd.DataFrame) -> str:
    number = "1 edge" if len(rows) == 1 else f"{len(rows)} edges"
    plain = [words.replace("<br>", " ") for words in (start, end)]
    each = [f"<i>{address(r)}</i>, {c}" for r, c in zip(rows.index[:6], rows["certainty"], strict=False)]
    more = [f"and {len(rows) - 6} more"] if len(rows) > 6 else []
    return "<br>".join([f"<b>{plain[0]}<br>→ {plain[1]}</b>", f"{number}: {basis}", *each, *more])
