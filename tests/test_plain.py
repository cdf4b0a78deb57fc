"""Answers as plain data: what goes over comes out the same, and nothing but the plain types comes out."""

import contextlib
import json

import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinmet.classroom import plain
from skinmet.classroom.plain import NotPlain, decode, encode


def carried(value):
    """The value as the examiner gets it."""
    return decode(json.loads(json.dumps(encode(value))))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.text()), inner, max_size=4)
        | st.sets(st.integers() | st.text(), max_size=4)
        | st.frozensets(st.floats(allow_nan=False), max_size=4)
    ),
)


def same(one, other):
    """Equal, and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(
            same(a, b) for a, b in zip(one.values(), other.values(), strict=True)
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other and repr(one) == repr(other) if isinstance(one, float) else one == other


@given(PLAIN)
def test_plain_values_come_out_the_same(value):
    assert same(carried(value), value)


def test_nan_and_infinity_come_out():
    nan, infinity = carried([float("nan"), float("-inf")])
    assert np.isnan(nan) and infinity == float("-inf")


ARRAYS = [
    np.arange(6).reshape(2, 3),
    np.array([1.5, np.nan]),
    np.array([True, False]),
    np.array(["a", "bc"]),
    np.array([], dtype="float32"),
    np.array(3),
    np.array([1, "a", None, (2,)], dtype=object)[:3],
    np.array(["2020-01-01", "NaT"], dtype="datetime64[ns]"),
    np.array([2**64 - 1], dtype="uint64"),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: str(a.dtype))
def test_arrays_come_out_the_same(array):
    got = carried(array)
    assert type(got) is np.ndarray and got.dtype == array.dtype and got.shape == array.shape
    np.testing.assert_array_equal(got, array)


@pytest.mark.parametrize(
    "value", [np.float64(1.5), np.int8(3), np.bool_(True), np.str_("a"), np.float32("nan")], ids=repr
)
def test_scalars_of_numpy_come_out_the_same(value):
    assert type(carried(value)) is type(value) and repr(carried(value)) == repr(value)


FRAME = pd.DataFrame(
    {
        "number": [1.5, np.nan, 3],
        "whole": [1, 2, 3],
        "text": ["a", None, "c"],
        "flag": [True, False, True],
        "kind": pd.Categorical(["x", "y", None], categories=["y", "x"], ordered=True),
        "maybe": pd.array([1, None, 3], dtype="Int64"),
        "perhaps": pd.array([True, None, False], dtype="boolean"),
        "mixed": pd.Series([1, "a", pd.NA], dtype=object),
        "day": pd.to_datetime(["2020-01-01", None, "2021-05-06"]),
    },
    index=pd.Index(["F1", "F2", "F3"], name="row"),
)
FRAMES = {
    "all dtypes": FRAME,
    "empty": FRAME.head(0),
    "no columns": FRAME[[]],
    "two of one name": pd.concat([FRAME["whole"], FRAME["whole"]], axis=1),
    "levels": FRAME.groupby(["text", "flag"], dropna=False)[["whole"]].sum(),
    "described": FRAME.drop(columns="day").describe(),
    "range": FRAME.reset_index(drop=True),
    "columns of two levels": FRAME.groupby("flag").agg({"whole": ["sum", "mean"]}),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_frames_come_out_the_same(frame):
    pd.testing.assert_frame_equal(carried(frame), frame)


@pytest.mark.parametrize("column", FRAME.columns)
def test_series_come_out_the_same(column):
    pd.testing.assert_series_equal(carried(FRAME[column]), FRAME[column])


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_indexes_come_out_the_same(frame):
    pd.testing.assert_index_equal(carried(frame.index), frame.index)


def test_figures_come_out_with_their_data():
    figure = px.scatter(FRAME, x="number", y="whole", color="flag").add_vline(2)
    got = carried(figure)
    assert type(got) is go.Figure and got.layout.shapes == figure.layout.shapes
    assert [str(t.x) for t in got.data] == [str(t.x) for t in figure.data]


class Everything:
    def __eq__(self, other):
        return True

    __hash__ = None


class Number(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__
    __pos__ = __float__ = None


class Whole(int):
    __eq__ = Number.__eq__
    __hash__ = int.__hash__
    __pos__ = __index__ = None


class Text(str):
    __eq__ = Number.__eq__
    __hash__ = str.__hash__
    __str__ = None


class Table(dict):
    def __missing__(self, key):
        return 42

    items = None


class Column(pd.Series):
    def __eq__(self, other):
        return True


@pytest.mark.parametrize(
    "sly, honest",
    [(Number(3), 3.0), (Whole(3), 3), (Text("a"), "a"), (Table(a=1), {"a": 1})],
    ids=lambda v: type(v).__name__,
)
def test_a_subclass_does_not_cross_over(sly, honest):
    assert same(carried(sly), honest) and same(carried([sly]), [honest])


def test_a_subclass_of_series_does_not_cross_over():
    got = carried(Column([1, 2]))
    assert type(got) is pd.Series and not (got == 3).any()


SELF = []
SELF.append(SELF)
NOT_PLAIN = {
    "type Everything": Everything(),
    "type function": lambda: 1,
    "type ellipsis": ...,
    "contains itself": SELF,
    "too large": [0] * (plain.PARTS + 1),
    "digits": 10 ** (2 * plain.DIGITS),
    "complex": np.array([1j]),
    "type Everything ": np.array([Everything()], dtype=object),
    "Period": pd.Series(pd.period_range("2020", periods=2)),
    "interval": pd.cut(pd.Series([1, 2]), 2),
}


@pytest.mark.parametrize("words, value", NOT_PLAIN.items(), ids=NOT_PLAIN.keys())
def test_other_values_are_refused_in_words(words, value):
    with pytest.raises(NotPlain, match=f"(?i){words.strip()}"):
        encode(value)


NESTED = "x"
for _ in range(500):
    NESTED = [NESTED]
COLUMN = {"$": "array", "dtype": "int64", "shape": [2], "parts": [1, 2]}
RANGE = {"$": "range", "steps": [0, 2, 1], "name": None}
FORGED = {
    "no kind": {},
    "unknown kind": {"$": "pickle"},
    "kind is a list": {"$": []},
    "nested": NESTED,
    "object in numbers": {**COLUMN, "parts": [1, {"$": "NA"}]},
    "truth in numbers": {**COLUMN, "parts": [1, True]},
    "text in numbers": {**COLUMN, "dtype": "float64", "parts": ["1", "2"]},
    "number in texts": {**COLUMN, "dtype": "str", "parts": ["a", 1]},
    "structured dtype": {**COLUMN, "dtype": "i4,i4"},
    "void dtype": {**COLUMN, "dtype": "V8"},
    "wrong shape": {**COLUMN, "shape": [3]},
    "shape to be guessed": {**COLUMN, "shape": ["-1"]},
    "too large a number": {**COLUMN, "dtype": "int8", "parts": [1, 1000]},
    "parts are text": {**COLUMN, "parts": "12"},
    "mutable key": {"$": "dict", "pairs": [[[1], 2]]},
    "pairs of three": {"$": "dict", "pairs": [[1, 2, 3]]},
    "mutable member": {"$": "set", "parts": [[1]]},
    "missing parts": {"$": "tuple"},
    "table for a column": {"$": "series", "of": {**COLUMN, "shape": [2, 1]}, "index": RANGE, "name": None},
    "index of another length": {
        "$": "series",
        "of": COLUMN,
        "index": {**RANGE, "steps": [0, 3, 1]},
        "name": None,
    },
    "index of unknown kind": {"$": "series", "of": COLUMN, "index": {"$": "figure", "of": {}}, "name": None},
    "too few heads": {
        "$": "frame",
        "of": [COLUMN, COLUMN],
        "index": RANGE,
        "columns": {**RANGE, "steps": [0, 1, 1]},
    },
    "unknown column": {
        "$": "series",
        "of": {"$": "column", "dtype": "object", "parts": []},
        "index": RANGE,
        "name": None,
    },
    "code out of range": {
        "$": "series",
        "of": {"$": "categories", "of": COLUMN, "codes": [0, 7], "ordered": False},
        "index": RANGE,
        "name": None,
    },
    "no figure": {
        "$": "figure",
        "of": {"$": "dict", "pairs": [["data", [{"$": "dict", "pairs": [["type", "no"]]}]]]},
    },
    "words that are no array": {**COLUMN, "dtype": "object", "parts": [{"$": "NA"}, {"$": "x"}]},
}


@pytest.mark.parametrize("data", FORGED.values(), ids=FORGED.keys())
def test_what_encode_does_not_write_is_refused(data):
    with pytest.raises(NotPlain):
        decode(data)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=3)
        | st.sampled_from(["int64", "str"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.builds(
                lambda kind, rest: {"$": kind, **rest},
                st.sampled_from([*plain._FORMS]),
                st.dictionaries(
                    st.sampled_from(
                        ["of", "parts", "pairs", "dtype", "shape", "index", "name", "columns", "steps"]
                    ),
                    inner,
                ),
            )
        ),
    )
)
def test_decode_ends_in_a_value_or_a_refusal(data):
    with contextlib.suppress(NotPlain):
        decode(data)
