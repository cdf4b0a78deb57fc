"""What a study contributes to a pool: an effect and its sampling variance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from skinmet.synthesis import _input


def effect_sizes(
    measure: str,
    events_treated: ArrayLike,
    n_treated: ArrayLike,
    events_control: ArrayLike,
    n_control: ArrayLike,
) -> tuple[np.ndarray, np.ndarray]:
    """Effects `yi` (k,) and sampling variances `vi` (k,) of two-arm studies, for `pool`.

    measure: "RR" log risk ratio, "OR" log odds ratio (both above 0 when events are more frequent in the
    treated arm), "RD" risk difference.
    A study with a zero among its four cells gets 1/2 added to all four, other studies are left alone: the
    rule of metafor's `escalc` (to = "only0").

    ValueError: as `pool_proportions`, for either arm; an unknown measure.
    """
    _input.choice("measure", measure, ("RR", "OR", "RD"))
    a, n1, c, n2 = _input.studies(
        events_treated=events_treated, n_treated=n_treated, events_control=events_control, n_control=n_control
    )
    _input.events_and_total(a, n1, names=("events_treated", "n_treated"))
    _input.events_and_total(c, n2, names=("events_control", "n_control"))
    b, d = n1 - a, n2 - c
    half = ((a == 0) | (b == 0) | (c == 0) | (d == 0)) / 2
    a, b, c, d = a + half, b + half, c + half, d + half
    p1, p2 = a / (a + b), c / (c + d)
    if measure == "RR":
        return np.log(p1 / p2), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    if measure == "OR":
        return np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
    return p1 - p2, p1 * (1 - p1) / (a + b) + p2 * (1 - p2) / (c + d)


def log_odds(events: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Log odds of one-arm studies, their sampling variances, and a note where 1/2 was added."""
    extreme = (events == 0) | (events == total)
    a, b = events + extreme / 2, total - events + extreme / 2
    which = ", ".join(str(i) for i in np.flatnonzero(extreme))
    notes = (f"1/2 added to events and non-events of study {which} (counted from 0)",) if which else ()
    return np.log(a / b), 1 / a + 1 / b, notes


def double_arcsine(events: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Freeman and Tukey's double arcsine of one-arm studies, and its sampling variance."""
    angle = (np.arcsin(np.sqrt(events / (total + 1))) + np.arcsin(np.sqrt((events + 1) / (total + 1)))) / 2
    return angle, 1 / (4 * total + 2)
