"""Do all links of the built site lead somewhere? Outside addresses are checked for their form only."""

from __future__ import annotations

import posixpath
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import html as lxml_html

from skinmet.problems import Problem

_REMEDY = "correct the link, or add what it leads to"


def check(site: Path) -> list[Problem]:
    """Every link of every page below `site` that leads nowhere, what would be loaded from outside, and every
    id given twice."""
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    # what the theme keeps below _static are parts, not pages; the lab is a program of its own
    names = sorted(
        name for name in files if name.endswith(".html") and not name.startswith(("_static/", "lab/"))
    )
    pages = {name: lxml_html.parse(site / name).getroot() for name in names}
    ids = {name: Counter(map(str, page.xpath("//@id"))) for name, page in pages.items()}
    problems = []
    for name, page in pages.items():
        twice = [value for value, times in ids[name].items() if times > 1]
        problems += [Problem(name, "two elements of one id", "give each its own", value=id) for id in twice]
        for loaded in dict.fromkeys(map(str, page.xpath("//@src | //link[not(@rel='canonical')]/@href"))):
            if urlsplit(loaded).netloc:
                found = "the page would load something from outside"
                problems.append(Problem(name, found, "bring the file into the project", value=loaded))
        for link in dict.fromkeys(map(str, page.xpath("//@href | //@src"))):
            found = _fault(name, link, files, ids)
            if found:
                problems.append(Problem(name, found, _REMEDY, value=link))
    return problems


def _fault(name: str, link: str, files: set[str], ids: dict[str, Counter[str]]) -> str:
    """What is wrong with a link on the page `name`; empty when it leads somewhere."""
    parts = urlsplit(link)
    if parts.scheme in {"http", "https"}:
        return "" if parts.netloc and " " not in link else "an address that is not one"
    if parts.scheme in {"mailto", "data"}:
        return ""
    if parts.scheme or parts.netloc:
        return "an address of an unknown kind"
    target = name
    if parts.path:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path)))
    if target not in files:
        return "a link to a file that is not there"
    # an empty fragment and #top lead to the top of a page
    if parts.fragment in {"", "top"} or target not in ids or unquote(parts.fragment) in ids[target]:
        return ""
    return "a link to a place that is not there"
