"""Answers that are numbers, words, tables or functions."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np
import pandas as pd

# Numbers


def number(value: object, name: str, low: float | None = None, high: float | None = None) -> float:
    """The answer as a float, when it is one finite number between `low` and `high` (both may be reached)."""
    answered(value, name)
    if value is pd.NA:
        stop(f"{name} is missing (NA): choose a row that has the counts, then compute from it")
    if isinstance(value, pd.Series | pd.DataFrame | np.ndarray | list | tuple | dict | set):
        stop(f"{name} holds several values ({kind_of(value)}): pick out the one that is asked for")
    if isinstance(value, str):
        stop(f"{name} is text ({_short(value)}): give the number itself, without quotes or a percent sign")
    if not (type(value) in (int, float) or isinstance(value, np.integer | np.floating)):
        stop(f"{name} is {kind_of(value)}: give a number")
    value = float(value)
    if math.isnan(value):
        stop(f"{name} is NaN (not a number): a count was missing, or zero was divided by zero")
    if math.isinf(value):
        stop(f"{name} is infinite: something was divided by zero")
    if low is not None and value < low:
        stop(f"{name} is {value:.6g}, below {low:g}, which can't be: {_about_range(value, high)}")
    if high is not None and value > high:
        stop(f"{name} is {value:.6g}, above {high:g}, which can't be: {_about_range(value, high)}")
    return value


def close(value: float, expected: float, rel: float = 1e-4, abs: float = 1e-9) -> bool:
    """Whether two numbers agree within a relative or an absolute tolerance; NaN agrees with nothing."""
    return math.isclose(float(value), float(expected), rel_tol=rel, abs_tol=abs)


def mistake(value: float, known: Mapping[float, str], unless: float | None = None, rel: float = 1e-4) -> None:
    """Stop with the message of a known mistake when `value` is what that mistake gives.

    known: wrong value -> a sentence on what was done and what to do. unless: the right value; a mistake that
    happens to give it is no mistake.
    """
    for wrong, message in known.items():
        chance = unless is not None and close(wrong, unless, rel)
        if close(value, wrong, rel) and not chance:
            raise AssertionError(message)


def numbers(
    value: object, name: str, keys: Collection, low: float | None = None, high: float | None = None
) -> dict:
    """A dict or Series of numbers with exactly these keys, as a dict of floats."""
    found = _as_dict(value, name, keys)
    return {key: number(found[key], f"{name}[{key!r}]", low, high) for key in keys}


def interval(
    value: object, name: str, low: float | None = None, high: float | None = None
) -> tuple[float, float]:
    """A pair (low end, high end), the low end first."""
    answered(value, name)
    if not isinstance(value, tuple | list | np.ndarray) or len(value) != 2:
        stop(f"{name} is {kind_of(value)}: give two numbers, as (low, high)")
    ends = (
        number(value[0], f"the low end of {name}", low, high),
        number(value[1], f"the high end of {name}", low, high),
    )
    if ends[0] > ends[1]:
        stop(f"{name} runs from {ends[0]:.6g} down to {ends[1]:.6g}: give the low end first")
    return ends


# Words and labels


def text(value: object, name: str) -> str:
    """One piece of text that is not empty, without spaces around it."""
    answered(value, name)
    if type(value) is not str or not value.strip():
        stop(f"{name} is {kind_of(value)}: give text in quotes")
    return value.strip()


def choice(value: object, name: str, allowed: Collection[str]) -> str:
    """One of the options, whichever case and spaces it is written with."""
    answered(value, name)
    if not isinstance(value, str):
        stop(f"{name} is {kind_of(value)}: give one of {_listed(allowed)}, in quotes")
    options = {option.lower(): option for option in allowed}
    if value.strip().lower() not in options:
        stop(f"{name} is {_short(value)}: give one of {_listed(allowed)}")
    return options[value.strip().lower()]


def matching(value: object, name: str, keys: Collection, allowed: Collection[str]) -> dict:
    """A dict that gives each key one of the options."""
    found = _as_dict(value, name, keys)
    return {key: choice(found[key], f"{name}[{key!r}]", allowed) for key in keys}


def labels(value: object, name: str, known: Collection[str]) -> set[str]:
    """A list (or set, or index) of labels out of `known`, such as row ids, each named once, as a set."""
    answered(value, name)
    if isinstance(value, str):
        stop(f"{name} is one piece of text: give a list, as [{_short(value)}]")
    if isinstance(value, pd.DataFrame):
        stop(f"{name} is a table: give the list of its row ids, as list(table.index)")
    if not isinstance(value, list | tuple | set | frozenset | pd.Index | pd.Series | np.ndarray):
        stop(f"{name} is {kind_of(value)}: give a list")
    found = list(value)
    for label in found:
        if not isinstance(label, str) or label not in known:
            stop(f"{name} holds {_short(label)}: choose from {_listed(known)}")
        if found.count(label) > 1:
            stop(f"{name} names {_short(label)} more than once: name each row once")
    return set(found)


# Tables


def frame(
    value: object, name: str, columns: Collection[str], index: Collection | None = None
) -> pd.DataFrame:
    """A DataFrame with at least these columns, with no row twice, cut to `columns`.

    index: the labels that its rows must have, in any order; None leaves them free.
    """
    answered(value, name)
    if isinstance(value, pd.Series):
        stop(f"{name} is one column or one row (a Series): select with double brackets to keep a table")
    if not isinstance(value, pd.DataFrame):
        stop(f"{name} is {kind_of(value)}: give a DataFrame")
    missing = [column for column in columns if column not in value.columns]
    if missing:
        stop(f"{name} has no column {_listed(missing)}, only {_listed(value.columns)}: name them as asked")
    if not value.columns.is_unique:
        stop(f"{name} has two columns of one name: keep one of them")
    if not value.index.is_unique:
        twice = value.index[value.index.duplicated()][0]
        stop(f"{name} holds the row {twice!r} more than once: was it joined or appended twice?")
    if index is not None:
        _same_labels(value.index, index, name)
    return value[list(columns)]


def same_frame(
    value: pd.DataFrame, expected: pd.DataFrame, name: str, rel: float = 1e-4, order: bool = False
) -> bool:
    """Whether a table holds the rows and values of `expected`; stops at the first difference.

    Rows are compared by label and columns by name; `order` asks for the same order of rows too. Numbers agree
    within `rel`; missing agrees with missing.
    """
    given = frame(value, name, expected.columns)
    _same_labels(given.index, expected.index, name)
    for column in expected.columns:
        for label in expected.index:
            found, wanted = given.at[label, column], expected.at[label, column]
            place = f"{name}: row {label!r}, column {column!r}"
            if not pd.api.types.is_scalar(found):
                stop(f"{place} holds {kind_of(found)}: put one value into each cell")
            if pd.isna(wanted) or pd.isna(found):
                if not pd.isna(found):
                    stop(f"{place} is filled, and should be missing")
                if not pd.isna(wanted):
                    stop(f"{place} is missing, and should be filled")
            elif isinstance(wanted, bool | np.bool_ | str):
                kinds = str if isinstance(wanted, str) else bool | np.bool_
                if not isinstance(found, kinds) or found != wanted:
                    stop(f"{place} is {_short(found)}, which is not what the table leads to")
            elif not close(number(found, place), wanted, rel):
                stop(f"{place} is {found:.6g}, which is not what the counts of this row give")
    if order and list(given.index) != list(expected.index):
        stop(f"{name} holds the right rows in another order: sort it as the question asks")
    return True


# Functions


def function(value: Callable, name: str, *arguments: object) -> object:
    """What the answer, a function, returns for these arguments (it gets copies, so it can't change them)."""
    answered(value, name)
    if not callable(value):
        stop(f"{name} is {kind_of(value)}: define a function with `def {name}(...):`")
    try:
        result = value(*copy.deepcopy(arguments))
    except NotImplementedError:
        stop(f"{name} is not written yet: replace the line that raises NotImplementedError")
    except Exception as error:
        shown = ", ".join(_short(a) for a in arguments)
        stop(f"{name}({shown}) stops with {type(error).__name__}: {error}")
    if result is None:
        stop(f"{name} returns None: end it with a line that begins with `return`")
    return result


def same_numbers(
    value: Iterable, expected: Iterable[float], name: str, rel: float = 1e-4, order: bool = False
) -> bool:
    """Whether numbers agree, one by one; `order` says whether their order counts. Stops at a difference."""
    given = [number(v, f"a value of {name}") for v in value]
    wanted = [float(v) for v in expected]
    if len(given) != len(wanted):
        stop(f"{name}: there are {len(given)} values, and {len(wanted)} are asked for")
    if not order:
        given, wanted = sorted(given), sorted(wanted)
    for one, other in zip(given, wanted, strict=True):
        if not close(one, other, rel):
            stop(f"{name}: {one:.6g} is not one of the values asked for{' at this place' if order else ''}")
    return True


# How it is done


def stop(message: str) -> None:
    raise AssertionError(message if message.endswith((".", "?")) else f"{message}.")


def answered(value: object, name: str) -> None:
    if value is None:
        stop(f"{name} is None: replace None with your answer")
    if value is Ellipsis:
        stop(f"{name} is `...`: replace it with your answer")


def kind_of(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return f"{bool(value)} (yes or no)"
    if type(value) in (int, float, str):
        return f"{'text' if type(value) is str else 'a number'} ({_short(value)})"
    names = {
        complex: "a complex number",
        pd.DataFrame: "a DataFrame",
        pd.Series: "a Series",
        np.ndarray: "an array",
    }
    return names.get(type(value)) or ("a function" if callable(value) else f"a {type(value).__name__}")


def _short(value: object, limit: int = 40) -> str:
    value = value.item() if isinstance(value, np.generic) else value
    words = (
        f"a table of {len(value)} rows" if isinstance(value, pd.DataFrame) else " ".join(repr(value).split())
    )
    return words if len(words) <= limit else words[: limit - 1] + "…"


def _listed(names: Collection) -> str:
    ordered = list(names) if isinstance(names, list | tuple | dict | pd.Index) else sorted(names, key=str)
    return ", ".join(str(name) for name in ordered)


def _about_range(value: float, high: float | None) -> str:
    if value < 0:
        return "look at the sign and at the order of a difference"
    return (
        "is it a percentage? Give it as a share, from 0 to 1"
        if high == 1
        else "look at the unit, and at what is divided by what"
    )


def _as_dict(value: object, name: str, keys: Collection) -> dict:
    answered(value, name)
    if isinstance(value, pd.Series):
        value = value.to_dict()
    if not isinstance(value, dict):
        stop(f"{name} is {kind_of(value)}: give a dict, as {{{next(iter(keys))!r}: ...}}")
    missing = [key for key in keys if key not in value]
    if missing:
        stop(f"{name} says nothing about {_listed(missing)}: give each of {_listed(keys)} an answer")
    extra = [key for key in value if key not in keys]
    if extra:
        stop(f"{name} speaks of {_listed(extra)}, which is not asked: its keys are {_listed(keys)}")
    return value


def _same_labels(found: Iterable, wanted: Iterable, name: str) -> None:
    found, wanted = list(found), list(wanted)
    extra = [label for label in found if label not in wanted]
    if extra:
        stop(
            f"{name} holds {len(extra)} row(s) that don't belong, such as {extra[0]!r}: reread the conditions"
        )
    missing = [label for label in wanted if label not in found]
    if missing:
        stop(f"{name} lacks {len(missing)} row(s): reread the conditions")
