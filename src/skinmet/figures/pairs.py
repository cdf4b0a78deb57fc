"""Two figures from one study on one axis: patients and lesions, evaluable and treated, before and after."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from skinmet.figures import style
from skinmet.figures.intervals import axis_range, columns_behind, draw_axis, points, prepared, shown_figures
from skinmet.figures.measure import PHONE, fit, width

PAIR = 84  # pixels a pair takes: its name, its two figures in words, its two intervals
BETWEEN = 12  # pixels between the two figures of a pair
SHAPES = ("circle", "diamond")
SIGNS = ("●", "◆")


def pairs(
    frame: pd.DataFrame,
    *,
    kinds: tuple[str, str],
    title: str,
    x_title: str,
    name: str,
    table: str = "",
    pair: str = "pair",
    kind: str = "kind",
    percent: bool = True,
    log: bool = False,
    x_range: tuple[float, float] | None = None,
    subtitle: str = "",
) -> go.Figure:
    """Two estimates per pair, one close under the other and joined by a line, so that the gap is seen.

    frame: two rows per pair, as for `intervals`, with a column `pair` (words over the two) and a column
    `kind`, whose values are the two `kinds`: the first is drawn as a circle, the second as a diamond.
    Pairs come in the order in which they first appear. table: for the row addresses; leave it out where the
    index holds whole addresses. percent: estimates are shares from 0 to 1. log: logarithmic axis.
    Raises ValueError for a pair that has not exactly one row of each kind.
    """
    if frame.empty:
        raise ValueError("no pairs to draw")
    names = list(dict.fromkeys(frame[pair]))
    for words in names:
        found = sorted(frame.loc[frame[pair] == words, kind])
        if found != sorted(kinds):
            raise ValueError(f"pair {words!r} needs one row of each of {sorted(kinds)}, it has {found}")
    height = PAIR * len(names) + 6
    fig = style.base(title, height=height, x_title=x_title, subtitle=subtitle)
    data = prepared(frame, table, percent, "")
    filled, data["colour"], _ = style.marks(frame)
    data["symbol"] = [
        SHAPES[kinds.index(k)] + ("-open" if s.endswith("open") else "")
        for k, s in zip(data[kind], filled, strict=True)
    ]
    data["words"] = _words(data, pair, kind, kinds, percent)
    low, high = x_range or axis_range(data, log, percent, pd.Series(dtype=float))
    data["ci_low"], data["ci_high"] = data["ci_low"].clip(lower=low), data["ci_high"].clip(upper=high)
    written = []  # (place, height, words, side, size, colour)
    for i, words in enumerate(names):
        top = height - PAIR * i
        both = data[data[pair] == words].set_index(kind, drop=False).loc[list(kinds)]
        first, second = both.iloc[0], both.iloc[1]
        written += [
            (low, top - 14, fit(words, PHONE), "middle right", 13, style.INK),
            (low, top - 32, first["words"], "middle right", 12, first["colour"]),
            (high, top - 32, second["words"], "middle left", 12, second["colour"]),
        ]
        places = [top - 50.0, top - 64.0]
        fig.add_trace(go.Scatter(
            x=both["estimate"].tolist(), y=places, mode="lines", hoverinfo="skip",
            line={"color": style.FAINT, "width": 2},
        ))  # fmt: skip
        fig.add_trace(points(both, places, both["symbol"].tolist(), both["colour"].tolist()))
    x, y, text, sides, sizes, colours = (list(column) for column in zip(*written, strict=True))
    # one trace of words: an annotation for each would take plotly seconds
    fig.add_trace(go.Scatter(x=x, y=y, text=text, mode="text", textposition=sides, hoverinfo="skip",
                             textfont={"size": sizes, "color": colours}, cliponaxis=False))  # fmt: skip
    draw_axis(fig, low, high, log, percent)
    fig.update_yaxes(range=[0, height])
    style.key_below(fig, _key(data, kinds))
    behind = columns_behind(data, pair)
    if kind not in behind:
        behind.insert(2, kind, data[kind])
    return style.attach(fig, name, behind)


def _words(data: pd.DataFrame, pair: str, kind: str, kinds: tuple[str, str], percent: bool) -> list[str]:
    """Sign, kind and figures of each row; the kind is left to the key where two do not fit side by side."""
    signs = [SIGNS[kinds.index(k)] for k in data[kind]]
    figures = [_figures(row, percent) for _, row in data.iterrows()]
    whole = [f"{s} {k} {f}" for s, k, f in zip(signs, data[kind], figures, strict=True)]
    wide = pd.Series([width(words, 12) for words in whole]).groupby(data[pair].tolist()).sum().max()
    if wide + BETWEEN <= PHONE:
        return whole
    return [f"{s} {f}" for s, f in zip(signs, figures, strict=True)]


def _figures(row: pd.Series, percent: bool) -> str:
    """The estimate with its interval; ≈ where its numerator was worked out."""
    about = "≈" if row.get("count_basis") == "derived" else ""
    return about + shown_figures(row.drop(labels=["events"], errors="ignore"), percent, "")


def _key(data: pd.DataFrame, kinds: tuple[str, str]) -> str:
    parts = [f"{sign} {words}" for sign, words in zip(SIGNS, kinds, strict=True)]
    if "count_basis" in data and (data["count_basis"] == "derived").any():
        parts.append("≈ numerator worked out")
    if data["symbol"].str.endswith("open").any():
        parts.append("hollow: second-hand, or incomplete reference")
    if (data["colour"] == style.BORROWED).any():
        parts.append("purple: borrowed from elsewhere")
    return " · ".join(parts)
