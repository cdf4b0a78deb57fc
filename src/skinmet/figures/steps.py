"""The same rows again and again as one assumption moves: a slider that works on a static page."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from skinmet.figures import style
from skinmet.figures.intervals import (
    BETWEEN,
    WORDS_UP,
    axis_range,
    columns_behind,
    draw_axis,
    points,
    prepared,
    row_places,
)
from skinmet.figures.measure import PHONE, fit, width

SLIDER = 74  # pixels for the slider and the words over it


def steps(
    frames: dict[str, pd.DataFrame],
    *,
    asks: str,
    title: str,
    x_title: str,
    name: str,
    table: str,
    label: str = "study",
    right: str = "right",
    percent: bool = True,
    x_range: tuple[float, float] | None = None,
    subtitle: str = "",
) -> go.Figure:
    """Rows with intervals at each setting of a slider.

    frames: label of the setting -> rows (as for `intervals`), the same rows in the same order in each; the
    first is shown at the start. asks: what the slider sets, in words. right: column with the words at the
    right of each row, which may change with the setting. A row whose column `pooled` is true is a summary
    of ours: drawn green, without an address. Raises ValueError where the rows of the settings differ.
    """
    if not frames or any(frame.empty for frame in frames.values()):
        raise ValueError("a slider needs settings, each with rows")
    first = next(iter(frames.values()))
    for setting, frame in frames.items():
        if list(frame.index) != list(first.index):
            raise ValueError(f"setting {setting!r} has other rows than the first: {list(frame.index)}")
    places, _, height = row_places(first, None)
    fig = style.base(title, height=height, x_title=x_title, subtitle=subtitle)
    ours = first["pooled"].astype(bool) if "pooled" in first else pd.Series(False, index=first.index)
    symbols, colours, key = style.marks(first)
    symbols = ["diamond" if o else s for o, s in zip(ours, symbols, strict=True)]
    colours = [style.POOLED if o else c for o, c in zip(ours, colours, strict=True)]
    data = {setting: prepared(frame, table, percent, "") for setting, frame in frames.items()}
    low, high = x_range or axis_range(pd.concat(data.values()), False, percent, pd.Series(dtype=float))
    room = PHONE - BETWEEN - max(width(words, 12) for rows in data.values() for words in rows[right])
    for y, words in zip(places, first[label], strict=True):
        style.text(fig, y, fit(words, room), shift=WORDS_UP)
    for i, rows in enumerate(data.values()):
        rows.loc[ours, "address"] = ""
        rows["ci_low"], rows["ci_high"] = rows["ci_low"].clip(lower=low), rows["ci_high"].clip(upper=high)
        fig.add_trace(points(rows, places, symbols, colours, visible=i == 0))
        fig.add_trace(go.Scatter(
            x=[high] * len(rows), y=[p + WORDS_UP for p in places], mode="text", visible=i == 0,
            text=rows[right].tolist(), textposition="middle left", textfont={"size": 12, "color": style.INK},
            hoverinfo="skip", cliponaxis=False,
        ))  # fmt: skip
    draw_axis(fig, low, high, False, percent)
    fig.update_yaxes(range=[0, height])
    style.key_below(fig, key)
    _slider(fig, list(frames), asks)
    behind = pd.concat(rows.assign(setting=setting) for setting, rows in data.items())
    shown = columns_behind(behind, label)
    shown.insert(1, "setting", behind["setting"])
    return style.attach(fig, name, shown)


def _slider(fig: go.Figure, settings: list[str], asks: str) -> None:
    """One setting shows its two traces and hides the others."""
    buttons = [
        {"label": setting, "method": "restyle",
         "args": [{"visible": [j // 2 == i for j in range(2 * len(settings))]}]}
        for i, setting in enumerate(settings)
    ]  # fmt: skip
    style.grow_top(fig, SLIDER)
    fig.update_layout(
        sliders=[{"active": 0, "steps": buttons, "x": 0, "xanchor": "left", "len": 1, "y": 1,
                  "yanchor": "bottom", "pad": {"t": 0, "b": 4, "l": 4, "r": 4}, "ticklen": 4,
                  "bordercolor": style.MUTED, "bgcolor": style.GRID, "font": {"size": 11},
                  "currentvalue": {"prefix": f"{asks}: ", "xanchor": "left",
                                   "font": {"size": 13, "color": style.CLAIM}}}],
    )  # fmt: skip
