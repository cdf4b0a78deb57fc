"""A CSV file as a list of records with their lines, and what a spreadsheet did to the file."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from skinmet.problems import Problem

AS_CSV = "save it as CSV with the encoding UTF-8"
REPAIR = "run `skinmet fmt`"
# Tells some spreadsheets how the cells are separated; no part of the table.
LONGEST = 131_072  # characters in a cell: a quotation mark that is never closed eats the rest of the file
_HINT = re.compile(r"sep=.\r?\n", re.IGNORECASE)


@dataclass
class Contents:
    """What could be read of a file.

    records: line (as an editor counts) and cells of each record, empty lines left out. form: faults that
    change nothing in the cells, which `skinmet fmt` mends. faults: those a person must look at. complete:
    False when records are missing.
    """

    records: list[tuple[int, list[str]]] = field(default_factory=list)
    form: list[Problem] = field(default_factory=list)
    faults: list[Problem] = field(default_factory=list)
    complete: bool = True


def read(path: Path, file: str) -> Contents:
    """Read the CSV file at `path`, called `file` in problems. Never raises for what the file holds."""
    contents = Contents()
    try:
        text = _decode(path.read_bytes(), file, contents)
    except OSError as error:
        restore = "restore it from version control, or look at its permissions"
        contents.faults.append(Problem(file, f"can't be read: {error.strerror}", restore))
        contents.complete = False
        return contents
    _line_ends(text, file, contents)
    separator = _separator(text, file, contents)
    csv.field_size_limit(LONGEST)  # for the whole process, so other packages may have raised it
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    empty: list[int] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            contents.faults.append(_broken_record(file, line, error))
            contents.complete = False
            continue
        if line == 1 and _HINT.match(text):
            continue
        if any(map(str.strip, cells)):
            _empty_lines(file, empty, "an empty line", contents)
            empty = []
            contents.records.append((line, cells))
        else:
            empty.append(line)
    _empty_lines(file, empty, "an empty line at the end", contents)
    _empty_columns(file, contents)
    if contents.complete and not contents.records:
        contents.faults.append(Problem(file, "the file is empty", "restore it from version control", line=1))
        contents.complete = False
    return contents


def uneven(file: str, line: int, cells: list[str], header: list[str]) -> Problem:
    """The problem of a record that has not as many cells as the header."""
    if len(cells) > len(header):
        remedy = "put quotes around a cell that holds a comma, or remove the surplus cells"
    else:
        remedy = "add what is missing; an empty cell still needs its comma"
    found = f"the row has {len(cells)} cells, the header {len(header)}"
    return Problem(file, found, remedy, line, value=cells[0] or None)


def _decode(raw: bytes, file: str, contents: Contents) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        contents.form.append(
            Problem(file, "is saved as UTF-16, a spreadsheet's “Unicode text”", REPAIR, line=1)
        )
        return _or_replaced(raw, "utf-16", file, contents)
    text = _or_replaced(raw, "utf-8", file, contents)
    if text.startswith("\ufeff"):
        contents.form.append(Problem(file, "begins with a byte order mark (BOM)", REPAIR, line=1))
        return text[1:]
    return text


def _or_replaced(raw: bytes, encoding: str, file: str, contents: Contents) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        place = error.start - raw.rfind(b"\n", 0, error.start)
        found = f"is not {encoding.upper()}: byte {error.start + 1} of the file, {place} of the line"
        remedy = f"{AS_CSV}, and look whether accents and signs came through"
        value = f"0x{raw[error.start]:02X}"
        contents.faults.append(Problem(file, found, remedy, line, value=value))
        return raw.decode(encoding, "replace").replace("\ufffd", "?")  # one finding for it is enough


def _line_ends(text: str, file: str, contents: Contents) -> None:
    place = text.find("\r")
    if place >= 0:
        windows = text.startswith("\n", place + 1)
        found = "lines end the Windows way, with CR and LF" if windows else "a CR sign ends a line"
        line = text.count("\n", 0, place) + 1
        contents.form.append(Problem(file, found, f"{REPAIR}, which ends lines with LF alone", line))


def _separator(text: str, file: str, contents: Contents) -> str:
    hint = _HINT.match(text)
    if hint:
        found = "begins with a line for the spreadsheet"
        contents.form.append(Problem(file, found, REPAIR, line=1, value=hint.group().strip()))
    header = re.match(r"[^\r\n]*", text[hint.end() :] if hint else text).group()
    separator = max(",;\t", key=header.count)
    if separator != ",":
        sign = {";": "semicolons", "\t": "tabs"}[separator]
        contents.form.append(Problem(file, f"cells are separated by {sign}, not by commas", REPAIR, line=1))
    return separator


def _broken_record(file: str, line: int, error: csv.Error) -> Problem:
    if "limit" in str(error):
        found = f"a cell of more than {LONGEST} characters begins in this row"
    else:
        found = f"this row can't be read: {error}"
    remedy = 'look for a quotation mark that isn\'t closed; one inside a quoted cell is written twice ("")'
    return Problem(file, found, remedy, line)


def _empty_columns(file: str, contents: Contents) -> None:
    """Take away columns at the end that hold nothing, not even a name. A single row that is too long is left
    as it is: the comma too many may stand anywhere in it."""
    if not contents.records:
        return
    line, header = contents.records[0]
    width = len(header)
    while width and not header[width - 1].strip():
        width -= 1
    rows = [cells for _, cells in contents.records if len(cells) == len(header)]
    if width < len(header) and not any("".join(cells[width:]).strip() for cells in rows):
        surplus = len(header) - width
        found = "an empty column at the end" if surplus == 1 else f"{surplus} empty columns at the end"
        contents.form.append(Problem(file, found, f"delete what is empty, or {REPAIR}", line))
        for cells in rows:
            del cells[width:]


def _empty_lines(file: str, lines: list[int], found: str, contents: Contents) -> None:
    if lines:
        contents.form.append(Problem(file, found, f"delete it, or {REPAIR}", lines[0]))
