"""How far two readers of the same rows agree: percent, kappa, and every disagreement with its resolution.

The second reader worked without sight of the first (data/second_reader.csv). `result` says what was found
when both readings were laid side by side; figures and words are compared with the tables as they stand
today, after disagreements were resolved.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skinmet import project
from skinmet.problems import Problem, SkinmetError
from skinmet.review import rules, state
from skinmet.review.agreement import COMPARED, SECOND_READER
from skinmet.review.tables import Row, Table
from skinmet.synthesis import cohen_kappa

# Columns in which a reader chooses a word, so that agreement by chance has a meaning.
CATEGORIES = ("unit", "count_basis", "effect_measure")


@dataclass(frozen=True)
class Figures:
    """A numeric column. both: rows where both readers have a figure; exact: those in which it is the same;
    rounded: those in which one figure is the other, rounded; alone: rows where only one of them has one."""

    column: str
    both: int
    exact: int
    rounded: int
    alone: int


@dataclass(frozen=True)
class Words:
    """A column of categories, over the n rows where both readers chose a word: the share they agree on, the
    share that chance would give, and Cohen's kappa with its 95% interval (None where not defined)."""

    column: str
    n: int
    observed: float
    expected: float
    kappa: float | None
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True)
class Part:
    """One table, or all of them. rows: rows it holds. read_twice: those read a second time. compared:
    readings that could be compared; agreed: those that agree; share: agreed / compared, None without any."""

    table: str
    rows: int
    read_twice: int
    compared: int
    agreed: int
    share: float | None
    figures: list[Figures]
    words: list[Words]


@dataclass(frozen=True)
class Disagreement:
    """A reading that differs, and what was decided. differs: column, first and second reading."""

    reading: str
    file: str
    line: int
    row: str
    citekey: str
    differs: list[tuple[str, str, str]]
    remark: str
    resolution: str


@dataclass(frozen=True)
class Agreement:
    """All that is known of the second reading: each table, all together, and the disagreements."""

    tables: list[Part]
    overall: Part
    disagreements: list[Disagreement]


Pair = tuple[Row, Table, Row]  # a second reading, and the table and row that were read


def measure(root: Path | str | None = None) -> Agreement:
    """Compare the two readers. Raises SkinmetError when tables have findings, or nothing was read twice."""
    here = state.sound(project.root(root))
    readings = here.tables.get(SECOND_READER)
    if readings is None or not readings.rows:
        remedy = "add a row for each row that a second person reads, without sight of the first reading"
        raise SkinmetError(Problem(f"data/{SECOND_READER}.csv", "nothing was read twice", remedy))
    pairs: dict[str, list[Pair]] = {}
    for second in readings.rows:
        table = here.tables[second.cells["table"]]
        first = next(row for row in table.rows if row.cells[table.key] == second.cells["read_row"])
        pairs.setdefault(table.name, []).append((second, table, first))
    everything = [pair for part in pairs.values() for pair in part]
    return Agreement(
        [_part(name, len(here.tables[name].rows), part) for name, part in pairs.items()],
        _part("all tables", sum(len(table.rows) for table in here.domains()), everything),
        [_disagreement(readings, *pair) for pair in everything if pair[0].cells["result"] == "disagree"],
    )


def _part(name: str, rows: int, pairs: list[Pair]) -> Part:
    results = [second.cells["result"] for second, _, _ in pairs]
    agreed = results.count("agree")
    compared = agreed + results.count("disagree")
    read = {(table.name, first.cells[table.key]) for _, table, first in pairs}
    figures = [_figures(column, pairs) for column in COMPARED]
    words = [found for column in CATEGORIES if (found := _words(column, pairs))]
    share = agreed / compared if compared else None
    return Part(
        name, rows, len(read), compared, agreed, share, [f for f in figures if f.both or f.alone], words
    )


def _values(column: str, pairs: list[Pair]) -> Iterator[tuple[str, str]]:
    """First and second reading of a column, where both tables have it and the readings were compared."""
    for second, _, first in pairs:
        if second.cells["result"] != "not_compared" and column in first.cells and column in second.cells:
            yield first.cells[column], second.cells[column]


def _words(column: str, pairs: list[Pair]) -> Words | None:
    both = [(a, b) for a, b in _values(column, pairs) if a and b]
    if not both:
        return None
    found = cohen_kappa(*zip(*both, strict=True))
    defined = (None if math.isnan(value) else value for value in (found.kappa, found.ci_low, found.ci_high))
    return Words(column, found.n, found.observed, found.expected, *defined)


def _figures(column: str, pairs: list[Pair]) -> Figures:
    values = list(_values(column, pairs))
    both = [(a, b) for a, b in values if a and b]
    exact = sum(float(a) == float(b) for a, b in both)
    rounded = sum(float(a) != float(b) and _rounds(a, b) for a, b in both)
    return Figures(column, len(both), exact, rounded, sum(bool(a) != bool(b) for a, b in values))


def _rounds(a: str, b: str) -> bool:
    """Whether one figure is the other with fewer digits."""
    return abs(float(a) - float(b)) <= max(rules.half_unit(a), rules.half_unit(b)) + 1e-9 and (
        rules.half_unit(a) != rules.half_unit(b)
    )


def _disagreement(readings: Table, second: Row, table: Table, first: Row) -> Disagreement:
    columns = [name for name in (*COMPARED, *CATEGORIES) if name in first.cells and name in second.cells]
    differs = [
        (name, first.cells[name], second.cells[name])
        for name in columns
        if first.cells[name] != second.cells[name]
    ]
    cells = second.cells
    return Disagreement(
        cells[readings.key], readings.file, second.line, f"{table.name}:{first.cells[table.key]}",
        cells["citekey"], differs, cells["remark"], cells["resolution"],
    )  # fmt: skip


def lines(found: Agreement) -> Iterator[str]:
    """The report in words."""
    for part in (*found.tables, found.overall):
        yield (
            f"{part.table}: {part.read_twice:,} of {part.rows:,} rows read twice; "
            + (f"{part.agreed} of {part.compared} readings agree ({_percent(part.share)})"
               if part.compared else "none could be compared")
        )  # fmt: skip
    yield ""
    yield "Figures, over all tables (second reading and table as it stands):"
    for one in found.overall.figures:
        rounded = f", {one.rounded} more within rounding" if one.rounded else ""
        alone = f"; only one reader has one in {one.alone}" if one.alone else ""
        share = f" ({_percent(one.exact / one.both)})" if one.both else ""
        yield f"  {one.column}: the same in {one.exact} of {one.both}{share}{rounded}{alone}"
    yield "Words, over all tables (Cohen's kappa: 1 is full agreement, 0 is what chance would give):"
    for one in found.overall.words:
        yield f"  {one.column}: {_kappa(one)}"
    yield f"Disagreements: {len(found.disagreements)}"
    for one in found.disagreements:
        differs = "; ".join(f"{name} {a or 'empty'} / {b or 'empty'}" for name, a, b in one.differs)
        yield f"  {one.row} ({one.file}:{one.line}): {differs or 'the same figures'}"
        yield f"    second reader: {one.remark}"
        yield f"    resolution: {one.resolution}"


def _kappa(of: Words) -> str:
    agreed = f"{_percent(of.observed)} of {of.n} agree"
    if of.kappa is None:
        return f"{agreed}; no kappa, for both use one word throughout"
    interval = f" (95% interval {of.ci_low:.2f} to {of.ci_high:.2f})" if of.ci_high > of.ci_low else ""
    return f"{agreed}, kappa {of.kappa:.2f}{interval}"


def _percent(share: float) -> str:
    text = f"{100 * share:.0f}%"
    return "over 99%" if text == "100%" and share < 1 else text
