"""The atlas: every pattern drawn, labelled as a drawing, led back to its row; or refused."""

import re
from itertools import pairwise

import pandas as pd
import pytest

from skinmet import evidence
from skinmet.figures import atlas, atlas_section, atlas_surface, measure
from skinmet.figures import atlas_pen as pen

TABLE = "presentation/pattern_glossary"


@pytest.fixture(scope="module")
def glossary():
    return evidence.load(TABLE)


@pytest.fixture(scope="module")
def sheet(glossary):
    return atlas.sheet(glossary, table=TABLE, title="All", name="sheet")


@pytest.fixture(scope="module")
def plates(glossary):
    counted = pd.Series({"G01": "131 of 164 patients"}).reindex(glossary.index)
    return atlas.plates(glossary.assign(counted=counted), table=TABLE, title="One by one", name="plates")


def shown(fig, button):
    """Traces that a button of the menu leaves on the figure."""
    visible = fig.layout.updatemenus[0].buttons[button].args[0]["visible"]
    return [trace for trace, seen in zip(fig.data, visible, strict=True) if seen]


def text_of(traces):
    return " ".join(t for trace in traces for t in (trace.text or [])).replace("<br>", " ")


def addresses(traces):
    return [address for trace in traces for address in (trace.customdata or [])]


# drawings


@pytest.mark.parametrize("room", [atlas_surface, atlas_section])
def test_every_pattern_of_the_table_is_drawn_and_no_other(room, glossary):
    assert sorted(room.DRAWINGS) == sorted(glossary["pattern"])


@pytest.mark.parametrize("draw", [atlas_surface.surface, atlas_section.section])
def test_a_pattern_that_is_not_drawn_is_refused(draw):
    with pytest.raises(ValueError, match=r"pattern 'stripes'; there are nodular, "):
        draw("stripes")


@pytest.mark.parametrize("room", [atlas_surface, atlas_section])
@pytest.mark.parametrize("pattern", list(atlas_surface.DRAWINGS))
def test_drawings_and_their_labels_stay_on_the_panel(room, pattern):
    letter = 6.3  # pixels, a wide letter at the size of the labels
    for mark in room.DRAWINGS[pattern]():
        if isinstance(mark, pen.Note):
            assert mark.at[0] + letter * len(mark.words) <= room.WIDTH + 8, mark.words
            points = [mark.at, mark.to]
        else:
            points = (
                mark.points if isinstance(mark, pen.Dots) else [p for piece in mark.pieces for p in piece]
            )
        assert all(-1 <= x <= room.WIDTH + 1 and -1 <= y <= room.HEIGHT + 1 for x, y in points), mark


def test_colours_part_in_greyscale():
    def light(colour):
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    steps = sorted(light(c) for c in (pen.SKIN, pen.PINK, pen.RED, pen.VIOLET, pen.DARK))
    assert min(b - a for a, b in pairwise(steps)) > 20


# the pen


def test_areas_close_and_pieces_are_kept_apart():
    ink = pen.Ink([pen.box(0, 0, 10, 20), pen.box(30, 0, 10, 20)], "#ffffff", smooth=False)
    (trace,) = pen.traces([ink], pen.Place(100, 50, 0.5))
    assert list(trace.x) == [100, 105, 105, 100, 100, None, 115, 120, 120, 115, 115]
    assert list(trace.y)[:5] == [50, 50, 60, 60, 50]
    assert (trace.fill, trace.line.shape) == ("toself", "linear")


def test_lines_stay_open():
    (trace,) = pen.traces([pen.Ink([[(0, 0), (1, 1)]])], pen.Place())
    assert list(trace.x) == [0, 1] and trace.fill is None


def test_hatching_keeps_the_colour_below():
    (trace,) = pen.traces([pen.Ink([pen.ring(0, 0, 5)], pen.PINK, hatch="/")], pen.Place())
    assert (trace.fillpattern.shape, trace.fillpattern.bgcolor) == ("/", pen.PINK)


def test_labels_can_be_left_out():
    marks = [pen.Dots([(1, 1)], 4), pen.Note("a thing", (0, 0), (1, 1))]
    assert len(pen.traces(marks, pen.Place(), notes=False)) == 1
    assert pen.traces(marks, pen.Place())[-1].text == (" a thing",)


def test_strewn_dots_are_the_same_each_time_and_stay_inside():
    dots = pen.strew(50, 10, 10, 8, 4)
    assert dots == pen.strew(50, 10, 10, 8, 4) and len(set(dots)) == 50
    assert all(((x - 10) / 8) ** 2 + ((y - 10) / 4) ** 2 <= 1 for x, y in dots)


# where it lies


@pytest.mark.parametrize(
    ("row", "usual", "further"),
    [
        ("G01", {"chest", r"(?<!under the )breast", "scar"}, {"abdom", "back", r"\barms?\b", "scalp"}),
        ("G03", {"chest", r"(?<!under the )breast"}, {"back", r"\barms?\b", "neck"}),
        ("G04", {"chest"}, {"abdom", "back", r"\barms?\b"}),
        ("G08", {"scalp"}, set()),
        ("G11", {"fold"}, set()),
        ("G12", set(), set()),
    ],
)
def test_sites_are_read_from_the_words_of_the_row(glossary, row, usual, further):
    found = atlas.places(glossary.at[row, "usual_site"])
    assert (set(found[0]), set(found[1])) == (usual, further)


def test_only_the_row_without_a_place_has_no_place(glossary):
    empty = [row for row, words in glossary["usual_site"].items() if not atlas.places(words)[0]]
    assert empty == ["G12"]


# the sheet


def test_the_sheet_names_every_pattern_and_leads_to_its_row(sheet, glossary):
    names, spots = sheet.data[-2], sheet.data[-1]
    assert [t.replace("<br>", " ") for t in names.text] == [p.replace("_", " ") for p in glossary["pattern"]]
    assert list(spots.customdata) == [f"{TABLE}:{row}" for row in glossary.index]
    for look, text in zip(glossary["look"], spots.text, strict=True):
        assert look in text.replace("<br>", " ")


def test_the_sheet_has_no_two_drawings_in_one_place(sheet):
    spots = sheet.data[-1]
    places = set(zip(spots.x, spots.y, strict=True))
    assert len(places) == len(spots.x) and max(x for x, _ in places) < atlas.PAGE


@pytest.mark.parametrize("figure", ["sheet", "plates"])
def test_the_page_says_that_it_is_drawn(figure, request):
    title = request.getfixturevalue(figure).layout.annotations[0].text.replace("<br>", " ")
    assert "not a photograph" in re.sub(r"<[^>]*>", "", title)


def test_a_quiz_shows_letters_in_place_of_names(glossary):
    fig = atlas.sheet(glossary.loc[["G07", "G01"]], table=TABLE, title="Quiz", name="quiz", labels=["a", "b"])
    assert list(fig.data[-2].text) == ["a", "b"]
    assert [row[1:3] for row in fig.layout.meta["data"]["rows"]] == [["a", "zosteriform"], ["b", "nodular"]]


def test_the_sheet_keeps_its_sources(sheet, glossary):
    data = sheet.layout.meta["data"]
    assert [row[data["columns"].index("citekey")] for row in data["rows"]] == glossary["citekey"].tolist()


def test_labels_must_fit_the_patterns(glossary):
    with pytest.raises(ValueError, match="2 labels for 12 patterns"):
        atlas.sheet(glossary, table=TABLE, title="t", name="n", labels=["a", "b"])


@pytest.mark.parametrize("draw", [atlas.sheet, atlas.plates])
def test_nothing_to_draw_is_refused(draw, glossary):
    with pytest.raises(ValueError, match="no patterns to draw"):
        draw(glossary.iloc[:0], table=TABLE, title="t", name="n")


@pytest.mark.parametrize("draw", [atlas.sheet, atlas.plates])
def test_an_unknown_pattern_is_named(draw, glossary):
    with pytest.raises(ValueError, match="'stripes'"):
        draw(glossary.iloc[:1].assign(pattern="stripes"), table=TABLE, title="t", name="n")


# the plates


def test_each_choice_of_the_menu_shows_one_plate_whole(plates, glossary):
    buttons = plates.layout.updatemenus[0].buttons
    assert [b.label for b in buttons] == [p.replace("_", " ") for p in glossary["pattern"]]
    seen = [sum(b.args[0]["visible"][i] for b in buttons) for i in range(len(plates.data))]
    assert set(seen) == {1}
    for i, row in enumerate(glossary.itertuples()):
        assert addresses(shown(plates, i)) == [f"{TABLE}:{row.Index}"]
        words = text_of(shown(plates, i)).replace(" ", "")  # a line may end at a hyphen
        for said in (row.look, row.mimics, row.microscopic_correlate):
            assert said.replace(" ", "") in words


def test_the_first_plate_is_open_at_the_start(plates):
    assert addresses([t for t in plates.data if t.visible]) == [f"{TABLE}:G01"]


def test_how_often_is_told_where_it_is_known(plates):
    assert "<b>Counted:</b> 131 of 164 patients" in text_of(shown(plates, 0))
    assert "Counted" not in text_of(shown(plates, 1))


def test_words_fit_a_phone(plates):
    for i in range(12):
        (words,) = [t.text[0] for t in shown(plates, i) if t.text and "Looks" in t.text[0]]
        assert max(measure.width(line) for line in words.split("<br>")) <= measure.PHONE


def test_the_body_shows_usual_and_further_sites(plates):
    first = shown(plates, 0)
    assert first[0].line.dash == "dot" and first[0].fill is None
    assert first[1].fillpattern.shape == "/"
    assert "many places" in text_of(shown(plates, 11))
