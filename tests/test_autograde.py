"""One submission: mended, graded by nbgrader's rules, and what plain nbgrader makes of the same files."""

import json
import sqlite3
import subprocess

import nbformat
import pytest
from nbgrader.api import Gradebook

import small_class
from skinmet.classroom import autograde, mend
from skinmet.classroom.assignment import load
from skinmet.classroom.autograde import FAILED, GRADED, MANUAL, Task, grade_one, versions
from skinmet.classroom.execute import Execution, Limits
from skinmet.classroom.mend import Unreadable, parse
from small_class import find, hand_in, work

RIGHT = {"q1_share_test": 2.0, "q2_double_test": 3.0, "q3_letter_test": 1.0}
LIMITS = Limits(cell_seconds=30, submission_seconds=60)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return small_class.project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def assignment(root):
    return load(small_class.NAME, root)


@pytest.fixture(scope="module")
def grade(root, assignment):
    """Grade a notebook in this process, in a room that all tests of this file share."""

    def graded(notebook):
        content = notebook if isinstance(notebook, bytes) else nbformat.writes(notebook).encode()
        return grade_one(Task("ann", assignment, content), limits=LIMITS, root=root)

    yield graded
    autograde.leave_room()


def mended(notebook, assignment):
    """The notebook after mending, and what was said about it."""
    notebook = parse(nbformat.writes(notebook).encode())
    said = mend.mend(notebook, *versions(assignment))
    return notebook, said


def ids(notebook):
    return [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]


# Reading


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xff\xfe\x00", "UnicodeDecodeError"),
        (b"my answer is 3", "JSONDecodeError"),
        (b"[" * 100_000, "RecursionError"),
        (b"[1, 2]", "TypeError"),
        (b'{"cells": {}, "nbformat": 4}', "not a sound notebook"),
        (b'{"cells": [{"cell_type": "code"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "sound"),
        (b'{"cells": [{"cell_type": "spam", "source": "", "metadata": {}}], "nbformat": 4}', "sound"),
        (b'{"nbformat": 3, "worksheets": []}', "KeyError: 'cells'"),
        (b'{"cells": [], "metadata": {}, "nbformat": "4"}', "not a sound notebook"),
        (b'{"cells": [], "metadata": {}, "nbformat": 99, "nbformat_minor": 0}', "not a sound notebook"),
        (b'{"a": %s}' % (b"9" * 5000), "ValueError"),
        (json.dumps({"cells": [{}] * 401, "nbformat": 4}).encode(), "401 cells"),
        (b" " * 20_000_000 + b"{", "larger than 20 MB"),
    ],
)
def test_what_is_no_notebook_is_refused_with_a_reason(content, reason):
    with pytest.raises(Unreadable, match=reason):
        parse(content)


def test_a_notebook_is_read_the_same_each_time_without_outputs(root):
    notebook = work(root)
    find(notebook, "q1_share").outputs = [nbformat.v4.new_output("stream", text="x" * 1000)]
    for cell in notebook.cells:
        cell.pop("id")
    notebook.nbformat_minor = 2
    content = nbformat.writes(notebook).encode()
    assert parse(content) == parse(b"\xef\xbb\xbf" + content)
    assert not any(cell.get("outputs") for cell in parse(content).cells)


def test_half_a_surrogate_pair_does_not_stop_the_grading(root):
    notebook = json.loads(nbformat.writes(work(root, q4_why="sad")))
    content = json.dumps(notebook).replace("sad", "\\ud83d").encode()
    assert find(parse(content), "q4_why").source == "?"


# Mending


def test_an_honest_notebook_is_left_as_it_is(root, assignment):
    notebook, said = mended(work(root), assignment)
    assert not said
    assert [c.source for c in notebook.cells] == [c.source for c in work(root).cells]


def test_missing_cells_are_put_back_in_their_place(root, assignment):
    notebook = work(root)
    order = ids(notebook)
    gone = {"setup", "q1_share_test", "q2", "q4_why", "title"}
    notebook.cells = [c for c in notebook.cells if c.metadata.nbgrader.grade_id not in gone]
    notebook, said = mended(notebook, assignment)
    assert ids(notebook) == order
    assert sorted(said) == sorted(f"{name} was missing and was put back" for name in gone)


def test_a_test_goes_after_what_stands_in_the_place_of_a_missing_answer(root, assignment):
    notebook = work(root)
    at = ids(notebook).index("q1_share")
    notebook.cells[at : at + 2] = [nbformat.v4.new_code_cell("share = 0.25")]
    notebook, said = mended(notebook, assignment)
    assert ids(notebook)[at : at + 3] == [None, "q1_share_test", "q2"]
    assert said == ["q1_share is missing", "q1_share_test was missing and was put back"]


def test_of_duplicates_the_last_that_was_worked_on_counts(root, assignment):
    notebook = work(root)
    for name in ("q4_why", "q1_share", "q1_share_test"):
        notebook.cells.append(find(small_class.release(root), name))
        notebook.cells[-1].id = f"again-{name}"
    notebook, said = mended(notebook, assignment)
    assert find(notebook, "q4_why").source == small_class.ANSWERS["q4_why"]
    assert find(notebook, "q1_share").source == small_class.ANSWERS["q1_share"]
    assert ids(notebook)[-3:] == [None, None, "q1_share_test"]
    assert len(said) == 3 and all("stands in the notebook 2 times" in words for words in said)


def test_what_a_student_makes_up_about_marks_is_ignored(root, assignment):
    notebook = work(root)
    find(notebook, "q1_share_test").metadata.nbgrader.update(points=200, grade=False, locked=False)
    find(notebook, "q4_why").metadata.nbgrader.solution = False
    invented = nbformat.v4.new_code_cell("pass", metadata=small_class.marked("bonus", graded=True, points=99))
    odd = nbformat.v4.new_code_cell("pass", metadata={"nbgrader": {"grade_id": ["x"], "grade": True}})
    raw = nbformat.v4.new_raw_cell("<script>alert(1)</script>")
    notebook.cells += [invented, odd, raw]
    notebook, said = mended(notebook, assignment)
    meta = find(notebook, "q1_share_test").metadata.nbgrader
    assert (meta.points, meta.grade, meta.locked) == (2, True, True)
    assert [dict(cell.metadata) for cell in notebook.cells[-3:]] == [{}, {}, {}]
    assert notebook.cells[-1].cell_type == "markdown"
    assert said == [
        "graded cells that the assignment does not have were ignored: bonus",
        "q1_share_test: changed metadata was ignored (points, grade)",
        "q4_why: changed metadata was ignored (solution)",
    ]


def test_cells_of_another_type_are_read_as_theirs(root, assignment):
    notebook = work(root)
    for name, make in (("q1_share", nbformat.v4.new_markdown_cell), ("q4_why", nbformat.v4.new_code_cell)):
        at = ids(notebook).index(name)
        notebook.cells[at] = make(notebook.cells[at].source, metadata=notebook.cells[at].metadata)
    notebook, said = mended(notebook, assignment)
    assert find(notebook, "q1_share").cell_type == "code" and find(notebook, "q4_why").cell_type == "markdown"
    assert len(said) == 2 and "had become a markdown cell and was read as code" in said[0]
    nbformat.validate(notebook)


def test_another_notebook_is_not_graded_as_this_one(root, assignment):
    notebook = work(root)
    notebook.cells = [c for c in notebook.cells if c.metadata.nbgrader.grade_id in ("title", "setup")]
    with pytest.raises(Unreadable, match="none of the assignment's questions"):
        mended(notebook, assignment)


# Grading


def test_right_answers_get_all_points_and_text_waits_for_a_person(root, grade):
    result = grade(work(root))
    assert result.scores == {**RIGHT, "q4_why": None}
    assert (result.status, result.reasons, result.final) == (MANUAL, (), True)


def test_the_untouched_release_gets_nothing(root, grade):
    result = grade(small_class.release(root))
    assert (result.status, set(result.scores.values())) == (GRADED, {0})
    assert result.comments["q4_why"] == "No response."


def test_wrong_answers_lose_their_own_points_only(root, grade):
    result = grade(work(root, q1_share="share = 0.5", q2_double="def double(n): return 2", q4_why=None))
    assert result.scores == {"q1_share_test": 0, "q2_double_test": 0, "q3_letter_test": 1.0, "q4_why": 0}
    said = find(nbformat.from_dict(json.loads(result.notebook)), "q2_double_test").outputs[0]
    assert said.evalue == "not twice 2"


def test_edited_locked_cells_are_restored(root, grade):
    notebook = work(root)
    find(notebook, "q1_share_test").source = "assert True"
    find(notebook, "setup").source = "events, total = 1, 2"
    result = grade(notebook)
    assert result.scores["q1_share_test"] == 2  # of the restored events and total
    assert "events, total = 1, 2" not in result.notebook and "assert True" not in result.notebook
    assert result.reasons == tuple(
        f"{name} was changed; the original was used" for name in ("setup", "q1_share_test")
    )


def test_a_test_that_never_ran_gets_no_points(root, assignment):
    """nbgrader gives all points to a test without output."""

    class Idle:
        def run(self, assignment, notebook):
            return Execution(notebook, (), True)

    task = Task("ann", assignment, nbformat.writes(work(root)).encode())
    result = autograde._graded(task, Idle(), True, 0.0)
    assert result.scores == {**dict.fromkeys(RIGHT, 0), "q4_why": None}
    assert "this check did not run" in result.notebook


def test_a_fault_of_the_grader_is_a_failure_that_is_tried_again(root, grade, monkeypatch):
    monkeypatch.setattr(autograde, "mend", lambda *_: 1 / 0)
    result = grade(work(root))
    assert (result.status, result.final, result.scores) == (FAILED, False, {})
    assert "could not be graded here (ZeroDivisionError" in result.reasons[0]


def test_an_exercise_that_fails_by_itself_is_no_fault_of_the_student(root, assignment):
    broken = autograde.Assignment("01_tiny", assignment.source.replace("import math", "import maths"))
    content = nbformat.writes(work(root)).encode()
    result = grade_one(Task("ann", broken, content), limits=LIMITS, root=root)
    assert (result.status, result.final) == (FAILED, False)
    assert "can't be checked" in " ".join(result.reasons)


# The same files in plain nbgrader. Those marked "nbgrader:" are what it does today and we do not.

EQUAL = (
    "class Equal(float):\n    def __eq__(self, other): return True\n    __ne__ = lambda self, other: False\n"
)
ATTACKS = {
    "honest": {},
    "lazy": {"q1_share": "share = 1.0", "q3_letter": 'letter = "a"', "q4_why": None},
    "equal": {"q1_share": EQUAL + "share = Equal(0.9)"},
    "reader": {
        "q1_share": "import glob\nkey = ''.join(open(f).read() for f in "
        "glob.glob('../../../source/*/*.ipynb'))\nshare = 0.25 if 'share = events / total' in key else 0.9"
    },
    "rewriter": {
        "q1_share": "import sqlite3\nwith sqlite3.connect('../../../gradebook.db') as book:\n"
        "    book.execute('update grade_cells set max_score = 0.5')\nshare = 0.9"
    },
}


@pytest.fixture(scope="module")
def plain(root, tmp_path_factory):
    """A course in which `nbgrader autograde` graded these submissions: {student: {grade_id: score}}."""
    course = tmp_path_factory.mktemp("course")
    place = course / "source" / small_class.NAME
    place.mkdir(parents=True)
    nbformat.write(small_class.source(), place / f"{small_class.NAME}.ipynb")
    for student, answers in ATTACKS.items():
        hand_in(course / "submitted", student, work(root, **answers))
    hand_in(course / "submitted", "empty", b"")
    config = "c = get_config()\nc.ClearMarkScheme.enforce_metadata = False\n"
    course.joinpath("nbgrader_config.py").write_text(config, "utf-8")
    for command in ("generate_assignment", "autograde"):
        subprocess.run(
            ["nbgrader", command, small_class.NAME],
            cwd=course,
            env=small_class.environment(),
            capture_output=True,
        )
    with sqlite3.connect(course / "gradebook.db") as book:
        rows = book.execute(
            "select student_id, base_cell.name, grade.auto_score, grade_cells.max_score from grade "
            "join base_cell on base_cell.id = grade.cell_id "
            "join grade_cells on grade_cells.id = grade.cell_id "
            "join submitted_notebook on submitted_notebook.id = grade.notebook_id "
            "join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id"
        ).fetchall()
    scores = {student: {name: s for who, name, s, _ in rows if who == student} for student in ATTACKS}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        totals = {student["id"]: student["score"] for student in book.student_dicts()}
    return scores, {most for *_, most in rows}, totals


@pytest.mark.parametrize("student", ["honest", "lazy"])
def test_the_verdict_is_that_of_nbgrader(student, plain, root, grade):
    assert grade(work(root, **ATTACKS[student])).scores == plain[0][student]


@pytest.mark.parametrize("student", ["equal", "reader", "rewriter"])
def test_attacks_that_work_on_plain_nbgrader_get_nothing_here(student, plain, root, grade):
    assert plain[0][student]["q1_share_test"] == (0 if student == "rewriter" else 2)  # nbgrader: full marks
    assert plain[1] == {0.5}  # nbgrader: the rewriter changed what everything is worth
    assert grade(work(root, **ATTACKS[student])).scores["q1_share_test"] == 0


def test_an_empty_file_has_no_mark_rather_than_none_of_the_points(plain, grade):
    assert plain[2]["empty"] == 0.0  # nbgrader: what it exports, without a word
    result = grade(b"")
    assert (result.status, result.scores, result.reasons) == (FAILED, {}, ("the file is empty",))


def test_no_sandbox_is_said(root, assignment):
    content = nbformat.writes(work(root, q1_share="import os\nshare = float(os.getpid())")).encode()
    result = grade_one(Task("ann", assignment, content), sandbox=False, limits=LIMITS, root=root)
    autograde.leave_room()
    assert result.reasons == (autograde.UNSAFE,)
    assert result.scores == {**RIGHT, "q1_share_test": 0, "q4_why": None}
