"""marks.csv: one row for each submission, one column for each question."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from skinmet import project
from skinmet.classroom.pages import points

NAME = "marks.csv"
COLUMNS = ("student", "assignment", "status", "reason", "score", "max_score")


@dataclass(frozen=True)
class Mark:
    """A submission's mark. score: of all questions, None while one waits for a person or when it failed.

    questions: score of each, None for one that waits for a person.
    """

    student: str
    assignment: str
    status: str
    reason: str
    score: float | None = None
    max_score: float | None = None
    questions: dict[str, float | None] = field(default_factory=dict)


def write(out: Path, marks: Iterable[Mark], questions: Iterable[str], waiting: str) -> None:
    """Write marks.csv below `out`, whole or not at all. `waiting` stands where a person has to mark.

    Spreadsheets take text that begins with = + - @ for a formula: an apostrophe keeps it text.
    """
    questions = list(dict.fromkeys(questions))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*COLUMNS, *questions])
    for mark in marks:
        scored = [
            ("" if name not in mark.questions else _number(mark.questions[name]) or waiting)
            for name in questions
        ]
        words = (mark.student, mark.assignment, mark.status, mark.reason)
        table.writerow([*map(_words, words), _number(mark.score), _number(mark.max_score), *scored])
    project.replace(out / NAME, text.getvalue().encode("utf-8"))


def _number(value: float | None) -> str:
    return "" if value is None else points(value)


def _words(value: str) -> str:
    line = " ".join(value.split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
