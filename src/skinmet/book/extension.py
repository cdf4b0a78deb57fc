"""What the book adds to Sphinx: folded code, links to the references of a page, a strict content policy."""

from __future__ import annotations

import itertools
import re
import zlib
from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform

from skinmet.book import feeds
from skinmet.book.plotly_mime import ADDRESS, ROW_CLASS, row_url

# Scripts, styles and pictures only from files of the book, none written in a page; requests nowhere else.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
}
# plotly.js writes style attributes into the words of a figure.
FIGURE_POLICY = POLICY | {"style-src": "'self' 'unsafe-inline'"}
# Names, punctuation and blanks have no colour of their own; their spans would be a third of a page's weight.
_PLAIN = re.compile(r'<span class="(?:n|p|w)">([^<]*)</span>')


class LinkCitations(SphinxTransform):
    """`[Name 2019](#ref-key)` points at the reference list, an output of the page that myst can't see."""

    default_priority = 870  # before myst's ResolveAnchorIds (879), which would look among headings only

    def apply(self, **kwargs) -> None:
        for link in self.document.findall(nodes.reference):
            if link.get("refuri", "").startswith("#ref-"):
                link.attributes.pop("id_link", None)
                link["classes"] = ["citation"]


class LinkNotebooks(SphinxTransform):
    """A link to another notebook in the output of a cell leads to that notebook's page, not its file."""

    default_priority = 870

    def apply(self, **kwargs) -> None:
        for link in self.document.findall(nodes.reference):
            path, mark, anchor = link.get("refuri", "").partition("#")
            if path.endswith(".ipynb") and ":" not in path:
                link["refuri"] = f"{path.removesuffix('.ipynb')}.html{mark}{anchor}"


class FinishTables(SphinxTransform):
    """Tables that a notebook shows: a row leads to its place in the book (in the notebook, to its file), and
    each cell ends its line, as the search index would run neighbours together."""

    default_priority = 870
    _link = re.compile(
        rf"""(<a class=['"]{ROW_CLASS}['"] title=['"]({ADDRESS.pattern})['"] href=)['"][^'"]*['"]"""
    )

    def apply(self, **kwargs) -> None:
        up = "../" * self.env.docname.count("/")
        number = itertools.count(1)

        def scrolls(_) -> str:  # by keyboard too; each with a name of its own
            return (
                f'<div class="skinmet-scroll" role="region" aria-label="Table {next(number)} of this page" '
                'tabindex="0">'
            )

        for html in self.document.findall(nodes.raw):
            text = self._link.sub(lambda link: f'{link[1]}"{up}{row_url(link[2])}"', html.astext())
            text = re.sub(r"</t[hd]>(?!\n)", r"\g<0>\n", text)
            text = re.sub(r"<div class=['\"]skinmet-scroll['\"]>", scrolls, text)
            html.children = [nodes.Text(text)]
            html.rawsource = text


class FoldCode(SphinxTransform):
    """All code is folded: above its output, or for a cell tagged `prose` in a small note below its words.

    A cell that shows nothing prepares the next one: its code joins the fold of the cell after it.
    """

    default_priority = 800

    def apply(self, **kwargs) -> None:
        if self.env.docname.startswith("exercises/"):
            return  # there the code is the matter
        waiting: list[nodes.Node] = []
        cells = [node for node in self.document.findall(nodes.container) if _is_cell(node)]
        for cell in cells:
            code = waiting + [part for part in cell.children if _element(part) == "cell_code_source"]
            shown = [part for part in cell.children if _element(part) == "cell_code_output"]
            following = cell.next_node(descend=False, siblings=True)
            waiting = [] if shown or not _is_cell(following) else code
            if waiting:
                cell.parent.remove(cell)
                continue
            prose = bool(shown) and "prose" in cell["cell_metadata"].get("tags", [])
            label = "How was this computed?" if prose else "Show the code"
            fold = [_raw(f'<details class="code-fold"><summary>{label}</summary>'), *code, _raw("</details>")]
            cell.children = []
            cell.extend([*shown, *fold] if prose else [*fold, *shown])


def setup(app):
    """Register with Sphinx. `env_version` makes a change of this code rebuild the pages."""
    for transform in (LinkCitations, LinkNotebooks, FinishTables, FoldCode):
        app.add_transform(transform)
    app.connect("env-updated", _pages_with_contents)
    app.connect("html-page-context", _page_context)
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return {"env_version": zlib.crc32(code), "parallel_read_safe": True, "parallel_write_safe": True}


def _pages_with_contents(app, env) -> set[str]:
    """The pages to write again: all, when a title or the order in the sidebar of every page changed."""
    contents = ({name: title.astext() for name, title in env.titles.items()}, env.toctree_includes)
    before, env.skinmet_contents = getattr(env, "skinmet_contents", contents), contents
    return set() if before == contents else env.found_docs


def _page_context(app, pagename, templatename, context, doctree) -> None:
    context["body"] = _PLAIN.sub(r"\1", context.get("body", ""))
    figures = 'class="skinmet-figure"' in context["body"]
    if figures:
        app.add_js_file("plotly.min.js", loading_method="defer")
    policy = "; ".join(f"{what} {where}" for what, where in (FIGURE_POLICY if figures else POLICY).items())
    context["metatags"] = (
        f'\n    <meta http-equiv="Content-Security-Policy" content="{policy}" />'
        f'\n    <meta name="referrer" content="no-referrer" />{context.get("metatags", "")}'
    )
    if doctree is not None:  # not the search page
        title = app.env.titles[pagename].astext()
        config = app.config
        card = f"cards/{Path(pagename).name}.png"
        drawn = pagename.startswith("notebooks/") and (Path(app.confdir) / "_static" / card).is_file()
        of_book = (config.project, config.author, config.html_baseurl, card if drawn else "page.png")
        context["metatags"] += f"\n    {feeds.head(pagename, title, context['body'], *of_book)}"
    if pagename.startswith(("notebooks/", "exercises/")) and pagename != "exercises/index":
        context["notebook_download"] = f"{pagename}.ipynb"


def _element(node: nodes.Node | None) -> str:
    return node.get("nb_element", "") if isinstance(node, nodes.Element) else ""


def _is_cell(node: nodes.Node | None) -> bool:
    return _element(node) == "cell_code"


def _raw(html: str) -> nodes.raw:
    return nodes.raw("", html, format="html")
