"""What a diagnostic test result does to a probability."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from skinmet.synthesis import _input


class RatioInterval(NamedTuple):
    """A ratio with its confidence interval."""

    estimate: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class LikelihoodRatios:
    """Likelihood ratios of a positive and of a negative result; notes: what was done to the counts."""

    positive: RatioInterval
    negative: RatioInterval
    level: float
    notes: tuple[str, ...] = ()


def likelihood_ratios(tp: int, fp: int, fn: int, tn: int, level: float = 0.95) -> LikelihoodRatios:
    """Likelihood ratios from one 2x2 table of an index test against a reference standard.

    tp, fp, fn, tn: true positives, false positives, false negatives, true negatives (counts).
    positive = sensitivity / (1 - specificity), negative = (1 - sensitivity) / specificity; intervals on the
    log scale (Simel, Samsa and Matchar, J Clin Epidemiol 1991;44:763-770). When a cell is zero, 1/2 is
    added to all four and `notes` says so.

    ValueError: a negative, fractional or missing count; nobody with, or nobody without, the condition.
    """
    cells = {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
    for name, value in cells.items():
        array = _input.numbers(name, value)
        if array.ndim:
            raise ValueError(f"{name} must be one number, not of shape {array.shape}")
        _input.counts(name, array)
        cells[name] = float(array)
    _input.confidence(level)
    if cells["tp"] + cells["fn"] == 0:
        raise ValueError("tp + fn is 0: nobody has the condition, so the sensitivity is unknown")
    if cells["fp"] + cells["tn"] == 0:
        raise ValueError("fp + tn is 0: nobody is free of the condition, so the specificity is unknown")
    notes = ()
    if 0 in cells.values():
        zero = " and ".join(name for name, value in cells.items() if value == 0)
        notes = (f"1/2 added to all four cells, because {zero} = 0",)
        cells = {name: value + 0.5 for name, value in cells.items()}
    tp, fp, fn, tn = cells.values()
    return LikelihoodRatios(
        positive=_ratio(tp, tp + fn, fp, fp + tn, level),
        negative=_ratio(fn, tp + fn, tn, fp + tn, level),
        level=level,
        notes=notes,
    )


def post_test(pre_test: ArrayLike, lr: ArrayLike) -> np.ndarray | float:
    """Probability after a test result: pre-test odds times the likelihood ratio, as a probability.

    pre_test: probabilities from 0 to 1; lr: likelihood ratios, 0 or more; one number or arrays (broadcast
    against each other). One number gives a float.

    ValueError: outside those ranges, or missing; a pre-test probability of 1 with a likelihood ratio of 0,
    which contradict each other.
    """
    pre_test, lr = _input.numbers("pre_test", pre_test), _input.numbers("lr", lr)
    _input.refuse("pre_test", pre_test, (pre_test < 0) | (pre_test > 1), "is no probability from 0 to 1")
    _input.refuse("lr", lr, lr < 0, "is negative")
    try:
        p, ratio = np.broadcast_arrays(pre_test, lr)
    except ValueError:
        raise ValueError(f"pre_test has shape {pre_test.shape} but lr has {lr.shape}") from None
    _input.refuse("pre_test", p, (p == 1) & (ratio == 0), "is certain, but lr = 0 rules it out")
    post = p * ratio / (p * ratio + 1 - p)
    return float(post) if post.ndim == 0 else post


def _ratio(a: float, n1: float, b: float, n2: float, level: float) -> RatioInterval:
    """(a / n1) / (b / n2) with an interval on the log scale."""
    estimate = (a / n1) / (b / n2)
    half = ndtri(0.5 + level / 2) * sqrt(1 / a - 1 / n1 + 1 / b - 1 / n2)
    return RatioInterval(estimate, exp(log(estimate) - half), exp(log(estimate) + half))
