"""The conversation about one submission, cell by cell: with the student's process, and with the examiner."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

from nbformat.notebooknode import from_dict

from skinmet.classroom import outputs
from skinmet.classroom.cells import Cell, Part, cells
from skinmet.classroom.partners import Clock, Dead, Examiner, Student
from skinmet.classroom.sandbox import Limits, Server

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from skinmet.classroom.assignment import Assignment


class Unsound(Exception):
    """The exercise itself fails, whatever the student wrote."""


class Dialogue:
    """Runs a notebook and fills in its outputs. A context manager: leaves no process of the submission."""

    def __init__(
        self, servers: dict[str, Server], limits: Limits, assignment: Assignment, notebook: NotebookNode
    ):
        self.limits, self.notebook = limits, notebook
        self.remarks: list[str] = []
        self.clock = Clock(limits)
        self.student = Student(servers["kernel"], limits, self.clock)
        self.source = cells(json.loads(assignment.source))
        self.examiner = Examiner(servers["examiner"], limits, len(opening(self.source)))
        self.tests = {cell.grade_id: cell for cell in self.source if cell.part is Part.test}
        self.answers = {question.grade_id: question.answers for question in assignment.questions}
        self.failed: dict[str, str] = {}  # grade_ids of cells that did not end well, and how they ended

    def __enter__(self) -> Dialogue:
        return self

    def __exit__(self, *_) -> None:
        self.student.end()
        self.examiner.end()

    def run(self) -> None:
        """Run every code cell. Raises Gone when a server is lost, Unsound when the exercise itself fails."""
        count = 0
        for cell in self.notebook.cells:
            if cell.cell_type != "code":
                continue
            count += 1
            cell.outputs, cell.execution_count = [], count
            grade_id = str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
            if grade_id in self.tests:
                error = self._examine(self.tests[grade_id])
                shown = [_error(*error)] if error else []
            elif cell.source.strip():
                shown = self._run(cell.source, grade_id, count)
            else:
                shown = []
            cell.outputs = [from_dict(output) for output in shown]

    def _run(self, code: str, grade_id: str, count: int) -> list[dict]:
        """The outputs of a student's cell."""
        name = f"cell {count} ({grade_id})" if grade_id else f"cell {count}"
        if self.clock.over:
            return self._left_out(name, grade_id, "was not run: the time of the submission was used up")
        try:
            reply, late = self.student.run(code, count)
        except Dead as dead:
            return self._left_out(name, grade_id, dead.why)
        shown, cut = outputs.checked(reply.get("outputs"), self.limits.output_kb << 10, count)
        if late:
            self._remark(f"{name} ran longer than {self.limits.cell_seconds:g} s and was stopped")
        elif reply.get("ended") == "exit":
            self._remark(f"{name} tried to end the program (exit); what comes after that in it was not run")
        elif reply.get("ended") == "memory":
            self._remark(f"{name} asked for more than {self.limits.memory_mb} MB of memory")
        if cut or reply.get("cut") is True:
            self._remark(f"{name} wrote more output than {self.limits.output_kb} kB; the rest was dropped")
        if reply.get("left") in ("process", "thread"):
            self._remark(f"{name} left a {reply['left']} running; it ended with the submission")
        errors = [output["ename"] for output in shown if output["output_type"] == "error"]
        if errors or late:
            self.failed[grade_id] = "ran too long" if late else f"ended with {errors[-1]}"
        return shown

    def _left_out(self, name: str, grade_id: str, why: str) -> list[dict]:
        self._remark(f"{name} {why}")
        self.failed[grade_id] = why
        return [_error("NotRun", f"this cell {why}")]

    def _examine(self, test: Cell) -> list[str] | None:
        """What is wrong with the answers that a test reads: [name, message], or None."""
        names = self.answers[test.grade_id]
        try:
            answers = self.student.take(names)
        except Dead as dead:
            self._remark(f"the answers of {test.grade_id} could not be read: the process {dead.why}")
            return ["NotChecked", f"the answers could not be read: the process {dead.why}"]
        missing = [name for name in names if answers.get(name, {"is": "missing"}) == {"is": "missing"}]
        if missing:
            return ["NameError", self._missing(missing[0], test)]
        given = [_order(cell) for cell in self.source[: test.number - 1] if cell.part is Part.given]
        order = {**_order(test), "answers": {name: answers[name] for name in names}}
        try:
            return self.examiner.examine(given, order, self.clock.seconds(), self.student.call)
        except Dead as dead:
            raise Unsound(dead.why) from None

    def _missing(self, name: str, test: Cell) -> str:
        """Where an answer should have been given."""
        homes = [c for c in self.source[: test.number - 1] if c.part is Part.answer and name in c.names.bound]
        home = homes[-1].grade_id
        why = (
            f"the cell `{home}` {self.failed[home]}"
            if home in self.failed
            else f"give it in the cell `{home}`"
        )
        return f"`{name}` is not defined: {why}"

    def _remark(self, words: str) -> None:
        if words not in self.remarks:
            self.remarks.append(words)


def opening(source: list[Cell]) -> list[Cell]:
    """The given cells before any other code."""
    code = [cell for cell in source if cell.kind == "code"]
    return list(itertools.takewhile(lambda cell: cell.part is Part.given, code))


def _order(cell: Cell) -> dict:
    return {"code": cell.source, "cell": cell.grade_id}


def _error(name: str, message: str) -> dict:
    line = f"{name}: {message}"
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": [line]}
