"""Reading the stored notebooks for the book, and refusing what a page must not show."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from markdown_it import MarkdownIt

from skinmet.book import plotly_mime
from skinmet.problems import Problem

_SHOWN = {plotly_mime.MIME, "text/html", "text/markdown", "text/plain", "image/png"}
_RUN = "execute it again: skinmet refresh"
# Elements an output or a Markdown cell may write as HTML. Everything that runs, loads or sends is missing.
_TAGS = set(
    re.findall(
        r"\w+",
        """a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption
        figure h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre q s samp section small span strong sub summary
        sup table tbody td tfoot th thead time tr u ul var wbr""",
    )
)
_ATTRIBUTES = set(
    re.findall(
        r"\w+",
        """abbr class colspan datetime dir headers href hidden id lang open role rowspan scope start tabindex
        title value""",
    )
)
_DIRECTIVE = re.compile(r"^\s*(?:`{3,}|~{3,}|:{3,})\{[^}\n]*\}", re.MULTILINE)
_LINK = re.compile(r"(?:https?:|mailto:|#|[\w.-]+(?:/|$|#|\.)|\.{1,2}/)", re.IGNORECASE)


@dataclass
class Notebook:
    """One notebook: where it stands, its title, its figures by name, the references it cites."""

    name: str  # `01_how_often`
    file: str  # `notebooks/01_how_often.ipynb`, for messages
    content: bytes = b""
    title: str = ""
    figures: dict[str, dict] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)  # path in the book -> rows or drawing of a figure
    rows: dict[str, str] = field(default_factory=dict)  # addresses of rows shown in tables -> the cell
    cited: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)  # cells
    problems: list[Problem] = field(default_factory=list)


def read(path: Path, file: str) -> Notebook:
    """Read one notebook; what is wrong with it stands in its `problems`, by cell."""
    book = look(Notebook(name=path.stem, file=file, content=path.read_bytes()))
    if book.not_run:
        more = f" and {len(book.not_run) - 1} more" if len(book.not_run) > 1 else ""
        book.problems.append(Problem(file, f"{book.not_run[0]}{more} never ran", _RUN))
    return book


def look(book: Notebook) -> Notebook:
    """Look through the content of a notebook, whether it ran or not; return it with all that was found."""
    file = book.file
    try:
        cells = [
            _Cell(book, number, cell) for number, cell in enumerate(json.loads(book.content)["cells"], 1)
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        remedy = "restore it from version control, or save it in JupyterLab"
        book.problems = [
            Problem(file, "this is not a notebook of format 4", remedy, line=getattr(error, "lineno", None))
        ]
        book.not_run = []
        return book
    if not book.title:
        remedy = "begin the first cell with a line such as: # Title"
        book.problems.append(Problem(file, "the notebook has no title", remedy))
    anchors = {anchor for cell in cells for anchor in cell.anchors}
    for cell in cells:
        for key in cell.cited:
            if f"ref-{key}" not in anchors:
                found = "the text cites a reference that is not in the notebook's list of references"
                cell.problem(found, "correct the key, or add it to the cell that prints the list", key)
    book.cited = list(dict.fromkeys(key for cell in cells for key in cell.cited))
    return book


def unknown_rows(books: list[Notebook], known: set[str]) -> list[Problem]:
    """Addresses in figures and tables of the notebooks that are no row of the evidence."""
    places = [
        (book.file, f"figure {name}", address)
        for book in books
        for name, figure in book.figures.items()
        for address in plotly_mime.addresses(figure)
    ] + [(book.file, where, address) for book in books for address, where in book.rows.items()]
    found = "it points at a row that is not there"
    return [
        Problem(file, found, f"correct the address, then {_RUN}", column=where, value=address)
        for file, where, address in places
        if address not in known
    ]


class _Cell:
    """One cell looked through: its anchors and citations; what is wrong goes to the notebook."""

    def __init__(self, book: Notebook, number: int, cell: dict):
        self.book, self.where = book, f"cell {number}"
        self.anchors: set[str] = set()
        self.cited: list[str] = []
        source = _text(cell["source"])
        if cell["cell_type"] == "markdown":
            title = re.search(r"^# +(.+)$", source, re.MULTILINE)
            if number == 1 and title:
                book.title = title.group(1).strip()
            self.markdown(source)
        elif cell["cell_type"] == "code" and source.strip():
            if cell.get("execution_count") is None:
                book.not_run.append(self.where)
            for output in cell.get("outputs", []):
                self.output(output, wanted_error="raises-exception" in cell["metadata"].get("tags", []))

    def problem(self, found: str, remedy: str, value: object = None) -> None:
        self.book.problems.append(Problem(self.book.file, found, remedy, column=self.where, value=value))

    def output(self, output: dict, wanted_error: bool) -> None:
        if output["output_type"] == "error" and not wanted_error:
            remedy = f"correct the cell, then {_RUN}; a wanted error needs the tag raises-exception"
            self.problem("the stored output is an error", remedy, output.get("ename"))
        elif output["output_type"] == "stream" and output["name"] == "stderr":
            self.problem(
                "the stored output is a warning", f"mend its cause, then {_RUN}", _text(output["text"])
            )
        for mime, content in output.get("data", {}).items():
            if mime == plotly_mime.MIME:
                self.figure(content)
            elif mime == "text/html":
                self.html(_text(content))
            elif mime == "text/markdown":
                self.markdown(_text(content))
            elif mime not in _SHOWN:
                self.problem("a page can't show this kind of output", "use skinmet.display", mime)

    def markdown(self, text: str) -> None:
        directive = _DIRECTIVE.search(text)
        if directive:
            remedy = "write it in plain Markdown: JupyterLab does not read directives"
            self.problem("a directive of MyST", remedy, directive.group().strip())
        for token in MarkdownIt("commonmark").enable("table").parse(text):
            for part in [token, *(token.children or [])]:
                if part.type in {"html_block", "html_inline"}:
                    self.html(part.content)
                elif part.type == "link_open":
                    self.link(str(part.attrs.get("href", "")))
                elif part.type == "image" and ":" in str(part.attrs.get("src", "")):
                    remedy = "show a figure or a table instead"
                    self.problem("a picture from outside the project", remedy, part.attrs["src"])

    def html(self, text: str) -> None:
        parser = _Html(self)
        parser.feed(text)
        parser.close()

    def link(self, href: str) -> None:
        if href.startswith("#ref-"):
            self.cited.append(href.removeprefix("#ref-"))
        elif not _LINK.match(href):
            remedy = "link to a file, a heading or an https address"
            self.problem("this link can't stand on a page", remedy, href)

    def figure(self, figure: dict) -> None:
        meta = figure.get("layout", {}).get("meta")
        meta = meta if isinstance(meta, dict) else {}
        name = str(meta.get("name", ""))
        if not str(meta.get("alt", "")).strip() or not re.fullmatch(r"[\w-]+", name):
            remedy = "make it with skinmet.figures, and show it with skinmet.display.show(fig, alt)"
            self.problem("a figure without text alternative or name", remedy)
            return
        if name in self.book.figures:
            self.problem("two figures of one name", "name each figure of a notebook differently", name)
        self.book.figures[name] = figure
        table = meta.get("data") or {"columns": [], "rows": []}
        lines = io.StringIO()
        csv.writer(lines, lineterminator="\n").writerows([table["columns"], *table["rows"]])
        self.book.parts[plotly_mime.file_path(self.book.name, name, "csv")] = lines.getvalue()
        self.book.parts[plotly_mime.file_path(self.book.name, name, "js")] = plotly_mime.drawing(figure)


class _Html(HTMLParser):
    """Notes ids and links of HTML written by an output; names what could run, load or send."""

    def __init__(self, cell: _Cell):
        super().__init__()
        self.cell = cell

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        remedy = "escape it (skinmet.display.table does), or show it another way"
        given = dict(attrs)
        if given.get("class") == plotly_mime.ROW_CLASS:
            self.cell.book.rows[given.get("title") or ""] = self.cell.where
        if tag not in _TAGS:
            self.cell.problem("this HTML element is not shown on pages", remedy, value=f"<{tag}>")
        for name, value in attrs:
            value = value or ""
            if name not in _ATTRIBUTES and not name.startswith(("aria-", "data-")):
                found = "this HTML attribute is not shown on pages"
                self.cell.problem(found, remedy, value=f"{name}={value}")
            elif name == "id":
                self.cell.anchors.add(value)
            elif name == "href":
                self.cell.link(value)


def _text(content: object) -> str:
    return "".join(content) if isinstance(content, list) else str(content)
