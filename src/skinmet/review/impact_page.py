"""The impact of a change as a page that stands alone: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from skinmet import project
from skinmet.review import impact_text as text
from skinmet.review.changes import RowChange
from skinmet.review.impact import Impact
from skinmet.review.pools import Estimate, Move

PAGE = "_build/impact.html"
WIDTH, ROW, LEFT, RIGHT = 560, 34, 64, 16  # of a drawing: its width, height of a line, margins
BEFORE, AFTER = "#5b6472", "#00795a"
KEY = "Diamond: the average and its 95% interval. Dots: where a new study may fall (prediction interval)."

STYLE = """
body { margin: 2rem auto; padding: 0 1rem; max-width: 46rem; color: #1f2933; background: #fff;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; } h3 { font-size: 1rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: .9rem; }
th:first-child { width: 38%; } th:nth-child(2) { width: 22%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-top: 1px solid #e1e5ea;
  overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: auto; max-width: 35rem; } figure { margin: .5rem 0 1.5rem; }
figcaption, .muted { color: #5b6472; font-size: .9rem; }
"""


def write(impact: Impact, root: Path) -> str:
    """Write the page below `root`, whole or not at all; return its name from there."""
    project.replace(root / PAGE, page(impact).encode())
    return PAGE


def page(impact: Impact) -> str:
    """The page as HTML. Everything that comes from the files is escaped."""
    against = escape(f"{impact.base} ({impact.commit[:7]})")
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>What the change does</title><style>{STYLE}</style></head><body><main>",
        f"<h1>What the change does</h1><p>Compared with {against}: {escape(text.summary(impact))}.</p>",
    ]
    moved = [move for move in impact.moves if move.old or move.new]
    still = [move for move in impact.moves if not (move.old or move.new)]
    key = [f'<p class="muted">{KEY}</p>'] if moved else []
    parts += _section("Pooled estimates", [*key, *map(_figure, moved), *map(_not_pooled, still)])
    parts += _section("Claims whose evidence changed", _claims(impact))
    parts += _section("Notebooks touched", _notebooks(impact))
    parts += _section("Rows", _rows(impact.rows))
    parts += _section("To keep in mind", (f"<p>{escape(note)}</p>" for note in impact.notes))
    return "\n".join([*parts, "</main></body></html>", ""])


def _section(title: str, body: Iterable[str]) -> list[str]:
    body = list(body)
    return [f"<h2>{title}</h2>", *body] if body else []


# Pooled estimates


def _figure(move: Move) -> str:
    n = text.digits(move)
    before = f"Before: {text.in_words(move.old, move.why_no_old, n)}."
    after = f"After: {text.in_words(move.new, move.why_no_new, n)}."
    distance = f" {text.points(move, n)}." if move.points is not None else ""
    words = escape(f"{before} {after}{distance}")
    return (
        f"<figure><h3>{escape(text.name(move))}</h3>{_drawing(move, words)}"
        f"<figcaption>{words}</figcaption></figure>"
    )


def _drawing(move: Move, words: str) -> str:
    """Both estimates over one axis: diamond for the average and its interval, dots for the prediction."""
    both = [estimate for estimate in (move.old, move.new) if estimate]
    low = min(bound for e in both for bound in (e.ci_low, e.pi_low) if bound is not None)
    high = max(bound for e in both for bound in (e.ci_high, e.pi_high) if bound is not None)
    room = 0.05 * (high - low) or 0.01
    low, high = max(0.0, low - room), min(1.0, high + room)

    def x(value: float) -> float:
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    drawn = []
    for number, (name, estimate, colour) in enumerate(
        (("before", move.old, BEFORE), ("after", move.new, AFTER))
    ):
        y = ROW * number + ROW / 2
        drawn.append(f'<text x="0" y="{y + 5}" font-size="14" fill="{colour}">{name}</text>')
        if estimate:
            drawn += _marks(estimate, x, y, colour)
    bottom = 2 * ROW + 4
    drawn.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}" stroke="#aab2bd"/>')
    n = 1 if high - low > 0.02 else 2
    for value, anchor in ((low, "start"), ((low + high) / 2, "middle"), (high, "end")):
        drawn.append(
            f'<text x="{x(value):.1f}" y="{bottom + 17}" font-size="12" fill="{BEFORE}" '
            f'text-anchor="{anchor}">{text.share(value, n)}%</text>'
        )
    return (
        f'<svg viewBox="0 0 {WIDTH} {bottom + 22}" role="img" aria-label="{words}">'
        + "".join(drawn)
        + "</svg>"
    )


def _marks(estimate: Estimate, x, y: float, colour: str) -> Iterator[str]:
    if estimate.pi_low is not None:
        yield (
            f'<line x1="{x(estimate.pi_low):.1f}" x2="{x(estimate.pi_high):.1f}" y1="{y}" y2="{y}" '
            f'stroke="{colour}" stroke-width="2" stroke-dasharray="2 4"/>'
        )
    corners = (
        (estimate.ci_low, y), (estimate.estimate, y - 8), (estimate.ci_high, y), (estimate.estimate, y + 8)
    )  # fmt: skip
    points = " ".join(f"{x(value):.1f},{height}" for value, height in corners)
    yield f'<polygon points="{points}" fill="{colour}"/>'


def _not_pooled(move: Move) -> str:
    reason = escape(move.why_no_new or move.why_no_old)
    return f"<h3>{escape(text.name(move))}</h3><p>The counts changed; {reason}.</p>"


# Everything else


def _claims(impact: Impact) -> Iterator[str]:
    for claim in impact.claims:
        reading = f' <span class="muted">our reading: {escape(claim.reading)}</span>' if claim.reading else ""
        reasons = "".join(f"<li>{escape(reason)}</li>" for reason in claim.reasons)
        yield f"<p><b>{escape(claim.row)}</b> {escape(claim.claim)}{reading}</p><ul>{reasons}</ul>"


def _notebooks(impact: Impact) -> Iterator[str]:
    for touched in impact.notebooks:
        kinds = (
            ("reads", touched.tables),
            ("shows", touched.rows),
            ("cites", touched.works),
            ("draws", touched.figures),
        )
        listed = "".join(f"<li>{what} {escape('; '.join(names))}</li>" for what, names in kinds if names)
        yield f"<p><b>{escape(touched.notebook)}</b></p><ul>{listed}</ul>"


def _rows(changes: list[RowChange]) -> Iterator[str]:
    for file, group in groupby(changes, key=lambda change: change.file):
        yield f"<h3>{escape(file)}</h3>"
        yield "<table><tr><th>row</th><th>column</th><th>before</th><th>after</th></tr>"
        for change in group:
            first = f"{change.kind}: {text.place(change)}"
            for cell in change.cells:
                cells = (first, cell.column, cell.old, cell.new)
                yield f"<tr>{''.join(f'<td>{escape(value)}</td>' for value in cells)}</tr>"
                first = ""
        yield "</table>"
