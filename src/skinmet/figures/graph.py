"""The evidence graph as a network: nodes are steps on the way to the skin, edges are pieces of evidence.

What an edge rests on is always drawn the same way: breast and skin together solid and blue, borrowed dashed
and purple. Thickness is certainty. Nothing in the graph is a frequency, since no source measured one.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from skinmet import wording
from skinmet.figures import style
from skinmet.figures.measure import PHONE, fit, width

# What an edge rests on, the best first: colour and dash.
BASIS = {
    "breast and skin": (style.EVIDENCE, "solid"),
    "breast, not skin": (style.BORROWED, "dash"),
    "animals, cells or other cancers": (style.BORROWED, "dot"),
}
WIDTH = {"high": 4.0, "moderate": 2.8, "low": 1.8, "very low": 1.0}  # pixels, by certainty, the best first
LANES = {"direct": "direct", "iatrogenic": "procedure", "shared": "shared", "lymphatic": "lymph",
         "haematogenous": "blood"}  # fmt: skip
LAYERS = ("the tumour", "signals", "on the move", "way in", "on the way", "in the dermis", "settling",
          "seen on the skin")  # fmt: skip
FLOWS = ("promotes", "inhibits")  # the other effects are findings against a link: never drawn as a line
AGAINST = {"inhibits": "holds back", "no_link": "looked for, not found",
           "contrary_association": "found the other way round"}  # fmt: skip

_SYMBOLS = {"compartment": "square", "cell": "circle", "molecule": "diamond", "process": "triangle-up",
            "lesion": "star"}  # fmt: skip
_KEY = (
    "● on a line: select it to see the evidence (hollow: second-hand, or incomplete reference) · "
    "blue, solid: breast and skin · purple, dashed: people with breast cancer, not the skin · "
    "purple, dotted: animals, cells, other cancers · the thicker, the surer (never: the more frequent) · "
    "arrow: promotes, bar: holds back, ✕ without a line: looked for and not found, or the other way round · "
    "nodes: ■ place, ● cell, ◆ molecule, ▲ process, ★ lesion"
)
CELL, LINE, HEAD = 42, 20, 28  # pixels: a node with its label below it, or beside it, and a heading
SAMPLES = 5  # points along an edge; the one in the middle can be pointed at


class _Turn(NamedTuple):
    """The graph laid out one way: what each trace needs, and the size of the plot."""

    x: list
    y: list
    text: list
    place: list
    width: int
    height: int


def network(
    nodes: pd.DataFrame, edges: pd.DataFrame, *, title: str, name: str, subtitle: str = ""
) -> go.Figure:
    """The graph with a lane for each route and a layer for each step; menus filter it and turn it.

    nodes: index = node id, with `label`, `kind`, `route`, `layer`, `description`. edges: index = row id, with
    `source`, `target`, `route`, `mechanism`, `effect`, `model_detail`, `basis` (a key of BASIS), `certainty`
    and, where known, `status`, `seen_as`, `citekey`. Several edges may join one pair of nodes. Effects that
    are no flow (no link, found the other way round) are a cross without a line. The menus for route,
    certainty and evidence act together: an edge shows where all three let it. Raises ValueError for an edge
    that has no place in the graph.
    """
    checked(nodes, edges)
    kinds = [edges["route"], edges["certainty"], edges["basis"], edges["effect"].isin(FLOWS)]
    groups = dict(list(edges.groupby(kinds)))
    turns = [_list(nodes, groups), _columns(nodes, groups)]
    fig = style.base(title, height=turns[0].height, subtitle=subtitle)
    fig.add_trace(go.Scatter(mode="lines", line={"color": style.GRID, "width": 1}, hoverinfo="skip"))
    for (_, certainty, basis, flow), rows in groups.items():
        fig.add_trace(_edges_trace(rows, nodes, certainty, basis, flow))
    fig.add_trace(_nodes_trace(nodes))
    fig.add_trace(go.Scatter(mode="text", hoverinfo="skip", cliponaxis=False,
                             textfont={"size": 12, "color": style.MUTED}))  # fmt: skip
    for trace, x, y, words, place in zip(fig.data, *turns[0][:4], strict=True):
        trace.update(x=x, y=y, text=words, textposition=place)
    fig.update_xaxes(visible=False, range=[0, turns[0].width])
    fig.update_yaxes(range=[turns[0].height, 0])
    style.key_below(fig, _KEY)
    _menus(fig, list(groups), turns)
    return style.attach(fig, name, behind(edges, nodes))


def checked(nodes: pd.DataFrame, edges: pd.DataFrame) -> None:
    """Raise ValueError where the graph cannot be drawn: no edges, or words without a place or a look."""
    if edges.empty:
        raise ValueError("no edges to draw")
    known = {"source": nodes.index, "target": nodes.index, "basis": BASIS, "certainty": WIDTH, "route": LANES}
    for column, allowed in known.items():
        odd = edges.index[~edges[column].isin(list(allowed))]
        if len(odd):
            raise ValueError(
                f"edge {odd[0]}: {column} {edges.at[odd[0], column]!r} has no place in the graph"
            )


def edge_hover(edge: pd.Series, nodes: pd.DataFrame) -> str:
    """What an edge says, on whom, how sure, and its address, as hover text."""
    lines = [f"<b>{nodes.at[edge['source'], 'label']}<br>→ {nodes.at[edge['target'], 'label']}</b>"]
    lines += textwrap.wrap(edge["mechanism"], 46)
    if edge["effect"] in AGAINST:
        lines.append(f"<b>{AGAINST[edge['effect']]}</b>")
    lines += [
        edge["basis"],
        f"seen in: {wording.short(edge['model_detail'], 38)}",
        f"certainty: {edge['certainty']}",
    ]
    if edge.get("seen_as") == "secondary":
        lines.append("read second-hand, in a later work")
    if edge.get("status") == "incomplete":
        lines.append("reference incomplete")
    return "<br>".join([*lines, f"<i>{address(edge.name)}</i>"])


def address(row_id: str) -> str:
    """Address of the row behind an edge."""
    return f"pathways/pathway_edges:{row_id}"


def behind(edges: pd.DataFrame, nodes: pd.DataFrame) -> pd.DataFrame:
    """The table under a figure of edges: address, ends in words, what it rests on, how sure, from where."""
    data = pd.DataFrame({
        "address": [address(r) for r in edges.index],
        "from": edges["source"].map(nodes["label"]), "to": edges["target"].map(nodes["label"]),
    }, index=edges.index)  # fmt: skip
    rest = ["route", "mechanism", "effect", "basis", "certainty", "seen_as", "citekey"]
    return data.join(edges[[c for c in rest if c in edges]])


def short_label(label: str, width: int = 17, lines: int = 2) -> str:
    """A node's label without its asides, broken into lines for a narrow column."""
    return "<br>".join(
        textwrap.wrap(_plain(label), width, max_lines=lines, placeholder="…", break_long_words=False)
    )


def _plain(label: str) -> str:
    return label.split(":")[0].split(" (")[0]


def _columns(nodes: pd.DataFrame, groups: dict) -> _Turn:
    """Layers from left to right, routes as bands below each other: for a wide screen."""
    across, stack = nodes["layer"].astype(int), nodes["route"].map(list(LANES).index)
    line = pd.Series(0, index=nodes.index).groupby([stack, across]).cumcount()
    deepest = line.groupby(stack).max().reindex(range(len(LANES)), fill_value=0) + 1
    tops = (deepest * CELL + HEAD).cumsum().shift(fill_value=0) + HEAD
    at = pd.DataFrame({"x": across + 0.5, "y": stack.map(tops) + HEAD + line * CELL})
    heads = [(i + 0.5, 10, words, "middle center") for i, words in enumerate(LAYERS)]
    heads += [
        (0, top + 12, f"route: {words}", "middle right")
        for top, words in zip(tops, LANES.values(), strict=True)
    ]

    def bend(start: pd.Series, end: pd.Series, number: int) -> tuple[float, float]:
        up = 1 if number % 2 else -1
        aside = 0.5 if start.x == end.x else 0
        return (start.x + end.x) / 2 + aside, (start.y + end.y) / 2 + up * (12 + 10 * abs(end.x - start.x))

    labels = [short_label(words) for words in nodes["label"]]
    height = int((deepest * CELL + HEAD).sum() + HEAD)
    return _laid(at, groups, bend, tops, heads, (labels, "bottom center"), (len(LAYERS), height))


def _list(nodes: pd.DataFrame, groups: dict) -> _Turn:
    """Layers from top to bottom, a line for each node, edges as arcs at the left: for a phone."""
    lanes = nodes["route"].map(list(LANES).index)
    order = nodes.assign(lane=lanes).sort_values(["layer", "lane"], kind="stable")
    layer = order["layer"].astype(int)
    place = pd.Series(range(len(order)), index=order.index) * LINE + (layer + 1) * HEAD
    at = pd.DataFrame({"x": 36.0, "y": place + LINE / 2}).loc[nodes.index]
    tops = place.groupby(layer).min() - HEAD
    heads = [(100, top + 12, LAYERS[i], "middle left") for i, top in tops.items()]

    def bend(start: pd.Series, end: pd.Series, number: int) -> tuple[float, float]:
        far = abs(end.y - start.y) / len(nodes) / LINE
        return 36 - 2 * (3 + 30 * far**0.7 + 1.5 * (number % 3)), (start.y + end.y) / 2

    labels = []
    for words, route in zip(nodes["label"], nodes["route"], strict=True):
        room = PHONE * (1 - 0.36) - 12 - width(f" · {LANES[route]}", 11)
        short = fit(_plain(words), room, 11)
        labels.append(f'{short} <span style="color:{style.MUTED}">· {LANES[route]}</span>')
    height = LINE * len(nodes) + HEAD * len(tops)
    return _laid(at, groups, bend, tops, heads, (labels, "middle right"), (100, height))


def _laid(at: pd.DataFrame, groups: dict, bend: Callable, tops: pd.Series, heads: list, labels: tuple,
          size: tuple[int, int]) -> _Turn:  # fmt: skip
    """Coordinates and words of every trace, in the order of the traces, for one way to lay the graph out."""
    width, height = size
    xs, ys = [[v for _ in tops for v in (0, width, None)]], [[v for y in tops for v in (y, y, None)]]
    for rows in groups.values():
        curves = [_curve(at.loc[e.source], at.loc[e.target], bend(at.loc[e.source], at.loc[e.target], i))
                  for i, e in enumerate(rows.itertuples())]  # fmt: skip
        xs.append([v for x, _ in curves for v in (*x, None)])
        ys.append([v for _, y in curves for v in (*y, None)])
    head_x, head_y, words, place = zip(*heads, strict=True)
    nothing = [None] * (1 + len(groups))
    return _Turn([*xs, at["x"].tolist(), list(head_x)], [*ys, at["y"].tolist(), list(head_y)],
                 [*nothing, labels[0], [f"<b>{w}</b>" for w in words]], [*nothing, labels[1], list(place)],
                 width, height)  # fmt: skip


def _curve(start: pd.Series, end: pd.Series, middle: tuple[float, float]) -> tuple[list[float], list[float]]:
    """Points of a quadratic Bézier curve that is drawn towards `middle`."""
    steps = [i / (SAMPLES - 1) for i in range(SAMPLES)]
    xs = [(1 - t) ** 2 * start.x + 2 * t * (1 - t) * middle[0] + t**2 * end.x for t in steps]
    ys = [(1 - t) ** 2 * start.y + 2 * t * (1 - t) * middle[1] + t**2 * end.y for t in steps]
    return xs, ys


def _edges_trace(
    rows: pd.DataFrame, nodes: pd.DataFrame, certainty: str, basis: str, flow: bool
) -> go.Scatter:
    """Edges that look alike, as one trace: only the middle of each can be pointed at."""
    colour, dash = BASIS[basis]
    middle, last = SAMPLES // 2, SAMPLES - 1
    symbols, sizes, offs, texts, addresses = [], [], [], [], []
    for _, edge in rows.iterrows():
        weak = edge.get("seen_as") == "secondary" or edge.get("status") == "incomplete"
        dot = ("circle-open" if weak else "circle") if flow else "x"
        end = "line-ew-open" if edge["effect"] == "inhibits" else "arrow"
        symbols += [dot if i == middle else end for i in range(SAMPLES)] + ["circle"]
        offs += [6 if i == last else 0 for i in range(SAMPLES)] + [0]
        sizes += [7 if i == middle else 10 if i == last and flow else 0 for i in range(SAMPLES)] + [0]
        texts += [edge_hover(edge, nodes) if i == middle else "" for i in range(SAMPLES)] + [""]
        addresses += [address(edge.name) if i == middle else None for i in range(SAMPLES)] + [None]
    fill = colour if flow else style.CLAIM
    return go.Scatter(
        mode="lines+markers" if flow else "markers", hovertext=texts, hoverinfo="text", hoveron="points",
        customdata=addresses, opacity=1,
        line={"color": colour, "dash": dash, "width": WIDTH[certainty], "shape": "spline"},
        marker={"symbol": symbols, "size": sizes, "opacity": 1, "standoff": offs,
                "angleref": "previous" if flow else "up",
                "color": fill, "line": {"width": 1.5, "color": fill}},
    )  # fmt: skip


def _nodes_trace(nodes: pd.DataFrame) -> go.Scatter:
    hover = [
        f"<b>{n.label}</b><br>{'<br>'.join(textwrap.wrap(n.description, 46))}<br>"
        f"<i>pathways/pathway_nodes:{n.Index}</i>"
        for n in nodes.itertuples()
    ]
    return go.Scatter(
        mode="markers+text", hovertext=hover, hoverinfo="text", textfont={"size": 11, "color": style.INK},
        customdata=[f"pathways/pathway_nodes:{i}" for i in nodes.index],
        marker={"symbol": [_SYMBOLS[k] for k in nodes["kind"]], "size": 10, "color": style.INK},
    )  # fmt: skip


def _menus(fig: go.Figure, keys: list[tuple], turns: list[_Turn]) -> None:
    """Four menus. Each filter sets properties of its own, so that an edge shows where all three let it."""
    levels, (best, near, far) = list(WIDTH), BASIS
    routes = {"all": list(LANES), **{words: [route] for route, words in LANES.items()}}
    sure = {"any": levels, **{f"at least {level}": levels[: i + 1] for i, level in enumerate(levels[:3])}}
    rests = {"all": list(BASIS), "breast + skin": [best], "borrowed": [near, far], "breast, not skin": [near],
             "animals, cells, other": [far]}  # fmt: skip
    plot = turns[0].height
    around = fig.layout.height - plot + 160
    turn = [
        {"label": words, "method": "update",
         "args": [{"x": t.x, "y": t.y, "text": t.text, "textposition": t.place},
                  {"height": t.height + around, "yaxis.range": [t.height, 0], "xaxis.range": [0, t.width]}]}
        for words, t in zip(("Top to bottom", "Left to right (wide screen)"), turns, strict=True)
    ]  # fmt: skip
    sets = [
        _filter("Route", routes, keys, 0, {"visible": True}, {"visible": False}),
        _filter("Certainty", sure, keys, 1, {"opacity": 1, "hoverinfo": "text"},
                {"opacity": 0, "hoverinfo": "skip"}),
        _filter("Evidence", rests, keys, 2, {"mode": "lines+markers", "hoveron": "points"},
                {"mode": "none", "hoveron": "fills"}),
        turn,
    ]  # fmt: skip
    style.grow_top(fig, 160)
    look = {"type": "dropdown", "direction": "down", "xanchor": "left", "y": 1, "yanchor": "top", "active": 0,
            "showactive": True, "bgcolor": "white", "bordercolor": style.MUTED,
            "font": {"size": 12, "color": style.INK}}  # fmt: skip
    places = [(0, -158), (0, -118), (0, -78), (0, -40)]  # one below the other: side by side needs a wide page
    menus = [{**look, "x": x, "pad": {"t": t}, "buttons": b} for (x, t), b in zip(places, sets, strict=True)]
    # a wide menu would push the margin inwards
    fig.update_layout(updatemenus=menus, margin={"autoexpand": False})


def _filter(words: str, choices: dict, keys: list[tuple], number: int, on: dict, off: dict) -> list[dict]:
    """Buttons of a menu that shows edge traces by one part of their key (route, certainty, basis, flow)."""
    buttons = []
    for label, allowed in choices.items():
        keep = [key[number] in allowed for key in keys]
        change = {p: [on[p] if k else off[p] for k in keep] for p in on}
        if "mode" in on:  # a cross has no line to give back
            flows = zip(keep, keys, strict=True)
            change["mode"] = [
                off["mode"] if not k else on["mode"] if key[3] else "markers" for k, key in flows
            ]
        edges = list(range(1, 1 + len(keys)))  # the trace before them draws the rules
        buttons.append({"label": f"{words}: {label}", "method": "restyle", "args": [change, edges]})
    return buttons
