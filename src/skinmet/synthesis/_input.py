"""Checks of what comes in. Every message names the element (counted from 0), its value and the reason."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import ArrayLike


def numbers(name: str, values: ArrayLike) -> np.ndarray:
    """`values` as floats of any shape; ValueError for what is missing, infinite or no number."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(_no_number(name, values)) from None
    refuse(name, array, ~np.isfinite(array), "is missing or infinite")
    return array


def studies(**columns: ArrayLike) -> list[np.ndarray]:
    """Columns with one number per study: one dimension, one length, at least one study."""
    arrays = [numbers(name, values) for name, values in columns.items()]
    for name, array in zip(columns, arrays, strict=True):
        if array.ndim != 1:
            raise ValueError(f"{name} must be a list with one number per study, not of shape {array.shape}")
        if array.size == 0:
            raise ValueError(f"{name} is empty: there is no study")
    if len({array.size for array in arrays}) > 1:
        sizes = ", ".join(f"{name} has {array.size}" for name, array in zip(columns, arrays, strict=True))
        raise ValueError(f"the columns differ in length: {sizes}")
    return arrays


def counts(name: str, array: np.ndarray) -> None:
    """ValueError unless every number is whole and not negative."""
    refuse(name, array, array < 0, "is negative")
    refuse(name, array, array != np.floor(array), "is not a whole number")


def events_and_total(
    events: np.ndarray, total: np.ndarray, names: tuple[str, str] = ("events", "total")
) -> None:
    """ValueError unless both are counts, no total is zero and no event count exceeds its total."""
    counts(names[0], events)
    counts(names[1], total)
    refuse(names[1], total, total == 0, "must be at least 1")
    refuse(
        names[0], events, events > total, lambda i: f"is more than {names[1]}{_subscript(i)} = {total[i]:g}"
    )


def variances(name: str, array: np.ndarray) -> None:
    """ValueError unless every number is above zero, and far enough for its inverse to be squared."""
    refuse(name, array, array <= 0, "is no sampling variance: it must be above 0")
    refuse(name, array, array < 1e-150, "is too small to be a sampling variance")


def choice(name: str, value: str, allowed: Collection[str]) -> None:
    """ValueError unless `value` is one of the allowed words."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")


def confidence(level: float) -> None:
    """ValueError unless the confidence level lies between 0 and 1."""
    if numbers("level", level).ndim or not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1 (0.95 for 95%), not {level!r}")


def refuse(name: str, array: np.ndarray, bad: np.ndarray, reason: str | Callable[[tuple], str]) -> None:
    """ValueError for the first element marked in `bad`."""
    if np.any(bad):
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        text = reason if isinstance(reason, str) else reason(index)
        raise ValueError(f"{name}{_subscript(index)} = {array[index]:g} {text}")


def _no_number(name: str, values: ArrayLike) -> str:
    for i, value in enumerate(values if np.iterable(values) and not isinstance(values, str) else [values]):
        try:
            float(value)
        except (TypeError, ValueError):
            return f"{name}[{i}] = {value!r} is no number"
    return f"{name} is no list of numbers: {values!r}"


def _subscript(index: tuple) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""
