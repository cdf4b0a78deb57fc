"""The tables of the package: what the schema promises, and the rows that the files hold.

Nothing here raises for a broken file: a fault becomes a problem with its line, and what can still be read
is read, so that one run shows everything. pandas is not imported: the whole check takes less time than that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from skinmet.problems import Problem
from skinmet.review import csvfile

PACKAGE = "data/datapackage.json"
REFERENCES = "references"
TYPES = ("string", "integer", "number", "boolean")


class Unsound(Exception):
    """Raised when a rule asks for a cell that was already found wrong: one fault, one finding."""


class Row:
    """One record: the line it starts on, its cells as text, the columns found wrong so far."""

    __slots__ = ("bad", "cells", "line")

    def __init__(self, line: int, cells: dict[str, str]):
        self.line, self.cells, self.bad = line, cells, frozenset()

    def text(self, column: str) -> str:
        """The cell's text, "" if empty. Raises Unsound if the cell was found wrong."""
        if column in self.bad:
            raise Unsound
        return self.cells[column]

    def number(self, column: str) -> float | None:
        """The cell's number, None if empty. Raises Unsound if the cell was found wrong."""
        text = self.text(column)
        return float(text) if text else None


@dataclass(frozen=True)
class Column:
    """What the schema says of a column."""

    name: str
    type: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass
class Table:
    """A table of the package: its schema and, once read, its rows.

    complete: False when rows may be missing because the file could not be read as a whole; then no other
    table is blamed for pointing at a row that isn't there.
    """

    name: str  # `epidemiology/frequency`
    columns: list[Column]
    key: str
    foreign: dict[str, tuple[str, str]]  # column -> (table, column) it points at
    header: list[str] = field(default_factory=list)  # the schema's columns that the file has
    rows: list[Row] = field(default_factory=list)
    complete: bool = True

    @property
    def file(self) -> str:
        """Its path from the project's root."""
        return f"data/{self.name}.csv"

    def has(self, *columns: str) -> bool:
        """Whether the file has all these columns."""
        return set(columns) <= set(self.header)

    def problem(self, row: Row, column: str, found: str, remedy: str, value: object = None) -> Problem:
        """A problem at one cell of this table."""
        if value is None:
            value = row.cells.get(column) or None
        return Problem(self.file, found, remedy, line=row.line, column=column, value=value)


def read_all(root: Path) -> tuple[dict[str, Table], list[Problem]]:
    """Every table of the package with its rows, and what is wrong with the package and the files."""
    found, problems = package(root)
    for table in found.values():
        problems += fill(table, root)
    if found:
        problems += _strangers(root, found)
    return found, problems


def package(root: Path) -> tuple[dict[str, Table], list[Problem]]:
    """The tables `data/datapackage.json` describes, still without rows."""
    again = "mend the file, or restore it from version control"
    try:
        text = (root / PACKAGE).read_text(encoding="utf-8")
        entries = json.loads(text)["resources"]
        names = {entry["name"]: entry["path"].removesuffix(".csv") for entry in entries}
    except json.JSONDecodeError as error:
        return {}, [Problem(PACKAGE, f"is not JSON: {error.msg}", again, line=error.lineno)]
    except UnicodeDecodeError as error:
        return {}, [Problem(PACKAGE, f"is not UTF-8 (byte {error.start + 1})", again)]
    except OSError as error:
        return {}, [Problem(PACKAGE, f"can't be read: {error.strerror}", again)]
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        found = "does not list its tables (`resources`, each with `name` and `path`)"
        return {}, [Problem(PACKAGE, found, again)]

    tables, problems = {}, []
    for entry in entries:
        try:
            tables[names[entry["name"]]] = _describe(entry, names)
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            path = entry["path"]
            line = next((n for n, row in enumerate(text.splitlines(), 1) if f'"{path}"' in row), None)
            problems.append(
                Problem(PACKAGE, f"a table's description is broken: {reason}", again, line, value=path)
            )
    return tables, problems


def _describe(entry: dict, names: dict[str, str]) -> Table:
    path, schema = entry["path"], entry["schema"]
    if not path.endswith(".csv") or Path(path).is_absolute() or ".." in Path(path).parts:
        raise ValueError("`path` must name a .csv file below data/")
    columns = []
    for item in schema["fields"]:
        limits = item.get("constraints", {})
        if not isinstance(item["name"], str):
            raise ValueError("the name of a column is not text")
        if item["type"] not in TYPES:
            raise ValueError(f"the type of {item['name']} is none of {', '.join(TYPES)}")
        least, most = (
            None if limits.get(end) is None else float(limits[end]) for end in ("minimum", "maximum")
        )
        words = tuple(str(word) for word in limits.get("enum", ()))
        columns.append(Column(item["name"], item["type"], bool(limits.get("required")), words, least, most))
    known = [column.name for column in columns]
    key = schema["primaryKey"][0] if isinstance(schema["primaryKey"], list) else schema["primaryKey"]
    foreign = {}
    for link in schema.get("foreignKeys", []):
        column, target = link["fields"][0], link["reference"]
        if target["resource"] not in names:
            raise ValueError(f"{column} points at a table that isn't there, {target['resource']}")
        foreign[column] = (names[target["resource"]], target["fields"][0])
    for name in (key, *foreign):
        if name not in known:
            raise ValueError(f"the key {name} is not among the columns")
    return Table(names[entry["name"]], columns, key, foreign)


def _strangers(root: Path, tables: dict[str, Table]) -> list[Problem]:
    """Files in data/ that look like tables and that nobody described."""
    problems = []
    for path in sorted((root / "data").rglob("*")):
        name = path.relative_to(root).as_posix()
        suffix = path.suffix.lower()
        if any(part.startswith((".", "~")) for part in path.relative_to(root).parts):
            continue  # what JupyterLab (.ipynb_checkpoints) and spreadsheets keep beside a table
        if suffix == ".csv" and name[5:-4] not in tables:
            remedy = f"describe it in {PACKAGE}, or move it out of data/"
            problems.append(Problem(name, "is not described in the package", remedy))
        elif suffix in (".xlsx", ".xls", ".ods"):
            remedy = f"tables are CSV: {csvfile.AS_CSV}, then remove this file"
            problems.append(Problem(name, "is a spreadsheet's own file, which nothing reads", remedy))
    return problems


def fill(table: Table, root: Path) -> list[Problem]:
    """Read the table's file into its rows; return what is wrong with the file, its header and row lengths."""
    file = table.file
    if not (root / file).is_file():
        table.complete = False
        return [Problem(file, "the file is missing", f"restore it, or take it out of {PACKAGE}")]
    contents = csvfile.read(root / file, file)
    table.complete = contents.complete
    problems = contents.form + contents.faults
    if not contents.records:
        return problems

    (line, cells), records = contents.records[0], contents.records[1:]
    header = [" ".join(cell.split()) for cell in cells]  # a line break in a name would break messages, too
    expected = [column.name for column in table.columns]
    table.header = [name for name in expected if name in header]
    if not table.header:
        table.complete = False
        remedy = "the first line must name the columns: " + ", ".join(expected)
        return [*problems, Problem(file, "the line with the column names is missing", remedy, line)]
    problems += _header_problems(file, line, header, expected)
    places = [(name, header.index(name)) for name in table.header]
    for line, cells in records:
        if len(cells) == len(header):
            table.rows.append(Row(line, {name: cells[place] for name, place in places}))
        else:
            problems.append(csvfile.uneven(file, line, cells, header))
            table.complete = False
    if not records and contents.complete:
        problems.append(Problem(file, "the table has no rows", "restore them from version control", line))
    return problems


def _header_problems(file: str, line: int, header: list[str], expected: list[str]) -> list[Problem]:
    problems = []
    extra = [name for name in dict.fromkeys(header) if name not in expected]
    for name in expected:
        if name not in header:
            remedy = "put the column back" + (f" (is it the one now called {extra[0]}?)" if extra else "")
            problems.append(Problem(file, "this column is missing", remedy, line, name))
        elif header.count(name) > 1:
            found = f"this column stands there {header.count(name)} times"
            problems.append(Problem(file, found, "keep one of them", line, name))
    for name in extra:
        remedy = f"describe it in {PACKAGE}, or remove it"
        problems.append(Problem(file, "this column is not in the schema", remedy, line, name or "no name"))
    present = [name for name in header if name in expected]
    wanted = [name for name in expected if name in header]
    if present != wanted and len(present) == len(wanted):
        first = next(a for a, b in zip(present, wanted, strict=True) if a != b)
        remedy = f"{csvfile.REPAIR}, which puts them back into the order of the schema"
        problems.append(
            Problem(file, "the columns stand in another order than in the schema", remedy, line, first)
        )
    return problems
