"""The reviewer's verbs for new studies and for the bibliography: add, verify."""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from skinmet.cli.common import Format, Root, app, count, print_json, say, show


class SeenAs(StrEnum):
    """What of a work was read, in the ledger's words."""

    fulltext = "fulltext"
    abstract = "abstract"
    secondary = "secondary"


@app.command()
def add(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="An export: .bib, .ris or .nbib.")
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option(help="Add rows to this table, as epidemiology/frequency.")
    ] = None,
    rows: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True, dir_okay=False, help="A filled form, one for each --table; else you are asked."
        ),
    ] = None,
    form: Annotated[
        str | None, typer.Option(metavar="TABLE", help="Print the table's empty form, a CSV file.")
    ] = None,
    seen_as: Annotated[SeenAs, typer.Option(help="What of the new works was read.")] = SeenAs.secondary,
    by: Annotated[
        str,
        typer.Option(metavar="NAME", help="Who compared the references with the works themselves, today."),
    ] = "",
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Add works that are called nearly as one that is there.")
    ] = False,
    format: Annotated[Format, typer.Option(help="text for people, json for programs.")] = Format.text,
    root: Root = None,
) -> None:
    """Add a study: its reference from an export, then rows of a table.

    All of it is checked before anything is written, and written as a whole or not at all.
    """
    from skinmet import project
    from skinmet.review import add as adding
    from skinmet.review import rows as rowing
    from skinmet.review import tables
    from skinmet.review.form import Quit

    folder = project.root(root)
    if form is not None:
        print(rowing.form(rowing.table_of(tables.package(folder)[0], form)), end="")
        return
    names, filled = table or [], rows or []
    if not (file or names):
        raise typer.BadParameter("name an export, or a --table to add rows to")
    if len(filled) != len(names) and (filled or len(names) != 1):
        raise typer.BadParameter("give one --rows for each --table, or one --table alone to be asked")
    ledger = adding.Ledger(seen_as.value, by, time.strftime("%Y-%m-%d") if by else "")
    try:
        done = adding.add(
            folder, file, list(zip(names, filled or [None] * len(names), strict=True)),
            ledger=ledger, anyway=anyway, ask=_ask, say=lambda line: show([line], sys.stderr),
        )  # fmt: skip
    except Quit:
        say("\nended: nothing was written")
        raise typer.Exit(1) from None
    show(done.remarks, sys.stderr)
    if format is Format.json:
        print_json(done)
    else:
        show((f"{key}: {title}" for key, title in done.works.items()), sys.stdout)
        show(done.rows, sys.stdout)
    for line, twin in done.twins:
        doubt = "" if twin.certain else ", or --anyway adds it as another work"
        show(
            [f"{file}:{line}: is there already, as {twin.key}: {twin.shared}: use that key{doubt}"],
            sys.stderr,
        )
    say(f"{', '.join(done.files)} written" if done.files else "nothing was added")
    raise typer.Exit(0 if done.files else 1)


@app.command()
def verify(
    keys: Annotated[list[str] | None, typer.Argument(help="Citekeys; else every reference.")] = None,
    base_url: Annotated[
        str, typer.Option(help="Where Crossref's interface is.")
    ] = "https://api.crossref.org",
    email: Annotated[
        str | None, typer.Option(help="Your address: Crossref asks for one, and serves you sooner.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="For the proposals; else _build/crossref/proposals.json."),
    ] = None,
    accept: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Write these proposals, for the KEYS (or KEY:field) named."
        ),
    ] = None,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who accepts; goes into the ledger.")] = "",
    format: Annotated[Format, typer.Option(help="text for people, json for programs.")] = Format.text,
    root: Root = None,
) -> None:
    """Compare the references with Crossref, and find retractions.

    It proposes; with --accept a person decides, work by work. Answers are remembered for 30 days.
    """
    from skinmet import project

    folder = project.root(root)
    if accept:
        _accept(folder, accept, keys or [], by)
        return
    if email and not re.fullmatch(r"[^\s@()<>,;:]+@[^\s@()<>,;:]+", email):
        raise typer.BadParameter("an address reads name@place", param_hint="--email")
    from rich.console import Console
    from rich.progress import Progress

    from skinmet.review import verify as verifying

    works, sources = verifying.entries(folder, keys or [])
    if not email:
        say("note: without --email Crossref is asked one question a second")
    crossref = verifying.door(folder, base_url, email)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("asking Crossref", total=len(works))
        report = verifying.verify(works, sources, crossref, base_url, lambda key: bar.advance(task))
    path = out or folder / verifying.PROPOSALS
    text = json.dumps(asdict(report), ensure_ascii=False, indent=1)
    project.replace(path, text.encode())
    if format is Format.json:
        print(text)
    else:
        show(verifying.lines(report, works), sys.stdout)
    if report.stopped:
        rest = f"{count(report.left, 'work')} not asked; what was answered is kept: run it again to go on"
        say(f"stopped: {report.stopped}; {rest}")
    asked = len(works) - report.left - len(report.unanswered)
    found = f"{count(len(report.proposals), 'proposal')}, {count(len(report.notices), 'notice')}"
    say(f"{count(asked, 'reference')} compared with Crossref: {found}, in {path}")
    raise typer.Exit(0 if report.clean else 1)


def _accept(folder: Path, path: Path, keys: list[str], by: str) -> None:
    from skinmet.review.accept import accept

    if not keys or not by:
        raise typer.BadParameter("name the works whose proposals you accept, and yourself with --by")
    done = accept(folder, path, keys, by, time.strftime("%Y-%m-%d"))
    show(done.remarks, sys.stderr)
    show((f"{key}: {', '.join(names)}" for key, names in done.written.items()), sys.stdout)
    show((f"kept: {words}" for words in done.kept), sys.stderr)
    say(f"{', '.join(done.files)} written" if done.files else "nothing was written")


def _ask(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    return input()
