"""Exports of reference managers: what each means, and that broken ones are named, never half read."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skinmet.references import bibtex, checks, identity, imports, tagged
from skinmet.references.bibtex import Entry

EXPORTS = Path(__file__).parent / "exports"
FILES = sorted(path for path in EXPORTS.iterdir() if path.suffix in {".ris", ".bib", ".nbib", ".txt", ".enw"})
# What each export says, in the house's fields; read off the exports by hand.
READ = json.loads((EXPORTS / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("name", READ)
def test_each_program_is_understood(name):
    found = imports.read(EXPORTS / name)
    assert found.problems == []
    assert [{"type": entry.type, **entry.fields} for entry in found.entries] == READ[name]


def test_no_export_lies_unread():
    refused = {"endnote_tagged.enw", "scopus_without_type.ris"}
    assert {path.name for path in FILES} == {*READ, *refused}


def test_an_old_encoding_is_read_and_said():
    (remark,) = imports.read(EXPORTS / "endnote.ris").remarks
    assert "Windows-1252" in remark.found and remark.line == 23


def given_file(tmp_path, content, name="export.ris"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return imports.read(path)


def ris(*lines):
    return "\n".join(("TY  - JOUR", "TI  - Invented", *lines, "ER  - ", ""))


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (ris("AU  - Example, A.") + "TY  - JOUR\nTI  - Cut", 5, "ends inside this record"),
        ("TY  - JOUR\nTI  - One\n" + ris(), 1, "no ER line before the next begins, in line 3"),
        (ris() + "AU  - Example, A.\nTI  - Two\nER  - \n", 4, "its TY line is missing"),
        ("TY  - JOUR\nAU  - Example, A.\nER  - \n", 1, "has no title"),
        ("PMID- 99000001\nDP  - 2001\n", 1, "has no title"),
        ("TI  - Invented\n\nPMID- 99000001\nTI  - Two\n", 1, "doesn't begin with its PMID"),
        ("%0 Journal Article\n%T Invented\n", 1, "EndNote's own"),
        ("FN Clarivate Analytics Web of Science\nVR 1.0\nPT J\n", 1, "Web of Science's plain text"),
        ("<?xml version='1.0'?><xml/>", 1, "XML"),
        ('[{"title": "Invented"}]', 1, "JSON"),
        (b"PK\x03\x04....", 1, "PDF or a packed file"),
        (b"%PDF-1.7", 1, "PDF"),
        ("just words", 1, "neither RIS nor BibTeX"),
        ("", 1, "neither RIS nor BibTeX"),
        (b"\xff\xfeT\0Y\0 \0 \0-\0 \0J", None, "cut or damaged"),
        (ris("AU  - " + "a, " * 9), None, None),
    ],
)
def test_a_broken_export_is_located(tmp_path, content, line, words):
    found = given_file(tmp_path, content)
    if words is None:
        assert found.problems == [] and len(found.entries) == 1
        return
    problem = found.problems[0]
    assert words in problem.found and problem.line == line and problem.remedy


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("@article{a,\n title = {One},\n", 1, "can't be read"),
        ("\n\n@article{a,\n year = 2001,\n}\n", 3, "has no title"),
        ("@article{a,\n title = {One},\n author = {A, B, C, D},\n}\n", 3, "too many commas"),
        ("@article{a,\n title = jie,\n}\n", 2, "neither in braces"),
        ("article{a,\n title = {One},\n}\n@article{b,\n title = {Two},\n}\n", 1, "text outside an entry"),
        ("@comment{nothing}\n", None, "no reference"),
    ],
)
def test_a_broken_bibliography_is_located(tmp_path, content, line, words):
    problems = given_file(tmp_path, content, "export.bib").problems
    assert any(words.lower() in problem.found.lower() and problem.line == line for problem in problems), (
        problems
    )


def test_what_check_would_refuse_is_left_out_and_said(tmp_path):
    found = given_file(tmp_path, ris("SP  - ahead of print", "DO  - none", "PY  - in press", "VL  - 3"))
    assert found.entries[0].fields == {"title": "Invented", "volume": "3"}
    (remark,) = found.remarks
    assert remark.column == "pages" and "left out" in remark.found


def test_one_space_before_the_hyphen_is_a_tag_only_where_the_record_says_so(tmp_path):
    assert "volume" not in given_file(tmp_path, ris("VL - 9 goes on from above")).entries[0].fields
    one_space = "TY - JOUR\nTI - Invented\nVL - 9\nER -\n"
    assert given_file(tmp_path, one_space).entries[0].fields["volume"] == "9"


def test_a_doi_of_a_cited_work_is_none_of_its_own(tmp_path):
    cited = ris(
        "N1  - References: Nobody, N., (1990), doi: 10.5555/not.this", "UR  - https://example.org/10.5555/x"
    )
    assert "doi" not in given_file(tmp_path, cited).entries[0].fields


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-8-sig"])
def test_encodings_with_and_without_their_mark(tmp_path, encoding):
    text = ris("AU  - Exämple, A.", "AB  - " + "x" * 300)
    assert given_file(tmp_path, text.encode(encoding)).entries[0].fields["author"] == "Exämple, A."


def test_a_bibliography_with_remarks_between_its_entries(tmp_path):
    entries = "@article{a,\n title = {One\n% of it},\n}\n%s\n@preamble{x}\n@article{b,\n title = {Two},\n}\n"
    for remark in ("% a remark: x = {y}", "words between", "% one\n% @two"):
        found = given_file(tmp_path, entries.replace("%s", remark), "export.bib")
        assert found.problems == [] and found.entries[1].line == 7 + remark.count("\n")
        assert found.entries[0].fields["title"] == r"One \% of it"


def test_signs_that_latex_takes_for_its_own(tmp_path):
    (one,) = given_file(
        tmp_path, "TY  - JOUR\nTI  - It costs $5 or $6, a\\b ~ 10% & #1_x {y}\nER  - \n"
    ).entries
    assert bibtex.text("title", one.fields["title"]) == "It costs $5 or $6, a\\b ~ 10% & #1_x y"


def test_what_is_no_file_is_not_read():
    assert "is no file" in imports.read(Path("/dev/zero")).problems[0].found


def test_a_library_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "LARGEST", 10)
    assert "larger than" in given_file(tmp_path, ris()).problems[0].found


@pytest.mark.parametrize(
    ("names", "field"),
    [
        (["Example, A.", "et al."], "Example, A. and others"),
        (["World Health Organization"], "{World Health Organization}"),
        (["Example AB"], "Example, AB"),
        (["Research and Development Unit, Example"], "{Research and Development Unit, Example}"),
        (["Example, A.", "Example, A."], "Example, A."),
        (["", ",", "{}"], ""),
        (["Example"], "Example"),
        (["O'Example, {A}"], "O'Example, A"),
    ],
)
def test_names(names, field):
    assert tagged.authors(names) == field


@pytest.mark.parametrize(
    ("first", "last", "written"),
    [
        ("1082", "92", "1082--1092"), ("1082-92", "", "1082--1092"), ("S12", "S19", "S12--S19"),
        ("12", "12", "12"), ("e1024", "", "e1024"), ("301 – 309", "", "301--309"), ("", "", ""),
        ("9", "7", "9--7"),
    ],
)  # fmt: skip
def test_pages(first, last, written):
    assert tagged.pages(first, last) == written


# Keys and twins


def work(title="Invented nodules of the skin", author="Example, A.", year="2020", **fields):
    return Entry("", "article", {"title": title, "author": author, "year": year, **fields})


@pytest.mark.parametrize(
    ("entry", "taken", "key"),
    [
        (work(), (), "example2020invented"),
        (work(), {"example2020invented"}, "example2020inventednodules"),
        (work("Invented"), {"example2020invented"}, "example2020invented2"),
        (work("Invented"), {"example2020invented", "example2020invented2"}, "example2020invented3"),
        (work("A case report of the invented"), (), "example2020invented"),
        (work("The review"), (), "example2020the"),
        (work(author="", year=""), (), "anonndinvented"),
        (work(author="{World Health Organization}"), (), "worldhealthorganization2020invented"),
        (work(author="Müller-Łódź, Ø"), (), "mullerlodz2020invented"),
        (work("皮膚転移", author="例, 示"), (), "anon2020untitled"),
    ],
)
def test_keys_are_made_in_the_house_pattern(entry, taken, key):
    made = identity.key(entry, taken)
    assert made == key
    assert not [p for p in checks.of_entry(Entry(made, "article", {}), {}) if "usual form" in p.found]


def test_most_keys_of_the_bibliography_would_be_made_again():
    root = Path(__file__).resolve().parents[1]
    entries, _ = bibtex.read((root / "references/references.bib").read_text("utf-8"), "references.bib")
    again = [entry for entry in entries if identity.key(entry, ()) == entry.key]
    assert len(again) > 0.9 * len(entries)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (work("Other", doi="https://doi.org/10.5555/A"), work(doi="10.5555/a"), "the same DOI"),
        (work("Other", pmid="99000001"), work(pmid="99000001"), "the same PMID"),
        (work("Other", pmcid="PMC9900"), work(pmcid="pmc9900"), "the same PMCID"),
        (work("INVENTED: nodules of the Skin."), work(), "nearly the same title"),
        (work("Invented nodule of the skin"), work(year="2021"), "nearly the same title"),
        (work(year=""), work(), "nearly the same title"),
        (work("Invented nodules of the chest wall"), work(), None),
        (work(year="2017"), work(), None),
        (work("Quite another thing"), work(), None),
    ],
)
def test_twins(one, other, shared):
    twin = identity.twin(one, [other])
    assert (twin is None) if shared is None else (shared in twin.shared)


# Whatever the bytes: never a traceback, never a hang, never a half-read record passed off as whole.


@st.composite
def spoiled(draw):
    """An export with bytes changed, cut out or put in, lines dropped or doubled, or the end cut off."""
    path = draw(st.sampled_from(FILES))
    raw = path.read_bytes()
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(raw) - 1)))
        how = draw(st.sampled_from(("flip", "cut", "drop", "double", "insert", "swap")))
        lines = raw.split(b"\n")
        line = min(raw.count(b"\n", 0, place), len(lines) - 1)
        if how == "flip":
            raw = raw[:place] + bytes([draw(st.integers(0, 255))]) + raw[place + 1 :]
        elif how == "cut":
            raw = raw[:place]
        elif how == "drop":
            raw = b"\n".join(lines[:line] + lines[line + 1 :])
        elif how == "double":
            raw = b"\n".join(lines[: line + 1] + lines[line:])
        elif how == "insert":
            raw = (
                raw[:place]
                + draw(st.sampled_from((b"{", b"}", b"@", b"TY  - JOUR\n", b"\\", b"\0")))
                + raw[place:]
            )
        else:
            lines[0], lines[line] = lines[line], lines[0]
            raw = b"\n".join(lines)
    return path.name, raw


@settings(
    max_examples=2500, deadline=2000, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(spoiled())
def test_a_spoiled_export_is_read_or_named(tmp_path, case):
    name, raw = case
    path = tmp_path / name
    path.write_bytes(raw)
    found = imports.read(path)
    assert path.read_bytes() == raw
    assert found.entries or found.problems
    assert all(problem.file == str(path) and problem.found and problem.remedy for problem in found.problems)
    # what is read can be written and read again, and `skinmet check` would take it
    entries = [
        Entry(f"{identity.key(entry, ())}{n}", entry.type, entry.fields)
        for n, entry in enumerate(found.entries)
    ]
    if not found.problems:
        text = bibtex.write(entries)
        again, problems = bibtex.read(text, "references.bib")
        assert problems == [] and bibtex.write(again) == text
        assert [list(checks.of_entry(entry, {})) for entry in again] == [[] for _ in entries]


@settings(max_examples=400, deadline=2000, derandomize=True, database=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_title_comes_back_as_it_was(title):
    shown = "".join(sign for sign in tagged.readable(title) if sign not in "{}")
    entry = Entry("example2020invented", "article", {"title": tagged.plain(title)})
    (again,), problems = (
        bibtex.read(bibtex.write([entry]), "references.bib") if entry.fields["title"] else ((entry,), [])
    )
    assert problems == []
    back = bibtex.text("title", again.fields.get("title", ""))
    assert identity.letters(back) == identity.letters(shown)
