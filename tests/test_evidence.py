"""The evidence tables: what is there, how it is typed, and that nothing got lost."""

import csv
import json

import frictionless
import pytest

import small_project
from planted import FREQ, FREQ_FILE
from skinmet import evidence, references
from skinmet.problems import SkinmetError
from small_project import SHIPPED, Project

# Rows at import from the dossier. A table may grow; a row that went is a row that was lost.
ROWS_AT_IMPORT = {
    "claims/citation_audit": 12,
    "claims/claim_evidence": 164,
    "claims/claims": 73,
    "corrections": 15,
    "diagnosis/bayes_inputs": 32,
    "diagnosis/diagnostic_accuracy": 49,
    "diagnosis/diagnostic_steps": 21,
    "diagnosis/ihc_markers": 114,
    "diagnosis/misdiagnosis": 19,
    "diagnosis/receptor_discordance": 37,
    "epidemiology/background": 27,
    "epidemiology/frequency": 55,
    "epidemiology/misquotations": 12,
    "epidemiology/primary_distribution": 70,
    "epidemiology/sites": 41,
    "epidemiology/subtypes": 21,
    "epidemiology/survival": 34,
    "epidemiology/timing": 29,
    "integrative/claim_verdicts": 20,
    "integrative/guideline_recommendations": 68,
    "integrative/interactions": 21,
    "integrative/trial_effects": 141,
    "living/mdt": 19,
    "living/qol_psychosocial": 39,
    "pathways/molecular_findings": 38,
    "pathways/pathway_edges": 111,
    "pathways/pathway_nodes": 64,
    "pathways/routes": 51,
    "pathways/seeding": 33,
    "presentation/pattern_glossary": 12,
    "presentation/presentations": 61,
    "references": 559,  # of 560: two entries were one work
    "second_reader": 83,
    "therapy/guidelines": 11,
    "therapy/local_response": 201,
    "therapy/safety": 41,
    "therapy/supportive": 63,
    "therapy/systemic": 52,
}
OUR_OWN = {"corrections", "references"}  # made while the dossier was brought over
DOSSIER = 1856 + 83  # rows of its tables, and of its second reader


@pytest.fixture(autouse=True)
def shipped(monkeypatch):
    monkeypatch.setenv("SKINMET_ROOT", str(SHIPPED))


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    return small_project.make(tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def project(pristine, tmp_path, monkeypatch):
    monkeypatch.setenv("SKINMET_ROOT", str(tmp_path))
    return Project(pristine, tmp_path)


@pytest.fixture(scope="module")
def frames():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINMET_ROOT", str(SHIPPED))
        return {name: evidence.load(name) for name in evidence.tables()}


# What is shipped


def test_no_row_is_lost(frames):
    assert set(ROWS_AT_IMPORT) <= set(frames)
    assert {n: len(frames[n]) for n in ROWS_AT_IMPORT if len(frames[n]) < ROWS_AT_IMPORT[n]} == {}
    assert sum(rows for name, rows in ROWS_AT_IMPORT.items() if name not in OUR_OWN) == DOSSIER


def test_every_row_has_its_own_name(frames):
    for name, frame in frames.items():
        assert frame.index.is_unique and frame.index.notna().all(), name


def test_every_citekey_resolves(frames):
    known = set(references.load())
    cited = {
        key.strip()
        for frame in frames.values()
        for column in frame.columns
        if column.endswith(("citekey", "citekeys"))
        for cell in frame[column].dropna()
        for key in cell.split(";")
    }
    assert len(cited) > 500 and cited <= known
    assert set(frames["references"].index) == known


def test_frictionless_agrees_with_the_schema():
    """The public description, checked by an independent reader: types, words, keys between tables."""
    report = frictionless.validate(str(SHIPPED / "data/datapackage.json"))
    assert len(report.tasks) == len(evidence.tables())
    assert report.flatten(["path", "rowNumber", "fieldName", "message"]) == []


def test_frictionless_would_notice(project):
    project.set(FREQ, "F018", {"events": "many", "citekey": "nobody1999x"})
    report = frictionless.validate(str(project.path("data/datapackage.json")))
    assert {field for (field,) in report.flatten(["fieldName"])} >= {"events"} and not report.valid


def test_every_column_says_what_it_means():
    for name in evidence.tables():
        table = evidence.schema(name)
        assert table["description"].str.len().gt(3).all(), name
        assert table["type"].isin(["string", "integer", "number", "boolean"]).all(), name


# Reading


def test_types(project):
    frame = evidence.load(FREQ)
    assert frame.index.name == "row_id"
    assert frame["events"].dtype == "Int64" and frame["percent_reported"].dtype == "float64"
    assert frame["presenting_sign"].dtype == "boolean" and frame["study"].dtype == "str"
    row = frame.loc["F017"]
    assert (row["events"], row["total"], row["percent_reported"]) == (31, 914, 3.4)
    assert not row["presenting_sign"] and row["study"] == "Bastard 2019"


def test_an_empty_cell_is_missing_and_no_text(project):
    project.set(FREQ, "F018", {"country": "", "events": "", "presenting_sign": ""})
    row = evidence.load(FREQ).loc["F018"]
    assert row[["country", "events", "presenting_sign"]].isna().all()


def test_references_are_indexed_by_citekey(project):
    frame = evidence.load("references")
    assert frame.index.name == "citekey" and frame.loc["bastard2019cutaneous", "year"] == "2019"


def test_tables_and_schema(project):
    assert set(evidence.tables()) == set(small_project.ROWS)
    schema = evidence.schema(FREQ)
    assert schema.loc["seen_as", "allowed"] == "fulltext, abstract, secondary"
    assert schema.loc["row_id", "required"] and schema.loc["events", "type"] == "integer"


def test_address():
    assert evidence.address(FREQ, "F017") == "epidemiology/frequency:F017"


def test_an_unknown_table_names_the_nearest():
    words = r"no such table \(epidemiology/frequencies\): did you mean epidemiology/frequency"
    with pytest.raises(SkinmetError, match=words):
        evidence.load("epidemiology/frequencies")
    with pytest.raises(SkinmetError, match=r"see skinmet\.evidence\.tables"):
        evidence.load("zzz")


def test_every_cell_of_the_wrong_type_is_named(project):
    _, first = project.set(FREQ, "F017", {"events": "3.5", "percent_reported": "3,4"})
    _, second = project.set(FREQ, "F018", {"presenting_sign": "maybe"})
    with pytest.raises(SkinmetError) as caught:
        evidence.load(FREQ)
    found = {(p.file, p.line, p.column, p.value) for p in caught.value.problems}
    assert found == {
        (FREQ_FILE, first, "events", "3.5"),
        (FREQ_FILE, first, "percent_reported", "3,4"),
        (FREQ_FILE, second, "presenting_sign", "maybe"),
    }


def test_a_spoilt_header(project):
    project.replace(FREQ_FILE, ",country,", ",land,")
    with pytest.raises(
        SkinmetError, match=r"frequency.csv:1: the header differs from the schema \(land, country\)"
    ):
        evidence.load(FREQ)


def test_a_row_of_another_length(project):
    file, line = project.replace(FREQ_FILE, "\nF033,", "\nF033,,")
    with pytest.raises(SkinmetError, match=f"{file}:{line + 1}: the row has 23 cells, the header 22"):
        evidence.load(FREQ)


def test_no_project(tmp_path, monkeypatch):
    monkeypatch.setenv("SKINMET_ROOT", str(tmp_path))
    with pytest.raises(SkinmetError, match="no skinmet project here"):
        evidence.tables()


def test_the_package_lists_every_table_once():
    package = json.loads((SHIPPED / "data/datapackage.json").read_text("utf-8"))
    paths = [entry["path"] for entry in package["resources"]]
    files = [path.relative_to(SHIPPED / "data").as_posix() for path in (SHIPPED / "data").rglob("*.csv")]
    assert sorted(paths) == sorted(files)
    with open(SHIPPED / FREQ_FILE, encoding="utf-8", newline="") as handle:
        assert next(csv.reader(handle)) == list(evidence.schema(FREQ).index)


@pytest.mark.parametrize("spoil", ["missing", "not UTF-8"])
def test_a_table_that_cannot_be_read_is_a_problem_and_no_traceback(project, spoil):
    path = project.root / FREQ_FILE
    if spoil == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes() + b"\xff")
    with pytest.raises(SkinmetError, match="can't be read") as caught:
        evidence.load(FREQ)
    assert caught.value.problems[0].file == FREQ_FILE
