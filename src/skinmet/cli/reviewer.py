"""The reviewer's verbs: check the evidence, tidy it, execute it, and see what a change does."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from skinmet.cli.common import Format, Root, app, count, print_json, say, show


class ReportFormat(StrEnum):
    """How a report is written; html is a page below _build/."""

    text = "text"
    json = "json"
    html = "html"


@app.command()
def check(
    root: Root = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="First mend what has one right answer; says what it did.")
    ] = False,
    format: Annotated[Format, typer.Option(help="text for people, json for programs.")] = Format.text,
) -> None:
    """Find every fault in tables, references, notebooks and exercises.

    Each with file, line, column, value and what to do about it. Reads only, unless --fix is given.
    """
    from skinmet.classroom import assignment
    from skinmet.review.check import examine
    from skinmet.review.fix import fix as mend

    start = time.perf_counter()
    mends = mend(root) if fix else []
    report = examine(root)
    report = replace(report, problems=[*report.problems, *assignment.problems(root)])
    if format is Format.json:
        print_json(report, **({"mended": [asdict(one) for one in mends]} if fix else {}))
    else:
        show(mends, sys.stdout)
        show(report.problems, sys.stdout)
    if fix:
        say(f"{count(len(mends), 'thing')} mended" if mends else "nothing to mend")
    if report.unused:
        say(f"note: no table or notebook cites {', '.join(report.unused)}")
    looked_at = ", ".join(
        (
            count(report.tables, "table"),
            count(report.rows, "row"),
            count(report.references, "reference"),
            count(report.notebooks, "notebook"),
        )
    )
    findings = count(len(report.problems), "finding") if report.problems else "no findings"
    say(f"checked {looked_at} in {time.perf_counter() - start:.1f} s: {findings}")
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
        say("everything is in canonical form")
    elif check:
        say(f"{count(len(changed), 'file')} not in canonical form: run `skinmet fmt`")
    else:
        say(f"{count(len(changed), 'file')} rewritten")
    raise typer.Exit(1 if changed and check else 0)


@app.command()
def refresh(
    names: Annotated[list[str] | None, typer.Argument(help="Notebooks, as 01_how_common; else all.")] = None,
    all: Annotated[bool, typer.Option("--all", help="Execute even what did not change.")] = False,
    root: Root = None,
) -> None:
    """Execute the notebooks whose inputs changed.

    Inputs are what it read when it last ran: tables, references, code; and the notebook itself. The outputs
    are stored in it; what changed in them is listed, old -> new.
    """
    from skinmet import project
    from skinmet.review.refresh import refresh as run

    results = run(project.root(root), all=all, names=names)
    for result in results:
        done = f"executed in {result.seconds:.1f} s" if result.executed else "nothing it reads has changed"
        print(f"{result.notebook}: {done}{', new outputs' if result.differences else ''}")
        show((f"  {line}" for line in result.differences), sys.stdout)
    executed = sum(result.executed for result in results)
    say(f"{count(len(results), 'notebook')}, {executed} executed")


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
        print_json(found)
    elif format is ReportFormat.html:
        print(impact_page.write(found, project.root(root)))
    else:
        show(impact_text.lines(found), sys.stdout)
    say(f"{impact_text.summary(found)} ({time.perf_counter() - start:.1f} s)")


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
        print_json(found)
    else:
        show(waits.lines(found, everything=all), sys.stdout)


@app.command()
def agreement(
    format: Annotated[Format, typer.Option(help="text for people, json for programs.")] = Format.text,
    root: Root = None,
) -> None:
    """Say how far two readers of the same rows agree.

    Percent, Cohen's kappa, and every disagreement with its resolution.
    """
    from skinmet.review import readers

    found = readers.measure(root)
    if format is Format.json:
        print_json(found)
    else:
        show(readers.lines(found), sys.stdout)


@app.command()
def bundle(
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="The file; else _build/skinmet-VERSION.zip.")
    ] = None,
    root: Root = None,
) -> None:
    """Pack the whole review into one zip for others to use.

    Tables with their description, the works as BibTeX, CSL-JSON and RIS, the ledger, licence, checksums.
    """
    from skinmet.review.bundle import bundle as pack

    print(pack(root, out))
