"""One canonical form for every table and for the bibliography, so that a diff shows changed facts alone.

A table is UTF-8 without a byte order mark, lines end with LF, cells are separated by commas and quoted only
where they must be, columns stand in the order of the schema, rows in the order they had. Spaces around a
value and empty lines go. No value is touched.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from skinmet import project
from skinmet.problems import Problem, SkinmetError
from skinmet.references import bibtex, files
from skinmet.review import csvfile, tables, writing

REFERENCES = f"data/{tables.REFERENCES}.csv"


def fmt(root: Path | str | None = None, check: bool = False) -> list[str]:
    """Bring tables and bibliography into canonical form; return the names of the files that were not in it.

    data/references.csv is made anew from references.bib and ledger.csv. With `check` nothing is written.
    Raises SkinmetError, and writes nothing, when a file can't be read without losing something.
    """
    folder = project.root(root)
    described, problems = tables.package(folder)
    read: dict[str, bytes] = {}
    wanted: dict[str, str] = {}
    for table in described.values():
        path = folder / table.file
        if path.is_file():
            read[table.file] = path.read_bytes()
        if table.file != REFERENCES:
            arranged = arrange(folder, table)
            problems += arranged.problems
            header = [column.name for column in table.columns]
            rows = ([cell.strip() for cell in row] for _, row in arranged.rows)
            wanted[table.file] = write([header, *rows])
    sources = files.read(folder)
    problems += sources.problems
    if problems:
        raise SkinmetError(*problems)
    wanted |= files.canonical_files(sources)
    if tables.REFERENCES in described:
        wanted[REFERENCES] = references_table(sources)

    read |= sources.raw
    changed = sorted(file for file, text in wanted.items() if text.encode() != read.get(file))
    if changed and not check:
        with writing.desk(folder):
            writing.together(folder, wanted, read)
    return changed


def references_table(sources: files.Sources) -> str:
    """The text of data/references.csv: what tables and `evidence` need to know of each work."""
    columns = ("citekey", "title", "year", "doi", "pmid", "status", "seen_as")
    rows = []
    for entry in sorted(sources.entries, key=lambda entry: entry.key):
        fields = {name: bibtex.text(name, entry.fields.get(name, "")) for name in columns[1:5]}
        ledger = sources.ledger[entry.key]
        rows.append([entry.key, *fields.values(), ledger["status"], ledger["seen_as"]])
    return write([columns, *rows])


@dataclass(frozen=True)
class Arranged:
    """A table's rows, each with its line and its cells in the order of the schema. form: what a spreadsheet
    did to the file and writing it anew mends. problems: what stands in the way of writing it; then the rows
    are not all there."""

    rows: list[tuple[int, list[str]]]
    form: list[Problem]
    problems: list[Problem]


def arrange(root: Path, table: tables.Table) -> Arranged:
    """Read the table's file for writing it anew."""
    contents = csvfile.read(root / table.file, table.file)
    problems = list(contents.faults)
    if not contents.records:
        return Arranged([], contents.form, problems)
    line, cells = contents.records[0]
    header = [cell.strip() for cell in cells]
    expected = [column.name for column in table.columns]
    if sorted(header) != sorted(expected):
        remedy = "mend the header first; `skinmet check` says how"
        problems.append(Problem(table.file, "the columns are not those of the schema", remedy, line))
        return Arranged([], contents.form, problems)
    places = [header.index(name) for name in expected]
    rows = []
    for line, cells in contents.records[1:]:
        if len(cells) == len(header):
            rows.append((line, [cells[place] for place in places]))
        else:
            problems.append(csvfile.uneven(table.file, line, cells, header))
    return Arranged(rows, contents.form, problems)


def write(rows: Iterable[Iterable[str]]) -> str:
    """Rows as CSV in canonical form."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
