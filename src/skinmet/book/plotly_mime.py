"""A stored plotly figure as an accessible part of the page (a renderer plugin of myst-nb).

The page carries the figure as JSON that `skinmet.js` draws with the local plotly.js, its text alternative,
the rows behind it as a table, and a link to the same rows as CSV. Nothing of it runs by itself.
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
        csv = csv_path(docname, data.content["layout"]["meta"]["name"])
        return [nodes.raw("", figure_html(data.content, csv, up="../" * docname.count("/")), format="html")]


def figure_html(figure: dict, csv: str, up: str = "") -> str:
    """The `<figure>` of one plotly figure; its `layout.meta` must name it and describe it.

    csv: where its rows can be downloaded, from the root of the book. up: the way from the page to that root.
    """
    layout = dict(figure["layout"])
    meta = layout["meta"]
    # the rows are shown as a table below: the drawing does not need them a second time
    layout["meta"] = {key: value for key, value in meta.items() if key != "data"}
    config = {**figure.get("config", {}), **_CONFIG}
    spec = json.dumps(
        {"data": figure["data"], "layout": layout, "config": config},
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
    ).replace("<", "\\u003c")  # no text of a figure can close the script element
    alt, name = escape(meta["alt"]), escape(meta["name"])
    height = int(layout.get("height", 450))
    table = meta.get("data") or {"columns": [], "rows": []}
    hint = '<span class="figure-hint">Select a point to see its row.</span>' if addresses(figure) else ""
    return f"""<figure class="skinmet-figure" id="fig-{name}" role="group" aria-label="{alt}">
<div class="figure-plot" style="min-height:{height}px"></div>
<script type="application/json" class="figure-spec">{spec}</script>
<noscript><p class="figure-alt">{alt}</p></noscript>
<figcaption><details class="figure-data"><summary>Data and description</summary>
<p class="figure-alt">{alt}</p>
{table_html(table, up)}
</details>{hint}<a class="figure-csv" href="{up}{csv}" download>Download CSV</a></figcaption>
</figure>"""


def table_html(table: dict, up: str) -> str:
    """The rows behind a figure as an HTML table; a cell that is a row address links to that row."""
    head = "".join(f'<th scope="col">{escape(str(column))}</th>' for column in table["columns"])
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(value, up)}</td>" for value in row) + "</tr>\n" for row in table["rows"]
    )
    return (
        '<div class="skinmet-scroll" role="region" aria-label="Data behind the figure" tabindex="0">'
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


def csv_path(docname: str, name: str) -> str:
    """Where the rows behind a figure can be downloaded, from the root of the book."""
    return f"figures/{docname.rsplit('/', 1)[-1]}-{name}.csv"


def _cell(value: object, up: str) -> str:
    if value is None:
        return ""
    text = escape(str(value))
    return f'<a href="{up}{row_url(text)}">{text}</a>' if ADDRESS.fullmatch(str(value)) else text
