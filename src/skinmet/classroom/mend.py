"""What nbgrader's autograder expects of a submission and does not mend itself, put right before it runs.

nbgrader restores locked cells that were edited. It stops at duplicated or invented grade cells, leaves out
deleted ones, and believes a cell that says it is no longer graded. Here every cell that carries a grade_id of
the assignment gets the assignment's own metadata, missing ones are put back, all others become plain cells.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

MOST_BYTES = 20_000_000  # of a notebook; those from an archive are refused earlier, at 10 MB
MOST_CELLS = 400
RESTORED = "was changed; the original was used"


class Unreadable(ValueError):
    """A submission that can't be graded at all, with the reason."""


def parse(content: bytes) -> NotebookNode:
    """The submitted file as a notebook of the current format, without outputs. Raises Unreadable.

    Looks again, whatever was found when the submission was taken in: this may be another machine.
    """
    import nbformat

    if not content.strip():
        raise Unreadable("the file is empty")
    if len(content) > MOST_BYTES:
        raise Unreadable(f"the file is larger than {MOST_BYTES // 1_000_000} MB")
    try:
        data = json.loads(content.decode("utf-8-sig"))
        if len(data["cells"]) > MOST_CELLS:
            raise Unreadable(
                f"the notebook has {len(data['cells']):,} cells; {MOST_CELLS:,} are read at most"
            )
        for number, cell in enumerate(data["cells"]):
            cell["id"] = f"cell-{number}"  # the same at every reading: nbformat would invent random ones
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None  # not wanted, and the only large part
        data["nbformat_minor"] = max(data.get("nbformat_minor", 0), 5)
        notebook = nbformat.reads(json.dumps(data), as_version=4)
        nbformat.validate(notebook)
    except Unreadable:
        raise
    except Exception as error:  # whatever a made-up file brings json or nbformat to raise
        reason = str(error).split("\n")[0][:200]
        raise Unreadable(f"not a sound notebook ({type(error).__name__}: {reason})") from None
    for cell in notebook.cells:
        cell.source = cell.source.encode("utf-8", "replace").decode()  # half a surrogate pair can't be stored
    return notebook


def mend(notebook: NotebookNode, master: NotebookNode, release: NotebookNode) -> list[str]:
    """Give a submission the cells and the metadata of its assignment, in place; say what was wrong.

    master: the assignment with hidden tests, without solutions, with nbgrader's checksums. release: the
    notebook as students got it, from which edits are told. Locked sources are left for nbgrader to restore.
    Raises Unreadable when no question of the assignment is in the notebook.
    """
    own = {cell.metadata.nbgrader.grade_id: cell for cell in master.cells if "nbgrader" in cell.metadata}
    given = {cell.metadata.nbgrader.grade_id: cell for cell in release.cells if "nbgrader" in cell.metadata}
    copies: dict[str, list[NotebookNode]] = {}
    invented = []
    for cell in notebook.cells:
        name = _grade_id(cell)
        if name in own:
            copies.setdefault(name, []).append(cell)
        elif name is not None and _metadata(cell).get("grade"):
            invented.append(name)
    if not any(_is(own[name], "grade") or _is(own[name], "solution") for name in copies):
        raise Unreadable("none of the assignment's questions is in this notebook: is it the right file?")
    said = (
        [f"graded cells that the assignment does not have were ignored: {_some(invented)}"]
        if invented
        else []
    )
    counts = {name: _counting(found, given[name], said) for name, found in copies.items()}
    for position, cell in enumerate(notebook.cells):
        name = _grade_id(cell)
        if name in own and counts[name] is cell:
            notebook.cells[position] = _owned(cell, own[name], given[name], said)
        else:
            notebook.cells[position] = _plain(cell)
    _put_back(notebook, own, counts, said)
    notebook.metadata = copy.deepcopy(master.metadata)
    return said


def _metadata(cell: NotebookNode) -> dict:
    found = cell.metadata.get("nbgrader")
    return found if isinstance(found, dict) else {}


def _grade_id(cell: NotebookNode) -> str | None:
    name = _metadata(cell).get("grade_id")
    return name if isinstance(name, str) else None


def _is(cell: NotebookNode, what: str) -> bool:
    return bool(cell.metadata.nbgrader.get(what))


def _counting(found: list[NotebookNode], given: NotebookNode, said: list[str]) -> NotebookNode:
    """Of several cells with one grade_id the last counts, as for nbgrader; the last that was worked on."""
    if len(found) == 1:
        return found[0]
    name = given.metadata.nbgrader.grade_id
    said.append(f"{name} stands in the notebook {len(found)} times; the last that was worked on counts")
    changed = [cell for cell in found if cell.source.split() != given.source.split()]
    return changed[-1] if changed and _is(given, "solution") else found[-1]


def _owned(cell: NotebookNode, own: NotebookNode, given: NotebookNode, said: list[str]) -> NotebookNode:
    """The student's source in a cell of the assignment's kind and with its metadata."""
    wanted = own.metadata.nbgrader
    if cell.cell_type != own.cell_type:
        said.append(f"{wanted.grade_id} had become a {cell.cell_type} cell and was read as {own.cell_type}")
    edited = [key for key in ("points", "grade", "solution") if _metadata(cell).get(key) != wanted.get(key)]
    if edited:
        said.append(f"{wanted.grade_id}: changed metadata was ignored ({', '.join(edited)})")
    if _is(own, "locked") and cell.source.split() != given.source.split():
        said.append(f"{wanted.grade_id} {RESTORED}")
    result = copy.deepcopy(own)
    result.source = cell.source
    return result


def _plain(cell: NotebookNode) -> NotebookNode:
    """A cell that is graded nowhere. A raw one becomes Markdown: raw ones reach a page as they are."""
    from nbformat import v4

    make = v4.new_code_cell if cell.cell_type == "code" else v4.new_markdown_cell
    return make(cell.source, id=cell.id)


def _put_back(notebook: NotebookNode, own: dict, present: dict, said: list[str]) -> None:
    """Insert the assignment's missing cells; what a student was to write in code stays away.

    A test goes before the next cell of the assignment, so that it comes after whatever the student wrote in
    the place of the answer; any other cell after the one that stood before it.
    """
    place = {_grade_id(cell): cell for cell in notebook.cells if _grade_id(cell)}
    order = list(own)
    for number, name in enumerate(order):
        if name in present:
            continue
        cell = copy.deepcopy(own[name])
        if _is(cell, "solution") and not _is(cell, "grade"):
            said.append(f"{name} is missing")
            continue
        said.append(f"{name} was missing and was put back")
        if _is(cell, "grade"):
            after = next((place[n] for n in order[number + 1 :] if n in place), None)
            position = len(notebook.cells) if after is None else _index(notebook, after)
        else:
            before = next((place[n] for n in order[number - 1 :: -1] if n in place), None) if number else None
            position = 0 if before is None else _index(notebook, before) + 1
        notebook.cells.insert(position, cell)
        place[name] = cell


def _index(notebook: NotebookNode, wanted: NotebookNode) -> int:
    return next(number for number, cell in enumerate(notebook.cells) if cell is wanted)


def _some(names: list[str], most: int = 5) -> str:
    short = [name[:60] for name in names[:most]]
    return ", ".join(short) + (f" and {len(names) - most} more" if len(names) > most else "")
