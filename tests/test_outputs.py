"""What changed in the outputs of a notebook, told to a reader."""

import pytest
from nbformat import NotebookNode, from_dict

from skinmet.review import outputs


def page(*shown: dict) -> NotebookNode:
    """A notebook of one cell with these outputs."""
    shown = [{"output_type": "display_data", "data": data} for data in shown]
    return from_dict({"cells": [{"cell_type": "code", "id": "a", "outputs": shown}]})


def figure(alt: str, x: list, **more) -> dict:
    layout = {"meta": {"name": "chest-wall", "alt": alt}}
    trace = {"type": "scatter", "x": x, "y": [f"study {n}" for n in range(len(x))], **more}
    return {outputs.PLOTLY: {"data": [trace], "layout": layout}, "text/plain": alt}


def markup(*rows: str) -> dict:
    cells = ("".join(f"<td>{cell}</td>" for cell in row.split("|")) for row in rows)
    caption = "<caption>All <b>tables</b></caption>"
    return {"text/html": f"<table>{caption}" + "".join(f"<tr>{row}</tr>" for row in cells)}


FIGURE, TABLE = "code cell 1: figure “chest-wall”", "code cell 1: table “All tables”"
MANY, FEW = "Of all the many people in it, ", " had it, which we call few in a word."
DIFFERENCES = {
    "the same": ({"text/markdown": "3 of 4."}, {"text/markdown": "3 of 4."}, []),
    "a number": (
        {"text/markdown": f"One. {MANY}31 of 914 (3.4%){FEW}"},
        {"text/markdown": [f"One. {MANY}", f"32 of 914 (3.5%){FEW}"]},
        ["code cell 1: “… the many people in it, 31 of 914 (3.4%) had it, which we call …”"
         " -> “… the many people in it, 32 of 914 (3.5%) had it, which we call …”"],
    ),
    "a sentence more": (
        {"text/markdown": "A b."}, {"text/markdown": "A b. C d."}, ["code cell 1: nothing -> “C d.”"],
    ),
    "a figure": (
        figure("3 rows; lowest 1%.", [1, 2, 3]),
        figure("3 rows; lowest 2%.", [1, 2, 4]),
        [f"{FIGURE}: points changed: 1 of 3", f"{FIGURE}: “lowest 1%.” -> “lowest 2%.”"],
    ),
    "a point more": (figure("A.", [1, 2]), figure("A.", [1, 2, 3]), [f"{FIGURE}: points changed: 1 of 3"]),
    "an interval": (
        figure("A.", [1, 2], error_x={"array": [0.1, 0.2]}),
        figure("A.", [1, 2], error_x={"array": [0.1, 0.3]}),
        [f"{FIGURE}: points changed: 1 of 2"],
    ),
    "a heat map": (
        figure("A.", [1, 2], z=[[1, 2], [3, 4]]), figure("A.", [1, 2], z=[[1, 2], [3, 5]]),
        [f"{FIGURE}: points changed: 1 of 4"],
    ),
    "a colour": (
        figure("A.", [1], mode="lines"), figure("A.", [1], mode="markers"),
        [f"{FIGURE}: another form, the same points"],
    ),
    "a figure gone": (figure("A.", [1]), {"text/plain": "none"}, [f"{FIGURE} removed"]),
    "a cell of a table": (markup("F1|3 of 4", "F2|5"), markup("F1|3 of 4", "F2|6"), [f"{TABLE}, F2: 5 -> 6"]),
    "a row of a table": (markup("F1|3"), markup("F1|3", "F2|6"), [f"{TABLE}: row added: F2, 6"]),
    "a row gone": (markup("F1|3", "F2|6"), markup("F1|3"), [f"{TABLE}: row removed: F2, 6"]),
    "another look": (
        markup("F1|3"), {"text/html": markup("F1|3")["text/html"].replace("<td>", "<td class='n'>")},
        [f"{TABLE}: another form, the same cells"],
    ),
    "much": (
        {"text/plain": "\n".join(f"old {n} a" for n in range(9))},
        {"text/plain": "\n".join(f"new {n}" for n in range(9))},
        [*(f"code cell 1: “old {n} a” -> “new {n}”" for n in range(5)),
         "code cell 1: and 4 more changes like this"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENCES)
def test_differences_of_outputs(name):
    old, new, expected = DIFFERENCES[name]
    assert outputs.differences(page(old), page(new)) == expected
    assert outputs.differences(page(old), page(old)) == []


def test_an_output_more_and_a_cell_more():
    one = {"text/plain": "1"}
    assert outputs.differences(page(one), page(one, one)) == ["code cell 1: nothing -> “1”"]
    assert outputs.differences(page(one, one), page(one)) == ["code cell 1: “1” -> nothing"]
    assert outputs.differences(from_dict({"cells": []}), page(one)) == ["code cell 1: nothing -> “1”"]
