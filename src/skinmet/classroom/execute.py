"""Runs a submission: its cells in the student's process, our tests in the examiner's, answers between them.

Each submission gets two fresh processes, forked from two servers (zygote) that sit in sandboxes of their own.
The student's process never holds a test; the examiner never runs a line of the student's. What crosses over
are plain values (plain), relayed and measured here. Whatever the student's process says is only a claim.

What a determined student can still do: see the arguments with which a hidden test calls a function, and
answer those apart; look an answer up instead of computing it, in the tables and in skinmet, which are public;
show outputs in their own cells that no code produced (they carry no mark); use up the time they are given;
notice the load of what else runs on the machine. A hole in the kernel of the system, or in bubblewrap, would
let them out: no filter of system calls stands before it. Without a sandbox, everything is open to them.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from skinmet.classroom.cells import cells
from skinmet.classroom.dialogue import Dialogue, Unsound, opening
from skinmet.classroom.sandbox import Gone, Limits, Server

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from skinmet.classroom.assignment import Assignment

__all__ = ["Execution", "Limits", "Room"]

STANDARD = Limits()


@dataclass(frozen=True)
class Execution:
    """A notebook that was run. complete: False when nothing could be run; the reason is in the remarks."""

    notebook: NotebookNode
    remarks: tuple[str, ...]
    complete: bool


class Room:
    """Runs submissions, one at a time. A context manager; the servers start with the first use and are kept.

    root: the project, of which data/ and references/ are shown to the student's code. sandbox=False: without
    bubblewrap; clocks and limits stay, everything else on this machine is open to the submission.
    The servers die with the thread that first used them, and are started again by the next use.
    Raises SkinmetError when the sandbox can't be had.
    """

    def __init__(self, root: Path, limits: Limits = STANDARD, sandbox: bool = True):
        self.root, self.limits, self.sandbox = Path(root).resolve(), limits, sandbox
        self._servers: dict[str, Server] = {}
        self._warmed: str | None = None

    def __enter__(self) -> Room:
        self._start()
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End the servers. A later run starts them again."""
        self._warmed = None
        while self._servers:
            self._servers.popitem()[1].close()

    def run(self, assignment: Assignment, notebook: NotebookNode) -> Execution:
        """Run every code cell of a submission whose locked cells were restored. The argument stays as it is.

        Cells with the grade_id of a test of ours get our test and its verdict: no output, or one error.
        """
        for attempt in (1, 2):
            self._start()
            copied = copy.deepcopy(notebook)
            try:
                self._warm(assignment)
                with Dialogue(self._servers, self.limits, assignment, copied) as dialogue:
                    dialogue.run()
                return Execution(copied, tuple(dialogue.remarks), True)
            except Unsound as unsound:
                return Execution(
                    copied, (f"the exercise {assignment.name} can't be checked: {unsound}",), False
                )
            except Gone as gone:  # the machine ran out of memory, or somebody killed it
                self.close()
                if attempt == 2:
                    return Execution(copied, (f"nothing could be run: the {gone} ended twice",), False)
        raise AssertionError("not reached")

    def _start(self) -> None:
        if self._servers:
            return
        for role in ("kernel", "examiner"):
            self._servers[role] = Server(role, self.root, self.sandbox)
        try:
            for server in self._servers.values():
                server.wait()
        except BaseException:
            self.close()
            raise

    def _warm(self, assignment: Assignment) -> None:
        """Have the given cells that the exercise begins with run once, for all submissions of it."""
        if assignment.source != self._warmed:
            codes = [cell.source for cell in opening(cells(json.loads(assignment.source)))]
            for server in self._servers.values():
                if failed := server.warm(codes):
                    raise Unsound(f"the cells it begins with fail by themselves ({failed})")
            self._warmed = assignment.source
