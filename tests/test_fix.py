"""`skinmet check --fix`: one right answer is written and shown, a meaning is never touched."""

import csv
import io
import json

import pytest

from planted import ACCURACY, FAULTS, FREQ, FREQ_FILE, LOCAL, SURVIVAL, TRIALS, separated_by
from skinmet.problems import SkinmetError
from skinmet.review import canonical
from skinmet.review import fix as module
from skinmet.review.check import check
from skinmet.review.fix import fix

NASHAN = "nashan2009cutaneous"
BIB, LEDGER = "references/references.bib", "references/ledger.csv"


def contents(project):
    """What the files hold, the locks and notes of writing aside."""
    paths = (path for path in project.root.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in paths if "_build" not in path.parts}


def test_nothing_to_do(project):
    before = contents(project)
    assert fix(project.root) == []
    assert contents(project) == before
    assert not (project.root / "_build").exists()  # a folder that may only be read is fine, too


def with_empty_columns(raw):
    out = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(raw.decode()))
    csv.writer(out, lineterminator="\n").writerows([*row, "", " "] for row in rows)
    return out.getvalue().encode()


def with_decimal_commas(raw):
    """As a spreadsheet saves it where a comma stands between the digits: cells of numbers only."""
    header, *rows = csv.reader(io.StringIO(raw.decode()))
    at = header.index("percent_reported")
    rows = [[*row[:at], row[at].replace(".", ","), *row[at + 1 :]] for row in rows]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([header, *rows])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


SAVED = {
    "byte order mark": (lambda raw: b"\xef\xbb\xbf" + raw, "begins with a byte order mark (BOM)"),
    "Windows line ends": (lambda raw: raw.replace(b"\n", b"\r\n"), "lines end the Windows way"),
    "UTF-16": (lambda raw: raw.decode().encode("utf-16"), "is saved as UTF-16"),
    "semicolons": (separated_by(";"), "cells are separated by semicolons"),
    "tabs": (separated_by("\t"), "cells are separated by tabs"),
    "sep= line": (lambda raw: b"sep=,\r\n" + raw, "begins with a line for the spreadsheet"),
    "sep=; line": (lambda raw: b"sep=;\n" + separated_by(";")(raw), "begins with a line for the spreadsheet"),
    "empty lines at the end": (lambda raw: raw + b"\n" + b"," * 21 + b"\n", "an empty line at the end"),
    "empty columns at the end": (with_empty_columns, "2 empty columns at the end"),
    "quotes everywhere": (lambda raw: raw.replace(b"Thailand", b'"Thailand"'), "quotes that nothing needs"),
    "all that a European Excel does": (with_decimal_commas, "a decimal comma: '0,11' -> '0.11'"),
}


@pytest.mark.parametrize("name", SAVED)
def test_what_a_spreadsheet_does_to_a_file(project, name):
    spoil, words = SAVED[name]
    path = project.path(FREQ_FILE)
    wanted = path.read_bytes()
    path.write_bytes(spoil(wanted))
    assert path.read_bytes() != wanted
    if name != "quotes everywhere":  # a matter of form alone, of which `fmt` speaks
        assert any(problem.file == FREQ_FILE for problem in check(project.root))

    mends = fix(project.root)
    assert any(words in str(mend) for mend in mends), "\n".join(map(str, mends))
    assert path.read_bytes() == wanted
    assert fix(project.root) == [] and check(project.root) == []


CELLS = {  # table, row, column, as typed, as it must be, what is said
    "space": (FREQ, "F018", "country", " Thailand\u00a0", "Thailand", "spaces around the value"),
    "TRUE": (FREQ, "F018", "presenting_sign", "FALSE", "false", "not true or false"),
    "True": (FREQ, "F018", "presenting_sign", "False ", "false", "not true or false"),
    "FALSCH": (FREQ, "F018", "presenting_sign", "FALSCH", "false", "not true or false"),
    "capital": (FREQ, "F018", "seen_as", "Abstract", "abstract", "not one of the allowed words"),
    "decimal comma": (FREQ, "F018", "ci_low", "0,2", "0.2", "a decimal comma"),
    "decimal comma, zero first": (LOCAL, "L181", "ci_low", "0,312", "0.312", "a decimal comma"),
    "minus": (TRIALS, "T018", "ci_low", "\u22120.8", "-0.8", "a typographic minus sign"),
    "quotes around a number": (FREQ, "F018", "events", "“33”", "33", "a typographic quotation mark"),
    "apostrophe for text": (FREQ, "F018", "events", "'33", "33", "a spreadsheet's sign for text"),
    "quotes around a key": (SURVIVAL, "V002", "citekey", f"„{NASHAN}“", NASHAN, "a typographic quotation"),
    "quoted word": (FREQ, "F018", "seen_as", "“Abstract”", "abstract", "not one of the allowed words"),
    "invisible sign": (SURVIVAL, "V002", "citekey", f"\u200b{NASHAN}", NASHAN, "invisible sign (U+200B)"),
    "invisible sign in a number": (FREQ, "F018", "events", "\u00ad33", "33", "an invisible sign"),
}  # fmt: skip


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_with_one_right_answer(project, name):
    table, row, column, typed, right, words = CELLS[name]
    file, line = project.set(table, row, {column: typed})
    assert (file, line, column) in [(p.file, p.line, p.column) for p in check(project.root)]

    mends = fix(project.root)
    assert {(m.file, m.line, m.column) for m in mends} == {(file, line, column)}
    assert mends[0].old == typed and mends[-1].new == right and any(words in m.what for m in mends)
    assert project.read(table)[line - 1][project.read(table)[0].index(column)] == right
    assert fix(project.root) == []


MEANINGS = {  # what a spreadsheet may have destroyed: named, never changed
    "fraction as a day": ("events", "05-Mar", "a date"),
    "fraction as a month": ("events", "Mar-05", "a date"),
    "fraction as a date": ("events", "03.05.2026", "a date"),
    "fraction as a date in text": ("years", "3-May", "a date"),
    "thousands or decimals": ("ci_low", "1,500", "a decimal comma (1,500): write 1.500 with a point (or"),
    "thousands in a count": ("total", "11,418", "a comma in a whole number"),
    "decimals in a count": ("total", "11,4", "a comma in a whole number"),
    "grouped by a point": ("total", "11.418", "not a whole number"),
    "grouped by a space": ("total", "11 418", "grouped in thousands"),
    "lost zero": ("ci_low", ".2", "nothing stands before the point"),
    "short form": ("total", "1.23E+12", "a spreadsheet's short form of a long number"),
    "short form of an identifier": ("notes", "1,23E+12", "a spreadsheet's short form of a long number"),
    "dash for minus": ("ci_low", "–0.2", "a typographic minus sign"),
    "prime": ("events", "33′", "a typographic quotation mark"),
    "yes": ("presenting_sign", "yes", "write true"),
    "one": ("presenting_sign", "1", "write true"),
    "near a word": ("seen_as", "abstrct", "did you mean abstract?"),
    "percent": ("percent_reported", "0.3%", "a percent sign"),
    "not available": ("ci_low", "n/a", "a word for “missing”"),
    "garbled": ("notes", "Ã©tude rÃ©trospective", "garbled letters"),
}


@pytest.mark.parametrize("name", MEANINGS)
def test_a_meaning_is_named_and_never_changed(project, name):
    column, typed, words = MEANINGS[name]
    file, line = project.set(FREQ, "F018", {column: typed})
    before = contents(project)
    assert fix(project.root) == []
    assert contents(project) == before
    (problem,) = [p for p in check(project.root) if p.column == column]
    assert (problem.file, problem.line) == (file, line) and words in str(problem) and problem.remedy


def test_a_key_that_lost_its_zeros(project):
    """F1 for F001 is a new key that collides with nothing; it is named because the other stands beside it."""
    rows = project.read(ACCURACY)
    project.write(ACCURACY, [*rows, ["D2", *rows[2][1:]]])
    assert fix(project.root) == []
    (problem,) = check(project.root)
    assert (problem.line, problem.column) == (len(rows) + 1, "row_id")
    assert "line 2 has almost this row_id: a lost zero" in problem.found


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_mended_or_left_and_the_rest_stays_sound(project, name):
    """Whatever is wrong: no traceback, a second run has nothing to do, and no new finding appears."""
    FAULTS[name](project)
    before = check(project.root)
    try:
        mends = fix(project.root)
    except SkinmetError as error:
        assert "no skinmet project" in str(error)
        return
    after = check(project.root)
    kinds = {(p.file, p.column, p.found) for p in before}
    assert {(p.file, p.column, p.found) for p in after} <= kinds or mends
    assert len(after) <= len(before)
    assert fix(project.root) == []


def test_the_bibliography(project):
    wanted = project.path(BIB).read_bytes()
    _, line = project.replace(BIB, "doi = {10.", "doi = {https://doi.org/10.")
    entries = project.path(BIB).read_text("utf-8").split("\n\n")
    project.path(BIB).write_text("\n\n".join(reversed([e.rstrip("\n") for e in entries])) + "\n", "utf-8")
    assert [(p.file, p.found) for p in check(project.root)] == [(BIB, "not in canonical form from here on")]
    (mend,) = fix(project.root)
    assert (mend.file, mend.column) == (BIB, "doi") and mend.old == f"https://doi.org/{mend.new}"
    assert project.path(BIB).read_text("utf-8").count("https://doi.org/") == 0
    assert project.path(BIB).read_bytes() == wanted and fix(project.root) == []
    assert line


def test_capitals_of_a_doi_and_pages(project):
    wanted = project.path(BIB).read_bytes()
    text = wanted.decode()
    at = text.index("doi = {") + len("doi = {")
    end = text.index("}", at)
    project.path(BIB).write_text(text[:at] + text[at:end].upper() + text[end:], "utf-8")
    mends = fix(project.root)
    assert [m.new for m in mends] == [text[at:end]] and project.path(BIB).read_bytes() == wanted


def test_a_ledger_saved_by_a_spreadsheet(project):
    wanted = project.path(LEDGER).read_bytes()
    spoilt = separated_by(";")(wanted).replace(b";complete;", b";Complete;").replace(b"\n", b"\r\n")
    project.path(LEDGER).write_bytes(b"\xef\xbb\xbf" + spoilt + b"\r\n")
    words = "\n".join(map(str, fix(project.root)))
    for part in (
        "byte order mark",
        "Windows way",
        "semicolons",
        "empty line at the end",
        "'Complete' -> 'complete'",
    ):
        assert part in words
    assert project.path(LEDGER).read_bytes() == wanted and check(project.root) == []


def test_a_file_that_cannot_be_read_without_loss_is_left_and_the_others_are_mended(project):
    project.replace(FREQ_FILE, "\nF033,", '\nF033,"')
    broken = project.path(FREQ_FILE).read_bytes()
    project.replace(f"data/{SURVIVAL}.csv", "\n", "\r\n")
    project.replace(BIB, "title = {", "title = {{")
    (mend,) = fix(project.root)
    assert mend.file == f"data/{SURVIVAL}.csv"
    assert project.path(FREQ_FILE).read_bytes() == broken


def test_a_row_with_a_comma_too_many_is_not_shortened(project):
    """The last cell is empty then, but the cells before it moved: nobody knows where the comma should go."""
    project.set(FREQ, "F017", {"notes": ""})
    file, line = project.replace(FREQ_FILE, "\nF017,", "\nF017,,")
    before = contents(project)
    assert fix(project.root) == [] and contents(project) == before
    assert [(p.file, p.line) for p in check(project.root)] == [(file, line + 1)]


def test_the_table_of_references_is_made_anew(project):
    project.path("data/references.csv").unlink()
    (mend,) = fix(project.root)
    assert str(mend) == "data/references.csv: differs from what references.bib and ledger.csv give: mended"
    assert check(project.root) == []


def test_who_saves_in_the_same_moment_keeps_the_work(project, monkeypatch):
    path = project.path(FREQ_FILE)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    theirs = path.read_bytes() + b"F999,saved meanwhile\r\n"

    def slow(folder, table, arrange=canonical.arrange):
        arranged = arrange(folder, table)
        if table.file == FREQ_FILE:
            path.write_bytes(theirs)
        return arranged

    monkeypatch.setattr(module.canonical, "arrange", slow)
    with pytest.raises(SkinmetError, match="changed by somebody meanwhile"):
        fix(project.root)
    assert path.read_bytes() == theirs


def test_on_the_command_line(project, monkeypatch, capsys):
    from skinmet import cli

    _, line = project.set(FREQ, "F018", {"ci_low": "0,2", "events": "05-Mar"})

    def run(*arguments):
        monkeypatch.setattr(
            "sys.argv", ["skinmet", "check", "--fix", "--root", str(project.root), *arguments]
        )
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code, *capsys.readouterr()

    code, out, err = run()
    first, second = out.splitlines()
    assert first == f"{FREQ_FILE}:{line}: [ci_low] a decimal comma: '0,2' -> '0.2'"
    assert second.startswith(f"{FREQ_FILE}:{line}: [events] a date, which a spreadsheet makes of a fraction")
    assert code == 1 and err.startswith("1 thing mended\n")
    code, out, err = run("--format", "json")
    assert code == 1 and json.loads(out)["mended"] == [] and err.startswith("nothing to mend\n")
    project.set(FREQ, "F018", {"events": "33", "ci_low": " 0.2"})
    code, out, _ = run("--format", "json")
    assert code == 0 and [m["new"] for m in json.loads(out)["mended"]] == ["0.2"]
