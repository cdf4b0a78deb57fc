"""A class for the tests of grading: a tiny exercise (no pandas), a project that holds it, students' work."""

import copy
import os
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from skinmet.classroom.assignment import load, student_version
from small_course import grade as marked

PROJECT = Path(__file__).resolve().parents[1]
NAME = "01_tiny"

SECRETS = ("HIDDEN TESTS", "expected = 3", "in (2, 7)", "the answer is b", "MARK SCHEME", "2 points for")


def source() -> nbformat.NotebookNode:
    """The source notebook: a number, a function, a letter, a text; 2 + 3 + 1 + 4 points."""
    cells = [
        new_markdown_cell("# A tiny exercise", metadata=marked("title")),
        new_code_cell("import math\n\nevents, total = 3, 12", metadata=marked("setup")),
        new_markdown_cell("## Q1. A share", metadata=marked("q1")),
        new_code_cell(
            "share = None  # replace None\n### BEGIN SOLUTION\nshare = events / total\n### END SOLUTION",
            metadata=marked("q1_share", solution=True, locked=False),
        ),
        new_code_cell(
            'assert isinstance(share, float), "share is no number"\n### BEGIN HIDDEN TESTS\n'
            'expected = 3 / 12\nassert share == expected, "this is another share"\n### END HIDDEN TESTS',
            metadata=marked("q1_share_test", graded=True, points=2),
        ),
        new_markdown_cell("## Q2. A function", metadata=marked("q2")),
        new_code_cell(
            "def double(n):\n    ### BEGIN SOLUTION\n    return 2 * n\n    ### END SOLUTION",
            metadata=marked("q2_double", solution=True, locked=False),
        ),
        new_code_cell(
            'assert double(1) == 2, "twice 1 is 2"\n### BEGIN HIDDEN TESTS\n'
            "wrong = [n for n in (2, 7) if double(n) != 2 * n]\n"
            'assert not wrong, "not twice " + str(wrong[0])\n### END HIDDEN TESTS',
            metadata=marked("q2_double_test", graded=True, points=3),
        ),
        new_markdown_cell("## Q3. A letter", metadata=marked("q3")),
        new_code_cell(
            'letter = None  # "a" or "b"\n### BEGIN SOLUTION\nletter = "b"\n### END SOLUTION',
            metadata=marked("q3_letter", solution=True, locked=False),
        ),
        new_code_cell(
            'assert letter in ("a", "b"), "answer a or b"\n### BEGIN HIDDEN TESTS\n'
            'assert letter == "b", "the answer is not right"  # the answer is b\n### END HIDDEN TESTS',
            metadata=marked("q3_letter_test", graded=True, points=1),
        ),
        new_markdown_cell("## Q4. Why?", metadata=marked("q4")),
        new_markdown_cell(
            "Because.\n\n### BEGIN MARK SCHEME\n2 points for a reason.\n### END MARK SCHEME",
            metadata=marked("q4_why", graded=True, solution=True, locked=False, points=4),
        ),
    ]
    for number, cell in enumerate(cells, 1):
        cell.id = f"cell-{number:02}"
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def project(folder: Path) -> Path:
    """A project that holds this one exercise, and the tables of the real one."""
    for name in ("data", "references"):
        folder.joinpath(name).symlink_to(PROJECT / name)
    place = folder / "exercises/source" / NAME
    place.mkdir(parents=True)
    nbformat.write(source(), place / f"{NAME}.ipynb")
    return folder


ANSWERS = {
    "q1_share": "share = events / total",
    "q2_double": "def double(n):\n    return 2 * n",
    "q3_letter": 'letter = "b"',
    "q4_why": "Because of the denominator.",
}


def find(notebook, grade_id):
    """The cell with this grade_id."""
    (found,) = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
    return found


def release(root: Path) -> nbformat.NotebookNode:
    """What students get."""
    return copy.deepcopy(student_version(load(NAME, root)))


def work(root: Path, **answers: str) -> nbformat.NotebookNode:
    """A student's notebook: all answers right, but for those given; None leaves one as it was released."""
    notebook = release(root)
    for name, answer in {**ANSWERS, **answers}.items():
        if answer is not None:
            find(notebook, name).source = answer
    return notebook


def hand_in(folder: Path, student: str, notebook) -> Path:
    """Write a submission as nbgrader lays it out; a notebook, or bytes."""
    file = folder / student / NAME / f"{NAME}.ipynb"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(notebook if isinstance(notebook, bytes) else nbformat.writes(notebook).encode())
    return file


def environment() -> dict[str, str]:
    """For commands: the environment's own programs come first."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
