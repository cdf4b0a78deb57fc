"""report.html: how a class did, question by question, and what stood in the way."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from statistics import median

from skinmet.classroom.assignment import Assignment, Question
from skinmet.classroom.autograde import FAILED, GRADED, MANUAL
from skinmet.classroom.feedback import Part, heading
from skinmet.classroom.marks import Mark
from skinmet.classroom.pages import template

MOST = 6  # messages and wrong values shown for a question
BINS = 10  # of the distribution of points
_WIDTH, _HEIGHT = 480, 110

_PAGE = """{% extends "frame" %}
{% block title %}Report on the class{% endblock %}
{% macro bar(question) %}
<svg viewBox="0 0 480 14" role="img" aria-label="{{ question.words }}">
{% set shift = namespace(x=0) %}
{% for kind, count in question.shares %}{% set width = 480 * count / question.count %}
<rect x="{{ shift.x|round(1) }}" width="{{ width|round(1) }}" height="14" style="fill: var(--{{ kind }})"/>
{% set shift.x = shift.x + width %}{% endfor %}
</svg>
{% endmacro %}
{% macro histogram(bins) %}
<svg viewBox="0 0 480 110" role="img" aria-label="Points of the graded submissions, from none to all">
{% for count in bins %}{% set height = 72 * count / (bins|max or 1) %}
<rect x="{{ loop.index0 * 48 + 2 }}" y="{{ (90 - height)|round(1) }}" width="44"
 height="{{ height|round(1) }}" style="fill: var(--bar)"/>
{% if count %}<text x="{{ loop.index0 * 48 + 24 }}" y="{{ (87 - height)|round(1) }}" font-size="11"
 text-anchor="middle">{{ count }}</text>{% endif %}
{% endfor %}
<text x="2" y="105" font-size="12">0%</text>
<text x="240" y="105" font-size="12" text-anchor="middle">50%</text>
<text x="478" y="105" font-size="12" text-anchor="end">100% of the points</text>
</svg>
{% endmacro %}
{% block main %}
<h1>Report on the class</h1>
{% for group in groups %}
<section>
<h2><span>{{ group.title }}</span><span class="muted">{{ group.name }}</span></h2>
<p>{{ group.counts.values()|sum }} submission{{ "" if group.counts.values()|sum == 1 else "s" }}:
{% for status, count in group.counts.items() %}
{{ status }} {{ count }}{{ "." if loop.last else ", " }}
{% endfor %}
{% if group.bins|sum %}Median of the graded: {{ group.median|points }} of {{ group.most|points }} points.
{% endif %}</p>
{% if group.seconds %}
<p class="muted">Grading took {{ "%.1f"|format(group.typical) }} s for a typical submission,
{{ "%.1f"|format(group.longest) }} s for the longest, {{ "%.0f"|format(group.seconds) }} s in all.</p>
{% endif %}
{% if group.bins|sum %}{{ histogram(group.bins) }}{% endif %}
{% if group.questions %}
<h3>Questions, the hardest first</h3>
<p class="muted"><span class="good">■</span> all points, <span class="part">■</span> some,
<span class="bad">■</span> none, <span style="color: var(--line)">■</span> to be marked</p>
{% for question in group.questions %}
<h3>{{ question.title }}</h3>
<p class="muted">{{ question.words }}</p>
{{ bar(question) }}
{% if question.messages %}
<table><tr><th class="n">students</th><th>What the check said</th></tr>
{% for message, count in question.messages %}
<tr><td class="n">{{ count }}</td><td>{{ message|plain(300) }}</td></tr>
{% endfor %}</table>
{% endif %}
{% if question.values %}
<table><tr><th class="n">students</th><th>Wrong answer</th></tr>
{% for value, count in question.values %}
<tr><td class="n">{{ count }}</td><td><code>{{ value|plain(200) }}</code></td></tr>
{% endfor %}</table>
{% endif %}
{% endfor %}
{% endif %}
{% if group.failed %}
<h3>Without a mark</h3>
<table><tr><th>Student</th><th>Reason</th></tr>
{% for mark in group.failed %}<tr><td>{{ mark.student|name }}</td><td>{{ mark.reason|plain(600) }}</td></tr>
{% endfor %}</table>
{% endif %}
{% if group.remarked %}
<h3>Graded, with something to know</h3>
<table><tr><th>Student</th><th>Remarks</th></tr>
{% for mark in group.remarked %}<tr><td>{{ mark.student|name }}</td><td>{{ mark.reason|plain(600) }}</td></tr>
{% endfor %}</table>
{% endif %}
</section>
{% endfor %}
{% endblock %}
"""


@dataclass
class _Answers:
    """What a class made of a question."""

    question: Question
    scores: list[float | None] = field(default_factory=list)
    said: Counter = field(default_factory=Counter)
    wrong: Counter = field(default_factory=Counter)

    title = property(lambda self: self.question.title)
    count = property(lambda self: len(self.scores))
    messages = property(lambda self: self.said.most_common(MOST))
    values = property(lambda self: [found for found in self.wrong.most_common(MOST) if found[1] > 1])

    @property
    def share(self) -> float | None:
        """The mean share of the points; None while some wait for a person."""
        if None in self.scores:
            return None
        return sum(self.scores) / len(self.scores) / self.question.points

    @property
    def shares(self) -> list[tuple[str, int]]:
        """How many have all points, some, none, or wait: with the name of the colour."""
        kinds = Counter(
            "line" if s is None else "good" if s >= self.question.points else "part" if s > 0 else "bad"
            for s in self.scores
        )
        return [(kind, kinds[kind]) for kind in ("good", "part", "bad", "line") if kinds[kind]]

    @property
    def words(self) -> str:
        names = {"good": "all points", "part": "some", "bad": "none", "line": "to be marked"}
        counted = ", ".join(f"{count} {names[kind]}" for kind, count in self.shares)
        mean = "" if self.share is None else f"{self.share:.0%} of the points on average; "
        return f"{mean}{counted}"


class Report:
    """Gathers marks one by one and keeps only what it counts, whatever the size of the class."""

    def __init__(self, assignments: dict[str, Assignment]):
        self._assignments = assignments
        self._marks: dict[str, list[Mark]] = defaultdict(list)
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._answers: dict[tuple[str, str], _Answers] = {}

    def add(self, mark: Mark, parts: list[Part], seconds: float) -> None:
        """Count a submission. parts: its questions, none when it failed."""
        self._marks[mark.assignment].append(mark)
        self._seconds[mark.assignment].append(seconds)
        for part in parts:
            place = mark.assignment, part.question.grade_id
            answers = self._answers.setdefault(place, _Answers(part.question))
            answers.scores.append(part.score)
            if part.message:
                answers.said[" ".join(part.message[:300].split())] += 1
                answers.wrong.update(_typed(part))

    def page(self) -> str:
        """The page as HTML, everything escaped."""
        return template(_PAGE).render(
            groups=[self._group(name) for name in sorted(self._marks, key=lambda name: (not name, name))]
        )

    def _group(self, name: str) -> dict:
        found, seconds = self._marks[name], self._seconds[name]
        assignment = self._assignments.get(name)
        counts = Counter(mark.status for mark in found)
        graded = [mark for mark in found if mark.score is not None]
        bins = [0] * BINS
        for mark in graded:
            bins[min(BINS - 1, max(0, int(BINS * mark.score / mark.max_score)))] += 1
        return {
            "name": name,
            "title": heading(assignment) if assignment else "Of no known assignment",
            "counts": {status: counts[status] for status in (GRADED, MANUAL, FAILED) if counts[status]},
            "median": median(mark.score for mark in graded) if graded else None,
            "most": assignment.max_score if assignment else None,
            "bins": bins,
            "questions": sorted((a for key, a in self._answers.items() if key[0] == name), key=_ease),
            "failed": [mark for mark in found if mark.status == FAILED],
            "remarked": [mark for mark in found if mark.status != FAILED and mark.reason],
            "typical": median(seconds),
            "longest": max(seconds),
            "seconds": sum(seconds),
        }


def _ease(answers: _Answers) -> float:
    return 2.0 if answers.share is None else answers.share


def _typed(part: Part) -> set[str]:
    """Wrong answers that were written as plain values, as `answer = "c"`; computed ones are not seen."""
    found = {}
    for cell in part.work:
        try:
            body = ast.parse(cell.source).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for line in body:
            if (
                isinstance(line, ast.Assign)
                and len(line.targets) == 1
                and isinstance(line.targets[0], ast.Name)
            ):
                name = line.targets[0].id
                if name in part.question.answers:
                    try:
                        found[name] = f"{name} = {ast.literal_eval(line.value)!r}"[:200]
                    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                        found.pop(name, None)
    return {text for text in found.values() if not text.endswith(" = None")}
