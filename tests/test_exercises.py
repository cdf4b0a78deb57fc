"""The exercises prove their grading: a solution earns every point, no answer none, a mistake loses its own.

Every run goes through the classroom itself (the student's process, the examiner's process, plain data between
them), without the sandbox, which has tests of its own. All runs of all assignments are done once, by two at a
time.
"""

import copy
import itertools
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import nbformat
import pytest
import yaml

from skinmet.classroom import assignment, contract, variants
from skinmet.classroom.assignment import Assignment
from skinmet.classroom.cells import Part, cells
from skinmet.classroom.execute import Room

ROOT = Path(__file__).parents[1]
NAMES = assignment.names(ROOT)
KINDS = {"number": r"checks\.number\(", "table": r"checks\.frame\(", "function": r"checks\.function\(",
         "figure": r"checks\.figure\(", "choice": r"checks\.(choice|matching|labels)\("}  # fmt: skip

every = pytest.mark.parametrize("name", NAMES)


def source(name):
    return json.loads((ROOT / "exercises" / "source" / name / f"{name}.ipynb").read_text("utf-8"))


def mistakes(name):
    """The wrong answers of an assignment, as a list for each answer cell."""
    found = yaml.safe_load((ROOT / "exercises" / "wrong_answers" / f"{name}.yml").read_text("utf-8"))
    by_answer = {}
    for mistake in found:
        by_answer.setdefault(mistake["question"], []).append(mistake)
    return by_answer


def choices(notebook):
    return next((c.skinmet["choices"] for c in cells(notebook) if c.part is Part.parameters), {})


def with_choices(notebook, turn):
    """The notebook with each parameter set to its choice number `turn` (again from the first)."""
    chosen = copy.deepcopy(notebook)
    for listed in choices(chosen).values():
        listed[:] = [listed[turn % len(listed)]]
    return chosen


def with_answers(notebook, answers):
    """The notebook with the source of some answer cells replaced, by grade_id."""
    changed = copy.deepcopy(notebook)
    for cell in changed["cells"]:
        cell["source"] = answers.get(cell["metadata"]["nbgrader"]["grade_id"], cell["source"])
    return changed


def assigned(notebook, name):
    """The notebook as an assignment, its parameters put in."""
    return Assignment(name, json.dumps(variants.inlined(notebook, name, None)))


def visible(given):
    """The assignment with the checks that a student sees, and no others."""
    return replace(given, source=json.dumps(assignment.student_version(given)))


def plan(name):
    """What to run: {what: (the assignment that grades, the notebook handed in)}."""
    notebook = source(name)
    standard = assigned(notebook, name)
    runs = {
        "solution": (standard, standard.notebook()),
        "untouched": (standard, assignment.student_version(standard)),
        "untouched, visible": (visible(standard), assignment.student_version(standard)),
    }
    by_answer = mistakes(name)
    for turn in range(max(map(len, by_answer.values()))):
        wrong = {answer: found[turn]["code"] for answer, found in by_answer.items() if turn < len(found)}
        runs[f"wrong {turn}"] = standard, assigned(with_answers(notebook, wrong), name).notebook()
    runs["wrong 0, visible"] = visible(standard), runs["wrong 0"][1]
    for turn in range(1, max(map(len, choices(notebook).values()), default=1)):
        other = assigned(with_choices(notebook, turn), name)
        runs[f"choice {turn}"] = other, other.notebook()
        if turn < 3:
            answers = {
                c.grade_id: c.source for c in cells(json.loads(standard.source)) if c.part is Part.answer
            }
            copied = with_answers(json.loads(other.source), answers)
            runs[f"copied {turn}"] = other, nbformat.reads(json.dumps(copied), as_version=4)
    return runs


@pytest.fixture(scope="module")
def runs():
    """Run everything: {(assignment, what): (the assignment, what came of it)}."""
    todo = {(name, what): run for name in NAMES for what, run in plan(name).items()}
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        rooms = SimpleQueue()
        for _ in range(2):
            rooms.put(stack.enter_context(Room(ROOT, sandbox=False)))

        def run(key):
            given, handed_in = todo[key]
            room = rooms.get()
            try:
                return key, (given, room.run(given, handed_in))
            finally:
                rooms.put(room)

        return dict(pool.map(run, todo))


@pytest.fixture(scope="module")
def lost(runs):
    """{(assignment, what): {test: message of the failure}}."""
    return {key: failures(given, done) for key, (given, done) in runs.items()}


def failures(given, execution):
    assert execution.complete and not execution.remarks, execution.remarks
    tests = {question.grade_id for question in given.questions if question.kind == "code"}
    found = {}
    for cell in execution.notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                found[grade_id] = f"stderr: {output.text}"
            elif output.output_type == "error" and grade_id in tests:
                found[grade_id] = f"{output.ename}: {output.evalue}"
    return found


def graded_by_test(name):
    return {cell.grade_id for cell in cells(source(name)) if cell.part is Part.test}


# What an assignment consists of


def test_every_chapter_has_its_exercise():
    chapters = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    assert [name for name in chapters if "01" <= name[:2] <= "08"] == NAMES


def test_every_source_keeps_the_contract():
    assert [str(problem) for problem in assignment.problems(ROOT)] == []


@every
def test_its_parts(name):
    parts = cells(source(name))
    graded = [cell for cell in parts if cell.part in (Part.test, Part.text)]
    texts = sum(cell.part is Part.text for cell in parts)
    assert 6 <= len(graded) <= 10 and 1 <= texts <= 2
    tests = "\n".join(cell.source for cell in parts if cell.part is Part.test)
    assert {kind for kind, pattern in KINDS.items() if not re.search(pattern, tests)} == set()
    assert re.search(r"# (pinned|by hand): \w+", tests), "no expected value comes from print or from a hand"
    short = {p: listed for p, listed in choices(source(name)).items() if len(listed) < 4}
    assert len(short) <= 1 and len(choices(source(name))) >= 4, short


@every
def test_the_words_agree_with_the_points(name):
    parts = cells(source(name))
    points = [int(cell.grade["points"]) for cell in parts if cell.part in (Part.test, Part.text)]
    title = parts[0].source
    assert f"{sum(points)} points in {len(points)} questions" in title
    for words in (
        f"# Exercise {int(name[:2])}. ",
        "**You will** ",
        "**Time.** About ",
        "not medical advice",
        name,
    ):
        assert words in title
    headings = re.findall(
        r"^## .*$", "\n".join(c.source for c in parts if c.kind == "markdown"), re.MULTILINE
    )
    marks = [f"({n} point{'s' if n > 1 else ''})" for n in points]
    assert [heading.rpartition(" (")[2] for heading in headings] == [mark[1:] for mark in marks]
    assert [heading.split()[1] for heading in headings] == [f"Q{i}." for i in range(1, len(points) + 1)]


@every
def test_both_halves_of_a_test_end_in_an_assertion(name):
    for cell in cells(source(name)):
        if cell.part is Part.test:
            last = [line for line in cell.visible.split("\n") if line[:1].strip()][-1]
            assert last.startswith(("assert", ")")), f"{cell.grade_id}: its visible half ends in {last!r}"


@every
def test_its_wrong_answers_name_its_cells(name):
    answers = {cell.grade_id for cell in cells(source(name)) if cell.part is Part.answer}
    by_answer = mistakes(name)
    assert set(by_answer) == answers and all(len(found) >= 2 for found in by_answer.values())
    for mistake in itertools.chain(*by_answer.values()):
        assert set(mistake) == {"question", "mistake", "code", "loses"} and mistake["loses"]
        assert set(mistake["loses"]) <= graded_by_test(name)


@every
def test_the_guide_describes_it(name):
    guide = (ROOT / "exercises" / "guide.md").read_text("utf-8")
    parts = cells(source(name))
    minutes = re.search(r"About (\d+) minutes", parts[0].source)[1]
    points = sum(int(cell.grade["points"]) for cell in parts if cell.part in (Part.test, Part.text))
    texts = " and ".join(f"{cell.grade['points']} points" for cell in parts if cell.part is Part.text)
    question = parts[0].source.split("\n")[0].split(". ", 1)[1]
    assert f"| {name} | {question} | {minutes} | {points} | {texts} |" in guide
    section = guide.split(f"\n### {name}\n")[1].split("\n### ")[0]
    for part in ("**Outcomes.**", "**Time and difficulty.**", "**Common errors.**", "**Marking the text (Q"):
        assert part in section
    asked = {f"Q{number}" for number in range(1, 11)} & set(re.findall(r"Q\d+", section))
    assert len(asked) == sum(cell.part in (Part.test, Part.text) for cell in parts)


# How it is graded


@every
def test_the_solution_earns_every_point(name, lost):
    assert lost[name, "solution"] == {}


@every
def test_the_untouched_release_earns_none(name, lost):
    assert set(lost[name, "untouched"]) == set(lost[name, "untouched, visible"]) == graded_by_test(name)
    unclear = {t: words for t, words in lost[name, "untouched"].items() if not explains(words)}
    assert not unclear


@every
def test_what_the_site_shows_of_an_exercise_needs_no_answer(name, runs):
    """The site shows stored outputs of the given cells: an untouched release computes the same."""
    stored = {cell["id"]: cell["outputs"] for cell in source(name)["cells"] if cell.get("outputs")}
    untouched = {cell.id: cell for cell in runs[name, "untouched"][1].notebook.cells}
    assert {cell.id for cell in untouched.values() if cell.get("outputs")} >= set(stored)
    for cell_id, outputs in stored.items():
        assert [words(o) for o in untouched[cell_id].outputs] == [words(o) for o in outputs], cell_id


def words(output):
    return "".join(output.get("text") or output["data"]["text/plain"]).rstrip()


@every
def test_each_wrong_answer_loses_what_it_should(name, lost):
    by_answer = mistakes(name)
    for turn in range(max(map(len, by_answer.values()))):
        made = [found[turn] for found in by_answer.values() if turn < len(found)]
        expected = {test for mistake in made for test in mistake["loses"]}
        assert set(lost[name, f"wrong {turn}"]) == expected, turn
        unclear = {t: words for t, words in lost[name, f"wrong {turn}"].items() if not explains(words)}
        assert not unclear, turn


def explains(words):
    """A failure that a student can use: a sentence of ours, not what Python or pandas said."""
    return words.startswith("AssertionError: ") and words.rstrip().endswith((".", "?")) and len(words) > 40


@every
def test_the_visible_check_notices_the_first_mistake_of_every_question(name, lost):
    first = {test for found in mistakes(name).values() for test in found[0]["loses"]}
    assert set(lost[name, "wrong 0, visible"]) == first


@every
def test_every_choice_can_be_solved(name, lost):
    for (assigned_name, what), failed in lost.items():
        if assigned_name == name and what.startswith("choice"):
            assert failed == {}, what


@every
def test_answers_copied_from_another_class_fail(name, lost):
    """For each parameter, the answer that names it loses its points in a class with another choice."""
    parts = cells(source(name))
    failed = set(lost[name, "copied 1"]) | set(lost[name, "copied 2"])
    for parameter in choices(source(name)):
        bound = {
            n for c in parts if c.part is Part.answer and parameter in c.names.read for n in c.names.bound
        }
        tests = {c.grade_id for c in parts if c.part is Part.test and bound & set(contract.answers(c, parts))}
        assert tests & failed, f"no test notices that {parameter} was another"


def test_the_proofs_can_fail():
    """A solution handed in to another class, and a test without a message, are noticed."""
    assert not explains("AssertionError: ") and not explains(
        "KeyError: 'a column that nobody has ever seen.'"
    )
    assert explains("AssertionError: share is None: replace None with your answer.")
    assert with_choices({"cells": []}, 1) == {"cells": []}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "exercises" / "source").glob("*/*.ipynb")), ids=lambda path: path.stem
)
def test_formulas_are_plain_text(path):
    """The pages of the site draw no TeX: there `$$` would stand as it is."""
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        assert cell["cell_type"] != "markdown" or "$" not in "".join(cell["source"])
