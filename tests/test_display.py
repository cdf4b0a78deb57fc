"""Outputs are plain, escaped, and equal from run to run."""

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from skinmet import display, wording


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(display, "display", lambda bundle, raw: outputs.append(bundle))
    return outputs


def test_a_figure_is_stored_as_plain_rounded_json(shown):
    fig = go.Figure(go.Scatter(x=np.array([1, 2]), y=np.array([1 / 3, np.nan])))
    display.show(fig, "Two points, one of them missing, on a line.")
    stored = shown[0][display.PLOTLY]
    assert stored["data"][0]["y"] == [0.333333, None]
    assert (
        stored["layout"]["meta"]["alt"]
        == shown[0]["text/plain"]
        == "Two points, one of them missing, on a line."
    )
    assert "bdata" not in json.dumps(stored) and json.loads(json.dumps(stored)) == stored


def test_a_figure_needs_words(shown):
    with pytest.raises(ValueError, match="alt must say"):
        display.show(go.Figure(), "short")
    assert shown == []


def test_a_table_escapes_its_cells_and_links_its_rows(shown):
    frame = pd.DataFrame({"a": ["<script>x</script>", "[Bastard 2019](#ref-b)"], "n": [1.23456, np.nan]},
                         index=pd.Index(["F1", "F2"], name="row_id"))  # fmt: skip
    display.table(frame, source="d/t", caption="5 < 6")
    markup = shown[0]["text/html"]
    assert "<script>" not in markup and "&lt;script&gt;" in markup and "5 &lt; 6" in markup
    assert "<a href='#ref-b'>Bastard 2019</a>" in markup
    assert "href='../data/d/t.csv'" in markup and "title='d/t:F1'" in markup
    assert "<td class='number'>1.235</td>" in markup and "<td class='number'></td>" in markup


def test_the_head_of_a_column_of_numbers_stands_over_them(shown):
    display.table(pd.DataFrame({"what": ["a", "b"], "people": [None, 12], "none": [None, None]}))
    markup = shown[0]["text/html"]
    assert "<th scope='col'>what</th>" in markup and "<th scope='col' class='number'>people</th>" in markup
    assert "<th scope='col'>none</th>" in markup


def test_a_dangerous_link_stays_text(shown):
    display.table(pd.DataFrame({"a": ["[click](javascript:alert(1))"]}))
    assert "href" not in shown[0]["text/html"]


def test_a_long_table_says_what_it_leaves_out(shown):
    display.table(pd.DataFrame({"a": range(9)}), limit=4)
    assert "5 more rows" in shown[0]["text/html"]


def test_works_behind_figures_and_tables_are_remembered(shown):
    fig = go.Figure()
    fig.update_layout(
        meta={"data": {"columns": ["address", "citekey"], "rows": [["d/t:1", "zz2001"], ["d/t:2", None]]}}
    )
    display.show(fig, "A figure with a single work behind it.")
    display.table(pd.DataFrame({"citekey": ["yy2002"], "a": [1]}), columns={"a": "A"})
    assert {"zz2001", "yy2002"} <= set(display.works_shown())


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0%"), (0.0011107, "0.11%"), (0.0339, "3.4%"), (0.0995, "10%"), (0.3, "30%"), (1, "100%"),
     (0.9999, "over 99%"), (1e-7, "under 0.001%"), (float("nan"), "–")],
)  # fmt: skip
def test_shares_for_people(value, words):
    assert wording.percent(value) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0"), (9.21, "9.21"), (0.0123, "0.0123"), (15, "15"), (1234.5, "1,234")]
)
def test_numbers_for_people(value, words):
    assert wording.number(value) == words


def test_extremes_name_the_lowest_and_the_highest():
    frame = pd.DataFrame({"study": ["A", "B"], "estimate": [0.5, 0.1]})
    assert wording.extremes(frame) == "2 rows; lowest B, 10%; highest A, 50%"
