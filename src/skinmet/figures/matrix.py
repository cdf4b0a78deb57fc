"""A grid of rows and columns with marks in the cells: what is said of which thing, and where nothing is."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from skinmet import wording
from skinmet.figures import style
from skinmet.figures.measure import PHONE, width, wrap

TILE, SMALLEST = 28, 15  # side of a tile in pixels, where there is room and at least
BUBBLE = 38  # diameter of the largest number
LINE = 15  # pixels per line of a name
HEADING = 34
HEADS = (110, 150, 200, 260)  # pixels of a head that stands on end: the first that leaves few enough lines
HOVER_CHARS = 46


class _Grid(NamedTuple):
    """Where rows, headings and columns lie, and the size of the marks."""

    x: dict[str, float]  # centres, 0 to 1
    y: dict[str, float]  # centres, pixels from the bottom
    lines: list[float]  # below each row
    headings: list[tuple[float, str]]
    heads: dict[str, str]
    flat: bool  # the heads lie flat, else they stand on end
    tile: float  # pixels
    across: int  # marks side by side
    height: int
    top: int  # pixels for the heads


def matrix(
    frame: pd.DataFrame,
    *,
    row: str,
    column: str,
    value: str,
    symbols: Mapping[str, tuple[str, str, str]],
    title: str,
    name: str,
    table: str = "",
    rows: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    columns: Sequence[str] | None = None,
    note: str | None = None,
    says: str | None = None,
    size: str | None = None,
    counted: bool = False,
    choices: Mapping[str, Sequence[bool]] | None = None,
    left: float = 0.4,
    empty: str = "",
    subtitle: str = "",
) -> go.Figure:
    """A matrix of tiles with a symbol each, or of circles whose area is a number; an empty cell is a dot.

    frame: one line per mark; `row`, `column`, `value` name the columns that say where and what. Several lines
    of a cell stand side by side. The index is row_id (with `table`) or whole addresses.
    symbols: value -> (symbol, colour, words): the symbol stands on the tile or before the number of a circle
    (there it may be empty), the words in the key.
    rows, columns: all of them in order, also those without a line; a mapping heading -> rows puts headings
    between. Left out: as they first appear. note: column with a few characters for the lower half of a tile,
    as a grade. says: column with a sentence that is shown on pointing. size: column with the numbers for
    circles. counted: circles for the number of lines with one value in a cell; each leads to the first of
    them. choices: name -> which lines to keep, for a menu. left: share of the width for the names of the
    rows. empty: what a dot means, for the key.
    Raises ValueError for no lines, for a value, row or column that is not listed, for a row listed twice, for
    a number that is missing or not above 0, for a choice that does not fit the lines or keeps none, for more
    columns than a phone can show.
    """
    groups = rows if isinstance(rows, Mapping) else {"": list(rows or dict.fromkeys(frame[row]))}
    columns = list(columns or dict.fromkeys(frame[column]))
    lines = _lines(frame, table, row, column, value, note, says, size)
    _refuse(lines, [r for part in groups.values() for r in part], columns, symbols, size)
    kept = choices or {"all": [True] * len(lines)}
    for choice, keep in kept.items():
        if len(keep) != len(lines) or not any(keep):
            raise ValueError(
                f"choice {choice!r} keeps {sum(keep)} of {len(keep)} lines; there are {len(lines)}"
            )
    blocks = [lines[list(keep)] for keep in kept.values()]
    blocks = [_counted(block) for block in blocks] if counted else blocks
    round_ = counted or size is not None
    grid = _grid(groups, columns, blocks, left, BUBBLE if round_ else TILE)
    fig = style.base(title, height=grid.height, subtitle=subtitle)
    _names(fig, grid, left)
    largest = max(float(block["size"].max()) for block in blocks)
    for i, block in enumerate(blocks):
        drawn = _placed(block, grid)
        trace = _circles(drawn, symbols, largest, grid) if round_ else _tiles(drawn, symbols, grid)
        for part in (_dots(drawn, grid), trace):
            part.visible = i == 0
            fig.add_trace(part)
    style.key_below(fig, _key(lines, symbols, round_, empty))
    if len(kept) > 1:
        style.menu(fig, list(kept), [2] * len(kept))
    return style.attach(fig, name, _behind(frame, lines, symbols, size is not None))


def _lines(frame, table, row, column, value, note, says, size) -> pd.DataFrame:
    """The lines under names of our own."""
    return pd.DataFrame(
        {
            "address": [f"{table}:{i}" if table else str(i) for i in frame.index],
            "row": frame[row].astype(str).tolist(),
            "column": frame[column].astype(str).tolist(),
            "value": frame[value].astype(str).tolist(),
            "note": [""] * len(frame) if note is None else frame[note].fillna("").astype(str).tolist(),
            "says": [""] * len(frame) if says is None else frame[says].fillna("").astype(str).tolist(),
            "size": [1.0] * len(frame) if size is None else frame[size].astype(float).tolist(),
        }
    )


def _refuse(lines: pd.DataFrame, rows: list[str], columns: list[str], symbols, size: str | None) -> None:
    if lines.empty:
        raise ValueError("no lines to draw")
    if len(set(rows)) < len(rows):
        raise ValueError(f"row listed twice: {next(r for r in rows if rows.count(r) > 1)}")
    for what, known in (("row", rows), ("column", columns), ("value", symbols)):
        unknown = sorted(set(lines[what]) - set(known))
        if unknown:
            raise ValueError(f"{what} not in the list: {', '.join(unknown)}")
    wrong = lines[~(lines["size"] > 0)]
    if len(wrong):
        raise ValueError(f"{wrong['address'].iloc[0]} has no number above 0 in column {size!r}")


def _counted(lines: pd.DataFrame) -> pd.DataFrame:
    """One line per cell and value: the number of its lines, and the address and words of the first."""
    groups = lines.groupby(["row", "column", "value"], sort=False)
    first = groups[["address", "note", "says"]].first()
    return first.assign(size=groups.size().astype(float), held=groups.size()).reset_index()


def _grid(groups, columns: list[str], blocks: list[pd.DataFrame], left: float, wanted: int) -> _Grid:
    """Heights grow with the lines of a name and the marks of a cell; the width is that of a phone."""
    cell = PHONE * (1 - left) / len(columns)
    tile = min(wanted, cell - 3)
    if tile < SMALLEST:
        raise ValueError(f"{len(columns)} columns are too many for a phone: turn the matrix, or split it")
    across = max(1, int(cell // (tile + 2)))
    in_cells = pd.concat([block.groupby(["row", "column"]).size() for block in blocks])
    deepest = in_cells.groupby("row").max()
    heads, flat, top = _heads(columns, cell)
    tall = {}
    for words in (r for part in groups.values() for r in part):
        deep = -(-int(deepest.get(words, 1)) // across)
        tall[words] = max(LINE * len(wrap(words, left * PHONE, 12)) + 8, deep * (tile + 3) + 5)
    height = int(sum(tall.values())) + HEADING * sum(1 for heading in groups if heading) + top
    y, places, edges, headings = float(height - top), {}, [], []
    for heading, part in groups.items():
        if heading:
            y -= HEADING
            headings.append((y + 11, heading))
        for words in part:
            places[words] = y - tall[words] / 2
            y -= tall[words]
            edges.append(y)
    step = (1 - left) / len(columns)
    x = {words: left + step * (i + 0.5) for i, words in enumerate(columns)}
    return _Grid(x, places, edges[:-1], headings, heads, flat, tile, across, height, top)


def _heads(columns: list[str], cell: float) -> tuple[dict[str, str], bool, int]:
    """The heads, wrapped; flat where every word fits its column, else on end; their height in pixels."""
    heads = {c: wrap(c, cell, 12) for c in columns}
    flat = all(width(line, 12) <= cell for lines in heads.values() for line in lines)
    for long in () if flat else HEADS:
        heads = {c: wrap(c, long, 12) for c in columns}
        if max(len(lines) for lines in heads.values()) * LINE <= cell:
            break
    deep = max(len(lines) for lines in heads.values())
    long = max(width(line, 12) for lines in heads.values() for line in lines)
    joined = {c: "<br>".join(lines) for c, lines in heads.items()}
    return joined, flat, int(LINE * deep if flat else long) + 10


def _names(fig: go.Figure, grid: _Grid, left: float) -> None:
    """Names of rows and columns, headings, and a fine line under each row."""
    fig.update_xaxes(visible=False, range=[0, 1])
    fig.update_yaxes(range=[0, grid.height])
    for words, x in grid.x.items():
        fig.add_annotation(
            x=x, y=grid.height - grid.top + 4, yanchor="bottom", text=grid.heads[words], showarrow=False,
            textangle=0 if grid.flat else -90, align="center" if grid.flat else "left",
            font={"size": 12, "color": style.INK},
        )  # fmt: skip
    for y, words in grid.headings:
        style.text(fig, y, f"<b>{words}</b>", size=13, colour=style.MUTED)
    for words, y in grid.y.items():
        style.text(fig, y, "<br>".join(wrap(words, left * PHONE, 12)), size=12)
    under = {"type": "line", "x0": 0, "x1": 1, "line": {"color": style.GRID, "width": 1}, "layer": "below"}
    fig.update_layout(shapes=[{**under, "y0": y, "y1": y} for y in grid.lines])


def _placed(marks: pd.DataFrame, grid: _Grid) -> pd.DataFrame:
    """The marks with `x` and `y`: side by side where the cell has room, else in lines below one another."""
    cells = marks.groupby(["row", "column"])
    in_cell, number = cells["value"].transform("size"), cells.cumcount()
    xs, ys = [], []
    for r, c, n, i in zip(marks["row"], marks["column"], in_cell, number, strict=True):
        line, place = divmod(i, grid.across)
        here = min(grid.across, n - line * grid.across)
        xs.append(grid.x[c] + (place - (here - 1) / 2) * (grid.tile + 2) / PHONE)
        ys.append(grid.y[r] + ((-(-n // grid.across) - 1) / 2 - line) * (grid.tile + 3))
    return marks.assign(x=xs, y=ys)


def _tiles(drawn: pd.DataFrame, symbols, grid: _Grid) -> go.Scatter:
    colours = [symbols[v][1] for v in drawn["value"]]
    words = [
        symbols[v][0] + (f"<br>{n}" if n else "") for v, n in zip(drawn["value"], drawn["note"], strict=True)
    ]
    small = [len(word) > 2 for word in words]
    return _trace(
        drawn, symbols, words,
        marker={"symbol": "square", "size": grid.tile, "color": colours},
        textposition="middle center",
        textfont={"size": [10 if s else 13 for s in small], "color": [_on(c) for c in colours]},
    )  # fmt: skip


def _circles(drawn: pd.DataFrame, symbols, largest: float, grid: _Grid) -> go.Scatter:
    """Area is in proportion to the number; one that does not fit inside stands beside its circle."""
    wide = (grid.tile * (drawn["size"] / largest) ** 0.5).clip(lower=4)
    colours = [symbols[v][1] for v in drawn["value"]]
    numbers = [symbols[v][0] + wording.number(n) for v, n in zip(drawn["value"], drawn["size"], strict=True)]
    inside = [w >= width(n, 12) + 4 for w, n in zip(wide, numbers, strict=True)]
    ink = [_on(c) if i else style.INK for c, i in zip(colours, inside, strict=True)]
    last = max(grid.x, key=grid.x.get)  # nothing may stand at the right of the last column
    beside = ["middle left" if c == last else "middle right" for c in drawn["column"]]
    return _trace(
        drawn, symbols, numbers,
        marker={"symbol": "circle", "size": wide.tolist(), "color": colours, "opacity": 1},
        textposition=["middle center" if i else b for i, b in zip(inside, beside, strict=True)],
        textfont={"size": 12, "color": ink},
    )  # fmt: skip


def _trace(drawn: pd.DataFrame, symbols, words: list[str], **more) -> go.Scatter:
    return go.Scatter(
        x=drawn["x"].tolist(), y=drawn["y"].tolist(), mode="markers+text", text=words, cliponaxis=False,
        customdata=drawn["address"].tolist(), hovertext=[_hover(m, symbols) for m in drawn.itertuples()],
        hovertemplate="%{hovertext}<extra></extra>", **more,
    )  # fmt: skip


def _hover(mark, symbols) -> str:
    lines = [f"<b>{'<br>'.join(textwrap.wrap(f'{mark.row}: {mark.column}', HOVER_CHARS))}</b>"]
    lines.append(" · ".join(filter(None, [symbols[mark.value][2], mark.note])))
    lines += textwrap.wrap(mark.says, HOVER_CHARS)
    held = getattr(mark, "held", 1)
    more = f" and {held - 1} more" if held > 1 else ""
    return "<br>".join([*lines, f"<i>{mark.address}{more}</i>"])


def _dots(drawn: pd.DataFrame, grid: _Grid) -> go.Scatter:
    filled = set(zip(drawn["row"], drawn["column"], strict=True))
    free = [(r, c) for r in grid.y for c in grid.x if (r, c) not in filled]
    return go.Scatter(
        x=[grid.x[c] for _, c in free], y=[grid.y[r] for r, _ in free], mode="markers", hoverinfo="skip",
        marker={"size": 4, "color": style.FAINT},
    )  # fmt: skip


def _on(colour: str) -> str:
    """White or ink, whichever can be read on the colour."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else style.INK


def _key(lines: pd.DataFrame, symbols, round_: bool, empty: str) -> str:
    used = [symbols[v] for v in symbols if v in set(lines["value"])]
    dots = {colour: f'<span style="color:{colour}">●</span>' for _, colour, _ in used}
    words = [f"{symbol or dots[colour]} {meaning}" for symbol, colour, meaning in used]
    if round_:
        words.append("area: the number")
    return " · ".join([*words, *([f"small dot: {empty}"] if empty else [])])


def _behind(frame: pd.DataFrame, lines: pd.DataFrame, symbols, sized: bool) -> pd.DataFrame:
    """What the table under the figure shows."""
    shown = lines.drop(columns=["value"]).rename(columns={"note": "short", "says": "words"})
    shown.insert(3, "mark", [symbols[v][2] for v in lines["value"]])
    keep = [c for c in shown if c in ("address", "row", "column", "mark") or (shown[c] != "").any()]
    shown = shown[[c for c in keep if c != "size" or sized]]
    return shown.assign(citekey=frame["citekey"].tolist()) if "citekey" in frame else shown
