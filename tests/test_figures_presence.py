"""A grid of what is named where: dots, numbers and addresses; or a refusal."""

import pandas as pd
import pytest

from skinmet import figures

FINDS = pd.DataFrame(
    [
        ("red", "lump", "a red lump", "d/t:R1", "ada2000"),
        ("red", "patch", "a red patch", "d/t:R2", "bea2001"),
        ("itch", "patch", "it may itch", "d/t:R2", "bea2001"),
    ],
    columns=["thing", "row", "text", "address", "citekey"],
)


def draw(frame=FINDS, things=("red", "itch", "pain"), rows=("lump", "patch")):
    return figures.presence(frame, things=list(things), rows=list(rows), title="T", name="n")


def test_a_dot_stands_where_a_row_names_a_thing():
    dots = draw().data[1]
    assert list(dots.customdata) == ["d/t:R1", "d/t:R2", "d/t:R2"]
    assert dots.x[1] == dots.x[2] > dots.x[0]  # rows from left to right
    assert dots.y[0] == dots.y[1] > dots.y[2]  # things from top to bottom
    assert "it may itch" in dots.text[2]


def test_the_number_of_rows_stands_beside_each_thing_also_for_none():
    words = [a.text for a in draw().layout.annotations]
    assert [w for w in words if w[:3] == "<b>"][1:] == ["<b>2</b>", "<b>1</b>", "<b>0</b>"]
    assert "of 2" in words


def test_a_row_found_twice_counts_once():
    words = [a.text for a in draw(pd.concat([FINDS, FINDS])).layout.annotations]
    assert "<b>2</b>" in words and "<b>4</b>" not in words


def test_the_grid_shows_every_place():
    assert len(draw().data[0].x) == 6


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"things": ["red"]}, "thing not in the list: itch"),
        ({"rows": ["lump"]}, "row not in the list: patch"),
    ],
)
def test_finds_outside_of_the_lists_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        draw(**given)
