"""A room for submissions, made once for all tests of a run, and an exercise of two questions to run in it."""

import atexit
import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from skinmet.classroom.assignment import Assignment
from skinmet.classroom.execute import Execution, Limits, Room
from small_course import grade

PROJECT = Path(__file__).resolve().parents[1]
NEEDS_BWRAP = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
MARKER = "jabberwocky"  # stands in a hidden test and nowhere else
LIMITS = Limits(
    cell_seconds=2,
    submission_seconds=20,
    memory_mb=1500,
    cpu_seconds=30,
    processes=32,
    file_mb=8,
    output_kb=64,
)

SETUP = "BASE = 10"
VALUE = "value = None\n### BEGIN SOLUTION\nvalue = 42\n### END SOLUTION"
VALUE_TEST = f"""assert value is not None, "give value a number"
### BEGIN HIDDEN TESTS
assert value == 42, "value is not the answer"  # {MARKER}
### END HIDDEN TESTS"""
DOUBLE = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
DOUBLE_TEST = """assert double(1) == 2, "double doubles"
### BEGIN HIDDEN TESTS
assert [double(n) for n in (3, BASE)] == [6, 20], "double doubles other numbers, too"
### END HIDDEN TESTS"""
SOURCE = new_notebook(cells=[
    new_code_cell(SETUP, metadata=grade("setup")),
    new_code_cell(VALUE, metadata=grade("q1", solution=True, locked=False)),
    new_code_cell(VALUE_TEST, metadata=grade("q1_test", graded=True, points=1)),
    new_code_cell(DOUBLE, metadata=grade("q2", solution=True, locked=False)),
    new_code_cell(DOUBLE_TEST, metadata=grade("q2_test", graded=True, points=1)),
])  # fmt: skip
ASSIGNMENT = Assignment("small", json.dumps(SOURCE))


def room(sandbox: bool = True) -> Room:
    """The servers start with the first test that needs them."""
    made = _room(sandbox)
    made.limits = LIMITS
    return made


@functools.cache
def _room(sandbox: bool) -> Room:
    made = Room(PROJECT, LIMITS, sandbox)
    atexit.register(made.close)
    return made


def notebook(*extra: str, q1: str = "value = 42", q2: str = "def double(x): return 2 * x"):
    """A submission; the extra cells stand after the given one."""
    texts = {"q1": q1, "q2": q2}
    cells = []
    for cell in ASSIGNMENT.notebook().cells:
        grade_id = cell.metadata.nbgrader.grade_id
        cells.append(new_code_cell(texts.get(grade_id, cell.source), metadata=cell.metadata))
        if grade_id == "setup":
            cells += [new_code_cell(text) for text in extra]
    return new_notebook(cells=cells)


def run(*extra: str, sandbox: bool = True, **answers: str) -> Execution:
    return room(sandbox).run(ASSIGNMENT, notebook(*extra, **answers))


def verdicts(execution: Execution) -> list[str]:
    """Of the two tests: an empty text, or what was wrong."""
    found = []
    for cell in execution.notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            found.append("; ".join(f"{o.ename}: {o.evalue}" for o in cell.outputs))
    return found


def outputs(execution: Execution, position: int = 1) -> list[dict]:
    """The outputs of a cell; the first extra cell unless given."""
    return execution.notebook.cells[position].outputs


def text(execution: Execution, position: int = 1) -> str:
    """What a cell wrote to stdout, or the error it ended with."""
    return "".join(o.get("text", o.get("evalue", "")) for o in outputs(execution, position))


# What a plain kernel does with a notebook: every cell in one process, the tests with their source among them.
_PLAIN = """
import json, sys
names, said = {"__name__": "__main__"}, []
for code, test in json.load(sys.stdin):
    try:
        exec(compile(code, "<cell>", "exec"), names)
        error = ""
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    said += [error] if test else []
print("verdicts", json.dumps(said))
"""


def plainly(*extra: str, env: dict | None = None, **answers: str) -> list[str]:
    """The verdicts of the two tests as a plain kernel gives them; none when it did not get that far."""
    cells = [
        (cell.source, bool(cell.metadata.get("nbgrader", {}).get("grade")))
        for cell in notebook(*extra, **answers).cells
    ]
    command = [sys.executable, "-c", _PLAIN]
    done = subprocess.run(
        command, input=json.dumps(cells), capture_output=True, text=True, timeout=60, env=env
    )
    last = [line for line in done.stdout.splitlines() if line.startswith("verdicts ")]
    return json.loads(last[-1].removeprefix("verdicts ")) if last else []
