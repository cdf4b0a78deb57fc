"""A new study, from the export of a reference manager to the rows of a table: all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from skinmet.problems import Problem, SkinmetError
from skinmet.references import bibtex, files, identity, imports
from skinmet.review import canonical, cells, form, rows, tables, trial, writing
from skinmet.review.rows import NewRow
from skinmet.review.tables import Table

# What the ledger says of a work of which a reference manager's export is all that was seen.
UNSEEN = "from an export of a reference manager; not compared with the work itself"


@dataclass
class Added:
    """What was written. works: titles of the new works by key; twins: works that were there already (line in
    the export and what they share); rows: new rows as `table:row_id`; files: what changed; remarks: what is
    worth a look."""

    works: dict[str, str] = field(default_factory=dict)
    twins: list[tuple[int, identity.Twin]] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    remarks: list[Problem | str] = field(default_factory=list)


@dataclass(frozen=True)
class Ledger:
    """What the person says of the new works. seen_as: what of them was read. by, on: who compared them with
    the works themselves, and when; empty: nobody yet."""

    seen_as: str = "secondary"
    by: str = ""
    on: str = ""


def add(
    folder: Path,
    export: Path | None,
    filled: Sequence[tuple[str, Path | None]] = (),
    *,
    ledger: Ledger = Ledger(),
    anyway: bool = False,
    ask: Callable[[str], str] = input,
    say: Callable[[str], None] = print,
) -> Added:
    """Add the works of an export to the bibliography, and rows to tables; write all of it or nothing.

    filled: tables by name, each with a filled form, or None to be asked. anyway: add works whose title and
    year are nearly those of a work that is there. Raises SkinmetError with every fault; `form.Quit` when the
    person ends the form. Nothing is written then.
    """
    with writing.desk(folder) as said:
        added = Added(remarks=list(said))
        _in_form(folder)
        sources = files.read(folder)
        if sources.problems:
            raise SkinmetError(*sources.problems)
        read = {**sources.raw, canonical.REFERENCES: (folder / canonical.REFERENCES).read_bytes()}
        texts: dict[str, str] = {}
        if export is not None:
            _works(sources, export, ledger, anyway, added)
        if not (added.works or filled):
            return added
        test = trial.Trial(folder)
        if added.works:
            texts = trial.bibliography(sources)
            problems = test.findings(texts)
            if problems:
                raise SkinmetError(*_told(problems, str(export)))
        if filled:
            keys = [*added.works, *(twin.key for _, twin in added.twins)]
            texts, more = _rows(folder, filled, sources, keys, test, texts, added, ask, say)
            read.update(more)
        added.files = writing.together(folder, texts, read)
        return added


def _in_form(folder: Path) -> None:
    """New things go into canonical files, so that the difference shows them alone."""
    loose = canonical.fmt(folder, check=True)
    if loose:
        remedy = "run `skinmet fmt` first, so that the difference shows what is new and nothing else"
        raise SkinmetError(*(Problem(name, "is not in canonical form", remedy) for name in loose))


def _told(problems: Iterable[Problem], export: str) -> list[Problem]:
    """Findings in an entry that isn't written yet have no line to look at: name the export instead."""
    mine = (files.BIB, files.LEDGER, canonical.REFERENCES)
    return [replace(p, file=export, line=None) if p.file in mine else p for p in problems]


def _works(sources: files.Sources, export: Path, ledger: Ledger, anyway: bool, added: Added) -> None:
    """Put the works of the export into `sources`, and say in `added` which are new."""
    found = imports.read(export)
    if found.problems:
        raise SkinmetError(*found.problems)
    added.remarks += found.remarks
    journals = {
        identity.letters(entry.fields["journal"]): entry.fields["journal"]
        for entry in sources.entries
        if "journal" in entry.fields
    }
    taken = {entry.key for entry in sources.entries}
    for entry in found.entries:
        twin = identity.twin(entry, sources.entries)
        if twin and (twin.certain or not anyway):
            added.twins.append((entry.line, twin))
            continue
        fields = dict(entry.fields)
        if "journal" in fields:  # JOURNAL OF SURGERY and Journal of Surgery are one journal
            fields["journal"] = journals.get(identity.letters(fields["journal"]), fields["journal"])
        entry = replace(entry, key=identity.key(entry, taken), fields=fields)
        word = trial.status(entry)
        entry = replace(entry, fields={**fields, "keywords": word})
        taken.add(entry.key)
        sources.entries.append(entry)
        sources.ledger[entry.key] = {
            "citekey": entry.key, "status": word, "seen_as": ledger.seen_as, "seen_at": export.name,
            "fields_confirmed": "", "checked_on": ledger.on, "checked_by": ledger.by,
            "notes": "" if ledger.by else UNSEEN,
        }  # fmt: skip
        added.works[entry.key] = bibtex.text("title", fields["title"])


def _rows(
    folder: Path,
    filled: Sequence[tuple[str, Path | None]],
    sources: files.Sources,
    keys: list[str],
    test: trial.Trial,
    texts: dict[str, str],
    added: Added,
    ask: Callable[[str], str],
    say: Callable[[str], None],
) -> tuple[dict[str, str], dict[str, bytes]]:
    """The texts with the rows in them, and what the tables' files hold now. Nothing is written."""
    described, _ = tables.read_all(folder)
    key = keys[0] if len(keys) == 1 else None
    known = cells.Keys(described, {entry.key for entry in sources.entries})
    texts, read, batches = dict(texts), {}, []
    for name, path in filled:
        table = rows.table_of(described, name)
        names = rows.Names(folder, table)
        if path is not None:
            new = rows.complete(rows.read(path, table), table, names, key)
        else:
            attempt = _Attempt(folder, table, names, key, test, texts)
            new = attempt.asked(form.Form(folder, described, table, known, ask, say), say)
        raw, texts[table.file] = rows.appended(folder, table, new)
        read[table.file] = raw
        batches.append((table, raw, new))
    problems = test.findings(texts)
    for table, raw, new in batches:
        problems = rows.located(problems, table, raw.count(b"\n") + 1, new)
    if problems:
        raise SkinmetError(*problems)
    added.rows = [f"{table.name}:{row.cells[table.key]}" for table, _, new in batches for row in new]
    return texts, read


@dataclass
class _Attempt:
    """Rows asked for one by one, each tried before it is kept."""

    folder: Path
    table: Table
    names: rows.Names
    key: str | None
    test: trial.Trial
    texts: dict[str, str]

    def asked(self, sheet: form.Form, say: Callable[[str], None]) -> list[NewRow]:
        say(form.HELP)
        new: list[NewRow] = []
        while True:
            row = rows.complete([sheet.row(self.key, self.names)], self.table, self.names, self.key)[0]
            raw, text = rows.appended(self.folder, self.table, [*new, row])
            problems = self.test.findings({**self.texts, self.table.file: text})
            for problem in rows.located(problems, self.table, raw.count(b"\n") + 1, [*new, row]):
                say(f"  {problem}")
            if problems:
                self.names.used.discard(row.cells[self.table.key])
                say("This row can't be kept as it is. Answer again, or quit.")
                continue
            new.append(row)
            say(f"{self.table.name}:{row.cells[self.table.key]}")
            for column, value in row.cells.items():
                if value:
                    say(f"  {column}: {value}")
            if not sheet.yes("Another row for this table?", enter=False):
                break
        if not sheet.yes(f"Write {len(new)} row{'' if len(new) == 1 else 's'}?", enter=True):
            raise form.Quit
        return new
