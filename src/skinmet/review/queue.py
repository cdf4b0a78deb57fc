"""What waits for a person: references to complete, rows to read at the source, claims without evidence.

Sorted by how much leans on each. Rows of evidence count: those in the tables of a domain. The books
(`corrections`, `second_reader`) repeat rows and don't.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skinmet import project
from skinmet.references import bibtex
from skinmet.review import state
from skinmet.review.changes import BIBLIOGRAPHY, CLAIM_EVIDENCE, CLAIMS, label
from skinmet.review.state import State
from skinmet.review.tables import REFERENCES, Row, Table

SHOWN = 15
IDENTIFIERS = ("doi", "pmid", "pmcid", "url")


@dataclass(frozen=True)
class Waiting:
    """One thing to do: `item` is a citekey, the address of a row or a claim's row_id.

    file, line: where it stands. leaning: rows of evidence that use the reference, or rows that point at the
    claim. pooled: of these, rows in a pool group (for a row: 1 if it stands in one). about: its title, study
    or claim. hint: what is missing, or where to look.
    """

    item: str
    file: str
    line: int
    leaning: int
    pooled: int
    about: str
    hint: str


@dataclass(frozen=True)
class Queue:
    """Everything that waits, each list with what most leans on first. unverified: how many of `references`
    works nobody has compared with the work itself (`checked_on` is empty)."""

    incomplete: list[Waiting]
    traceable: list[Waiting]
    second_hand: list[Waiting]
    derived: list[Waiting]
    claims: list[Waiting]
    unverified: int
    references: int


def waiting(root: Path | str | None = None) -> Queue:
    """What waits in the project. Raises SkinmetError when `skinmet check` has findings in the evidence."""
    here = state.sound(project.root(root))
    uses, pooled = _uses(here)
    return Queue(
        incomplete=_references(here, "incomplete", uses, pooled),
        traceable=_references(here, "traceable", uses, pooled),
        second_hand=_rows(here, "seen_as", "secondary"),
        derived=_rows(here, "count_basis", "derived"),
        claims=_claims(here),
        unverified=sum(not row["checked_on"] for row in here.ledger.values()),
        references=len(here.ledger),
    )


def lines(queue: Queue, everything: bool = False) -> Iterator[str]:
    """The queue in words: the first of each kind, or all with `everything`."""
    for title, found in (
        ("Incomplete references: find what is missing in the work itself", queue.incomplete),
        ("Traceable references: an identifier leads to the work", queue.traceable),
        ("Rows seen only second-hand: read the source", queue.second_hand),
        ("Derived counts: look for the printed ones", queue.derived),
        ("Claims without evidence", queue.claims),
    ):
        yield f"{title}: {len(found):,}"
        for one in found if everything else found[:SHOWN]:
            about = textwrap.shorten(one.about, 60, placeholder=" …")
            facts = filter(None, (_leaning(one), about, one.hint))
            yield f"  {one.item} (line {one.line}): {'; '.join(facts)}"
        if not everything and len(found) > SHOWN:
            yield f"  and {len(found) - SHOWN:,} more: `skinmet queue --all`"
        yield ""
    yield f"References never compared with the work itself: {queue.unverified:,} of {queue.references:,}"


def _leaning(one: Waiting) -> str:
    rows = f"{one.leaning} row{'' if one.leaning == 1 else 's'} lean{'s' if one.leaning == 1 else ''} on it"
    if not one.leaning:
        return "in a pool group" if one.pooled else ""
    return rows + (f", {one.pooled} in pool groups" if one.pooled else "")


def _uses(here: State) -> tuple[Counter[str], Counter[str]]:
    """How many rows of evidence use each work, and how many of them stand in a pool group."""
    uses, pooled = Counter(), Counter()
    for table in here.domains():
        columns = state.columns_of(table, REFERENCES)
        for row in table.rows:
            keys = state.keys_in(row, columns)
            uses.update(keys)
            pooled.update(keys if _stands_in_pool(row) else ())
    return uses, pooled


def _stands_in_pool(row: Row) -> bool:
    return bool(row.cells.get("pool_group"))


def _references(here: State, status: str, uses: Counter[str], pooled: Counter[str]) -> list[Waiting]:
    found = []
    for key, row in here.ledger.items():
        if row["status"] == status:
            entry = here.works[key]
            title = bibtex.text("title", entry.fields.get("title", ""))
            found.append(
                Waiting(key, BIBLIOGRAPHY, entry.line, uses[key], pooled[key], title, _lacking(entry))
            )
    return sorted(found, key=lambda one: (-one.leaning, -one.pooled, one.item))


def _lacking(entry: bibtex.Entry) -> str:
    """What of a complete reference isn't there, and what may lead to it."""
    needed = ["author", "title", "year", *(["journal"] if entry.type == "article" else [])]
    lacking = [field for field in needed if not entry.fields.get(field)]
    known = [field for field in IDENTIFIERS if entry.fields.get(field)]
    facts = (f"without {', '.join(lacking)}" * bool(lacking), f"has {', '.join(known)}" * bool(known))
    return ", ".join(filter(None, facts))


def _rows(here: State, column: str, word: str) -> list[Waiting]:
    """Rows of evidence with this word in the column, those in a pool group first."""
    found = [
        Waiting(
            f"{table.name}:{row.cells[table.key]}", table.file, row.line, 0, int(_stands_in_pool(row)),
            label(row.cells), row.cells.get("seen_at", "").split("; ")[0],
        )
        for table in here.domains()
        if table.has(column)
        for row in table.rows
        if row.cells[column] == word
    ]  # fmt: skip
    return sorted(found, key=lambda one: -one.pooled)  # within, the order of the tables


def _claims(here: State) -> list[Waiting]:
    """Claims that no row of claim_evidence points at."""
    if CLAIMS not in here.tables:
        return []
    pointing: Counter[str] = Counter()
    for table in here.domains():
        columns = state.columns_of(table, CLAIMS)
        pointing.update(key for row in table.rows for key in state.keys_in(row, columns))
    evidence = here.tables.get(CLAIM_EVIDENCE)
    backed = _backed(evidence) if evidence else set()
    claims = here.tables[CLAIMS]
    found = [
        Waiting(key, claims.file, row.line, pointing[key], 0, row.cells.get("claim", ""), "")
        for row in claims.rows
        if (key := row.cells[claims.key]) not in backed
    ]
    return sorted(found, key=lambda one: -one.leaning)


def _backed(evidence: Table) -> set[str]:
    columns = state.columns_of(evidence, CLAIMS)
    return {key for row in evidence.rows for key in state.keys_in(row, columns)}
