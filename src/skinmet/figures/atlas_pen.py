"""The pen of the atlas: areas, lines, dots and labels, and how they become plotly traces.

A drawing is a list of marks in its own coordinates, y downwards. Outline and hatching carry the meaning, and
colour only adds to it, so that a drawing can be read in greyscale.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import plotly.graph_objects as go

from skinmet.figures import style

# Colours of the drawings: those that the descriptions name, each of another lightness.
SKIN, PINK, RED, VIOLET, BROWN, DARK = "#ecd2b8", "#dc9a8c", "#bb5450", "#6d2f63", "#8a5a3c", "#35231f"
PALE = "#fffaf5"

Points = list[tuple[float, float]]


class Ink(NamedTuple):
    """Pieces drawn alike: areas where there is a `fill`, else lines. `hatch`: a plotly fill pattern."""

    pieces: list[Points]
    fill: str | None = None
    line: str | None = style.INK
    width: float = 1.2
    dash: str = "solid"
    hatch: str = ""
    smooth: bool = True


class Dots(NamedTuple):
    """Small round things; `size` in pixels at full scale. Hollow where `fill` is None."""

    points: Points
    size: float
    fill: str | None = style.INK
    line: str = style.INK


class Note(NamedTuple):
    """A short label that begins at `at`, with a line from there to the thing it names."""

    words: str
    at: tuple[float, float]
    to: tuple[float, float]


Mark = Ink | Dots | Note


class Place(NamedTuple):
    """Where a drawing goes: its origin on the axes of the figure, and its scale."""

    x: float = 0
    y: float = 0
    scale: float = 1


def ring(
    x: float, y: float, rx: float, ry: float | None = None, *, wobble: float = 0, waves: int = 3
) -> Points:
    """A closed outline around a centre: an ellipse, or with `wobble` (a share of the radius) uneven."""
    ry = rx if ry is None else ry
    count = max(8, 4 * waves) if wobble else 8
    points = []
    for i in range(count):
        angle = 2 * math.pi * i / count
        r = 1 + wobble * math.sin(waves * angle + x + y)  # the centre decides the phase: no two alike
        points.append((x + rx * r * math.cos(angle), y + ry * r * math.sin(angle)))
    return points


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, count: int = 6) -> Points:
    """Part of an ellipse between two angles in degrees (0 = right, 90 = down)."""
    steps = [math.radians(start + (end - start) * i / (count - 1)) for i in range(count)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in steps]


def box(x: float, y: float, width: float, height: float) -> Points:
    """A rectangle; draw it with `smooth=False`."""
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def strew(count: int, x: float, y: float, rx: float, ry: float) -> Points:
    """Points spread evenly over an ellipse, without randomness (a sunflower spiral)."""
    turn = math.pi * (3 - math.sqrt(5))
    radii = [math.sqrt((i + 0.5) / count) for i in range(count)]
    return [(x + rx * r * math.cos(i * turn), y + ry * r * math.sin(i * turn)) for i, r in enumerate(radii)]


def traces(marks: list[Mark], place: Place, *, notes: bool = True) -> list[go.Scatter]:
    """One trace per mark, in order; all labels together, last. Without `notes` the labels are left out."""
    labels = [m for m in marks if isinstance(m, Note)]
    things = [m for m in marks if not isinstance(m, Note)]
    drawn = [_ink(m, place) if isinstance(m, Ink) else _dots(m, place) for m in things]
    if labels and notes:
        x, y = _xy([[m.at, m.to] for m in labels], place, closed=False)
        drawn.append(_scatter(x, y, mode="lines", line={"color": style.INK, "width": 1}))
        x, y = _xy([[m.at for m in labels]], place, closed=False)
        drawn.append(_scatter(
            x, y, mode="text", text=[f" {m.words}" for m in labels], textposition="middle right",
            textfont={"size": 11, "color": style.INK},
        ))  # fmt: skip
    return drawn


def _ink(mark: Ink, place: Place) -> go.Scatter:
    x, y = _xy(mark.pieces, place, closed=mark.fill is not None)
    line = {"color": mark.line or mark.fill, "dash": mark.dash,
            "width": round(mark.width * max(place.scale, 0.7), 2) if mark.line else 0,
            "shape": "spline" if mark.smooth else "linear"}  # fmt: skip
    if mark.fill is None:
        return _scatter(x, y, mode="lines", line=line)
    if not mark.hatch:
        return _scatter(x, y, mode="lines", line=line, fill="toself", fillcolor=mark.fill)
    pattern = {"shape": mark.hatch, "bgcolor": mark.fill, "fgcolor": style.INK, "size": 5, "solidity": 0.25}
    return _scatter(x, y, mode="lines", line=line, fill="toself", fillpattern=pattern)


def _dots(mark: Dots, place: Place) -> go.Scatter:
    x, y = _xy([mark.points], place, closed=False)
    marker = {"size": round(mark.size * place.scale, 1), "color": mark.fill or "rgba(0,0,0,0)",
              "line": {"color": mark.line, "width": 1}}  # fmt: skip
    return _scatter(x, y, mode="markers", marker=marker)


def _scatter(x: list, y: list, **kind: object) -> go.Scatter:
    return go.Scatter(x=x, y=y, hoverinfo="skip", cliponaxis=False, **kind)


def _xy(pieces: list[Points], place: Place, *, closed: bool) -> tuple[list, list]:
    """Coordinates of all pieces on the axes, a gap between two; areas end where they began."""
    x, y = [], []
    for piece in pieces:
        points = [*piece, piece[0]] if closed else piece
        x += [round(place.x + place.scale * px, 1) for px, _ in points] + [None]
        y += [round(place.y + place.scale * py, 1) for _, py in points] + [None]
    return x[:-1], y[:-1]
