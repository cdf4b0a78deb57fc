"""What a student gets back: a page for each submission, which shows their work and runs nothing of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from skinmet.classroom.assignment import Assignment, Question
from skinmet.classroom.marks import Mark
from skinmet.classroom.pages import template
from skinmet.classroom.shown import IMAGE, TEXT

MOST_OUTPUT = 4_000  # characters of a cell's output
MOST_OUTPUTS = 20  # of a cell

_PAGE = """{% extends "frame" %}
{% block title %}{{ title }}: feedback{% endblock %}
{% block main %}
<p class="muted">Feedback for {{ mark.student|name }}</p>
<h1>{{ title }}</h1>
{% if mark.status == "failed" %}
<p class="total bad">Not graded</p>
<p>This submission has no mark, which is not the same as zero points. The reason:</p>
{% elif mark.score is not none %}
<p class="total">{{ mark.score|points }} of {{ mark.max_score|points }} points</p>
{% else %}
<p class="total">{{ sofar|points }} of {{ mark.max_score|points }} points so far</p>
<p class="muted">{{ waiting }} of the questions {{ "waits" if waiting == 1 else "wait" }}
for a person to mark.</p>
{% endif %}
{% if reasons %}<div class="note">{% for line in reasons %}
<p>{{ line|plain(600) }}</p>
{% endfor %}</div>{% endif %}
{% for part in parts %}
<section>
<h2><span>{{ part.question.title }}</span>
{% if part.score is none %}<span class="part">to be marked</span>
{% else %}<span class="{{ part.kind }}">{{ part.score|points }} of {{ part.question.points|points }}</span>
{% endif %}</h2>
{% if part.message %}<div class="said"><p>{{ part.message|plain(2000) }}</p></div>{% endif %}
{% for comment in part.comments %}<div class="marker">{{ comment|plain(4000) }}</div>{% endfor %}
{% for cell in part.work %}
<pre{{ " class=prose" if part.question.kind == "text" }}>{{ cell.source|plain }}</pre>
{% for kind, content in cell.outputs %}
{% if kind == "image" %}<img src="data:image/png;base64,{{ content }}" alt="a figure of yours">
{% else %}<pre class="out{{ ' bad' if kind == 'error' }}">{{ content|plain(most) }}</pre>{% endif %}
{% endfor %}
{% else %}<p class="muted">There is no answer here.</p>
{% endfor %}
</section>
{% endfor %}
{% endblock %}
"""


@dataclass
class Cell:
    """A cell of a student's. outputs: pairs of (text, error or image) and content."""

    grade_id: str | None
    source: str
    outputs: list[tuple[str, str]]


@dataclass
class Part:
    """A question with what a student did about it. message: why points were lost, as the check says it."""

    question: Question
    work: list[Cell]
    message: str
    score: float | None = None
    comments: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """How good the score is."""
        if not self.score:
            return "bad"
        return "good" if self.score >= self.question.points else "part"


def page(mark: Mark, reasons: Sequence[str], assignment: Assignment | None, parts: list[Part]) -> str:
    """The page as HTML. Everything is escaped; the tests' source is not shown."""
    scores = [part.score for part in parts]
    return template(_PAGE).render(
        mark=mark,
        reasons=reasons,
        title=heading(assignment) if assignment else "A submission",
        parts=parts,
        sofar=sum(score for score in scores if score is not None),
        waiting=scores.count(None),
        most=MOST_OUTPUT,
    )


def parts(assignment: Assignment, notebook: dict) -> list[Part]:
    """The questions with the cells that were written since the question before. notebook: as plain JSON."""
    known = {question.grade_id: question for question in assignment.questions}
    found, work = {}, []
    for cell in notebook["cells"]:
        meta = cell["metadata"].get("nbgrader", {})
        name = meta.get("grade_id")
        if name in known and known[name].kind == "code":
            found[name] = Part(known[name], work, _message(cell))
            work = []
        elif name in known:
            found[name] = Part(known[name], [_cell(cell)] if cell["source"].strip() else [], "")
            work = []
        elif cell["source"].strip() and not meta.get("locked"):
            work.append(_cell(cell))
    return [found[name] for name in known if name in found]


def fill(parts: list[Part], mark: Mark, comments: dict[str, str]) -> None:
    """Enter the scores, and what a person wrote about the cells of each question."""
    for part in parts:
        part.score = mark.questions[part.question.grade_id]
        names = dict.fromkeys([*(cell.grade_id for cell in part.work), part.question.grade_id])
        part.comments = [comments[name] for name in names if name in comments]


def heading(assignment: Assignment) -> str:
    """The title of the exercise: its first heading."""
    for cell in json.loads(assignment.source)["cells"]:
        if cell["cell_type"] == "markdown" and cell["source"].startswith("#"):
            return cell["source"].split("\n")[0].lstrip("# ").strip()
    return assignment.name


def _cell(cell: dict) -> Cell:
    name = cell["metadata"].get("nbgrader", {}).get("grade_id")
    return Cell(name, cell["source"], list(_outputs(cell)))


def _outputs(cell: dict) -> Iterator[tuple[str, str]]:
    """Text, errors and images of a cell whose outputs were trimmed; an image rather than its text."""
    outputs = cell.get("outputs", [])
    for output in outputs[:MOST_OUTPUTS]:
        data = output.get("data", {})
        if output["output_type"] == "stream":
            yield "text", output["text"]
        elif output["output_type"] == "error":
            yield "error", "\n".join(output["traceback"]) or f"{output['ename']}: {output['evalue']}"
        elif IMAGE in data:
            yield "image", data[IMAGE]
        else:
            yield "text", data[TEXT]
    if len(outputs) > MOST_OUTPUTS:
        yield "text", f"… and {len(outputs) - MOST_OUTPUTS} more outputs"


def _message(test: dict) -> str:
    """What the check said when it failed: the first error of the test cell."""
    for output in test["outputs"]:
        if output["output_type"] == "error":
            evalue = output["evalue"] or "the check failed"
            return evalue if output["ename"] == "AssertionError" else f"{output['ename']}: {evalue}"
    return ""
