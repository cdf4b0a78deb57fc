"""The matrix shows each mark in its cell, what a dot is, and where each mark leads; or refuses."""

import math

import pandas as pd
import pytest

from skinmet import figures
from skinmet.figures import style

SYMBOLS = {
    "yes": ("✓", style.EVIDENCE, "agrees"),
    "no": ("✕", style.CLAIM, "differs"),
    "dunno": ("?", style.GRID, "not known"),
}


@pytest.fixture
def lines():
    return pd.DataFrame(
        {
            "work": ["Able", "Able", "Able", "Baker"],
            "field": ["title", "year", "year", "year"],
            "found": ["yes", "no", "yes", "no"],
            "grade": ["A", None, "B", "C"],
            "why": ["as printed", "another year", "", "wrong by two"],
            "n": [4.0, 1.0, 16.0, 9.0],
            "citekey": ["able", "able", "able", "baker"],
        },
        index=pd.Index(["R1", "R2", "R3", "R4"], name="row_id"),
    )


def draw(lines, **more):
    more = {"table": "d/t", "columns": ["title", "year", "pages"], **more}
    return figures.matrix(
        lines, row="work", column="field", value="found", symbols=SYMBOLS, title="A title", name="m", **more
    )


def words(fig):
    return [a.text for a in fig.layout.annotations]


def key(fig):
    return words(fig)[-1].replace("<br>", " ")


def test_marks_stand_in_their_cells_and_lead_to_their_rows(lines):
    dots, tiles = draw(lines).data
    assert list(tiles.text) == ["✓", "✕", "✓", "✕"]
    assert list(tiles.customdata) == ["d/t:R1", "d/t:R2", "d/t:R3", "d/t:R4"]
    assert list(tiles.marker.color) == [SYMBOLS[v][1] for v in lines["found"]]
    assert tiles.y[0] > tiles.y[3], "rows run from top to bottom"
    assert tiles.x[0] == pytest.approx(0.4 + 0.6 / 6), "in the middle of the first of three columns"
    assert tiles.x[0] < tiles.x[3], "columns run from left to right"
    assert (tiles.x[1] + tiles.x[2]) / 2 == pytest.approx(tiles.x[3]), (
        "two marks share the middle of their cell"
    )
    assert tiles.x[1] < tiles.x[2] and tiles.y[1] == tiles.y[2]
    assert len(dots.x) == 6 - 3, "the cells without a mark"


def test_the_key_explains_the_symbols_in_use_and_no_others(lines):
    assert "✓ agrees" in key(draw(lines)) and "✕ differs" in key(draw(lines))
    assert "not known" not in key(draw(lines)) and "dot" not in key(draw(lines))
    assert key(draw(lines, empty="nobody looked")).endswith("small dot: nobody looked")


def test_a_note_stands_below_the_symbol_and_words_are_shown_on_pointing(lines):
    tiles = draw(lines, note="grade", says="why").data[1]
    assert list(tiles.text) == ["✓<br>A", "✕", "✓<br>B", "✕<br>C"]
    assert list(tiles.textfont.size) == [10, 13, 10, 10]
    assert tiles.hovertext[3] == "<b>Baker: year</b><br>differs · C<br>wrong by two<br><i>d/t:R4</i>"


def test_the_writing_on_a_tile_can_be_read(lines):
    lines.loc["R1", "found"] = "dunno"
    assert list(draw(lines).data[1].textfont.color) == [style.INK, "white", "white", "white"]


def test_marks_that_do_not_fit_side_by_side_go_below_one_another(lines):
    columns = [*(f"c{i}" for i in range(8)), "title", "year"]
    narrow = draw(lines, columns=columns)
    tiles = narrow.data[1]
    assert tiles.x[1] == tiles.x[2] and tiles.y[1] > tiles.y[2]
    assert tiles.y[1] - tiles.y[2] > tiles.marker.size
    assert "-90" in str([a.textangle for a in narrow.layout.annotations])
    assert "-90" not in str([a.textangle for a in draw(lines).layout.annotations])


def test_rows_without_a_line_and_headings_are_drawn_in_the_order_given(lines):
    fig = draw(lines, rows={"late": ["Baker"], "early": ["Able", "Charlie"]})
    assert [w for w in words(fig) if w in ("<b>late</b>", "<b>early</b>")] == ["<b>late</b>", "<b>early</b>"]
    dots, tiles = fig.data
    assert tiles.y[3] > tiles.y[0] > min(dots.y)
    heading = next(note.y for note in fig.layout.annotations if note.text == "<b>early</b>")
    assert tiles.y[3] - 10 > heading > tiles.y[0] + 10, (
        "a heading stands above its rows and below those before"
    )
    assert sum(y == min(dots.y) for y in dots.y) == 3


def test_the_area_of_a_circle_is_its_number(lines):
    circles = draw(lines.drop("R2").assign(n=[4.0, 16.0, 9.0]), size="n").data[1]
    four, sixteen, nine = circles.marker.size
    assert sixteen / four == pytest.approx(2) and nine / four == pytest.approx(1.5)
    assert list(circles.text) == ["✓4", "✓16", "✕9"]
    assert list(circles.marker.color) == [style.EVIDENCE, style.EVIDENCE, style.CLAIM]


def test_a_number_too_large_for_its_circle_stands_beside_it_within_the_figure(lines):
    some = lines.drop("R2").assign(n=[1.0, 100.0, 100.0])
    circles = draw(some, size="n").data[1]
    assert list(circles.textposition) == ["middle right", "middle center", "middle center"]
    assert list(circles.textfont.color) == [style.INK, "white", "white"]
    turned = draw(some, size="n", columns=["year", "title"]).data[1]
    assert turned.textposition[0] == "middle left", "the last column has no room at the right"
    longer = draw(some.assign(n=[30000.0, 30000.0, 30000.0]), size="n").data[1]
    assert longer.text[0] == "✓30,000" and longer.textposition[0] == "middle right"


def test_lines_are_counted_by_cell_and_value(lines):
    lines.loc["R3", "found"] = "no"
    circles = draw(lines, counted=True).data[1]
    assert list(circles.text) == ["✓1", "✕2", "✕1"]
    assert list(circles.customdata) == ["d/t:R1", "d/t:R2", "d/t:R4"]
    assert "d/t:R2 and 1 more" in circles.hovertext[1] and "more" not in circles.hovertext[0]
    assert circles.marker.size[1] / circles.marker.size[0] == pytest.approx(math.sqrt(2))


def test_a_menu_keeps_some_of_the_lines(lines):
    fig = draw(lines, choices={"all": [True] * 4, "years": [False, True, True, True]})
    assert [trace.visible for trace in fig.data] == [True, True, False, False]
    assert list(fig.data[3].customdata) == ["d/t:R2", "d/t:R3", "d/t:R4"]
    assert len(fig.data[2].x) == len(fig.data[0].x) + 1, "a cell that lost its mark is a dot"
    buttons = fig.layout.updatemenus[0].buttons
    assert buttons[1].label == "years" and buttons[1].args[0]["visible"] == [False, False, True, True]


def test_rows_are_as_high_as_the_fullest_cell_that_a_choice_shows(lines):
    many = pd.concat([lines, *[lines.loc[["R2"]]] * 8])
    one, all_ = [True] * 4 + [False] * 8, [True] * 12
    low, high = draw(many, choices={"one": one}), draw(many, choices={"one": one, "all": all_})
    assert high.layout.height > low.layout.height + 40
    assert low.layout.height == draw(lines).layout.height


def test_the_data_behind_it_name_the_works(lines):
    meta = draw(lines, says="why", size="n").layout.meta
    columns = ["address", "row", "column", "mark", "words", "size", "citekey"]
    assert meta["name"] == "m" and meta["data"]["columns"] == columns
    assert meta["data"]["rows"][1] == ["d/t:R2", "Able", "year", "differs", "another year", 1.0, "able"]
    assert draw(lines).layout.meta["data"]["columns"] == ["address", "row", "column", "mark", "citekey"]


def test_whole_addresses_in_the_index_are_kept(lines):
    lines.index = [f"o/t:{i}" for i in lines.index]
    assert list(draw(lines, table="").data[1].customdata) == list(lines.index)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"rows": ["Able"]}, "row not in the list: Baker"),
        ({"columns": ["title"]}, "column not in the list: year"),
        ({"rows": {"a": ["Able", "Baker"], "b": ["Able"]}}, "row listed twice: Able"),
        ({"columns": ["title", "year", *map(str, range(12))]}, "14 columns are too many"),
        ({"choices": {"some": [True]}}, "choice 'some' keeps 1 of 1 lines; there are 4"),
        ({"choices": {"none": [False] * 4}}, "choice 'none' keeps 0 of 4 lines"),
    ],
)
def test_what_does_not_fit_is_refused(lines, more, message):
    with pytest.raises(ValueError, match=message):
        draw(lines, **more)


def test_no_lines_an_unknown_value_or_a_missing_number_is_refused(lines):
    with pytest.raises(ValueError, match="no lines"):
        draw(lines.iloc[:0])
    with pytest.raises(ValueError, match="d/t:R2 has no number above 0 in column 'n'"):
        draw(lines.assign(n=[1, None, 2, 3]), size="n")
    with pytest.raises(ValueError, match="d/t:R3"):
        draw(lines.assign(n=[1, 1, 0, 3]), size="n")
    lines.loc["R4", "found"] = "maybe"
    with pytest.raises(ValueError, match="value not in the list: maybe"):
        draw(lines)
