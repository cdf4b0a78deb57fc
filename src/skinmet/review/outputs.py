"""What changed in the outputs of a notebook, for a reader: sentences, cells of tables, points of figures."""

from __future__ import annotations

import difflib
import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest

from skinmet.review import notebook as files

PLOTLY = "application/vnd.plotly.v1+json"
SHOWN = 5  # changes told of one output; the rest are counted
CONTEXT = 5  # words shown on either side of what changed


def differences(old: dict, new: dict) -> list[str]:
    """One line for each change between two states of a notebook, old -> new, in the order of the page."""
    before = {cell["id"]: cell for cell in files.code_cells(old)}
    lines = []
    for number, cell in enumerate(files.code_cells(new), 1):
        was = before[cell["id"]]["outputs"] if cell["id"] in before else []
        for one, other in zip_longest(was, cell["outputs"], fillvalue={}):
            found = list(_output(one, other))
            lines += [f"code cell {number}: {line}" for line in found[:SHOWN]]
            if len(found) > SHOWN:
                lines.append(f"code cell {number}: and {len(found) - SHOWN} more changes like this")
    return lines


def _output(old: dict, new: dict) -> Iterator[str]:
    if old == new:
        return
    before, after = old.get("data", {}), new.get("data", {})
    if PLOTLY in before or PLOTLY in after:
        yield from _figure(before.get(PLOTLY, {}), after.get(PLOTLY, {}))
    elif "text/html" in before or "text/html" in after:
        yield from _table(_text(before.get("text/html")), _text(after.get("text/html")))
    else:
        yield from _sentences(_words(old), _words(new))


def _text(source: str | list[str] | None) -> str:
    return source if isinstance(source, str) else "".join(source or ())


def _words(output: dict) -> str:
    data = output.get("data", {})
    return _text(data.get("text/markdown", data.get("text/plain", output.get("text"))))


# Sentences


def _sentences(old: str, new: str) -> Iterator[str]:
    a, b = (re.split(r"(?<=[.!?;])\s+|\n+", text.strip()) for text in (old, new))
    for kind, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind != "equal":
            for one, other in zip_longest(a[i:j], b[k:m], fillvalue=""):
                if one or other:
                    yield " -> ".join(_around_change(one, other))


def _around_change(old: str, new: str) -> tuple[str, str]:
    """Both sentences, cut down to the words that differ and a few around them."""
    a, b = old.split(), new.split()
    start = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    first, last = max(0, start - CONTEXT), max(0, end - CONTEXT)
    return _cut(a, first, last), _cut(b, first, last)


def _cut(words: list[str], first: int, last: int) -> str:
    if not words:
        return "nothing"
    kept = words[first : len(words) - last]
    return "“" + "… " * bool(first) + " ".join(kept) + " …" * bool(last) + "”"


# Tables


def _table(old: str, new: str) -> Iterator[str]:
    caption = re.search(r"<caption>(.*?)</caption>", new or old, re.DOTALL)
    name = f"table “{_plain(caption[1])}”" if caption else "table"
    a, b = _rows(old), _rows(new)
    for kind, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        for one, other in zip_longest(a[i:j], b[k:m], fillvalue=()):
            if not one or not other:
                yield f"{name}: row {'added' if other else 'removed'}: {', '.join((other or one)[:3])}"
                continue
            for x, y in zip_longest(one, other, fillvalue=""):
                if x != y:
                    yield f"{name}, {other[0]}: {x or 'empty'} -> {y or 'empty'}"
    if a == b:
        yield f"{name}: another form, the same cells"


def _rows(markup: str) -> list[tuple[str, ...]]:
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", markup, re.DOTALL)
    return [
        tuple(_plain(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL))
        for row in rows
    ]


def _plain(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


# Figures


def _figure(old: dict, new: dict) -> Iterator[str]:
    meta = (new or old).get("layout", {}).get("meta", {})
    name = f"figure “{meta['name']}”" if meta.get("name") else "figure"
    if not old or not new:
        yield f"{name} {'added' if new else 'removed'}"
        return
    before, after = (Counter(_points(figure.get("data", []))) for figure in (old, new))
    changed = max((after - before).total(), (before - after).total())
    if changed:
        yield f"{name}: points changed: {changed} of {max(after.total(), before.total())}"
    words = [figure.get("layout", {}).get("meta", {}).get("alt", "") for figure in (old, new)]
    yield from (f"{name}: {line}" for line in _sentences(*words))
    if not changed and words[0] == words[1]:
        yield f"{name}: another form, the same points"


def _points(traces: list[dict]) -> Iterator[str]:
    """Every point of a figure, as text: what stands at one place in the lists of a trace."""
    for number, trace in enumerate(traces):
        columns = dict(_lists(trace))
        if "z" in columns:
            yield from (json.dumps([number, i, value]) for i, row in enumerate(columns["z"]) for value in row)
            continue
        length = max(map(len, columns.values()), default=0)
        whole = [column for _, column in sorted(columns.items()) if len(column) == length]
        yield from (json.dumps([number, *values], sort_keys=True) for values in zip(*whole, strict=True))


def _lists(part: dict, prefix: str = "") -> Iterator[tuple[str, list]]:
    for key, value in part.items():
        if isinstance(value, dict):
            yield from _lists(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            yield f"{prefix}{key}", value
