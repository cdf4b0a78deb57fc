"""Pooled estimates that move between two states of the evidence.

A pooled estimate is that of `synthesis.pool_proportions` with its usual settings, as on the pages: one for
each table, pool group and outcome, over all its rows with counts.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from skinmet.review.state import State
from skinmet.review.tables import Row
from skinmet.synthesis import pool_proportions

# What the name of a pool group says of rows that stand side by side without a summary.
SIDE_BY_SIDE = {
    "SHOW_NOT_POOL": "rows are shown side by side, not pooled",
    "BY_SETTING": "rows are shown by setting, not pooled",
    "RCT": "arms of a trial are compared, not pooled",
    "comparative": "arms of a trial are compared, not pooled",
}


@dataclass(frozen=True)
class Estimate:
    """A pooled share (0 to 1) of k rows with its 95% and its prediction interval (None below 3 rows).

    left_out: rows of the group without counts.
    """

    k: int
    estimate: float
    ci_low: float
    ci_high: float
    pi_low: float | None
    pi_high: float | None
    i2: float
    left_out: int


@dataclass(frozen=True)
class Move:
    """A pooled estimate before and after; None where there is none, and `why_no_old`, `why_no_new` say why.

    points: how far it moved, in percentage points.
    """

    table: str
    pool_group: str
    outcome: str
    unit: str
    old: Estimate | None
    new: Estimate | None
    why_no_old: str
    why_no_new: str
    points: float | None


def moves(old: State, new: State) -> list[Move]:
    """Pool groups whose counts differ: pooled estimates that move, largest first, then those of which one is
    missing, then groups that are not pooled."""
    before, after = _groups(old), _groups(new)
    found = []
    for place in dict.fromkeys([*after, *before]):
        rows = before.get(place, []), after.get(place, [])
        if _counts(rows[0]) != _counts(rows[1]):
            found.append(_move(place, *rows))
    return sorted(found, key=_size)


def _groups(of: State) -> dict[tuple[str, str, str], list[Row]]:
    """Rows by table, pool group and outcome."""
    found = defaultdict(list)
    for table in of.tables.values():
        if table.has("pool_group", "events", "total"):
            for row in table.rows:
                if row.cells["pool_group"]:
                    found[table.name, row.cells["pool_group"], row.cells.get("outcome", "")].append(row)
    return found


def _counts(rows: list[Row]) -> list[tuple[str, str]]:
    return sorted((row.cells["events"], row.cells["total"]) for row in rows)


def _move(place: tuple[str, str, str], before: list[Row], after: list[Row]) -> Move:
    (old, no_old), (new, no_new) = (_pooled(place[1], rows) for rows in (before, after))
    unit = (after or before)[0].cells.get("unit", "")
    points = 100 * (new.estimate - old.estimate) if old and new else None
    return Move(*place, unit, old, new, no_old, no_new, points)


def _size(move: Move) -> tuple[int, float]:
    if move.points is not None:
        return 0, -abs(move.points)
    return (1 if move.old or move.new else 2), 0.0


def _pooled(group: str, rows: list[Row]) -> tuple[Estimate | None, str]:
    """The pooled estimate of the rows, or why there is none."""
    for word, reason in SIDE_BY_SIDE.items():
        if word in group:
            return None, reason
    counted = [row for row in rows if row.cells["events"] and row.cells["total"]]
    if len(counted) < 2:
        return None, f"{len(counted) or 'no'} row{'' if len(counted) == 1 else 's'} with counts"
    try:
        result = pool_proportions(
            [row.cells["events"] for row in counted], [row.cells["total"] for row in counted]
        )
    except ValueError as error:  # an older state may hold anything
        return None, f"the counts can't be pooled: {error}"
    bounds = (
        None if math.isnan(value) else value
        for value in (result.estimate, result.ci_low, result.ci_high, result.pi_low, result.pi_high)
    )
    return Estimate(result.k, *bounds, result.i2, len(rows) - len(counted)), ""
