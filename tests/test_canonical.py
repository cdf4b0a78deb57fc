"""`skinmet fmt`: one form, nothing lost, no value touched, all or nothing."""

import csv
import io
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planted import FREQ, FREQ_FILE, SURVIVAL, separated_by
from skinmet.problems import SkinmetError
from skinmet.review.canonical import fmt
from small_project import SHIPPED

REFERENCES = "data/references.csv"
BIB = "references/references.bib"


def contents(project):
    return {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()}


def test_the_shipped_files_are_in_canonical_form():
    assert fmt(SHIPPED, check=True) == []


def test_the_small_project_is_in_canonical_form(project):
    before = contents(project)
    assert fmt(project.root) == []
    assert contents(project) == before


def quoted(raw):
    out = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(raw.decode()))
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def turned(raw):
    """The columns the other way round."""
    out = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(raw.decode()))
    csv.writer(out, lineterminator="\n").writerows(row[::-1] for row in rows)
    return out.getvalue().encode()


SPOILT = {
    "byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "Windows line ends": lambda raw: raw.replace(b"\n", b"\r\n"),
    "old Mac line ends": lambda raw: raw.replace(b"\n", b"\r"),
    "no line end at the end": lambda raw: raw[:-1],
    "UTF-16": lambda raw: raw.decode().encode("utf-16"),
    "semicolons": separated_by(";"),
    "tabs": separated_by("\t"),
    "as Excel saves it": lambda raw: b"\xef\xbb\xbf" + separated_by(";")(raw).replace(b"\n", b"\r\n"),
    "empty lines": lambda raw: raw.replace(b"\nF017", b"\n\n\nF017") + b"\n" + b"," * 21 + b"\n",
    "a line of spaces": lambda raw: raw + b" ," + b"," * 20 + b"\n",
    "quotes everywhere": quoted,
    "spaces around values": lambda raw: raw.replace(b",Thailand,", b", Thailand \t,"),
    "spaces in the header": lambda raw: raw.replace(b",country,", b", country ,"),
    "columns the other way round": turned,
}


@pytest.mark.parametrize("name", SPOILT)
def test_form_is_mended(project, name):
    path = project.path(FREQ_FILE)
    wanted = path.read_bytes()
    spoilt = SPOILT[name](wanted)
    assert spoilt != wanted
    path.write_bytes(spoilt)

    assert fmt(project.root, check=True) == [FREQ_FILE]
    assert path.read_bytes() == spoilt
    assert fmt(project.root) == [FREQ_FILE]
    assert path.read_bytes() == wanted
    assert fmt(project.root) == []


def test_rows_keep_their_order_and_wrong_values_stay(project):
    header, first, second, *rest = project.read(FREQ)
    second[header.index("events")] = "05-Mar"
    project.write(FREQ, [header, second, first, *rest])
    assert fmt(project.root) == []
    assert project.read(FREQ)[1] == second


def test_the_bibliography_is_formatted_too(project):
    project.path(BIB).write_bytes(project.path(BIB).read_bytes().replace(b"\n  ", b"\n\t"))
    assert fmt(project.root) == [BIB]
    assert fmt(project.root) == []


def test_the_table_of_references_follows_the_bibliography(project):
    project.replace(BIB, "title = {", "title = {Caf{\\'e} \\& ")
    project.replace("references/ledger.csv", ",complete,abstract,", ",complete,fulltext,")
    assert fmt(project.root) == [REFERENCES, BIB]
    _, first, *_ = project.read("references")
    assert first[1].startswith("Café & ") and "fulltext" in project.path(REFERENCES).read_text("utf-8")


def test_a_lost_table_of_references_is_made_anew(project):
    wanted = project.path(REFERENCES).read_bytes()
    project.path(REFERENCES).unlink()
    assert fmt(project.root) == [REFERENCES]
    assert project.path(REFERENCES).read_bytes() == wanted


UNREADABLE = {
    "unclosed quote": (FREQ_FILE, "\nF033,", '\nF033,"', "this row can't be read"),
    "a cell too many": (FREQ_FILE, "\nF033,", "\nF033,,", "the row has 23 cells, the header 22"),
    "not UTF-8": (FREQ_FILE, "Thailand", b"Tha\xeflande", "is not UTF-8"),
    "a column less": (FREQ_FILE, "country,", "countries,", "the columns are not those of the schema"),
    "a broken entry": (BIB, "title = {", "title = {{", "can't be read"),
    "a work without ledger": ("references/ledger.csv", "bastard2019", "bastard2018", "bastard2019"),
    "no package": ("data/datapackage.json", '"resources": [', '"resources": ]', "is not JSON"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_without_loss_is_refused_and_nothing_is_written(project, name):
    file, old, new, words = UNREADABLE[name]
    project.replace(file, old, new)
    project.replace(f"data/{SURVIVAL}.csv", "\n", "\r\n")  # would be mended
    before = contents(project)
    with pytest.raises(SkinmetError, match=words) as caught:
        fmt(project.root)
    assert {problem.file for problem in caught.value.problems} <= {file, BIB}
    assert contents(project) == before


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_a_lost_or_empty_table_is_refused(project, spoil):
    spoil(project.path(FREQ_FILE))
    with pytest.raises(SkinmetError, match=FREQ_FILE):
        fmt(project.root)


def test_a_failed_write_leaves_the_old_file(project, monkeypatch):
    project.replace(FREQ_FILE, "\n", "\r\n")
    before = project.path(FREQ_FILE).read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        fmt(project.root)
    assert project.path(FREQ_FILE).read_bytes() == before


values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=12)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(values, min_size=22, max_size=22))
def test_no_value_is_touched_and_formatting_twice_changes_nothing(project, cells):
    header, *_ = project.read(FREQ)
    project.write(FREQ, [header, ["F001", *cells[1:]]])
    fmt(project.root)
    assert project.read(FREQ)[1:] == [["F001", *(cell.strip() for cell in cells[1:])]]
    assert fmt(project.root) == []
