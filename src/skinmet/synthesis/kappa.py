"""Agreement of two readers who put the same things into categories."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from scipy.special import ndtri


@dataclass(frozen=True)
class Kappa:
    """Agreement beyond chance.

    n: things both readers judged. observed: the share they agree on. expected: the share they would agree on
    by chance, given how often each used each category. kappa: 1 is full agreement, 0 is chance; NaN where
    both used one and the same category throughout, for then chance explains all. ci_low, ci_high: its
    interval, NaN where kappa is.
    """

    n: int
    observed: float
    expected: float
    kappa: float
    ci_low: float
    ci_high: float


def cohen_kappa(first: Iterable[Hashable], second: Iterable[Hashable], level: float = 0.95) -> Kappa:
    """Cohen's kappa of two readers' categories, in the same order of things; unweighted.

    After Cohen (1960); the interval is the large-sample one of Fleiss, Cohen and Everitt (1969), and is too
    narrow for few things. Raises ValueError when the two differ in length or hold nothing.
    """
    pairs = list(zip(first, second, strict=True))
    n = len(pairs)
    if n == 0:
        raise ValueError("no pairs: both readers must have judged at least one thing")
    counts = Counter(pairs)
    cells = {pair: count / n for pair, count in counts.items()}
    rows, columns = Counter(), Counter()
    for (a, b), share in cells.items():
        rows[a] += share
        columns[b] += share
    observed = sum(count for (a, b), count in counts.items() if a == b) / n
    expected = sum(rows[category] * columns[category] for category in rows)
    if math.isclose(expected, 1):
        return Kappa(n, observed, expected, math.nan, math.nan, math.nan)
    kappa = (observed - expected) / (1 - expected)
    rest = 1 - kappa
    agreed = sum(cells.get((c, c), 0) * (1 - (rows[c] + columns[c]) * rest) ** 2 for c in rows)
    apart = rest**2 * sum(share * (columns[a] + rows[b]) ** 2 for (a, b), share in cells.items() if a != b)
    variance = (agreed + apart - (kappa - expected * rest) ** 2) / (n * (1 - expected) ** 2)
    half = float(ndtri((1 + level) / 2)) * math.sqrt(max(0.0, variance))
    return Kappa(n, observed, expected, kappa, kappa - half, min(1.0, kappa + half))
