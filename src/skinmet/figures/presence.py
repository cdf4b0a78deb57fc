"""Which of several things is named in which row: a grid of dots, with how many rows name each."""

from __future__ import annotations

import textwrap

import pandas as pd
import plotly.graph_objects as go

from skinmet.figures import style
from skinmet.figures.measure import PHONE, wrap

ROW = 30  # pixels per thing
NAMES = 136  # pixels for the names of the rows, which stand on end
LEFT = 0.36  # share of the width that the names of the things take


def presence(
    frame: pd.DataFrame, *, things: list[str], rows: list[str], title: str, name: str, subtitle: str = ""
) -> go.Figure:
    """A dot where a row names a thing; things from top to bottom, rows from left to right.

    frame: one line per find, with `thing`, `row`, `text` (shown on pointing at it) and `address` of the row.
    things, rows: all of them, in order; those without a find are drawn too. The number of rows that name
    a thing stands at the right. Raises ValueError for a find outside of the lists.
    """
    for column, known in (("thing", things), ("row", rows)):
        unknown = sorted(set(frame[column]) - set(known))
        if unknown:
            raise ValueError(f"{column} not in the list: {', '.join(unknown)}")
    height = NAMES + ROW * len(things)
    fig = style.base(title, height=height, subtitle=subtitle)
    step = (0.9 - LEFT) / len(rows)
    x = {row: LEFT + step * (i + 0.5) for i, row in enumerate(rows)}
    y = {thing: height - NAMES - ROW * (i + 0.5) for i, thing in enumerate(things)}
    fig.update_xaxes(visible=False, range=[0, 1])
    fig.update_yaxes(range=[0, height])
    for row in rows:
        fig.add_annotation(x=x[row], y=height - NAMES + 6, yanchor="bottom", text=row, textangle=-90,
                           showarrow=False, font={"size": 12, "color": style.INK})  # fmt: skip
    for thing in things:
        style.text(fig, y[thing], "<br>".join(wrap(thing, LEFT * PHONE, 12)), size=12)
        count = frame.loc[frame["thing"] == thing, "row"].nunique()
        style.text(fig, y[thing], f"<b>{count}</b>", x=1, anchor="right", size=13)
    style.text(fig, height - NAMES + 14, f"of {len(rows)}", x=1, anchor="right", size=12, colour=style.MUTED)
    fig.add_trace(go.Scatter(
        x=[x[row] for _ in things for row in rows], y=[y[thing] for thing in things for _ in rows],
        mode="markers", hoverinfo="skip", marker={"size": 4, "color": style.GRID},
    ))  # fmt: skip
    fig.add_trace(go.Scatter(
        x=[x[row] for row in frame["row"]], y=[y[thing] for thing in frame["thing"]], mode="markers",
        marker={"size": 13, "color": style.EVIDENCE}, customdata=frame["address"].tolist(),
        text=["<br>".join([f"<b>{f.row}: {f.thing}</b>", *textwrap.wrap(f.text, 46), f"<i>{f.address}</i>"])
              for f in frame.itertuples()],
        hovertemplate="%{text}<extra></extra>",
    ))  # fmt: skip
    return style.attach(fig, name, frame)
