"""The two files of the room, references.bib and ledger.csv: read as one, written in canonical form."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from skinmet.problems import Problem
from skinmet.references import bibtex

BIB = "references/references.bib"
LEDGER = "references/ledger.csv"
LEDGER_COLUMNS = (
    "citekey", "status", "seen_as", "seen_at", "fields_confirmed", "checked_on", "checked_by", "notes",
)  # fmt: skip
# complete: author, title, journal and year are known; traceable: something is missing, but a DOI, PMID or
# PMCID leads to the work; incomplete: the reference waits for completion.
STATUSES = ("complete", "traceable", "incomplete")
# What was read of the work, and how the list of references says so.
SEEN_AS = {
    "fulltext": "Full text read.",
    "abstract": "Abstract read.",
    "secondary": "Not read itself: known through a later work.",
}


@dataclass(frozen=True)
class Sources:
    """Both files as they stand: entries in file order, ledger rows and their lines by citekey, and the faults
    that keep the two from being read as one. raw: what the files held, by name."""

    entries: list[bibtex.Entry]
    ledger: dict[str, dict[str, str]]
    lines: dict[str, int]
    problems: list[Problem]
    raw: dict[str, bytes]


def read(root: Path, ledger: bytes | None = None) -> Sources:
    """Entries and ledger rows of the project in `root`; faults are returned, not raised.

    ledger: what to take for the content of ledger.csv.
    """
    raw: dict[str, bytes] = {} if ledger is None else {LEDGER: ledger}
    bib, bib_faults = _text(root, BIB, raw)
    entries, faults = bibtex.read(bib, BIB)
    bib_faults += faults
    table, ledger_faults = _text(root, LEDGER, raw)
    ledger, lines, faults = ({}, {}, []) if ledger_faults else _rows(table)
    ledger_faults += faults
    problems = bib_faults + ledger_faults
    # Something broken in one file would look as if it were missing there.
    if not ledger_faults:
        problems += [
            Problem(BIB, f"{entry.key} has no row in the ledger",
                    f"add a row to {LEDGER}: what was seen of this work, and where", entry.line)
            for entry in entries if entry.key not in ledger
        ]  # fmt: skip
    if not bib_faults:
        keys = {entry.key for entry in entries}
        problems += [
            Problem(LEDGER, "no entry has this key",
                    f"add the entry to {BIB}, or correct the key{nearest(key, keys)}", line, "citekey", key)
            for key, line in lines.items() if key not in keys
        ]  # fmt: skip
    return Sources(entries, ledger, lines, problems, raw)


def canonical_files(sources: Sources) -> dict[str, str]:
    """What both files hold in canonical form: sorted by key, UTF-8, line feeds."""
    out = io.StringIO()
    writer = csv.DictWriter(out, LEDGER_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sources.ledger[key] for key in sorted(sources.ledger))
    return {BIB: bibtex.write(sources.entries), LEDGER: out.getvalue()}


def nearest(key: str, known: Iterable[str]) -> str:
    """` (nearest: …)` with up to three known keys that look like this one, or nothing."""
    near = difflib.get_close_matches(key, list(known), n=3)
    return f" (nearest: {', '.join(near)})" if near else ""


def missing(name: str) -> Problem:
    """One of the two files is not there."""
    return Problem(name, "the file is missing", f"bring it back, for instance with `git restore {name}`")


def _text(root: Path, name: str, raw: dict[str, bytes]) -> tuple[str, list[Problem]]:
    try:
        if name not in raw:
            raw[name] = (root / name).read_bytes()
        data = raw[name]
    except FileNotFoundError:
        return "", [missing(name)]
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n"), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return "", [Problem(name, "this line is not UTF-8", "save the file with the encoding UTF-8", line)]


def _rows(text: str) -> tuple[dict[str, dict[str, str]], dict[str, int], list[Problem]]:
    """Rows of the ledger, as a spreadsheet may have saved it: semicolons, empty lines, outer spaces."""
    rows: dict[str, dict[str, str]] = {}
    lines: dict[str, int] = {}
    separator = ";" if text.startswith(";".join(LEDGER_COLUMNS[:2])) else ","
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    try:
        header = tuple(next(reader, []))
    except csv.Error:
        header = ()
    if header != LEDGER_COLUMNS:
        remedy = f"it must read {','.join(LEDGER_COLUMNS)}"
        return rows, lines, [Problem(LEDGER, "the header is not the expected one", remedy, 1)]
    problems = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            remedy = "look for a stray quotation mark in this row"
            problems.append(Problem(LEDGER, f"the row can't be read ({error})", remedy, line))
            break
        if cells is None:
            break
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        row = dict(zip(LEDGER_COLUMNS, cells, strict=False))
        key = cells[0] if cells else ""
        if len(cells) != len(LEDGER_COLUMNS):
            found = f"the row has {len(cells)} cells, the header {len(LEDGER_COLUMNS)}"
            remedy = "a comma inside a cell needs quotes around the cell"
            problems.append(Problem(LEDGER, found, remedy, line, value=key or None))
        elif key in rows:
            found = f"a second row for this work (first in line {lines[key]})"
            problems.append(Problem(LEDGER, found, "keep one of the two", line, "citekey", key))
        else:
            rows[key], lines[key] = row, line
            for column, words in (("status", STATUSES), ("seen_as", tuple(SEEN_AS))):
                if row[column] not in words:
                    found = f"{key}: not one of the words of this column"
                    value = row[column] or "empty"
                    problems.append(
                        Problem(LEDGER, found, f"write one of {', '.join(words)}", line, column, value)
                    )
    return rows, lines, problems
