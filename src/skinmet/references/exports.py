"""The works as other programs read them: CSL-JSON (Zotero, Pandoc) and RIS (EndNote, Mendeley)."""

from __future__ import annotations

import json
from collections.abc import Iterable

from skinmet.references.files import SEEN_AS
from skinmet.references.works import Reference

# BibTeX entry types we know, and what CSL and RIS call them.
CSL_TYPES = {
    "article": "article-journal",
    "book": "book",
    "incollection": "chapter",
    "inproceedings": "paper-conference",
    "misc": "document",
    "phdthesis": "thesis",
    "techreport": "report",
}
RIS_TYPES = {
    "article": "JOUR",
    "book": "BOOK",
    "incollection": "CHAP",
    "inproceedings": "CPAPER",
    "misc": "GEN",
    "phdthesis": "THES",
    "techreport": "RPRT",
}


def csl(work: Reference) -> dict:
    """A work as an item of CSL-JSON. A list of authors that goes on ends with the literal name `et al.`"""
    authors = [
        {"family": n.family, "given": n.given} if n.given else {"literal": n.family} for n in work.authors
    ]
    if work.et_al:
        authors.append({"literal": "et al."})
    field = work.fields.get
    item = {
        "id": work.key,
        "type": CSL_TYPES.get(work.type, "document"),
        "title": work.title,
        "author": authors,
        "container-title": field("journal") or field("booktitle"),
        "publisher": field("publisher") or field("institution") or field("school"),
        "volume": field("volume"),
        "issue": field("number"),
        "page": field("pages", "").replace("–", "-").rstrip("-"),
        "DOI": work.doi,
        "PMID": work.pmid,
        "PMCID": work.pmcid,
        "URL": work.url,
        "note": _note(work),
    }
    if work.year.isdigit():
        item["issued"] = {"date-parts": [[int(work.year)]]}
    return {name: value for name, value in item.items() if value}


def csl_json(works: Iterable[Reference]) -> str:
    """All works as one CSL-JSON file."""
    return json.dumps([csl(work) for work in works], ensure_ascii=False, indent=1) + "\n"


def ris(works: Iterable[Reference]) -> str:
    """All works as one RIS file."""
    import rispy  # not needed to check or to cite

    class Writer(rispy.RisWriter):
        def set_header(self, count: int) -> str:
            return ""  # no number before each work: not all programs skip it

    return rispy.dumps([_ris(work) for work in works], implementation=Writer)


def _ris(work: Reference) -> dict:
    field = work.fields.get
    first, _, last = field("pages", "").partition("–")
    record = {
        "type_of_reference": RIS_TYPES.get(work.type, "GEN"),
        "id": work.key,
        "authors": [f"{n.family}, {n.given}" if n.given else f"{n.family}," for n in work.authors]
        + ["et al.,"] * work.et_al,
        "title": work.title,
        "secondary_title": field("journal") or field("booktitle"),
        "publisher": field("publisher") or field("institution") or field("school"),
        "year": work.year,
        "volume": field("volume"),
        "number": field("number"),
        "start_page": first,
        "end_page": last,
        "doi": work.doi,
        "name_of_database": "PubMed" if work.pmid else "",
        "accession_number": work.pmid,
        "custom2": work.pmcid,  # where EndNote and PubMed's own RIS put it
        "urls": [work.url] if work.url else [],
        "notes": [_note(work)],
    }
    return {name: value for name, value in record.items() if value}


def _note(work: Reference) -> str:
    incomplete = " Incomplete reference: what is known is given." if work.status == "incomplete" else ""
    return SEEN_AS[work.seen_as] + incomplete
