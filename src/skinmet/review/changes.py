"""What was added, changed or removed between two states of the evidence, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skinmet.review import state
from skinmet.review.state import State
from skinmet.review.tables import REFERENCES, Table

CLAIMS, CLAIM_EVIDENCE = "claims/claims", "claims/claim_evidence"
BIBLIOGRAPHY, LEDGER = "references/references.bib", "references/ledger.csv"
# Columns that tell a reader what a row is about, the first that is filled in.
LABELS = ("study", "claim", "title", "finding", "citekey")


@dataclass(frozen=True)
class Cell:
    """A cell that differs; "" is an empty one, or one that isn't there."""

    column: str
    old: str
    new: str


@dataclass(frozen=True)
class RowChange:
    """A row, an entry of the bibliography or a row of the ledger that differs.

    file, line: where it stands now (no line once removed). table: its table, or the file's path in
    references/. kind: "added", "changed" or "removed". label: the study, claim or title. citekeys: works it
    leans or leaned on. claims: claims it points or pointed at.
    """

    file: str
    table: str
    row: str
    kind: str
    line: int | None
    label: str
    cells: list[Cell]
    citekeys: list[str]
    claims: list[str]


def changes(old: State, new: State) -> Iterator[RowChange]:
    """Everything that was added, changed or removed, table by table in the order of the package.

    data/references.csv is left out: it is made from the bibliography and the ledger, which are compared.
    """
    for name in [*new.tables, *(name for name in old.tables if name not in new.tables)]:
        if name != REFERENCES:
            before, after = old.tables.get(name), new.tables.get(name)
            yield from _compare(f"data/{name}.csv", name, records(before), records(after))
    yield from _compare(BIBLIOGRAPHY, BIBLIOGRAPHY, _entries(old), _entries(new))
    yield from _compare(LEDGER, LEDGER, _ledger(old), _ledger(new))


@dataclass(frozen=True)
class Record:
    """One thing to compare, of whichever file: its line, its cells, the works and the claims it points at."""

    line: int
    cells: dict[str, str]
    works: set[str]
    claims: set[str]


def records(table: Table | None) -> dict[str, Record]:
    """The rows of a table by their key; none where there is no such table."""
    if table is None or not table.has(table.key):
        return {}
    works, claims = state.columns_of(table, REFERENCES), state.columns_of(table, CLAIMS)
    own = [table.key] if table.name == CLAIMS else []
    return {
        row.cells[table.key]: Record(
            row.line, row.cells, state.keys_in(row, works), state.keys_in(row, claims + own)
        )
        for row in table.rows
    }


def _entries(of: State) -> dict[str, Record]:
    return {
        key: Record(entry.line, {"type": entry.type, **entry.fields}, {key}, set())
        for key, entry in of.works.items()
    }


def _ledger(of: State) -> dict[str, Record]:
    return {key: Record(of.lines[key], row, {key}, set()) for key, row in of.ledger.items()}


def _compare(file: str, table: str, old: dict[str, Record], new: dict[str, Record]) -> Iterator[RowChange]:
    nothing = Record(0, {}, set(), set())
    for row in [*new, *(row for row in old if row not in new)]:
        a, b = old.get(row, nothing), new.get(row, nothing)
        columns = dict.fromkeys([*b.cells, *a.cells])
        pairs = [Cell(column, a.cells.get(column, ""), b.cells.get(column, "")) for column in columns]
        cells = [cell for cell in pairs if cell.old != cell.new]
        if cells:
            kind = "added" if a is nothing else "removed" if b is nothing else "changed"
            about = label(b.cells) or label(a.cells)
            works, claims = sorted(a.works | b.works), sorted(a.claims | b.claims)
            yield RowChange(file, table, row, kind, b.line or None, about, cells, works, claims)


def label(cells: dict[str, str]) -> str:
    """What a row is about: its study, claim or title, else the work it leans on."""
    return next((cells[column] for column in LABELS if cells.get(column)), "")
