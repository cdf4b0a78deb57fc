"""Pairs, stacked forest plots, a slider of settings, and the arcs of randomised comparisons."""

import pandas as pd
import pytest

from skinmet import figures, synthesis
from skinmet.figures import style

ROWS = pd.DataFrame(
    {
        "study": ["Ada", "Ada", "Bea", "Bea"],
        "pair": ["Ada: gone", "Ada: gone", "Bea: gone", "Bea: gone"],
        "kind": ["lesions", "patients", "patients", "lesions"],
        "events": [80, 5, 6, 30],
        "total": [100, 10, 12, 40],
        "estimate": [0.8, 0.5, 0.5, 0.75],
        "ci_low": [0.7, 0.2, 0.25, 0.6],
        "ci_high": [0.87, 0.8, 0.75, 0.9],
        "seen_as": ["abstract", "abstract", "secondary", "abstract"],
        "count_basis": ["derived", "stated", "stated", "stated"],
        "borrowed": [False, False, False, True],
        "citekey": ["ada2000", "ada2000", "bea2001", "bea2001"],
    },
    index=["L1", "L2", "L3", "L4"],
)


def written(fig):
    """All words on a figure, annotations and text traces."""
    traces = [t for trace in fig.data if trace.mode == "text" for t in trace.text]
    return [a.text for a in fig.layout.annotations] + traces


# pairs


def draw_pairs(frame=ROWS, **more):
    given = {"kinds": ("patients", "lesions"), "title": "T", "x_title": "x", "name": "n", "table": "t/u"}
    return figures.pairs(frame, **{**given, **more})


def test_pairs_puts_the_first_kind_above_the_second_whatever_the_order_of_rows():
    fig = draw_pairs()
    marks = [trace for trace in fig.data if trace.mode == "markers"]
    assert [list(m.customdata) for m in marks] == [["t/u:L2", "t/u:L1"], ["t/u:L3", "t/u:L4"]]
    assert [list(m.x) for m in marks] == [[0.5, 0.8], [0.5, 0.75]]
    assert all(m.y[0] > m.y[1] for m in marks) and marks[0].y[1] > marks[1].y[0]
    assert list(marks[0].error_x.arrayminus) == pytest.approx([0.3, 0.1])


def test_pairs_shape_tells_the_kind_and_filling_what_was_read():
    marks = [trace for trace in draw_pairs().data if trace.mode == "markers"]
    assert list(marks[0].marker.symbol) == ["circle", "diamond"]
    assert list(marks[1].marker.symbol) == ["circle-open", "diamond"]
    assert list(marks[1].marker.color) == [style.EVIDENCE, style.BORROWED]


def test_pairs_writes_both_figures_and_a_key_of_what_is_in_use():
    words = written(draw_pairs())
    assert "● patients 50% (20 to 80)" in words and "◆ lesions ≈80% (70 to 87)" in words
    key = draw_pairs().layout.annotations[-1].text.replace("<br>", " ")
    assert "≈ numerator worked out" in key and "hollow" in key and "purple" in key
    plain = ROWS.iloc[:2].assign(count_basis="stated")
    assert draw_pairs(plain).layout.annotations[-1].text == "● patients · ◆ lesions"


def test_pairs_writes_each_side_in_the_colour_of_its_mark():
    words = next(trace for trace in draw_pairs().data if trace.mode == "text")
    assert list(words.text)[::3] == ["Ada: gone", "Bea: gone"]
    assert list(words.textposition[:3]) == ["middle right", "middle right", "middle left"]
    assert list(words.textfont.color[4:]) == [style.EVIDENCE, style.BORROWED]


def test_pairs_joins_the_two_estimates_with_a_line():
    lines = [trace for trace in draw_pairs().data if trace.mode == "lines"]
    assert [list(line.x) for line in lines] == [[0.5, 0.8], [0.5, 0.75]]


def test_pairs_cuts_intervals_at_the_axis_and_takes_a_logarithmic_one():
    fig = draw_pairs(x_range=(0.4, 1))
    assert next(t for t in fig.data if t.mode == "markers").error_x.arrayminus[0] == pytest.approx(0.1)
    assert "● patients 50% (20 to 80)" in written(fig)  # the words keep the whole interval
    counts = ROWS.drop(columns=["ci_low", "ci_high", "events", "total"]).assign(estimate=[80.0, 5, 6, 30])
    fig = draw_pairs(counts, percent=False, log=True)
    assert fig.layout.xaxis.type == "log" and "◆ lesions ≈80" in written(fig)


def test_pairs_keeps_the_rows_with_their_works():
    behind = draw_pairs().layout.meta["data"]
    assert behind["columns"][:3] == ["address", "pair", "kind"] and "citekey" in behind["columns"]
    assert [row[2] for row in behind["rows"]] == list(ROWS["kind"])
    by_unit = draw_pairs(ROWS.rename(columns={"kind": "unit"}), kind="unit").layout.meta["data"]["columns"]
    assert by_unit.count("unit") == 1


def test_pairs_names_the_pair_that_is_not_one():
    with pytest.raises(ValueError, match=r"'Bea: gone' needs one row of each.*it has \['patients'\]"):
        draw_pairs(ROWS.iloc[:3])
    with pytest.raises(ValueError, match="no pairs"):
        draw_pairs(ROWS.iloc[:0])


# stacked


def choices(frame, *names):
    pooled = synthesis.pool_proportions(frame["events"], frame["total"])
    keep = [True] * len(frame)
    return [figures.Choice(n, keep, pooled if i == 0 else None) for i, n in enumerate(names)]


def panels(names=("All", "Few"), others=("All", "Few")):
    people, lesions = ROWS[ROWS["kind"] == "patients"], ROWS[ROWS["kind"] == "lesions"]
    return [
        figures.Panel("PEOPLE", people, choices(people, *names)),
        figures.Panel("LESIONS", lesions, choices(lesions, *others)),
    ]


def draw_stacked(stack):
    return figures.stacked(stack, table="t/u", title="T", x_title="x", name="n")


def test_stacked_gives_each_panel_its_own_rows_and_summary():
    stack = panels()
    fig = draw_stacked(stack)
    first, second = [t for t in fig.data if t.customdata is not None and t.visible]
    assert list(first.customdata) == ["t/u:L2", "t/u:L3"] and list(second.customdata) == ["t/u:L1", "t/u:L4"]
    diamonds = [t for t in fig.data if t.fill == "toself"]
    assert [d.x[1] for d in diamonds] == [p.choices[0].pooled.estimate for p in stack]
    assert min(first.y) > diamonds[0].y[0] > max(second.y) and min(second.y) > diamonds[1].y[0] > 0
    assert {"<b>PEOPLE</b>", "<b>LESIONS</b>"} <= set(written(fig))


def test_stacked_switches_all_panels_at_once():
    fig = draw_stacked(panels())
    settings = [list(b.args[0]["visible"]) for b in fig.layout.updatemenus[0].buttons]
    assert [b.label for b in fig.layout.updatemenus[0].buttons] == ["All", "Few"]
    assert [a != b for a, b in zip(*settings, strict=True)] == [True] * len(fig.data)
    assert [t.visible for t in fig.data] == settings[0]
    few = [t for t, on in zip(fig.data, settings[1], strict=True) if on]
    assert [w for t in few if t.mode == "text" for w in t.text] == ["2 of 2 rows: not pooled"] * 2


def test_stacked_has_one_axis_for_all_and_no_menu_for_one_choice():
    fig = draw_stacked(panels(("All",), ("All",)))
    assert not fig.layout.updatemenus
    assert fig.layout.xaxis.range[0] <= 0.2 and fig.layout.xaxis.range[1] >= 0.9


def test_stacked_keeps_the_panel_of_each_row():
    behind = draw_stacked(panels()).layout.meta["data"]
    assert behind["columns"][:2] == ["address", "panel"]
    assert [row[1] for row in behind["rows"]] == ["PEOPLE", "PEOPLE", "LESIONS", "LESIONS"]


def test_stacked_refuses_choices_that_differ_and_empty_panels():
    with pytest.raises(ValueError, match="panel 'LESIONS' must offer the same choices"):
        draw_stacked(panels(others=("All", "Other")))
    with pytest.raises(ValueError, match="needs panels"):
        draw_stacked([])
    with pytest.raises(ValueError, match="needs panels"):
        draw_stacked([figures.Panel("EMPTY", ROWS.iloc[:0], [])])


# steps


def setting(shift=0.0, **more):
    frame = ROWS.iloc[:2].assign(right=["a", "b"], pooled=[False, True], ci_high=[0.87 + shift, 0.8 + shift])
    return frame.assign(**more)


def draw_steps(frames):
    return figures.steps(frames, asks="Shift", title="T", x_title="x", name="n", table="t/u", x_range=(0, 1))


def test_steps_shows_one_setting_at_a_time():
    fig = draw_steps({"0": setting(), "1": setting(0.1, right=["c", "d"]), "2": setting(0.5)})
    assert [t.visible for t in fig.data] == [True, True, False, False, False, False]
    slider = fig.layout.sliders[0]
    assert [s.label for s in slider.steps] == ["0", "1", "2"] and slider.currentvalue.prefix == "Shift: "
    shown = list(slider.steps[1].args[0]["visible"])
    assert shown == [False, False, True, True, False, False]
    assert list(fig.data[3].text) == ["c", "d"]
    assert list(fig.data[2].error_x.array) == pytest.approx([0.17, 0.4])
    assert list(fig.data[4].error_x.array) == pytest.approx([0.2, 0.5])  # cut at the end of the axis


def test_steps_marks_a_summary_of_ours_and_gives_it_no_address():
    points = draw_steps({"0": setting()}).data[0]
    assert list(points.marker.symbol) == ["square", "diamond"]
    assert list(points.marker.color) == [style.EVIDENCE, style.POOLED]
    assert list(points.customdata) == ["t/u:L1", ""]


def test_steps_keeps_every_setting_in_the_data():
    behind = draw_steps({"0": setting(), "1": setting(0.1)}).layout.meta["data"]
    assert behind["columns"][1] == "setting" and [row[1] for row in behind["rows"]] == ["0", "0", "1", "1"]


def test_steps_refuses_settings_with_other_rows():
    with pytest.raises(ValueError, match=r"setting '1' has other rows than the first: \['L2', 'L1'\]"):
        draw_steps({"0": setting(), "1": setting().iloc[::-1]})
    with pytest.raises(ValueError, match="needs settings"):
        draw_steps({})


# arcs

NODES = pd.DataFrame({"treatment": ["heat", "none", "light"], "detail": ["3 works", "control arm", "1 work"]})
LINKS = pd.DataFrame(
    {
        "first": ["heat", "heat"],
        "second": ["none", "none"],
        "words": ["Ada 2000", "Bea 2001"],
        "address": ["t/u:L1", "t/u:L3"],
        "citekey": ["ada2000", "bea2001"],
    }
)


def draw_arcs(nodes=NODES, links=LINKS):
    return figures.arcs(nodes, links, title="T", name="n")


def test_arcs_joins_what_was_compared_once_for_all_its_trials():
    fig = draw_arcs()
    assert [shape.type for shape in fig.layout.shapes] == ["path"]
    assert "Ada 2000<br>Bea 2001" in written(fig)
    spot = next(t for t in fig.data if t.customdata is not None)
    assert list(spot.customdata) == ["t/u:L1", "t/u:L3"]
    dots = next(t for t in fig.data if t.customdata is None)
    assert list(dots.marker.symbol) == ["circle", "circle", "circle-open"]
    assert spot.y[0] == pytest.approx((dots.y[0] + dots.y[1]) / 2) and dots.y[1] > dots.y[2]


def test_arcs_bends_farther_for_treatments_farther_apart():
    near = draw_arcs(links=LINKS.iloc[:1])
    far = draw_arcs(links=LINKS.iloc[:1].assign(second="light"))
    reach = [next(t for t in f.data if t.customdata is not None).x[0] for f in (near, far)]
    assert reach[1] > reach[0]


def test_arcs_draws_treatments_alone_and_keeps_the_links():
    fig = draw_arcs(links=LINKS.iloc[:0])
    assert not fig.layout.shapes and "light" in " ".join(written(fig))
    assert draw_arcs().layout.meta["data"]["columns"] == list(LINKS.columns)


def test_arcs_refuses_an_unknown_treatment():
    with pytest.raises(ValueError, match=r"not among the nodes: \['cold'\]"):
        draw_arcs(links=LINKS.assign(second=["none", "cold"]))
    with pytest.raises(ValueError, match="no treatments"):
        draw_arcs(nodes=NODES.iloc[:0])
