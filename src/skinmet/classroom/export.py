"""Marks for a grade book: plain CSV, or a file that Canvas or Moodle can import.

Only graded work has a mark there. What failed or waits for a person stays empty: a zero would be a mark.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from skinmet.classroom import layouts, roster
from skinmet.classroom.marks import COLUMNS, NAME
from skinmet.problems import Problem, SkinmetError

GRADED = "graded"
FORMATS = ("csv", "canvas", "moodle")
_CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_MOODLE = ("Identifier", "Full name", "Status", "Grade", "Maximum Grade", "Last modified (grade)")


@dataclass(frozen=True)
class Marked:
    """A row of marks.csv. who: the student as the download named them. score: "" unless it is graded."""

    who: str
    assignment: str
    status: str
    reason: str
    score: str
    max_score: str
    questions: tuple[str, ...]


def export(
    out: Path,
    form: str,
    class_list: Path | None = None,
    assignment: str | None = None,
    column: str | None = None,
) -> tuple[str, list[str]]:
    """The text of the file, and what a person should know: who has no mark, and who was not found.

    out: the folder that `skinmet grade` wrote; what was marked by hand since joins the marks. class_list: the
    CSV that Canvas or Moodle gave out; its rows and columns stay, only marks are filled in. assignment: this
    one only. column: the column of the class list that takes them. Raises SkinmetError where class list and
    marks don't fit together.
    """
    if (out / ".work").is_dir():
        from skinmet.classroom import (
            grade,
        )  # slow to load, and not needed for marks that were copied elsewhere

        grade.refresh(out)
    questions, marks = read(out)
    given = [mark.assignment for mark in marks if mark.assignment]
    if assignment is not None:
        if assignment not in given:
            remedy = f"it is one of {', '.join(sorted(set(given)))}"
            raise SkinmetError(Problem(NAME, "no marks for this assignment", remedy, value=assignment))
        marks = [mark for mark in marks if mark.assignment == assignment]
    notes = [_without_mark(mark) for mark in marks if mark.status != GRADED]
    if form == "csv":
        return _plain(questions, marks), notes
    names = sorted({mark.assignment for mark in marks if mark.assignment})
    if len(names) > 1 and (form == "moodle" or column):
        remedy = f"name one with --assignment: {', '.join(names)}"
        raise SkinmetError(Problem(NAME, "holds several assignments, the file takes one", remedy))
    if class_list is None:
        write = _canvas if form == "canvas" else _moodle
        text, lost = write(marks, names)
        return text, [*notes, *lost, f"nobody was looked up: give {form.title()}'s own file with --roster"]
    filled, lost = _filled(roster.read(class_list, form), marks, names, column)
    return filled, [*notes, *lost]


def read(out: Path) -> tuple[list[str], list[Marked]]:
    """Names of the questions, rows of marks.csv. Raises SkinmetError when it is missing or was changed."""
    remedy = "name the folder that `skinmet grade` wrote, and leave its marks.csv as it is"
    where = str(out / NAME)
    try:
        rows = list(csv.reader(io.StringIO((out / NAME).read_text("utf-8"), newline=""), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise SkinmetError(Problem(where, f"can't be read: {reason}", remedy)) from None
    if not rows or tuple(rows[0][: len(COLUMNS)]) != COLUMNS:
        raise SkinmetError(Problem(where, f"does not begin with {', '.join(COLUMNS)}", remedy, 1))
    marks = []
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            raise SkinmetError(Problem(where, "the row is longer or shorter than the header", remedy, number))
        student, assignment, status, reason, score, most, *questions = row
        for name, value in (("score", score), ("max_score", most)):
            if value and not re.fullmatch(r"\d+(\.\d+)?", value):
                raise SkinmetError(Problem(where, "is no number of points", remedy, number, name, value))
        score = score if status == GRADED else ""
        if status == GRADED and not score:
            raise SkinmetError(Problem(where, "is graded, but has no points", remedy, number, "score"))
        who = layouts.original_name(student)
        marks.append(Marked(who, assignment, status, reason, score, most, tuple(questions)))
    return rows[0][len(COLUMNS) :], marks


def _plain(questions: list[str], marks: Iterable[Marked]) -> str:
    rows = ((m.who, m.assignment, m.status, m.reason, m.score, m.max_score, *m.questions) for m in marks)
    return _written([[*COLUMNS, *questions], *([roster.harmless(cell) for cell in row] for row in rows)])


def _canvas(marks: list[Marked], names: list[str]) -> tuple[str, list[str]]:
    """Canvas's own columns: the number of its download goes into ID, any other name into SIS Login ID."""
    most = {mark.assignment: mark.max_score for mark in marks}
    rows: dict[str, dict[str, str]] = defaultdict(dict)
    for mark in marks:
        rows[mark.who][mark.assignment] = mark.score
    table = [[*_CANVAS, *names], ["    Points Possible", "", "", "", "", *(most[name] for name in names)]]
    for who, scores in rows.items():
        found = re.fullmatch(r"(\w+)_(\d+)", who)
        person = (found[1], found[2], "", "") if found else (who, "", "", who)
        table.append(
            [roster.harmless(cell) for cell in (*person, "", *(scores.get(name, "") for name in names))]
        )
    return _written(table), []


def _moodle(marks: list[Marked], names: list[str]) -> tuple[str, list[str]]:
    """The columns that Moodle's import of a grading worksheet reads, and those a person needs to see."""
    table, lost = [list(_MOODLE)], []
    for mark in marks:
        found = re.fullmatch(r"(.+)_(\d+)", mark.who, re.S)
        if found:
            name = roster.harmless(found[1])
            table.append([f"Participant {found[2]}", name, mark.status, mark.score, mark.max_score, "-"])
        else:
            lost.append(f"not in the file, for Moodle's number is not known: {mark.who}")
    return _written(table), lost


def _filled(
    people: roster.Roster, marks: list[Marked], names: list[str], column: str | None
) -> tuple[str, list[str]]:
    """The class list with the marks of those who were found in it, each once and beyond doubt."""
    columns = {name: people.column(name, column) for name in names}
    if not any(place is not None for place in columns.values()):
        remedy = "name the column with --column, as it stands in the header"
        value = ", ".join(people.header)
        raise SkinmetError(Problem(people.file, f"no column for {', '.join(names)}", remedy, 1, value=value))
    notes = [f"no column in the class list for {name}" for name, at in columns.items() if at is None]
    found = [(mark, people.matches(mark.who)) for mark in marks if columns.get(mark.assignment) is not None]
    claimed = Counter((rows[0], mark.assignment) for mark, rows in found if len(rows) == 1)
    seen = set()
    for mark, rows in found:
        if len(rows) != 1 or claimed[rows[0], mark.assignment] > 1:
            why = "is not in" if not rows else "fits several rows of" if len(rows) > 1 else "shares a row of"
            notes.append(f"{mark.who}, {mark.assignment}: {why} the class list, no mark was entered")
            continue
        row, place = people.rows[rows[0]], columns[mark.assignment]
        seen.add(rows[0])
        if not mark.score:
            continue
        most = people.maximum(rows[0], place)
        if most and abs(most[1] - float(mark.max_score)) > 1e-9:
            what = f"full marks are {most[1]:g} there, but {mark.max_score} here"
            remedy = f"set the assignment to {mark.max_score} points and download the file anew"
            raise SkinmetError(Problem(people.file, what, remedy, most[0], people.header[place]))
        if row[place].strip().upper() == "EX":
            notes.append(f"{mark.who}, {mark.assignment}: is excused in Canvas, no mark was entered")
            continue
        row[place] = mark.score
    absent = len(set(people.students()) - seen)
    if absent:
        notes.append(f"{absent} of {len(people.students())} rows of the class list have no submission here")
    return people.text(), notes


def _without_mark(mark: Marked) -> str:
    why = f" ({mark.reason})" if mark.status == "failed" else ""
    return f"{mark.who}, {mark.assignment or 'no assignment'}: {mark.status}, no mark{why}"


def _written(rows: Iterable[Iterable[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
