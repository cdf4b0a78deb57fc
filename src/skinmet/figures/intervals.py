"""Rows of labelled estimates with their intervals: the plain way to show studies side by side."""

from __future__ import annotations

import math

import pandas as pd
import plotly.graph_objects as go

from skinmet import wording
from skinmet.figures import style
from skinmet.figures.measure import PHONE, fit, width, wrap

ROW = 48  # pixels a row takes: its words above, its interval below
HEADING = 34
LINE = 16  # pixels of a second line of words
BETWEEN = 16  # pixels between a label and the figures at its right, room for a dagger included
WORDS_UP = 16  # pixels the words stand above the interval


def intervals(
    frame: pd.DataFrame,
    *,
    title: str,
    x_title: str,
    name: str,
    table: str = "",
    label: str = "study",
    group: str | None = None,
    percent: bool = True,
    log: bool = False,
    x_range: tuple[float, float] | None = None,
    band: tuple[float, float, str] | None = None,
    line: tuple[float, str] | None = None,
    claimed: str | None = None,
    subtitle: str = "",
    unit: str = "",
) -> go.Figure:
    """Studies side by side, one row each, in the order given; nothing is pooled.

    frame: evidence rows (index: row_id) with `estimate`, and where known `ci_low`, `ci_high` (same scale),
    `events`, `total`, `unit`, `seen_as`, `count_basis`, `status`, `statistic`, `borrowed`. table: its name,
    for the row addresses; leave it out where the index holds whole addresses. label: column with the words
    above each interval. group: column whose values become headings (rows must be sorted by it). percent:
    estimates are shares from 0 to 1. log: logarithmic axis (an estimate of 0 sits at its left end). band:
    (low, high, words), a shaded range for what an article claims. claimed: column with the value someone
    prints for the row's question (a cross), empty where nobody does. line: (value, words), a reference line
    as at 1 for ratios. unit: written after plain numbers.
    """
    if frame.empty:
        raise ValueError("no rows to draw")
    data = prepared(frame, table, percent, unit)
    places, headings, height = row_places(frame, group, extra_lines(data, label))
    fig = style.base(title, height=height, x_title=x_title, subtitle=subtitle)
    extra = pd.concat([pd.Series(band[:2] if band else [], dtype=float), data[claimed] if claimed else None])
    low, high = x_range or axis_range(data, log, percent, extra)
    drawn = data.assign(
        estimate=data["estimate"].clip(lower=low), ci_low=data["ci_low"].clip(lower=low),
        ci_high=data["ci_high"].clip(upper=high),
    )  # fmt: skip
    if band:
        _band(fig, band, (low, high), height, log)
    if line:
        fig.add_vline(x=line[0], line={"color": style.MUTED, "width": 1, "dash": "dot"})
        _above(fig, line[0], (low, high), height, line[1], style.MUTED, log)
    for y, words in headings:
        style.text(fig, y, f"<b>{words}</b>", size=13, colour=style.MUTED)
    for y, (_, row) in zip(places, data.iterrows(), strict=True):
        write_row(fig, y, row, label, lines=2)
    symbols, colours, key = style.marks(frame)
    fig.add_trace(points(drawn, places, symbols, colours))
    if claimed:
        fig.add_trace(_claims(data, places, claimed, percent))
        key = " · ".join(filter(None, [key, "✕ as printed elsewhere"]))
    draw_axis(fig, low, high, log, percent)
    fig.update_yaxes(range=[0, height])
    style.key_below(fig, with_dagger(key))
    return style.attach(fig, name, columns_behind(data, label))


def with_dagger(key: str) -> str:
    """The key where `write_row` wrote the rows: borrowed ones carry a dagger, seen without colour as well."""
    return key.replace("purple:", "† purple:")


def write_row(fig: go.Figure, y: float, row: pd.Series, label: str, *, lines: int = 1) -> None:
    """The words above an interval: left whose it is, in up to `lines` lines; right the figures."""
    words = label_lines(row, label, lines)
    if row.get("borrowed") is True:
        words[-1] += f' <span style="color:{style.BORROWED}">†</span>'
    style.text(fig, y, "<br>".join(words), shift=WORDS_UP + LINE * (len(words) - 1) // 2)
    style.text(fig, y, row["shown"], x=1, anchor="right", shift=WORDS_UP, size=12)


def label_lines(row: pd.Series, label: str, lines: int) -> list[str]:
    """The label broken where the figures at its right begin, in as many lines as allowed; the rest is cut."""
    room = PHONE - width(row["shown"], 12) - BETWEEN
    words = wrap(str(row[label]), room)
    if len(words) <= lines:
        return words
    return [*words[: lines - 1], fit(" ".join(words[lines - 1 :]), room)]


def extra_lines(data: pd.DataFrame, label: str) -> list[int]:
    """Pixels each row needs on top of ROW because its label takes a second line."""
    return [LINE * (len(label_lines(row, label, 2)) - 1) for _, row in data.iterrows()]


def points(data: pd.DataFrame, places: list[float], symbols, colours, *, visible: bool = True) -> go.Scatter:
    """One trace of estimates with their intervals, hover text and row addresses."""
    return go.Scatter(
        x=data["estimate"].tolist(), y=places, mode="markers", visible=visible,
        marker={"symbol": symbols, "color": colours, "size": 11, "line": {"width": 2, "color": colours}},
        error_x={"type": "data", "symmetric": False, "thickness": 2, "width": 0, "color": style.MUTED,
                 "array": (data["ci_high"] - data["estimate"]).fillna(0).tolist(),
                 "arrayminus": (data["estimate"] - data["ci_low"]).fillna(0).tolist()},
        customdata=data["address"].tolist(), text=data["hover"].tolist(),
        hovertemplate="%{text}<extra></extra>", cliponaxis=False,
    )  # fmt: skip


def _claims(data: pd.DataFrame, places: list[float], claimed: str, percent: bool) -> go.Scatter:
    has = data[claimed].notna()
    values = data.loc[has, claimed].astype(float)
    words = [f"as printed: {wording.percent(v) if percent else wording.number(v)}" for v in values]
    return go.Scatter(
        x=values.tolist(), y=[p for p, h in zip(places, has, strict=True) if h], mode="markers",
        marker={"symbol": "x-thin", "size": 12, "line": {"width": 3, "color": style.CLAIM}},
        text=words, hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def columns_behind(data: pd.DataFrame, label: str) -> pd.DataFrame:
    """What the table under the figure shows: address, label, counts, estimate, interval, how it was seen."""
    wanted = ["address", label, "events", "total", "unit", "estimate", "ci_low", "ci_high", "statistic",
              "count_basis", "seen_as", "citekey"]  # fmt: skip
    return data[[c for c in wanted if c in data and data[c].notna().any()]]


def prepared(frame: pd.DataFrame, table: str, percent: bool, unit: str) -> pd.DataFrame:
    """The rows with address, hover text and the words shown at the right."""
    data = frame.copy()
    for column in ("ci_low", "ci_high"):
        data[column] = data.get(column, pd.Series(float("nan"), index=data.index)).astype(float)
    data["estimate"] = data["estimate"].astype(float)
    if data["estimate"].isna().any():
        raise ValueError(f"row {data.index[data['estimate'].isna()][0]} has no estimate to draw")
    data["address"] = [f"{table}:{row_id}" if table else row_id for row_id in data.index]
    data["shown"] = [shown_figures(row, percent, unit) for _, row in data.iterrows()]
    data["hover"] = [_hover(row, percent, unit) for _, row in data.iterrows()]
    return data


def shown_figures(row: pd.Series, percent: bool, unit: str) -> str:
    """The words at the right of a row: counts, estimate, interval."""
    value = (
        wording.percent(row.estimate)
        if percent
        else wording.number(row.estimate) + (unit if unit in ("", "%") else f" {unit}")
    )
    if pd.notna(row.ci_low):
        value += f" ({wording.span(row.ci_low, row.ci_high, percent)})"
    counts = f"{row.events}/{row.total} · " if _has(row, "events") and _has(row, "total") else ""
    return counts + value


def _hover(row: pd.Series, percent: bool, unit: str) -> str:
    lines = [f"<b>{wording.short(row.get('study', row['address']), 60)}</b>"]
    if _has(row, "population"):
        lines.append(wording.short(str(row["population"]).replace("_", " "), 60))
    if _has(row, "events") and _has(row, "total"):
        lines.append(f"{row['events']} of {row['total']} {row.get('unit', '')}")
    lines.append(shown_figures(row.drop(labels=["events"], errors="ignore"), percent, unit))
    if _has(row, "statistic"):
        lines.append(str(row["statistic"]))
    if row.get("count_basis") == "derived":
        lines.append("numerator worked out, not printed")
    read = {"fulltext": "full text", "abstract": "abstract", "secondary": "second-hand, in a later work"}
    lines.append(f"read in: {read.get(row.get('seen_as'), 'not stated')}")
    if row.get("status") == "incomplete":
        lines.append("reference incomplete")
    lines.append(f"<i>{row['address']}</i>")
    return "<br>".join(lines)


def _has(row: pd.Series, column: str) -> bool:
    return column in row.index and pd.notna(row[column]) and row[column] != ""


def row_places(
    frame: pd.DataFrame, group: str | None, extra: list[int] | None = None
) -> tuple[list[float], list[tuple[float, str]], int]:
    """Heights from the bottom, in pixels, for rows and headings (in lines), and the height of all."""
    groups = [None] * len(frame) if group is None else frame[group].tolist()
    extra = extra or [0] * len(frame)
    heads = {
        i: wrap(str(g), PHONE, bold=True)
        for i, g in enumerate(groups)
        if g is not None and (i == 0 or g != groups[i - 1])
    }
    height = ROW * len(groups) + sum(extra) + sum(HEADING + LINE * (len(h) - 1) for h in heads.values()) + 14
    y, places, headings = float(height), [], []
    for i in range(len(groups)):
        if i in heads:
            more = LINE * (len(heads[i]) - 1)
            y -= HEADING + more
            headings.append((y + 12 + more / 2, "<br>".join(heads[i])))
        y -= ROW + extra[i]
        places.append(y + 12)
    return places, headings, height


def axis_range(data: pd.DataFrame, log: bool, percent: bool, extra: pd.Series) -> tuple[float, float]:
    """Both ends of the axis, so that rows, intervals and the values in `extra` fit."""
    values = pd.concat([data["estimate"], data["ci_low"], data["ci_high"], extra]).dropna().astype(float)
    top = float(values.max()) * (1.25 if log else 1.04)
    if log:
        return float(values[values > 0].min()) / 1.6, min(top, 1.0) if percent else top
    bottom = min(0.0, float(values.min()) * 1.04)
    return bottom, min(top, 1.0) if percent else top


def draw_axis(fig: go.Figure, low: float, high: float, log: bool, percent: bool) -> None:
    """The horizontal axis with its ticks; a logarithmic one gets fewer the longer it is."""
    if log:
        digits = (1, 3) if high / low > 12 else (1, 1.5, 2, 3, 5, 7)
        steps = [d * 10.0**e for e in range(-6, 6) for d in digits if low <= d * 10.0**e <= high]
        words = [wording.number(100 * v) + "%" if percent else wording.number(v) for v in steps]
        fig.update_xaxes(
            type="log", range=[math.log10(low), math.log10(high)], tickvals=steps, ticktext=words
        )
    else:
        pad = (high - low) * 0.015
        fig.update_xaxes(range=[low - pad, high + pad], nticks=6, tickformat=".0%" if percent else None)
        if percent and high <= 0.06:
            fig.update_xaxes(tickformat=".1~%")


def _band(
    fig: go.Figure, band: tuple[float, float, str], ends: tuple[float, float], height: int, log: bool
) -> None:
    low, high, words = band
    fig.add_vrect(x0=low, x1=high, fillcolor=style.CLAIM, opacity=0.16, line_width=0, layer="below")
    _above(fig, high, ends, height, words, style.CLAIM, log)


def _above(
    fig: go.Figure, x: float, ends: tuple[float, float], height: int, words: str, colour: str, log: bool
) -> None:
    """Words over the plotting area at a value of the axis, which runs between `ends`: they stay inside."""
    # an annotation on a logarithmic axis takes the logarithm as its place
    place, low, high = (math.log10(v) if log else v for v in (x, *ends))
    share = (place - low) / (high - low)
    anchor = "left" if share < 1 / 3 else "right" if share > 2 / 3 else "center"
    fig.add_annotation(x=place, xref="x", xanchor=anchor, y=height, yref="y",
                       yanchor="bottom", text=words, showarrow=False,
                       font={"size": 12, "color": colour})  # fmt: skip
    style.grow_top(fig, 18)
