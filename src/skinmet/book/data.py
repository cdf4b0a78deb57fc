"""The evidence tables as they stand in their files, and where each row points: rows, references."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from skinmet.problems import Problem, SkinmetError

REFERENCES = "references"


@dataclass
class Table:
    """One table: the schema's entry and the cells as text, so that a page shows what the file says."""

    name: str  # `epidemiology/frequency`
    title: str
    description: str
    fields: list[dict]
    rows: list[dict[str, str]]
    foreign: dict[str, tuple[str, str]]  # column -> (table, column) it points at

    @property
    def slug(self) -> str:
        """Its page under `tables/`, without suffix."""
        return self.name.replace("/", "-")


@dataclass
class Evidence:
    """All tables, and who points at whom. An address is `table:row_id`."""

    tables: dict[str, Table]
    links: dict[tuple[str, str, str], str] = field(default_factory=dict)  # (table, row, column) -> address
    linked_from: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    cited_by: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # citekey -> addresses
    status: dict[str, str] = field(default_factory=dict)  # citekey -> complete | traceable | incomplete

    def addresses(self) -> set[str]:
        """Every row of every table."""
        return {f"{table.name}:{row['row_id']}" for table in self.tables.values() for row in table.rows}


def read(root: Path) -> Evidence:
    """Read every table `data/datapackage.json` lists. Raises SkinmetError where a link leads nowhere."""
    package = json.loads((root / "data" / "datapackage.json").read_text(encoding="utf-8"))
    names = {entry["name"]: entry["path"].removesuffix(".csv") for entry in package["resources"]}
    tables, status = {}, {}
    for entry in package["resources"]:
        rows = _rows(root, entry)
        if names[entry["name"]] == REFERENCES:
            status = {row["citekey"]: row["status"] for row in rows}
            continue
        table = Table(
            name=names[entry["name"]],
            title=entry.get("title") or names[entry["name"]],
            description=entry.get("description", ""),
            fields=entry["schema"]["fields"],
            rows=rows,
            foreign={
                key["fields"][0]: (names[key["reference"]["resource"]], key["reference"]["fields"][0])
                for key in entry["schema"].get("foreignKeys", [])
            },
        )
        tables[table.name] = table
    evidence = Evidence(tables, status=status)
    known = evidence.addresses()
    problems = [problem for table in tables.values() for problem in _link(table, evidence, known)]
    if problems:
        raise SkinmetError(*problems)
    return evidence


def citekeys(column: str, value: str) -> list[str]:
    """The references a cell names, when its column holds citekeys (`; ` between several)."""
    if not column.endswith(("citekey", "citekeys")):
        return []
    return [key.strip() for key in value.split(";") if key.strip()]


def _link(table: Table, evidence: Evidence, known: set[str]) -> list[Problem]:
    """Note where each row points: references, rows by foreign key, rows named by `table` and `..._row`."""
    problems = []
    index = {
        column: {row[there]: row["row_id"] for row in evidence.tables[target].rows}
        for column, (target, there) in table.foreign.items()
        if target != REFERENCES
    }
    for line, row in enumerate(table.rows, start=2):
        here = f"{table.name}:{row['row_id']}"

        def missing(column: str, what: str, value: str, line: int = line) -> None:
            file = f"data/{table.name}.csv"
            problems.append(Problem(file, f"no such {what}", "correct the cell", line, column, value))

        for column, value in row.items():
            for key in citekeys(column, value):
                if key in evidence.status:
                    evidence.cited_by[key].append(here)
                else:
                    missing(column, "reference", key)
            if not value or (column not in index and not column.endswith("_row")):
                continue
            if column in index:
                target, row_id = table.foreign[column][0], index[column].get(value)
            else:
                target = row.get("table", "")
                row_id = value if f"{target}:{value}" in known else None
            if row_id is None:
                missing(column, "row", value)
                continue
            evidence.links[table.name, row["row_id"], column] = f"{target}:{row_id}"
            evidence.linked_from[f"{target}:{row_id}"].append(here)
    return problems


def _rows(root: Path, entry: dict) -> list[dict[str, str]]:
    """The cells of one table as text. Raises SkinmetError where they don't fit its columns."""
    file = f"data/{entry['path']}"
    expected = [field["name"] for field in entry["schema"]["fields"]]
    with open(root / file, encoding="utf-8", newline="") as handle:
        reader = csv.reader(handle)
        rows = []
        for row in reader:
            if reader.line_num == 1 and row != expected:
                remedy = f"the columns are {', '.join(expected)}"
                raise SkinmetError(Problem(file, "the header differs from the schema", remedy, line=1))
            if len(row) != len(expected):
                found = f"the row has {len(row)} cells, the header {len(expected)}"
                remedy = "a comma inside a cell needs quotes around the cell"
                raise SkinmetError(Problem(file, found, remedy, line=reader.line_num))
            rows.append(dict(zip(expected, row, strict=True)))
    return rows[1:]
