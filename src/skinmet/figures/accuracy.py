"""How well a test tells two groups apart: its positives among those with and those without the condition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from skinmet import wording
from skinmet.figures import style
from skinmet.figures.forest import Choice
from skinmet.figures.measure import PHONE, fit, width

ROW = 44  # pixels a study takes in the paired plot
HALVES = {"sensitivity": (0.0, 0.46), "specificity": (0.54, 1.0)}  # of the width
NOTE = 46  # pixels for the words under the studies


def paired(
    frame: pd.DataFrame,
    choices: Sequence[Choice],
    *,
    title: str,
    x_title: str,
    name: str,
    table: str,
    label: str = "study",
    subtitle: str = "",
) -> go.Figure:
    """Sensitivity at the left and specificity at the right, study by study; nothing is pooled.

    frame: evidence rows (index: row_id) with the four cells `tp`, `fp`, `fn`, `tn`, with `sensitivity`,
    `sensitivity_low`, `sensitivity_high`, the same for `specificity` (0 to 1), a column `label`, `unit`,
    `seen_as`, `status`, `borrowed`. choices: as for `forest`, without pooled results; the first is shown at
    the start, and rows a choice leaves out stay, but faint. Rows of one unit are added up in words, rows of
    several are not. Raises ValueError without rows or choices, or where a choice keeps another number of
    rows.
    """
    if frame.empty or not choices:
        raise ValueError("a paired plot needs rows and at least one choice")
    height = ROW * len(frame) + NOTE + 26
    fig = style.base(title, height=height, x_title=x_title, subtitle=subtitle)
    places = [height - 26 - ROW * (i + 1) + 12 for i in range(len(frame))]
    symbols, colours, key = style.marks(frame)
    counts = {
        "sensitivity": (frame["tp"], frame["tp"] + frame["fn"]),
        "specificity": (frame["tn"], frame["tn"] + frame["fp"]),
    }
    for side, (left, right) in HALVES.items():
        style.text(fig, height - 10, f"<b>{side}</b>", x=left, colour=style.MUTED)
        for y, events, total in zip(places, *counts[side], strict=True):
            style.text(fig, y, f"{events}/{total}", x=right, anchor="right", shift=16, size=12)
    numbers = [f"{events}/{total}" for events, total in zip(*counts["sensitivity"], strict=True)]
    for y, words, beside in zip(places, frame[label], numbers, strict=True):
        room = PHONE * HALVES["sensitivity"][1] - width(beside, 12) - 8
        style.text(fig, y, fit(words, room), shift=16)
    sizes = [len(HALVES)] * len(choices)
    for i, choice in enumerate(choices):
        keep = np.asarray(list(choice.keep), dtype=bool)
        if keep.shape != (len(frame),):
            raise ValueError(f"choice {choice.name!r} keeps {keep.size} rows of {len(frame)}")
        shown = [c if k else style.FAINT for c, k in zip(colours, keep, strict=True)]
        for side, axis in zip(HALVES, ("x", "x2"), strict=True):
            fig.add_trace(_points(frame, side, axis, places, symbols, shown, table, counts[side], i == 0))
        sizes[i] += 1
        fig.add_trace(go.Scatter(
            x=[0], y=[NOTE / 2], mode="text", text=[_added_up(frame[keep])], textposition="middle right",
            visible=i == 0, textfont={"size": 12, "color": style.POOLED}, hoverinfo="skip", cliponaxis=False,
        ))  # fmt: skip
    _axes(fig)
    fig.update_yaxes(range=[0, height])
    style.key_below(fig, key)
    if len(choices) > 1:
        style.menu(fig, [choice.name for choice in choices], sizes)
    ends = [f"{side}{end}" for side in HALVES for end in ("", "_low", "_high")]
    behind = frame[[label, "unit", "tp", "fp", "fn", "tn", *ends, "seen_as", "citekey"]].copy()
    behind.insert(0, "address", [f"{table}:{row_id}" for row_id in frame.index])
    return style.attach(fig, name, behind)


def plane(
    frame: pd.DataFrame, *, title: str, x_title: str, y_title: str, name: str, subtitle: str = ""
) -> go.Figure:
    """Stains (or other tests) on the plane of positives: among the others across, among the wanted upwards.

    frame: one row per stain and series, with `series` (a menu chooses one), `marker`, `address` (of the row
    of the wanted), the shares `wanted` and `others` with `wanted_low`, `wanted_high`, `others_low`,
    `others_high` (0 to 1), `counts` (in words), and what `style.marks` reads. On the diagonal a stain tells
    nothing: far above it a positive result speaks for the wanted, far below it against.
    """
    if frame.empty:
        raise ValueError("no stains to draw")
    fig = style.base(title, height=360, x_title=x_title, subtitle=subtitle)
    fig.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"color": style.MUTED, "width": 1, "dash": "dot"})
    corners = [(0.1, 1.03, "left", "a positive result speaks for it"), (1, -0.11, "right", "… against it")]
    for x, y, anchor, words in corners:
        fig.add_annotation(x=x, y=y, text=words, xanchor=anchor, yanchor="middle", showarrow=False,
                           font={"size": 12, "color": style.MUTED})  # fmt: skip
    names = list(dict.fromkeys(frame["series"]))
    for series in names:
        rows = frame[frame["series"] == series]
        symbols, colours, _ = style.marks(rows)
        fig.add_trace(go.Scatter(
            x=rows["others"].tolist(), y=rows["wanted"].tolist(), mode="markers+text", cliponaxis=False,
            visible=series == names[0],
            marker={"size": 11, "color": colours, "symbol": symbols, "line": {"width": 2, "color": colours}},
            error_x=_bars(rows, "others"), error_y=_bars(rows, "wanted"), text=rows["marker"].tolist(),
            textposition=_beside(rows["others"].tolist(), rows["wanted"].tolist()),
            textfont={"size": 13, "color": style.INK}, customdata=rows["address"].tolist(),
            hovertext=[f"<b>{r.marker}</b><br>{r.counts}<br><i>{r.address}</i>" for r in rows.itertuples()],
            hovertemplate="%{hovertext}<extra></extra>",
        ))  # fmt: skip
    for axis in (fig.update_xaxes, fig.update_yaxes):
        axis(range=[-0.07, 1.07], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    fig.update_yaxes(visible=True, ticklabelposition="inside top", gridcolor=style.GRID, zeroline=False,
                     range=[-0.14, 1.07], tickfont={"size": 12, "color": style.MUTED})  # fmt: skip
    key = f"upwards: {y_title} · lines: 95% intervals · dotted: the stain tells nothing"
    style.key_below(fig, " · ".join(filter(None, [key, style.marks(frame)[2]])))
    if len(names) > 1:
        style.menu(fig, names, [1] * len(names))
    return style.attach(fig, name, frame)


def _added_up(rows: pd.DataFrame) -> str:
    """The plain sums of the rows kept: a check, no pooled estimate."""
    if rows["unit"].nunique() != 1:
        return f"{len(rows)} rows, {' and '.join(sorted(set(rows['unit'])))} mixed:<br>not to be added up"
    tp, fp, fn, tn = (int(rows[cell].sum()) for cell in ("tp", "fp", "fn", "tn"))
    sums = [f"{a}/{a + b}, {wording.percent(a / (a + b))}" for a, b in ((tp, fn), (tn, fp))]
    return f"{len(rows)} rows added up (no pooled estimate):<br>{' and '.join(sums)}"


def _points(frame, side, axis, places, symbols, colours, table, counts, visible) -> go.Scatter:
    value, low, high = (frame[f"{side}{end}"].astype(float) for end in ("", "_low", "_high"))
    return go.Scatter(
        x=value.tolist(), y=places, xaxis=axis, mode="markers", visible=visible, cliponaxis=False,
        marker={"symbol": symbols, "color": colours, "size": 10, "line": {"width": 2, "color": colours}},
        error_x={"type": "data", "symmetric": False, "thickness": 2, "width": 0, "color": style.MUTED,
                 "array": (high - value).tolist(), "arrayminus": (value - low).tolist()},
        customdata=[f"{table}:{row_id}" for row_id in frame.index],
        text=[f"{side}: {e} of {t}, {wording.percent(v)} ({wording.span(a, b)})<br><i>{table}:{row_id}</i>"
              for row_id, e, t, v, a, b in zip(frame.index, *counts, value, low, high, strict=True)],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _axes(fig: go.Figure) -> None:
    """Two halves of the width, each from none to all, over the same rows."""
    half = {"range": [-0.02, 1.02], "tickvals": [0, 0.5, 1], "tickformat": ".0%"}
    wide = fig.layout.xaxis.to_plotly_json()
    title = wide.pop("title")
    fig.update_layout(xaxis={"domain": HALVES["sensitivity"], **half})
    fig.update_layout(xaxis2={**wide, "domain": HALVES["specificity"], "anchor": "y", **half})
    fig.update_xaxes(title=None)
    # one title for both halves
    fig.add_annotation(x=0, xref="paper", xanchor="left", y=0, yref="paper", yanchor="top", yshift=-26,
                       text=title["text"], align="left", showarrow=False, font=title["font"])  # fmt: skip


def _bars(rows: pd.DataFrame, share: str) -> dict:
    return {"type": "data", "symmetric": False, "thickness": 1, "width": 0, "color": style.FAINT,
            "array": (rows[f"{share}_high"] - rows[share]).tolist(),
            "arrayminus": (rows[share] - rows[f"{share}_low"]).tolist()}  # fmt: skip


def _beside(x: list[float], y: list[float]) -> list[str]:
    """Where the name of each point stands: inside the frame, and not on its neighbour's."""
    upright = ["bottom" if b > 0.85 else "top" for b in y]
    order = sorted(range(len(x)), key=x.__getitem__)
    for i, here in enumerate(order):
        near = [k for k in order[:i] if x[here] - x[k] < 0.25 and abs(y[here] - y[k]) < 0.08]
        if near:
            upright[here] = "bottom" if upright[near[-1]] == "top" else "top"
    return [f"{u} {'left' if a > 0.5 else 'right'}" for u, a in zip(upright, x, strict=True)]
