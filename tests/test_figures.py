"""The figures show what they were given: labels, order, numbers, addresses; or refuse."""

import numpy as np
import pandas as pd
import pytest

from skinmet import figures, synthesis
from skinmet.figures import measure, style


def words(fig):
    """All text written on a figure, in reading order of its making."""
    written = [a.text for a in fig.layout.annotations]
    for trace in fig.data:
        if trace.type == "scatter" and trace.mode == "text":
            written += list(trace.text)
    return written


@pytest.fixture
def studies():
    frame = pd.DataFrame(
        {
            "study": ["Small 2001", "Middle 2002", "Large 2003"],
            "events": [1, 12, 90],
            "total": [10, 60, 500],
            "unit": "patients",
            "seen_as": ["abstract", "secondary", "fulltext"],
            "count_basis": ["stated", "derived", "stated"],
            "citekey": ["small2001", "middle2002", "large2003"],
        },
        index=pd.Index(["R1", "R2", "R3"], name="row_id"),
    )
    frame["estimate"] = frame["events"] / frame["total"]
    frame["ci_low"], frame["ci_high"] = synthesis.proportion_ci(frame["events"], frame["total"])
    return frame


def plain(frame, **more):
    return figures.intervals(
        frame, table="d/t", title="A title", x_title="share of patients", name="n", **more
    )


def test_intervals_show_rows_in_the_order_given(studies):
    fig = plain(studies)
    trace = fig.data[0]
    assert list(trace.x) == pytest.approx([0.1, 0.2, 0.18])
    assert list(trace.customdata) == ["d/t:R1", "d/t:R2", "d/t:R3"]
    assert list(trace.y) == sorted(trace.y, reverse=True)
    assert "1/10 · 10% (1.8 to 40%)".replace("%)", ")") in words(fig)


def test_intervals_mark_what_was_worked_out_or_second_hand(studies):
    fig = plain(studies)
    assert list(fig.data[0].marker.symbol) == ["circle", "square-open", "circle"]
    key = words(fig)[-1].replace("<br>", "")
    assert "numerator worked out" in key and "second-hand" in key


def test_borrowed_rows_have_their_own_colour_and_a_dagger(studies):
    fig = plain(studies.assign(borrowed=[True, False, False]))
    assert list(fig.data[0].marker.color) == [style.BORROWED, style.EVIDENCE, style.EVIDENCE]
    daggers = ["†" in w for w in words(fig) if "200" in w]
    assert daggers == [True, False, False]  # told apart without colour, too
    assert "† purple" in words(fig)[-1].replace("<br>", " ")


def test_a_summary_of_ours_is_a_diamond_of_its_own_colour(studies):
    fig = plain(studies.assign(pooled=[False, False, True]))
    assert fig.data[0].marker.symbol[2] == "diamond" and fig.data[0].marker.color[2] == style.POOLED


def test_intervals_keep_the_data_behind_the_figure(studies):
    meta = plain(studies).layout.meta
    assert meta["name"] == "n"
    assert meta["data"]["columns"][0] == "address" and "citekey" in meta["data"]["columns"]
    assert [row[0] for row in meta["data"]["rows"]] == ["d/t:R1", "d/t:R2", "d/t:R3"]


def test_whole_addresses_in_the_index_are_kept(studies):
    studies.index = [f"other/table:{r}" for r in studies.index]
    fig = figures.intervals(studies, title="A title", x_title="share", name="n")
    assert list(fig.data[0].customdata) == list(studies.index)


def test_groups_become_headings(studies):
    fig = plain(studies.assign(place=["clinic", "clinic", "archive"]), group="place")
    assert [w for w in words(fig) if w in ("<b>clinic</b>", "<b>archive</b>")] == [
        "<b>clinic</b>",
        "<b>archive</b>",
    ]


def test_a_claim_is_drawn_as_a_cross(studies):
    fig = plain(studies.assign(said=[np.nan, 0.45, np.nan]), claimed="said")
    cross = fig.data[1]
    assert list(cross.x) == [0.45] and cross.marker.symbol == "x-thin"
    assert cross.y[0] == fig.data[0].y[1]
    assert fig.layout.xaxis.range[1] > 0.45


def test_the_band_of_an_article_stands_at_its_place_on_a_logarithmic_axis(studies):
    fig = plain(studies, log=True, band=(0.2, 0.25, "article A"))
    label = next(a for a in fig.layout.annotations if a.text == "article A")
    assert label.x == pytest.approx(np.log10(0.25))
    assert fig.layout.shapes[0].x0 == 0.2


def test_no_rows_or_no_estimate_is_refused(studies):
    with pytest.raises(ValueError, match="no rows"):
        plain(studies.iloc[:0])
    studies.loc["R2", "estimate"] = np.nan
    with pytest.raises(ValueError, match="R2"):
        plain(studies)


def test_no_title_line_is_wider_than_a_phone():
    fig = style.base("word " * 40, height=100, x_title="share of patients " * 8)
    title = next(a.text for a in fig.layout.annotations if a.name == "title")
    assert max(measure.width(line, 15, bold=True) for line in title.split("<br>")) <= measure.PHONE
    below = fig.layout.xaxis.title.text.split("<br>")
    assert len(below) > 1 and max(measure.width(line, 12) for line in below) <= measure.PHONE


def forest(studies, choices):
    return figures.forest(studies, choices, table="d/t", title="A title", x_title="share", name="n")


def test_the_switch_shows_one_choice_at_a_time(studies):
    everything = synthesis.pool_proportions(studies["events"], studies["total"])
    stated = studies["count_basis"] == "stated"
    fewer = synthesis.pool_proportions(studies["events"][stated], studies["total"][stated])
    fig = forest(
        studies,
        [figures.Choice("All", [True] * 3, everything), figures.Choice("Stated", stated, fewer),
         figures.Choice("One", [True, False, False], None)],
    )  # fmt: skip
    menu = fig.layout.updatemenus[0]
    assert [b.label for b in menu.buttons] == ["All", "Stated", "One"]
    masks = [b.args[0]["visible"] for b in menu.buttons]
    assert [sum(column) for column in zip(*masks, strict=True)] == [1] * len(fig.data)
    assert [bool(t.visible) for t in fig.data] == masks[0]
    assert any(f"k = {fewer.k}" in w for w in words(fig))
    assert any("not pooled" in w for w in words(fig))
    faint = [t for t in fig.data if t.customdata is not None][1]
    assert list(faint.marker.color) == [style.EVIDENCE, style.FAINT, style.EVIDENCE]


def test_the_diamond_stands_where_the_pooled_estimate_is(studies):
    pooled = synthesis.pool_proportions(studies["events"], studies["total"])
    fig = forest(studies, [figures.Choice("All", [True] * 3, pooled)])
    diamond = next(t for t in fig.data if t.fill == "toself")
    assert list(diamond.x) == pytest.approx(
        [pooled.ci_low, pooled.estimate, pooled.ci_high, pooled.estimate, pooled.ci_low]
    )
    assert any(f"I² {100 * pooled.i2:.0f}%" in w for w in words(fig))


def test_a_forest_plot_without_rows_or_with_a_wrong_choice_is_refused(studies):
    with pytest.raises(ValueError, match="needs rows"):
        forest(studies.iloc[:0], [figures.Choice("All", [], None)])
    with pytest.raises(ValueError, match="keeps 2 rows of 3"):
        forest(studies, [figures.Choice("Two", [True, True], None)])


def test_parts_add_up_along_the_bar():
    frame = pd.DataFrame(
        {"whole": ["all", "all", "few"], "total": [100, 100, 20], "part": ["a", "b", "a"],
         "events": [30, 50, 5], "address": ["d/t:A", "d/t:B", "d/t:C"]}
    )  # fmt: skip
    fig = figures.parts(frame, title="T", x_title="patients", name="n", colours={"b": "#a9c9de"})
    drawn = [(t.base[0], t.x[0], t.customdata[0]) for t in fig.data]
    assert drawn == [(0, 100, ""), (0, 30, "d/t:A"), (30, 50, "d/t:B"), (0, 20, ""), (0, 5, "d/t:C")]
    assert any("b: 50, 50%" in w for w in words(fig))
    on_pale = next(a for a in fig.layout.annotations if a.text == "50")
    assert on_pale.font.color == style.INK
    with pytest.raises(ValueError, match="no parts"):
        figures.parts(frame.iloc[:0], title="T", x_title="x", name="n")


def test_the_chain_draws_one_branch_per_copy():
    frame = pd.DataFrame(
        {"original": ["O", "O", "P"], "copy": ["first", "second", "third"], "printed": "30%",
         "error": "denominator dropped", "certainty": ["certain", "probable", "possible"],
         "address": ["d/t:1", "d/t:2", "d/t:3"]}
    )  # fmt: skip
    fig = figures.chain(frame, title="T", name="n")
    assert [t.line.dash for t in fig.data if t.mode == "lines"] == ["solid", "dash", "dot"]
    assert [t.customdata[0] for t in fig.data if t.mode == "markers"] == ["d/t:1", "d/t:2", "d/t:3"]
    with pytest.raises(ValueError, match="no copies"):
        figures.chain(frame.iloc[:0], title="T", name="n")


def test_the_body_map_never_mixes_series():
    rows = pd.DataFrame(
        {"site": ["trunk", "head"], "site_group": ["trunk", "head_neck"], "events": [8, 2], "total": 10,
         "unit": "patients"}, index=["S1", "S2"],
    )  # fmt: skip
    fig = figures.bodymap({"one": rows, "two": rows.iloc[:1]}, table="d/t", title="T", name="n")
    assert [len(t.x) for t in fig.data] == [2, 2, 1, 1]
    assert [b.args[0]["visible"] for b in fig.layout.updatemenus[0].buttons] == [
        [True, True, False, False], [False, False, True, True]
    ]  # fmt: skip
    assert fig.data[0].marker.size[0] / fig.data[0].marker.size[1] == pytest.approx(2.0)
    with pytest.raises(ValueError, match="elbow"):
        figures.bodymap({"one": rows.assign(site_group="elbow")}, table="d/t", title="T", name="n")
    with pytest.raises(ValueError, match="no series"):
        figures.bodymap({}, table="d/t", title="T", name="n")
