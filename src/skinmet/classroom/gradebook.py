"""The nbgrader course below OUT: formgrader opens there, and a person's marks are read back from it.

Only the process that holds the lock of OUT writes here.
"""

from __future__ import annotations

import copy
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import nbformat
from alembic.script import ScriptDirectory
from nbgrader import api, dbutil
from nbgrader.preprocessors import SaveCells

from skinmet import project
from skinmet.classroom.assignment import Assignment
from skinmet.classroom.autograde import Result, versions
from skinmet.problems import Problem, SkinmetError

CONFIG = '''"""To mark free text, start JupyterLab in this folder and open Nbgrader, Formgrader."""

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "skinmet"
'''


class Course:
    """An nbgrader course folder with its gradebook. Use as a context manager."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __enter__(self) -> Course:
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "nbgrader_config.py"
        if not config.exists():
            project.replace(config, CONFIG.encode())
        database = self.folder / "gradebook.db"
        self.url = f"sqlite:///{database.resolve()}"
        _mark_version(database)
        self._book = api.Gradebook(self.url, "skinmet")
        rows = self._book.db.query(api.SubmittedAssignment.student_id, api.Assignment.name).join(
            api.Assignment
        )
        self._entered = {tuple(row) for row in rows}
        return self

    def __exit__(self, *_) -> None:
        self._book.close()

    def assignments(self) -> list[Assignment]:
        """The assignments graded here, in the variant they were graded with."""
        files = sorted(self.folder.glob("source/*/*.ipynb"))
        return [Assignment(file.stem, file.read_text("utf-8")) for file in files]

    def register(self, assignment: Assignment) -> None:
        """Make an assignment known. Raises SkinmetError if it is known in another variant or version."""
        name = assignment.name
        source = self.folder / "source" / name / f"{name}.ipynb"
        if source.exists():
            if source.read_text("utf-8") != assignment.source:
                raise SkinmetError(
                    Problem(
                        str(source),
                        f"{name} was graded here with another class key or another version of the assignment",
                        "use the same --class-key, or grade into another folder with --out",
                    )
                )
            if any(known.name == name for known in self._book.assignments):
                return
        master, release = versions(assignment)
        self._book.update_or_create_assignment(name)
        names = {"assignment": name, "notebook": name, "db_url": self.url}
        SaveCells().preprocess(copy.deepcopy(master), {"nbgrader": names})
        project.replace(self.folder / "release" / name / f"{name}.ipynb", nbformat.writes(release).encode())
        project.replace(source, assignment.source.encode())  # last: says that all of it is there

    def submit(self, student: str, assignment: str, content: bytes) -> None:
        """Keep what was handed in. student: as files and the gradebook name them."""
        file = self.folder / "submitted" / student / assignment / f"{assignment}.ipynb"
        if not file.is_file() or file.read_bytes() != content:
            project.replace(file, content)

    def record(self, student: str, key: str, result: Result) -> None:
        """Enter what the autograder found, unless the result of this key stands there; a person's marks stay.

        When the answers are others than those a person marked, the marks wait to be confirmed, as nbgrader
        has it.
        """
        name = result.assignment
        file = self.folder / "autograded" / student / name / f"{name}.ipynb"
        before = json.loads(file.read_bytes()) if file.exists() else None
        if before and before["metadata"]["skinmet"] == key and (student, name) in self._entered:
            return
        shown = harmless(nbformat.from_dict(json.loads(result.notebook)))
        shown.metadata["skinmet"] = key
        self._enter(student, result, changed=before is None or _sources(before) != _sources(shown))
        project.replace(file, nbformat.writes(shown).encode())  # last: says that all of it is there

    def _enter(self, student: str, result: Result, changed: bool) -> None:
        book = self._book
        with book.db.no_autoflush:
            book.db.merge(api.Student(id=student))
            book.db.flush()
            submission = (
                book.db.query(api.SubmittedAssignment)
                .join(api.Assignment)
                .filter(api.Assignment.name == result.assignment)
                .filter(api.SubmittedAssignment.student_id == student)
                .one_or_none()
            )
            if submission is None:
                submission = book.add_submission(result.assignment, student)
        notebook = submission.notebooks[0]
        for grade in notebook.grades:
            grade.auto_score = result.scores[grade.name]
            if grade.manual_score is None:
                grade.needs_manual_grade = grade.auto_score is None
            elif changed:
                grade.needs_manual_grade = True
        for comment in notebook.comments:
            comment.auto_comment = result.comments.get(comment.name)
        book.db.commit()

    def scores(self, assignment: str) -> dict[str, dict[str, float | None]]:
        """Of every submission {student: {grade_id: score}}, None while it waits for a person."""
        grade = api.Grade
        rows = self._of(assignment, grade, grade.auto_score, grade.manual_score, grade.extra_credit,
                        grade.needs_manual_grade)  # fmt: skip
        found: dict[str, dict[str, float | None]] = {}
        for student, question, auto, manual, extra, waits in rows:
            score = auto if manual is None else manual
            score = None if score is None or waits else score + (extra or 0.0)
            found.setdefault(student, {})[question] = score
        return found

    def comments(self, assignment: str) -> dict[str, dict[str, str]]:
        """What a person wrote to students: {student: {grade_id of the answer: comment}}."""
        found: dict[str, dict[str, str]] = {}
        for student, cell, comment in self._of(assignment, api.Comment, api.Comment.manual_comment):
            if comment and comment.strip():
                found.setdefault(student, {})[cell] = comment.strip()
        return found

    def _of(self, assignment: str, table: type, *columns):
        """Student, name of the cell and columns of all grades or comments of an assignment."""
        return (
            self._book.db.query(api.SubmittedAssignment.student_id, api.BaseCell.name, *columns)
            .select_from(table)
            .join(api.BaseCell, api.BaseCell.id == table.cell_id)
            .join(api.SubmittedNotebook, api.SubmittedNotebook.id == table.notebook_id)
            .join(api.SubmittedAssignment, api.SubmittedAssignment.id == api.SubmittedNotebook.assignment_id)
            .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
            .filter(api.Assignment.name == assignment)
        )


def harmless(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy whose text formgrader can show, which renders Markdown with the HTML and the links in it.

    The outputs were trimmed before.
    """
    shown = copy.deepcopy(notebook)
    for cell in shown.cells:
        if cell.cell_type == "markdown" and not cell.metadata.get("nbgrader", {}).get("locked"):
            escaped = cell.source.replace("&", "&amp;").replace("<", "&lt;")
            cell.source = escaped.replace("](", "]\\(").replace("]:", "]\\:")
    return shown


def _mark_version(database: Path) -> None:
    """nbgrader's mark of the version of its tables, in a new database: itself it starts a program for it."""
    with closing(sqlite3.connect(database)) as connection, connection:
        table = "alembic_version (version_num VARCHAR(32) NOT NULL)"
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table}")
        if connection.execute("SELECT version_num FROM alembic_version").fetchone() is None:
            version = ScriptDirectory(dbutil.ALEMBIC_DIR).get_current_head()
            connection.execute("INSERT INTO alembic_version VALUES (?)", (version,))


def _sources(notebook: dict) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"]]
