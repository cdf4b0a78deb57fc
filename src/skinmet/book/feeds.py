"""What other programs read of the book: a page's title, description and kind, and the list of all pages."""

from __future__ import annotations

import json
import re
from html import escape, unescape
from pathlib import Path

_LICENSE = "https://creativecommons.org/licenses/by/4.0/"
_PARAGRAPH = re.compile(r"<p[ >].*?</p>", re.DOTALL)
_ENOUGH, _MOST = (
    60,
    200,
)  # characters: a shorter paragraph is a note on time or level; a longer one is cut off
_KINDS = {"notebooks/": "chapter", "exercises/": "exercise"}


def head(pagename: str, title: str, body: str, book: str, author: str, base: str, picture: str) -> str:
    """The `<meta>` elements and schema.org data of a page.

    title, book: of the page and of the whole book, as plain text. body: the page's HTML. base: the address
    the book is published at, empty when it is not known: what needs a whole address is then left out.
    picture: what stands beside a link to the page, as a path below `_static/`.
    """
    about = description(body)
    url = f"{base.rstrip('/')}/{pagename}.html" if base else ""
    graph = [("og:type", "article"), ("og:site_name", book), ("og:title", title), ("og:locale", "en_GB")]
    graph += [("og:description", about)] if about else []
    graph += [("og:url", url), ("og:image", f"{base.rstrip('/')}/_static/{picture}")] if base else []
    lines = [f'<meta property="{name}" content="{escape(content)}" />' for name, content in graph]
    if about:
        lines.append(f'<meta name="description" content="{escape(about)}" />')
    kind = next((kind for start, kind in _KINDS.items() if pagename.startswith(start)), "")
    if kind:
        for name, content in (("title", title), ("author", author), ("language", "en")):
            lines.append(f'<meta name="citation_{name}" content="{escape(content)}" />')
        lines.append(
            f'<script type="application/ld+json">{_resource(kind, title, about, book, url)}</script>'
        )
    return "\n    ".join(lines)


def description(body: str) -> str:
    """The first paragraph of a page that says something, as plain text."""
    for paragraph in _PARAGRAPH.findall(body):
        text = " ".join(unescape(re.sub(r"<[^>]+>", "", paragraph)).split())
        if len(text) > _MOST:
            return text[:_MOST].rsplit(" ", 1)[0].rstrip(" ,;:") + " …"
        if len(text) >= _ENOUGH:
            return text
    return ""


def sitemap(site: Path, base: str) -> bytes:
    """All pages for search engines; `base` is the address the book is published at."""
    pages = sorted(
        path.relative_to(site).as_posix()
        for path in site.rglob("*.html")
        if path.relative_to(site).parts[0] not in {"_static", "lab"} and path.name != "search.html"
    )
    rows = "".join(f"  <url><loc>{escape(base.rstrip('/'))}/{page}</loc></url>\n" for page in pages)
    start = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return f"{start}{rows}</urlset>\n".encode()


def _resource(kind: str, title: str, about: str, book: str, url: str) -> str:
    """A schema.org LearningResource; no text of it can close the element it stands in."""
    content = {
        "@context": "https://schema.org",
        "@type": "LearningResource",
        "name": title,
        "description": about,
        "learningResourceType": kind,
        "inLanguage": "en",
        "license": _LICENSE,
        "isAccessibleForFree": True,
        "isPartOf": {"@type": "Book", "name": book},
        "url": url,
    }
    kept = {name: value for name, value in content.items() if value}
    return json.dumps(kept, ensure_ascii=False).replace("<", "\\u003c")
