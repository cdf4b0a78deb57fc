"""Cells of one row that must agree with each other.

A rule looks at sound cells only: what `cells` found wrong is not found again here. Each says in its
docstring what must hold and, where it allows for rounding, how much and why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from skinmet.problems import Problem
from skinmet.review.tables import Row, Table, Unsound

_SOURCE = "compare both with the source"

# A count and what it is a part of.
PARTS = (
    ("events", "total"),
    ("events_treated", "n_treated"),
    ("events_control", "n_control"),
    ("prevalence_events", "prevalence_total"),
)
# Where a row has its figure; an interval belongs to the first of them that is filled in.
FIGURES = ("estimate", "value", "percent_reported")
# A lower and an upper bound, and the columns that may hold the figure between them.
BOUNDS = (
    ("ci_low", "ci_high", FIGURES),
    ("range_low", "range_high", ()),
    ("sensitivity_ci_low", "sensitivity_ci_high", ("sensitivity",)),
    ("specificity_ci_low", "specificity_ci_high", ("specificity",)),
)
CELLS = ("tp", "fp", "fn", "tn")
# How far a printed bound may lie from Wilson's, as a share of the interval's width: see `interval`.
INTERVAL_SLACK = 1 / 3


class Corrections:
    """Cells of which `corrections.csv` says that the source itself is wrong."""

    def __init__(self, table: Table | None):
        self.rows: dict[tuple[str, str, str], Row] = {}
        self.needed: set[tuple[str, str, str]] = set()
        if table is not None and table.has("table", "corrected_row", "column"):
            for row in table.rows:
                self.rows[row.cells["table"], row.cells["corrected_row"], row.cells["column"]] = row

    def excuse(self, table: Table, row: Row, column: str) -> bool:
        """Whether a correction covers this cell, which disagrees with its counts."""
        place = (table.name, row.cells.get(table.key, ""), column)
        self.needed.add(place)
        return place in self.rows


def check(table: Table, corrections: Corrections) -> Iterator[Problem]:
    """Everything in the rows of a table that does not agree within its row."""
    for needs, rule in _rules(corrections):
        if table.has(*needs):
            for row in table.rows:
                try:
                    yield from rule(table, row)
                except Unsound:
                    continue


RowRule = Callable[[Table, Row], Iterator[Problem]]


def _rules(corrections: Corrections) -> list[tuple[tuple[str, ...], RowRule]]:
    """The rules, each with the columns it can't do without."""

    def parts(part: str, whole: str) -> RowRule:
        return lambda table, row: part_of(table, row, part, whole)

    def between(low: str, high: str, figures: tuple[str, ...]) -> RowRule:
        return lambda table, row: bounds(table, row, low, high, figures)

    return [
        *(((part, whole), parts(part, whole)) for part, whole in PARTS),
        *(((low, high), between(low, high, figures)) for low, high, figures in BOUNDS),
        (("count_basis",), count_basis),
        (("events", "total"), lambda table, row: percentage(table, row, corrections)),
        (("events", "total", "ci_low", "ci_high"), interval),
        (CELLS, two_by_two),
        ((*CELLS, "sensitivity", "specificity"), accuracy),
        ((*CELLS, "role", "estimate"), likelihood_ratio),
    ]


def part_of(table: Table, row: Row, part: str, whole: str) -> Iterator[Problem]:
    """A count is not larger than what it is a part of."""
    some, all_ = row.number(part), row.number(whole)
    if some is not None and all_ is not None and some > all_:
        yield table.problem(row, part, f"more than {whole}, which is {all_:.0f}", _SOURCE)


def bounds(table: Table, row: Row, low: str, high: str, figures: tuple[str, ...]) -> Iterator[Problem]:
    """The lower bound is not above the upper one, and the figure lies between them."""
    lower, upper = row.number(low), row.number(high)
    if lower is not None and upper is not None and lower > upper:
        remedy = f"compare with the source; {low} and {high} may be swapped"
        yield table.problem(row, low, f"above {high}, which is {row.text(high)}", remedy)
        return
    name = _filled(table, row, figures)
    if name is not None and lower is not None and row.number(name) < lower:
        yield table.problem(row, name, f"below {low}, which is {row.text(low)}", _SOURCE)
    elif name is not None and upper is not None and row.number(name) > upper:
        yield table.problem(row, name, f"above {high}, which is {row.text(high)}", _SOURCE)


def _filled(table: Table, row: Row, columns: tuple[str, ...]) -> str | None:
    return next((name for name in columns if name in table.header and row.text(name)), None)


def count_basis(table: Table, row: Row) -> Iterator[Problem]:
    """Counts and their basis go together: `none` without counts, `stated` or `derived` with them.

    Counts are `events`, or cells of a 2x2 table.
    """
    counts = [name for name in ("events", *CELLS) if name in table.header and row.text(name)]
    if row.text("count_basis") == "none" and counts:
        remedy = "write stated (printed in the source) or derived (worked out from a percentage)"
        yield table.problem(row, "count_basis", f"there is a count in {counts[0]}", remedy)
    elif row.text("count_basis") in ("stated", "derived") and not counts:
        yield table.problem(row, "count_basis", "there is no count", "write none, or fill in the counts")


def half_unit(text: str) -> float:
    """Half a unit of the last printed digit, 0.05 for "26.3": as far as rounding may move a figure."""
    return 0.5 * 10.0 ** -len(text.partition(".")[2])


def agrees(text: str, exact: float) -> bool:
    """Whether a printed figure is the exact one, rounded (a half may go either way)."""
    return abs(float(text) - exact) <= half_unit(text) + 1e-9


def scale(table: Table, row: Row, column: str) -> float | None:
    """100 where the column holds a share in percent, 1 where it holds a share from 0 to 1, else None."""
    if table.has("effect_measure") and row.text("effect_measure") not in ("", "proportion"):
        return None
    if column == "percent_reported":
        return 100.0
    if column == "value" and table.has("value_unit"):
        return 100.0 if row.text("value_unit") == "percent" else None
    if column == "estimate" and table.has("role"):
        return 1.0 if row.text("role") in ("pre-test", "sensitivity") else None
    return None


def percentage(table: Table, row: Row, corrections: Corrections) -> Iterator[Problem]:
    """A printed share is events / total within half a unit of its last digit, else a correction says why."""
    events, total = row.number("events"), row.number("total")
    if events is None or not total or events > total:
        return
    for column in FIGURES:
        if column not in table.header or not (text := row.text(column)):
            continue
        factor = scale(table, row, column)
        if factor is None or agrees(text, factor * events / total):
            continue
        if not corrections.excuse(table, row, column):
            digits = len(text.partition(".")[2]) + 2
            found = f"{events:.0f} of {total:.0f} is {factor * events / total:.{digits}f}"
            remedy = "compare with the source; if it is printed so, add a row to data/corrections.csv"
            yield table.problem(row, column, found, remedy)


def interval(table: Table, row: Row) -> Iterator[Problem]:
    """A printed 95% interval of a share is roughly what its counts give.

    Compared with Wilson's interval (Wilson 1927). Sources use others (Wald, Clopper-Pearson, Jeffreys) and
    correct for clusters, and the method is seldom named: a bound may be off by a third of the interval's
    width (the exact interval of few events stays within that), and by rounding. More is a slip of a digit,
    another denominator or another scale.
    """
    events, total = row.number("events"), row.number("total")
    if events is None or not total or events > total:
        return
    column = _filled(table, row, FIGURES) or "percent_reported"
    factor = scale(table, row, column) if column in table.header else None
    if factor is None:
        return
    low, high = (factor * bound for bound in wilson(events, total))
    for name, bound in (("ci_low", low), ("ci_high", high)):
        text = row.text(name)
        if text and abs(float(text) - bound) > INTERVAL_SLACK * (high - low) + half_unit(text):
            found = f"{events:.0f} of {total:.0f} gives a 95% interval of about {low:.3g} to {high:.3g}"
            yield table.problem(row, name, found, "compare the interval and the counts with the source")


def wilson(events: float, total: float, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval, only to compare with: `synthesis.proportion_ci` would have to load scipy."""
    share, square = events / total, z * z / total
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / total + square / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def two_by_two(table: Table, row: Row) -> Iterator[Problem]:
    """The four cells are not more than the patients. Lesions may be: one patient has several."""
    whole = next((name for name in ("n", "total") if name in table.header), None)
    if whole is None or ("unit" in table.header and row.text("unit") != "patients"):
        return
    total = row.number(whole)
    cells = sum(row.number(name) or 0 for name in CELLS)
    if total is not None and cells > total:
        found = f"tp + fp + fn + tn is {cells:.0f}, more than {whole}"
        yield table.problem(row, whole, found, "compare the five figures with the source")


def accuracy(table: Table, row: Row) -> Iterator[Problem]:
    """Sensitivity is tp / (tp + fn) and specificity tn / (tn + fp), within half a unit of the last digit."""
    for column, part, rest in (("sensitivity", "tp", "fn"), ("specificity", "tn", "fp")):
        text, right, wrong = row.text(column), row.number(part), row.number(rest)
        if text and right is not None and wrong is not None and right + wrong > 0:
            exact = right / (right + wrong)
            if not agrees(text, exact):
                found = f"{part} / ({part} + {rest}) is {exact:.4f}"
                yield table.problem(row, column, found, "compare the three figures with the source")


def likelihood_ratio(table: Table, row: Row) -> Iterator[Problem]:
    """A likelihood ratio follows from its four cells; 1/2 is added to each cell where one is zero."""
    role, text = row.text("role"), row.text("estimate")
    cells = [row.number(name) for name in CELLS]
    if role not in ("LR+", "LR-") or not text or None in cells:
        return
    tp, fp, fn, tn = (cell + 0.5 * (0 in cells) for cell in cells)
    diseased, healthy = tp + fn, fp + tn
    exact = (tp / diseased) / (fp / healthy) if role == "LR+" else (fn / diseased) / (tn / healthy)
    if not agrees(text, exact):
        yield table.problem(row, "estimate", f"its four cells give {exact:.4f}", "work it out again")
