"""Values as plain JSON and back: how an answer leaves a student's process. Never pickle.

`encode` runs beside code that may lie, so its result is only a claim. `decode` runs beside the tests: it
takes nothing but the forms below, and makes values of exactly the types named here, so that no method, no
`__eq__` and no subclass of a student's crosses over.

Plain: None, bool, int, float, str, list, tuple, dict, set, frozenset, numpy scalars and arrays, pandas
Series, DataFrame, Index and NA, plotly figures. JSON's null, booleans, numbers, strings and lists stand for
themselves; everything else is an object whose `$` names its kind.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

import numpy as np
import pandas as pd
from plotly.basedatatypes import BaseFigure
from plotly.graph_objects import Figure

DEPTH = 40
PARTS = 500_000
DIGITS = 4000  # Python itself refuses to read longer ones
_NUMBERS = {
    "bool",
    *(f"{sign}int{n}" for sign in ("", "u") for n in (8, 16, 32, 64)),
    "float16",
    "float32",
    "float64",
}
_MASKED = {"boolean", "Float32", "Float64", *(f"{sign}Int{n}" for sign in ("", "U") for n in (8, 16, 32, 64))}
_TIMES = {f"{kind}64[{unit}]" for kind in ("datetime", "timedelta") for unit in ("s", "ms", "us", "ns")}


class NotPlain(ValueError):
    """A value that can't be taken over; the message says which and why, in words for a student."""


def encode(value: object) -> object:
    """A value as JSON. Raises NotPlain for a value of another kind, nested too deeply or too large."""
    return _Encoder().value(value, 0)


def decode(data: object) -> object:
    """The value. Raises NotPlain for anything `encode` does not write."""
    try:
        return _decode(data, 0)
    except NotPlain:
        raise
    except RecursionError:
        raise NotPlain("it is nested too deeply") from None
    except MemoryError:
        raise NotPlain("it is too large") from None
    except Exception as error:
        raise NotPlain(f"it can't be read ({type(error).__name__})") from None


class _Encoder:
    def __init__(self):
        self.parts = 0

    def value(self, value: object, depth: int) -> object:
        self.parts += 1
        if depth > DEPTH:
            raise NotPlain("it is nested too deeply, or contains itself")
        if self.parts > PARTS:
            raise NotPlain("it is too large")
        if value is None or value is True or value is False:
            return value
        if value is pd.NA:
            return {"$": "NA"}
        if value is pd.NaT:
            return {"$": "NaT"}
        for kind, write in self.WRITERS:
            if isinstance(value, kind):
                return write(self, value, depth + 1)
        raise NotPlain(f"it is of type {type(value).__name__}")

    def _int(self, value: int, depth: int) -> int:
        if int.bit_length(value) > DIGITS * 3:
            raise NotPlain(f"it is a number of more than {DIGITS} digits")
        return int.__pos__(value)

    def _scalar(self, value: np.generic, depth: int) -> dict:
        return {"$": "scalar", **self._array(np.asarray(value), depth)}

    def _list(self, value: list | tuple | set | frozenset, depth: int) -> list:
        return [self.value(part, depth) for part in value]

    def _tagged(kind: str) -> Callable:
        return lambda self, value, depth: {"$": kind, "parts": self._list(value, depth)}

    def _dict(self, value: dict, depth: int) -> dict:
        pairs = [[self.value(k, depth), self.value(v, depth)] for k, v in dict.items(value)]
        return {"$": "dict", "pairs": pairs}

    def _array(self, value: np.ndarray, depth: int) -> dict:
        name = str(value.dtype)
        flat = value.reshape(-1)
        if value.dtype.kind == "U":
            name, parts = "str", flat.tolist()
        elif value.dtype.kind == "O":
            parts = [self.value(part, depth) for part in flat.tolist()]
        elif name in _TIMES:
            parts = flat.astype("int64").tolist()
        elif name in _NUMBERS:
            parts = flat.tolist()
        else:
            raise NotPlain(f"it holds values of type {name}")
        self.parts += len(parts)
        return {"dtype": name, "shape": list(value.shape), "parts": parts}

    def _column(self, value: pd.Series | pd.Index, depth: int) -> dict:
        """The values without the index."""
        dtype = value.dtype
        if isinstance(dtype, np.dtype):
            return {"$": "array", **self._array(np.asarray(value), depth)}
        if isinstance(dtype, pd.CategoricalDtype):
            codes = pd.Categorical(value).codes
            categories = self._column(dtype.categories, depth)
            self.parts += len(codes)
            return {
                "$": "categories",
                "of": categories,
                "codes": codes.tolist(),
                "ordered": bool(dtype.ordered),
            }
        if isinstance(dtype, pd.StringDtype) or str(dtype) in _MASKED:
            missing = value.isna()
            parts = [None if gone else part for gone, part in zip(missing, value.tolist(), strict=True)]
            self.parts += len(parts)
            return {"$": "column", "dtype": str(dtype), "parts": parts}
        raise NotPlain(f"it holds values of type {dtype}")

    def _index(self, value: pd.Index, depth: int) -> dict:
        if isinstance(value, pd.RangeIndex):
            steps = [value.start, value.stop, value.step]
            return {"$": "range", "steps": steps, "name": self.value(value.name, depth)}
        if isinstance(value, pd.MultiIndex):
            levels = [self._column(value.get_level_values(n), depth) for n in range(value.nlevels)]
            return {"$": "levels", "of": levels, "names": self._list(list(value.names), depth)}
        return {"$": "index", "of": self._column(value, depth), "name": self.value(value.name, depth)}

    def _series(self, value: pd.Series, depth: int) -> dict:
        index, name = self._index(value.index, depth), self.value(value.name, depth)
        return {"$": "series", "of": self._column(value, depth), "index": index, "name": name}

    def _frame(self, value: pd.DataFrame, depth: int) -> dict:
        columns = [self._column(value.iloc[:, n], depth) for n in range(value.shape[1])]
        index, heads = self._index(value.index, depth), self._index(value.columns, depth)
        return {"$": "frame", "of": columns, "index": index, "columns": heads}

    def _figure(self, value: BaseFigure, depth: int) -> dict:
        spec = value.to_plotly_json()
        return {"$": "figure", "of": self.value(_arrays({k: spec[k] for k in ("data", "layout")}), depth)}

    def _ndarray(self, value: np.ndarray, depth: int) -> dict:
        return {"$": "array", **self._array(value, depth)}

    WRITERS = (  # numpy's floats are floats as well: they come first
        (np.generic, _scalar),
        (int, _int),
        (float, lambda self, value, depth: float.__pos__(value)),
        (str, lambda self, value, depth: str.__str__(value)),
        (list, _list),
        (tuple, _tagged("tuple")),
        (set, _tagged("set")),
        (frozenset, _tagged("frozenset")),
        (dict, _dict),
        (np.ndarray, _ndarray),
        (pd.Series, _series),
        (pd.DataFrame, _frame),
        (pd.Index, _index),
        (BaseFigure, _figure),
    )


def _arrays(spec: object) -> object:
    """A figure's specification with arrays where plotly has their bytes as base64."""
    if isinstance(spec, dict) and "bdata" in spec:
        flat = np.frombuffer(base64.b64decode(spec["bdata"]), dtype=spec["dtype"])
        return flat.reshape([int(n) for n in str(spec.get("shape", flat.size)).split(",")])
    if isinstance(spec, dict):
        return {key: _arrays(part) for key, part in spec.items()}
    return [_arrays(part) for part in spec] if isinstance(spec, list | tuple) else spec


def _decode(data: object, depth: int) -> object:
    if depth > DEPTH * 2:
        raise NotPlain("it is nested too deeply")
    if isinstance(data, list):
        return [_decode(part, depth + 1) for part in data]
    if not isinstance(data, dict):
        return data
    form = _FORMS.get(data["$"])
    if form is None:
        raise NotPlain("it is of an unknown kind")
    return form(data, depth + 1)


def _parts(data: dict, depth: int) -> list:
    return [_decode(part, depth) for part in _of(data["parts"], list)]


def _pairs(data: dict, depth: int) -> dict:
    return {_decode(key, depth): _decode(value, depth) for key, value in data["pairs"]}


def _array(data: dict, depth: int) -> np.ndarray:
    name, parts, shape = data["dtype"], _of(data["parts"], list), _of(data["shape"], list)
    if name == "str":
        flat = np.array([_of(part, str) for part in parts], dtype=str)
    elif name == "object":
        flat = np.empty(len(parts), dtype=object)
        for position, part in enumerate(parts):
            flat[position] = _decode(part, depth)
    elif name in _TIMES:
        flat = np.array([_of(part, int) for part in parts], dtype="int64").astype(name)
    elif name in _NUMBERS:
        kind = {"b": (bool,), "i": (int,), "u": (int,), "f": (float,)}[np.dtype(name).kind]
        flat = np.array([_of(part, *kind) for part in parts], dtype=name)
    else:
        raise NotPlain("it holds values of an unknown type")
    return flat.reshape([_of(size, int) for size in shape])


def _scalar(data: dict, depth: int) -> object:
    return _array({**data, "shape": [1]}, depth)[0]


def _column(data: dict, depth: int) -> object:
    """What pandas makes a Series or Index of: an array, or an extension array."""
    if data["$"] == "array":
        array = _array(data, depth)
        if array.ndim != 1:
            raise NotPlain("a column is one row of values")
        return array
    if data["$"] == "categories":
        codes, categories = [_of(code, int) for code in data["codes"]], _index_of(data["of"], depth)
        return pd.Categorical.from_codes(codes, categories, ordered=_of(data["ordered"], bool))
    name = data["dtype"]
    kinds = (bool,) if name == "boolean" else (float,) if "Float" in name else (int,)
    if name in ("str", "string"):
        kinds = (str,)
    elif name not in _MASKED:
        raise NotPlain("it holds values of an unknown type")
    return pd.array([None if part is None else _of(part, *kinds) for part in data["parts"]], dtype=name)


def _index_of(data: dict, depth: int, name: object = None) -> pd.Index:
    column = _column(data, depth)
    return pd.Index(column, dtype=column.dtype if column.dtype.kind != "U" else None, name=name)


def _index(data: dict, depth: int) -> pd.Index:
    if data["$"] == "range":
        start, stop, step = (_of(number, int) for number in data["steps"])
        return pd.RangeIndex(start, stop, step, name=_decode(data["name"], depth))
    if data["$"] == "levels":
        names = [_decode(name, depth) for name in data["names"]]
        return pd.MultiIndex.from_arrays([_index_of(level, depth) for level in data["of"]], names=names)
    if data["$"] == "index":
        return _index_of(data["of"], depth, _decode(data["name"], depth))
    raise NotPlain("it has an index of an unknown kind")


def _series(data: dict, depth: int) -> pd.Series:
    column, index = _column(data["of"], depth), _index(data["index"], depth)
    return pd.Series(column, index=index, name=_decode(data["name"], depth), copy=True)


def _frame(data: dict, depth: int) -> pd.DataFrame:
    index, heads = _index(data["index"], depth), _index(data["columns"], depth)
    columns = {n: pd.Series(_column(part, depth), index=index) for n, part in enumerate(data["of"])}
    frame = pd.DataFrame(columns, index=index)
    frame.columns = heads
    return frame


def _figure(data: dict, depth: int) -> Figure:
    return Figure(_decode(data["of"], depth))


def _of(value: object, *kinds: type) -> object:
    """The value, if it is of exactly one of the types."""
    if type(value) not in kinds:
        raise NotPlain(f"it holds a {type(value).__name__} where it may not")
    return value


_FORMS: dict[str, Callable[[dict, int], object]] = {
    "NA": lambda data, depth: pd.NA,
    "NaT": lambda data, depth: pd.NaT,
    "tuple": lambda data, depth: tuple(_parts(data, depth)),
    "set": lambda data, depth: set(_parts(data, depth)),
    "frozenset": lambda data, depth: frozenset(_parts(data, depth)),
    "dict": _pairs,
    "array": _array,
    "scalar": _scalar,
    "series": _series,
    "frame": _frame,
    "range": _index,
    "levels": _index,
    "index": _index,
    "figure": _figure,
}
