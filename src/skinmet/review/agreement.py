"""Rows that must agree: within a pool group, with the second reader, and with the corrections."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator

from skinmet.problems import Problem
from skinmet.review import rules
from skinmet.review.cells import Keys
from skinmet.review.tables import Row, Table, Unsound

CORRECTIONS = "corrections"
SECOND_READER = "second_reader"
# What a second reading repeats of the row it read.
COMPARED = ("events", "total", "estimate", "ci_low", "ci_high", *rules.CELLS)


def check(tables: dict[str, Table], keys: Keys) -> Iterator[Problem]:
    """Everything in the tables that does not agree with something else, within a row or between rows."""
    corrections = rules.Corrections(tables.get(CORRECTIONS))
    for table in tables.values():
        yield from rules.check(table, corrections)
        if table.has("pool_group"):
            yield from pool_groups(table)
    if SECOND_READER in tables:
        yield from second_reader(tables[SECOND_READER], tables, keys)
    if CORRECTIONS in tables:
        yield from correction_rows(tables[CORRECTIONS], tables, keys, corrections)


def pool_groups(table: Table) -> Iterator[Problem]:
    """Within a pool group (and outcome, where the table has one): one unit, no study twice, no cohort twice.

    Two studies with the same counts may be one cohort published twice. With fewer than 20 in the
    denominator that happens by chance, so only larger ones are named; a note that names the other row
    settles it.
    """
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in table.rows:
        outcome = row.cells["outcome"] if "outcome" in table.header else ""
        if row.cells["pool_group"] and not row.bad & {"pool_group", "outcome"}:
            groups[row.cells["pool_group"], outcome].append(row)
    for (group, outcome), rows in groups.items():
        name = f"the pool group {group}" + (f" ({outcome})" if outcome else "")
        if table.has("unit"):
            yield from _one_unit(table, name, [row for row in rows if "unit" not in row.bad])
        yield from _once(table, name, rows)


def _one_unit(table: Table, name: str, rows: list[Row]) -> Iterator[Problem]:
    units = Counter(row.cells["unit"] for row in rows)
    if len(units) > 1:
        usual = units.most_common(1)[0][0]
        for row in rows:
            if row.cells["unit"] != usual:
                remedy = "correct the unit, or take the row out of the group: units never mix"
                yield table.problem(row, "unit", f"{name} counts {usual}", remedy)


def _once(table: Table, name: str, rows: list[Row]) -> Iterator[Problem]:
    which = next((column for column in ("study", "citekey") if column in table.header), None)
    seen: dict[str, Row] = {}
    counted: dict[tuple[str, str], Row] = {}
    for row in rows:
        study = _plain(row.cells[which]) if which and which not in row.bad else ""
        twin = seen.setdefault(study, row) if study else row
        if twin is not row:
            found = f"{name} has this study already, in line {twin.line}"
            yield table.problem(row, which, found, "leave pool_group empty in one of the two rows")
            continue
        if not table.has("events", "total", "citekey") or row.bad & {"events", "total", "citekey"}:
            continue
        counts = row.cells["events"], row.cells["total"]
        if not all(counts) or float(counts[1]) < 20:
            continue
        twin = counted.setdefault(counts, row)
        if twin.cells["citekey"] != row.cells["citekey"] and not _told_apart(table, row, twin):
            found = f"{name} has the same counts in line {twin.line}: one cohort published twice?"
            key = twin.cells.get(table.key, "")
            remedy = f"keep one of the two, or write in the notes why it is not {key}"
            yield table.problem(row, "events", found, remedy, value=" of ".join(counts))


def _plain(study: str) -> str:
    """A study's name without what spellings differ in: Zhao 2020, ZHAO et al. (2020)."""
    letters = unicodedata.normalize("NFD", study.casefold())
    words = re.findall(r"[^\W_]+", "".join(sign for sign in letters if not unicodedata.combining(sign)))
    return " ".join(word for word in words if word not in ("et", "al"))


def _told_apart(table: Table, one: Row, other: Row) -> bool:
    """Whether the notes of one of the rows name the other."""
    if not table.has("notes", table.key):
        return False
    pairs = ((one, other), (other, one))
    return any(a.cells[table.key] in re.findall(r"[\w-]+", b.cells["notes"]) for a, b in pairs)


def _pointed(
    table: Table, row: Row, column: str, tables: dict[str, Table], keys: Keys
) -> tuple[Table | None, Row | None, list[Problem]]:
    """The table and row named by the columns `table` and `column`, or why they can't be found."""
    name = row.text("table")
    if name not in tables:
        remedy = "name it as domain/table, for example epidemiology/frequency"
        return None, None, [table.problem(row, "table", "no such table", remedy)]
    target = tables[name]
    known = keys.of(name, target.key)
    value = row.text(column)
    if known is None or not value:
        return target, None, []
    if value not in known:
        return target, None, [table.problem(row, column, *keys.dangling(name, value, known)[:2])]
    return target, known[value], []


def second_reader(table: Table, tables: dict[str, Table], keys: Keys) -> Iterator[Problem]:
    """A second reading names a row; `agree` means that the figures are the same; `disagree` is resolved."""
    if not table.has("table", "read_row", "result", "citekey", "resolution"):
        return
    for row in table.rows:
        try:
            target, read, problems = _pointed(table, row, "read_row", tables, keys)
            yield from problems
            if row.text("result") == "disagree" and not row.text("resolution"):
                remedy = "say which figure is used, and why"
                yield table.problem(row, "resolution", "a disagreement without its resolution", remedy)
            if target is None or read is None:
                continue
            if target.has("citekey") and read.text("citekey") != row.text("citekey"):
                found = f"the row it read, {target.file}:{read.line}, rests on {read.text('citekey')}"
                yield table.problem(row, "citekey", found, "name the same work in both")
            elif row.text("result") == "agree":
                yield from _agreement(table, row, target, read)
        except Unsound:
            continue


def _agreement(table: Table, row: Row, target: Table, read: Row) -> Iterator[Problem]:
    remedy = "compare with the source; if the readers differ, write disagree and the resolution"
    for name in COMPARED:
        if table.has(name) and target.has(name) and (second := row.number(name)) is not None:
            first = read.number(name)
            if first != second:
                found = (
                    f"said to agree, but {target.file}:{read.line} has {read.text(name) or 'an empty cell'}"
                )
                yield table.problem(row, name, found, remedy)
    for name in ("unit", "effect_measure"):
        if table.has(name) and target.has(name) and row.text(name) and row.text(name) != read.text(name):
            found = f"said to agree, but {target.file}:{read.line} has {read.text(name) or 'an empty cell'}"
            yield table.problem(row, name, found, remedy)


def correction_rows(
    table: Table, tables: dict[str, Table], keys: Keys, corrections: rules.Corrections
) -> Iterator[Problem]:
    """A correction names a cell, which still holds the figure that is corrected, and it is still needed."""
    if not table.has("table", "corrected_row", "column", "expected", "used"):
        return
    for row in table.rows:
        try:
            target, corrected, problems = _pointed(table, row, "corrected_row", tables, keys)
            yield from problems
            if target is None or corrected is None:
                continue
            column = row.text("column")
            if column not in target.header:
                known = {item.name for item in target.columns}
                if column not in known:
                    yield table.problem(
                        row, "column", f"{target.name} has no such column", "correct the name"
                    )
                continue
            yield from _one_correction(table, row, target, corrected, corrections)
        except Unsound:
            continue


def _one_correction(
    table: Table, row: Row, target: Table, corrected: Row, corrections: rules.Corrections
) -> Iterator[Problem]:
    column, found_there = row.text("column"), corrected.text(row.text("column"))
    where = f"{target.file}:{corrected.line}"
    if row.text("expected") != found_there:
        found = f"{where} now has {found_there or 'an empty cell'} in {column}"
        remedy = "remove the correction if the source was read wrongly, else restore the printed figure there"
        yield table.problem(row, "expected", found, remedy)
        return
    if not target.has("events", "total") or not found_there:
        return
    events, total, factor = (
        corrected.number("events"),
        corrected.number("total"),
        rules.scale(target, corrected, column),
    )
    if events is None or not total or factor is None:
        return
    if (target.name, corrected.cells[target.key], column) not in corrections.needed:
        found = f"no longer needed: {found_there} at {where} agrees with its counts"
        yield table.problem(row, "expected", found, "remove the row")
    elif not _is_number(row.text("used")) or not rules.agrees(row.text("used"), factor * events / total):
        found = f"{events:.0f} of {total:.0f} is {factor * events / total:.2f}"
        yield table.problem(row, "used", found, f"write {factor * events / total:.2f}")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
