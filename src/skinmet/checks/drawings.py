"""What a plotly figure shows: its points, where its intervals end, what its axes say."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from skinmet.checks.answers import answered, kind_of, stop


def figure(value: object, name: str) -> go.Figure:
    """A plotly figure that shows at least one point, bar or box."""
    answered(value, name)
    if not isinstance(value, go.Figure):
        stop(f"{name} is {kind_of(value)}: give a plotly figure, such as px.scatter(...) returns")
    if not len(points(value)):
        stop(f"{name} shows no point: was the figure drawn from an empty table?")
    return value


def points(fig: go.Figure) -> pd.DataFrame:
    """What a figure shows: one row per point or bar of its visible traces, in the order drawn.

    Columns: `trace` (name), `x`, `y`, `text`, and `x_low`, `x_high`, `y_low`, `y_high`: where the error bars
    end (NaN without).
    """
    rows = []
    for trace in fig.data:
        if trace.visible in (False, "legendonly") or getattr(trace, "mode", None) in (
            "lines",
            "text",
            "none",
        ):
            continue
        axes = {axis: _values(getattr(trace, axis, None)) for axis in "xy"}
        ends = {axis: _error_ends(trace, axis, axes[axis]) for axis in "xy"}
        words = _values(getattr(trace, "hovertext", None) if trace.text is None else trace.text)
        for i in range(min(len(axes["x"]), len(axes["y"]))):
            row = {
                "trace": trace.name,
                "x": axes["x"][i],
                "y": axes["y"][i],
                "text": words[i] if i < len(words) else None,
            }
            row |= {
                f"{axis}_{end}": ends[axis][i][j] for axis in "xy" for j, end in enumerate(("low", "high"))
            }
            if not pd.isna(row["x"]) and not pd.isna(row["y"]):
                rows.append(row)
    return pd.DataFrame(rows, columns=["trace", "x", "y", "text", "x_low", "x_high", "y_low", "y_high"])


def axis_title(fig: go.Figure, axis: str = "x") -> str:
    """The words along an axis, in lower case, without line breaks and markup; empty when there are none."""
    words = fig.layout[f"{axis}axis"].title.text or ""
    return " ".join(re.sub(r"<[^>]*>", " ", words).lower().split())


def axis_is_log(fig: go.Figure, axis: str = "x") -> bool:
    """Whether an axis is logarithmic."""
    return fig.layout[f"{axis}axis"].type == "log"


def _values(data: object) -> list:
    """The values of one axis of a trace, also when plotly has packed them as base64."""
    if isinstance(data, Mapping) and "bdata" in data:
        return np.frombuffer(base64.b64decode(data["bdata"]), dtype=data["dtype"]).tolist()
    if data is None or isinstance(data, str):
        return []
    return np.asarray(data).tolist() if isinstance(data, np.ndarray) else list(data)


def _error_ends(trace: object, axis: str, places: list) -> list[tuple[float, float]]:
    """Where the error bars of each point end: plotly is given distances from the point."""
    bars = getattr(trace, f"error_{axis}", None)
    above = _values(bars.array) if bars is not None and bars.visible is not False else []
    below = _values(bars.arrayminus) if above and bars.arrayminus is not None else above
    ends = []
    for i, place in enumerate(places):
        drawn = i < min(len(above), len(below)) and isinstance(place, int | float | np.number)
        ends.append((place - below[i], place + above[i]) if drawn else (math.nan, math.nan))
    return ends
