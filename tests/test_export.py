"""Marks for grade books: Canvas's and Moodle's own columns, nobody guessed, no failure turned into a zero."""

import csv
import io
import string
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinmet import cli
from skinmet.classroom import grade, layouts, roster
from skinmet.classroom.export import export
from skinmet.classroom.marks import Mark, write
from skinmet.problems import SkinmetError

NAME = "01_how_common"


def mark(student, score=10.0, status="graded", reason="", assignment=NAME, most=12.0):
    return Mark(student, assignment, status, reason, score, most, {"q1": score, "q2": None})


@pytest.fixture
def graded(tmp_path):
    """Writes marks.csv as `skinmet grade` does; returns its folder."""

    def make(*marks):
        write(tmp_path, marks, ["q1", "q2"], "to be marked")
        return tmp_path

    return make


def rows(text, delimiter=","):
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


def listed(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode(encoding))
    return path


CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,01 How Common (4711),Other (12),Current Score
,,,,,Manual Posting,,
    Points Possible,,,,,12.00,100.00,(read only)
"Lovelace, Ada",340934,S1,ada@x.org,A,,55,61.1
"Nightingale, Flo",340935,S2,flo,A,3.5,,
"O'Brien-Núñez, Zoë",340936,S3,zoe,B,,,
"Student, Test",340999,,abc,A,,,
"""

MOODLE = """Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Last modified (grade)"
"Participant 12","Ada Lovelace",ada@x.org,"Submitted for grading",,12.00,-
"Participant 13","Zoë O'Brien",zoe@x.org,"Submitted for grading",,12.00,-
"""


# Without a class list


def test_plain_csv_has_every_column(graded):
    out = graded(mark("ada"), mark("bob", None, "failed", "the file is empty"))
    text, notes = export(out, "csv")
    assert rows(text) == [
        ["student", "assignment", "status", "reason", "score", "max_score", "q1", "q2"],
        ["ada", NAME, "graded", "", "10", "12", "10", "to be marked"],
        ["bob", NAME, "failed", "the file is empty", "", "12", "to be marked", "to be marked"],
    ]
    assert notes == [f"bob, {NAME}: failed, no mark (the file is empty)"]


def test_students_are_named_as_in_the_download(graded):
    who = "Zoe\u0308: a/b"
    text, _ = export(graded(mark(layouts.folder_name(who))), "csv")
    assert rows(text)[1][0] == who


def test_canvas_has_its_columns_and_a_row_of_points(graded):
    second = "02_next"
    out = graded(
        mark("lovelaceada_340934"),
        mark("lovelaceada_340934", 4.25, assignment=second, most=5.0),
        mark("flo", 3.0),
    )
    text, notes = export(out, "canvas")
    assert rows(text) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", NAME, second],
        ["    Points Possible", "", "", "", "", "12", "5"],
        ["lovelaceada", "340934", "", "", "", "10", "4.25"],
        ["flo", "", "", "flo", "", "3", ""],
    ]
    assert notes == ["nobody was looked up: give Canvas's own file with --roster"]


def test_moodle_has_the_columns_of_its_worksheet(graded):
    text, notes = export(graded(mark("Ada Lovelace_12"), mark("flo")), "moodle")
    assert rows(text) == [
        ["Identifier", "Full name", "Status", "Grade", "Maximum Grade", "Last modified (grade)"],
        ["Participant 12", "Ada Lovelace", "graded", "10", "12", "-"],
    ]
    assert notes[0] == "not in the file, for Moodle's number is not known: flo"


# Canvas's own file


def test_a_canvas_file_keeps_rows_and_columns(graded, tmp_path):
    people = listed(tmp_path, CANVAS)
    text, notes = export(graded(mark("lovelaceada_340934"), mark("zoe", 11.5)), "canvas", people)
    expected = rows(CANVAS)
    expected[3][5], expected[5][5] = "10", "11.5"
    assert rows(text) == expected
    assert notes == ["2 of 4 rows of the class list have no submission here"]


@pytest.mark.parametrize(
    "who, found",
    [
        ("340934", "Ada"), ("S1", "Ada"), ("ada@x.org", "Ada"), ("ADA@x.org", "Ada"),
        ("lovelaceada_340934", "Ada"), ("obriennúñezzoë_340936", "Zoë"), ("someoneelse_340934", None),
        ("lovelaceada_340935", None),
        ("Lovelace, Ada", None), ("lovelaceada", None), ("Ada", None), ("_340934", None),
        ("anon_x9f2a", None), ("", None), ("Points Possible", None), ("3409340", None), ("0340934", None),
    ],
)  # fmt: skip
def test_students_are_found_beyond_doubt_or_not_at_all(graded, tmp_path, who, found):
    out = graded(mark(layouts.folder_name(who) if who else "nobody"))
    text, notes = export(out, "canvas", listed(tmp_path, CANVAS))
    filled = [row[0] for row in rows(text)[3:] if row[5] == "10"]
    assert [name for name in filled if found and found in name] == filled and len(filled) == bool(found)
    assert any("is not in the class list, no mark was entered" in note for note in notes) != bool(found)


def test_an_id_of_two_people_is_nobody_s(graded, tmp_path):
    people = listed(tmp_path, CANVAS.replace(",flo,", ",340934,"))
    text, notes = export(graded(mark("340934")), "canvas", people)
    assert rows(text) == rows(people.read_text())
    assert notes[0] == f"340934, {NAME}: fits several rows of the class list, no mark was entered"


def test_two_submissions_for_one_row_are_nobody_s(graded, tmp_path):
    people = listed(tmp_path, CANVAS)
    text, notes = export(graded(mark("340934"), mark("S1", 2.0)), "canvas", people)
    assert rows(text) == rows(CANVAS)
    assert sum("shares a row of the class list, no mark was entered" in note for note in notes) == 2


@pytest.mark.parametrize("status", ["failed", "needs manual grading"])
def test_what_has_no_mark_stays_as_it_is(graded, tmp_path, status):
    people = listed(tmp_path, CANVAS)
    text, notes = export(
        graded(mark("flo", None, status, "dead kernel"), mark("ada@x.org")), "canvas", people
    )
    assert rows(text)[4] == rows(CANVAS)[4] and "0" not in rows(text)[4]
    why = " (dead kernel)" if status == "failed" else ""
    assert f"flo, {NAME}: {status}, no mark{why}" in notes


def test_a_partial_score_is_no_mark(graded, tmp_path):
    people = listed(tmp_path, CANVAS)
    text, _ = export(graded(mark("ada@x.org", 7.0, "needs manual grading")), "canvas", people)
    assert rows(text) == rows(CANVAS)


def test_who_is_excused_stays_excused(graded, tmp_path):
    text, notes = export(graded(mark("flo")), "canvas", listed(tmp_path, CANVAS.replace(",3.5,", ",EX,")))
    assert rows(text)[4][5] == "EX" and notes[0] == f"flo, {NAME}: is excused in Canvas, no mark was entered"


def test_family_and_given_names_in_two_columns(graded, tmp_path):
    people = "LastName,FirstName,ID,SIS Login ID,Section,01_how_common (1)\n"
    people += "Points Possible,,,,,12\nLovelace,Ada,9,x,A,\n"
    text, _ = export(graded(mark("lovelaceada_9")), "canvas", listed(tmp_path, people))
    assert rows(text)[2][5] == "10"


def test_semicolons_marks_of_order_and_line_ends_are_kept(graded, tmp_path):
    raw = (
        CANVAS.replace(",Current Score", "").replace(",(read only)", "").replace(",61.1", "").replace('"', "")
    )
    raw = "\r\n".join(";".join(row[:7]) for row in rows(CANVAS)) + "\r\n"
    text, _ = export(graded(mark("flo", 9.0)), "canvas", listed(tmp_path, raw, "utf-8-sig"))
    assert text.startswith("\ufeffStudent;ID;") and text.count("\r\n") == text.count("\n") == 7
    assert rows(text, ";")[4][5] == "9"


def test_full_marks_must_be_the_same_there(graded, tmp_path):
    people = listed(tmp_path, CANVAS.replace("12.00", "100"))
    with pytest.raises(SkinmetError) as raised:
        export(graded(mark("flo")), "canvas", people)
    assert str(raised.value) == (
        f"{people}:3: [01 How Common (4711)] full marks are 100 there, but 12 here: "
        "set the assignment to 12 points and download the file anew"
    )


def test_columns(graded, tmp_path):
    people = listed(
        tmp_path, CANVAS.replace("12.00,100.00", ",").replace("01 How Common (4711)", "Homework 1 (4711)")
    )
    out = graded(mark("flo"))
    with pytest.raises(SkinmetError, match=r"no column for 01_how_common \(Student, ID, .*--column"):
        export(out, "canvas", people)
    for name in ("Homework 1", "Homework 1 (4711)"):
        text, _ = export(out, "canvas", people, column=name)
        assert rows(text)[4][5] == "10"
    twice = listed(tmp_path, people.read_text().replace("Other (12)", "Homework 1 (12)"))
    with pytest.raises(SkinmetError, match="several columns fit"):
        export(out, "canvas", twice, column="Homework 1")


def test_several_assignments_each_in_its_column(graded, tmp_path):
    out = graded(
        mark("flo"), mark("flo", 77.0, assignment="other", most=100.0), mark("flo", 1.0, assignment="third")
    )
    text, notes = export(out, "canvas", listed(tmp_path, CANVAS))
    assert rows(text)[4][5:7] == ["10", "77"] and "no column in the class list for third" in notes
    text, _ = export(out, "canvas", listed(tmp_path, CANVAS), "other")
    assert rows(text)[4][5:7] == ["3.5", "77"]
    for form, column in (("moodle", None), ("canvas", "Other")):
        with pytest.raises(
            SkinmetError, match="several assignments, the file takes one: name one with --assignment"
        ):
            export(out, form, None, column=column)


# Moodle's own files


def test_a_moodle_worksheet_keeps_rows_and_columns(graded, tmp_path):
    text, notes = export(
        graded(mark("Ada Lovelace_12"), mark("zoe@x.org", 7.5)), "moodle", listed(tmp_path, MOODLE)
    )
    expected = rows(MOODLE)
    expected[1][4], expected[2][4] = "10", "7.5"
    assert rows(text) == expected and notes == []


@pytest.mark.parametrize(
    "who, found", [("Ada L_12", False), ("Ada Lovelace_13", False), ("Participant_12", True)]
)
def test_moodle_s_number_and_name_must_agree(graded, tmp_path, who, found):
    text, _ = export(graded(mark(who)), "moodle", listed(tmp_path, MOODLE))
    assert (rows(text)[1][4] == "10") == found and rows(text)[2][4] == ""


def test_moodle_with_hidden_names(graded, tmp_path):
    people = "Identifier,Status,Grade,Maximum Grade,Last modified (grade)\nParticipant 12,x,,12.00,-\n"
    text, _ = export(graded(mark("Participant_12")), "moodle", listed(tmp_path, people))
    assert rows(text)[1][2] == "10"


def test_moodle_s_full_marks_must_be_the_same(graded, tmp_path):
    with pytest.raises(SkinmetError, match=r"list.csv:2: \[Grade\] full marks are 100 there, but 12 here"):
        export(
            graded(mark("ada@x.org")),
            "moodle",
            listed(tmp_path, MOODLE.replace("12.00", "100,00", 1).replace("100,00", '"100,00"')),
        )


def test_moodle_s_grade_book(graded, tmp_path):
    people = "First name,Last name,ID number,Email address,Assignment: 01 How common (Real)\nAda,L,77,a@x,-\n"
    text, _ = export(graded(mark("77")), "moodle", listed(tmp_path, people))
    assert rows(text)[1] == ["Ada", "L", "77", "a@x", "10"]


# Formulas


def test_names_are_no_formulas(graded, tmp_path):
    evil = '=HYPERLINK("http://x","y")'
    text, _ = export(graded(mark(layouts.folder_name(evil)), mark(layouts.folder_name("@SUM(A1)"))), "csv")
    assert [row[0] for row in rows(text)[1:]] == [f"'{evil}", "'@SUM(A1)"]
    text, _ = export(graded(mark(layouts.folder_name(evil))), "canvas")
    assert rows(text)[2][0] == f"'{evil}" and rows(text)[2][3] == f"'{evil}"
    text, _ = export(graded(mark(layouts.folder_name("+1_12"))), "moodle")
    assert rows(text)[1][1] == "'+1"


def test_in_a_class_list_only_names_are_made_harmless(graded, tmp_path):
    """An import finds students by their ids: those must stay as they are."""
    people = listed(
        tmp_path, CANVAS.replace('"Lovelace, Ada",340934,S1', '"=1+1",340934,-S1').replace(",flo,", ",@flo,")
    )
    text, _ = export(graded(mark(layouts.folder_name("@flo"))), "canvas", people)
    assert rows(text)[3][:3] == ["'=1+1", "340934", "-S1"] and rows(text)[4][3:6] == ["@flo", "A", "10"]


@given(st.text(st.characters(codec="utf-8")) | st.text(string.printable) | st.text("=+-@\t\r'\" a"))
def test_no_name_begins_as_a_formula(cell):
    safe = roster.harmless(cell)
    assert safe[:1] not in ("=", "+", "-", "@", "\t", "\r") and safe in (cell, f"'{cell}")


# Files that are something else

NOT_MARKS = {
    "missing": (None, "can't be read: No such file"),
    "no text": (b"\xff", "can't be read"),
    "empty": (b"", "does not begin with student, assignment"),
    "another table": (b"a,b\n1,2\n", "does not begin with student, assignment"),
    "a short row": (
        b"student,assignment,status,reason,score,max_score\na,b\n",
        ":2: the row is longer or shorter",
    ),
    "words for points": (
        b"student,assignment,status,reason,score,max_score\na,b,graded,,ten,12\n",
        ":2: [score] is no number of points (ten)",
    ),
    "points below zero": (
        b"student,assignment,status,reason,score,max_score\na,b,graded,,-1,12\n",
        "[score] is no number",
    ),
    "not a number": (
        b"student,assignment,status,reason,score,max_score\na,b,graded,,nan,12\n",
        "[score] is no number",
    ),
    "graded without points": (
        b"student,assignment,status,reason,score,max_score\na,b,graded,,,12\n",
        "has no points",
    ),
}


@pytest.mark.parametrize("content, reason", NOT_MARKS.values(), ids=NOT_MARKS)
def test_what_is_no_marks_csv(tmp_path, content, reason):
    if content is not None:
        (tmp_path / "marks.csv").write_bytes(content)
    with pytest.raises(SkinmetError) as raised:
        export(tmp_path, "csv")
    assert reason in str(raised.value)


NOT_A_LIST = {
    "empty": ("", "is empty"),
    "another table": ("a,b\n1,2\n", "has none of the columns ID"),
    "a short row": ("Student,ID,Section,01_how_common\nx,1\n", ":2: the row has 2 cells, the header 4"),
    "a stray quote": ('Student,ID,Section,01_how_common\n"x" y,1,2,3\n', "is no CSV"),
}


@pytest.mark.parametrize("content, reason", NOT_A_LIST.values(), ids=NOT_A_LIST)
def test_what_is_no_class_list(graded, tmp_path, content, reason):
    with pytest.raises(SkinmetError) as raised:
        export(graded(mark("a")), "canvas", listed(tmp_path, content))
    assert reason in str(raised.value) and "Export Entire Gradebook" in str(raised.value)


def test_a_class_list_of_another_encoding(graded, tmp_path):
    with pytest.raises(SkinmetError, match=r"list\.csv:6: this line is not UTF-8"):
        export(graded(mark("a")), "canvas", listed(tmp_path, CANVAS, "latin-1"))
    with pytest.raises(SkinmetError, match="can't be read: No such file"):
        export(graded(mark("a")), "canvas", tmp_path / "none.csv")


def test_a_list_of_the_other_system(graded, tmp_path):
    with pytest.raises(
        SkinmetError, match="has none of the columns Email address, ID number, Identifier, Username"
    ):
        export(graded(mark("a")), "moodle", listed(tmp_path, CANVAS))


def test_an_assignment_without_marks(graded):
    with pytest.raises(
        SkinmetError, match=r"no marks for this assignment \(02\): it is one of 01_how_common"
    ):
        export(graded(mark("a")), "csv", assignment="02")


def test_what_was_marked_by_hand_since_joins_the_marks(graded, tmp_path, monkeypatch):
    out = graded(mark("ada", None, "needs manual grading", "q2"))
    (out / ".work").mkdir()
    monkeypatch.setattr(grade, "refresh", lambda folder: write(folder, [mark("ada", 11.0)], ["q1", "q2"], ""))
    assert rows(export(out, "csv")[0])[1][:5] == ["ada", NAME, "graded", "", "11"]


# The verb


def test_the_verb(graded, tmp_path, monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["skinmet", "export", *map(str, arguments)])
        try:
            cli.main()
        except SystemExit as end:
            return end.code or 0, *capsys.readouterr()

    out = graded(mark("ada@x.org"), mark("bob\x1b[2J", None, "failed", "dead"))
    people = listed(tmp_path, CANVAS)
    code, text, words = run(out, "--format", "csv")
    assert code == 0 and text == export(out, "csv")[0] and "bob?[2J, 01_how_common: failed" in words
    code, text, _ = run(out, "--format", "canvas", "--roster", people, "--out", tmp_path / "import.csv")
    assert (code, text) == (0, f"{tmp_path / 'import.csv'}\n")
    assert (tmp_path / "import.csv").read_text() == export(out, "canvas", people)[0]
    code, text, words = run(tmp_path / "none", "--format", "csv")
    assert (code, text) == (1, "") and "name the folder that `skinmet grade` wrote" in words
    assert run(out, "--format", "excel")[0] == 2
