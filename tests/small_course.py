"""A course of one short exercise, built cell by cell: the classroom can be tried on it in milliseconds."""

import copy
import json
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NAME = "01_small"
FILE = f"exercises/source/{NAME}/{NAME}.ipynb"
CHOICES = {"STUDY": ["F012", "F011", "F017", "F018"], "LEVEL": [0.95, 0.9, 0.8]}

SETUP = """import sys

sys.path.append("..")
import pandas as pd
from skinmet import evidence, synthesis

rows = evidence.load("epidemiology/frequency")"""

SHARE = """share = None  # replace None
### BEGIN SOLUTION
share = rows.loc[STUDY, "events"] / rows.loc[STUDY, "total"]
### END SOLUTION"""
SHARE_TEST = """assert isinstance(share, float), "share is not a number: divide events by total"
assert 0 <= share <= 1, "a share lies between 0 and 1: did you divide total by events?"
### BEGIN HIDDEN TESTS
expected = rows.loc[STUDY, "events"] / rows.loc[STUDY, "total"]
assert abs(share - expected) < 1e-9, "this is not the share of the row " + STUDY
### END HIDDEN TESTS"""

INTERVAL = '''def interval(events, total):
    """The Wilson interval of a share, at the level asked for."""
    ### BEGIN SOLUTION
    return synthesis.proportion_ci(events, total, level=LEVEL)
    ### END SOLUTION'''
INTERVAL_TEST = """low, high = interval(5, 10)
assert low < 0.5 < high, "the share itself lies in the interval"
### BEGIN HIDDEN TESTS
counts = ((1, 20), (7, 9))
gaps = [
    abs(got - wanted)
    for events, total in counts
    for got, wanted in zip(interval(events, total), synthesis.proportion_ci(events, total, level=LEVEL))
]
assert max(gaps) < 1e-9, "the level of confidence is another one"
### END HIDDEN TESTS"""

CHOICE = """answer = None  # "a", "b" or "c"
### BEGIN SOLUTION
answer = "b"
### END SOLUTION"""
CHOICE_TEST = """assert answer in ("a", "b", "c"), "answer with one of the letters"
### BEGIN HIDDEN TESTS
assert answer == "b", "the denominator is patients"
### END HIDDEN TESTS"""

TEXT = """Rows of different denominators answer different questions: a model answer.

### BEGIN MARK SCHEME
1 point for the denominator, 1 for the follow-up.
### END MARK SCHEME"""

SECRETS = (  # words of solutions, hidden tests and mark schemes
    "proportion_ci(events, total, level", '"events"] / rows', 'answer = "b"', "1 point for the denominator",
    "a model answer", "for events, total in counts", "the denominator is patients",
    "BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "MARK SCHEME",
)  # fmt: skip


def grade(grade_id, *, graded=False, solution=False, locked=True, points=None):
    """The metadata that make a cell part of an exercise."""
    meta = {
        "grade": graded, "solution": solution, "locked": locked, "grade_id": grade_id, "schema_version": 3,
        "task": False,
    }  # fmt: skip
    return {"nbgrader": meta if points is None else {**meta, "points": points}}


def notebook():
    """The source notebook, with solutions and hidden tests."""
    cells = [
        new_markdown_cell("# 1. A small exercise\n\nEducation, not medical advice.", metadata=grade("title")),
        new_code_cell(SETUP, metadata=grade("setup")),
        new_code_cell(
            'STUDY = "F012"\nLEVEL = 0.95',
            metadata={**grade("parameters"), "skinmet": {"choices": CHOICES}},
        ),
        new_markdown_cell("## Question 1. A share\n\nFrom the row `STUDY`.", metadata=grade("q1")),
        new_code_cell(SHARE, metadata=grade("q1_share", solution=True, locked=False)),
        new_code_cell(SHARE_TEST, metadata=grade("q1_share_test", graded=True, points=2)),
        new_markdown_cell("## Question 2. An interval\n\nAt the level `LEVEL`.", metadata=grade("q2")),
        new_code_cell(INTERVAL, metadata=grade("q2_interval", solution=True, locked=False)),
        new_code_cell(INTERVAL_TEST, metadata=grade("q2_interval_test", graded=True, points=3)),
        new_markdown_cell("## Question 3. Which denominator?", metadata=grade("q3")),
        new_code_cell(CHOICE, metadata=grade("q3_choice", solution=True, locked=False)),
        new_code_cell(CHOICE_TEST, metadata=grade("q3_choice_test", graded=True, points=1)),
        new_markdown_cell("## Question 4. Why not pool?", metadata=grade("q4")),
        new_markdown_cell(TEXT, metadata=grade("q4_why", graded=True, solution=True, locked=False, points=2)),
    ]
    for number, cell in enumerate(cells, 1):
        cell.id = f"cell-{number:02}"
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def cell(nb, grade_id):
    """The cell with this grade_id."""
    (found,) = [c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
    return found


def write(root: Path, nb=None, name: str = NAME) -> Path:
    """Put the notebook, the standard one unless given, into the project's exercises; return its path."""
    path = root / "exercises/source" / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(nb or notebook()), encoding="utf-8")
    return path


def bare_project(root: Path) -> Path:
    """An otherwise empty project: enough for what reads exercises only."""
    (root / "data").mkdir(parents=True)
    (root / "data/datapackage.json").write_text(json.dumps({"resources": []}), encoding="utf-8")
    return root


def solved(released, source):
    """The released notebook with the answers of the source filled in: the work of a perfect student."""
    work = copy.deepcopy(released)
    for c in work.cells:
        meta = c.metadata.get("nbgrader", {})
        if meta.get("solution"):
            c.source = cell(source, meta["grade_id"]).source
    return work
