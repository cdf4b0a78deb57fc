"""How much a pooled result leans on single studies, on their order, and on the small ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from skinmet.synthesis import _input
from skinmet.synthesis.pooling import Pooled, pool


def leave_one_out(
    yi: ArrayLike, vi: ArrayLike, *, pooling: Callable[..., Pooled] = pool, **options
) -> tuple[Pooled, ...]:
    """The pooled result without study 0, without study 1, ...: one result per study, in the input's order.

    yi, vi (k,), pooling, options: as in `pool(yi, vi, **options)`. For proportions give events and total
    instead, with pooling=pool_proportions.

    ValueError: fewer than two studies, and as the pooling function.
    """
    first, second = _checked(yi, vi, pooling, options)
    k = len(first)
    if k < 2:
        raise ValueError("leaving one out needs at least two studies, there is 1")
    kept = [np.arange(k) != i for i in range(k)]
    return tuple(pooling(first[keep], second[keep], **options) for keep in kept)


def cumulative(
    yi: ArrayLike, vi: ArrayLike, *, pooling: Callable[..., Pooled] = pool, **options
) -> tuple[Pooled, ...]:
    """The pooled result of study 0, of studies 0 and 1, ...: one result per study added.

    The studies are added as they stand: sort them first, for instance by year. Arguments and errors as in
    `leave_one_out`; one study is enough.
    """
    first, second = _checked(yi, vi, pooling, options)
    return tuple(pooling(first[:i], second[:i], **options) for i in range(1, len(first) + 1))


def _checked(
    yi: ArrayLike, vi: ArrayLike, pooling: Callable[..., Pooled], options: dict
) -> tuple[np.ndarray, np.ndarray]:
    """Both columns as arrays, after pooling all studies once: an error then counts in the whole column."""
    pooling(yi, vi, **options)
    return np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)


@dataclass(frozen=True)
class EggerTest:
    """Egger's regression: `bias` is the slope on the standard error with its interval and t test (df
    degrees of freedom); `limit`, the estimate for a study without sampling error, with its interval."""

    k: int
    bias: float
    se: float
    ci_low: float
    ci_high: float
    t: float
    df: int
    p: float
    limit: float
    limit_ci_low: float
    limit_ci_high: float
    level: float


def egger(yi: ArrayLike, vi: ArrayLike, *, level: float = 0.95) -> EggerTest:
    """Egger's test of small-study effects: do less precise studies report other effects?

    Weighted regression of `yi` (k,) on the standard errors, weights 1/vi, residual variance estimated; the
    same as regressing yi/se on 1/se, whose intercept is `bias` here (Egger et al., BMJ 1997;315:629-634).
    A small p says that the funnel is lopsided, not why; with fewer than ten studies it says little.

    ValueError: as `pool`; fewer than three studies; equal variances; studies exactly on one line.
    """
    yi, vi = _input.studies(yi=yi, vi=vi)
    _input.variances("vi", vi)
    _input.confidence(level)
    k, sei = len(yi), np.sqrt(vi)
    if k < 3:
        raise ValueError(f"Egger's test needs at least three studies, there are {k}")
    if np.ptp(sei) <= 1e-9 * sei.max():
        raise ValueError("vi: all variances are equal, so there is no trend with precision to test")

    # Both sides divided by the standard error: ordinary least squares, columns (limit, bias).
    design, response = np.column_stack([1 / sei, np.ones(k)]), yi / sei
    coefficients, *_ = np.linalg.lstsq(design, response)
    residuals = response - design @ coefficients
    if np.abs(residuals).max() <= 1e-12 * np.abs(response).max():
        raise ValueError("yi: the studies lie exactly on one line, so there is no error to test against")
    variances = np.diag(np.linalg.inv(design.T @ design)) * (residuals**2).sum() / (k - 2)
    limit, bias = (float(c) for c in coefficients)
    limit_se, bias_se = (sqrt(v) for v in variances)
    t, quantile = bias / bias_se, stdtrit(k - 2, 0.5 + level / 2)
    return EggerTest(
        k=k,
        bias=bias,
        se=bias_se,
        ci_low=float(bias - quantile * bias_se),
        ci_high=float(bias + quantile * bias_se),
        t=t,
        df=k - 2,
        p=float(2 * stdtr(k - 2, -abs(t))),
        limit=limit,
        limit_ci_low=float(limit - quantile * limit_se),
        limit_ci_high=float(limit + quantile * limit_se),
        level=level,
    )
