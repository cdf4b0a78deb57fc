"""A tree of statements: what the original says, and below it what was made of it."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from skinmet.figures import style
from skinmet.figures.measure import PHONE, wrap

LINE = 17  # pixels per line of text
GAP = 16
INDENT = 0.09  # of the width: where the words beside a branch begin

_DASH = {"certain": "solid", "probable": "dash", "possible": "dot"}


def chain(frame: pd.DataFrame, *, title: str, name: str, subtitle: str = "") -> go.Figure:
    """From each original down to its copies, one branch per copy.

    frame: one row per copy, sorted by `original`, with `original` (words for the root), `copy` (who
    printed it), `printed` (what is printed), `error` (what went wrong), `certainty` (certain, probable or
    possible: drawn solid, dashed, dotted) and `address`.
    """
    if frame.empty:
        raise ValueError("no copies to draw")
    items, y, beside = [], 0.0, PHONE * (1 - INDENT)
    for original, copies in frame.groupby("original", sort=False):
        root = wrap(original, PHONE, bold=True)
        items.append(("root", y, root, None))
        start, y = y + LINE * len(root), y + LINE * len(root) + GAP
        for row in copies.itertuples():
            lines = [f"<b>{part}</b>" for part in wrap(row.copy, beside, bold=True)]
            lines += wrap(f"prints: {row.printed}", beside)
            wrong = wrap(f"✗ {row.error}", beside)
            lines += [f'<span style="color:{style.CLAIM}">{part}</span>' for part in wrong]
            items.append(("copy", y, lines, (start, row)))
            y += LINE * len(lines) + GAP
        y += GAP
    fig = style.base(title, height=int(y) - 2 * GAP, subtitle=subtitle)
    fig.update_xaxes(visible=False, range=[0, 1])
    fig.update_yaxes(range=[y - 2 * GAP, 0])
    for kind, top, lines, rest in items:
        if kind == "root":
            words = "<br>".join(f"<b>{line}</b>" for line in lines)
            _write(fig, 0, top, words, style.EVIDENCE)
            continue
        start, row = rest
        dash = _DASH[row.certainty]
        fig.add_trace(go.Scatter(
            x=[0.02, 0.02, 0.05], y=[start, top + LINE / 2, top + LINE / 2], mode="lines",
            line={"color": style.MUTED, "width": 1.5, "dash": dash}, hoverinfo="skip",
        ))  # fmt: skip
        fig.add_trace(go.Scatter(
            x=[0.05], y=[top + LINE / 2], mode="markers", customdata=[row.address],
            marker={"symbol": "triangle-right", "size": 11, "color": style.CLAIM},
            text=[f"{row.certainty}<br><i>{row.address}</i>"], hovertemplate="%{text}<extra></extra>",
        ))  # fmt: skip
        _write(fig, INDENT, top, "<br>".join(lines), style.INK)
    style.key_below(fig, "branch: solid = certain, dashed = probable, dotted = possible (our reading)")
    return style.attach(fig, name, frame)


def _write(fig: go.Figure, x: float, y: float, words: str, colour: str) -> None:
    fig.add_annotation(x=x, xref="paper", xanchor="left", y=y, yref="y", yanchor="top", text=words,
                       align="left", showarrow=False, font={"size": 13, "color": colour})  # fmt: skip
