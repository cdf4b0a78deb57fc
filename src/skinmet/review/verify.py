"""The bibliography beside Crossref: what differs, what is missing, what was retracted.

Nothing is written into the bibliography: it proposes, a person accepts (see `accept`).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skinmet.problems import Problem, SkinmetError
from skinmet.references import bibtex, compare, files
from skinmet.references.bibtex import Entry
from skinmet.references.crossref import Answer, Crossref, NoAnswer, NotAsked
from skinmet.references.works import name_problem

MEMORY = "_build/crossref/answers"
PROPOSALS = "_build/crossref/proposals.json"
# A title must be this much like ours before the work is proposed as the one without a DOI.
NEAR = 0.9
# So many works in a row without an answer: the fault is not the work's.
ENOUGH = 3


@dataclass(frozen=True)
class Proposal:
    """One field that could be changed.

    kind: `differs`, `missing` (in the bibliography), `fuller` (new goes on where old breaks off) or
    `nearest` (a DOI found by likeness, which is no finding). old, new: in BibTeX. source, when: the record
    and the time it was read. seen: the ledger says that `old` was seen in a source. likeness: of the titles,
    0 to 1.
    """

    key: str
    kind: str
    field: str
    old: str
    new: str
    source: str
    when: str
    seen: bool
    likeness: float


@dataclass(frozen=True)
class Notice:
    """A retraction, correction or concern that Crossref knows of."""

    key: str
    kind: str
    doi: str
    about: str
    source: str
    when: str


@dataclass
class Report:
    """What Crossref says of the bibliography.

    agreed: fields that agree, by key; sources: the record they agree with. doubts: DOIs that lead nowhere or
    to another work, in words by key. unanswered: why there was no answer, by key. unfound: works without a
    DOI (or with a doubtful one) for which nothing near was found.
    stopped: why the run ended early, "" if it didn't. left: works not asked then.
    """

    base_url: str
    proposals: list[Proposal] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    agreed: dict[str, list[str]] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    unanswered: dict[str, str] = field(default_factory=dict)
    unfound: list[str] = field(default_factory=list)
    stopped: str = ""
    left: int = 0

    @property
    def clean(self) -> bool:
        """Nothing to do: every work asked for was answered, and nothing differs."""
        return not (self.proposals or self.notices or self.doubts or self.unanswered or self.stopped)


def entries(folder: Path, keys: Sequence[str] = ()) -> tuple[list[Entry], files.Sources]:
    """The works with these keys, or all, and the files they stand in. Raises SkinmetError."""
    sources = files.read(folder)
    problems = list(sources.problems)
    known = {entry.key: entry for entry in sources.entries}
    for key in keys:
        if key not in known and not problems:
            remedy = f"correct the key{files.nearest(key, known)}"
            problems.append(Problem(files.BIB, "no work has this key", remedy, value=key))
    for entry in sources.entries:
        try:
            bibtex.names(entry.fields.get("author", ""))
        except ValueError as error:
            problems.append(name_problem(entry, error))
    if problems:
        raise SkinmetError(*problems)
    return [known[key] for key in dict.fromkeys(keys)] or sources.entries, sources


def door(folder: Path, base_url: str, address: str | None) -> Crossref:
    """The way to Crossref, with the answers that are remembered in this folder."""
    return Crossref(folder / MEMORY, base_url, address)


def verify(
    works: Sequence[Entry],
    sources: files.Sources,
    crossref: Crossref,
    base_url: str,
    advance: Callable[[str], None] = lambda key: None,
) -> Report:
    """Compare works with Crossref. advance: called with the key of each work that is done.

    Every answer is remembered as it comes: a run that was ended goes on where it was. Where Crossref can't be
    reached, the rest of the report is made of what is remembered, and `stopped` says why.
    """
    report = Report(base_url)
    failed = 0
    for entry in works:
        try:
            _one(entry, _confirmed(sources.ledger[entry.key]), crossref, report)
            failed = 0
        except NotAsked:
            report.left += 1
        except NoAnswer as error:
            report.unanswered[entry.key] = str(error)
            failed += 1
            if error.final or failed == ENOUGH:
                report.stopped = str(error)
                crossref.hang_up()
        advance(entry.key)
    return report


def _one(entry: Entry, seen: set[str], crossref: Crossref, report: Report) -> None:
    if entry.fields.get("doi"):
        answer = crossref.work(entry.fields["doi"])
        if answer.record is None:
            report.doubts[entry.key] = f"Crossref does not know its DOI, {entry.fields['doi']}"
        elif not compare.same_work(entry, answer.record):
            title = next(iter(compare.titles(answer.record)), "no title")
            report.doubts[entry.key] = f"its DOI, {entry.fields['doi']}, leads to another work: “{title}”"
        else:
            _compare(entry, seen, answer, report)
            return
    _search(entry, seen, crossref, report)


def _compare(entry: Entry, seen: set[str], answer: Answer, report: Report) -> None:
    agreed, differing = compare.compare(entry, answer.record)
    likeness = round(compare.likeness(entry, answer.record), 2)
    report.agreed[entry.key] = agreed
    report.sources[entry.key] = answer.source
    for one in differing:
        kind = "fuller" if one.fuller else "differs" if one.old else "missing"
        report.proposals.append(
            Proposal(
                entry.key, kind, one.field, one.old, one.new, answer.source, answer.when,
                kind == "differs" and one.field in seen, likeness,
            )
        )  # fmt: skip
    for notice in compare.notices(answer.record):
        report.notices.append(
            Notice(entry.key, notice.kind, notice.doi, notice.about, answer.source, answer.when)
        )


def _search(entry: Entry, seen: set[str], crossref: Crossref, report: Report) -> None:
    """Propose the DOI of the work most like this one, if one is very like it."""
    title = bibtex.text("title", entry.fields.get("title", ""))
    people, _ = bibtex.names(entry.fields.get("author", ""))
    facts = [title, people[0].family if people else "", entry.fields.get("year", "")]
    found = [
        (compare.likeness(entry, answer.record), answer)
        for answer in crossref.nearest(" ".join(filter(None, facts)))
        if compare.same_work(entry, answer.record)
    ]
    likeness, answer = max(found, key=lambda one: one[0], default=(0.0, None))
    old = entry.fields.get("doi", "")
    if likeness < NEAR or answer.record["DOI"].lower() == old.lower():
        report.unfound.append(entry.key)
        return
    new = bibtex.tidy("doi", answer.record["DOI"])
    proposal = Proposal(
        entry.key, "nearest", "doi", old, new, answer.source, answer.when, bool(old) and "doi" in seen,
        round(likeness, 2),
    )  # fmt: skip
    report.proposals.append(proposal)


def _confirmed(row: dict[str, str]) -> set[str]:
    """Fields that the ledger says were seen: `doi(url)` and `author (part)` are, too."""
    return {re.split(r"[ (]", one.strip(), maxsplit=1)[0] for one in row["fields_confirmed"].split(";")}


def lines(report: Report, works: Iterable[Entry]) -> Iterator[str]:
    """The report in words, in the order of the bibliography; what was retracted first."""
    place = {entry.key: entry.line for entry in works}
    for notice in report.notices:
        yield f"{files.BIB}:{place[notice.key]}: {notice.key}: {notice.kind.upper()}: {notice.about}"
    for key, words in report.doubts.items():
        yield f"{files.BIB}:{place[key]}: [doi] {key}: {words}"
    for one in report.proposals:
        yield f"{files.BIB}:{place[one.key]}: [{one.field}] {one.key}: {_words(one)}"
    # one line for each kind of silence, not one for each work
    for words in dict.fromkeys(report.unanswered.values()):
        keys = [key for key, why in report.unanswered.items() if why == words]
        named = ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
        yield f"no answer for {named}: {words}"


def _words(one: Proposal) -> str:
    old, new = (textwrap.shorten(text, 90, placeholder=" …") for text in (one.old, one.new))
    if one.kind == "nearest":
        return f"the nearest work has {new} (titles {one.likeness:.0%} alike): a proposal, not a finding"
    if one.kind == "missing":
        return f"missing here, Crossref has {new}"
    return f"{old} here{', seen in a source' if one.seen else ''}; Crossref has {new}"
