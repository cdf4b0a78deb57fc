"""Numbers and labels for people: one way to write a share, an interval, a name."""

from __future__ import annotations

import math
import textwrap

import pandas as pd

# Our reading of a claim (`our_reading` in claims/claims), in words.
READINGS = {
    "supported": "supported",
    "qualified": "true with a qualification",
    "contradicted": "contradicted",
    "no_evidence_found": "no evidence found",
}


def percent(value: float) -> str:
    """A share (0 to 1) for people: two significant digits below 10%, whole percent from 10% on."""
    if pd.isna(value):
        return "–"
    p = 100 * value
    if 0 < p < 0.001:
        return "under 0.001%"
    if 99.5 <= p < 100:
        return "over 99%"
    if p == 0 or p >= 9.95:
        return f"{p:.0f}%"
    digits = max(0, 1 - math.floor(math.log10(abs(p))))
    return f"{p:.{min(digits, 3)}f}%"


def span(low: float, high: float, as_percent: bool = True) -> str:
    """An interval for people: `2.4 to 4.8` (percent sign left to the estimate before it)."""
    if as_percent:
        return f"{percent(low).rstrip('%')} to {percent(high).rstrip('%')}"
    return f"{number(low)} to {number(high)}"


def number(value: float) -> str:
    """A number for people: three significant digits, no exponent."""
    if pd.isna(value):
        return "–"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"


def short(words: str, limit: int = 30) -> str:
    """Shorten a label at a word; the whole of it stays in the hover text."""
    return textwrap.shorten(str(words), limit, placeholder="…")


def extremes(frame: pd.DataFrame, label: str = "study", as_percent: bool = True) -> str:
    """The lowest and the highest `estimate` of the rows, in words, for the text alternative of a figure."""
    write = percent if as_percent else number
    low, high = frame.iloc[frame["estimate"].argmin()], frame.iloc[frame["estimate"].argmax()]
    return (
        f"{len(frame)} rows; lowest {low[label]}, {write(low['estimate'])}; "
        f"highest {high[label]}, {write(high['estimate'])}"
    )
