"""Assignments: each fault of a source is found, a key picks the variant, students get nbgrader's cells."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell

import small_course
from skinmet.classroom import assignment, variants
from skinmet.problems import SkinmetError
from small_course import FILE, NAME, cell, grade


@pytest.fixture
def root(tmp_path):
    return small_course.bare_project(tmp_path / "project")


@pytest.fixture
def course(root):
    small_course.write(root)
    return root


def faults(root, change):
    """What is found in the small notebook after `change`."""
    nb = small_course.notebook()
    change(nb)
    small_course.write(root, nb)
    return [str(problem) for problem in assignment.problems(root)]


# The standard assignment


def test_a_sound_course_has_no_faults(course):
    assert assignment.problems(course) == [] and assignment.names(course) == [NAME]


def test_questions_in_order_with_points_and_answers(course):
    loaded = assignment.load(NAME, course)
    assert [(q.grade_id, q.points, q.kind, q.answers) for q in loaded.questions] == [
        ("q1_share_test", 2, "code", ("share",)),
        ("q2_interval_test", 3, "code", ("interval",)),
        ("q3_choice_test", 1, "code", ("answer",)),
        ("q4_why", 2, "text", ()),
    ]
    assert loaded.questions[0].title == "Question 1. A share" and loaded.max_score == 8
    assert assignment.grade_ids(course) == {NAME: {q.grade_id for q in loaded.questions}}


def test_it_can_be_sent_to_another_machine(course):
    loaded = assignment.load(NAME, course)
    sent = pickle.loads(pickle.dumps(loaded))
    assert sent == loaded and sent.questions == loaded.questions


def test_outputs_of_the_source_do_not_travel(root):
    nb = small_course.notebook()
    cell(nb, "setup").outputs = [nbformat.v4.new_output("stream", text="a solution")]
    cell(nb, "setup").execution_count = 7
    small_course.write(root, nb)
    loaded = assignment.load(NAME, root).notebook()
    assert all(c.outputs == [] and c.execution_count is None for c in loaded.cells if c.cell_type == "code")


def test_an_unknown_name_names_the_nearest(course):
    with pytest.raises(SkinmetError, match=r"no such assignment \(01_smal\): did you mean 01_small\?"):
        assignment.load("01_smal", course)


def test_no_assignment_at_all(root):
    assert assignment.names(root) == [] and assignment.problems(root) == []
    with pytest.raises(SkinmetError, match="there is none yet"):
        assignment.load(NAME, root)


# Faults of a source, each with cell and grade_id


def meta(which, **changes):
    def change(nb):
        nbgrader = cell(nb, which).metadata["nbgrader"]
        for key, value in changes.items():
            if value is None:
                del nbgrader[key]
            else:
                nbgrader[key] = value

    return change


def swap(grade_id, old, new):
    def change(nb):
        target = cell(nb, grade_id)
        assert old in target.source
        target.source = target.source.replace(old, new)

    return change


def source(grade_id, text):
    return lambda nb: setattr(cell(nb, grade_id), "source", text)


def insert(position, new):
    return lambda nb: nb.cells.insert(position, new)


def drop(grade_id):
    return lambda nb: nb.cells.remove(cell(nb, grade_id))


def choices(**changed):
    return lambda nb: cell(nb, "parameters").metadata["skinmet"]["choices"].update(changed)


HIDDEN = "### BEGIN HIDDEN TESTS\n", "### END HIDDEN TESTS"
FAULTS = {
    "two alike": (meta("q2", grade_id="q1"), "[cell 7, q1] has the grade_id of cell 4"),
    "no grade_id": (meta("q2_interval", grade_id=None), "[cell 8] has no grade_id of letters"),
    "a grade_id with a space": (meta("q2", grade_id="q 2"), "[cell 7, q 2] has no grade_id of letters"),
    "no points": (meta("q1_share_test", points=None), "[cell 6, q1_share_test] has no points (missing)"),
    "zero points": (meta("q4_why", points=0), "[cell 14, q4_why] has no points (0)"),
    "points as text": (meta("q4_why", points="2"), "[cell 14, q4_why] has no points (2)"),
    "points that are true": (meta("q4_why", points=True), "[cell 14, q4_why] has no points (True)"),
    "old metadata": (
        meta("q1", schema_version=1),
        "[cell 4, q1] nbgrader's metadata are not of version 3 (1)",
    ),
    "flag missing": (meta("q1", locked=None), "[cell 4, q1] locked is neither true nor false (missing)"),
    "a task": (meta("q1", task=True), "[cell 4, q1] is a task cell"),
    "a test to edit": (
        meta("q1_share_test", locked=False),
        "[cell 6, q1_share_test] a test that is not locked",
    ),
    "a locked answer": (meta("q1_share", locked=True), "[cell 5, q1_share] an answer that is locked"),
    "code for a person": (
        meta("q1_share", grade=True, points=1),
        "[cell 5, q1_share] is code that a person marks",
    ),
    "prose as a test": (meta("q4_why", solution=False), "[cell 14, q4_why] prose is marked as a test"),
    "no end of a solution": (
        swap("q1_share", "### END SOLUTION", ""),
        "[cell 5, q1_share] BEGIN SOLUTION has no end",
    ),
    "no begin of a solution": (
        swap("q1_share", "### BEGIN SOLUTION", ""),
        "[cell 5, q1_share] markers of SOLUTION don't match",
    ),
    "nested solutions": (
        swap("q1_share", "### BEGIN SOLUTION", "### BEGIN SOLUTION\n### BEGIN SOLUTION"),
        "[cell 5, q1_share] markers of SOLUTION don't match",
    ),
    "no solution": (source("q1_share", "share = None"), "[cell 5, q1_share] no solution is marked"),
    "no end of hidden tests": (
        swap("q1_share_test", "### END HIDDEN TESTS", ""),
        "[cell 6, q1_share_test] BEGIN HIDDEN TESTS has no end",
    ),
    "hidden tests elsewhere": (
        swap("setup", "import pandas", "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\nimport pandas"),
        "[cell 2, setup] HIDDEN TESTS is marked in a cell of another kind (given)",
    ),
    "a solution in prose": (
        swap("q1", "From", "### BEGIN SOLUTION\n### END SOLUTION\nFrom"),
        "[cell 4, q1] SOLUTION is marked in a cell of another kind",
    ),
    "no hidden tests": (
        source("q1_share_test", 'assert share > 0, "positive"'),
        "[cell 6, q1_share_test] no hidden tests",
    ),
    "no visible check": (
        source("q1_share_test", f"{HIDDEN[0]}assert share > 0\n{HIDDEN[1]}"),
        "[cell 6, q1_share_test] no visible check",
    ),
    "a check after the hidden ones": (
        swap("q1_share_test", HIDDEN[1], f"{HIDDEN[1]}\nassert share"),
        "[cell 6, q1_share_test] code after the hidden tests",
    ),
    "a test that ends in an expression": (
        swap("q1_share_test", HIDDEN[1], f"share == expected\n{HIDDEN[1]}"),
        "[cell 6, q1_share_test] the test does not end in assert",
    ),
    "identity": (
        swap("q3_choice_test", 'answer == "b"', 'answer is "b"'),
        "[cell 12, q3_choice_test] the test asks for identity (answer is 'b')",
    ),
    "AUTOTEST": (
        swap("q3_choice_test", "assert answer in", "### AUTOTEST answer\nassert answer in"),
        "[cell 12, q3_choice_test] AUTOTEST copies",
    ),
    "no mark scheme": (
        source("q4_why", "A model answer."),
        "[cell 14, q4_why] free text without a mark scheme",
    ),
    "a mark scheme that nbgrader leaves": (
        source("q4_why", "### BEGIN SOLUTION\nx\n### END SOLUTION\n" + small_course.TEXT),
        "[cell 14, q4_why] the mark scheme stands outside the solution",
    ),
    "no Python": (
        swap("setup", "import sys", "%pip install x"),
        "[cell 2, setup] is not plain Python: invalid syntax",
    ),
    "a null byte": (
        swap("setup", "import sys", "import sys\0"),
        "[cell 2, setup] is not plain Python: source code",
    ),
    "no Python once released": (
        source(
            "q2_interval",
            "def interval(events, total):\n### BEGIN SOLUTION\n    return 0, 1\n### END SOLUTION",
        ),
        "[cell 8, q2_interval] is not plain Python in the student's version",
    ),
    "a carriage return": (swap("q1", "From", "\rFrom"), "[cell 4, q1] holds a carriage return"),
    "a test without an answer": (
        source("q1_share_test", f"assert len(rows)\n{HIDDEN[0]}assert len(rows)\n{HIDDEN[1]}"),
        "[cell 6, q1_share_test] the test reads no answer",
    ),
    "an answer without a test": (drop("q3_choice_test"), "[cell 11, q3_choice] no test reads this answer"),
    "an answer that is overwritten": (
        swap("q1_share_test", "expected =", "share = expected ="),
        "[cell 6, q1_share_test] the test overwrites the answer (share)",
    ),
    "an answer that students can't know of": (
        swap("q1_share", "share = None  # replace None\n", ""),
        "[cell 6, q1_share_test] the student is not told of this answer (share)",
    ),
    "a test that reads the unknown": (
        swap("q1_share_test", "expected)", "expected) + nowhere"),
        "[cell 6, q1_share_test] the test reads what nobody defines (nowhere)",
    ),
    "a test that reads another's hidden names": (
        swap("q3_choice_test", "assert answer in", "assert gaps\nassert answer in"),
        "[cell 12, q3_choice_test] the test reads what nobody defines (gaps)",
    ),
    "a solution that reads the unknown": (
        swap("q1_share", "rows.loc", "row.loc"),
        "[cell 5, q1_share] the solution reads what no cell above defines (row)",
    ),
    "a given cell that needs an answer": (
        insert(6, new_code_cell("print(share)", id="x", metadata=grade("show"))),
        "[cell 7, show] a given cell reads what no given cell defines (share)",
    ),
    "display without an import": (
        swap("setup", "rows =", "display(1)\nrows ="),
        "[cell 2, setup] a given cell reads what no given cell defines (display)",
    ),
    "a parameter in an f-string": (
        swap("q1_share_test", '"this is not the share of the row " + STUDY', 'f"not that of {STUDY}"'),
        "[cell 6, q1_share_test] the parameter stands inside an f-string (STUDY)",
    ),
    "a parameter in a nested f-string": (
        swap("q1_share_test", '"this is not the share of the row " + STUDY', "f\"{', '.join([STUDY])}\""),
        "[cell 6, q1_share_test] the parameter stands inside an f-string (STUDY)",
    ),
    "a parameter in a comment": (
        swap("q1_share", "# replace None", "# of STUDY"),
        "[cell 5, q1_share] the parameter stands in a comment, a text or as the name of",
    ),
    "a parameter in a text": (
        swap("q1_share_test", '"this is not', '"STUDY: this is not'),
        "the parameter stands in a comment, a text",
    ),
    "a parameter as a keyword": (
        swap("q2_interval", "level=LEVEL", "LEVEL=LEVEL"),
        "[cell 8, q2_interval] the parameter stands in a comment",
    ),
    "a parameter that is assigned": (
        swap("q1_share", "share = rows", 'STUDY = "F011"\nshare = rows'),
        "[cell 5, q1_share] the parameter stands assigned to (STUDY)",
    ),
    "a parameter in prose": (
        swap("q1", "`STUDY`", "STUDY"),
        "[cell 4, q1] the parameter stands in the prose without backticks of its own",
    ),
    "a parameter within backticks": (
        swap("q1", "`STUDY`", "`rows.loc[STUDY]`"),
        "[cell 4, q1] the parameter stands in the prose without backticks",
    ),
    "an unused parameter": (
        lambda nb: (
            choices(EXTRA=[1, 2])(nb),
            swap("parameters", "LEVEL = 0.95", "LEVEL = 0.95\nEXTRA = 1")(nb),
        ),
        "[cell 3, parameters] no cell uses the parameter (EXTRA)",
    ),
    "a parameter that is computed": (
        swap("parameters", "0.95", "1 - 0.05"),
        "[cell 3, parameters] line 2: LEVEL is not a text, a number",
    ),
    "a parameter in lower case": (
        swap("parameters", "LEVEL", "level"),
        "[cell 3, parameters] line 2: only assignments to UPPER_CASE names",
    ),
    "a parameter twice": (
        swap("parameters", "LEVEL = 0.95", 'STUDY = "F012"'),
        "[cell 3, parameters] line 2: STUDY is assigned twice",
    ),
    "no choices": (
        lambda nb: cell(nb, "parameters").metadata.pop("skinmet"),
        "[cell 3, parameters] no choices: add to the metadata",
    ),
    "choices of one": (choices(LEVEL=[0.95]), "[cell 3, parameters] LEVEL has no choices ([0.95])"),
    "other standard": (
        choices(LEVEL=[0.9, 0.95]),
        "the first choice of LEVEL is not the one in the code (0.9)",
    ),
    "whole for decimal": (choices(LEVEL=[0.95, 1]), "the choices of LEVEL are of several kinds"),
    "a choice twice": (choices(LEVEL=[0.95, 0.9, 0.9]), "the choices of LEVEL repeat one"),
    "choices of nothing": (choices(OTHER=[1, 2]), "choices for what is no parameter (OTHER)"),
    "parameters to edit": (
        meta("parameters", locked=False),
        "[cell 3, parameters] the parameters are not locked",
    ),
}


@pytest.mark.parametrize("change, expected", FAULTS.values(), ids=FAULTS)
def test_each_fault_is_found_with_its_cell(root, change, expected):
    found = faults(root, change)
    assert any(f"{FILE}: {expected}" in line or expected in line for line in found), found
    with pytest.raises(SkinmetError) as raised:
        assignment.load(NAME, root)
    assert [str(problem) for problem in raised.value.problems] == found


def test_several_faults_are_told_at_once_in_the_order_of_cells(root):
    def change(nb):
        meta("q4_why", points=0)(nb)
        meta("q1_share_test", points=None)(nb)

    assert [line.split("[")[1].split("]")[0] for line in faults(root, change)] == [
        "cell 6, q1_share_test",
        "cell 14, q4_why",
    ]


def test_a_second_cell_of_parameters(root):
    second = new_code_cell("LIMIT = 1", id="second", metadata=grade("parameters"))
    second.metadata["skinmet"] = {"choices": {"LIMIT": [1, 2]}}
    found = faults(root, insert(3, second))
    assert any("[cell 4, parameters] a second cell of parameters" in line for line in found)


def test_a_notebook_without_questions(root):
    def change(nb):
        nb.cells = nb.cells[:2]

    assert "no cell is graded" in faults(root, change)[0]


def test_what_is_allowed(root):
    """A scratch cell, `is None`, a helper that one test shows to the next, several regions of solutions.

    And a name that test and solution both use, each for itself.
    """

    def change(nb):
        swap("q1_share_test", "assert isinstance", "assert share is not None\nlimit = 1\nassert isinstance")(
            nb
        )
        swap("q3_choice_test", "assert answer in", "assert limit\nassert answer in")(nb)
        swap("q1_share", "### END SOLUTION", "### END SOLUTION\n### BEGIN SOLUTION\npass\n### END SOLUTION")(
            nb
        )
        swap("q1_share", "share = rows", "expected = 1\nshare = rows")(nb)
        insert(4, new_code_cell("1 + 1", id="scratch"))(nb)
        insert(4, new_markdown_cell("A remark.", id="remark"))(nb)

    assert faults(root, change) == []
    assert assignment.load(NAME, root).questions[0].answers == ("share",)


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"{", "is not JSON"),
        (b"\xff", "is not UTF-8"),
        (b"[]", "is not a notebook of format 4.5"),
        (b'{"nbformat": 4, "nbformat_minor": 4, "cells": []}', "is not a notebook of format 4.5"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "cells": {}}', "has no list of cells"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "cells": [{}]}', "[cell 1] is not a cell of format 4"),
        (b"[" * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_no_notebook(root, content, expected):
    path = root / FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert expected in str(assignment.problems(root)[0]) and assignment.grade_ids(root) == {}


@pytest.mark.parametrize("new", ["cell-02", None])
def test_a_cell_needs_an_id_of_its_own(root, new):
    """nbformat would make one up, another one each time: the same release would differ."""
    content = json.loads(nbformat.writes(small_course.notebook()))
    content["cells"][4]["id"] = new
    path = small_course.write(root)
    path.write_text(json.dumps(content), encoding="utf-8")
    assert "[cell 5] has no id of its own" in str(assignment.problems(root)[0])


def test_one_notebook_in_each_folder(root):
    path = small_course.write(root)
    shutil.copy(path, path.with_name("draft.ipynb"))
    assert "the folder holds another notebook (draft.ipynb)" in str(assignment.problems(root)[0])
    path.unlink()
    assert "the assignment has no notebook" in str(assignment.problems(root)[0])


# Variants


def test_the_standard_variant_has_values_in_the_place_of_names(course):
    nb = assignment.load(NAME, course).notebook()
    whole = "\n".join(c.source for c in nb.cells)
    assert "STUDY" not in whole and "LEVEL" not in whole and len(nb.cells) == 13
    assert "From the row `F012`." in whole and "At the level `0.95`." in whole
    assert 'share = rows.loc["F012", "events"] / rows.loc["F012", "total"]' in whole
    assert "level=0.95" in whole


def test_a_key_picks_other_values_and_the_same_each_time(course):
    standard = assignment.load(NAME, course)
    keyed = [assignment.load(NAME, course, f"key {n}") for n in range(30)]
    assert all(k.source != standard.source for k in keyed)
    assert {k.source for k in keyed} == {assignment.load(NAME, course, f"key {n}").source for n in range(30)}
    assert len({k.source for k in keyed}) == 6  # three studies, two levels: each comes up
    assert not any("F012" in k.source for k in keyed)


def test_a_key_is_the_same_however_its_letters_are_stored(course):
    composed, taken_apart = "Klasse Z\u00fcrich", "Klasse Zu\u0308rich"
    assert assignment.load(NAME, course, composed) == assignment.load(NAME, course, taken_apart)


@pytest.mark.parametrize("key", ["", "  "])
def test_an_empty_key_is_refused(course, key):
    with pytest.raises(SkinmetError, match="--class-key: the key is empty"):
        assignment.load(NAME, course, key)


def test_without_parameters_every_class_gets_the_same(root):
    def change(nb):
        drop("parameters")(nb)
        for c in nb.cells:
            c.source = c.source.replace("STUDY", '"F012"').replace("LEVEL", "0.95").replace("`", "")

    assert faults(root, change) == []
    assert assignment.load(NAME, root) == assignment.load(NAME, root, "key")


def test_the_pick_depends_on_assignment_and_parameter():
    listed = list(range(1000))
    picks = {variants.picked(listed, what, "key") for what in ("01/A", "01/B", "02/A", "02/B")}
    assert len(picks) == 4 and 0 not in picks


@pytest.mark.parametrize(
    "code, values, expected",
    [
        ("x = A", {"A": 1}, "x = 1"),
        ("AB = A", {"A": 1}, "AB = 1"),
        ('é = "ü" + A', {"A": "ß"}, 'é = "ü" + "ß"'),  # ast counts bytes
        ("A.real", {"A": 5}, "(5).real"),
        ("A ** 2", {"A": -2}, "(-2) ** 2"),
        ("2 ** A", {"A": -2}, "2 ** -2"),
        ("A.lower()", {"A": 'x"y'}, '"x\\"y".lower()'),
        ("A, A", {"A": True}, "True, True"),
        ("f(\n    A,\n    B)", {"A": 1, "B": 0.1}, "f(\n    1,\n    0.1)"),
        ('"""\nA\n"""; A', {"A": 1}, '"""\nA\n"""; 1'),
    ],
)
def test_names_become_literals(code, values, expected):
    assert variants.in_code(code, values) == expected


@given(st.one_of(st.text(st.characters(codec="utf-8"), max_size=5), st.integers(), st.booleans(),
                 st.floats(allow_nan=False, allow_infinity=False)))  # fmt: skip
def test_any_value_keeps_its_meaning(value):
    code = "[A, A == A, {'k': A}]"
    assert eval(variants.in_code(code, {"A": value})) == eval(code, {"A": value})


def test_prose_takes_values_in_backticks_of_their_own():
    values = {"A": "x", "B": 2.5}
    assert variants.in_prose("`A`, A, `B`, `AB`, `a`", values) == "`x`, A, `2.5`, `AB`, `a`"


# The student's version


def test_nothing_of_solutions_tests_and_schemes_is_left(course):
    text = nbformat.writes(assignment.student_version(assignment.load(NAME, course)))
    assert "not medical advice" in text and "did you divide total by events" in text
    assert not [secret for secret in small_course.SECRETS if secret.replace('"', '\\"') in text]


@pytest.mark.parametrize("key", [None, "a class"])
def test_it_is_what_nbgrader_itself_would_release(course, tmp_path, key):
    loaded = assignment.load(NAME, course, key)
    there = tmp_path / "course"
    (there / "source" / NAME).mkdir(parents=True)
    (there / "source" / NAME / f"{NAME}.ipynb").write_text(loaded.source, encoding="utf-8")
    config = Path(__file__).parents[1] / "exercises/nbgrader_config.py"
    shutil.copy(config, there)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # it calls alembic by name
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", NAME],
        cwd=there, env={**os.environ, "PATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    theirs = nbformat.read(there / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    assert assignment.student_version(loaded) == theirs


def test_checking_sources_loads_neither_nbformat_nor_nbgrader(course):
    """`skinmet check` must not wait seconds for them."""
    code = (
        "import sys; from skinmet.classroom import assignment; assert assignment.problems(sys.argv[1]) == [];"
        "print([m for m in ('nbformat', 'nbgrader', 'jsonschema', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, course], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
