"""Which work is it? The key of a new work, and the works of the bibliography that may be the same."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from skinmet.references import bibtex
from skinmet.references.bibtex import Entry

# Words a key passes over: they begin too many titles.
_PASSED = frozenset(re.findall(r"\w+", """
    a an the of on in for and to with is are from by at re der die das le la les
    clinical case report review evidence
"""))  # fmt: skip
# Titles so alike in letters and digits that one is probably the other with a slip. The years of such a pair
# may differ by one: online at the end of a year, printed in the next.
ALIKE = 0.93


@dataclass(frozen=True)
class Twin:
    """A work of the bibliography that a new one repeats: its key, and what the two share."""

    key: str
    shared: str
    certain: bool


def letters(text: str) -> str:
    """Letters and digits alone, in lower case and without accents: what is left to compare by."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if sign.isalnum())


def key(entry: Entry, taken: Collection[str]) -> str:
    """A key in the pattern of the bibliography: first author, year or nd, first telling word of the title.

    If it is taken, words of the title follow until it is not.
    """
    people, _ = bibtex.names(entry.fields.get("author", ""))
    author = _ascii(people[0].family) if people else ""
    author = "".join(sign for sign in author if sign.isalpha()) or "anon"
    words = [
        _ascii(word) for word in re.split(r"[^\w]+", bibtex.text("title", entry.fields.get("title", "")))
    ]
    words = [word for word in words if word]
    words = [word for word in words if word not in _PASSED] or words or ["untitled"]
    made = f"{author}{entry.fields.get('year') or 'nd'}{words[0]}"
    for word in words[1:8]:
        if made in taken:
            made += word
    endings = ("", *map(str, range(2, len(taken) + 3)))
    return next(made + ending for ending in endings if made + ending not in taken)


def _ascii(text: str) -> str:
    text = text.replace("ß", "ss").replace("ø", "o").replace("Ø", "o").replace("ł", "l").replace("Ł", "l")
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain)


def similarity(one: str, other: str) -> float:
    """How alike two titles are, 0 to 1: the share of letters and digits that match in order."""
    a, b = letters(one), letters(other)
    if not a or not b:
        return 0.0
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    # the two bounds are cheap, and most pairs fail them
    if matcher.real_quick_ratio() < 0.5 or matcher.quick_ratio() < 0.5:
        return 0.0
    return matcher.ratio()


def twin(entry: Entry, known: Iterable[Entry]) -> Twin | None:
    """The work among `known` that `entry` repeats: by DOI, PMID or PMCID, or by nearly its title and year."""
    mine = _facts(entry)
    alike = None
    for other in known:
        theirs = _facts(other)
        for name in ("doi", "pmid", "pmcid"):
            if mine[name] and mine[name] == theirs[name]:
                return Twin(other.key, f"the same {name.upper()}, {mine[name]}", True)
        if alike is None and _same_year(mine["year"], theirs["year"]) and _titles_alike(mine, theirs):
            alike = Twin(other.key, f"nearly the same title and year, “{theirs['title']}”", False)
    return alike


def _facts(entry: Entry) -> dict[str, str]:
    facts = {name: entry.fields.get(name, "") for name in ("doi", "pmid", "pmcid", "year", "title")}
    return {name: bibtex.text(name, value) if value else "" for name, value in facts.items()}


def _same_year(one: str, other: str) -> bool:
    return not (one.isdigit() and other.isdigit()) or abs(int(one) - int(other)) <= 1


def _titles_alike(mine: dict[str, str], theirs: dict[str, str]) -> bool:
    a, b = letters(mine["title"]), letters(theirs["title"])
    # titles of other lengths can't be that alike, and most pairs differ there
    if not a or not b or 2 * min(len(a), len(b)) < ALIKE * (len(a) + len(b)):
        return False
    return a == b or similarity(mine["title"], theirs["title"]) >= ALIKE
