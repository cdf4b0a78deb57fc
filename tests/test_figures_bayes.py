"""The Bayes figures: what they show is what the library computes, at every setting of menu and slider."""

import math

import numpy as np
import pandas as pd
import pytest

from skinmet import figures, synthesis
from skinmet.figures import bayes, style

TABLES = {"d/t:A": (74, 10, 3, 88), "d/t:B": (32, 15, 1, 6)}


def logit(p):
    return math.log(p / (1 - p))


def expit(x):
    return 1 / (1 + math.exp(-x))


@pytest.fixture
def tests():
    rows = []
    for cells in TABLES.values():
        lr = synthesis.likelihood_ratios(*cells)
        rows.append([*lr.positive, *lr.negative])
    frame = pd.DataFrame(rows, columns=bayes.RATIOS, index=list(TABLES))
    return frame.assign(
        test=["needle", "stain"], detail="found 74 of 77", if_positive=["positive", "stains"],
        if_negative=["negative", "does not stain"], borrowed=[True, False], citekey=["a2001", "b2002"],
        seen_as=["abstract", "abstract"], status=["incomplete", "complete"],
    )  # fmt: skip


@pytest.fixture
def pre_tests():
    return pd.DataFrame(
        {"estimate": [0.017, 0.44, 0.762], "words": ["as in: screening", "", "as in: clinic"]}
    )


def moved(tests, pre_tests, **more):
    options = {"start": 0.44, "title": "T", "x_title": "probability", "name": "n", **more}
    return figures.before_after(tests, pre_tests, synthesis.post_test, **options)


def test_the_start_is_what_the_library_computes(tests, pre_tests):
    fig = moved(tests, pre_tests)
    before, positive, negative = map(expit, fig.data[1].x)
    assert before == pytest.approx(0.44)
    assert positive == pytest.approx(synthesis.post_test(0.44, tests["lr_positive"].iloc[0]))
    assert negative == pytest.approx(synthesis.post_test(0.44, tests["lr_negative"].iloc[0]))
    low = expit(fig.data[1].x[1] - fig.data[1].error_x.arrayminus[1])
    assert low == pytest.approx(synthesis.post_test(0.44, tests["lr_positive_low"].iloc[0]))
    assert list(fig.data[1].customdata) == [None, "d/t:A", "d/t:A"]
    assert "positive: <b>88%</b> (80 to 93)" in fig.data[2].text
    assert "negative: <b>3.3%</b> (1.1 to 9.4)" in fig.data[2].text


def test_every_step_of_the_slider_moves_every_test(tests, pre_tests):
    fig = moved(tests, pre_tests)
    slider = fig.layout.sliders[0]
    assert [s.label for s in slider.steps] == ["1.7%", "44%", "76%"] and slider.active == 1
    for step, p in zip(slider.steps, pre_tests["estimate"], strict=True):
        change, traces = step.args
        assert list(traces) == list(range(len(fig.data)))
        for i in range(len(tests)):
            marks = change["x"][3 * i + 1]
            after = synthesis.post_test(p, tests["lr_positive"].iloc[i])
            assert marks[:2] == pytest.approx([logit(p), logit(after)])
            assert change["x"][3 * i][1] == marks[1], "the arrow ends at its mark"
            assert len(change["x"][3 * i + 2]) == len(change["text"][3 * i + 2])
    assert "as in: screening" in slider.steps[0].args[0]["text"][2][1]
    assert "14%" in slider.steps[0].args[0]["text"][2][2]


def test_an_arrow_keeps_its_length_wherever_it_starts(tests, pre_tests):
    fig = moved(tests, pre_tests)
    marks = [step.args[0]["x"][1] for step in fig.layout.sliders[0].steps]
    assert [b - a for a, b, _ in marks] == pytest.approx([math.log(tests["lr_positive"].iloc[0])] * 3)


def test_the_menu_shows_one_test_and_leaves_the_slider_alone(tests, pre_tests):
    fig = moved(tests, pre_tests)
    buttons = fig.layout.updatemenus[0].buttons
    assert [b.label for b in buttons] == ["needle", "stain"]
    assert [b.args[0]["visible"] for b in buttons] == [[True] * 3 + [False] * 3, [False] * 3 + [True] * 3]
    assert [bool(t.visible) for t in fig.data] == [True] * 3 + [False] * 3


def test_people_are_counted_out_of_a_thousand(tests, pre_tests):
    counts = moved(tests, pre_tests).data[2].text[-1]
    # 44% of 1,000; 74/77 of them and 10/98 of the others have a positive result
    assert "440 have it, 423 of them test positive" in counts and "560 do not, and 57 of those" in counts


def test_borrowed_and_incomplete_tests_look_it(tests, pre_tests):
    fig = moved(tests, pre_tests)
    assert fig.data[1].marker.symbol[1] == "triangle-right-open"
    assert fig.data[1].marker.color[1] == style.BORROWED
    assert fig.data[4].marker.symbol[1] == "triangle-right" and fig.data[4].marker.color[1] == style.EVIDENCE
    key = " ".join(a.text.replace("<br>", " ") for a in fig.layout.annotations)
    assert "borrowed" in key and "hollow" in key
    plain = moved(tests.assign(borrowed=False, status="complete"), pre_tests)
    assert "borrowed" not in " ".join(a.text for a in plain.layout.annotations)


def test_a_probability_beyond_the_axis_is_put_at_its_end(tests, pre_tests):
    fig = moved(tests.assign(lr_positive_high=1e9), pre_tests)
    end = fig.data[1].x[1] + fig.data[1].error_x.array[1]
    assert end == pytest.approx(logit(bayes.ENDS[1]))


def test_the_data_behind_are_kept(tests, pre_tests):
    meta = moved(tests, pre_tests).layout.meta
    assert meta["name"] == "n" and meta["data"]["columns"][0] == "address"
    assert [row[0] for row in meta["data"]["rows"]] == list(TABLES)
    assert "citekey" in meta["data"]["columns"] and "lr_negative_high" in meta["data"]["columns"]


def test_what_cannot_be_drawn_is_refused(tests, pre_tests):
    with pytest.raises(ValueError, match=r"start 0\.5 is none of the steps"):
        moved(tests, pre_tests, start=0.5)
    with pytest.raises(ValueError, match="no tests"):
        moved(tests.iloc[:0], pre_tests)
    with pytest.raises(ValueError, match=r"lack the columns \['lr_negative_low'\]"):
        moved(tests.drop(columns="lr_negative_low"), pre_tests)
    with pytest.raises(ValueError, match="lack the columns"):
        figures.curves(
            tests.drop(columns="detail"), pre_tests, synthesis.post_test, title="T", x_title="x", name="n"
        )


def test_curves_pass_through_the_marked_starts(tests, pre_tests):
    fig = figures.curves(tests, pre_tests, synthesis.post_test, title="T", x_title="before", name="n")
    band, line, marks, _, below, _ = fig.data[:6]
    assert list(marks.x) == pre_tests["estimate"].tolist()
    expected = synthesis.post_test(pre_tests["estimate"], tests["lr_positive"].iloc[0])
    assert list(marks.y) == pytest.approx(list(expected))
    assert list(marks.text) == ["1.7% → 14%", "44% → 88%", "76% → 97%"]
    assert list(marks.customdata) == ["d/t:A"] * 3
    assert "(80 to 93)" in marks.hovertext[1]
    assert (line.y[0], line.y[-1]) == (0, 1) and np.all(np.diff(line.y) > 0)
    half = len(band.y) // 2
    assert np.all(np.array(band.y[:half]) <= np.array(line.y) + 1e-12)
    assert np.all(np.array(band.y[half:])[::-1] >= np.array(line.y) - 1e-12)
    assert line.line.dash == "solid" and below.line.dash == "dash" and below.y[25] < 0.5 < line.y[25]
    assert [sum(b.args[0]["visible"]) for b in fig.layout.updatemenus[0].buttons] == [6, 6]


@pytest.fixture
def combined():
    return pd.DataFrame(
        {"words": ["one", "+ two"], "product": [0.83, 0.9976], "low": [0.83, 0.82], "high": [0.83, 1.0]}
    )


def test_the_product_stands_beside_what_the_counts_allow(combined):
    fig = figures.product_and_bounds(combined, title="T", x_title="x", name="n")
    bar, cross = fig.data[1], fig.data[2]
    assert [expit(v) for v in bar.x] == pytest.approx([0.82, bayes.ENDS[1]])
    assert [expit(v) for v in cross.x] == pytest.approx([0.83, 0.9976])
    assert cross.marker.line.color == style.CLAIM and cross.text[1] == "wrong: ratios multiplied, 99.8%"
    written = [a.text for a in fig.layout.annotations]
    assert "the counts allow 83%" in written and "the counts allow 82% to 100%" in written
    assert "product: 99.8%" in written and any("wrong analysis" in w for w in written)


def test_a_product_outside_its_bounds_is_refused(combined):
    with pytest.raises(ValueError, match=r"'one': product 0\.5 lies outside 0\.83"):
        figures.product_and_bounds(combined.assign(product=0.5), title="T", x_title="x", name="n")
    with pytest.raises(ValueError, match="no combinations"):
        figures.product_and_bounds(combined.iloc[:0], title="T", x_title="x", name="n")
