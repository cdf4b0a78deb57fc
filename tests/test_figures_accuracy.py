"""Figures of accuracy: both shares of each study, and stains on the plane of positives."""

import pandas as pd
import pytest

from skinmet import figures, synthesis
from skinmet.figures import style


@pytest.fixture
def series():
    frame = pd.DataFrame(
        {"study": ["One 2001", "Two 2002", "Three 2003"], "unit": ["patients", "lesions", "patients"],
         "tp": [27, 41, 16], "fp": [6, 8, 2], "fn": [2, 2, 1], "tn": [22, 213, 8], "borrowed": True,
         "seen_as": ["abstract", "secondary", "abstract"], "status": "complete", "citekey": "a2001"},
        index=["R1", "R2", "R3"],
    )  # fmt: skip
    for share, hits, misses in (("sensitivity", "tp", "fn"), ("specificity", "tn", "fp")):
        total = frame[hits] + frame[misses]
        frame[share] = frame[hits] / total
        frame[f"{share}_low"], frame[f"{share}_high"] = synthesis.proportion_ci(frame[hits], total)
    return frame


def paired(series, choices):
    return figures.paired(series, choices, table="d/t", title="T", x_title="shares", name="n")


def test_both_shares_of_a_study_stand_on_one_line(series):
    fig = paired(series, [figures.Choice("All", [True] * 3, None)])
    left, right, words = fig.data
    assert list(left.x) == pytest.approx([27 / 29, 41 / 43, 16 / 17]) and left.xaxis == "x"
    assert list(right.x) == pytest.approx([22 / 28, 213 / 221, 8 / 10]) and right.xaxis == "x2"
    assert left.y == right.y and list(left.y) == sorted(left.y, reverse=True)
    assert list(left.customdata) == list(right.customdata) == ["d/t:R1", "d/t:R2", "d/t:R3"]
    assert list(left.marker.symbol) == ["circle", "circle-open", "circle"]
    assert set(left.marker.color) == {style.BORROWED}
    written = [a.text for a in fig.layout.annotations]
    assert {"27/29", "22/28", "<b>sensitivity</b>", "<b>specificity</b>", "One 2001"} <= set(written)
    assert "27 of 29, 93%" in left.text[0]
    assert "lesions and patients mixed" in words.text[0] and "29" not in words.text[0]
    assert fig.layout.xaxis.domain[1] < fig.layout.xaxis2.domain[0]


def test_the_switch_fades_what_it_leaves_out_and_adds_up_one_unit(series):
    kept = series["unit"] == "patients"
    choices = [figures.Choice("All", [True] * 3, None), figures.Choice("Patients", kept, None)]
    fig = paired(series, choices)
    masks = [b.args[0]["visible"] for b in fig.layout.updatemenus[0].buttons]
    assert masks == [[True] * 3 + [False] * 3, [False] * 3 + [True] * 3]
    assert list(fig.data[3].marker.color) == [style.BORROWED, style.FAINT, style.BORROWED]
    assert "43/46, 93% and 30/38, 79%" in fig.data[5].text[0] and "no pooled estimate" in fig.data[5].text[0]


def test_a_paired_plot_without_rows_or_with_a_wrong_choice_is_refused(series):
    with pytest.raises(ValueError, match="needs rows"):
        paired(series.iloc[:0], [figures.Choice("All", [], None)])
    with pytest.raises(ValueError, match="at least one choice"):
        paired(series, [])
    with pytest.raises(ValueError, match="'Two' keeps 2 rows of 3"):
        paired(series, [figures.Choice("Two", [True, True], None)])


@pytest.fixture
def stains():
    frame = pd.DataFrame(
        {"series": ["first"] * 4 + ["second"], "marker": ["GATA3", "p63", "CK5/6", "D2-40", "GATA3"],
         "wanted": [0.97, 0.06, 0.06, 0.06, 0.43], "others": [0.71, 0.81, 0.71, 0.52, 0.70],
         "address": [f"d/t:{i}" for i in range(5)], "counts": "32 of 33 and 15 of 21",
         "borrowed": [False] * 4 + [True], "count_basis": ["derived"] * 4 + ["stated"],
         "seen_as": "abstract", "status": "complete", "citekey": "a2001"},
    )  # fmt: skip
    for share, less, more in (("wanted", 0.05, 0.01), ("others", 0.04, 0.02)):
        frame[f"{share}_low"], frame[f"{share}_high"] = frame[share] - less, frame[share] + more
    return frame


def plane(stains):
    return figures.plane(
        stains, title="T", x_title="others that stain", y_title="metastases that stain", name="n"
    )


def test_stains_stand_where_both_groups_put_them(stains):
    fig = plane(stains)
    first, second = fig.data
    assert list(first.x) == [0.71, 0.81, 0.71, 0.52] and list(first.y) == [0.97, 0.06, 0.06, 0.06]
    assert list(first.text) == ["GATA3", "p63", "CK5/6", "D2-40"]
    assert list(first.error_x.array) == pytest.approx([0.02] * 4)
    assert list(first.error_y.arrayminus) == pytest.approx([0.05] * 4)
    assert list(first.customdata) == ["d/t:0", "d/t:1", "d/t:2", "d/t:3"]
    assert set(first.marker.symbol) == {"square"} and set(second.marker.color) == {style.BORROWED}
    assert [b.label for b in fig.layout.updatemenus[0].buttons] == ["first", "second"]
    assert first.visible and not second.visible
    key = " ".join(a.text.replace("<br>", " ") for a in fig.layout.annotations)
    assert "metastases that stain" in key and "borrowed" in key and "worked out" in key


def test_names_of_close_stains_do_not_cover_each_other(stains):
    places = dict(zip(plane(stains).data[0].text, plane(stains).data[0].textposition, strict=True))
    assert places["D2-40"].split()[0] != places["CK5/6"].split()[0] != places["p63"].split()[0]


def test_one_series_needs_no_menu_and_none_is_refused(stains):
    assert not plane(stains[stains["series"] == "first"]).layout.updatemenus
    with pytest.raises(ValueError, match="no stains"):
        plane(stains.iloc[:0])
