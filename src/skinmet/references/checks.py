"""Every fault in references.bib and ledger.csv, each with its line and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from skinmet import project
from skinmet.problems import Problem
from skinmet.references import bibtex, files
from skinmet.references.exports import CSL_TYPES
from skinmet.references.files import BIB, LEDGER, STATUSES
from skinmet.references.identity import letters
from skinmet.references.works import name_problem

_FORMS = {
    "doi": (r"10\.\d{4,9}/\S*[^\s.,;]", "write the DOI alone, as 10.1016/j.jaad.2019.01.001"),
    "pmid": (r"[1-9]\d{0,7}", "write the number alone, at most 8 digits"),
    "pmcid": (r"PMC[1-9]\d{0,8}", "write it as PMC1234567"),
    "year": (r"1[5-9]\d\d|20\d\d", "write four digits; a month has a field of its own"),
    "url": (r"https?://[^\s{}]+", "write one address that begins with https://"),
}
# One page or article number, or a range; `357--` is a range whose last page was not seen.
_PAGES = re.compile(r"(?P<first>[A-Za-z]*\d[\w.]*)(--(?P<last>[A-Za-z]*\d[\w.]*)?)?")
# What a complete reference must have, by entry type, besides author, title and year.
_CONTAINER = {
    "article": ("journal",),
    "book": ("publisher",),
    "incollection": ("booktitle",),
    "inproceedings": ("booktitle",),
    "phdthesis": ("school", "institution"),  # one of the two
}
_IDENTIFIERS = ("doi", "pmid", "pmcid")


def check(root: Path | str | None = None) -> list[Problem]:
    """All problems of the two files, in the order of file and line; an empty list when there are none."""
    folder = project.root(root)
    sources = files.read(folder)
    problems = list(sources.problems)
    for entry in sources.entries:
        problems += of_entry(entry, sources.ledger.get(entry.key, {}))
    problems += _shared_identifiers(sources.entries)
    problems += _same_titles(sources.entries)
    problems += _dates(sources)
    if not sources.problems:
        problems += _form(sources)
    return sorted(problems, key=lambda p: (p.file, p.line or 0))


def of_entry(entry: bibtex.Entry, row: dict[str, str]) -> Iterator[Problem]:
    """Faults of one entry; `row` is its row of the ledger."""

    def problem(found: str, remedy: str, column: str | None = None, value: object = None) -> Problem:
        line = entry.lines.get(column, entry.line)
        return Problem(BIB, f"{entry.key}: {found}", remedy, line, column, value)

    fields = {name: bibtex.tidy(name, value) for name, value in entry.fields.items()}
    if entry.key and not re.fullmatch(r"[a-z]+(\d{4}|nd)[a-z0-9]+", entry.key):
        remedy = "use first author, year (or nd), first word of the title: bastard2019cutaneous"
        yield problem("the key is not of the usual form", remedy)
    if entry.type not in CSL_TYPES:
        yield problem("unknown entry type", f"use one of {', '.join(CSL_TYPES)}", value=f"@{entry.type}")
    for name, (form, remedy) in _FORMS.items():
        if name in fields and not re.fullmatch(form, fields[name]):
            yield problem(f"malformed {name}", remedy, name, fields[name] or "empty")
    if "pages" in fields and not all(_is_pages(part) for part in fields["pages"].split(", ")):
        remedy = "write 12--19, an article number (e1024), or several with a comma and a space"
        yield problem("malformed pages", remedy, "pages", fields["pages"])
    yield from _authors(entry, fields.get("author"))

    status = row.get("status")
    if status in STATUSES and fields.get("keywords") != status:
        remedy = f"write the ledger's word, {status}, into keywords, or correct the ledger"
        yield problem(
            "keywords and ledger disagree on the status",
            remedy,
            "keywords",
            fields.get("keywords", "missing"),
        )
    if status == "complete":
        lacking = [name for name in ("author", "title", "year") if not fields.get(name)]
        container = _CONTAINER.get(entry.type, ())
        if container and not any(fields.get(name) for name in container):
            lacking.append(" or ".join(container))
        if lacking:
            remedy = f"add the field, or set the status to {STATUSES[1]} or {STATUSES[2]} in both files"
            yield problem(f"marked complete, but without {', '.join(lacking)}", remedy)
    elif status == "traceable" and not any(fields.get(name) for name in _IDENTIFIERS):
        yield problem(
            "marked traceable, but without DOI, PMID or PMCID",
            "add one, or set the status to incomplete in both files",
        )


def _is_pages(part: str) -> bool:
    match = _PAGES.fullmatch(part)
    if not match:
        return False
    first, last = match["first"], match["last"] or ""
    both_counted = first.isdigit() and last.isdigit() and len(first) == len(last)
    return not both_counted or int(first) <= int(last)


def _authors(entry: bibtex.Entry, author: str | None) -> Iterator[Problem]:
    if author is None:
        return
    line = entry.lines["author"]
    try:
        bibtex.names(author)
    except ValueError as error:
        yield name_problem(entry, error)
        return
    people = bibtex.split(author)
    last = len(people) - 1
    for index, person in enumerate(people):
        if person == "others" and index == last:
            continue
        if person in ("others", "et al.", "et al"):
            found, remedy = "a shortened list of authors", "end it with `and others`"
        elif not person or re.match(r"and\b", person) or person.endswith(" and"):
            found, remedy = "an empty name", "remove the `and` that has no name on one side"
        elif "," not in person and " " in re.sub(r"\{[^{}]*\}", "", person):
            found = "BibTeX would take the last word of this name for the family name"
            remedy = "write `Family, Given`, or put an organisation in braces: {World Health Organization}"
        else:
            continue
        yield Problem(BIB, f"{entry.key}: {found}", remedy, line, "author", person)


def _shared_identifiers(entries: list[bibtex.Entry]) -> Iterator[Problem]:
    first: dict[tuple[str, str], bibtex.Entry] = {}
    for entry in entries:
        for name in _IDENTIFIERS:
            value = bibtex.tidy(name, entry.fields.get(name, ""))
            other = first.setdefault((name, value), entry)
            if value and other is not entry:
                yield Problem(
                    BIB, f"{entry.key}: {other.key} (line {other.line}) has the same {name}",
                    "keep one entry and give the tables its key, or correct the number",
                    entry.lines[name], name, value,
                )  # fmt: skip


def _same_titles(entries: list[bibtex.Entry]) -> Iterator[Problem]:
    """Two entries with one title, one year and the same first author: one found by its DOI, the other by its
    PMID, say. Accents, capitals and marks do not count; where one of the two knows no year or no author, that
    does not tell them apart."""
    first: dict[str, list[bibtex.Entry]] = {}
    for entry in entries:
        title = letters(bibtex.text("title", entry.fields.get("title", "")))
        if len(title) < 20:  # "Editorial", "Reply": many works are called that
            continue
        for other in first.setdefault(title, []):
            facts = [(_year(e), _first_author(e)) for e in (entry, other)]
            if all(not a or not b or a == b for a, b in zip(*facts, strict=True)):
                yield Problem(
                    BIB, f"{entry.key}: {other.key} (line {other.line}) has the same title",
                    "keep one entry and give the tables its key; a preprint or a second edition says so in "
                    "its title or has another year",
                    entry.lines.get("title", entry.line), "title", entry.fields["title"],
                )  # fmt: skip
                break
        first[title].append(entry)


def _year(entry: bibtex.Entry) -> str:
    return entry.fields.get("year", "").strip()


def _first_author(entry: bibtex.Entry) -> str:
    name = bibtex.text("author", entry.fields.get("author", "")).split(" and ")[0]
    return letters(name.split(",")[0])


def _dates(sources: files.Sources) -> Iterator[Problem]:
    for key, row in sources.ledger.items():
        try:
            if row["checked_on"]:
                date.fromisoformat(row["checked_on"])
        except ValueError:
            yield Problem(LEDGER, f"{key}: not a date", "write it as 2026-01-31, or leave it empty",
                          sources.lines[key], "checked_on", row["checked_on"])  # fmt: skip


def _form(sources: files.Sources) -> Iterator[Problem]:
    for name, text in files.canonical_files(sources).items():
        data, wanted = sources.raw[name], text.encode()
        if data != wanted:
            yield Problem(name, _difference(data), "run `skinmet fmt`", _first_line(data, wanted))


def _difference(data: bytes) -> str:
    """What keeps a file from being canonical: what a spreadsheet or an editor did to it, where it was one."""
    if data.startswith(b"\xef\xbb\xbf"):
        return "begins with a byte order mark (BOM)"
    if b"\r\n" in data:
        return "lines end the Windows way, with CR and LF"
    if data.startswith(";".join(files.LEDGER_COLUMNS[:2]).encode()):
        return "cells are separated by semicolons, not by commas"
    return "not in canonical form from here on"


def _first_line(data: bytes, wanted: bytes) -> int:
    """The first line that differs."""
    pairs = enumerate(zip(data.split(b"\n"), wanted.split(b"\n"), strict=False), 1)
    same = min(data.count(b"\n"), wanted.count(b"\n"))
    return next((line for line, (a, b) in pairs if a != b), same + 1)
