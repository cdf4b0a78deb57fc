"""What a change of the evidence does: rows, pooled estimates, claims, notebooks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from skinmet import project
from skinmet.review import depends, state
from skinmet.review.changes import (
    BIBLIOGRAPHY,
    CLAIM_EVIDENCE,
    CLAIMS,
    LEDGER,
    RowChange,
    changes,
    records,
)
from skinmet.review.pools import Move, moves
from skinmet.review.state import State
from skinmet.review.tables import REFERENCES


@dataclass(frozen=True)
class ClaimChange:
    """A claim whose evidence changed, and each reason in words. reading: our reading of it as it stands."""

    row: str
    claim: str
    reading: str
    reasons: list[str]


@dataclass(frozen=True)
class Touched:
    """A notebook that depends on what changed: tables it reads, changed rows its outputs show, changed works
    it cites, figures it draws from the tables."""

    notebook: str
    tables: list[str]
    rows: list[str]
    works: list[str]
    figures: list[str]


@dataclass(frozen=True)
class Impact:
    """What the change does. base: the revision compared with, as asked for; commit: its full name. moves:
    largest first, then those that are pooled in one state only or in none. notes: what limits the answer."""

    base: str
    commit: str
    rows: list[RowChange]
    moves: list[Move]
    claims: list[ClaimChange]
    notebooks: list[Touched]
    notes: list[str]


def measure(root: Path | str | None = None, base: str = "HEAD") -> Impact:
    """Compare data/ and references/ in the folder with those of the revision `base`.

    Raises SkinmetError without git or a clone, for an unknown revision, and when the files as they stand
    have findings: `skinmet check` comes first.
    """
    folder = project.root(root)
    commit = state.commit(folder, base)
    old, new = state.at(folder, commit), state.sound(folder)
    rows = list(changes(old, new))
    notes = []
    if old.problems:
        notes.append(f"{base} has faults of its own, so that the comparison may lack rows: {old.problems[0]}")
    touched, unknown = _notebooks(folder, old, new, rows)
    notes += [f"{file} can't be read: whether it is touched is not known" for file in unknown]
    return Impact(base, commit, rows, moves(old, new), _claims(old, new, rows), touched, notes)


def _claims(old: State, new: State, rows: list[RowChange]) -> list[ClaimChange]:
    """Claims that changed, that a changed row points at, or whose evidence is a work of a changed row."""
    backed: dict[str, set[str]] = defaultdict(set)  # citekey -> claims that lean on this work
    words: dict[str, dict[str, str]] = {}
    for of in (old, new):
        claims = records(of.tables.get(CLAIMS))
        words |= {row: claim.cells for row, claim in claims.items()}
        for record in [*claims.values(), *records(of.tables.get(CLAIM_EVIDENCE)).values()]:
            for citekey in record.works:
                backed[citekey] |= record.claims

    reasons: dict[str, list[str]] = defaultdict(list)
    for change in rows:
        what = f"{change.table}:{change.row} {change.kind}"
        for claim in change.claims:
            own = (change.table, change.row) == (CLAIMS, claim)
            reasons[claim].append(f"the claim itself {change.kind}" if own else what)
        if not change.claims:  # a row about one claim says nothing of others that cite the same work
            for citekey in change.citekeys:
                for claim in backed[citekey]:
                    reasons[claim].append(f"leans on {citekey}: {what}")
    return [
        ClaimChange(row, cells.get("claim", ""), cells.get("our_reading", ""), reasons[row])
        for row, cells in sorted(words.items())
        if row in reasons
    ]


def _notebooks(root: Path, old: State, new: State, rows: list[RowChange]) -> tuple[list[Touched], list[str]]:
    """Notebooks that read a changed table or cite a changed work; those that can't be read."""
    tables = {change.table for change in rows}
    addresses = {f"{change.table}:{change.row}" for change in rows}
    works = {change.row for change in rows if change.table in (BIBLIOGRAPHY, LEDGER)}
    before, after = (records(of.tables.get(REFERENCES)) for of in (old, new))
    if {row: record.cells for row, record in before.items()} != {
        row: record.cells for row, record in after.items()
    }:
        tables.add(REFERENCES)
    found, unknown = depends.notebooks(root, list(new.tables))
    touched = []
    for notebook in found:
        read, cited = sorted(notebook.tables & tables), sorted(notebook.works & works)
        if read or cited:
            drawn = [title for table, title in notebook.figures if table in read]
            shown = sorted(notebook.rows & addresses)
            touched.append(Touched(notebook.file, read, shown, cited, drawn))
    return touched, unknown
