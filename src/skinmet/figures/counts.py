"""Bars of people: one bar per denominator, its parts named, all on one scale of counts."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from skinmet import wording
from skinmet.figures import style
from skinmet.figures.measure import PHONE, wrap

BAR = 64  # pixels a bar takes, words above it included
LINE = 17  # pixels of a line of words below it
NUMBER = 50  # pixels for the number after the words above it


def parts(
    frame: pd.DataFrame,
    *,
    title: str,
    x_title: str,
    name: str,
    colours: dict[str, str] | None = None,
    subtitle: str = "",
) -> go.Figure:
    """Whole groups as bars whose length is their number, divided into parts with direct labels.

    frame: one row per part, in order, with `whole` (words over the bar), `total` (its number), `part`
    (words), `events` (number in the part) and `address` (the row it came from). What the parts leave over
    is drawn pale. colours: colour of a part by its words; one colour keeps one meaning in all bars.
    """
    if frame.empty:
        raise ValueError("no parts to draw")
    wholes = frame.drop_duplicates("whole")[["whole", "total"]]
    keys = {whole: _key(frame[frame["whole"] == whole], colours or {}) for whole in wholes["whole"]}
    heads = {whole: wrap(f"{whole}:", PHONE - NUMBER) for whole in wholes["whole"]}
    height = sum(BAR + LINE * (len(keys[w]) + len(heads[w]) - 1) for w in keys) + 10
    fig = style.base(title, height=height, x_title=x_title, subtitle=subtitle)
    longest = int(frame["total"].max())
    top = float(height)
    for whole, total in wholes.itertuples(index=False):
        more = LINE * (len(heads[whole]) - 1)
        y = top - 42 - more
        style.text(fig, y, "<br>".join(heads[whole]) + f" <b>{total}</b>", shift=27 + more // 2)
        fig.add_trace(_bar(0, int(total), y, style.GRID, f"{whole}: {total}", ""))
        start = 0
        for row in frame[frame["whole"] == whole].itertuples():
            share = f"{row.part}: {row.events} of {row.total}, {wording.percent(row.events / row.total)}"
            colour = (colours or {}).get(row.part, style.EVIDENCE)
            fig.add_trace(_bar(start, int(row.events), y, colour, share, row.address))
            if row.events / longest > 0.1:
                fig.add_annotation(x=start + row.events / 2, y=y, text=f"{row.events}", showarrow=False,
                                   font={"color": _on(colour), "size": 13})  # fmt: skip
            start += int(row.events)
        for i, words in enumerate(keys[whole]):
            style.text(fig, y, words, shift=-24 - LINE * i, size=12)
        top -= BAR + LINE * len(keys[whole]) + more
    fig.update_layout(barmode="overlay")
    fig.update_xaxes(range=[0, longest * 1.01], nticks=6)
    fig.update_yaxes(range=[-8, height])
    return style.attach(fig, name, frame)


def _key(rows: pd.DataFrame, colours: dict[str, str]) -> list[str]:
    """One line per part: a square in its colour, then its name and share in ink, legible on any colour."""
    return [
        f'<span style="color:{colours.get(r.part, style.EVIDENCE)}">■</span> {r.part}: {r.events}, '
        f"{wording.percent(r.events / r.total)}"
        for r in rows.itertuples()
    ]


def _on(colour: str) -> str:
    """Ink or white, whichever is legible on the colour (relative luminance after WCAG, simplified)."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return "white" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 140 else style.INK


def _bar(start: int, length: int, y: float, colour: str, words: str, address: str) -> go.Bar:
    return go.Bar(base=[start], x=[length], y=[y], width=26, orientation="h", marker={"color": colour},
                  hovertext=[words], hoverinfo="text", customdata=[address])  # fmt: skip
