"""`skinmet impact`: what a change of one row does, told from two states of a small git repository."""

import csv
import json
import os
import subprocess
from html.parser import HTMLParser

import pytest

import small_project
from planted import FREQ, FREQ_FILE, LOCAL
from skinmet.problems import SkinmetError
from skinmet.review import canonical, depends, impact_page, impact_text
from skinmet.review.impact import measure
from skinmet.synthesis import pool_proportions
from small_project import Project

DISTRIBUTION = "epidemiology/primary_distribution"
EVIDENCE = "claims/claim_evidence"
BIB, LEDGER = "references/references.bib", "references/ledger.csv"
# A page that draws from two tables.
READS = """from skinmet import evidence, figures
rows = evidence.load("epidemiology/frequency")
figures.forest(rows, table="epidemiology/frequency", name="wall", title="The chest wall")
figures.forest(others, table="therapy/local_response", name="ect", title="Electrochemotherapy")
"""


def git(folder, *arguments):
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder):
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "base")


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("impact")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(small_project.ROWS, EVIDENCE, "E007 E011 E099 E103")
        small_project.make(folder)
    git(folder, "init", "--quiet")
    git(folder, "config", "user.name", "A Reviewer")
    git(folder, "config", "user.email", "reviewer@example.org")
    commit(folder)
    return folder


@pytest.fixture
def project(pristine, tmp_path, monkeypatch):
    # the project is the clone, wherever the tests run
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    return Project(pristine, tmp_path / "project")


@pytest.fixture
def run(project, command):
    """Exit code, stdout and stderr of `skinmet impact` in the project."""
    return lambda *arguments: command("impact", "--root", project.root, *arguments)


def report(project, **options):
    found = measure(project.root, **options)
    return found, list(impact_text.lines(found))


def pooled(project, table, group, outcome=None):
    """The pooled estimate of the rows as they stand now, read without the code under test."""
    with open(project.path(f"data/{table}.csv"), encoding="utf-8", newline="") as handle:
        rows = [
            row
            for row in csv.DictReader(handle)
            if row["pool_group"] == group and row["events"] and outcome in (None, row.get("outcome"))
        ]
    return pool_proportions([int(row["events"]) for row in rows], [int(row["total"]) for row in rows])


# Rows


def test_nothing_changed(run, project):
    code, out, err = run()
    assert code == 0 and out.startswith("data/ and references/ say the same as in HEAD (")
    assert out.count("\n") == 1
    assert err.startswith("0 rows differ, 0 pooled estimates move, 0 claims, 0 notebooks (")


def test_a_changed_cell(project):
    _, line = project.set(FREQ, "F017", {"notes": "read again"})
    found, text = report(project)
    (row,) = found.rows
    assert (row.file, row.table, row.row, row.kind, row.line) == (FREQ_FILE, FREQ, "F017", "changed", line)
    assert [(cell.column, cell.new) for cell in row.cells] == [("notes", "read again")]
    assert f"    changed: F017 (line {line}), Bastard 2019" in text
    assert found.moves == [] and "Pooled estimates" not in text


def test_added_and_removed_rows(project):
    rows = project.read(FREQ)
    new = [*rows[-1]]
    new[0], new[rows[0].index("pool_group")], new[rows[0].index("study")] = "F999", "", "Somebody else"
    project.write(FREQ, [row for row in [*rows, new] if row[0] != "F030"])
    found, text = report(project)
    assert [(row.row, row.kind, row.line) for row in found.rows] == [
        ("F999", "added", len(rows)),
        ("F030", "removed", None),
    ]
    assert "    removed: F030, Lim 2023" in text
    added, removed = found.rows
    assert all(cell.old == "" for cell in added.cells) and all(cell.new == "" for cell in removed.cells)


def test_form_is_no_change(project):
    """Windows' line ends and spaces around a value in the older state say nothing else than what is plain."""
    plain = project.path(FREQ_FILE).read_bytes()
    project.path(FREQ_FILE).write_bytes(
        plain.replace(b"\n", b"\r\n").replace(b",Bastard 2019,", b", Bastard 2019 ,")
    )
    commit(project.root)
    project.path(FREQ_FILE).write_bytes(plain)
    assert measure(project.root).rows == []


def test_a_table_that_is_new(project):
    kept = {
        path: project.path(path).read_bytes() for path in ("data/datapackage.json", f"data/{EVIDENCE}.csv")
    }
    package = json.loads(kept["data/datapackage.json"])
    package["resources"] = [r for r in package["resources"] if r["path"] != f"{EVIDENCE}.csv"]
    project.path("data/datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    project.path(f"data/{EVIDENCE}.csv").unlink()
    commit(project.root)
    for path, content in kept.items():
        project.path(path).write_bytes(content)
    found = measure(project.root)
    assert [(row.row, row.kind) for row in found.rows] == [
        (name, "added") for name in ("E007", "E011", "E099", "E103")
    ]


def test_a_work_and_its_ledger_row(project):
    project.replace(BIB, "title = {Cutaneous Metastases", "title = {Skin Metastases")
    _, line = project.replace(
        LEDGER, "bastard2019cutaneous,complete,abstract", "bastard2019cutaneous,complete,fulltext"
    )
    canonical.fmt(project.root)
    found, text = report(project)
    assert {row.file for row in found.rows} == {BIB, LEDGER}  # not data/references.csv, which is made of them
    assert [row.row for row in found.rows if row.file == LEDGER] == ["bastard2019cutaneous"]
    assert next(row for row in found.rows if row.file == LEDGER).line == line
    (page,) = found.notebooks  # it cites the work
    assert page.works == ["bastard2019cutaneous"] and "    cites bastard2019cutaneous" in text


def test_only_twenty_rows_of_a_table_are_told(project):
    table = "integrative/trial_effects"
    header, *rows = project.read(table)
    copies = [[f"X{n:02}", *rows[0][1:-1], f"copy {n}"] for n in range(25)]
    project.write(table, [header, *rows, *copies])
    found, text = report(project)
    assert len(found.rows) == 25 and sum(line.startswith("    added: X") for line in text) == 20
    assert "    and 5 more (`--format html` shows all)" in text
    assert impact_page.page(found).count("added: X") == 25


# Pooled estimates


def test_a_pooled_estimate_moves(project):
    group = "B_chestwall_after_mastectomy"
    before = pooled(project, FREQ, group)
    project.set(FREQ, "F031", {"events": "300"})
    after = pooled(project, FREQ, group)
    found, text = report(project)
    (move,) = found.moves
    assert (move.table, move.pool_group, move.outcome, move.unit) == (FREQ, group, "", "patients")
    for side, result in ((move.old, before), (move.new, after)):
        assert (side.k, side.estimate, side.ci_low, side.ci_high, side.pi_low, side.pi_high, side.i2) == (
            3, result.estimate, result.ci_low, result.ci_high, result.pi_low, result.pi_high, result.i2,
        )  # fmt: skip
    assert move.points == pytest.approx(100 * (after.estimate - before.estimate)) and move.points > 0.1
    place = text.index(f"  {FREQ}, {group} (patients)")
    assert text[place + 1].startswith(f"    before  {100 * before.estimate:.1f}% (95% interval ")
    assert text[place + 2].startswith(f"    after   {100 * after.estimate:.1f}% (95% interval ")
    assert "prediction interval" in text[place + 2] and "; 3 rows)" in text[place + 2]
    assert text[place + 3] == f"    +{move.points:.1f} percentage points"


def test_the_largest_move_comes_first(project):
    project.set(FREQ, "F031", {"events": "239"})
    project.set(DISTRIBUTION, "P020", {"events": "5", "percent_reported": ""})
    project.set(LOCAL, "L067", {"events": "46", "percent_reported": ""})
    found = measure(project.root)
    sizes = [abs(move.points) for move in found.moves]
    assert len(sizes) == 3 and sizes == sorted(sizes, reverse=True)
    assert found.moves[0].table == DISTRIBUTION and found.moves[0].points < 0


def test_outcomes_are_pooled_apart(project):
    """The group has one row more, of another outcome: neither joins the other."""
    rows = project.read(LOCAL)
    new = [*next(row for row in rows if row[0] == "L067")]
    new[0], new[rows[0].index("outcome")] = "L900", "ORR"
    project.write(LOCAL, [*rows, new])
    (move,) = measure(project.root).moves
    assert (move.outcome, move.old, move.new, move.points) == ("ORR", None, None, None)
    assert (move.why_no_old, move.why_no_new) == ("no rows with counts", "1 row with counts")


def test_a_pool_that_begins_and_one_that_ends(project):
    project.set(LOCAL, "L102", {"pool_group": "new_patient", "outcome": "ORR"})
    project.set(LOCAL, "L181", {"pool_group": "new_patient"})
    project.set(LOCAL, "L055", {"pool_group": ""})
    project.set(FREQ, "F018", {"events": "34"})  # a group that is shown, not pooled, in an earlier table
    found, text = report(project)
    new = next(move for move in found.moves if move.pool_group == "new_patient")
    ended = next(move for move in found.moves if move.pool_group == "ECT_lesion_breast")
    assert new.old is None and new.new.k == 2 and new.new.pi_low is None and new.points is None
    assert ended.new is None and ended.why_no_new == "1 row with counts"
    assert "    before  not pooled: no rows with counts" in text
    assert "    after   not pooled: 1 row with counts" in text
    assert any("prediction interval none below 3 rows; 2 rows" in line for line in text)
    # those with an estimate come before those that never had one
    assert [bool(move.old or move.new) for move in found.moves] == [True, True, False, False, False]


def test_a_row_without_counts_is_left_out(project):
    project.set(FREQ, "F033", {"events": "", "count_basis": "none"})
    found, text = report(project)
    (move,) = found.moves
    assert (move.old.k, move.new.k, move.new.left_out) == (3, 2, 1)
    assert any("2 rows, 1 without counts left out" in line for line in text)


@pytest.mark.parametrize(
    ("group", "reason"),
    [
        ("A_clinic_all_cancers_SHOW_NOT_POOL", "rows are shown side by side, not pooled"),
        ("E_first_sign_BY_SETTING", "rows are shown by setting, not pooled"),
        ("HT_RCT", "arms of a trial are compared, not pooled"),
        ("HT_small_comparative", "arms of a trial are compared, not pooled"),
    ],
)
def test_groups_that_stand_side_by_side(project, group, reason):
    for row in ("F018", "F025"):
        project.set(FREQ, row, {"pool_group": group})
    commit(project.root)
    project.set(FREQ, "F018", {"events": "34"})
    found, text = report(project)
    (move,) = found.moves
    assert (move.old, move.new, move.why_no_new) == (None, None, reason)
    assert f"    the counts changed; {reason}" in text
    assert f"<p>The counts changed; {reason}.</p>" in impact_page.page(found)


def test_counts_that_cannot_be_pooled_in_the_older_state(project):
    right = project.path(FREQ_FILE).read_bytes()
    project.set(FREQ, "F028", {"events": "many"})
    commit(project.root)
    project.path(FREQ_FILE).write_bytes(right)
    (move,) = measure(project.root).moves
    assert move.old is None and move.new.k == 3
    assert move.why_no_old == "the counts can't be pooled: events[0] = 'many' is no number"


@pytest.mark.parametrize(("new", "digits"), [("300", 1), ("240", 2)])
def test_as_many_digits_as_it_takes(project, new, digits):
    project.set(FREQ, "F031", {"events": new})
    (move,) = measure(project.root).moves
    assert impact_text.digits(move) == digits
    shown = {impact_text.share(side.estimate, digits) for side in (move.old, move.new)}
    assert len(shown) == 2


# Claims


def reasons(found):
    return {claim.row: claim.reasons for claim in found.claims}


def test_claims_whose_evidence_cites_the_work_of_a_changed_row(project):
    project.set(FREQ, "F017", {"notes": "read again"})  # bastard2019cutaneous, evidence of A03
    found, text = report(project)
    assert reasons(found) == {"A03": ["leans on bastard2019cutaneous: epidemiology/frequency:F017 changed"]}
    assert any(
        line.startswith("  A03: About one in five") and "[our reading: qualified]" in line for line in text
    )


def test_claims_that_changed_or_are_pointed_at(project):
    project.set("claims/claims", "A47", {"our_reading": "no_evidence_found"})
    project.set(EVIDENCE, "E103", {"finding": "Another one."})
    project.set("integrative/claim_verdicts", "V12", {"certainty_reason": "Read again."})
    assert reasons(measure(project.root)) == {
        "A43": ["integrative/claim_verdicts:V12 changed"],
        "A44": ["integrative/claim_verdicts:V12 changed"],  # in its column other_claim_ids
        "A46": ["claims/claim_evidence:E103 changed"],
        "A47": ["the claim itself changed"],  # A45 leans on the same work, and nothing of it changed
    }


def test_evidence_that_went_still_counts(project):
    project.write(EVIDENCE, [row for row in project.read(EVIDENCE) if row[0] != "E007"])
    project.set(FREQ, "F017", {"notes": "read again"})
    assert sorted(reasons(measure(project.root))["A03"]) == [
        "claims/claim_evidence:E007 removed",
        "leans on bastard2019cutaneous: epidemiology/frequency:F017 changed",
    ]


def test_a_row_that_got_another_work(project):
    """The claim leaned on the work that the row had before."""
    for table, row in ((FREQ, "F017"), ("second_reader", "Z006")):
        project.set(table, row, {"citekey": "teyateeti2021retrospective"})
    assert reasons(measure(project.root)) == {
        "A03": [
            "leans on bastard2019cutaneous: epidemiology/frequency:F017 changed",
            "leans on bastard2019cutaneous: second_reader:Z006 changed",
        ]
    }


# Notebooks


def test_notebooks_that_read_the_table(project):
    shown = [
        {
            "output_type": "stream",
            "name": "stdout",
            "text": "epidemiology/frequency:F017 epidemiology/frequency:F030\n",
        }
    ]
    project.notebook(cell_type="code", source=READS, execution_count=2, outputs=shown)
    project.set(FREQ, "F017", {"notes": "read again"})
    project.set(FREQ, "F018", {"notes": "read again"})
    found, text = report(project)
    (page,) = found.notebooks
    assert page.notebook == "notebooks/01_small.ipynb" and page.tables == [FREQ]
    assert page.rows == ["epidemiology/frequency:F017"] and page.figures == ["The chest wall"]
    assert text[text.index("  notebooks/01_small.ipynb") :][:4] == [
        "  notebooks/01_small.ipynb",
        "    reads epidemiology/frequency",
        "    shows epidemiology/frequency:F017",
        "    draws The chest wall",
    ]


def test_notebooks_that_read_something_else(project):
    project.notebook(cell_type="code", source=READS, execution_count=2, outputs=[])
    project.set(DISTRIBUTION, "P020", {"notes": "read again"})
    assert measure(project.root).notebooks == []


TABLES = ["diagnosis/a", "diagnosis/b", "epidemiology/frequency", "corrections"]


@pytest.mark.parametrize(
    ("source", "tables"),
    [
        ('load("epidemiology/frequency")', {"epidemiology/frequency"}),
        ('row = evidence.address("x")\n%matplotlib inline\nload("corrections")', {"corrections"}),
        ('for name in ["a"]:\n    load(f"diagnosis/{name}")', {"diagnosis/a"}),
        ('load("diagnosis/" + name)', {"diagnosis/a", "diagnosis/b"}),
        ("[load(name) for name in evidence.tables()]", set(TABLES)),
        ('"epidemiology/frequency:F017"', {"epidemiology/frequency"}),
        ('print("the frequency of corrections")', set()),
    ],
)
def test_tables_a_notebook_reads(project, source, tables):
    project.notebook(cell_type="code", source=source, execution_count=2, outputs=[])
    (notebook,), broken = depends.notebooks(project.root, TABLES)
    assert notebook.tables == tables and broken == []


@pytest.mark.parametrize("content", ['{"cells": [{"source": 3}]}', "{", "[]", b"\xff"])
def test_a_notebook_that_is_none(run, project, content):
    raw = content if isinstance(content, bytes) else content.encode()
    project.path("notebooks/01_small.ipynb").write_bytes(raw)
    code, out, _ = run()
    assert code == 0
    assert "  notebooks/01_small.ipynb can't be read: whether it is touched is not known\n" in out


def test_a_cell_that_is_no_python(project):
    project.notebook(cell_type="code", source="for in", execution_count=2, outputs=[])
    assert depends.notebooks(project.root, TABLES) == ([], ["notebooks/01_small.ipynb"])


# The two states


def test_another_base(project):
    project.set(FREQ, "F017", {"notes": "read again"})
    commit(project.root)
    assert measure(project.root).rows == []
    found, text = report(project, base="HEAD~1")
    assert [row.row for row in found.rows] == ["F017"] and found.base == "HEAD~1" and len(found.commit) == 40
    assert f"Rows that differ from HEAD~1 ({found.commit[:7]})" in text


def test_a_project_below_the_root_of_its_clone(project, tmp_path):
    below = tmp_path / "clone" / "review"
    below.parent.mkdir()
    (project.root / ".git").rename(below.parent / ".git")
    project.root.rename(below)
    commit(below.parent)
    project.root = below
    project.set(FREQ, "F017", {"notes": "read again"})
    assert [row.row for row in measure(below).rows] == ["F017"]


def refused(project, **options):
    with pytest.raises(SkinmetError) as error:
        measure(project.root, **options)
    return error.value.problems


def test_without_git(project, monkeypatch):
    monkeypatch.setenv("PATH", "")
    (problem,) = refused(project)
    assert problem.file == "git" and "not found" in problem.found and "install git" in problem.remedy


def test_outside_a_clone(project, monkeypatch):
    (project.root / ".git").rename(project.root / "not-git")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.root.parent))
    (problem,) = refused(project)
    assert problem.found == "git finds no clone here" and "not a git repository" in problem.value


@pytest.mark.parametrize("base", ["no-such-tag", "--output=stolen", "HEAD:data", ""])
def test_an_unknown_revision(run, project, base):
    code, out, err = run(f"--base={base}")
    assert (code, out) == (1, "") and f"git knows no such revision ({base})" in err
    assert not list(project.root.rglob("stolen"))


def test_a_clone_without_a_commit(project):
    git(project.root, "checkout", "--quiet", "--orphan", "empty")
    (problem,) = refused(project)
    assert problem.found == "git knows no such revision" and problem.value == "HEAD"


def test_a_revision_without_the_evidence(project):
    git(project.root, "checkout", "--quiet", "--orphan", "empty")
    git(project.root, "rm", "--quiet", "-r", "--cached", ".")
    git(project.root, "commit", "--quiet", "--allow-empty", "--message", "nothing yet")
    (problem,) = refused(project)
    assert "has no data/ and references/ here" in problem.found and "--base" in problem.remedy


def test_a_revision_with_a_link_that_leads_outside(project):
    link = project.path("data/outside")
    link.symlink_to("/etc")
    commit(project.root)
    link.unlink()
    (problem,) = refused(project)
    assert "can't be unpacked" in problem.found


def test_faults_come_first(run, project):
    _, line = project.set(FREQ, "F018", {"events": "99999"})
    project.set(FREQ, "F030", {"events": "99999"})
    code, out, err = run()
    assert (code, out) == (1, "")
    first, advice = err.splitlines()
    assert first.startswith(f"{FREQ_FILE}:{line}: [events] more than total")
    assert advice.startswith(
        "data/ and references/: 2 findings stand in the way, the first of them above: run `skinmet check`"
    )


def test_one_fault(project):
    project.set(FREQ, "F018", {"events": "99999"})
    _, advice = refused(project)
    assert advice.found == "1 finding stands in the way" and "skinmet check" in advice.remedy


def test_faults_of_a_notebook_are_no_hindrance(project):
    project.notebook(cell_type="markdown", source="It is 24%.")
    assert measure(project.root).rows == []


def test_faults_of_the_older_state_are_named(project):
    right = project.path(FREQ_FILE).read_bytes()
    project.replace(FREQ_FILE, "F017,", "F017,,")
    commit(project.root)
    project.path(FREQ_FILE).write_bytes(right)
    found, text = report(project)
    assert [(row.row, row.kind) for row in found.rows] == [("F017", "added")]
    (note,) = found.notes
    assert note.startswith("HEAD has faults of its own") and "cells, the header" in note
    assert f"  {note}" in text


# Formats


def test_json(run, project):
    project.set(FREQ, "F031", {"events": "300"})
    project.set(FREQ, "F033", {"events": "", "count_basis": "none"})
    code, out, err = run("--format", "json")
    found = json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert code == 0 and err.startswith("2 rows differ, 1 pooled estimate moves, ")
    assert set(found) == {"base", "commit", "rows", "moves", "claims", "notebooks", "notes"}
    assert found["moves"][0]["new"]["pi_low"] is None and found["rows"][0]["cells"][0]["column"] == "events"


class Page(HTMLParser):
    """Opened tags with their attributes, and the check that each is closed in turn."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page(run, project):
    project.set(FREQ, "F031", {"events": "300"})
    project.set(FREQ, "F017", {"notes": '<script>alert("1")</script> & "more"'})
    assert run("--format", "html")[:2] == (0, "_build/impact.html\n")
    text = project.path("_build/impact.html").read_text("utf-8")
    tags = Page(text).tags
    names = [tag for tag, _ in tags]
    assert names.count("svg") == 1 and names.count("polygon") == 2 and "script" not in names
    assert "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &quot;more&quot;" in text
    assert "http" not in text and "src=" not in text and "url(" not in text  # it loads nothing
    drawing = next(attributes for tag, attributes in tags if tag == "svg")
    assert drawing["role"] == "img" and drawing["aria-label"].startswith("Before: ")
    assert os.listdir(project.path("_build")) == ["impact.html"]


def test_the_drawing_is_to_scale(project):
    project.set(FREQ, "F031", {"events": "300"})
    found = measure(project.root)
    (move,) = found.moves
    tags = Page(impact_page.page(found)).tags
    diamonds = [attributes["points"] for tag, attributes in tags if tag == "polygon"]
    corners = [[float(corner.split(",")[0]) for corner in points.split()] for points in diamonds]
    places = [value for low, middle, high, _ in corners for value in (low, middle, high)]
    values = [v for side in (move.old, move.new) for v in (side.ci_low, side.estimate, side.ci_high)]
    unit = (places[-1] - places[0]) / (values[-1] - values[0])
    for place, value in zip(places, values, strict=True):
        assert place == pytest.approx(places[0] + unit * (value - values[0]), abs=0.2)
    assert min(places) > impact_page.LEFT and max(places) < impact_page.WIDTH - impact_page.RIGHT


def test_the_page_of_a_pool_that_begins(project):
    project.set(LOCAL, "L102", {"pool_group": "new_patient", "outcome": "ORR"})
    project.set(LOCAL, "L181", {"pool_group": "new_patient"})
    text = impact_page.page(measure(project.root))
    assert [tag for tag, _ in Page(text).tags].count("polygon") == 1  # nothing is drawn for "before"
    assert "Before: not pooled: no rows with counts." in text


def test_a_page_that_cannot_be_written(run, project):
    project.path("_build").write_text("in the way")
    code, out, err = run("--format", "html")
    assert (code, out) == (1, "") and "_build" in err and "Traceback" not in err


def test_the_older_state_cannot_steer_the_terminal(run, project):
    right = project.path(FREQ_FILE).read_bytes()
    project.set(FREQ, "F017", {"notes": "\x1b[2Jgone"})
    commit(project.root)
    project.path(FREQ_FILE).write_bytes(right)
    code, out, _ = run()
    assert code == 0 and "\x1b" not in out and "?[2Jgone" in out


def test_wrong_format_is_2(run):
    assert run("--format", "xml")[0] == 2
