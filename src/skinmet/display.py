"""Outputs of a notebook that stay the same from run to run, so that strict nbval can compare them.

`show` for figures, `table` for frames, `say` for sentences that quote numbers. Plotly's own renderers store
arrays as base64 and a 7 kB template; here numbers are plain and rounded to six significant digits.
"""

from __future__ import annotations

import base64
import html
import math
import re
import textwrap
from collections.abc import Iterable

import numpy as np
import pandas as pd
from IPython.display import display

_shown: dict[str, None] = {}

PLOTLY = "application/vnd.plotly.v1+json"
_CONFIG = {"responsive": True, "displayModeBar": False, "scrollZoom": False, "doubleClick": False}
_LINK = re.compile(r"\[([^\]]+)\]\((#[\w.:-]+|https://[^)\s]+)\)")


def show(fig, alt: str) -> None:
    """Show a plotly figure. `alt`: what it shows, in words, computed from its data; screen readers read it.

    Stores one mime type for the picture and the words as plain text. Raises ValueError without words.
    """
    words = " ".join(str(alt).split())
    if len(words) < 20:
        raise ValueError("alt must say in a sentence what the figure shows")
    spec = _plain(fig.to_plotly_json())
    spec["layout"]["meta"] = {**spec["layout"].get("meta", {}), "alt": words}
    spec["config"] = _CONFIG
    data = spec["layout"]["meta"].get("data", {"columns": [], "rows": []})
    if "citekey" in data["columns"]:
        _remember(row[data["columns"].index("citekey")] for row in data["rows"])
    display({PLOTLY: spec, "text/plain": words}, raw=True)


def say(words: str) -> None:
    """Show a passage of Markdown whose numbers were just computed."""
    text = textwrap.dedent(words).strip()
    display({"text/markdown": text, "text/plain": text}, raw=True)


def table(
    frame: pd.DataFrame,
    *,
    caption: str = "",
    columns: dict[str, str] | None = None,
    source: str = "",
    limit: int = 60,
) -> None:
    """Show rows as a table. Cells are escaped; a Markdown link `[words](address)` in a cell becomes a link.

    columns: which to show, and the heading of each. source: name of the evidence table, as
    `epidemiology/frequency`; then the index is shown as links to the rows. limit: rows shown; a table cut
    short says so.
    """
    if "citekey" in frame:
        _remember(frame["citekey"].head(limit))
    shown = frame if columns is None else frame[list(columns)].rename(columns=columns)
    head = ([f"<th scope='col'>{_cell(shown.index.name or 'row')}</th>"] if source else []) + [
        f"<th scope='col'{_align(_first(values))}>{_cell(c)}</th>" for c, values in shown.items()
    ]
    body = []
    for key, row in zip(shown.index, shown.itertuples(index=False), strict=True):
        cells = [f"<th scope='row'>{row_link(source, key)}</th>"] if source else []
        cells += [f"<td{_align(v)}>{_cell(v)}</td>" for v in row]
        body.append("<tr>" + "".join(cells) + "</tr>")
        if len(body) == limit:
            break
    more = len(shown) - len(body)
    note = f"<p>{more} more rows are in the table.</p>" if more else ""
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    markup = (
        f"<div class='skinmet-scroll'><table class='skinmet-table'>{title}"
        f"<thead><tr>{''.join(head)}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>{note}"
    )
    plain = shown.head(limit).map(_words).to_string(index=bool(source))
    display({"text/html": markup, "text/plain": f"{caption}\n{plain}".strip()}, raw=True)


def works_shown() -> list[str]:
    """Keys of the works behind the figures and tables shown so far, for the list of references."""
    return list(_shown)


def _remember(keys: Iterable[object]) -> None:
    _shown.update(dict.fromkeys(key for key in keys if isinstance(key, str) and key))


def row_link(source: str, row_id: object) -> str:
    """HTML that leads from a row to the file it stands in; the site turns it into the row's address."""
    address = html.escape(f"{source}:{row_id}", quote=True)
    return (
        f"<a class='skinmet-row' title='{address}' href='../data/{html.escape(source)}.csv'>"
        f"{html.escape(str(row_id))}</a>"
    )


def _words(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return f"{value:.4g}" if abs(value) < 10000 else f"{value:,.0f}"
    return str(value)


def _cell(value: object) -> str:
    return _LINK.sub(r"<a href='\2'>\1</a>", html.escape(_words(value)))


def _align(value: object) -> str:
    numeric = isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)
    return " class='number'" if numeric else ""


def _first(values: pd.Series) -> object:
    """The first value that there is: the heading stands as the values do."""
    there = values.dropna()
    return there.iloc[0] if len(there) else None


def _plain(value: object) -> object:
    """Plain lists and numbers of at most six significant digits: readable diffs, equal on every machine."""
    if isinstance(value, dict) and "bdata" in value:  # how plotly hands over an array
        flat = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
        shape = [int(n) for n in str(value.get("shape", flat.size)).split(",")]
        return _plain(flat.reshape(shape).tolist())
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray | pd.Series):
        return [_plain(v) for v in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return None if not math.isfinite(value) else _six(float(value))
    return None if value is pd.NA else value


def _six(value: float) -> float | int:
    rounded = float(f"{value:.6g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
