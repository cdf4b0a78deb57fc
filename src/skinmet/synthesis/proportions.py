"""Proportions: the interval of one study, and the pooling of several."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import cos, sin, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, expit, ndtri

from skinmet.synthesis import _input, glmm
from skinmet.synthesis.effects import double_arcsine, log_odds
from skinmet.synthesis.pooling import TAU2, Pooled, pool


def proportion_ci(
    events: ArrayLike, total: ArrayLike, method: str = "wilson", level: float = 0.95
) -> tuple[np.ndarray | float, np.ndarray | float]:
    """Confidence interval of events/total, study by study, as (low, high) between 0 and 1.

    events, total: one number each or arrays (broadcast against each other); one number gives floats, an
    array gives arrays in the order of the input.
    method: "wilson" (score interval), "clopper-pearson" (exact: at least `level` coverage, hence wide) or
    "jeffreys" (2.5% and 97.5% points of the Beta(events + 1/2, total - events + 1/2) posterior; with no
    events it begins just above 0, and ends just below 1 when all have the event).
    Formulas: Brown, Cai and DasGupta, Statistical Science 2001;16:101-133.

    ValueError: a missing, negative or fractional count, a total of 0, events above total, unknown method.
    """
    _input.choice("method", method, ("wilson", "clopper-pearson", "jeffreys"))
    _input.confidence(level)
    events, total = _input.numbers("events", events), _input.numbers("total", total)
    try:
        x, n = np.broadcast_arrays(events, total)
    except ValueError:
        raise ValueError(f"events has shape {events.shape} but total has {total.shape}") from None
    _input.events_and_total(x, n)

    tail = (1 - level) / 2
    if method == "wilson":
        z = -ndtri(tail)
        centre = (x + z**2 / 2) / (n + z**2)
        half = z / (n + z**2) * np.sqrt(x * (n - x) / n + z**2 / 4)
        low, high = np.where(x == 0, 0.0, centre - half), np.where(x == n, 1.0, centre + half)
    elif method == "clopper-pearson":
        low = np.where(x == 0, 0.0, betaincinv(np.maximum(x, 1), n - x + 1, tail))
        high = np.where(x == n, 1.0, betaincinv(x + 1, np.maximum(n - x, 1), 1 - tail))
    else:
        low, high = (betaincinv(x + 0.5, n - x + 0.5, p) for p in (tail, 1 - tail))
    return (float(low), float(high)) if x.ndim == 0 else (low, high)


def pool_proportions(
    events: ArrayLike,
    total: ArrayLike,
    *,
    transform: str = "logit",
    method: str = "REML",
    test: str = "z",
    level: float = 0.95,
) -> Pooled:
    """Pool `events` (k,) out of `total` (k,): one proportion per study.

    transform: the scale on which the studies are pooled.
    - "logit": log odds; a study with no events or no non-events gets 1/2 added to both, and `notes` says so.
    - "freeman-tukey": double arcsine, transformed back at the harmonic mean of the totals (Miller 1978).
    - "glmm": binomial-normal model by maximum likelihood, adaptive Gauss-Hermite quadrature; nothing is
      added to any study. `method` does not apply (the result says "ML"), `test` must be "z", q is the
      likelihood-ratio test against one proportion per study, and there are no weights. Above a tau2 of 10
      the quadrature loses digits, and `notes` says so.
    method, test, level: as in `pool`.

    The estimate and both intervals come back between 0 and 1; se and tau2 stay on the scale of the model,
    and `model` holds the whole result on that scale.

    ValueError: as `pool` and `proportion_ci`; for "glmm" also when no study has both events and non-events,
    or when tau2 would exceed 30.
    """
    _input.choice("transform", transform, ("logit", "freeman-tukey", "glmm"))
    x, n = _input.studies(events=events, total=total)
    _input.events_and_total(x, n)
    back = expit
    if transform == "logit":
        yi, vi, notes = log_odds(x, n)
        model = pool(yi, vi, method=method, test=test, level=level)
        model = replace(model, scale="logit", notes=notes + model.notes)
    elif transform == "freeman-tukey":
        model = replace(
            pool(*double_arcsine(x, n), method=method, test=test, level=level), scale="double arcsine"
        )
        back = partial(_from_double_arcsine, n=len(n) / (1 / n).sum())
    else:
        _input.choice("method", method, ("CE", *TAU2))
        _input.choice("test with transform='glmm'", test, ("z",))
        _input.confidence(level)
        model = glmm.fit(x, n, level=level)
    bounds = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
    natural = {name: float(back(getattr(model, name))) for name in bounds}
    return replace(model, **natural, scale="proportion", model=model)


def _from_double_arcsine(angle: float, n: float) -> float:
    """The proportion with this Freeman-Tukey angle in a study of size n: Miller, American Statistician
    1978;32:138. Angles beyond those of 0 and n events give 0 and 1; NaN stays NaN."""
    if angle <= np.arcsin(sqrt(1 / (n + 1))) / 2:
        return 0.0
    if angle >= (np.arcsin(sqrt(n / (n + 1))) + np.pi / 2) / 2:
        return 1.0
    sine = sin(2 * angle)
    root = sqrt(1 - (sine + (sine - 1 / sine) / n) ** 2)
    return (1 - np.sign(cos(2 * angle)) * root) / 2
