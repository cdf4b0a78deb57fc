"""A stored plotly figure as an accessible part of the page (a renderer plugin of myst-nb).

The page carries its text alternative, the rows behind it as a table, and a link to the same rows as CSV. What
is drawn stands in a file beside the page, a script, since a page opened from a disk can't read data;
`skinmet.js` draws it with the local plotly.js.
"""

from __future__ import annotations

import json
import re
from html import escape

from docutils import nodes

MIME = "application/vnd.plotly.v1+json"
ROW_CLASS = "skinmet-row"  # of the links that skinmet.display writes from a row of a table to its file
ADDRESS = re.compile(r"[a-z_]+(?:/[a-z_]+)?:[\w.-]+")
_CONFIG = {"responsive": True, "displaylogo": False, "displayModeBar": False, "scrollZoom": False}


class PlotlyRenderer:
    """Entry point `myst_nb.mime_renderers`: takes plotly's mime type before every other one of the bundle."""

    mime_priority_overrides = (("html", MIME, 1),)

    @staticmethod
    def handle_mime(renderer, data, inline):
        """Return the figure as a raw HTML node, or None to leave other mime types to myst-nb."""
        if inline or data.mime_type != MIME:
            return None
        docname = renderer.renderer.sphinx_env.docname
        return [
            nodes.raw("", figure_html(data.content, docname, up="../" * docname.count("/")), format="html")
        ]


def drawing(figure: dict) -> str:
    """What plotly.js draws of a figure, as a script that hands it to `skinmet.js` under the figure's name."""
    layout = dict(figure["layout"])
    name = layout["meta"]["name"]
    # the rows are shown as a table below the figure, and its words beside it
    layout["meta"] = {"name": name}
    spec = {"data": figure["data"], "layout": layout, "config": {**figure.get("config", {}), **_CONFIG}}
    text = json.dumps(spec, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return f"(window.skinmetFigures ??= {{}})[{json.dumps(name)}] = {text};\n"


def figure_html(figure: dict, docname: str, up: str = "") -> str:
    """The `<figure>` of one plotly figure; its `layout.meta` must name it and describe it.

    docname: the chapter it stands in. up: the way from the page that shows it to the root of the book.
    """
    layout = figure["layout"]
    meta = layout["meta"]
    alt, name = escape(meta["alt"]), escape(meta["name"])
    csv, script = file_path(docname, meta["name"], "csv"), file_path(docname, meta["name"], "js")
    height = int(layout.get("height", 450))
    table = meta.get("data") or {"columns": [], "rows": []}
    hint = '<span class="figure-hint">Select a point to see its row.</span>' if addresses(figure) else ""
    return f"""<figure class="skinmet-figure" id="fig-{name}" data-name="{name}" aria-label="{alt}">
<div class="figure-plot" style="min-height:{height}px"></div>
<script src="{up}{script}" defer></script>
<noscript><p class="figure-alt">{alt}</p></noscript>
<figcaption><details class="figure-data"><summary>Data and description</summary>
<p class="figure-alt">{alt}</p>
{table_html(table, up, name)}
</details>{hint}<a class="figure-csv" href="{up}{csv}" download>Download CSV</a></figcaption>
</figure>"""


def table_html(table: dict, up: str, name: str) -> str:
    """The rows behind the figure of that name as an HTML table; a cell that is a row address links to it."""
    head = "".join(f'<th scope="col">{escape(str(column))}</th>' for column in table["columns"])
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(value, up)}</td>" for value in row) + "</tr>\n" for row in table["rows"]
    )
    return (
        f'<div class="skinmet-scroll" role="region" aria-label="Data behind {name}" tabindex="0">'
        f'<table class="skinmet-table"><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'
    )


def addresses(figure: dict) -> list[str]:
    """Row addresses that the points of a figure carry in `customdata`, each once, in order."""
    found = {}
    for trace in figure["data"]:
        for item in trace.get("customdata") or []:
            first = item[0] if isinstance(item, list) and item else item
            if isinstance(first, str) and ADDRESS.fullmatch(first):
                found[first] = None
    return list(found)


def row_url(address: str) -> str:
    """Where a row stands, from the book's root: `a/b:F002` -> `tables/a-b.html#F002`."""
    table, row_id = address.split(":")
    return f"tables/{table.replace('/', '-')}.html#{row_id}"


def file_path(docname: str, name: str, kind: str) -> str:
    """Where a part of a figure stands, from the root of the book; kind: `js` (the drawing), `csv` (rows)."""
    return f"figures/{docname.rsplit('/', 1)[-1]}-{name}.{kind}"


def _cell(value: object, up: str) -> str:
    if value is None:
        return ""
    text = escape(str(value))
    return f'<a href="{up}{row_url(text)}">{text}</a>' if ADDRESS.fullmatch(str(value)) else text
