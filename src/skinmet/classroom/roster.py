"""A class list as Canvas or Moodle hands it out: whose row is it, and which column takes the mark?

Canvas: the gradebook's export (`lib/gradebook_exporter.rb`, `lib/gradebook_importer.rb` of its source code):
an import finds students by ID, then by their SIS ids. Moodle: an assignment's grading worksheet
(`mod/assign/feedback/offline` of moodle/moodle: an import reads Identifier, Grade and Last modified), or the
grade book's export (https://docs.moodle.org/311/en/Grade_import: the columns are mapped by hand).
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from skinmet.problems import Problem, SkinmetError

IDS = {
    "canvas": ("ID", "SIS User ID", "SIS Login ID", "Integration ID"),
    "moodle": ("ID number", "Username", "Email address"),
}
NAMES = ("Student", "LastName", "FirstName", "Full name", "First name", "Last name", "Surname")
WORKSHEET = "Identifier"  # the column that tells Moodle's worksheet from its grade book
_DOWNLOAD = {
    "canvas": "in Canvas: Grades, Export, Export Entire Gradebook",
    "moodle": "in Moodle: the assignment, Submissions, Actions, Download grading worksheet",
}


@dataclass
class Roster:
    """The rows of a downloaded file, to be filled in and written back as they came."""

    system: str
    file: str
    header: list[str]
    rows: list[list[str]]
    delimiter: str
    newline: str
    mark: str  # byte order mark, or nothing

    def __post_init__(self) -> None:
        self._ids: dict[str, list[int]] = defaultdict(list)
        self._numbered: dict[tuple[str, str], list[int]] = defaultdict(list)
        for index in self.students():
            row = dict(zip(self.header, self.rows[index], strict=True))
            for column in IDS[self.system]:
                if row.get(column, "").strip():
                    self._ids[row[column].strip().casefold()].append(index)
            label, number = re.fullmatch(
                r"(.*?)(\d*)", row.get(WORKSHEET, row.get("ID", "")).strip()
            ).groups()
            # Canvas writes "Family, Given" into file names, without the signs; Moodle writes "Given Family"
            written = (("Student",), ("LastName", "FirstName"), ("Full name",), ("First name", "Last name"))
            names = [label, *("".join(row.get(column, "") for column in columns) for columns in written)]
            for name in set(map(plain, names)) - {""}:
                if number:
                    self._numbered[number, name].append(index)

    def text(self) -> str:
        """The file with its own rows and columns; names that look like formulas are made harmless."""
        out = io.StringIO()
        table = csv.writer(out, delimiter=self.delimiter, lineterminator=self.newline)
        table.writerow(self.header)
        names = [self.header.index(name) for name in NAMES if name in self.header]
        for row in self.rows:
            table.writerow([harmless(cell) if place in names else cell for place, cell in enumerate(row)])
        return self.mark + out.getvalue()

    def students(self) -> list[int]:
        """Indices of the rows that are students: Canvas has rows on points and posting in front of them."""
        found = []
        for index, row in enumerate(self.rows):
            points = self.system == "canvas" and "Points Possible" in row[0]
            posting = all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell, re.I) for cell in row)
            if not points and not posting:
                found.append(index)
        return found

    def matches(self, who: str) -> list[int]:
        """Rows of a student: those with this id, or with the number and the name of a download together."""
        number = re.fullmatch(r"(.+)_(\d+)", who, re.S)
        numbered = self._numbered.get((number[2], plain(number[1])), []) if number else []
        return sorted({*self._ids.get(who.strip().casefold(), []), *numbered})

    def column(self, assignment: str, wanted: str | None) -> int | None:
        """The column that takes an assignment's marks: the one of its title, or the one asked for."""
        if wanted is None and WORKSHEET in self.header:
            wanted = "Grade"
        titles = [_title(name) for name in self.header]
        found = [
            index
            for index, (name, title) in enumerate(zip(self.header, titles, strict=True))
            if (wanted in (name, title) if wanted else plain(title) == plain(assignment))
        ]
        if len(found) > 1:
            remedy = "name the column with --column, as it stands in the header"
            raise SkinmetError(Problem(self.file, "several columns fit", remedy, 1, value=assignment))
        return found[0] if found else None

    def maximum(self, index: int, column: int) -> tuple[int, float] | None:
        """Line and value of the points that a full mark has there, where the file says so."""
        if self.system == "canvas":
            index = next((i for i, row in enumerate(self.rows) if "Points Possible" in row[0]), -1)
            cell = self.rows[index][column] if index >= 0 else ""
        else:
            place = next(
                (i for i, name in enumerate(self.header) if name.casefold() == "maximum grade"), None
            )
            cell = self.rows[index][place] if place is not None else ""
        try:
            return index + 2, float(cell.replace(",", "."))
        except ValueError:
            return None


def read(path: Path, system: str) -> Roster:
    """The file as it was downloaded. Raises SkinmetError when it is none of that system."""
    file, remedy = str(path), f"give the file as it was downloaded ({_DOWNLOAD[system]})"
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SkinmetError(Problem(file, "this line is not UTF-8", remedy, line)) from None
    except OSError as error:
        raise SkinmetError(Problem(file, f"can't be read: {error.strerror}", remedy)) from None
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    try:
        header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except ValueError:
        raise SkinmetError(Problem(file, "is empty", remedy)) from None
    except csv.Error as error:
        raise SkinmetError(Problem(file, f"is no CSV: {error}", remedy)) from None
    keys = {*IDS[system], WORKSHEET} if system == "moodle" else {"ID"}
    if not keys & set(header):
        found = f"has none of the columns {', '.join(sorted(keys))}"
        raise SkinmetError(Problem(file, found, remedy, 1, value=", ".join(header)))
    rows = [row for row in rows if row]
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            found = f"the row has {len(row)} cells, the header {len(header)}"
            raise SkinmetError(Problem(file, found, remedy, number))
    return Roster(system, file, header, rows, delimiter, "\r\n" if "\r\n" in first + "\n" else "\n", mark)


def plain(name: str) -> str:
    """Letters and digits alone, for comparison: downloads leave out signs and change case."""
    return "".join(c for c in unicodedata.normalize("NFC", name).casefold() if c.isalnum())


def harmless(cell: str) -> str:
    """The text with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _title(heading: str) -> str:
    """The name of an assignment in `Name (4711)` (Canvas) or `Assignment: Name (Real)` (Moodle)."""
    return re.sub(r"\A(?:Assignment|Assign): ?|\s*\((?:\d+|Real)\)\Z", "", heading)
