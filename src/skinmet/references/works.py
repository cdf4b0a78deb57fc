"""The works in plain text, and how a page cites them."""

from __future__ import annotations

import functools
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from skinmet import project
from skinmet.problems import Problem, SkinmetError
from skinmet.references import bibtex, files

# Keys in the order in which this session first cited them; a dict, because a set keeps no order.
_cited: dict[str, None] = {}


@dataclass(frozen=True)
class Reference:
    """A work in plain text: LaTeX decoded, protecting braces removed. What isn't known is an empty string.

    `et_al`: the list of authors goes on beyond `authors`. `status` and `seen_as` are the ledger's. `label` is
    how the work is cited, as "Bastard 2019". `line`: where its entry begins in references.bib.
    """

    key: str
    type: str
    fields: Mapping[str, str]
    authors: tuple[bibtex.Name, ...]
    et_al: bool
    title: str
    year: str
    doi: str
    pmid: str
    pmcid: str
    url: str
    status: str
    seen_as: str
    label: str
    line: int


def load(start: Path | None = None) -> Mapping[str, Reference]:
    """All works by citekey, in the order of references.bib; read anew when one of the two files has changed.

    start: the project's folder, else found as `project.root` does.

    Raises SkinmetError with every fault that keeps the files from being read, each with its line.
    """
    root = project.root(start)
    stamps = []
    for name in (files.BIB, files.LEDGER):
        try:
            stat = os.stat(root / name)
        except FileNotFoundError:
            raise SkinmetError(files.missing(name)) from None
        stamps.append((stat.st_mtime_ns, stat.st_size))
    return _load(root, tuple(stamps))


def cite(key: str) -> str:
    """A Markdown link to the work's place in the list of references, as `[Bastard 2019](#ref-…)`.

    A work known in part only is marked: `[Anon. 2009a, incomplete](#ref-…)`. Several keys with `; ` between
    them, as the tables write them, give several links. Raises SkinmetError for an unknown key and names the
    nearest ones.
    """
    links = []
    for work in find(key):
        _cited[work.key] = None
        mark = ", incomplete" if work.status == "incomplete" else ""
        label = re.sub(r"([\\`*_\[\]<>])", r"\\\1", work.label + mark)
        links.append(f"[{label}](#ref-{work.key})")
    return "; ".join(links)


def cited() -> list[str]:
    """Keys of the works cited so far in this session, in the order of their first citation."""
    return list(_cited)


def find(keys: str) -> list[Reference]:
    """The works of one key, or of several with `;` between them. Raises SkinmetError for unknown keys."""
    known = load()
    wanted = [key.strip() for key in keys.split(";")]
    unknown = [
        Problem(files.BIB, "no work has this key",
                f"correct the key{files.nearest(key, known)}, or add an entry and a row to {files.LEDGER}",
                value=key or "empty")
        for key in wanted if key not in known
    ]  # fmt: skip
    if unknown:
        raise SkinmetError(*unknown)
    return [known[key] for key in wanted]


def name_problem(entry: bibtex.Entry, error: ValueError) -> Problem:
    """An author field that BibTeX can't split into names."""
    return Problem(
        files.BIB, f"{entry.key}: {error}", "write names as `Family, Given and Family, Given`",
        entry.lines["author"], "author",
    )  # fmt: skip


@functools.lru_cache(maxsize=2)
def _load(root: Path, stamps: tuple) -> Mapping[str, Reference]:  # stamps: only to notice a change
    sources = files.read(root)
    problems = list(sources.problems)
    people: dict[str, tuple[list[bibtex.Name], bool]] = {}
    for entry in sources.entries:
        try:
            people[entry.key] = bibtex.names(entry.fields.get("author", ""))
        except ValueError as error:
            problems.append(name_problem(entry, error))
    if problems:
        raise SkinmetError(*problems)
    labels = _labels(sources.entries, people)
    works = {}
    for entry in sources.entries:
        fields = {name: bibtex.text(name, value) for name, value in entry.fields.items()}
        authors, et_al = people[entry.key]
        row = sources.ledger[entry.key]
        known = {name: fields.get(name, "") for name in ("title", "year", "doi", "pmid", "pmcid", "url")}
        works[entry.key] = Reference(
            key=entry.key, type=entry.type, fields=MappingProxyType(fields), authors=tuple(authors),
            et_al=et_al, status=row["status"], seen_as=row["seen_as"], label=labels[entry.key],
            line=entry.line, **known,
        )  # fmt: skip
    return MappingProxyType(works)


def _labels(entries: Iterable[bibtex.Entry], people: Mapping[str, tuple]) -> dict[str, str]:
    """First author and year. Works that share both get a, b, … in the order of their keys."""
    groups = defaultdict(list)
    for entry in entries:
        authors, _ = people[entry.key]
        year = entry.fields.get("year", "").strip() or "n.d."
        groups[authors[0].family if authors else "Anon.", year].append(entry.key)
    labels = {}
    for (author, year), keys in groups.items():
        hyphen = "-" if year == "n.d." else ""
        for index, key in enumerate(sorted(keys)):
            labels[key] = f"{author} {year}" + (hyphen + _letters(index) if len(keys) > 1 else "")
    return labels


def _letters(index: int) -> str:
    """a … z, aa, ab …, as spreadsheets name columns."""
    return (_letters(index // 26 - 1) if index >= 26 else "") + chr(ord("a") + index % 26)
