"""The pages made from data: front page, tables and their index, bibliography, index of the exercises.

What they say stands in the templates of `book/_pages`; every value put into one is escaped.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from skinmet.book.data import Evidence, Table, citekeys
from skinmet.book.exercises import Exercise
from skinmet.book.notebooks import Notebook
from skinmet.book.plotly_mime import addresses, figure_html, row_url
from skinmet.problems import Problem, SkinmetError
from skinmet.references.files import STATUSES

_URL = re.compile(r"https?://\S+")
_BEST = "four-denominators"  # the figure that the front page shows
_LONG = 70  # characters that still stand in a narrow column


def templates(folder: Path) -> Environment:
    """The environment that fills in the templates of `folder`: escaping, strict about unknown names."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        # a line break in a cell could end the HTML block it stands in
        finalize=lambda value: type(value)(" ".join(value.splitlines())) if isinstance(value, str) else value,
    )
    environment.filters["words"] = lambda name: re.sub(r"[_-]+", " ", name)
    # markup characters of Markdown, for a heading; `Markup` as Markdown escapes HTML itself
    environment.filters["plain"] = lambda text: Markup(re.sub(r"([^\w\s])", r"\\\1", text))
    return environment


def table_page(templates: Environment, table: Table, evidence: Evidence, notebooks: list[Notebook]) -> str:
    """The MyST page of one table: what its columns mean, then every row with its address as an anchor."""
    # a column that is empty in every row says nothing; its meaning stays in the list of columns
    fields = [field for field in table.fields if any(row[field["name"]] for row in table.rows)]
    fields = fields or table.fields[:1]
    kinds = {field["name"]: _kind(table, field) for field in fields}
    shown = _shown_in(notebooks, up="../")
    rows = []
    for row in table.rows:
        address = f"{table.name}:{row['row_id']}"
        linked = [
            {"url": f"../{row_url(other)}", "text": other} for other in evidence.linked_from.get(address, [])
        ]
        cells = [_cell(table, row, field["name"], evidence, kinds[field["name"]]) for field in fields[1:]]
        rows.append({"id": row["row_id"], "cells": cells, "used": shown.get(address, []) + linked})
    return templates.get_template("table.md.jinja").render(table=table, fields=fields, rows=rows)


def front_page(
    templates: Environment,
    evidence: Evidence,
    references: list[dict],
    notebooks: list[Notebook],
    exercises: list[Exercise],
    guides: list[str],
) -> str:
    """The first page: what this is, for whom, and the order of everything in the sidebar.

    guides: the pages `guide_...` that there are. Raises SkinmetError when no chapter has the figure it shows.
    """
    total = sum(len(table.rows) for table in evidence.tables.values())
    chapter = next((notebook for notebook in notebooks if _BEST in notebook.figures), None)
    if chapter is None:
        found = "no chapter has the figure that the front page shows"
        remedy = "give a figure this name again, or name another one as _BEST in src/skinmet/book/pages.py"
        raise SkinmetError(Problem("notebooks", found, remedy, value=_BEST))
    return templates.get_template("index.md.jinja").render(
        tables=evidence.tables,
        total=total,
        references=references,
        notebooks=notebooks,
        exercises=exercises,
        guides=guides,
        reviewers="guide_reviewer.html" if "guide_reviewer" in guides else "tables/index.html",
        best=Markup(figure_html(chapter.figures[_BEST], chapter.name)),
    )


def exercises_page(templates: Environment, exercises: list[Exercise]) -> str:
    """The list of all exercises: what they teach, how long they take, how many points they give."""
    return templates.get_template("exercises.md.jinja").render(exercises=exercises)


def tables_page(templates: Environment, evidence: Evidence) -> str:
    """The list of all tables by domain, which is also their order in the sidebar."""
    domains: dict[str, list[Table]] = {}
    for table in evidence.tables.values():
        domain = table.name.rpartition("/")[0].capitalize() or "Across domains"
        domains.setdefault(domain, []).append(table)
    order = sorted(domains.items(), key=lambda item: item[0] == "Across domains")
    total = sum(len(table.rows) for table in evidence.tables.values())
    page = templates.get_template("tables.md.jinja")
    return page.render(domains=order, total=total, tables=evidence.tables)


def bibliography_pages(
    templates: Environment, references: list[dict], evidence: Evidence, notebooks: list[Notebook]
) -> dict[str, str]:
    """All references with their states on one page; by first letter, on pages of their own so that each stays
    light, what was read of them and all rows, figures and chapters that use them. As path -> text.

    A reference has `citekey`, `html` (formatted), `status`, `seen_at` and `notes`.
    """
    pages: dict[str, list[dict]] = {}
    for notebook in notebooks:
        for key in notebook.cited:
            url = f"../notebooks/{notebook.name}.html#ref-{key}"
            pages.setdefault(key, []).append({"url": url, "text": notebook.title})
    shown = _shown_in(notebooks, up="../")
    entries = []
    for reference in references:
        key = reference["citekey"]
        rows = list(dict.fromkeys(evidence.cited_by.get(key, [])))
        figures = {link["url"]: link for address in rows for link in shown.get(address, [])}
        tables: dict[str, list[dict]] = {}
        for address in rows:
            table, row_id = address.split(":")
            link = {"url": f"../{row_url(address)}", "text": row_id}
            tables.setdefault(evidence.tables[table].title, []).append(link)
        uses = {"pages": pages.get(key, []), "figures": list(figures.values()), "tables": tables}
        letter = unicodedata.normalize("NFKD", key)[0].upper()
        url = f"works/{letter.lower()}.html#{key}"
        entries.append(reference | uses | {"rows": len(rows), "letter": letter, "url": url})
    counted = Counter(reference["status"] for reference in references)
    states = [(state, counted[state]) for state in STATUSES if counted[state]]
    letters = sorted({entry["letter"] for entry in entries})
    works = templates.get_template("works.md.jinja")
    made = {
        f"works/{letter.lower()}.md": works.render(
            entries=[entry for entry in entries if entry["letter"] == letter], letter=letter, letters=letters
        )
        for letter in letters
    }
    made["bibliography.md"] = templates.get_template("bibliography.md.jinja").render(
        entries=entries, states=states
    )
    return made


def _shown_in(notebooks: list[Notebook], up: str) -> dict[str, list[dict]]:
    """Row address -> links to the figures that draw it and the chapters that show it in a table."""
    shown: dict[str, list[dict]] = {}
    for notebook in notebooks:
        page = f"{up}notebooks/{notebook.name}.html"
        places = [
            (address, f"{page}#fig-{name}", f"{notebook.title} (figure {name.replace('-', ' ')})")
            for name, figure in notebook.figures.items()
            for address in addresses(figure)
        ] + [(address, page, f"{notebook.title} (table)") for address in notebook.rows]
        for address, url, text in places:
            shown.setdefault(address, []).append({"url": url, "text": text})
    return shown


def _cell(table: Table, row: dict[str, str], column: str, evidence: Evidence, kind: str) -> dict:
    value = row[column]
    links = [
        _link(f"../bibliography.html#ref-{key}", key, mark=_incomplete(key, evidence))
        for key in citekeys(column, value)
    ]
    target = evidence.links.get((table.name, row["row_id"], column))
    if target:
        links = [_link(f"../{row_url(target)}", value)]
    elif _URL.fullmatch(value):
        host = re.sub(r"^https?://(www\.)?", "", value).split("/")[0]
        links = [_link(value, host)]
    return {"text": value, "kind": kind, "mark": column == "seen_as", "links": links}


def _kind(table: Table, field: dict) -> str:
    """How a column is set: numbers to the right, long text in a wide column."""
    if field["type"] in {"integer", "number"}:
        return "number"
    return "long" if any(len(row[field["name"]]) > _LONG for row in table.rows) else ""


def _link(url: str, text: str, mark: str = "") -> dict:
    return {"url": url, "text": text, "mark": mark}


def _incomplete(key: str, evidence: Evidence) -> str:
    return "incomplete" if evidence.status.get(key) == "incomplete" else ""
