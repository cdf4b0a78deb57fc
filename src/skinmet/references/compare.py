"""A reference beside Crossref's record of it: what agrees, what differs, what is said of the work since."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from skinmet.references import bibtex, tagged
from skinmet.references.bibtex import Entry
from skinmet.references.identity import letters, similarity

# Titles more alike than this are taken for one; below it other facts must speak for the same work.
SAME_TITLE = 0.8
_TYPES = {
    "journal-article": "article", "book": "book", "monograph": "book", "edited-book": "book",
    "reference-book": "book", "book-chapter": "incollection", "proceedings-article": "inproceedings",
    "report": "techreport", "dissertation": "phdthesis", "posted-content": "misc",
}  # fmt: skip
_MARK = re.compile(
    r"\W*(RETRACTED(?: ARTICLE| CHAPTER)?|RETRACTION(?: NOTICE)?(?: TO)?|WITHDRAWN|REMOVED"
    r"|EXPRESSION OF CONCERN|ERRATUM(?: TO)?|CORRIGENDUM(?: TO)?)\s*[:—–-]\s*", re.IGNORECASE,
)  # fmt: skip
_LITTLE = frozenset(["the", "of", "and", "for", "in", "on", "de", "der", "die", "und", "la", "et"])


@dataclass(frozen=True)
class Difference:
    """A field in which the two disagree. old: as it stands in the bibliography ("" where it is missing).
    new: what Crossref has, in BibTeX. fuller: `new` goes on where `old` says that it breaks off."""

    field: str
    old: str
    new: str
    fuller: bool = False


@dataclass(frozen=True)
class Notice:
    """A notice about the work. kind: as Crossref calls it (retraction, correction …); doi: the notice's own,
    "" if only the title tells; about: what says so."""

    kind: str
    doi: str
    about: str


def same_work(entry: Entry, record: dict) -> bool:
    """Whether a record is of this work: by its title, else by first author, year and place together."""
    if likeness(entry, record) >= SAME_TITLE:
        return True
    people, _ = _people(entry)
    theirs = _families(record)
    if not people or not theirs or letters(people[0]) != letters(theirs[0]):
        return False
    years = _years(record)
    ours = entry.fields.get("year", "")
    if ours and years and not any(abs(int(ours) - int(year)) <= 1 for year in years if ours.isdigit()):
        return False
    if not entry.fields.get("title"):
        return bool(ours and years)
    # a translated title: the place in the journal tells
    place = [name for name in ("volume", "pages") if entry.fields.get(name)]
    agreed, _ = compare(entry, record)
    return bool(place) and set(place) <= set(agreed)


def likeness(entry: Entry, record: dict) -> float:
    """How alike the titles are, 0 to 1."""
    ours = bibtex.text("title", entry.fields.get("title", ""))
    return max((similarity(ours, title) for title in titles(record)), default=0.0)


def compare(entry: Entry, record: dict) -> tuple[list[str], list[Difference]]:
    """Fields that agree, and those that differ or that the bibliography lacks, in the order of an entry.

    Given names are not compared: sources shorten them as they like. A field Crossref lacks says nothing.
    """
    agreed: list[str] = []
    differing: list[Difference] = []
    for name, new, same in _fields(entry, record):
        old = entry.type if name == "type" else entry.fields.get(name, "")
        if old and same(bibtex.text(name, old)):
            agreed.append(name)
        elif new and new != old:
            fuller = name == "author" and _goes_on(entry, record)
            fuller |= name == "pages" and old.endswith("--") and new.startswith(old)
            differing.append(Difference(name, old, new, fuller))
    return agreed, differing


def notices(record: dict) -> list[Notice]:
    """Retractions, corrections and expressions of concern that Crossref knows of, retractions first."""
    found = {}
    for update in _list(record, "updated-by"):
        doi = _text(update.get("DOI"))
        found[_kind(update), doi] = Notice(_kind(update), doi, f"notice {doi}".strip())
    for update in _list(record, "update-to"):
        doi = _text(update.get("DOI"))
        if doi.lower() != _text(record.get("DOI")).lower():
            kind = f"itself a notice ({_kind(update)})"
            found[kind, doi] = Notice(kind, _text(record.get("DOI")), f"it is about {doi}")
    relation = record.get("relation")
    for name, targets in relation.items() if isinstance(relation, dict) else ():
        if match := re.fullmatch(r"is-(retract|correct|withdraw|replac)\w*-by", str(name)):
            kind = {"retract": "retraction", "correct": "correction", "withdraw": "withdrawal"}.get(
                match[1], "replaced"
            )
            for target in targets if isinstance(targets, list) else ():
                doi = _text(target.get("id")) if isinstance(target, dict) else ""
                found.setdefault((kind, doi), Notice(kind, doi, f"notice {doi}".strip()))
    for title in _raw_titles(record):
        if match := _MARK.match(title):
            kind = (
                "retraction"
                if match[1].upper().startswith(("RETRACT", "WITHDRAWN", "REMOVED"))
                else match[1].lower()
            )
            if not any(known.startswith(kind[:7]) for known, _ in found):
                found[kind, ""] = Notice(kind, "", f"its title at Crossref begins “{match[1]}”")
    return sorted(found.values(), key=lambda one: ("retract" not in one.kind, one.kind, one.doi))


def _kind(update: dict) -> str:
    return re.sub(r"[^a-z]+", " ", (_text(update.get("type")) or _text(update.get("label"))).lower()).strip()


def _fields(entry: Entry, record: dict) -> Iterator[tuple[str, str, object]]:
    """Each field: its name, what Crossref has, and whether a value of ours is the same."""
    names_of, years = titles(record), _years(record)
    kind = _TYPES.get(_text(record.get("type")), "")
    yield "type", kind, lambda ours: ours == kind
    yield "author", _authors(record), lambda ours: _same_authors(entry, record)
    yield (
        "title",
        tagged.plain(names_of[0]) if names_of else "",
        lambda ours: letters(ours) in map(letters, names_of),
    )
    container = "booktitle" if entry.type in ("incollection", "inproceedings") else "journal"
    names = [*_texts(record, "container-title"), *_texts(record, "short-container-title")]
    if container == "booktitle" or kind == "article":
        yield (
            container,
            tagged.plain(names[0]) if names else "",
            lambda ours: any(_same_journal(ours, name) for name in names),
        )
    yield "year", years[0] if years else "", lambda ours: ours in years
    for name, theirs in (("volume", "volume"), ("number", "issue")):
        value = tagged.plain(_text(record.get(theirs)))
        yield name, value, lambda ours, value=value: _number(ours) == _number(value)
    pages = tagged.pages(tagged.plain(_text(record.get("page"))), "")
    article = tagged.plain(_text(record.get("article-number")))
    yield (
        "pages",
        pages or article,
        lambda ours: _same_pages(ours, pages) or _number(ours) == _number(article),
    )
    doi = bibtex.tidy("doi", _text(record.get("DOI")))
    yield "doi", doi, lambda ours: ours.lower() == doi


def _same_authors(entry: Entry, record: dict) -> bool:
    ours, _ = _people(entry)
    theirs = _families(record)
    # a list that breaks off after the names Crossref has says nothing against them
    return len(ours) == len(theirs) and all(map(_same_name, ours, theirs))


def _goes_on(entry: Entry, record: dict) -> bool:
    ours, more = _people(entry)
    theirs = _families(record)
    return more and len(theirs) > len(ours) and all(map(_same_name, ours, theirs))


def _same_name(one: str, other: str) -> bool:
    """Family names alike, particles and accents aside: van der Berg and Berg, Müller and Mueller."""
    a, b = (re.sub(r"ae|oe|ue", lambda m: m[0][0], letters(name)) for name in (one, other))
    return a == b or (min(len(a), len(b)) > 3 and (a.endswith(b) or b.endswith(a)))


def _same_journal(one: str, other: str) -> bool:
    """One name, or one an abbreviation of the other: each word begins the word of the other's."""
    a, b = ([w for w in re.findall(r"\w+", name.casefold()) if w not in _LITTLE] for name in (one, other))
    if letters(one) == letters(other) or a == b:
        return True
    return (
        bool(a)
        and len(a) == len(b)
        and all(x.startswith(y) or y.startswith(x) for x, y in zip(a, b, strict=True))
    )


def _same_pages(ours: str, theirs: str) -> bool:
    ours, theirs = ours.replace("–", "-").replace("--", "-"), theirs.replace("--", "-")
    if not theirs or ours.endswith("-"):
        return False
    mine, crossref = ours.split("-"), theirs.split("-")
    # Crossref often has the first page alone
    return letters(mine[0]) == letters(crossref[0]) and (len(crossref) == 1 or mine[1:] == crossref[1:])


def _number(value: str) -> str:
    return letters(value).lstrip("0")


def _people(entry: Entry) -> tuple[list[str], bool]:
    people, more = bibtex.names(entry.fields.get("author", ""))
    return [person.family for person in people], more


def _families(record: dict) -> list[str]:
    people = _list(record, "author")
    return [name for one in people if (name := _text(one.get("family")) or _text(one.get("name")))]


def _authors(record: dict) -> str:
    """The author field as Crossref's record has it."""
    people = []
    for one in _list(record, "author"):
        family, given, whole = (_text(one.get(name)) for name in ("family", "given", "name"))
        suffix = _text(one.get("suffix"))
        people.append(", ".join(filter(None, (family, given, suffix))) if family else f"{{{whole or given}}}")
    return tagged.authors([name for name in people if name != "{}"])


def titles(record: dict) -> list[str]:
    """The titles without a mark of retraction; where there is a subtitle, the two as one first."""
    found = [_MARK.sub("", title, count=1) for title in _raw_titles(record)]
    both = [f"{title}: {sub}" for title in found[:1] for sub in _texts(record, "subtitle")[:1]]
    return both + found


def _raw_titles(record: dict) -> list[str]:
    return _texts(record, "title")


def _years(record: dict) -> list[str]:
    """Years the record knows, that of print first."""
    found = []
    for name in ("published-print", "issued", "published-online"):
        try:
            found.append(str(int(record[name]["date-parts"][0][0])))
        except (KeyError, IndexError, TypeError, ValueError):
            continue
    return list(dict.fromkeys(year for year in found if re.fullmatch(r"1[5-9]\d\d|20\d\d", year)))


def _texts(record: dict, name: str) -> list[str]:
    values = record.get(name)
    return [text for one in (values if isinstance(values, list) else [values]) if (text := _text(one))]


def _text(value: object) -> str:
    return tagged.readable(str(value)) if isinstance(value, (str, int)) else ""


def _list(record: dict, name: str) -> list[dict]:
    values = record.get(name)
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []
