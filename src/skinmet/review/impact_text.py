"""The impact of a change in words, for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby

from skinmet.review.changes import RowChange
from skinmet.review.impact import Impact
from skinmet.review.pools import Estimate, Move

ROWS_SHOWN = 20  # of one table; JSON and the page have all of them
CELL_WIDTH = 80


def lines(impact: Impact) -> Iterator[str]:
    """The report, line by line."""
    against = f"{impact.base} ({impact.commit[:7]})"
    if not impact.rows:
        yield f"data/ and references/ say the same as in {against}: nothing to report."
    for title, part in (
        (f"Rows that differ from {against}", _rows(impact.rows)),
        ("Pooled estimates", (line for move in impact.moves for line in _move(move))),
        ("Claims whose evidence changed", _claims(impact)),
        ("Notebooks touched: `skinmet refresh` runs them again", _notebooks(impact)),
        ("To keep in mind", (f"  {note}" for note in impact.notes)),
    ):
        body = list(part)
        if body:
            yield from (title, *body, "")


def summary(impact: Impact) -> str:
    """One line: how much of each."""
    moved = sum(move.points is not None for move in impact.moves)
    counts = (
        (len(impact.rows), "row differs", "rows differ"),
        (moved, "pooled estimate moves", "pooled estimates move"),
        (len(impact.claims), "claim", "claims"),
        (len(impact.notebooks), "notebook", "notebooks"),
    )
    return ", ".join(f"{number} {one if number == 1 else many}" for number, one, many in counts)


def share(value: float, digits: int) -> str:
    """A share (0 to 1) in percent, without the sign."""
    return f"{100 * value:.{digits}f}"


def digits(move: Move) -> int:
    """As many decimals (1 to 3) as it takes to see that the two estimates differ."""
    if not (move.old and move.new):
        return 1
    differing = (n for n in (1, 2) if share(move.old.estimate, n) != share(move.new.estimate, n))
    return next(differing, 3)


def name(move: Move) -> str:
    """Table, pool group, outcome and unit of a pooled estimate."""
    outcome = f", {move.outcome}" if move.outcome else ""
    return f"{move.table}, {move.pool_group}{outcome}" + (f" ({move.unit})" if move.unit else "")


def in_words(estimate: Estimate | None, why_not: str, n: int) -> str:
    """An estimate with its intervals, or why there is none."""
    if estimate is None:
        return f"not pooled: {why_not}"
    ci = f"{share(estimate.ci_low, n)} to {share(estimate.ci_high, n)}"
    pi = "none below 3 rows"
    if estimate.pi_low is not None:
        pi = f"{share(estimate.pi_low, n)} to {share(estimate.pi_high, n)}"
    left_out = f", {estimate.left_out} without counts left out" if estimate.left_out else ""
    words = f"95% interval {ci}; prediction interval {pi}; {estimate.k} rows{left_out}"
    return f"{share(estimate.estimate, n)}% ({words})"


def points(move: Move, n: int) -> str:
    """How far the estimate moved, with its sign."""
    return f"{move.points:+.{n}f} percentage points"


def place(change: RowChange) -> str:
    """Where a row stands: its name, its line, what it is about."""
    line = f" (line {change.line})" if change.line else ""
    label = f", {short(change.label)}" if change.label not in ("", change.row) else ""
    return f"{change.row}{line}{label}"


def short(text: str) -> str:
    """The text on one line, cut at a word; an empty cell says so."""
    return textwrap.shorten(text, CELL_WIDTH, placeholder=" …") if text else "(empty)"


def _rows(changes: list[RowChange]) -> Iterator[str]:
    for file, group in groupby(changes, key=lambda change: change.file):
        members = list(group)
        yield f"  {file}"
        for change in members[:ROWS_SHOWN]:
            yield f"    {change.kind}: {place(change)}"
            for cell in change.cells if change.kind == "changed" else ():
                yield f"      {cell.column}: {short(cell.old)} -> {short(cell.new)}"
        if len(members) > ROWS_SHOWN:
            yield f"    and {len(members) - ROWS_SHOWN} more (`--format html` shows all)"


def _move(move: Move) -> Iterator[str]:
    yield f"  {name(move)}"
    if not (move.old or move.new):
        yield f"    the counts changed; {move.why_no_new or move.why_no_old}"
        return
    n = digits(move)
    yield f"    before  {in_words(move.old, move.why_no_old, n)}"
    yield f"    after   {in_words(move.new, move.why_no_new, n)}"
    if move.points is not None:
        yield f"    {points(move, n)}"


def _claims(impact: Impact) -> Iterator[str]:
    for claim in impact.claims:
        reading = f" [our reading: {claim.reading}]" if claim.reading else ""
        yield f"  {claim.row}: {short(claim.claim)}{reading}"
        for reason in claim.reasons:
            yield f"    {reason}"


def _notebooks(impact: Impact) -> Iterator[str]:
    for page in impact.notebooks:
        yield f"  {page.notebook}"
        for what, names in (
            ("reads", page.tables),
            ("shows", page.rows),
            ("cites", page.works),
            ("draws", page.figures),
        ):
            if names:
                yield f"    {what} {'; '.join(names)}"
