"""New rows for a table: from a filled CSV file, with names that were never used."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from skinmet.problems import Problem, SkinmetError
from skinmet.review import canonical, csvfile, tables
from skinmet.review.tables import REFERENCES, Table


@dataclass(frozen=True)
class NewRow:
    """Cells of a row by column, and the file and line they came from (`file` empty: typed in)."""

    cells: dict[str, str]
    file: str = ""
    line: int = 0


def table_of(described: dict[str, Table], name: str) -> Table:
    """The table of this name. Raises SkinmetError with the names there are."""
    name = name.removeprefix("data/").removesuffix(".csv")
    if name in described and name != REFERENCES:
        return described[name]
    known = ", ".join(sorted(set(described) - {REFERENCES}))
    found = "there is no such table to add rows to"
    raise SkinmetError(Problem(tables.PACKAGE, found, f"name one of {known}", value=name))


def form(table: Table) -> str:
    """An empty CSV file with the table's columns, to fill in with a spreadsheet."""
    return canonical.write([[column.name for column in table.columns]])


def read(path: Path, table: Table) -> list[NewRow]:
    """The rows of a filled form, as a spreadsheet may have saved it. Raises SkinmetError with every fault."""
    file = str(path)
    contents = csvfile.read(path, file)
    problems = list(contents.faults)
    if problems:
        raise SkinmetError(*problems)
    (line, cells), records = contents.records[0], contents.records[1:]
    header = [cell.strip() for cell in cells]
    known = [column.name for column in table.columns]
    for name in dict.fromkeys(header):
        if name not in known:
            found, remedy = f"{table.name} has no such column", f"its columns are {', '.join(known)}"
            problems.append(Problem(file, found, remedy, line, name or "no name"))
        elif header.count(name) > 1:
            problems.append(Problem(file, "this column stands there twice", "keep one", line, name))
    for line, cells in records:
        if len(cells) != len(header):
            problems.append(csvfile.uneven(file, line, cells, header))
    if not records:
        remedy = "fill in a row for each figure"
        problems.append(Problem(file, "the form holds no rows", remedy, line))
    if problems:
        raise SkinmetError(*problems)
    empty = dict.fromkeys(known, "")
    return [
        NewRow({**empty, **dict(zip(header, map(str.strip, cells), strict=True))}, file, line)
        for line, cells in records
    ]


class Names:
    """Gives rows of a table their names, in the table's own pattern (F001, F002 …)."""

    def __init__(self, folder: Path, table: Table):
        used = [row.cells[table.key].strip() for row in table.rows] + _in_history(folder, table)
        patterns = {re.fullmatch(r"(.*?)(\d+)", row.cells[table.key].strip()) for row in table.rows}
        prefixes = {match and match[1] for match in patterns}
        self.used = set(used)
        # None: the table's names follow no one pattern (caf, L_port), so that a person must choose
        self._prefix = prefixes.pop() if len(prefixes) == 1 else None
        self._width = max((len(match[2]) for match in patterns if match), default=0)

    @property
    def made(self) -> bool:
        """Whether names can be made."""
        return self._prefix is not None

    def next(self) -> str:
        """A name after the last that was ever used; it counts as used from now on."""
        pattern = re.compile(re.escape(self._prefix) + r"(\d+)")
        numbers = [int(match[1]) for name in self.used if (match := pattern.fullmatch(name))]
        name = f"{self._prefix}{max(numbers, default=0) + 1:0{self._width}}"
        self.used.add(name)
        return name


def _in_history(folder: Path, table: Table) -> list[str]:
    """Names of the table's rows at any time, as far as git remembers; [] without git."""
    log = ["git", "log", "--all", "--format=", "-p", "-U0", "--no-renames", "--no-ext-diff", "--no-color"]
    try:
        answer = subprocess.run([*log, "--", table.file], cwd=folder, capture_output=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return []
    if table.columns[0].name != table.key:
        return []
    text = answer.stdout.decode(errors="replace")
    return [name for name in re.findall(r"^[-+]([^,\"\s]+),", text, re.MULTILINE) if name != table.key]


def complete(rows: Sequence[NewRow], table: Table, names: Names, key: str | None) -> list[NewRow]:
    """The rows with row_id, and with `key` as citekey where that is empty. Raises SkinmetError with every
    row whose name can't be used or made."""
    problems, done = [], []
    for row in rows:
        cells = dict(row.cells)
        where = row.file or table.file
        if key and "citekey" in cells and not cells["citekey"]:
            cells["citekey"] = key
        name, line = cells[table.key], row.line or None
        if name in names.used:
            remedy = "leave it empty, and one is made" if names.made else "choose another"
            found = "this name is used, or was once; none is given twice"
            problems.append(Problem(where, found, remedy, line, table.key, name))
        elif name:
            names.used.add(name)
        elif not names.made:
            remedy = "choose a short name that no row has had"
            problems.append(Problem(where, "the row needs a name", remedy, line, table.key))
        done.append(replace(row, cells=cells))
    if problems:
        raise SkinmetError(*problems)
    # names given by hand are known by now: none is made that stands further down
    for row in done:
        if not row.cells[table.key]:
            row.cells[table.key] = names.next()
    return done


def appended(folder: Path, table: Table, rows: Sequence[NewRow]) -> tuple[bytes, str]:
    """What the table's file holds, and its text with the rows at the end."""
    raw = (folder / table.file).read_bytes()
    lines = canonical.write([row.cells[column.name] for column in table.columns] for row in rows)
    return raw, raw.decode("utf-8") + lines


def located(problems: Iterable[Problem], table: Table, first: int, rows: Sequence[NewRow]) -> list[Problem]:
    """Findings in lines of the table that are to come, told where the person wrote them.

    first: the line the first of the rows would have.
    """
    told = []
    for problem in problems:
        if problem.file == table.file and problem.line and 0 <= problem.line - first < len(rows):
            row = rows[problem.line - first]
            problem = replace(problem, file=row.file or table.file, line=row.line or None)
        told.append(problem)
    return told
