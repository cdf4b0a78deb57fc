"""The evidence at one moment: as it lies in the folder, or as git has it at a revision.

Both come through the same readers: an older state is unpacked into a temporary folder and read there.
"""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skinmet.problems import Problem, SkinmetError
from skinmet.references import files
from skinmet.references.bibtex import Entry
from skinmet.review import check, tables
from skinmet.review.cells import LISTS
from skinmet.review.tables import Row, Table

PARTS = ("data", "references")


@dataclass(frozen=True)
class State:
    """Tables by name, entries of the bibliography and rows of the ledger by citekey, lines of the ledger,
    and what was wrong with the files when they were read."""

    tables: dict[str, Table]
    works: dict[str, Entry]
    ledger: dict[str, dict[str, str]]
    lines: dict[str, int]
    problems: list[Problem]

    def domains(self) -> Iterator[Table]:
        """Tables of evidence: those of a domain. The others (`corrections`, `second_reader`, `references`)
        keep the books and repeat rows."""
        return (table for table in self.tables.values() if "/" in table.name)


def read(folder: Path) -> State:
    """The state in `folder`, with outer spaces taken off the cells. Raises for nothing the files hold."""
    found, problems = tables.read_all(folder)
    for table in found.values():
        for row in table.rows:
            row.cells = {column: value.strip() for column, value in row.cells.items()}
    sources = files.read(folder)
    works = {entry.key: entry for entry in sources.entries}
    return State(found, works, sources.ledger, sources.lines, problems + sources.problems)


def sound(folder: Path) -> State:
    """The state in `folder`. Raises SkinmetError when `skinmet check` has findings in data/ or references/:
    what is said about faulty tables would be wrong."""
    findings = [p for p in check.examine(folder).problems if p.file.split("/")[0] in PARTS]
    if findings:
        found = "1 finding stands in the way"
        if len(findings) > 1:
            found = f"{len(findings):,} findings stand in the way, the first of them above"
        remedy = "run `skinmet check`, mend what it names, and ask again"
        raise SkinmetError(findings[0], Problem("data/ and references/", found, remedy))
    return read(folder)


def columns_of(table: Table, target: str) -> list[str]:
    """The table's columns that hold keys of the table `target`; several keys are separated by "; "."""
    found = [column for column, (name, _) in table.foreign.items() if name == target]
    found += [column for column, name in LISTS.items() if name == target]
    return [column for column in found if table.has(column)]


def keys_in(row: Row, columns: list[str]) -> set[str]:
    """The keys that stand in these cells of the row."""
    return {key for column in columns for key in row.cells[column].split("; ") if key}


# What git has


def commit(folder: Path, revision: str) -> str:
    """The full name of a revision. Raises SkinmetError without git, outside a clone, for an unknown name."""
    # what follows the name keeps git from taking it for an option
    answer = _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if answer.returncode == 0:
        return answer.stdout.decode().strip()
    inside = _git(folder, "rev-parse", "--git-dir")
    if inside.returncode != 0:
        remedy = "the change is measured against a clone: get the project with `git clone`"
        raise SkinmetError(Problem(str(folder), "git finds no clone here", remedy, value=_said(inside)))
    remedy = "name a commit, a branch or a tag with --base; `git log --oneline` lists the commits"
    raise SkinmetError(Problem(str(folder), "git knows no such revision", remedy, value=revision))


def at(folder: Path, name: str) -> State:
    """The state of the commit `name`. Raises SkinmetError when it does not hold data/ and references/."""
    packed = _git(folder, "archive", "--format=tar", name, *PARTS)
    if packed.returncode != 0:
        remedy = "name a later revision with --base"
        found = f"the revision {name[:7]} has no data/ and references/ here"
        raise SkinmetError(Problem(str(folder), found, remedy, value=_said(packed)))
    with tempfile.TemporaryDirectory(prefix="skinmet-") as place:
        try:
            with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
                archive.extractall(place, filter="data")
        except tarfile.TarError as error:
            found = f"the revision {name[:7]} can't be unpacked: {error}"
            raise SkinmetError(Problem(str(folder), found, "name another revision with --base")) from error
        return read(Path(place))


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, env={**os.environ, "LC_ALL": "C"}
        )
    except FileNotFoundError as error:
        remedy = "install git (https://git-scm.com), or use the command where git is"
        raise SkinmetError(Problem("git", "the program was not found", remedy)) from error


def _said(answer: subprocess.CompletedProcess[bytes]) -> str:
    """The last line of git's own words."""
    return (answer.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
