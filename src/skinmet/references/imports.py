"""Exports of reference managers, read as entries of the bibliography: BibTeX, RIS, PubMed's nbib."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from skinmet.problems import Problem
from skinmet.references import bibtex, checks, tagged
from skinmet.references.bibtex import Entry

LARGEST = 20_000_000  # bytes; whole libraries are smaller

# What other dialects call a field (biblatex, Mendeley, JabRef), and what an entry type stands for here.
_FIELDS = {
    "journaltitle": "journal", "date": "year", "issue": "number", "school": "institution",
    "organization": "institution", "pmc": "pmcid",
}  # fmt: skip
_TYPES = {
    "article": "article", "review": "article", "suppperiodical": "article", "periodical": "article",
    "book": "book", "mvbook": "book", "collection": "book", "booklet": "book", "proceedings": "book",
    "incollection": "incollection", "inbook": "incollection", "inreference": "incollection",
    "inproceedings": "inproceedings", "conference": "inproceedings", "phdthesis": "phdthesis",
    "mastersthesis": "phdthesis", "thesis": "phdthesis", "techreport": "techreport", "report": "techreport",
}  # fmt: skip
_KEPT = frozenset(bibtex.FIELD_ORDER) - {"month", "editor"}
_FOREIGN = (
    (re.compile(r"\s*%0 "), "is EndNote's own tagged format"),
    (re.compile(r"\s*FN |\s*PT [JBSP]\n"), "is Web of Science's plain text"),
    (re.compile(r"\s*<\?xml|\s*<xml|\s*<!doctype|\s*<html", re.I), "is XML or a web page"),
    (re.compile(r"\s*[\[{]\s*[\"{]"), "is JSON"),
    (re.compile(r"%PDF|PK\x03\x04"), "is no text: a PDF or a packed file"),
)


@dataclass(frozen=True)
class Imported:
    """What an export holds. entries: works, still without keys, with the line each begins in. problems: what
    can't be read. remarks: what was left out or is worth a look."""

    entries: list[Entry]
    problems: list[Problem]
    remarks: list[Problem]


def read(path: Path) -> Imported:
    """Read an export. Raises OSError where the file can't be opened, and for nothing that it holds."""
    file = str(path)
    if path.exists() and not path.is_file():
        return Imported([], [Problem(file, "is no file", "name the export itself")], [])
    if path.stat().st_size > LARGEST:
        remedy = "export the works you need, not the whole library"
        return Imported([], [Problem(file, f"is larger than {LARGEST // 1_000_000} MB", remedy)], [])
    text, remarks, problems = _decode(path.read_bytes(), file)
    if problems:
        return Imported([], problems, [])
    reader = _reader(text, path.suffix.lower())
    if isinstance(reader, str):
        remedy = "export the works as RIS, BibTeX or PubMed's nbib"
        return Imported([], [Problem(file, reader, remedy, 1)], [])
    entries, problems = reader(text, file)
    if not entries and not problems:
        remedy = "export the works again, as RIS, BibTeX or PubMed's nbib"
        problems = [Problem(file, "no reference in this file", remedy)]
    sound = []
    for entry in entries:
        entry, faults, dropped = _sound(entry, file)
        problems += faults
        remarks += dropped
        sound.append(entry)
    return Imported(sound, problems, remarks)


def _decode(raw: bytes, file: str) -> tuple[str, list[Problem], list[Problem]]:
    """The text with line feeds, remarks on the encoding, problems."""
    encoding = "utf-8-sig"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif raw[1:200:2].count(0) > 60 or raw[:200:2].count(0) > 60:  # UTF-16 without its mark
        encoding = "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"
    remarks = []
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            found = f"is cut or damaged: byte {error.start + 1} is not {encoding.upper()}"
            return "", [], [Problem(file, found, "export it again, with the encoding UTF-8")]
        line = raw.count(b"\n", 0, error.start) + 1
        try:
            text = raw.decode("cp1252")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        remedy = "look whether accents and signs came through, or export it with the encoding UTF-8"
        remarks = [Problem(file, "is not UTF-8 and was read as Windows-1252 (Latin-1)", remedy, line)]
    return text.replace("\r\n", "\n").replace("\r", "\n"), remarks, []


def _reader(text: str, suffix: str):
    """The function that reads this text, by what it holds; its name decides only where that says nothing."""
    for sign, found in _FOREIGN:
        if sign.match(text):
            return found
    if "\0" in text:
        return "is no text: it holds zero bytes"
    if re.search(r"^PMID ?- ?\d", text, re.MULTILINE) and not re.search(r"^TY {1,2}-", text, re.MULTILINE):
        return tagged.nbib
    if re.search(r"^\s{0,3}[A-Z][A-Z0-9] {1,2}- ", text, re.MULTILINE) and suffix != ".bib":
        return tagged.nbib if suffix == ".nbib" else tagged.ris
    if re.search(r"^\s*@\s*\w+\s*[{(]", text, re.MULTILINE) or suffix == ".bib":
        return _bib
    return "is neither RIS nor BibTeX nor nbib"


def _bib(text: str, file: str) -> tuple[list[Entry], list[Problem]]:
    """Entries of a BibTeX or biblatex export in the house's fields; what a manager adds for itself goes."""
    found, problems = bibtex.read(_without_blocks(text), file)
    problems = [problem for problem in problems if not _is_remark(problem)]
    entries = []
    for entry in found:
        fields, lines = {}, {}
        for name, value in entry.fields.items():
            name = _FIELDS.get(name, name)
            if name in _KEPT and value.strip() and name not in fields:
                fields[name], lines[name] = _value(name, value), entry.lines.get(name, entry.line)
        fields.update(_eprint(entry.fields, fields))
        if fields.get("doi") or fields.get("pmid"):
            fields.pop("url", None)
        kind = _TYPES.get(entry.type, "misc")
        if "title" not in fields:
            remedy = "export the record again, or add a field title"
            problems.append(Problem(file, f"{entry.key}: the entry has no title", remedy, entry.line))
        entries.append(Entry("", kind, {n: v for n, v in fields.items() if v}, entry.line, lines))
    return entries, problems


def _without_blocks(text: str) -> str:
    """The text with its @comment and @preamble blocks blanked, so that lines keep their numbers."""
    block = re.compile(r"^[ \t]*@(comment|preamble)\s*\{(?:[^{}]|\{[^{}]*\})*\}", re.M | re.I)
    return block.sub(lambda match: "\n" * match[0].count("\n"), text)


def _is_remark(problem: Problem) -> bool:
    """What managers write between entries: JabRef's `% Encoding`, the opening lines of Mendeley and Scopus.

    What looks like a piece of an entry is none: an entry without its @ must not be lost.
    """
    lines = str(problem.value).split("\n")
    return problem.found == bibtex.OUTSIDE and not any(
        re.search(r"[={}]", line) and not line.lstrip().startswith("%") for line in lines
    )


def _value(name: str, value: str) -> str:
    if name == "author":
        return _authors(value)
    value = _unwrapped(value.strip())
    if name == "year":
        return tagged.year(value) or value
    if name == "pages":
        return tagged.pages(bibtex.tidy("pages", value).replace("--", "-"), "")
    if name == "doi":
        value = re.sub(r"[{}]", "", value)
        found = re.search(r"10\.\d{4,9}/\S+", bibtex.tidy("doi", value))
        return found[0] if found else value
    if name in ("pmid", "pmcid"):
        return re.sub(r"^(PMID|PMCID):?\s*", "", value, flags=re.I)
    # a sign in braces of its own, and braces doubled: both mean what one does without
    return re.sub(r"\{\{([^{}]*)\}\}", r"{\1}", re.sub(r"\{(\\[%&#_$])\}", r"\1", value))


def _unwrapped(value: str) -> str:
    """Without braces around the whole: {{Title}} protects everything, which says nothing of any word."""
    depth = 0
    for place, sign in enumerate(value):
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return value[1:-1].strip() if place == len(value) - 1 and sign == "}" else value
    return value


def _authors(value: str) -> str:
    """`Given Family` becomes `Family, Given`, the way the bibliography writes names; the rest stays."""
    people = []
    for person in bibtex.split(value):
        bare = "," not in person and " " in re.sub(r"\{[^{}]*\}", "", person)
        if bare and person != "others":
            try:
                (name,), _ = bibtex.names(person)
            except ValueError:  # named by the check that follows
                people.append(person)
                continue
            person = f"{name.family}, {name.given}" if name.given else f"{{{name.family}}}"
        people.append(person)
    return " and ".join(people)


def _eprint(theirs: dict[str, str], fields: dict[str, str]) -> dict[str, str]:
    """biblatex keeps the PMID as an eprint, Zotero and Mendeley as a remark."""
    if "pmid" not in fields:
        if theirs.get("eprinttype", "").lower() == "pubmed":
            return {"pmid": theirs.get("eprint", "").strip()}
        remarks = f"{theirs.get('note', '')} {theirs.get('annote', '')}"
        if found := re.search(r"\bPMID:?\s*(\d{1,8})\b", remarks):
            return {"pmid": found[1]}
    return {}


def _sound(entry: Entry, file: str) -> tuple[Entry, list[Problem], list[Problem]]:
    """The entry in canonical form, without the fields that `skinmet check` would find malformed.

    A name that can't be split is a problem; any other such field is left out, with a remark.
    """
    fields = {name: bibtex.tidy(name, value) for name, value in entry.fields.items()}
    entry = replace(entry, fields={name: value for name, value in fields.items() if value})
    problems, remarks = [], []
    for fault in checks.of_entry(replace(entry, key="a2000b"), {}):
        about = f"line {fault.line}" if fault.line else "the record"
        found = fault.found.removeprefix("a2000b: ")
        if fault.column == "author":
            problems.append(replace(fault, file=file, found=found))
        elif fault.column in entry.fields:
            del entry.fields[fault.column]
            remarks.append(
                Problem(file, f"{found}: left out", f"look at {about}, and add it by hand if it is known",
                        fault.line, fault.column, fault.value)
            )  # fmt: skip
    return entry, problems, remarks
