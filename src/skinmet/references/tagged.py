"""Exports whose lines begin with a tag: RIS (`TY  - JOUR`) and PubMed's nbib (`PMID- 123`).

rispy reads the lines of one record. Where a record begins and ends is decided here: rispy passes over what
stands outside records, and a record without its last line would swallow the next.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import rispy

from skinmet.problems import Problem
from skinmet.references.bibtex import Entry

Values = dict[str, list[str]]

_RIS_TAG = re.compile(r"\s{0,3}([A-Z][A-Z0-9])(\s{1,2})-(?:\s+(.*)|$)")
_NBIB_TAG = re.compile(r"(?=.{4}-)([A-Z]{2,4}) *-(.*)")
_RIS_TYPES = {
    "BOOK": "book", "EBOOK": "book", "EDBOOK": "book", "CHAP": "incollection", "ECHAP": "incollection",
    "CONF": "inproceedings", "CPAPER": "inproceedings", "THES": "phdthesis", "RPRT": "techreport",
    "GOVDOC": "techreport", "STAND": "techreport",
    **dict.fromkeys(("JOUR", "JFULL", "EJOUR", "MGZN", "ABST", "INPR", "NEWS"), "article"),
}  # fmt: skip
_MARKUP = re.compile(r"</?(?:i|b|em|strong|su[bp]|u|sc|italic|bold|scp|jats:[a-z]+)(?:\s[^<>]*)?/?>", re.I)
_DOI = re.compile(r"10\.\d{4,9}/\S*[^\s.,;]")
_PERSON_AND_INITIALS = re.compile(r"(\S.*?\S)\s+((?:[A-Z]\.?[ -]?){1,3})")


class _Parser(rispy.RisParser):
    """rispy, told how a line begins; every tag is kept as a list under its own name."""

    def __init__(self, tag: re.Pattern[str], start: str, tags: str, spaces: int = 1):
        self.START_TAG, self._tag, self._spaces = start, tag, spaces
        names = tags.split()
        super().__init__(
            mapping={name: name for name in (start, *names)}, list_tags=names,
            delimiter_tags_mapping={},  # rispy would cut addresses at a semicolon
            skip_unknown_tags=True,
        )  # fmt: skip

    def parse_line(self, line: str) -> tuple[str | None, str]:
        match = self._tag.match(line)
        if match is None or (self._spaces == 2 and len(match[2]) == 1):
            return None, line.strip()
        return match[1], (match[match.lastindex] or "").strip()

    def _add_tag(self, record: dict, tag: str, content: str, extend_multiline: bool = False) -> None:
        # a line that goes on belongs to the value before it; rispy makes it a further value of a list
        if extend_multiline and record.get(tag):
            record[tag][-1] = f"{record[tag][-1]} {content}".strip()
        elif not extend_multiline:
            super()._add_tag(record, tag, content)


_RIS = (
    "AU A1 A2 TI T1 T2 BT CT JF JO JA J2 PY Y1 DA VL IS SP EP C7 AR DO UR L3 M3 N1 AN C2 C3 C5 PB DB KW AB N2"
)
_NBIB = "FAU AU CN TI BTI JT TA DP VI IP PG LID AID PMC PT PB AB"


def ris(text: str, file: str) -> tuple[list[Entry], list[Problem]]:
    """Works of a RIS file, still without keys, each with the line it begins in, and what can't be read."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    for start, lines, fault in _ris_blocks(text):
        if fault:
            again = "export the record again, or mend it: it begins with `TY  - JOUR` and ends with `ER  - `"
            problems.append(Problem(file, fault, again, start, value=lines[0].strip()))
            continue
        # the hyphen after one space is a tag only where the record's first line is written so
        parser = _Parser(_RIS_TAG, "TY", _RIS, spaces=len(_RIS_TAG.match(lines[0])[2]))
        values = parser.parse_lines(iter([*lines, "ER  - "]))[0]
        kind = _RIS_TYPES.get(values.pop("TY").upper(), "misc")
        _add(kind, _ris_fields(kind, values), start, file, entries, problems)
    return entries, problems


def _ris_blocks(text: str) -> Iterator[tuple[int, list[str], str | None]]:
    """First line, lines, and what is wrong with it, of each record."""
    start, block = 0, []
    for number, line in enumerate(text.split("\n"), 1):
        match = _RIS_TAG.match(line)
        tag = match and match[1]
        if tag == "TY":
            if start:
                yield start, block, f"the record has no ER line before the next begins, in line {number}"
            start, block = number, [line]
        elif start and tag == "ER":
            yield start, block, None
            start, block = 0, []
        elif start:
            block.append(line)
        elif tag:
            yield number, [line], "a line of a record outside a record: its TY line is missing"
            return  # one finding for it is enough
    if start:
        yield start, block, "the file ends inside this record: it has no ER line"


def nbib(text: str, file: str) -> tuple[list[Entry], list[Problem]]:
    """Works of a PubMed export (nbib, also called MEDLINE), as `ris` gives them."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    blocks: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.split("\n"), 1):
        match = _NBIB_TAG.match(line)
        if match and match[1] == "PMID":
            blocks.append((number, []))
        elif match and not blocks:
            remedy = "export it again from PubMed: each record begins with its PMID"
            found = "a record that doesn't begin with its PMID line"
            return [], [Problem(file, found, remedy, number, value=line)]
        if blocks and line.strip():
            blocks[-1][1].append(line)
    for start, lines in blocks:
        values = _Parser(_NBIB_TAG, "PMID", _NBIB).parse_lines(iter([*lines, "ER  -"]))[0]
        number = values.pop("PMID")
        kind = "article" if "BTI" not in values else "incollection" if "TI" in values else "book"
        _add(kind, {**_nbib_fields(values), "pmid": number}, start, file, entries, problems)
    return entries, problems


def _add(kind, fields, line, file, entries, problems) -> None:
    fields = {name: value for name, value in fields.items() if value}
    if "title" in fields:
        entries.append(Entry("", kind, fields, line, dict.fromkeys(fields, line)))
    else:
        remedy = "export the record again, or add the line with its title"
        problems.append(Problem(file, "the record has no title", remedy, line))


def _ris_fields(kind: str, values: Values) -> dict[str, str]:
    def first(*tags: str) -> str:
        return next((plain(value) for tag in tags for value in values.get(tag, ()) if value), "")

    notes = [*values.get("N1", ()), *values.get("M3", ()), *values.get("L3", ())]
    links = [*values.get("UR", ()), *values.get("L3", ())]
    fields = {
        "author": authors([*values.get("AU", ()), *values.get("A1", ())]),
        "title": _title(first("TI", "T1", *(("BT",) if kind == "book" else ()), "CT")),
        "year": year(first("PY"), first("Y1"), first("DA")),
        "volume": first("VL"),
        "number": first("IS"),
        "pages": pages(first("SP"), first("EP")) or first("C7", "AR"),
        "doi": _ris_doi(first("DO"), links, notes),
        **_pubmed({tag: first(tag) for tag in ("AN", "C2", "C3", "C5")}, values.get("DB", []), links, notes),
    }
    if kind == "article":
        fields["journal"] = first("JF", "T2", "JO", "JA", "J2")
    elif kind in ("incollection", "inproceedings"):
        fields["booktitle"] = first("BT", "T2", "JF", "JO")
    if kind != "article":
        fields["institution" if kind in ("techreport", "phdthesis") else "publisher"] = first("PB")
    if not (fields["doi"] or fields["pmid"]):
        fields["url"] = next((link for link in links if re.fullmatch(r"https?://[^\s{}]+", link)), "")
    return fields


def _ris_doi(own: str, links: list[str], notes: list[str]) -> str:
    """DO where there is one; else an address at doi.org, or a note that is a DOI (`doi: 10...`)."""
    candidates = [own, *(link for link in links if re.match(r"https?://(dx\.)?doi\.org/", link))]
    candidates += [note for note in notes if re.match(r"(doi:\s*)?10\.\d{4,9}/", note, re.I)]
    return next((found[0] for one in candidates if (found := _DOI.search(one))), "")


def _pubmed(own: dict[str, str], bases: list[str], links: list[str], notes: list[str]) -> dict[str, str]:
    """PMID and PMCID where each source keeps them.

    PMID: AN (PubMed, Ovid), C2 (Scopus), C3 (Cochrane, `PUBMED 123`), C5 (Embase), links, notes.
    PMCID: C2 (EndNote), links, notes.
    """
    base, text = " ".join(bases).lower(), "\n".join([*links, *notes])
    numbers = [own["AN"]] if re.search(r"pubmed|medline|\bnlm\b", base) else []
    numbers += [own["C2"]] * (base == "scopus") + [own["C5"]] * ("embase" in base)
    found = re.match(r"PMID:?\s*(\d{1,8})$", own["AN"], re.I) or re.match(r"PUBMED (\d{1,8})$", own["C3"])
    found = found or next(filter(None, (re.match(r"(\d{1,8})$", number) for number in numbers)), None)
    found = found or re.search(r"(?:pubmed\.ncbi\.nlm\.nih\.gov/|/pubmed/|\bPMID:\s*)(\d{1,8})\b", text)
    central = re.match(r"(PMC\d+)$", own["C2"]) or re.search(r"(?:/pmc/articles/|PMCID:\s*)(PMC\d+)", text)
    return {"pmid": found[1] if found else "", "pmcid": central[1] if central else ""}


def _nbib_fields(values: Values) -> dict[str, str]:
    def first(*tags: str) -> str:
        return next((plain(value) for tag in tags for value in values.get(tag, ()) if value), "")

    identifiers = [*values.get("LID", ()), *values.get("AID", ())]
    people = [*(values.get("FAU") or values.get("AU", ())), *(f"{{{name}}}" for name in values.get("CN", ()))]
    fields = {
        "author": authors(people),
        "title": _title(first("TI", "BTI")),
        "year": year(first("DP")),
        "volume": first("VI"),
        "number": first("IP"),
        "pages": pages(first("PG"), ""),
        "doi": next((one.split()[0] for one in identifiers if one.endswith("[doi]")), ""),
        "pmcid": first("PMC"),
    }
    if "BTI" not in values:
        fields["journal"] = first("JT", "TA")
    else:
        fields["booktitle"] = first("BTI") if "TI" in values else ""
        fields["publisher"] = first("PB")
    return fields


def _title(value: str) -> str:
    """Without the full stop that PubMed and others write after a title."""
    return re.sub(r"(?<!\.)\.$", "", value)


def readable(value: str) -> str:
    """A value as a person reads it: entities read, markup and signs that don't print taken out."""
    value = html.unescape(_MARKUP.sub("", html.unescape(value)))
    return " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())


def plain(value: str) -> str:
    """A value as BibTeX can hold it: readable, signs that LaTeX takes for its own escaped."""
    value = " ".join(re.sub(r"[{}]", "", readable(value)).split())
    return value.replace("\\", r"\textbackslash{}").replace("$", r"\$").replace("~", r"\textasciitilde{}")


def authors(people: list[str]) -> str:
    """The author field for names as exports write them: `Family, Given`, `Family AB`, an organisation."""
    found = [_person(name.strip()) for name in people]
    found = list(dict.fromkeys(name for name in found if name))
    last = [name for name in found if name == "others"]
    return " and ".join([name for name in found if name != "others"] + last)


def _person(name: str) -> str:
    if name.startswith("{"):
        return f"{{{plain(name)}}}" if plain(name) else ""
    if re.fullmatch(r"(et\.? al\.?|others)", name, re.I):
        return "others"
    parts = [plain(part) for part in name.rstrip(" ,").split(",")]
    if len(parts) == 1 and (match := _PERSON_AND_INITIALS.fullmatch(parts[0])):
        parts = [match[1], match[2].strip()]
    if len(parts) in (2, 3) and all(parts) and not re.search(r"\band\b", name, re.I):
        # RIS writes Family, Given, Jr; BibTeX Family, Jr, Given
        return ", ".join([parts[0], *reversed(parts[1:])])
    whole = ", ".join(filter(None, parts))
    return f"{{{whole}}}" if " " in whole else whole


def year(*values: str) -> str:
    """The first four digits that can be a year."""
    found = (re.search(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)", value) for value in values)
    return next((match[1] for match in found if match), "")


def pages(first: str, last: str) -> str:
    """`1082--1092` from any way of writing it: 1082-92, 1082–1092, or first and last page apart."""
    joined = f"{first}-{last}" if first and last and first != last else first or last
    match = re.fullmatch(r"([A-Za-z]*)(\d+)\s*[-‐–—−]+\s*\1(\d+)", joined)
    if match:
        letters, low, high = match.groups()
        if len(high) < len(low):
            high = low[: len(low) - len(high)] + high
        return f"{letters}{low}--{letters}{high}" if low != high else f"{letters}{low}"
    return re.sub(r"\s*[-‐–—−]+\s*", "--", joined)
