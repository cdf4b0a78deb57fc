"""The command `skinmet`: verbs only, each calls one function of the package.

Results go to stdout, messages to stderr. Exit code 0: fine; 1: findings, or something is in the way; 2: wrong
usage. A verb loads what it needs when it runs, so that `skinmet check` need not wait for the rest.
"""

from __future__ import annotations

import json
import re
import sys
import time
import traceback
from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from skinmet import __version__
from skinmet.problems import Problem, SkinmetError

app = typer.Typer(
    add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)

Root = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="The project's folder; else found from where you are."),
]


class Format(StrEnum):
    """How findings are written."""

    text = "text"
    json = "json"


class ReportFormat(StrEnum):
    """How a report is written; html is a page below _build/."""

    text = "text"
    json = "json"
    html = "html"


def _version(wanted: bool) -> None:
    if wanted:
        print(f"skinmet {__version__}")
        raise typer.Exit


@app.callback()
def skinmet(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
) -> None:
    """The evidence on skin metastasis of breast cancer: check it, tidy it, execute it, build the book."""


@app.command()
def check(
    root: Root = None,
    format: Annotated[Format, typer.Option(help="text for people, json for programs.")] = Format.text,
) -> None:
    """Find every fault in tables, references and notebooks.

    Each with file, line, column, value and what to do about it. Reads only.
    """
    from skinmet.review.check import examine

    start = time.perf_counter()
    report = examine(root)
    if format is Format.json:
        _print_json(report)
    else:
        _print(report.problems, sys.stdout)
    if report.unused:
        _say(f"note: no table or notebook cites {', '.join(report.unused)}")
    looked_at = ", ".join(
        (
            _count(report.tables, "table"),
            _count(report.rows, "row"),
            _count(report.references, "reference"),
            _count(report.notebooks, "notebook"),
        )
    )
    findings = _count(len(report.problems), "finding") if report.problems else "no findings"
    _say(f"checked {looked_at} in {time.perf_counter() - start:.1f} s: {findings}")
    raise typer.Exit(1 if report.problems else 0)


@app.command()
def fmt(
    root: Root = None,
    check: Annotated[bool, typer.Option("--check", help="Name the files; write nothing.")] = False,
) -> None:
    """Bring tables and bibliography into one canonical form.

    No value is touched. data/references.csv is made anew from the bibliography and its ledger.
    """
    from skinmet.review import canonical

    changed = canonical.fmt(root, check=check)
    for file in changed:
        print(file)
    if not changed:
        _say("everything is in canonical form")
    elif check:
        _say(f"{_count(len(changed), 'file')} not in canonical form: run `skinmet fmt`")
    else:
        _say(f"{_count(len(changed), 'file')} rewritten")
    raise typer.Exit(1 if changed and check else 0)


@app.command()
def refresh(
    names: Annotated[list[str] | None, typer.Argument(help="Notebooks, as 01_how_common; else all.")] = None,
    all: Annotated[bool, typer.Option("--all", help="Execute even what did not change.")] = False,
    root: Root = None,
) -> None:
    """Execute the notebooks whose inputs changed.

    Inputs are the tables, the references, the code and the notebook itself. The outputs are stored in it.
    """
    from skinmet import project
    from skinmet.review.refresh import refresh as run

    results = run(project.root(root), all=all, names=names)
    for result in results:
        done = f"executed in {result.seconds:.1f} s" if result.executed else "nothing it reads has changed"
        print(f"{result.notebook}: {done}{', new outputs' if result.changed else ''}")
    executed = sum(result.executed for result in results)
    _say(f"{_count(len(results), 'notebook')}, {executed} executed")


@app.command()
def impact(
    base: Annotated[str, typer.Option(help="The revision to compare with.")] = "HEAD",
    format: Annotated[
        ReportFormat, typer.Option(help="text for people, json for programs, html: _build/impact.html.")
    ] = ReportFormat.text,
    root: Root = None,
) -> None:
    """Say what the uncommitted change of tables and references does.

    Rows, pooled estimates, claims, notebooks: each before and after. Writes nothing but the page.
    """
    from skinmet import project
    from skinmet.review import impact_page, impact_text
    from skinmet.review.impact import measure

    start = time.perf_counter()
    found = measure(root, base)
    if format is ReportFormat.json:
        _print_json(found)
    elif format is ReportFormat.html:
        print(impact_page.write(found, project.root(root)))
    else:
        _print(impact_text.lines(found), sys.stdout)
    _say(f"{impact_text.summary(found)} ({time.perf_counter() - start:.1f} s)")


@app.command()
def queue(
    all: Annotated[
        bool, typer.Option("--all", help="Name everything, not the first 15 of each kind.")
    ] = False,
    format: Annotated[Format, typer.Option(help="text for people, json for programs.")] = Format.text,
    root: Root = None,
) -> None:
    """List what waits for a person, what most leans on first.

    Incomplete references, rows seen second-hand, derived counts, claims without evidence.
    """
    from skinmet.review import queue as waits

    found = waits.waiting(root)
    if format is Format.json:
        _print_json(found)
    else:
        _print(waits.lines(found, everything=all), sys.stdout)


@app.command()
def book(root: Root = None) -> None:
    """Build the site, and say where its front page is.

    From the stored outputs of the notebooks and the tables: nothing is executed.
    """
    from skinmet.book import build

    print(build(root))


def main() -> None:
    """Run the command; what goes wrong becomes a line on stderr and an exit code, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except SkinmetError as error:
        _print(error.problems, sys.stderr)
        sys.exit(1)
    except OSError as error:
        _say(
            f"{error.filename or 'skinmet'}: {error.strerror or error}: look at the file and its permissions"
        )
        sys.exit(1)
    except Exception as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        else:
            _say(f"skinmet: an unexpected error, {type(error).__name__}: {error}")
            _say("please report it, with what `skinmet --debug …` shows for the same command")
        sys.exit(1)


def _print(lines: Iterable[Problem | str], stream) -> None:
    for line in lines:
        # a broken file may hold signs that would steer the terminal
        print(re.sub(r"[\x00-\x1f\x7f-\x9f]", "?", str(line)), file=stream)


def _print_json(report) -> None:
    print(json.dumps(asdict(report), ensure_ascii=False, indent=1, default=str))


def _say(message: str) -> None:
    print(message, file=sys.stderr)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
