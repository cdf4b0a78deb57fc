"""The exercises as students get them: no solutions, no hidden tests, no notes for those who mark.

What the given cells show, such as the rows a question is about, is there as the source has stored it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from skinmet.book.notebooks import Notebook, look
from skinmet.classroom import assignment, cells
from skinmet.classroom.cells import Part
from skinmet.problems import Problem

_OUTCOMES = re.compile(r"\*\*You will\*\*\s+(.+?)(?:\n\s*\n|\Z)", re.DOTALL)
_CHAPTER = re.compile(r"(\*\*Goes with\*\* the notebook )(\w+)")
_MINUTES = re.compile(r"\*\*Time\.\*\*\s+About (\d+) minutes")


@dataclass
class Exercise:
    """One exercise: its page, and what the index says of it."""

    page: Notebook
    outcomes: str = ""
    minutes: int = 0
    points: float = 0
    questions: int = 0


def read(root: Path) -> list[Exercise]:
    """The exercises of the project, in order; what is wrong with one stands in its page's `problems`.

    Raises SkinmetError where a source is no sound assignment.
    """
    return [_exercise(root, name) for name in assignment.names(root)]


def _exercise(root: Path, name: str) -> Exercise:
    import nbformat  # slow to load, and a project without exercises does not need it

    source = assignment.load(name, root)
    student = assignment.student_version(source)
    file = f"{assignment.SOURCE}/{name}/{name}.ipynb"
    _show_what_is_given(student, cells.read(root / file, file))
    _link_chapter(student.cells[0], root)
    content = (nbformat.writes(student) + "\n").encode()
    page = look(Notebook(name=name, file=f"exercises/{name}.ipynb", content=content))
    first = student.cells[0].source
    outcomes, minutes = _OUTCOMES.search(first), _MINUTES.search(first)
    for found, what, line in (
        (outcomes, "outcomes", "**You will** compute ..."),
        (minutes, "time", "**Time.** About 60 minutes."),
    ):
        if not found:
            remedy = f"write in the first cell a paragraph such as: {line}"
            page.problems.append(Problem(page.file, f"the exercise does not state its {what}", remedy))
    return Exercise(
        page,
        outcomes=" ".join(outcomes[1].split()) if outcomes else "",
        minutes=int(minutes[1]) if minutes else 0,
        points=source.max_score,
        questions=len(source.questions),
    )


def _show_what_is_given(student, stored: dict) -> None:
    """Give the cells that a student runs as they are the outputs that the source has stored, by cell."""
    import nbformat

    parts = zip(stored["cells"], cells.cells(stored), strict=True)
    given = {raw["id"]: raw for raw, cell in parts if cell.part is Part.given}
    for cell in student.cells:
        if cell.id in given:
            cell.outputs = nbformat.from_dict(given[cell.id]["outputs"])
            cell.execution_count = given[cell.id]["execution_count"]


def _link_chapter(cell, root: Path) -> None:
    """The name of the notebook that an exercise goes with becomes a link to its page."""

    def link(found: re.Match) -> str:
        path = root / "notebooks" / f"{found[2]}.ipynb"
        return f"{found[1]}[{found[2]}](../notebooks/{found[2]}.ipynb)" if path.is_file() else found[0]

    cell.source = _CHAPTER.sub(link, cell.source)
