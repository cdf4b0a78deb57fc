"""One cell at a time: its type, its words, its limits, and the rows and works it points at."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from skinmet.problems import Problem
from skinmet.review.tables import REFERENCES, Column, Row, Table

# Columns that hold several keys, separated by "; ": column -> table whose keys they are.
LISTS = {
    "other_citekeys": REFERENCES,
    "other_original_citekeys": REFERENCES,
    "other_claim_ids": "claims/claims",
    "claims_backed": "claims/claims",
}


class Finding(NamedTuple):
    """What is wrong with a value and what to do. right: the value as it must be, where only one is possible
    and means the same; `skinmet check --fix` writes it."""

    found: str
    remedy: str
    right: str | None = None


_SOURCE = "correct the cell, or move words to the notes"
_MONTHS = "jan|feb|mar|mär|mrz|apr|may|mai|jun|jul|aug|sep|sept|oct|okt|nov|dec|dez"
# 3/5 typed into a spreadsheet comes back as a day: 05-Mar, Mar-05, 5. Mrz.
_DAY = re.compile(rf"(?i)\d{{1,2}}[-./ ]{{1,2}}({_MONTHS})\.?|({_MONTHS})\.?[-./ ]\d{{1,2}}")
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}( .*)?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
# A long number as a spreadsheet shows and saves it: 1.23E+12.
_SCIENTIFIC = re.compile(r"-?\d([.,]\d+)?E\+?\d{1,3}", re.IGNORECASE)
_INTEGER = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_QUOTES = re.compile("[\u2018-\u201f\u2032\u2033\u00ab\u00bb]")
# Signs of no width that come with text copied from a page or a PDF.
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
# What spreadsheets in English, German, French, Spanish and Dutch save for yes and no.
_TRUE, _FALSE = ("true", "wahr", "vrai", "verdadero", "waar"), ("false", "falsch", "faux", "falso", "onwaar")
# UTF-8 read as Windows-1252 and saved again: Ã© for é, â€™ for an apostrophe.
_GARBLED = re.compile("[ÃÂ][\u0080-\u00bf]|Ã[–Ÿ„œ€‰]|â€|\ufffd")


def check(table: Table) -> list[Problem]:
    """Every faulty cell of a table, and rows whose key was used before. Takes outer spaces off the cells."""
    problems = []
    for column in table.columns:
        name = column.name
        if name not in table.header:
            continue
        judge = _judge(column, is_key(table, name))
        for row in table.rows:
            value = row.cells[name]
            if not value:
                if column.required:
                    row.bad |= {name}
                    remedy = f"fill it in with one of: {', '.join(column.allowed)}" if column.allowed else (
                        "fill it in; the schema says what belongs here"
                    )  # fmt: skip
                    problems.append(table.problem(row, name, "the cell is empty, but must not be", remedy))
                continue
            if value[0].isspace() or value[-1].isspace():
                remedy = "delete them, or run `skinmet fmt`"
                problems.append(table.problem(row, name, "spaces around the value", remedy, repr(value)))
                value = row.cells[name] = value.strip()
            finding = judge(value) if value else None
            if finding:
                row.bad |= {name}
                problems.append(table.problem(row, name, finding.found, finding.remedy))
    return problems + _duplicates(table)


def is_key(table: Table, column: str) -> bool:
    """Whether a column holds keys: its own, or those of rows and works it points at."""
    return column == table.key or column in table.foreign or column in LISTS


def mended(value: str, column: Column, holds_keys: bool) -> Iterator[tuple[str, str]]:
    """What `check` finds wrong with a value and has one right answer, step by step: what was wrong, the value
    after it was mended. Nothing is yielded for what a person must decide."""
    if value != value.strip():
        value = value.strip()
        yield "spaces around the value", value
    judge = _judge(column, holds_keys)
    while value and (finding := judge(value)) and finding.right is not None:
        value = finding.right
        yield finding.found, value


def _duplicates(table: Table) -> list[Problem]:
    """Rows whose key, or all of whose other cells, stand in an earlier row."""
    problems, first, spelt, contents = [], {}, {}, {}
    if not table.has(table.key):
        return problems
    for row in table.rows:
        value = row.cells[table.key]
        plain = re.sub(r"(?<!\d)0+(?=\d)", "", value).casefold()
        rest = tuple(text for name, text in row.cells.items() if name != table.key)
        if value in first:
            found = f"line {first[value]} has this {table.key} already"
            remedy = "give this row a new one; a row's name is never used twice"
            problems.append(table.problem(row, table.key, found, remedy))
        elif value and plain in spelt:
            found = f"line {spelt[plain]} has almost this {table.key}: a lost zero, or a small letter?"
            problems.append(table.problem(row, table.key, found, "give one of the two rows another"))
        elif any(rest) and rest in contents:
            found = f"all else in this row stands in line {contents[rest]} too"
            problems.append(table.problem(row, table.key, found, "remove one of the two rows"))
        if value:
            first.setdefault(value, row.line)
            spelt.setdefault(plain, row.line)
        contents.setdefault(rest, row.line)
    return problems


def _judge(column: Column, holds_keys: bool) -> Callable[[str], Finding | None]:
    """The function that says what is wrong with a value of this column, if anything."""
    if column.type in ("integer", "number"):
        return lambda value: _number_fault(value, column)
    if column.type == "boolean":
        return _boolean_fault
    exact = holds_keys or bool(column.allowed)

    def judge(value: str) -> Finding | None:
        if exact and _QUOTES.search(value):
            bare = _QUOTES.sub("", value)
            # in the middle of a key it may stand for an apostrophe
            only_around = bare and bare == value.strip("".join(set(_QUOTES.findall(value))))
            remedy = "delete it, or type the plain sign; spreadsheets replace it"
            return Finding("a typographic quotation mark", remedy, bare if only_around else None)
        if _INVISIBLE.search(value):
            sign = _INVISIBLE.search(value).group()
            bare = _INVISIBLE.sub("", value)
            return Finding(f"an invisible sign (U+{ord(sign):04X})", "delete it, or type the cell anew", bare)
        if column.allowed and value not in column.allowed:
            return _word_fault(value, column)
        return _text_fault(value)

    return judge


def _text_fault(value: str) -> Finding | None:
    if not value.isprintable():
        sign = next((sign for sign in value if sign < " " or sign == "\x7f"), None)
        if sign in ("\n", "\r"):
            remedy = "write it on one line; line numbers would no longer agree"
            return Finding("a line break inside the cell", remedy)
        if sign:
            return Finding(f"a control character (U+{ord(sign):04X})", "delete it")
    if not value.isascii() and _GARBLED.search(value):
        remedy = "the file was opened in the wrong encoding: restore it, and open it as UTF-8"
        return Finding("garbled letters", remedy)
    if len(value) <= 9 and _DAY.fullmatch(value):
        return _date_fault()
    if _SCIENTIFIC.fullmatch(value):
        return _scientific_fault()
    return None


def _date_fault() -> Finding:
    remedy = "type the figure again as the source has it, with the column formatted as text"
    return Finding("a date, which a spreadsheet makes of a fraction such as 3/5", remedy)


def _scientific_fault() -> Finding:
    remedy = "type all digits again as the source has them, with the column formatted as text"
    return Finding("a spreadsheet's short form of a long number, whose last digits are lost", remedy)


def _word_fault(value: str, column: Column) -> Finding:
    same = [word for word in column.allowed if word.lower() == value.lower()]
    near = same or difflib.get_close_matches(value, column.allowed, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}? " if near else ""
    remedy = f"{hint}allowed are: {', '.join(column.allowed)}"
    return Finding("not one of the allowed words", remedy, same[0] if len(same) == 1 else None)


def _boolean_fault(value: str) -> Finding | None:
    if value in ("true", "false"):
        return None
    for right, words, more in (("true", _TRUE, ("yes", "1")), ("false", _FALSE, ("no", "0"))):
        if value.lower() in words:
            return Finding("not true or false", f"write {right}", right)
        if value.lower() in more:
            return Finding("not true or false", f"write {right}")
    return Finding("not true or false", "write true or false, in small letters")


def _number_fault(value: str, column: Column) -> Finding | None:
    whole = column.type == "integer"
    if not (_INTEGER if whole else _NUMBER).fullmatch(value):
        return _not_a_number(value, whole)
    number = float(value)
    if column.minimum is not None and number < column.minimum:
        return Finding(
            f"less than the smallest possible value, {column.minimum:g}", "compare with the source"
        )
    if column.maximum is not None and number > column.maximum:
        return Finding(f"more than the largest possible value, {column.maximum:g}", "compare with the source")
    return None


def _not_a_number(value: str, whole: bool) -> Finding:
    """Why a cell that should hold a number does not, in the order of what spreadsheets and people do."""
    kind = "not a whole number" if whole else "not a number"
    fits = _INTEGER if whole else _NUMBER
    if _DAY.fullmatch(value) or _DATE.fullmatch(value):
        return _date_fault()
    if _SCIENTIFIC.fullmatch(value):
        return _scientific_fault()
    if _INVISIBLE.search(value):
        bare = _INVISIBLE.sub("", value)
        return Finding(f"{kind}: it holds an invisible sign", "type it anew", bare)
    if _QUOTES.search(value):
        bare = value.strip("\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb")
        right = bare if fits.fullmatch(bare) else None  # primes mean feet, minutes or inches: not mended
        return Finding("a typographic quotation mark in a number", "delete it", right)
    if value.startswith("'") and fits.fullmatch(value[1:]):
        return Finding(f"{kind}: a spreadsheet's sign for text", "delete the apostrophe", value[1:])
    if re.fullmatch(r"-?\d+,\d+", value):
        return _comma_fault(value, whole)
    if re.fullmatch(r"-?\d{1,3}([ ,.'\u00a0\u2009\u202f]\d{3})+", value):
        return Finding(f"{kind}: it is grouped in thousands", "write the digits without signs between them")
    if re.fullmatch(r"-?[.,]\d+", value):
        return Finding(
            f"{kind}: nothing stands before the point", "write the zero, or the digit that was lost"
        )
    if re.fullmatch(r"[\u2010-\u2015\u2212]\d.*", value):
        plain = f"-{value[1:]}"  # a dash may be what is left of a range; U+2212 is minus and nothing else
        right = plain if value[0] == "\u2212" and fits.fullmatch(plain) else None
        return Finding(f"{kind}: a typographic minus sign", "type the plain sign: -", right)
    if re.fullmatch(r"\d+\s*/\s*\d+", value):
        return Finding(f"{kind}: a fraction", "write the two counts into events and total")
    if re.fullmatch(r"-?\d+(\.\d+)?\s*%", value):
        return Finding(f"{kind}: it carries a percent sign", "write the figure alone")
    if re.fullmatch(r"[<>~≈≤≥=]\s*\d.*", value):
        remedy = "write the figure alone; the sign belongs in the notes"
        return Finding(f"{kind}: it carries a comparison sign", remedy)
    if re.fullmatch(r"(?i)n/?a|nan|null|none|-+|–|—|\?|nr|nd|inf(inity)?", value):
        return Finding(f"{kind}: a word for “missing”", "leave the cell empty")
    if re.fullmatch(r"-?\d+\.\d+", value):
        return Finding(kind, "a count has no decimals: compare with the source")
    return Finding(kind, _SOURCE)


def _comma_fault(value: str, whole: bool) -> Finding:
    """A comma within digits. It is a decimal one, beyond doubt, unless three digits follow one to three."""
    if whole:
        return Finding("a comma in a whole number", "write thousands without a comma: 1500")
    point = value.replace(",", ".")
    remedy = f"write {point} with a point (or, if thousands are meant, no comma at all)"
    thousands = re.fullmatch(r"-?[1-9]\d{0,2},\d{3}", value)
    return Finding("a decimal comma", remedy, point if _NUMBER.fullmatch(point) and not thousands else None)


# Keys


class Keys:
    """Every key one can point at, and help with those that lead nowhere."""

    def __init__(self, tables: dict[str, Table], bibliography: set[str] | None):
        """bibliography: the keys of references.bib, or None when it can't be read."""
        self._tables, self._bibliography = tables, bibliography
        self._cache: dict[tuple[str, str], dict[str, Row | None] | None] = {}
        self._hints = 20  # nearest names cost time; a table full of dangling keys needs no hundred of them

    def of(self, name: str, column: str) -> dict[str, Row | None] | None:
        """Values of a table's column, each with its first row; None when they can't be known in full."""
        if name == REFERENCES:
            return None if self._bibliography is None else dict.fromkeys(self._bibliography)
        if (name, column) not in self._cache:
            table = self._tables.get(name)
            known = None
            if table is not None and table.complete and table.has(column):
                known = {row.cells[column]: row for row in reversed(table.rows)}
            self._cache[name, column] = known
        return self._cache[name, column]

    def dangling(self, name: str, value: str, known: dict) -> Finding:
        """What to say of a value that is no key of the table."""
        near = []
        if self._hints > 0:
            self._hints -= 1
            near = difflib.get_close_matches(value, known, n=1, cutoff=0.75)
        hint = f"did you mean {near[0]}? " if near else ""
        if name == REFERENCES:
            remedy = f"{hint}correct the key, or add the work there"
            return Finding("no such key in references/references.bib", remedy)
        return Finding(f"no such row in {name}", f"{hint}correct the cell, or add the row there")

    def check(self, table: Table) -> Iterator[Problem]:
        """Cells of the table that point at a row or a work that isn't there."""
        links = [(column, *target, False) for column, target in table.foreign.items()]
        for column, name in LISTS.items():
            if name == REFERENCES or name in self._tables:
                links.append(
                    (column, name, self._tables[name].key if name in self._tables else "citekey", True)
                )
        for column, name, target, several in links:
            known = self.of(name, target)
            if known is None or not table.has(column):
                continue
            for row in table.rows:
                text = row.cells[column]
                if not text or column in row.bad:
                    continue
                for value in text.split("; ") if several else (text,):
                    if value not in known:
                        row.bad |= {column}
                        found, remedy, _ = self.dangling(name, value, known)
                        if several and ("," in value or ";" in value or value != value.strip()):
                            remedy = "separate the keys by a semicolon and one space"
                        yield table.problem(row, column, found, remedy, value)
