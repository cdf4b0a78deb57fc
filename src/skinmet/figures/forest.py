"""Forest plots: studies with intervals, the pooled estimate, and a switch to leave rows out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from skinmet import wording
from skinmet.figures import intervals as rows_of
from skinmet.figures import style

SUMMARY = 84  # pixels for the pooled estimate and its prediction interval


class Choice(NamedTuple):
    """One setting of the switch: its name, which rows it keeps (booleans), and the pooled result or None."""

    name: str
    keep: Sequence[bool]
    pooled: object | None


def forest(
    frame: pd.DataFrame,
    choices: Sequence[Choice],
    *,
    title: str,
    x_title: str,
    name: str,
    table: str = "",
    label: str = "study",
    percent: bool = True,
    log: bool = False,
    x_range: tuple[float, float] | None = None,
    line: tuple[float, str] | None = None,
    subtitle: str = "",
) -> go.Figure:
    """A forest plot with a summary; with more than one choice, a menu switches between them on the page.

    frame: as for `intervals`. choices: the first is shown at the start; `pooled` is a `synthesis.Pooled`
    on the scale of the axis, or None where the rows left cannot be pooled. Rows that a choice leaves out
    stay visible, but faint, so that the reader sees what is missing.
    """
    if frame.empty or not choices:
        raise ValueError("a forest plot needs rows and at least one choice")
    data = rows_of.prepared(frame, table, percent, "")
    places, _, height = rows_of.row_places(frame, None, rows_of.extra_lines(data, label))
    places, height = [p + SUMMARY for p in places], height + SUMMARY
    fig = style.base(title, height=height, x_title=x_title, subtitle=subtitle)
    low, high = x_range or axis_range(data, choices, log, percent)
    for y, (_, row) in zip(places, data.iterrows(), strict=True):
        rows_of.write_row(fig, y, row, label, lines=2)
    symbols, colours, key = style.marks(frame)
    drawn = data.assign(ci_low=data["ci_low"].clip(lower=low), ci_high=data["ci_high"].clip(upper=high))
    sizes = []
    for i, choice in enumerate(choices):
        traces = choice_traces(drawn, places, symbols, colours, choice, (low, high), percent)
        for trace in traces:
            trace.visible = i == 0
            fig.add_trace(trace)
        sizes.append(len(traces))
    fig.add_shape(type="line", x0=0, x1=1, xref="paper", y0=SUMMARY, y1=SUMMARY, yref="y",
                  line={"color": style.GRID, "width": 1})  # fmt: skip
    if line:
        fig.add_vline(x=line[0], line={"color": style.MUTED, "width": 1, "dash": "dot"})
    rows_of.draw_axis(fig, low, high, log, percent)
    fig.update_yaxes(range=[0, height])
    style.key_below(fig, rows_of.with_dagger(key))
    if len(choices) > 1:
        style.menu(fig, [c.name for c in choices], sizes)
    return style.attach(fig, name, rows_of.columns_behind(data, label))


def choice_traces(data, places, symbols, colours, choice, limits, percent) -> list[go.Scatter]:
    """What one setting of the switch shows: its rows, its diamond, its prediction interval, its words."""
    keep = np.asarray(list(choice.keep), dtype=bool)
    if keep.shape != (len(data),):
        raise ValueError(f"choice {choice.name!r} keeps {keep.size} rows of {len(data)}")
    shown = [c if k else style.FAINT for c, k in zip(colours, keep, strict=True)]
    traces = [rows_of.points(data, places, symbols, shown)]
    pooled = choice.pooled
    if pooled is None:
        traces.append(_words(limits, SUMMARY / 2, f"{keep.sum()} of {len(data)} rows: not pooled"))
        return traces
    low, high = limits
    y = SUMMARY - 34
    if not np.isnan(pooled.pi_low):
        traces.append(go.Scatter(
            x=[max(pooled.pi_low, low), min(pooled.pi_high, high)], y=[y - 20, y - 20], mode="lines",
            line={"color": style.POOLED, "width": 3, "dash": "dot"}, hoverinfo="text",
            text=[f"prediction interval {_span(pooled.pi_low, pooled.pi_high, percent)}"] * 2,
        ))  # fmt: skip
    left, right = max(pooled.ci_low, low), min(pooled.ci_high, high)
    traces.append(go.Scatter(
        x=[left, pooled.estimate, right, pooled.estimate, left], y=[y, y + 7, y, y - 7, y], mode="lines",
        fill="toself", fillcolor=style.POOLED, line={"color": style.POOLED, "width": 1}, hoveron="fills",
        hoverinfo="text", text=_pooled_words(pooled, percent, "<br>"),
    ))  # fmt: skip
    traces.append(_words(limits, y + 20, f"<b>Pooled, k = {pooled.k}</b>: {_estimate(pooled, percent)}"))
    tail = f"I² {100 * pooled.i2:.0f}%"
    if not np.isnan(pooled.pi_low):
        tail += f" · a new study may lie at {_span(pooled.pi_low, pooled.pi_high, percent)}"
        tail += "%" if percent and tail[-1].isdigit() else ""
    traces.append(_words(limits, 14, tail, colour=style.MUTED))
    return traces


def _words(limits, y, words, colour=style.POOLED) -> go.Scatter:
    # a hair inside the axis: a point on its very end is lost when the numbers are rounded
    x = limits[0] + 0.002 * (limits[1] - limits[0])
    return go.Scatter(x=[x], y=[y], mode="text", text=[words], textposition="middle right",
                      textfont={"color": colour, "size": 13}, hoverinfo="skip", cliponaxis=False)  # fmt: skip


def _estimate(pooled, percent) -> str:
    middle = wording.percent(pooled.estimate) if percent else wording.number(pooled.estimate)
    return f"{middle} ({_span(pooled.ci_low, pooled.ci_high, percent)})"


def _span(low, high, percent) -> str:
    return wording.span(low, high, percent)


def _pooled_words(pooled, percent, between: str) -> str:
    lines = [f"pooled, {pooled.method}, k = {pooled.k}", f"{_estimate(pooled, percent)}, 95% CI",
             f"I² {100 * pooled.i2:.0f}%"]  # fmt: skip
    if not np.isnan(pooled.pi_low):
        lines.append(f"prediction interval {_span(pooled.pi_low, pooled.pi_high, percent)}")
    return between.join(lines)


def axis_range(data, choices, log, percent) -> tuple[float, float]:
    """Both ends of the axis, so that prediction intervals fit as well."""
    low, high = rows_of.axis_range(data, log, percent, pd.Series(dtype=float))
    for choice in choices:
        p = choice.pooled
        if p is not None and not np.isnan(p.pi_low) and not log:
            high = max(high, min(p.pi_high * 1.04, 1.0 if percent else float("inf")))
    return low, high
