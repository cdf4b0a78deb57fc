"""`skinmet bundle`: the review as a zip that others can use, and CITATION.cff, which says how to cite it."""

import hashlib
import json
import shutil
import tomllib
import zipfile

import bibtexparser
import frictionless
import pytest
import rispy
import yaml

import skinmet
import small_project
from planted import FREQ, FREQ_FILE
from skinmet import cli, references
from skinmet.problems import SkinmetError
from skinmet.references import exports, imports
from skinmet.review.bundle import CSL, bundle
from skinmet.review.check import check
from small_project import SHIPPED, Project

TOP = f"skinmet-{skinmet.__version__}"


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    root = small_project.make(tmp_path_factory.mktemp("pristine"))
    for name in ("LICENSE-CONTENT", "CITATION.cff"):
        shutil.copy(SHIPPED / name, root / name)
    return root


@pytest.fixture
def project(pristine, tmp_path):
    return Project(pristine, tmp_path / "project")


@pytest.fixture(scope="session")
def shipped(tmp_path_factory):
    """The bundle of the review as it is, unpacked."""
    folder = tmp_path_factory.mktemp("shipped")
    with zipfile.ZipFile(bundle(SHIPPED, folder / "all.zip")) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    return folder / TOP


def test_everything_is_there_and_sound(shipped):
    names = {path.relative_to(shipped).as_posix() for path in shipped.rglob("*") if path.is_file()}
    tables = {path.relative_to(SHIPPED).as_posix() for path in (SHIPPED / "data").rglob("*.csv")}
    assert names == tables | {
        "README.md", "LICENSE-CONTENT", "CITATION.cff", "SHA256SUMS", "data/datapackage.json",
        "references/references.bib", "references/references.csl.json", "references/references.ris",
        "references/ledger.csv",
    }  # fmt: skip
    for line in (shipped / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((shipped / name).read_bytes()).hexdigest() == digest
        names.remove(name)
    assert names == {"SHA256SUMS"}
    assert check(shipped) == []
    readme = (shipped / "README.md").read_text("utf-8")
    assert "Education, not medical advice" in readme


def test_frictionless_finds_nothing_wrong(shipped):
    report = frictionless.validate(str(shipped / "data/datapackage.json"))
    assert report.valid, report.flatten(["fieldName", "rowNumber", "message"])[:5]


def test_the_bibliography_comes_back_in_each_format(shipped):
    works = references.load()
    library = bibtexparser.parse_file(str(shipped / "references/references.bib"))
    assert not library.failed_blocks and {entry.key for entry in library.entries} == set(works)
    items = {item["id"]: item for item in json.loads((shipped / CSL).read_text("utf-8"))}
    records = rispy.loads((shipped / "references/references.ris").read_text("utf-8"))
    by_id = {record["id"]: record for record in records}
    assert set(items) == set(by_id) == set(works) and len(records) == len(works)
    for key, work in works.items():
        item, record = items[key], by_id[key]
        assert item["title"] == record["title"] == work.title
        assert item.get("DOI", "") == record.get("doi", "") == work.doi
        assert item.get("PMID", "") == record.get("accession_number", "") == work.pmid
        issued = item.get("issued", {"date-parts": [[""]]})["date-parts"][0][0]
        assert str(issued) == record.get("year", "") == work.year
        assert len(item.get("author", [])) == len(record.get("authors", [])) == len(work.authors) + work.et_al
        assert item.get("container-title", "") == record.get("secondary_title", "")


def test_our_own_reader_takes_the_ris_file_back(shipped):
    """What `skinmet add` makes of each work is what it was: nothing is lost on the way out or in."""
    imported = imports.read(shipped / "references/references.ris")
    assert not imported.problems
    works = list(references.load().values())
    assert len(imported.entries) == len(works)
    for entry, work in zip(imported.entries, works, strict=True):
        known = {name: work.fields.get(name, "") for name in ("year", "volume", "doi", "pmid")}
        assert {name: entry.fields.get(name, "") for name in known} == known, work.key


def test_ris_of_one_work(project):
    (project.root / "references/references.bib").write_text(
        "@article{aa2019bb,\n"
        "  author = {Müller, Ä. B. and {World Health Organization} and Solo and others},\n"
        "  title = {A \\& b},\n  journal = {J},\n  year = {2019},\n  pages = {12--19},\n  pmid = {7},\n"
        "  pmcid = {PMC8},\n  keywords = {incomplete},\n}\n", "utf-8",
    )  # fmt: skip
    ledger = "aa2019bb,incomplete,abstract,,,,,\n"
    header = project.path("references/ledger.csv").read_text("utf-8").split("\n")[0]
    project.path("references/ledger.csv").write_text(f"{header}\n{ledger}")
    works = references.load(project.root).values()
    assert exports.ris(works) == (
        "TY  - JOUR\nID  - aa2019bb\nAU  - Müller, Ä. B.\nAU  - World Health Organization,\nAU  - Solo,\n"
        "AU  - et al.,\nTI  - A & b\nT2  - J\nPY  - 2019\nSP  - 12\nEP  - 19\n"
        "DB  - PubMed\nAN  - 7\nC2  - PMC8\n"
        "N1  - Abstract read. Incomplete reference: what is known is given.\nER  - \n"
    )
    (item,) = json.loads(exports.csl_json(works))
    assert item["author"] == [
        {"family": "Müller", "given": "Ä. B."},
        {"literal": "World Health Organization"},
        {"literal": "Solo"},
        {"literal": "et al."},
    ]
    assert (item["type"], item["page"], item["issued"]) == (
        "article-journal",
        "12-19",
        {"date-parts": [[2019]]},
    )


def test_the_same_evidence_gives_the_same_bytes(project, tmp_path):
    first = bundle(project.root)
    assert first == project.root / "_build" / f"{TOP}.zip"
    for path in project.root.rglob("*.csv"):
        path.touch()
    second = bundle(project.root, tmp_path / "new" / "other.zip")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
    project.set(FREQ, "F018", {"notes": "changed"})
    assert bundle(project.root).read_bytes() != second.read_bytes()


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["skinmet", "bundle", *map(str, arguments)])
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code or 0
    return code, *capsys.readouterr()


def test_on_the_command_line(project, monkeypatch, capsys, tmp_path):
    out = tmp_path / "x.zip"
    assert run(monkeypatch, capsys, "--root", project.root, "--out", out) == (0, f"{out}\n", "")
    assert zipfile.is_zipfile(out)
    code, _, err = run(monkeypatch, capsys, "--root", project.root, "--out", tmp_path)
    assert code == 2 and "directory" in err
    project.set(FREQ, "F018", {"events": "99999"})
    code, out, err = run(monkeypatch, capsys, "--root", project.root)
    assert (code, out) == (1, "") and err.startswith(f"{FREQ_FILE}:7: [events] more than total")


def test_a_part_is_missing(project):
    project.path("LICENSE-CONTENT").unlink()
    with pytest.raises(SkinmetError, match="LICENSE-CONTENT: the file is missing: restore it"):
        bundle(project.root)
    assert not (project.root / "_build" / f"{TOP}.zip").exists()


def test_one_version_everywhere(project):
    project.replace("CITATION.cff", f"version: {skinmet.__version__}", 'version: "9.9"')
    project.replace("data/datapackage.json", f'"version": "{skinmet.__version__}"', '"version": "9.8"')
    with pytest.raises(SkinmetError) as caught:
        bundle(project.root)
    assert [(p.file, p.value) for p in caught.value.problems] == [
        ("CITATION.cff", "9.9"),
        ("data/datapackage.json", "9.8"),
    ]


# CITATION.cff, by the rules of the Citation File Format 1.2.0 that concern what stands in it


def test_the_citation_file_is_true():
    citation = yaml.safe_load((SHIPPED / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((SHIPPED / "pyproject.toml").read_text("utf-8"))["project"]
    package = json.loads((SHIPPED / "data/datapackage.json").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)  # what the format requires
    known = {
        "cff-version", "message", "type", "title", "authors", "version", "license", "keywords", "abstract",
        "date-released", "doi", "identifiers", "repository-code", "url", "references",
    }  # fmt: skip
    assert set(citation) <= known
    assert citation["cff-version"] == "1.2.0" and citation["type"] in ("software", "dataset")
    for author in citation["authors"]:
        assert author.keys() & {"name", "family-names", "given-names"}
        assert not ("name" in author and "family-names" in author)  # an entity or a person
    assert citation["version"] == project["version"] == package["version"] == skinmet.__version__
    assert citation["license"] in project["license"].split(" AND ")
    assert citation["license"] == package["licenses"][0]["name"]
    assert len(set(citation["keywords"])) == len(citation["keywords"])
    assert all(
        isinstance(citation[name], str) and citation[name] for name in ("title", "message", "abstract")
    )
    assert "Attribution 4.0 International" in (SHIPPED / "LICENSE-CONTENT").read_text("utf-8")
