"""What test cells of exercises say to an answer: kinds first, one sentence each, nothing passes by luck."""

import math
import re

import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import plotly.io as pio
import pytest

from skinmet import checks


def message(check, *arguments, **options):
    with pytest.raises(AssertionError) as caught:
        check(*arguments, **options)
    text = str(caught.value)
    assert text.endswith((".", "?")) and "\n" not in text and not re.search(r"[.?]\.$", text)
    return text


class Everything(float):
    """A number that says it is equal to everything."""

    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


# Numbers


@pytest.mark.parametrize("value", [0.25, np.float64(0.25), np.float32(0.25)])
def test_a_number_is_a_float(value):
    assert type(checks.number(value, "x")) is float
    assert checks.number(np.int64(3), "x") == checks.number(3, "x") == 3.0
    assert checks.number(0, "x", low=0, high=1) == 0 and checks.number(1, "x", low=0, high=1) == 1


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "x is None: replace None with your answer."),
        (..., "x is `...`: replace it"),
        (math.nan, "x is NaN (not a number): a count was missing"),
        (np.float64("nan"), "x is NaN"),
        (math.inf, "x is infinite: something was divided by zero"),
        (-math.inf, "x is infinite"),
        (pd.NA, "x is missing (NA)"),
        (True, "x is True (yes or no): give a number"),
        (np.bool_(False), "x is False (yes or no)"),
        ("0.3", "x is text ('0.3'): give the number itself, without quotes"),
        (0.3 + 0j, "x is a complex number"),
        (np.array([0.3]), "x holds several values (an array): pick out"),
        (pd.Series([0.3]), "x holds several values (a Series)"),
        ([0.3], "x holds several values (a list)"),
        (Everything(0.3), "x is a Everything"),
        (print, "x is a function"),
    ],
)
def test_what_is_no_number(value, says):
    assert message(checks.number, value, "x").startswith(says)


def test_a_number_out_of_range_names_the_likely_reason():
    assert message(checks.number, 34, "x", low=0, high=1) == (
        "x is 34, above 1, which can't be: is it a percentage? Give it as a share, from 0 to 1."
    )
    assert "the order of a difference" in message(checks.number, -0.1, "x", low=0, high=1)
    assert "the unit" in message(checks.number, 300, "x", high=200)
    assert "the unit" in message(checks.number, 3, "x", low=5)


def test_close_and_known_mistakes():
    assert checks.close(0.339, 0.339) and checks.close(0.33902, 0.339) and not checks.close(0.34, 0.339)
    assert checks.close(0, 1e-12) and not checks.close(math.nan, math.nan)
    known = {0.5: "You divided by the wrong total: take the other."}
    assert message(checks.mistake, 0.5, known) == known[0.5]
    checks.mistake(0.4, known)
    checks.mistake(0.5, known, unless=0.5)  # here the mistake gives the right answer


def test_numbers_by_name():
    assert checks.numbers(pd.Series({"a": 1, "b": 2}), "x", ["a", "b"]) == {"a": 1.0, "b": 2.0}
    assert (
        message(checks.numbers, {"a": 1}, "x", ["a", "b"])
        == "x says nothing about b: give each of a, b an answer."
    )
    assert message(checks.numbers, {"a": 1, "c": 2}, "x", ["a"]).startswith(
        "x speaks of c, which is not asked"
    )
    assert message(checks.numbers, {"a": math.nan}, "x", ["a"]).startswith("x['a'] is NaN")
    assert message(checks.numbers, [1], "x", ["a"]) == "x is a list: give a dict, as {'a': ...}."
    assert "above 1" in message(checks.numbers, {"a": 2}, "x", ["a"], low=0, high=1)


def test_an_interval():
    assert checks.interval((0.1, np.float64(0.2)), "x") == (0.1, 0.2)
    assert checks.interval(np.array([0.1, 0.1]), "x") == (0.1, 0.1)
    assert "from 0.2 down to 0.1: give the low end first" in message(checks.interval, (0.2, 0.1), "x")
    assert message(checks.interval, 0.2, "x") == "x is a number (0.2): give two numbers, as (low, high)."
    assert "give two numbers" in message(checks.interval, (1, 2, 3), "x")
    assert message(checks.interval, (0.1, None), "x").startswith("the high end of x is None")


# Words and labels


def test_text_choice_and_matching():
    assert checks.text(" ab ", "x") == "ab" and checks.choice(" B", "x", "abc") == "b"
    assert checks.choice("er-positive", "x", ["ER-positive"]) == "ER-positive"
    assert message(checks.choice, "ab", "x", "abc") == "x is 'ab': give one of a, b, c."
    assert checks.matching({"q": "A"}, "x", ["q"], "ab") == {"q": "a"}
    assert message(checks.text, "  ", "x").startswith("x is text")
    assert message(checks.text, 3, "x") == "x is a number (3): give text in quotes."
    assert message(checks.choice, "d", "x", "abc") == "x is 'd': give one of a, b, c."
    assert message(checks.choice, "ab", "x", ["a", "b"]) == "x is 'ab': give one of a, b."
    assert message(checks.choice, 1, "x", "abc") == "x is a number (1): give one of a, b, c, in quotes."
    assert message(checks.choice, "long " * 50, "x", "abc").startswith(
        "x is 'long long long long long long long lon…: give"
    )
    assert message(checks.choice, "", "x", "abc") == "x is '': give one of a, b, c."
    assert message(checks.matching, {"q": "z"}, "x", ["q"], "ab") == "x['q'] is 'z': give one of a, b."


def test_labels():
    known = ["F001", "F002"]
    for given in (["F001"], ("F001",), {"F001"}, pd.Index(["F001"]), pd.Series(["F001"])):
        assert checks.labels(given, "x", known) == {"F001"}
    assert checks.labels([], "x", known) == set()
    assert message(checks.labels, "F001", "x", known) == "x is one piece of text: give a list, as ['F001']."
    assert message(checks.labels, ["F003"], "x", known) == "x holds 'F003': choose from F001, F002."
    assert message(checks.labels, [7], "x", known) == "x holds 7: choose from F001, F002."
    assert "names 'F001' more than once" in message(checks.labels, ["F001", "F001"], "x", known)
    assert "give the list of its row ids" in message(checks.labels, pd.DataFrame(), "x", known)
    assert message(checks.labels, 3, "x", known) == "x is a number (3): give a list."


# Tables

RIGHT = pd.DataFrame({"share": [0.1, 0.2], "kind": ["a", "b"], "fits": [True, False]}, index=["F1", "F2"])


def test_a_frame_is_cut_to_its_columns():
    given = checks.frame(RIGHT.assign(more=1), "x", ["share"], index=["F2", "F1"])
    assert list(given.columns) == ["share"]
    given.loc["F1", "share"] = 9
    assert RIGHT.loc["F1", "share"] == 0.1


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "x is None"),
        (RIGHT["share"], "x is one column or one row (a Series)"),
        ([1], "x is a list: give a DataFrame."),
        (RIGHT.drop(columns="share"), "x has no column share, only kind, fits: name them as asked."),
        (pd.concat([RIGHT, RIGHT]), "x holds the row 'F1' more than once"),
        (pd.concat([RIGHT, RIGHT], axis=1), "x has two columns of one name"),
        (RIGHT.loc[["F1"]], "x lacks 1 row(s): reread"),
        (RIGHT.reindex(["F1", "F2", "F3"]), "x holds 1 row(s) that don't belong, such as 'F3'"),
    ],
)
def test_what_is_no_such_frame(value, says):
    assert message(checks.frame, value, "x", ["share"], index=["F1", "F2"]).startswith(says)


def test_the_same_frame():
    assert checks.same_frame(RIGHT[::-1], RIGHT, "x")
    assert checks.same_frame(RIGHT.astype({"share": "Float64"}), RIGHT, "x")
    assert "in another order" in message(checks.same_frame, RIGHT[::-1], RIGHT, "x", order=True)
    holes = RIGHT.assign(share=[0.1, np.nan])
    assert checks.same_frame(holes, holes, "x")
    assert "row 'F2', column 'share' is missing, and should be filled" in message(
        checks.same_frame, holes, RIGHT, "x"
    )
    assert "is filled, and should be missing" in message(checks.same_frame, RIGHT, holes, "x")
    other = RIGHT.assign(share=[0.1, 0.3])
    assert "row 'F2', column 'share' is 0.3, which is not" in message(checks.same_frame, other, RIGHT, "x")
    assert "column 'kind' is 'c'" in message(checks.same_frame, RIGHT.assign(kind=["a", "c"]), RIGHT, "x")
    assert "column 'fits'" in message(checks.same_frame, RIGHT.assign(fits=[1, 0]), RIGHT, "x")
    assert checks.same_frame(RIGHT.astype({"fits": "boolean"}), RIGHT, "x")
    assert "column 'fits' is True, which" in message(checks.same_frame, RIGHT.assign(fits=True), RIGHT, "x")
    assert "column 'kind' is True" in message(checks.same_frame, RIGHT.assign(kind=True), RIGHT, "x")
    listed = RIGHT.astype({"share": object})
    listed.at["F2", "share"] = [0.2]
    assert "row 'F2', column 'share' holds a list: put" in message(checks.same_frame, listed, RIGHT, "x")
    assert "is text ('0.1')" in message(checks.same_frame, RIGHT.assign(share=["0.1", "0.2"]), RIGHT, "x")
    assert "lacks 1 row" in message(checks.same_frame, RIGHT.loc[["F1"]], RIGHT, "x")


def test_the_same_numbers():
    assert checks.same_numbers([2, 1], [1, 2], "x")
    assert "there are 1 values, and 2 are asked for" in message(checks.same_numbers, [1], [1, 2], "x")
    assert "3 is not one of the values asked for." in message(checks.same_numbers, [1, 3], [1, 2], "x")
    assert "at this place" in message(checks.same_numbers, [2, 1], [1, 2], "x", order=True)
    assert "a value of x is NaN" in message(checks.same_numbers, [1, math.nan], [1, 2], "x")


# Functions


def test_a_function_is_called_with_copies():
    def greedy(frame, items):
        frame["share"] = 0
        items.clear()
        return 1

    frame, items = RIGHT.copy(), [1]
    assert checks.function(greedy, "greedy", frame, items) == 1
    assert frame.equals(RIGHT) and items == [1]


def test_what_a_function_does_wrong():
    def unwritten(x):
        raise NotImplementedError

    assert message(checks.function, None, "f", 1) == "f is None: replace None with your answer."
    assert message(checks.function, 3, "f", 1) == "f is a number (3): define a function with `def f(...):`."
    assert "is not written yet" in message(checks.function, unwritten, "f", 1)
    assert message(checks.function, lambda x: None, "f", 1).startswith("f returns None: end it with a line")
    assert (
        message(checks.function, lambda x: 1 / x, "f", 0)
        == "f(0) stops with ZeroDivisionError: division by zero."
    )
    assert (
        message(checks.function, lambda x: x["b"], "f", RIGHT)
        == "f(a table of 2 rows) stops with KeyError: 'b'."
    )
    assert message(checks.function, lambda: 1, "f", 0).startswith("f(0) stops with TypeError: ")


# Figures

DATA = pd.DataFrame({"share": [0.1, 0.2], "study": ["A", "B"], "up": [0.05, 0.1], "down": [0.02, 0.04]})


def drawn(**options):
    return px.scatter(DATA, x="share", y="study", error_x="up", error_x_minus="down", **options)


@pytest.mark.parametrize("travelled", [False, True])
def test_points_of_a_figure(travelled):
    fig = drawn()
    fig.add_scatter(x=[0.5], y=["C"], visible=False)
    fig.add_scatter(x=[0.5, 0.6], y=["C", "D"], mode="lines")
    fig.add_scatter(
        x=[0.7, None], y=["E", "F"], text=["words", ""], mode="markers", name="more", error_x={"array": [0.1]}
    )
    fig = pio.from_json(fig.to_json()) if travelled else fig
    shown = checks.points(checks.figure(fig, "fig"))
    assert shown["x"].tolist() == [0.1, 0.2, 0.7] and shown["y"].tolist() == ["A", "B", "E"]
    assert shown["x_low"].tolist() == pytest.approx([0.08, 0.16, 0.6])
    assert shown["x_high"].tolist() == pytest.approx([0.15, 0.3, 0.8])
    assert (
        shown["y_low"].isna().all() and shown["trace"].iloc[2] == "more" and shown["text"].iloc[2] == "words"
    )


def test_bars_and_whiskers_that_are_switched_off():
    fig = px.bar(DATA, x="study", y="share", error_y="up")
    shown = checks.points(fig)
    assert shown["y"].tolist() == [0.1, 0.2] and shown["y_low"].tolist() == pytest.approx([0.05, 0.1])
    fig = go.Figure(go.Bar(x=["A"], y=[np.int64(2)], error_y={"array": [1]}))
    assert checks.points(fig)["y_high"].tolist() == [3]
    fig.update_traces(error_y_visible=False)
    assert checks.points(fig)["y_low"].isna().all()


def test_axes():
    fig = drawn(log_x=True, labels={"share": "Share of all<br>cancer  Patients"})
    assert checks.axis_title(fig) == "share of all cancer patients" and checks.axis_title(go.Figure()) == ""
    assert checks.axis_is_log(fig) and not checks.axis_is_log(fig, "y") and not checks.axis_is_log(drawn())


def test_what_is_no_figure():
    assert message(checks.figure, None, "fig") == "fig is None: replace None with your answer."
    assert message(checks.figure, drawn().data[0], "fig").startswith("fig is a Scatter: give a plotly figure")
    for empty in (go.Figure(), px.scatter(DATA.head(0), x="share", y="study"), px.pie(DATA, values="share")):
        assert "shows no point" in message(checks.figure, empty, "fig")
