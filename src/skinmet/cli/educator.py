"""The educator's verbs: release, grade, export."""

from __future__ import annotations

import sys
import time
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from skinmet.cli.common import Root, app, count, say, show


class GradeBook(StrEnum):
    """Who reads the marks: people and programs, or the import of Canvas or Moodle."""

    csv = "csv"
    canvas = "canvas"
    moodle = "moodle"


@app.command()
def release(
    assignments: Annotated[
        list[str] | None, typer.Argument(help="Assignments, as 01_how_common; else all.")
    ] = None,
    class_key: Annotated[
        str | None, typer.Option(help="A secret that picks this class's variant of each question.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="The folder, the zip goes beside; else _build/release."),
    ] = None,
    root: Root = None,
) -> None:
    """Make the students' version of the exercises: a folder, and a zip of it.

    Without solutions, hidden tests and mark schemes; with the tables and the code that they need.
    """
    from skinmet.classroom.release import release as make

    for path in make(assignments or (), root, class_key, out):
        print(path)


@app.command()
def grade(
    submissions: Annotated[Path, typer.Argument(help="Folder or zip: nbgrader, Moodle, Canvas.")],
    out: Annotated[Path, typer.Option(help="Where marks, feedback and report go.")],
    assignment: Annotated[str | None, typer.Option(help="For notebooks that don't say which it is.")] = None,
    class_key: Annotated[
        str | None, typer.Option(envvar="SKINMET_CLASS_KEY", help="The key of the class's release.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; as many as cores.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="A dask cluster, as tcp://host:8786.")] = None,
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="Trust every submission; each mark says so.")
    ] = False,
    cell_seconds: Annotated[float | None, typer.Option(min=0.1, help="Time for a cell; 20.")] = None,
    submission_seconds: Annotated[
        float | None, typer.Option(min=1, help="Time for a submission; 120.")
    ] = None,
    memory_mb: Annotated[int | None, typer.Option(min=256, help="Memory for a submission; 2048.")] = None,
    root: Root = None,
) -> None:
    """Grade what a class handed in, each submission in a sandbox.

    Stopped and started again it goes on. Free text is marked in formgrader, opened in OUT/course; the same
    command then takes these marks over.
    """
    from skinmet.classroom import progress
    from skinmet.classroom.execute import Limits
    from skinmet.classroom.grade import doubt
    from skinmet.classroom.grade import grade as run

    said = {"cell_seconds": cell_seconds, "submission_seconds": submission_seconds, "memory_mb": memory_mb}
    limits = Limits(**{name: value for name, value in said.items() if value is not None})
    start = time.perf_counter()
    with progress.shown() as tick:
        marks = run(
            submissions, out, assignment=assignment, class_key=class_key, workers=workers,
            scheduler=scheduler, sandbox=not no_sandbox, limits=limits, root=root, tick=tick,
        )  # fmt: skip
    for mark in marks:
        if mark.status == "failed":
            show([f"{mark.student}: {mark.assignment or 'no assignment'}: {mark.reason}"], sys.stderr)
    if doubts := doubt(marks):
        say(f"note: {doubts}")
    statuses = Counter(mark.status for mark in marks)
    counted = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items()))
    say(f"{count(len(marks), 'submission')} in {time.perf_counter() - start:.1f} s: {counted}")
    print(out / "marks.csv")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that `skinmet grade` wrote.")],
    format: Annotated[
        GradeBook, typer.Option(help="csv: every column; canvas, moodle: a file that these import.")
    ] = GradeBook.csv,
    roster: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="The CSV downloaded from Canvas or Moodle: marks are filled in."
        ),
    ] = None,
    assignment: Annotated[str | None, typer.Option(help="Only the marks of this one.")] = None,
    column: Annotated[str | None, typer.Option(help="The roster's column for the marks.")] = None,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="A file; else stdout.")] = None,
) -> None:
    """Write the marks as CSV, for people or for a grade book.

    Work that failed or waits for a person has no mark there, and is named on stderr.
    """
    from skinmet import project
    from skinmet.classroom.export import export as write

    text, notes = write(folder, format.value, roster, assignment, column)
    if out:
        project.replace(out, text.encode())
        print(out)
    else:
        sys.stdout.write(text)
    show(notes, sys.stderr)
