"""Pooling of study estimates by inverse variance: the common-effect and the random-effects model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import nan, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

# The quantiles of scipy.stats, from the part of scipy that imports three times as fast.
from scipy.special import chdtrc, ndtri, stdtrit

from skinmet.synthesis import _input

TINY = 1e-300  # absolute tolerance of root finding: none, the relative one (to the last digit) decides


@dataclass(frozen=True)
class Pooled:
    """A pooled result.

    k: number of studies. estimate, ci_low, ci_high, pi_low, pi_high: on `scale`; the prediction interval
    says where the true value of a new study may fall. se, tau2 (variance between studies): on the scale of
    the model. i2: share of the variation that is beyond chance, 0 to 1. q, q_p: Cochran's test of
    heterogeneity. weights: share of each study, adding up to 1 (empty for a model without such weights).
    notes: what was done to the data on the way. model: the same result on the scale of the model, where
    `scale` is another one.
    """

    k: int
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    tau2: float
    i2: float
    q: float
    q_p: float
    pi_low: float
    pi_high: float
    method: str
    test: str
    scale: str
    level: float
    weights: tuple[float, ...] = field(repr=False)
    notes: tuple[str, ...] = ()
    model: Pooled | None = field(default=None, repr=False)

    def __str__(self) -> str:
        if self.scale == "proportion":
            low, high = f"{100 * self.ci_low:.1f}", f"{100 * self.ci_high:.1f}"
            estimate = f"{100 * self.estimate:.1f}%"
        else:
            low, high, estimate = f"{self.ci_low:.3g}", f"{self.ci_high:.3g}", f"{self.estimate:.3g}"
        return (
            f"estimate {estimate} ({100 * self.level:g}% CI {low} to {high}), "
            f"k = {self.k}, I2 = {100 * self.i2:.0f}%"
        )


def pool(
    yi: ArrayLike, vi: ArrayLike, *, method: str = "REML", test: str = "z", level: float = 0.95
) -> Pooled:
    """Pool study estimates `yi` (k,) with sampling variances `vi` (k,), on the scale they are given in.

    method: how the variance between studies is estimated: "REML" (restricted maximum likelihood), "DL"
    (DerSimonian and Laird), "PM" (Paule and Mandel); "CE" is the common-effect model without such variance.
    test: "z" (normal) or "hksj" (Hartung, Knapp, Sidik and Jonkman; t with k-1 degrees of freedom; the
    standard error may come out below that of "z").
    The prediction interval is that of Higgins, Thompson and Spiegelhalter (t with k-2 degrees of freedom,
    on the reported standard error): NaN for fewer than three studies and for the common-effect model.
    One study alone: its own estimate and normal interval, and a note where "hksj" was asked for.
    Formulas: Viechtbauer, J Stat Softw 2010;36(3); Riley, Higgins and Deeks, BMJ 2011;342:d549.

    ValueError: no study, unequal lengths, a missing number, a variance that is not positive, an unknown
    method or test.
    """
    yi, vi = _input.studies(yi=yi, vi=vi)
    _input.variances("vi", vi)
    _input.choice("method", method, ("CE", *TAU2))
    _input.choice("test", test, ("z", "hksj"))
    _input.confidence(level)
    k, notes = len(yi), ()
    if k == 1 and test == "hksj":
        test, notes = "z", ("one study: test 'z' instead of 'hksj', which needs two",)

    _, q = _mean_and_q(yi, vi, 0.0)
    tau2 = TAU2[method](yi, vi) if method in TAU2 and k > 1 else 0.0
    wi = 1 / (vi + tau2)
    estimate, spread = _mean_and_q(yi, vi, tau2)
    se = sqrt(1 / wi.sum())
    if test == "hksj":
        se *= sqrt(spread / (k - 1))
    i2 = inconsistency(vi, tau2)
    if method == "CE" and q > k - 1:
        i2 = (q - (k - 1)) / q
    return result(
        estimate, se, tau2, k=k, i2=i2, q=q, method=method, test=test, scale="as given", level=level,
        weights=wi / wi.sum(), notes=notes,
    )  # fmt: skip


def result(
    estimate: float, se: float, tau2: float, *, k: int, i2: float, q: float, method: str, test: str,
    scale: str, level: float, weights: Sequence[float], notes: tuple[str, ...],
) -> Pooled:  # fmt: skip
    """Complete a fitted model with its confidence and prediction intervals and the p value of Q."""
    upper = 0.5 + level / 2
    half_ci = se * (stdtrit(k - 1, upper) if test == "hksj" else ndtri(upper))
    half_pi = nan
    if k >= 3 and method != "CE":
        half_pi = stdtrit(k - 2, upper) * sqrt(tau2 + se**2)
    return Pooled(
        k=k,
        estimate=float(estimate),
        se=float(se),
        ci_low=float(estimate - half_ci),
        ci_high=float(estimate + half_ci),
        tau2=float(tau2),
        i2=float(i2),
        q=float(q),
        q_p=float(chdtrc(k - 1, q)) if k > 1 else 1.0,
        pi_low=float(estimate - half_pi),
        pi_high=float(estimate + half_pi),
        method=method,
        test=test,
        scale=scale,
        level=level,
        weights=tuple(float(w) for w in weights),
        notes=notes,
    )


def inconsistency(vi: np.ndarray, tau2: float) -> float:
    """I2 as tau2 / (tau2 + typical sampling variance), after Higgins and Thompson."""
    if tau2 == 0:
        return 0.0
    wi = 1 / vi
    typical = (len(vi) - 1) * wi.sum() / (wi.sum() ** 2 - (wi**2).sum())
    return tau2 / (tau2 + typical)


def _mean_and_q(yi: np.ndarray, vi: np.ndarray, tau2: float) -> tuple[float, float]:
    """The weighted mean and the weighted sum of squares around it (Cochran's Q when tau2 is 0)."""
    wi = 1 / (vi + tau2)
    mean = (wi / wi.sum() * yi).sum()  # shares first: one study then keeps its estimate to the last digit
    return mean, (wi * (yi - mean) ** 2).sum()


def _tau2_dl(yi: np.ndarray, vi: np.ndarray) -> float:
    """DerSimonian and Laird: what Cochran's Q exceeds its expectation by, never below 0."""
    _, q = _mean_and_q(yi, vi, 0.0)
    wi = 1 / vi
    return max(0.0, (q - (len(yi) - 1)) / (wi.sum() - (wi**2).sum() / wi.sum()))


def _tau2_pm(yi: np.ndarray, vi: np.ndarray) -> float:
    """Paule and Mandel: the tau2 at which the generalised Q equals its expectation, k - 1."""

    def excess(tau2: float) -> float:
        return _mean_and_q(yi, vi, tau2)[1] - (len(yi) - 1)

    if excess(0.0) <= 0:
        return 0.0
    high = 2 * yi.var(ddof=1)  # there Q is below (k - 1) / 2
    return brentq(excess, 0.0, high, xtol=TINY, maxiter=1000)


def _tau2_reml(yi: np.ndarray, vi: np.ndarray) -> float:
    """The tau2 with the highest restricted likelihood."""

    def slope(tau2: float) -> float:
        wi = 1 / (vi + tau2)
        mean = (wi * yi).sum() / wi.sum()
        return (wi**2 * (yi - mean) ** 2).sum() - wi.sum() + (wi**2).sum() / wi.sum()

    def log_likelihood(tau2: float) -> float:
        wi = 1 / (vi + tau2)
        return (np.log(wi).sum() - np.log(wi.sum()) - _mean_and_q(yi, vi, tau2)[1]) / 2

    # Above the last point the slope is negative for any data.
    grid = np.geomspace(vi.min() / 1000, vi.max() + 10 * np.ptp(yi) ** 2, 100)
    return highest_peak(slope, log_likelihood, grid)


def highest_peak(
    slope: Callable[[float], float], log_likelihood: Callable[[float], float], grid: np.ndarray
) -> float:
    """The place of the highest peak at or above 0. A likelihood of tau2 may have more than one, so climbing
    from a single start may end on the lower one (tests/oracle/README.md has an example)."""
    points = [0.0, *grid]
    slopes = [slope(point) for point in points]
    peaks = [
        brentq(slope, points[i], points[i + 1], xtol=TINY, maxiter=1000)
        for i in range(len(points) - 1)
        if slopes[i] > 0 >= slopes[i + 1]
    ]
    return max([0.0, *peaks], key=log_likelihood)


TAU2 = {"REML": _tau2_reml, "DL": _tau2_dl, "PM": _tau2_pm}
