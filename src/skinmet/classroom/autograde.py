"""One submission graded: nbgrader's own rules around an execution that students can't reach out of.

Runs in a worker process, here or on another machine: a Task goes in, a Result comes out, both plain data.
"""

from __future__ import annotations

import atexit
import json
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import nbformat
from nbgrader import preprocessors as step
from nbgrader import utils

from skinmet import project
from skinmet.classroom.assignment import Assignment, student_version
from skinmet.classroom.execute import Limits, Room
from skinmet.classroom.mend import Unreadable, mend, parse
from skinmet.classroom.shown import trim

if TYPE_CHECKING:
    from nbformat import NotebookNode

GRADED, MANUAL, FAILED = "graded", "needs manual grading", "failed"
UNSAFE = "graded without a sandbox"


@dataclass(frozen=True)
class Task:
    """A submission to grade. content: the notebook file as handed in."""

    student: str
    assignment: Assignment
    content: bytes


@dataclass(frozen=True)
class Result:
    """What became of a submission.

    reasons: what a reader of the mark must know. scores: points of each question, None where a person has to
    mark. comments: nbgrader's own, by grade_id. notebook: as executed, JSON. final: whether the submission
    itself led to this; when not (its worker died, memory ran out), it is graded again at the next run.
    """

    student: str
    assignment: str
    status: str
    reasons: tuple[str, ...]
    scores: dict[str, float | None] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    notebook: str | None = None
    seconds: float = 0.0
    final: bool = True


def failed(task: Task, reason: str, *, final: bool = True, seconds: float = 0.0) -> Result:
    """A submission without a mark, and why."""
    return Result(task.student, task.assignment.name, FAILED, (reason,), seconds=seconds, final=final)


def grade_one(
    task: Task, *, sandbox: bool = True, limits: Limits | None = None, root: Path | None = None
) -> Result:
    """Grade a submission; every trouble with it ends in the status and reasons of the result.

    root: the project whose tables the exercises read; found from the package when not given. Raises
    SkinmetError when no room can be made at all: the same would befall every submission.
    """
    with _ONE_AT_A_TIME:
        room = _room(project.root(root), limits or Limits(), sandbox)
        start = time.perf_counter()
        try:
            return _graded(task, room, sandbox, start)
        except Unreadable as error:
            return failed(task, str(error), seconds=time.perf_counter() - start)
        except Exception as error:  # a fault of ours or of the machine: the others shall not suffer from it
            reason = f"could not be graded here ({type(error).__name__}: {error})"
            return failed(task, reason, final=False, seconds=time.perf_counter() - start)


def _graded(task: Task, room: Room, sandbox: bool, start: float) -> Result:
    master, release = versions(task.assignment)
    notebook = parse(task.content)
    reasons = mend(notebook, master, release)
    ledger = Ledger(master)
    _each_cell(step.OverwriteCells(), ledger, notebook)
    execution = room.run(task.assignment, notebook)
    reasons += execution.remarks
    if not sandbox:
        reasons.append(UNSAFE)
    seconds = time.perf_counter() - start
    if not execution.complete:
        why = tuple(reasons) or ("nothing could be run",)
        return Result(task.student, task.assignment.name, FAILED, why, seconds=seconds, final=False)
    notebook, _ = step.LimitOutput().preprocess(execution.notebook, {})
    reasons += trim(notebook)
    _refuse_silence(notebook)
    _each_cell(step.SaveAutoGrades(), ledger, notebook)
    scores = ledger.scores()
    return Result(
        student=task.student,
        assignment=task.assignment.name,
        status=MANUAL if None in scores.values() else GRADED,
        reasons=tuple(reasons),
        scores=scores,
        comments=ledger.comments(),
        notebook=json.dumps(notebook, ensure_ascii=False),
        seconds=time.perf_counter() - start,
    )


@lru_cache(maxsize=16)
def versions(assignment: Assignment) -> tuple[NotebookNode, NotebookNode]:
    """The notebook as nbgrader's gradebook keeps it (hidden tests, no solutions), and as students get it."""
    master = assignment.notebook()
    for make in (step.LockCells, step.ClearSolutions, step.ClearOutput, step.CheckCellMetadata,
                 step.ComputeChecksums):  # fmt: skip
        master, _ = make().preprocess(master, {})
    return master, student_version(assignment)


class Ledger:
    """What nbgrader's preprocessors ask of a gradebook, for one submission and in memory.

    Only the process that started the grading writes the real gradebook.
    """

    def __init__(self, master: NotebookNode):
        self.db = SimpleNamespace(commit=lambda: None)
        self._cells, self._points, self._grades, self._comments = {}, {}, {}, {}
        for cell in master.cells:
            if "nbgrader" not in cell.metadata:
                continue
            name = cell.metadata.nbgrader.grade_id
            self._cells[name] = SimpleNamespace(
                name=name,
                cell_type=cell.cell_type,
                locked=utils.is_locked(cell),
                source=cell.source,
                checksum=cell.metadata.nbgrader.get("checksum"),
            )
            if utils.is_grade(cell):
                self._points[name] = SimpleNamespace(max_score=float(cell.metadata.nbgrader.points))
                self._grades[name] = SimpleNamespace(
                    auto_score=None, manual_score=None, needs_manual_grade=True
                )
            if utils.is_solution(cell):
                self._comments[name] = SimpleNamespace(auto_comment=None)

    def find_source_cell(self, name: str, *_: str) -> SimpleNamespace:
        return self._cells[name]

    def find_graded_cell(self, name: str, *_: str) -> SimpleNamespace:
        return self._points[name]

    def find_grade(self, name: str, *_: str) -> SimpleNamespace:
        return self._grades[name]

    def find_comment(self, name: str, *_: str) -> SimpleNamespace:
        return self._comments[name]

    def scores(self) -> dict[str, float | None]:
        return {name: grade.auto_score for name, grade in self._grades.items()}

    def comments(self) -> dict[str, str]:
        return {name: c.auto_comment for name, c in self._comments.items() if c.auto_comment}


def _each_cell(preprocessor: step.NbGraderPreprocessor, ledger: Ledger, notebook: NotebookNode) -> None:
    """nbgrader's rule for each cell, on the ledger in the place of a database opened for every notebook."""
    preprocessor.gradebook = ledger
    preprocessor.notebook_id = preprocessor.assignment_id = preprocessor.student_id = ""
    for number, cell in enumerate(notebook.cells):
        notebook.cells[number], _ = preprocessor.preprocess_cell(cell, {}, number)


def _refuse_silence(notebook: NotebookNode) -> None:
    """nbgrader gives full points to a test without output; one that never ran must not look like that."""
    for cell in notebook.cells:
        if utils.is_grade(cell) and cell.cell_type == "code" and not (cell.execution_count or cell.outputs):
            words = "this check did not run"
            cell.outputs = [nbformat.v4.new_output("error", ename="NotRun", evalue=words, traceback=[])]


_ONE_AT_A_TIME = threading.Lock()  # a dask worker may have several threads, and has one room
_rooms: dict[tuple[Path, Limits, bool], Room] = {}


def _room(root: Path, limits: Limits, sandbox: bool) -> Room:
    """The room of this process, kept: its imports are done once."""
    wanted = (root, limits, sandbox)
    if wanted not in _rooms:
        leave_room()
        _rooms[wanted] = Room(root, limits, sandbox).__enter__()
    return _rooms[wanted]


@atexit.register
def leave_room() -> None:
    """End the room of this process, if it has one."""
    while _rooms:
        _rooms.popitem()[1].__exit__(None, None, None)
