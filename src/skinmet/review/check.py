"""Every fault of the review in one go: tables, references, notebooks, and what one says of the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skinmet import project, references
from skinmet.problems import Problem
from skinmet.references import files
from skinmet.review import agreement, canonical, cells, notebook_rules, tables


@dataclass(frozen=True)
class Report:
    """What was looked at, and what was found.

    problems: faults, in the order of the files. unused: keys of references that no table and no notebook
    cites; worth knowing, no fault. The rest are counts.
    """

    problems: list[Problem]
    unused: list[str]
    tables: int
    rows: int
    references: int
    notebooks: int


def check(root: Path | str | None = None) -> list[Problem]:
    """Every fault in tables, references and notebooks. Reads only; raises for nothing the files hold."""
    return examine(root).problems


def examine(root: Path | str | None = None) -> Report:
    """As `check`, with the counts of what was looked at. Raises SkinmetError where there is no project."""
    folder = project.root(root)
    described, problems = tables.read_all(folder)
    sources = files.read(folder)
    bibliography = _keys(folder, sources)

    for table in described.values():
        problems += cells.check(table)
    keys = cells.Keys(described, bibliography)
    for table in described.values():
        problems += keys.check(table)
    problems += agreement.check(described, keys)
    problems += references.check(folder)
    if not sources.problems and not any(problem.file == canonical.REFERENCES for problem in problems):
        problems += _derived(folder, described, sources)

    cited = {key for table in described.values() for key in _cited(table)}
    notebooks = notebook_rules.paths(folder)
    for path in notebooks:
        found, used = notebook_rules.check(path, path.relative_to(folder).as_posix(), bibliography, folder)
        problems += found
        cited |= used
    return Report(
        problems=sorted(problems, key=lambda problem: (problem.file, problem.line or 0)),
        unused=sorted((bibliography or set()) - cited),
        tables=len(described),
        rows=sum(len(table.rows) for table in described.values()),
        references=len(bibliography or ()),
        notebooks=len(notebooks),
    )


def _keys(folder: Path, sources: files.Sources) -> set[str] | None:
    """Keys of the bibliography, those of broken entries too; None when there is none to read."""
    keys = {entry.key for entry in sources.entries}
    if sources.problems and (folder / files.BIB).is_file():
        text = (folder / files.BIB).read_text(encoding="utf-8", errors="replace")
        keys.update(re.findall(r"^\s*@\w+\s*[{(]\s*([^\s,{}]+)", text, re.MULTILINE))
    return keys or None


def _derived(folder: Path, described: dict[str, tables.Table], sources: files.Sources) -> Iterator[Problem]:
    """data/references.csv is made from the bibliography and its ledger, and must be what they give today."""
    path = folder / canonical.REFERENCES
    if tables.REFERENCES in described and path.read_bytes() != canonical.references_table(sources).encode():
        found = "differs from what references.bib and ledger.csv give"
        yield Problem(canonical.REFERENCES, found, "run `skinmet fmt`, which makes it anew")


def _cited(table: tables.Table) -> Iterator[str]:
    """Keys of works that a table leans on."""
    if table.name == tables.REFERENCES:
        return
    columns = [name for name, (target, _) in table.foreign.items() if target == tables.REFERENCES]
    columns += [name for name, target in cells.LISTS.items() if target == tables.REFERENCES]
    for column in columns:
        if table.has(column):
            for row in table.rows:
                yield from row.cells[column].split("; ")
