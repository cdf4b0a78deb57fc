"""The one visual language: colours with one meaning each, marks that say what was read, quiet axes.

Colours come from the Okabe-Ito and Tol sets (safe for colour-blind readers) and differ in lightness, so
that they also part in greyscale; shape and filling carry the same meaning a second time.
"""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from skinmet.figures.measure import PHONE, wrap

INK = "#1f2933"
MUTED = "#5b6472"
GRID = "#e3e6ea"
EVIDENCE = "#0072B2"  # a figure from the literature on the question asked
POOLED = "#00795A"  # a summary that we computed
CLAIM = "#B8470B"  # what a lay article says; warnings
BORROWED = "#8E4585"  # evidence from other cancers, animals or cells
FAINT = "#aab2bd"  # shown, but left out of the current choice

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def base(title: str, *, height: int, x_title: str = "", subtitle: str = "") -> go.Figure:
    """An empty figure in the house style. `height` in pixels is that of the plotting area.

    Width follows the page. Title and axis title are wrapped so that they fit a phone.
    """
    heading = [f"<b>{line}</b>" for line in wrap(title, PHONE, 15, bold=True)]
    below = wrap(subtitle, PHONE, 12)
    heading += [f'<span style="font-size:12px;color:{MUTED}">{line}</span>' for line in below]
    axis = wrap(x_title, PHONE, 12)
    top, bottom = 18 + 20 * len(heading), 34 + 17 * len(axis)
    font = {"family": FONT, "size": 13, "color": INK}
    # the title is an annotation, since a layout title of several lines is cut off at the top
    title_words = {"name": "title", "x": 0, "xref": "paper", "xanchor": "left", "y": 1, "yref": "paper",
                   "yanchor": "top", "yshift": top - 8, "text": "<br>".join(heading), "showarrow": False,
                   "align": "left", "font": {"size": 15}}  # fmt: skip
    layout = {
        "template": "none",
        "autosize": True,
        "height": height + top + bottom,
        "margin": {"l": 10, "r": 14, "t": top, "b": bottom},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "font": font,
        "showlegend": False,
        "hoverlabel": {"bgcolor": "white", "bordercolor": MUTED, "align": "left", "font": font},
        "dragmode": False,
        "xaxis": {"title": {"text": "<br>".join(axis), "font": {"size": 12, "color": MUTED}, "standoff": 8},
                  "showgrid": True, "gridcolor": GRID, "zeroline": False, "fixedrange": True, "ticks": "",
                  "tickfont": {"size": 12, "color": MUTED}, "automargin": False},
        "yaxis": {"visible": False, "fixedrange": True},
        "annotations": [title_words],
    }  # fmt: skip
    fig = go.Figure(layout=layout)
    fig._words = []  # what `text` writes, until `attach` puts it on the figure
    return fig


def grow_top(fig: go.Figure, pixels: int) -> None:
    """Make room between the title and the plotting area."""
    fig.update_layout(margin={"t": fig.layout.margin.t + pixels}, height=fig.layout.height + pixels)
    fig.update_annotations({"yshift": fig.layout.margin.t - 8}, selector={"name": "title"})


def text(fig: go.Figure, y: float, words: str, *, x: float = 0, anchor: str = "left", size: int = 13,
         colour: str = INK, shift: int = 0) -> None:  # fmt: skip
    """Write beside the marks: `x` runs from 0 to 1 over the width, `y` is on the data axis.

    The words appear when `attach` is called: plotly checks all annotations again at each one that is added,
    which for a figure of fifty words takes longer than all the rest.
    """
    fig._words.append({"x": x, "xref": "paper", "xanchor": anchor, "y": y, "yref": "y", "yanchor": "middle",
                       "text": words, "showarrow": False, "align": anchor, "yshift": shift,
                       "font": {"size": size, "color": colour}})  # fmt: skip


def marks(frame: pd.DataFrame) -> tuple[list[str], list[str], str]:
    """Marker symbols and colours for evidence rows, and the key that explains those in use.

    Circle: counts or value as stated; square: numerator worked out; triangle: a mean (where the table has
    a `statistic`); diamond: a summary of ours (`pooled`). Hollow: second-hand, or the reference is
    incomplete. Colour: `borrowed` and `pooled` rows differ. Cross in the colour of claims: a row made up for
    an exercise (`invented`).
    """
    symbols, colours = [], []
    for _, row in frame.iterrows():
        statistic = str(row.get("statistic", "") or "")
        shape = "square" if row.get("count_basis") == "derived" else "circle"
        shape = "triangle-up" if statistic.startswith("mean") else shape
        summary = row.get("pooled") is True
        shape = "diamond" if summary else shape
        hollow = row.get("seen_as") == "secondary" or row.get("status") == "incomplete"
        invented = row.get("invented") is True
        symbols.append("cross-thin" if invented else f"{shape}-open" if hollow else shape)
        borrowed = row.get("borrowed") is True
        colours.append(CLAIM if invented else POOLED if summary else BORROWED if borrowed else EVIDENCE)
    used = set(symbols) - {"cross-thin"}
    key = ["+ invented for this exercise"] if "cross-thin" in symbols else []
    if any("circle" in s for s in used) and len(used) > 1:
        key.append("● as stated" if "triangle-up" not in used else "● median")
    if any("square" in s for s in used):
        key.append("■ numerator worked out")
    if any("triangle" in s for s in used):
        key.append("▲ mean")
    if any(s.endswith("open") for s in used):
        key.append("hollow: second-hand, or incomplete reference")
    if BORROWED in colours:
        key.append("purple: borrowed from elsewhere")
    return symbols, colours, " · ".join(key)


def key_below(fig: go.Figure, words: str) -> None:
    """Explain the marks under the axis, in as many lines as a phone needs."""
    if not words:
        return
    lines = wrap(words, PHONE, 12)
    bottom = fig.layout.margin.b
    fig.add_annotation(name="key", x=0, xref="paper", xanchor="left", y=0, yref="paper", yanchor="top",
                       yshift=-(bottom - 4), text="<br>".join(lines), showarrow=False, align="left",
                       font={"size": 12, "color": MUTED})  # fmt: skip
    extra = 6 + 16 * len(lines)
    fig.update_layout(margin={"b": bottom + extra}, height=fig.layout.height + extra)


def attach(fig: go.Figure, name: str, frame: pd.DataFrame) -> go.Figure:
    """Finish a figure: write its words; keep its name and the data behind it for the table and the CSV."""
    title, *others = fig.layout.annotations
    fig.layout.annotations = [title, *fig._words, *others]
    fig._words = []
    rows = [[None if pd.isna(v) else _plain(v) for v in row] for row in frame.itertuples(index=False)]
    fig.update_layout(meta={"name": name, "data": {"columns": [str(c) for c in frame.columns], "rows": rows}})
    return fig


def _plain(value: object) -> object:
    return value.item() if hasattr(value, "item") else value


def menu(fig: go.Figure, names: list[str], sizes: list[int]) -> None:
    """A drop-down menu that shows one block of traces at a time; works on a static page.

    names: one per block. sizes: number of traces of each block, in the order they were added.
    """
    total = sum(sizes)
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    buttons = [
        {"label": name, "method": "restyle",
         "args": [{"visible": [start <= i < start + size for i in range(total)]}]}
        for name, start, size in zip(names, starts, sizes, strict=True)
    ]  # fmt: skip
    grow_top(fig, 40)
    fig.update_layout(
        updatemenus=[{"type": "dropdown", "direction": "down", "x": 0, "xanchor": "left", "y": 1,
                      "yanchor": "top", "pad": {"t": -38}, "showactive": True, "active": 0,
                      "bgcolor": "white", "bordercolor": MUTED, "font": {"size": 13, "color": INK},
                      "buttons": buttons}],
    )  # fmt: skip
