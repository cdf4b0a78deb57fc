"""An assignment: its source notebook read and checked, its variant for a class, the student's version."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from skinmet import project
from skinmet.classroom import cells, contract, variants
from skinmet.classroom.cells import Cell, Part
from skinmet.problems import Problem, SkinmetError

if TYPE_CHECKING:
    from nbformat import NotebookNode

SOURCE = "exercises/source"


@dataclass(frozen=True)
class Question:
    """A graded cell. answers: names a test takes from the student, none for text that a person marks."""

    grade_id: str
    points: float
    kind: Literal["code", "text"]
    answers: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class Assignment:
    """A sound assignment in the variant of one class; plain text, so that it can be sent to other machines.

    source: the notebook (nbformat 4, JSON) with solutions, hidden tests and mark schemes, without outputs.
    """

    name: str
    source: str

    def notebook(self) -> NotebookNode:
        """The notebook with solutions, hidden tests and mark schemes."""
        import nbformat  # slow to load, and not needed to send or check an assignment

        return nbformat.reads(self.source, as_version=4)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The graded cells, in the order of the notebook."""
        return tuple(_questions(cells.cells(json.loads(self.source))))

    @property
    def max_score(self) -> float:
        """The points of all questions."""
        return sum(question.points for question in self.questions)


def names(root: Path | str | None = None) -> list[str]:
    """The assignments of the project, in order: the folders of `exercises/source`."""
    folder = project.root(root) / SOURCE
    return sorted(p.name for p in folder.glob("*") if p.is_dir() and not p.name.startswith("."))


def load(name: str, root: Path | str | None = None, class_key: str | None = None) -> Assignment:
    """An assignment as the class with this key gets it; the standard one without a key.

    Raises SkinmetError for an unknown name, and with every fault of the source, each with cell and grade_id.
    """
    folder = project.root(root)
    known = names(folder)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known
        hint = f"did you mean {' or '.join(near)}?" if near else "there is none yet"
        raise SkinmetError(Problem(SOURCE, "no such assignment", hint, value=name))
    notebook, found = _checked(folder, name)
    if found:
        raise SkinmetError(*found)
    variant = variants.inlined(notebook, name, class_key)
    for cell in variant["cells"]:
        cell["source"] = cells.text(cell)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return Assignment(name, json.dumps(variant, ensure_ascii=False, sort_keys=True, indent=1))


def problems(root: Path | str | None = None) -> list[Problem]:
    """Every fault of every source notebook. Reads only; raises for nothing the notebooks hold."""
    folder = project.root(root)
    found: list[Problem] = []
    for name in names(folder):
        try:
            found += _checked(folder, name)[1]
        except SkinmetError as error:
            found += error.problems
    return found


def grade_ids(root: Path | str | None = None) -> dict[str, frozenset[str]]:
    """The graded cells of every assignment that can be read: by them a notebook without a name is known."""
    folder, found = project.root(root), {}
    for name in names(folder):
        try:
            parts = cells.cells(_checked(folder, name)[0])
        except SkinmetError:
            continue  # `load` says what is wrong with it
        found[name] = frozenset(cell.grade_id for cell in parts if cell.part in (Part.test, Part.text))
    return found


def student_version(assignment: Assignment) -> NotebookNode:
    """The notebook as students get it, made by nbgrader's own steps of `generate_assignment`.

    Solutions, hidden tests and mark schemes are gone, cells are locked and carry checksums.
    """
    from nbgrader import preprocessors as step

    notebook, resources = assignment.notebook(), {}
    # As in GenerateAssignment, without the step that fills the gradebook and those that need a configuration.
    for make in (
        step.LockCells, step.ClearSolutions, step.ClearOutput, step.CheckCellMetadata, step.ClearHiddenTests,
        step.ClearMarkScheme, step.ComputeChecksums, step.CheckCellMetadata,
    ):  # fmt: skip
        notebook, resources = make().preprocess(notebook, resources)
    return notebook


def _checked(folder: Path, name: str) -> tuple[dict, list[Problem]]:
    """The source notebook and its faults."""
    file = f"{SOURCE}/{name}/{name}.ipynb"
    path = folder / file
    if not path.is_file():
        remedy = "name the notebook as its folder, one in each"
        raise SkinmetError(Problem(file, "the assignment has no notebook", remedy))
    others = sorted(p.name for p in path.parent.glob("*.ipynb") if p.name != path.name)
    found = [Problem(file, "the folder holds another notebook", "keep one in each", value=p) for p in others]
    notebook = cells.read(path, file)
    return notebook, found + contract.faults(cells.cells(notebook), file)


def _questions(parts: list[Cell]):
    title = ""
    for cell in parts:
        heading = next((line for line in cell.source.split("\n") if line.startswith("#")), "")
        if cell.kind == "markdown" and cell.part is Part.other and heading:
            title = heading.lstrip("# ").strip()
        elif cell.part is Part.test:
            yield Question(
                cell.grade_id, _points(cell), "code", contract.answers(cell, parts), title or cell.grade_id
            )
        elif cell.part is Part.text:
            yield Question(cell.grade_id, _points(cell), "text", (), title or cell.grade_id)


def _points(cell: Cell) -> float:
    return float(cell.grade["points"])
