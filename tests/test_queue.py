"""`skinmet queue`: what waits, what most leans on first."""

import csv
import json

import pytest

import small_project
from planted import FREQ, FREQ_FILE, LOCAL
from skinmet.problems import SkinmetError
from skinmet.review import canonical, queue
from small_project import Project

LEDGER = "references/ledger.csv"
EVIDENCE = "claims/claim_evidence"


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(small_project.ROWS, EVIDENCE, "E007 E099 E103")  # of A03, A44, A46
        return small_project.make(tmp_path_factory.mktemp("queue"))


@pytest.fixture
def project(pristine, tmp_path):
    return Project(pristine, tmp_path / "project")


@pytest.fixture
def run(project, command):
    """Exit code, stdout and stderr of `skinmet queue` in the project."""
    return lambda *arguments: command("queue", "--root", project.root, *arguments)


def ledger(project, key, **cells):
    """Overwrite cells of a ledger row, and make data/references.csv anew."""
    with open(project.path(LEDGER), encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    next(row for row in rows if row["citekey"] == key).update(cells)
    with open(project.path(LEDGER), "w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    canonical.fmt(project.root)


def of(project, status):
    with open(project.path(LEDGER), encoding="utf-8", newline="") as handle:
        return {row["citekey"] for row in csv.DictReader(handle) if row["status"] == status}


@pytest.mark.parametrize("status", ["incomplete", "traceable"])
def test_references_by_status(project, status):
    found = getattr(queue.waiting(project.root), status)
    assert {one.item for one in found} == of(project, status) and len(found) > 1
    sizes = [(one.leaning, one.pooled) for one in found]
    assert sizes == sorted(sizes, reverse=True)


def test_rows_that_lean_on_a_reference(project):
    """anon2023clinicopathological stands in two rows of the small project, both in pool groups."""
    found = {one.item: one for one in queue.waiting(project.root).incomplete}
    work = found["anon2023clinicopathological"]
    assert (work.leaning, work.pooled) == (2, 2)
    project.set("claims/claims", "A37", {"citekey": "anon2023clinicopathological"})
    project.set(
        "integrative/claim_verdicts", "V01", {"other_citekeys": "anon2023impact; anon2023clinicopathological"}
    )
    found = {one.item: one for one in queue.waiting(project.root).incomplete}
    work = found["anon2023clinicopathological"]
    assert (work.leaning, work.pooled) == (4, 2)
    assert (work.file, work.hint) == ("references/references.bib", "without author, has url")
    lines = project.path(work.file).read_text("utf-8").splitlines()
    assert lines[work.line - 1].startswith("@article{anon2023clinicopathological,")


def test_the_books_do_not_count(project):
    """Corrections and second readings cite works too, for rows that are counted already."""
    before = {one.item: one.leaning for one in queue.waiting(project.root).incomplete}
    header, *rows = project.read("corrections")
    extra = [*rows[0]]
    extra[0], extra[header.index("citekey")] = "K900", "anon2002metastatic"
    with_it = [header, *rows]
    assert before["anon2002metastatic"] == 2
    rows[0][header.index("citekey")] = "anon2002metastatic"
    project.write("corrections", with_it)
    after = {one.item: one.leaning for one in queue.waiting(project.root).incomplete}
    assert after["anon2002metastatic"] == 2


def test_second_hand_rows(project):
    found = queue.waiting(project.root).second_hand
    assert {"epidemiology/frequency:F011", "epidemiology/frequency:F012"} <= {one.item for one in found}
    assert not any(one.pooled for one in found)
    project.set(FREQ, "F028", {"seen_as": "secondary"})
    first = queue.waiting(project.root).second_hand[0]
    assert (first.item, first.pooled, first.about) == ("epidemiology/frequency:F028", 1, "Lim 2023")
    assert (first.file, first.line) == (FREQ_FILE, project.line(FREQ, "F028"))


def test_derived_counts(project):
    found = queue.waiting(project.root).derived
    items = [one.item for one in found]
    assert {"therapy/local_response:L055", "epidemiology/primary_distribution:P028"} <= set(items)
    assert "therapy/local_response:L067" not in items  # stated
    project.set(LOCAL, "L055", {"pool_group": ""})
    pools = [one.pooled for one in queue.waiting(project.root).derived]
    assert pools == sorted(pools, reverse=True) and set(pools) == {0, 1}


def test_claims_without_evidence(project):
    found = queue.waiting(project.root).claims
    assert {one.item for one in found} == {"A37", "A43", "A45", "A47"}
    assert [one.leaning for one in found] == sorted((one.leaning for one in found), reverse=True)
    # A37: in claim_verdicts V01 and in the list of the citation audit's A-arends2021
    assert next(one for one in found if one.item == "A37").leaning == 2
    rows = project.read(EVIDENCE)
    project.write(EVIDENCE, [row for row in rows if row[0] != "E103"])
    assert "A46" in {one.item for one in queue.waiting(project.root).claims}


def test_references_never_verified(project):
    found = queue.waiting(project.root)
    assert found.unverified == found.references > 50
    ledger(project, "bastard2019cutaneous", checked_on="2026-01-31", checked_by="A Reviewer")
    assert queue.waiting(project.root).unverified == found.references - 1


def test_in_words(run, project):
    project.set(FREQ, "F028", {"seen_as": "secondary"})
    code, out, err = run()
    lines = out.splitlines()
    assert code == 0 and err == ""
    found = queue.waiting(project.root)
    assert f"Incomplete references: find what is missing in the work itself: {len(found.incomplete)}" in lines
    assert any(line.startswith("  anon2023clinicopathological (line ") for line in lines)
    assert any(": 2 rows lean on it, 2 in pool groups; " in line for line in lines)
    assert any(": 1 row leans on it" in line for line in lines)
    row = f"  epidemiology/frequency:F028 (line {project.line(FREQ, 'F028')}): in a pool group; Lim 2023; "
    assert any(line.startswith(row) for line in lines)
    assert (
        lines[-1]
        == f"References never compared with the work itself: {found.unverified} of {found.references}"
    )


def test_fifteen_of_each_or_everything(run, project, monkeypatch):
    monkeypatch.setattr(queue, "SHOWN", 2)
    waiting = len(queue.waiting(project.root).derived)
    assert waiting > 2
    out = run()[1]
    assert f"  and {waiting - 2} more: `skinmet queue --all`" in out
    everything = run("--all")[1]
    assert " more: " not in everything
    assert everything.count("\n  ") > out.count("\n  ")


def test_json(run, project):
    code, out, _ = run("--format", "json")
    found = json.loads(out)
    assert code == 0 and set(found) == {
        "incomplete", "traceable", "second_hand", "derived", "claims", "unverified", "references",
    }  # fmt: skip
    assert set(found["incomplete"][0]) == {"item", "file", "line", "leaning", "pooled", "about", "hint"}
    assert len(found["incomplete"]) == len(of(project, "incomplete"))


def test_without_claims(project):
    """A review that has no table of claims has none that wait."""
    package = json.loads(project.path("data/datapackage.json").read_text("utf-8"))
    gone = ("claims/claims", EVIDENCE, "integrative/claim_verdicts", "claims/citation_audit")
    package["resources"] = [r for r in package["resources"] if r["path"][:-4] not in gone]
    project.path("data/datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    for name in gone:
        project.path(f"data/{name}.csv").unlink()
    assert queue.waiting(project.root).claims == []


def test_faults_come_first(run, project):
    _, line = project.set(FREQ, "F017", {"events": "99999"})
    code, out, err = run()
    assert (code, out) == (1, "")
    assert err.startswith(f"{FREQ_FILE}:{line}: [events] more than total") and "run `skinmet check`" in err


def test_a_broken_ledger(project):
    project.replace(LEDGER, "citekey,status", "citekey,state")
    with pytest.raises(SkinmetError) as error:
        queue.waiting(project.root)
    assert error.value.problems[0].file == LEDGER
