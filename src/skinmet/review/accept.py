"""Proposals of `skinmet verify` that a person accepts: written into the bibliography and its ledger."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from skinmet.problems import Problem, SkinmetError
from skinmet.references import bibtex, files
from skinmet.references.bibtex import Entry
from skinmet.review import canonical, trial, writing


@dataclass
class Accepted:
    """written: fields by key; kept: what was proposed and not written, in words; files: what changed;
    remarks: what is worth knowing besides."""

    written: dict[str, list[str]] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def accept(folder: Path, path: Path, wanted: Sequence[str], by: str, on: str) -> Accepted:
    """Write the proposals in the file `path` for the works a person names, all of them or nothing.

    wanted: keys, or `key:field`. A key alone stands for its fields that are missing here, or that nobody saw
    in a source. A field that was seen with another value, and a DOI found by likeness, are written only when
    they are named: `key:field`. by, on: who accepts, and the day. Raises SkinmetError with every fault.
    """
    report = _read(path)
    with writing.desk(folder) as said:
        sources = files.read(folder)
        if sources.problems:
            raise SkinmetError(*sources.problems)
        read = {**sources.raw, canonical.REFERENCES: (folder / canonical.REFERENCES).read_bytes()}
        done = Accepted(remarks=list(said))
        problems = []
        for name in dict.fromkeys(wanted):
            key, _, column = name.partition(":")
            try:
                place = next(n for n, entry in enumerate(sources.entries) if entry.key == key)
            except StopIteration:
                known = {entry.key for entry in sources.entries}
                remedy = f"correct the key{files.nearest(key, known)}"
                problems.append(Problem(files.BIB, "no work has this key", remedy, value=key))
                continue
            chosen, faults = _chosen(report, path, sources.entries[place], key, column, done)
            problems += faults
            if not faults:
                sources.entries[place] = _written(sources.entries[place], chosen, done)
                _into_ledger(sources.ledger[key], sources.entries[place], report, chosen, column, by, on)
        if problems:
            raise SkinmetError(*problems)
        texts = trial.bibliography(sources)
        problems = trial.Trial(folder).findings(texts)
        if problems:
            raise SkinmetError(*problems)
        done.files = writing.together(folder, texts, read)
        return done


def _read(path: Path) -> dict:
    again = "name a file that `skinmet verify --out FILE` wrote"
    try:
        report = json.loads(path.read_bytes())
        for one in report["proposals"]:
            if not all(
                isinstance(one[name], str) for name in ("key", "kind", "field", "old", "new", "source")
            ):
                raise TypeError("a value that is no text")
            if one["field"] != "type" and one["field"] not in bibtex.FIELD_ORDER:
                raise ValueError(f"no field of a reference: {one['field']}")
        for one in report["notices"]:
            one["key"], one["kind"], one["about"], one["source"]
        report["agreed"].items(), report["sources"].items()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        found = "these are no proposals"
        raise SkinmetError(Problem(str(path), found, again, value=str(error) or None)) from error
    return report


def _chosen(
    report: dict, path: Path, entry: Entry, key: str, column: str, done: Accepted
) -> tuple[list[dict], list[Problem]]:
    """The proposals to write for a work, and what stands against it."""
    about = [one for one in report["proposals"] if one["key"] == key]
    notices = [one for one in report["notices"] if one["key"] == key]
    if column:
        about = [one for one in about if one["field"] == column]
    if not about and (column or (not notices and key not in report["agreed"])):
        remedy = "look at what `skinmet verify` proposes for it, and name one of these"
        return [], [Problem(str(path), "nothing is proposed for this", remedy, value=":".join((key, column)))]
    chosen, problems = [], []
    for one in about:
        old = entry.type if one["field"] == "type" else entry.fields.get(one["field"], "")
        if old != one["old"]:
            if old != one["new"]:
                remedy = "run `skinmet verify` again"
                found = f"{key}: was changed since the proposal was made"
                line = entry.lines.get(one["field"], entry.line)
                problems.append(Problem(files.BIB, found, remedy, line, one["field"], old or "missing"))
        elif not column and one["kind"] == "nearest":
            done.kept.append(f"{key}:{one['field']}: found by likeness alone; name it to accept it")
        elif not column and one.get("seen"):
            done.kept.append(f"{key}:{one['field']}: “{old}” was seen in a source; name it to change it")
        else:
            chosen.append(one)
    return chosen, problems


def _written(entry: Entry, chosen: list[dict], done: Accepted) -> Entry:
    fields, kind = dict(entry.fields), entry.type
    for one in chosen:
        if one["field"] == "type":
            kind = one["new"]
        else:
            fields[one["field"]] = one["new"]
        done.written.setdefault(entry.key, []).append(one["field"])
    entry = replace(entry, fields=fields, type=kind)
    # a work that was called complete by hand keeps its word
    best, now = trial.status(entry), fields.get("keywords", files.STATUSES[-1])
    word = min(best, now, key=files.STATUSES.index) if now in files.STATUSES else best
    return replace(entry, fields={**fields, "keywords": word})


def _into_ledger(
    row: dict[str, str], entry: Entry, report: dict, chosen: list[dict], column: str, by: str, on: str
) -> None:
    """Say in the ledger what was looked up where, and what was changed."""
    names = [one["field"] for one in chosen if one["field"] != "type"]
    sources = [one["source"] for one in chosen]
    remarks = [f"{one['field']} was {one['old']}, seen in a source" for one in chosen if one.get("seen")]
    if not column and entry.key in report["agreed"]:
        names += [name for name in report["agreed"][entry.key] if name != "type"]
        sources.append(report["sources"][entry.key])
        for one in report["notices"]:
            if one["key"] == entry.key:
                remarks.append(f"{one['kind'].upper()}: {one['about']}")
    confirmed = list(filter(None, row["fields_confirmed"].split(";")))
    row["fields_confirmed"] = ";".join(confirmed + [name for name in names if name not in confirmed])
    seen_at = list(filter(None, row["seen_at"].split("; ")))
    row["seen_at"] = "; ".join(dict.fromkeys([*seen_at, *sources]))
    row["status"] = entry.fields["keywords"]
    changed = (
        f"{', '.join(one['field'] for one in chosen)} as Crossref has it"
        if chosen
        else "agrees with Crossref"
    )
    note = "; ".join([f"{changed} ({by}, {on})", *remarks])
    if note not in row["notes"]:
        row["notes"] = " ".join(filter(None, (row["notes"], note)))
