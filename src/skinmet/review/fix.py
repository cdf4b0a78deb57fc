"""Mend what has one right answer, and say line by line what was done.

What a spreadsheet or an editor did to a file (its first bytes, line ends, separators, empty lines, columns),
spaces around a value, `TRUE` for `true`, a decimal comma that can be nothing else, a DOI as an address.
What a value means is never touched: a date that was a fraction, a lost zero, `1,500`, `1.23E+12` stay as
they are, and `check` goes on naming them. A file that can't be read without loss is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from skinmet import project
from skinmet.references import bibtex, files
from skinmet.review import canonical, cells, csvfile, tables, writing
from skinmet.review.tables import Column

LEDGER = [
    Column(name, "string", allowed={"status": files.STATUSES, "seen_as": tuple(files.SEEN_AS)}.get(name, ()))
    for name in files.LEDGER_COLUMNS
]


@dataclass(frozen=True)
class Mend:
    """One thing that was mended. what: what was wrong. line: as the file had it before. old, new: the value,
    None where the file's form was mended and no value."""

    file: str
    what: str
    line: int | None = None
    column: str | None = None
    old: str | None = None
    new: str | None = None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        column = f"[{self.column}] " if self.column else ""
        done = "mended" if self.new is None else f"{self.old!r} -> {self.new!r}"
        return f"{where}: {column}{self.what}: {done}"


def fix(root: Path | str | None = None) -> list[Mend]:
    """Mend tables, ledger and bibliography; return what was done, nothing where there was nothing to do.

    All files that need it are exchanged as one. Raises SkinmetError, and writes nothing, when somebody saves
    one of them in the same moment.
    """
    folder = project.root(root)
    described, _ = tables.package(folder)
    draft = Draft(folder)
    for table in described.values():
        if table.file != canonical.REFERENCES:
            _table(draft, table)
    _ledger(draft)
    sources = files.read(folder, ledger=draft.bytes(files.LEDGER))
    if not sources.problems:
        _bibliography(draft, sources)
        if tables.REFERENCES in described:
            text = canonical.references_table(sources)
            draft.put(canonical.REFERENCES, text, [], "differs from what references.bib and ledger.csv give")
    if draft.texts:
        with writing.desk(folder):
            writing.together(folder, draft.texts, draft.read)
    return draft.mends


class Draft:
    """What the files are to hold, before any is written. read: what each held; texts: what each shall hold;
    mends: why."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.read: dict[str, bytes] = {}
        self.texts: dict[str, str] = {}
        self.mends: list[Mend] = []

    def bytes(self, file: str) -> bytes | None:
        """What the file holds, or shall hold; None where there is none."""
        if file in self.texts:
            return self.texts[file].encode()
        if file not in self.read and (self.folder / file).is_file():
            self.read[file] = (self.folder / file).read_bytes()
        return self.read.get(file)

    def put(self, file: str, text: str, mends: list[Mend], otherwise: str) -> None:
        """Note a file's new text, if it is another, and what was mended; `otherwise` if `mends` is empty."""
        if self.bytes(file) != text.encode():
            self.texts[file] = text
            self.mends += mends or [Mend(file, otherwise)]


def _table(draft: Draft, table: tables.Table) -> None:
    raw = draft.bytes(table.file)
    arranged = canonical.arrange(draft.folder, table)
    if raw is None or arranged.problems:
        return
    mends = [Mend(table.file, problem.found, problem.line) for problem in arranged.form]
    described = [(column, cells.is_key(table, column.name)) for column in table.columns]
    mends += _cells(table.file, described, arranged.rows)
    text = canonical.write([[column.name for column in table.columns], *(row for _, row in arranged.rows)])
    draft.put(table.file, text, mends, "the columns' order, or quotes that nothing needs")


def _ledger(draft: Draft) -> None:
    """The ledger as a table: a spreadsheet does the same to it. Its rows are sorted afterwards."""
    raw = draft.bytes(files.LEDGER)
    contents = csvfile.read(draft.folder / files.LEDGER, files.LEDGER)
    if raw is None or contents.faults:
        return
    (_, header), rows = contents.records[0], contents.records[1:]
    if tuple(cell.strip() for cell in header) != files.LEDGER_COLUMNS:
        return
    if any(len(row) != len(LEDGER) for _, row in rows):
        return
    mends = [Mend(files.LEDGER, problem.found, problem.line) for problem in contents.form]
    mends += _cells(files.LEDGER, [(column, column.name == "citekey") for column in LEDGER], rows)
    if mends:
        text = canonical.write([files.LEDGER_COLUMNS, *(row for _, row in rows)])
        draft.put(files.LEDGER, text, mends, "")


def _cells(
    file: str, columns: list[tuple[Column, bool]], rows: Iterable[tuple[int, list[str]]]
) -> Iterator[Mend]:
    """Mend the cells of rows in place. columns: each with whether it holds keys."""
    for line, row in rows:
        for place, (column, holds_keys) in enumerate(columns):
            for what, value in cells.mended(row[place], column, holds_keys):
                yield Mend(file, what, line, column.name, row[place], value)
                row[place] = value


def _bibliography(draft: Draft, sources: files.Sources) -> None:
    """Both files of the references in canonical form. sources: without problems."""
    mends = []
    for entry in sources.entries:
        for name, value in entry.fields.items():
            old, new = " ".join(value.split()), bibtex.tidy(name, value)
            if old != new:
                what = f"{entry.key}: not in canonical form"
                mends.append(Mend(files.BIB, what, entry.lines[name], name, old, new))
    draft.read[files.BIB] = sources.raw[files.BIB]
    for file, text in files.canonical_files(sources).items():
        otherwise = (
            "the order of the rows" if file == files.LEDGER else "the order of the entries, or the layout"
        )
        draft.put(file, text, mends if file == files.BIB else [], otherwise)
