"""The list of references at the end of a page."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from html import escape
from urllib.parse import quote, urlsplit

from skinmet.references.exports import csl
from skinmet.references.files import SEEN_AS
from skinmet.references.works import Reference, find


def bibliography(keys: Iterable[str]) -> str:
    """The list of references for these keys as HTML: alphabetical, each work once, in NLM (Vancouver) style.

    A key may be several with `; ` between them. Every entry carries the anchor that `cite` links to, and says
    what of the work was read. There is no blank line in it, so `IPython.display.Markdown` shows it as well as
    `HTML` does. Raises SkinmetError for an unknown key.
    """
    works = sorted({work.key: work for key in keys for work in find(key)}.values(), key=_place)
    if not works:
        return ""
    # The anchor is an `id`. Where a notebook isn't trusted JupyterLab renames it to data-jupyter-id, and
    # follows `#` links to either; nbconvert and Sphinx keep the id. A `name` would be dropped. With several
    # notebooks open JupyterLab 4.6 goes to the first such anchor of all: a second page's link may stay put.
    items = [
        f'<li id="ref-{escape(work.key)}"><b>{escape(work.label)}</b>: {escape(body, quote=False)} '
        f"{_links(work)}{_tail(work)}</li>"
        for work, body in zip(works, _formatted(works), strict=True)
    ]
    return "\n".join(['<ul class="references">', *items, "</ul>"])


def _place(work: Reference) -> tuple[str, str, str]:
    """Alphabetical by the name in the label, accents aside; then by year; then as the letters run."""
    name = work.authors[0].family if work.authors else "Anon."
    letters = unicodedata.normalize("NFD", name.casefold())
    return "".join(c for c in letters if not unicodedata.combining(c)), work.year or "n.d.", work.key


def _links(work: Reference) -> str:
    links = []
    if work.doi:
        links.append((f"https://doi.org/{quote(work.doi, safe='/:;()')}", f"doi:{work.doi}"))
    if work.pmid:
        links.append((f"https://pubmed.ncbi.nlm.nih.gov/{quote(work.pmid)}/", f"PMID {work.pmid}"))
    if work.pmcid and not work.pmid:
        links.append((f"https://pmc.ncbi.nlm.nih.gov/articles/{quote(work.pmcid)}/", work.pmcid))
    if not links and work.url.startswith(("https://", "http://")):
        links.append((work.url, urlsplit(work.url).netloc))
    return "".join(f'<a href="{escape(url)}">{escape(text)}</a>. ' for url, text in links)


def _tail(work: Reference) -> str:
    shown = " Incomplete reference: what is known is shown." if work.status == "incomplete" else ""
    return f"<i>{SEEN_AS[work.seen_as]}{shown}</i>"


def _formatted(works: list[Reference]) -> list[str]:
    """Each work in NLM style, as plain text. The links are ours, so the style gets no DOI and no address."""
    # citeproc needs lxml and half a second: loaded only where a list is made.
    from citeproc import Citation, CitationItem, CitationStylesBibliography, formatter
    from citeproc.source.json import CiteProcJSON

    source = CiteProcJSON([_csl(work) for work in works])
    made = CitationStylesBibliography(_style(), source, formatter.plain)
    for work in works:
        made.register(Citation([CitationItem(work.key)]))
    # The style closes a title with a full stop even if it ends with a mark of its own.
    return [re.sub(r"([?!])\.", r"\1", str(item)) for item in made.bibliography()]


@functools.cache
def _style():
    from citeproc import CitationStylesStyle

    # The name-year form of NLM: the look medical readers know, without numbers.
    style = CitationStylesStyle("nlm-name-year", validate=False)
    # citeproc-py shortens 1-10 to "1-0": pages stand in full.
    del style.root.attrib["page-range-format"]
    return style


def _csl(work: Reference) -> dict:
    """The work as the style wants it: links are ours, and initials stand apart."""
    item = {
        name: value
        for name, value in csl(work).items()
        if name not in ("DOI", "PMID", "PMCID", "URL", "note")
    }
    # "Ioannidis, JPA": the style takes JPA for one name unless its letters stand apart.
    authors = [
        {"family": name.family, "given": re.sub(r"\b[A-Z]{2,3}\b", lambda m: " ".join(m.group()), name.given)}
        for name in work.authors
    ]
    if work.et_al:
        authors.append({"literal": "et al."})
    return {**item, "author": authors} if authors else item
