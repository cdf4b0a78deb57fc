"""`skinmet check`: each planted fault is found at its place, and nothing else is."""

import difflib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import small_project
from planted import ACCURACY, FAULTS, FREQ, FREQ_FILE, LOCAL, PACKAGE, PAGE, SURVIVAL
from skinmet.problems import Problem, SkinmetError
from skinmet.review import rules
from skinmet.review.check import check, examine
from skinmet.synthesis import proportion_ci
from small_project import NOTEBOOK, SHIPPED


def test_the_small_project_is_clean(project):
    report = examine(project.root)
    assert report.problems == [] and report.unused == []
    assert (report.tables, report.notebooks) == (len(small_project.ROWS), 1)


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault(project, name):
    expected = FAULTS[name](project)
    expected = sorted(expected if isinstance(expected, list) else [expected], key=lambda place: place[0])
    found = check(project.root)
    places = [(problem.file, problem.line, problem.column) for problem in found]
    assert places == [place[:3] for place in expected], "\n".join(map(str, found))
    for problem, (*_, words) in zip(found, expected, strict=True):
        assert words in str(problem) and problem.remedy


def test_there_are_enough_kinds_of_faults():
    assert len(FAULTS) >= 120


def test_several_faults_are_found_in_one_run(project):
    project.set(FREQ, "F018", {"seen_as": "Abstract", "events": "99999", "country": "Thailand "})
    project.replace(f"data/{SURVIVAL}.csv", "\nV002", "\n\nV002")
    project.notebook(cell_type="markdown", source="It is 24%.")
    found = {(p.file, p.column) for p in check(project.root)}
    assert found == {
        (FREQ_FILE, "seen_as"),
        (FREQ_FILE, "events"),
        (FREQ_FILE, "country"),
        (f"data/{SURVIVAL}.csv", None),
        (PAGE, "cell 3"),
    }


def test_a_notebook_not_executed_is_one_finding(project):
    """Empty cells need no number."""
    sources = ["1 + 1", " \n", "2 + 2", "3 + 3"]
    cells = [{"cell_type": "code", "execution_count": None, "outputs": [], "source": s} for s in sources]
    project.path(PAGE).write_text(json.dumps({"nbformat": 4, "cells": [NOTEBOOK["cells"][0], *cells]}))
    (problem,) = [problem for problem in check(project.root) if problem.file == PAGE]
    assert (problem.column, problem.found) == ("cell 2", "this cell was not executed, nor were 2 more")


def test_check_changes_nothing(project):
    project.replace(FREQ_FILE, "Thailand", " Thailand")
    before = {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()}
    assert check(project.root)
    assert {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()} == before


def test_what_programs_keep_beside_a_table_is_no_fault(project):
    """JupyterLab's checkpoint of a table, a spreadsheet's lock and its own temporary file."""
    for name in (".ipynb_checkpoints/frequency-checkpoint.csv", ".~lock.frequency.csv#", "~$frequency.xlsx"):
        beside = project.path(FREQ_FILE).parent / name
        beside.parent.mkdir(exist_ok=True)
        beside.write_bytes(b"")
    assert check(project.root) == []


def test_a_note_that_names_the_other_row_tells_cohorts_apart(project):
    twin = {"events": "238", "total": "7073", "percent_reported": ""}
    project.set(FREQ, "F033", twin | {"notes": "not the patients of F031: another country"})
    assert check(project.root) == []


def test_small_studies_may_share_their_counts_by_chance(project):
    project.set(LOCAL, "L066", {"events": "8", "total": "16", "percent_reported": "50"})
    project.set(LOCAL, "L067", {"events": "8", "total": "16", "percent_reported": "50"})
    assert check(project.root) == []


def test_lesions_may_outnumber_the_patients(project):
    project.set(ACCURACY, "D26", {"n": "10"})
    assert check(project.root) == []


def test_a_work_nobody_cites_is_a_note_and_no_fault(project):
    rows = project.read(SURVIVAL)
    project.write(SURVIVAL, [row for row in rows if row[0] != "V001"])
    report = examine(project.root)
    assert (report.problems, report.unused) == ([], ["nashan2009cutaneous"])


def test_a_work_that_only_a_notebook_cites_is_used(project):
    rows = project.read(SURVIVAL)
    project.write(SURVIVAL, [row for row in rows if row[0] != "V001"])
    project.notebook(cell_type="markdown", source="[Nashan 2009](#ref-nashan2009cutaneous)")
    assert examine(project.root).unused == []


def test_dangling_keys_are_not_searched_for_endlessly(project, monkeypatch):
    """The nearest key is looked for a few times; in a table full of dangling keys that would take minutes."""
    searched = []
    monkeypatch.setattr(difflib, "get_close_matches", lambda *_, **__: searched.append(1) or [])
    rows = project.read(SURVIVAL)
    project.write(SURVIVAL, [*rows, *([f"X{n}", f"nobody{n}", *rows[1][2:]] for n in range(300))])
    assert len(check(project.root)) == 300
    assert 1 <= len(searched) < 30


def test_no_project_here(tmp_path):
    with pytest.raises(SkinmetError, match="no skinmet project here"):
        check(tmp_path)


def test_the_intervals_sources_print_are_accepted():
    """The tolerance of the interval rule covers the usual methods, whatever the counts."""
    for total in (1, 2, 3, 4, 6, 10, 20, 60):
        for events in range(total + 1):
            low, high = rules.wilson(events, total)
            for method in ("wilson", "clopper-pearson", "jeffreys"):
                printed = proportion_ci(events, total, method)
                allowed = rules.INTERVAL_SLACK * (high - low)
                assert abs(printed[0] - low) <= allowed and abs(printed[1] - high) <= allowed, (events, total)


# Broken at random: never a traceback, always a problem, never a changed input

TOKENS = [
    b'"',
    b'""',
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r\n",
    b"\r",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b" ",
    b"-1",
    b"1e999",
    b"05-Mar",
    b"NaN",
    "“".encode(),
    "é".encode(),
    b"{",
    b"}",
    b"[",
    b"null",
    b"F001",
]
FILES = [
    FREQ_FILE,
    f"data/{ACCURACY}.csv",
    "data/corrections.csv",
    "data/second_reader.csv",
    "data/references.csv",
    "references/ledger.csv",
    "references/references.bib",
    PACKAGE,
    PAGE,
]

edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.one_of(st.sampled_from(TOKENS), st.binary(max_size=6))),
    min_size=1,
    max_size=6,
)


def mangle(raw, changes):
    for place, cut, new in changes:
        at = int(place * len(raw))
        raw = raw[:at] + new + raw[at + cut :]
    return raw


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=st.sampled_from(FILES), changes=edits)
def test_mangled_files_give_problems_and_no_traceback(project, file, changes):
    path = project.path(file)
    original = path.read_bytes()
    spoilt = mangle(original, changes)
    path.write_bytes(spoilt)
    try:
        found = check(project.root)
        assert path.read_bytes() == spoilt
        assert all(isinstance(problem, Problem) and str(problem) for problem in found)
    finally:
        path.write_bytes(original)


def test_the_shipped_review_is_clean():
    assert [str(problem) for problem in check(SHIPPED)] == []
