"""One canonical form for every table and for the bibliography, so that a diff shows changed facts alone.

A table is UTF-8 without a byte order mark, lines end with LF, cells are separated by commas and quoted only
where they must be, columns stand in the order of the schema, rows in the order they had. Spaces around a
value and empty lines go. No value is touched.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from skinmet import project
from skinmet.problems import Problem, SkinmetError
from skinmet.references import bibtex, files
from skinmet.review import csvfile, tables

REFERENCES = f"data/{tables.REFERENCES}.csv"


def fmt(root: Path | str | None = None, check: bool = False) -> list[str]:
    """Bring tables and bibliography into canonical form; return the names of the files that were not in it.

    data/references.csv is made anew from references.bib and ledger.csv. With `check` nothing is written.
    Raises SkinmetError, and writes nothing, when a file can't be read without losing something.
    """
    folder = project.root(root)
    described, problems = tables.package(folder)
    wanted: dict[str, str] = {}
    for table in described.values():
        if table.file != REFERENCES:
            text, faults = _canonical(folder, table)
            wanted[table.file] = text
            problems += faults
    sources = files.read(folder)
    problems += sources.problems
    if problems:
        raise SkinmetError(*problems)
    if tables.REFERENCES in described:
        wanted[REFERENCES] = references_table(sources)

    changed = files.format_files(folder, check=check)
    for file, text in wanted.items():
        path = folder / file
        if not path.is_file() or path.read_bytes() != text.encode():
            changed.append(file)
            if not check:
                project.replace(path, text.encode())
    return sorted(changed)


def references_table(sources: files.Sources) -> str:
    """The text of data/references.csv: what tables and `evidence` need to know of each work."""
    columns = ("citekey", "title", "year", "doi", "pmid", "status", "seen_as")
    rows = []
    for entry in sorted(sources.entries, key=lambda entry: entry.key):
        fields = {name: bibtex.text(name, entry.fields.get(name, "")) for name in columns[1:5]}
        ledger = sources.ledger[entry.key]
        rows.append([entry.key, *fields.values(), ledger["status"], ledger["seen_as"]])
    return _write([columns, *rows])


def _canonical(root: Path, table: tables.Table) -> tuple[str, list[Problem]]:
    """The table's text in canonical form, and what stands in the way of it."""
    contents = csvfile.read(root / table.file, table.file)
    problems = contents.faults
    if not contents.records:
        return "", problems
    line, cells = contents.records[0]
    header = [cell.strip() for cell in cells]
    expected = [column.name for column in table.columns]
    if sorted(header) != sorted(expected):
        remedy = "mend the header first; `skinmet check` says how"
        return "", [*problems, Problem(table.file, "the columns are not those of the schema", remedy, line)]
    places = [header.index(name) for name in expected]
    rows = [expected]
    for line, cells in contents.records[1:]:
        if len(cells) == len(header):
            rows.append([cells[place].strip() for place in places])
        else:
            problems.append(csvfile.uneven(table.file, line, cells, header))
    return _write(rows), problems


def _write(rows: Iterable[Iterable[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
