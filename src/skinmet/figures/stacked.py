"""Forest plots under one another on one axis: the same question, asked of different units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from skinmet.figures import style
from skinmet.figures.forest import SUMMARY, Choice, axis_range, choice_traces
from skinmet.figures.intervals import columns_behind, draw_axis, prepared, row_places, with_dagger, write_row

HEADING = 40  # pixels over each panel


class Panel(NamedTuple):
    """One forest plot of the stack: its heading, its rows, and the settings of the switch."""

    heading: str
    frame: pd.DataFrame
    choices: Sequence[Choice]


def stacked(
    panels: Sequence[Panel],
    *,
    table: str,
    title: str,
    x_title: str,
    name: str,
    label: str = "study",
    percent: bool = True,
    x_range: tuple[float, float] | None = None,
    subtitle: str = "",
) -> go.Figure:
    """Forest plots one below the other, each with a summary of its own, never one for all.

    panels: rows and choices as for `forest`; all panels offer choices of the same names, and one menu
    switches all of them. Raises ValueError without panels or where the names of the choices differ.
    """
    if not panels or any(panel.frame.empty for panel in panels):
        raise ValueError("a stack of forest plots needs panels, each with rows")
    names = [choice.name for choice in panels[0].choices]
    for panel in panels:
        if [choice.name for choice in panel.choices] != names or not names:
            raise ValueError(f"panel {panel.heading!r} must offer the same choices as the first: {names}")
    sizes = [row_places(panel.frame, None)[2] + SUMMARY + HEADING for panel in panels]
    bottoms = [sum(sizes[i + 1 :]) for i in range(len(panels))]
    fig = style.base(title, height=sum(sizes), x_title=x_title, subtitle=subtitle)
    data = [prepared(panel.frame, table, percent, "") for panel in panels]
    limits = x_range or _limits(data, panels, percent)
    blocks: list[list[go.Scatter]] = [[] for _ in names]
    for panel, rows, bottom, size in zip(panels, data, bottoms, sizes, strict=True):
        heading = bottom + size - 22
        style.text(fig, heading, f"<b>{panel.heading}</b>", size=14, colour=style.MUTED)
        places = [p + SUMMARY + bottom for p in row_places(panel.frame, None)[0]]
        for y, (_, row) in zip(places, rows.iterrows(), strict=True):
            write_row(fig, y, row, label)
        for y in (bottom + SUMMARY, bottom + size):
            fig.add_shape(type="line", x0=0, x1=1, xref="paper", y0=y, y1=y, yref="y",
                          line={"color": style.GRID, "width": 1})  # fmt: skip
        symbols, colours, _ = style.marks(panel.frame)
        drawn = rows.assign(
            ci_low=rows["ci_low"].clip(lower=limits[0]), ci_high=rows["ci_high"].clip(upper=limits[1])
        )
        for block, choice in zip(blocks, panel.choices, strict=True):
            points, *summary = choice_traces(drawn, places, symbols, colours, choice, limits, percent)
            for trace in summary:
                trace.y = [y + bottom for y in trace.y]
            block += [points, *summary]
    for i, block in enumerate(blocks):
        for trace in block:
            trace.visible = i == 0
            fig.add_trace(trace)
    draw_axis(fig, *limits, False, percent)
    fig.update_yaxes(range=[0, sum(sizes)])
    style.key_below(fig, with_dagger(style.marks(pd.concat([panel.frame for panel in panels]))[2]))
    if len(names) > 1:
        style.menu(fig, names, [len(block) for block in blocks])
    behind = pd.concat(rows.assign(panel=panel.heading) for rows, panel in zip(data, panels, strict=True))
    shown = columns_behind(behind, label)
    shown.insert(1, "panel", behind["panel"])
    return style.attach(fig, name, shown)


def _limits(data: list[pd.DataFrame], panels: Sequence[Panel], percent: bool) -> tuple[float, float]:
    """One axis for all panels."""
    ends = [axis_range(rows, panel.choices, False, percent) for rows, panel in zip(data, panels, strict=True)]
    return min(low for low, _ in ends), max(high for _, high in ends)
