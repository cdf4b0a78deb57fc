"""BibTeX files: read with every fault located, written in one canonical form.

bibtexparser 2 does the parsing. It never raises: what it can't read is put aside in `failed_blocks`, text it
doesn't know (an entry without its `@`) becomes a comment, an undefined @string stays in place as a word, and
lines count from 0. `read` turns each of these into a located problem.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

import bibtexparser
from bibtexparser.middlewares import RemoveEnclosingMiddleware, ResolveStringReferencesMiddleware
from bibtexparser.middlewares.names import parse_single_name_into_parts, split_multiple_persons_names
from bibtexparser.model import DuplicateBlockKeyBlock, DuplicateFieldKeyBlock
from bibtexparser.model import Entry as ParsedEntry
from bibtexparser.model import Field as ParsedField
from pylatexenc.latex2text import LatexNodes2Text

from skinmet.problems import Problem, SkinmetError

# Faults are returned as problems; without this bibtexparser prints them to stderr as well.
logging.getLogger("bibtexparser").addHandler(logging.NullHandler())

# Fields in the order in which they are written; other fields follow in alphabetical order, keywords last.
FIELD_ORDER = (
    "author", "editor", "title", "journal", "booktitle", "publisher", "institution", "year", "month",
    "volume", "number", "pages", "doi", "pmid", "pmcid", "url",
)  # fmt: skip
# BibTeX styles define the months, so that a bare `month = jan` is no undefined name.
MONTHS = frozenset(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
OUTSIDE = "text outside an entry, which BibTeX would skip"
# Fields that hold an address or an identifier: nothing in them is LaTeX.
_VERBATIM = frozenset({"doi", "pmid", "pmcid", "url"})

_LETTER = r"""\\(?:[`'^"~=.]\s*(?:\{\\?[A-Za-z]\}|\\[ij](?![A-Za-z])|[A-Za-z])   # \'e  \'{e}  \'\i
    | [bcdHkrtuv](?:\{\\?[A-Za-z]\}|\s+[A-Za-z])                                 # \c{c}  \c c
    | (?:ae|AE|oe|OE|aa|AA|ss|[lLoO])(?![A-Za-z])(?:\{\}|\s+)?)                  # \l{}  \o
"""
_ACCENT = re.compile(rf"\{{(?:{_LETTER})\}}|{_LETTER}|\$\\[A-Za-z]+\$", re.VERBOSE)
_LIGATURES = (("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("{", ""), ("}", ""))
_decode = LatexNodes2Text(math_mode="text").latex_to_text


@dataclass(frozen=True)
class Entry:
    """One entry as it stands in the file: values still in LaTeX, lines counted from 1."""

    key: str
    type: str
    fields: dict[str, str]
    line: int = 1
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Name:
    """An author in plain text. An organisation, or a person known by surname only, has no given name."""

    family: str
    given: str = ""


def read(text: str, file: str) -> tuple[list[Entry], list[Problem]]:
    """Entries of a BibTeX file in file order, and everything in it that BibTeX would lose or misread.

    text: the file's content. file: its name for messages. @string names are replaced by their values.
    """
    library = bibtexparser.parse_string(
        text, parse_stack=[ResolveStringReferencesMiddleware(), RemoveEnclosingMiddleware()]
    )
    entries: list[Entry] = []
    problems: list[Problem] = []
    failed = {id(block) for block in library.failed_blocks}  # `in` the list would compare each with each
    for block in library.blocks:
        line = block.start_line + 1
        if isinstance(block, DuplicateFieldKeyBlock):
            block = block.ignore_error_block  # _entry names the doubled field and its line
        if isinstance(block, ParsedEntry):
            entry, faults = _entry(block, file)
            entries.append(entry)
            problems += faults
        elif isinstance(block, DuplicateBlockKeyBlock):
            problems.append(
                Problem(file, f"a second entry with the key {block.key}",
                        f"give it another key, or merge it with the entry in line "
                        f"{block.previous_block.start_line + 1}", line)
            )  # fmt: skip
        elif id(block) in failed:
            reason = getattr(block.error, "abort_reason", None) or str(block.error) or "the entry is broken"
            # bibtexparser gives up where the next entry starts; the fault lies between the two lines.
            end = line + block.raw.rstrip().count("\n")
            problems.append(
                Problem(file, f"entry can't be read up to line {end}: {reason.strip().rstrip('.')}",
                        "look for a missing or extra brace, quotation mark or comma between these lines",
                        line, value=block.raw.split("\n", 1)[0])
            )  # fmt: skip
        elif not isinstance(block, bibtexparser.model.String):
            problems.append(
                Problem(file, OUTSIDE,
                        "begin an entry with @type{key, and close it with one brace; put remarks into "
                        "ledger.csv", line, value=block.raw)
            )  # fmt: skip
    return entries, problems


def _entry(block: ParsedEntry, file: str) -> tuple[Entry, list[Problem]]:
    fields: dict[str, str] = {}
    lines: dict[str, int] = {}
    problems = []
    for item in block.fields:
        name, value, line = item.key.lower(), item.value, item.start_line + 1
        if name in fields:
            problems.append(
                Problem(file, f"{block.key} has this field twice (first in line {lines[name]})",
                        "keep one of the two", line, name, value)
            )  # fmt: skip
            continue
        if item.enclosing == "no-enclosing" and value.lower() not in MONTHS:
            problems.append(
                Problem(file, f"{block.key}: value is neither in braces nor the name of a @string",
                        "write the value in braces, followed by a comma", line, name, value)
            )  # fmt: skip
        fields[name], lines[name] = value, line
    if not block.key:
        problems.append(
            Problem(file, "entry without a key", "write a key after the opening brace", block.start_line + 1)
        )
    return Entry(block.key, block.entry_type.lower(), fields, block.start_line + 1, lines), problems


def canonical(text: str, file: str = "references.bib") -> str:
    """The same entries in canonical form. Raises SkinmetError where something would be lost."""
    entries, problems = read(text, file)
    if problems:
        raise SkinmetError(*problems)
    return write(entries)


def write(entries: Iterable[Entry]) -> str:
    """Entries sorted by key, one field a line in a fixed order, accents as UTF-8; idempotent."""
    layout = bibtexparser.BibtexFormat()
    layout.indent, layout.block_separator, layout.trailing_comma = "  ", "\n", True
    blocks = []
    for entry in sorted(entries, key=lambda e: e.key):
        values = [(name, tidy(name, value)) for name, value in entry.fields.items()]
        fields = [ParsedField(name, f"{{{value}}}") for name, value in sorted(values, key=_place) if value]
        blocks.append(ParsedEntry(entry.type, entry.key, fields))
    return bibtexparser.write_string(bibtexparser.Library(blocks), unparse_stack=[], bibtex_format=layout)


def _place(item: tuple[str, str]) -> tuple[int, str]:
    name = item[0]
    if name in FIELD_ORDER:
        return FIELD_ORDER.index(name), ""
    return len(FIELD_ORDER) + (name == "keywords"), name


def tidy(name: str, value: str) -> str:
    """A field's value in canonical form: the form changes, never the fact. Protecting braces stay."""
    value = unicodedata.normalize("NFC", " ".join(value.split()))
    if name in _VERBATIM:
        value = re.sub(r"\\+([%_&#~{}])", r"\1", value)
        if name == "doi":
            value = re.sub(r"^(https?://(dx\.)?doi\.org/|doi:\s*)", "", value.lower())
        elif name == "pmcid":
            value = value.upper()
        return value
    value = _ACCENT.sub(lambda m: _decode(m.group()), value)
    if name == "pages":
        value = re.sub(r"(?<=\w)\s*[-‐–—−]+\s*(?=\w|$)", "--", value)
    # A bare % would make LaTeX skip the rest of the value; \\% is the same sign escaped twice.
    return re.sub(r"\\*([&%#])", r"\\\1", value)


def text(name: str, value: str) -> str:
    """A field's value as plain text: tidied, LaTeX decoded, protecting braces removed."""
    value = tidy(name, value)
    return value if name in _VERBATIM else _plain(value)


def _plain(value: str) -> str:
    if re.search(r"[\\$~]", value):
        return _decode(value).replace("\xa0", " ").strip()
    for latex, sign in _LIGATURES:  # most values need no more, and the decoder is slow
        value = value.replace(latex, sign)
    return value


def split(value: str) -> list[str]:
    """The persons and organisations of an author field, still in LaTeX; `others` may be the last."""
    return split_multiple_persons_names(tidy("author", value))


def names(value: str) -> tuple[list[Name], bool]:
    """The authors in plain text, and whether the list goes on (`and others`).

    Names are split before LaTeX is decoded: the braces of {World Health Organization} must still be there.
    Raises ValueError for a name that BibTeX can't split (too many commas, a comma at the end).
    """
    people = split(value)
    more = people[-1:] == ["others"]
    found = []
    for person in people[:-1] if more else people:
        parts = parse_single_name_into_parts(person)
        family = " ".join([*parts.von, *parts.last, *parts.jr])
        found.append(Name(_plain(family), _plain(" ".join(parts.first))))
    return found, more
