"""Taking submissions in: the names of nbgrader, Moodle and Canvas, clumsy work, hostile archives."""

import io
import json
import os
import stat
import string
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skinmet.classroom import archive, intake, layouts
from skinmet.classroom.intake import submissions
from skinmet.problems import SkinmetError

KNOWN = ["01_how_common", "02_what_it_looks_like"]
FIRST, SECOND = KNOWN


def notebook(*grade_ids, text="x"):
    cells = [
        {"cell_type": "code", "id": f"c{n}", "source": text, "outputs": [], "execution_count": None,
         "metadata": {"nbgrader": {"grade_id": grade_id}}}
        for n, grade_id in enumerate(grade_ids or ("q1",))
    ]  # fmt: skip
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


GOOD = notebook()


def zipped(path, files, **how):
    """A zip with these files: name to content, or to a function that gets the archive and the name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items() if isinstance(files, dict) else files:
            info = zipfile.ZipInfo(name, how.get("date", (2026, 3, 1, 12, 0, 0)))
            info.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(info, content)
    return path


def foldered(path, files):
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


@pytest.fixture(params=["folder", "zip"])
def given_as(request, tmp_path):
    """Makes submissions of files, as a folder and as a zip."""

    def make(files):
        if request.param == "zip":
            return zipped(tmp_path / "handed in.zip", files)
        return foldered(tmp_path / "handed in", files)

    return make


def brief(found):
    return [(s.student, s.assignment, s.content is not None) for s in found]


# The layouts


def test_nbgrader(given_as):
    path = given_as(
        {
            f"ada/{FIRST}/{FIRST}.ipynb": GOOD,
            f"ada/{FIRST}/timestamp.txt": b"2026-03-01 12:00:00 UTC",
            f"ada/{FIRST}/data.csv": b"a",
            f"ada/{SECOND}/{SECOND}.ipynb": GOOD,
            f"bob/{FIRST}/{FIRST}.ipynb": GOOD,
        }
    )
    found = submissions(path, KNOWN)
    assert brief(found) == [("ada", FIRST, True), ("ada", SECOND, True), ("bob", FIRST, True)]
    assert all(s.remark == "" and s.problem is None and s.content == GOOD for s in found)
    assert found[2].path_in_archive == f"bob/{FIRST}/{FIRST}.ipynb"


@pytest.mark.parametrize("wrapper", ["submitted/", "course/submitted/", "My class 2026/", "a/b/c/"])
@pytest.mark.parametrize("students", [("ada",), ("ada", "bob")])
def test_nbgrader_in_further_folders(given_as, wrapper, students):
    found = submissions(given_as({f"{wrapper}{s}/{FIRST}/{FIRST}.ipynb": GOOD for s in students}), KNOWN)
    assert brief(found) == [(s, FIRST, True) for s in students]


def test_one_student_with_two_assignments(given_as):
    found = submissions(given_as({f"ada/{name}/{name}.ipynb": GOOD for name in KNOWN}), KNOWN)
    assert brief(found) == [("ada", FIRST, True), ("ada", SECOND, True)]


@pytest.mark.parametrize(
    "files, students",
    [
        (["ada/x.ipynb"], ["ada"]),
        (["ada/deep/x.ipynb"], ["ada"]),
        (["submissions/ada/x.ipynb"], ["ada"]),
        (["class/ada/x.ipynb", "class/bob/x.ipynb"], ["ada", "bob"]),
        (["class/2026/ada/x.ipynb", "class/2026/bob/x.ipynb"], ["ada", "bob"]),
        ([f"class/ada/{FIRST}.ipynb"], ["ada"]),
        ([f"ada/{FIRST}.ipynb", f"ada/{SECOND}.ipynb"], ["ada", "ada"]),
        (["submitted/ada/x.ipynb", "submitted/bob/x.ipynb", "stray.ipynb"], ["ada", "bob", "stray"]),
        (["class/ada_1_2_x.ipynb"], ["ada_1"]),
        (["class/Ada L_1_assignsubmission_file_/x.ipynb"], ["Ada L_1"]),
        (["class/Ada L_1_assignsubmission_file_x.ipynb"], ["Ada L_1"]),
    ],
)
def test_folders_of_other_people(given_as, files, students):
    found = submissions(given_as(dict.fromkeys(files, GOOD)), KNOWN, FIRST)
    assert [s.student for s in found] == students and all(s.content for s in found)


MOODLE = "Zoë van der Berg-O'Neil_1234_assignsubmission_file"


@pytest.mark.parametrize(
    "name",
    [
        f"{MOODLE}_/{FIRST}.ipynb",  # a folder each, Moodle 3.1 and later
        f"{MOODLE}/{FIRST}.ipynb",  # the same, Moodle 4
        f"{MOODLE}/my folder/{FIRST}.ipynb",
        f"{MOODLE}_{FIRST}.ipynb",  # all files in one folder
        f"Course-Exercise 1-77/{MOODLE}_/{FIRST}.ipynb",
    ],
)
def test_moodle(given_as, name):
    other = name.replace("Zoë van der Berg-O'Neil_1234", "Participant_99")
    found = submissions(given_as({name: GOOD, other: GOOD}), KNOWN)
    assert brief(found) == [("Participant_99", FIRST, True), ("Zoë van der Berg-O'Neil_1234", FIRST, True)]
    assert not any(s.remark for s in found)


def test_moodle_groups_and_online_text(given_as):
    found = submissions(
        given_as(
            {
                f"Group A_7_assignsubmission_file/{FIRST}.ipynb": GOOD,
                f"Default group_assignsubmission_file/{FIRST}.ipynb": GOOD,
                "Ada L_8_assignsubmission_onlinetext/onlinetext.html": b"<p>here</p>",
                "Bob B_9_assignsubmission_onlinetext/onlinetext.html": b"<p>see file</p>",
                f"Bob B_9_assignsubmission_file/{FIRST}.ipynb": GOOD,
            }
        ),
        KNOWN,
        FIRST,
    )
    assert brief(found) == [
        ("Ada L_8", FIRST, False),
        ("Bob B_9", FIRST, True),
        ("Default group", FIRST, True),
        ("Group A_7", FIRST, True),
    ]
    assert found[0].problem == "no notebook, but onlinetext.html"


@pytest.mark.parametrize(
    "name, student, remark",
    [
        (f"smithbob_340934_208490284_{FIRST}.ipynb", "smithbob_340934", ""),
        (f"smithbob_LATE_340934_208490284_{FIRST}.ipynb", "smithbob_340934", "handed in late"),
        (f"smithbob_340934_208490284_{FIRST}-1.ipynb", "smithbob_340934", ""),
        ("smithbob_340934_208490284_01 How Common (2).ipynb", "smithbob_340934", ""),
        (f"vanderbergoneilzoë_5_6_{FIRST}.ipynb", "vanderbergoneilzoë_5", ""),
        (f"山田太郎_5_6_{FIRST}.ipynb", "山田太郎_5", ""),
        (f"late_LATE_5_6_{FIRST}.ipynb", "late_5", "handed in late"),
        (f"a_b_c_5_6_{FIRST}.ipynb", "a_b_c_5", ""),
        (f"anon_x9f2a_77_{FIRST}.ipynb", "anon_x9f2a", ""),
        (f"LATE_anon_x9f2a_77_{FIRST}.ipynb", "anon_x9f2a", "handed in late"),
    ],
)  # fmt: skip
def test_canvas(given_as, name, student, remark):
    (mine,) = [
        s
        for s in submissions(given_as({name: GOOD, f"zz_1_2_{FIRST}.ipynb": GOOD}), KNOWN)
        if s.student != "zz_1"
    ]
    assert (mine.student, mine.assignment, mine.remark, mine.problem) == (student, FIRST, remark, None)


def test_canvas_in_a_folder_and_text_entries(given_as):
    found = submissions(
        given_as(
            {
                f"submissions/ada_1_10_{FIRST}.ipynb": GOOD,
                "submissions/bob_2_text.html": b"see my mail",
                "submissions/cy_LATE_3_link.html": b"https://example.org",
            }
        ),
        KNOWN,
    )
    assert brief(found) == [("ada_1", FIRST, True), ("bob_2", None, False), ("cy_3", None, False)]
    assert found[1].problem == "no notebook, but text.html"


def test_a_flat_folder_of_notebooks_named_after_students(given_as):
    path = given_as({"ada.ipynb": GOOD, "class/bob.ipynb": GOOD, "Zoë B.ipynb": GOOD})
    assert brief(submissions(path, KNOWN, FIRST)) == [
        ("Zoë B", FIRST, True), ("ada", FIRST, True), ("class", FIRST, True),
    ]  # fmt: skip
    path = given_as({"class/ada.ipynb": GOOD, "class/bob.ipynb": GOOD}) if path.is_file() else path
    if path.is_file():
        assert brief(submissions(path, KNOWN, FIRST)) == [("ada", FIRST, True), ("bob", FIRST, True)]


def test_a_notebook_of_nobody(given_as):
    (found,) = submissions(given_as({f"{FIRST}.ipynb": GOOD}), KNOWN)
    assert found.problem == f"{FIRST}.ipynb: the path does not say whose it is" and found.content is None


def test_leavings_of_other_programs_are_no_submissions(given_as):
    path = given_as(
        {
            f"ada/{FIRST}/{FIRST}.ipynb": GOOD,
            f"__MACOSX/ada/{FIRST}/._{FIRST}.ipynb": b"\0",
            f"bob/{FIRST}/.ipynb_checkpoints/{FIRST}-checkpoint.ipynb": GOOD,
            ".DS_Store": b"",
            f"bob/{FIRST}/._{FIRST}.ipynb": b"",
        }
    )
    assert brief(submissions(path, KNOWN)) == [("ada", FIRST, True)]


# Which assignment


def test_the_notebook_s_name_says_which(given_as):
    names = [
        "01_how_common",
        "01_How_Common",
        "01 how common",
        "01_how_common (1)",
        "01_how_common-2",
        "01_how_common-Copy1",
    ]
    files = {f"s{n}_{n}_1{n}_{name}.ipynb": GOOD for n, name in enumerate(names)}
    found = submissions(given_as(files), KNOWN, SECOND)
    assert {s.assignment for s in found} == {FIRST} and len(found) == len(names)
    assert {s.remark for s in found} == {f"taken as {FIRST}, as it is named, not as {SECOND}"}


def test_a_wrong_name_is_taken_as_the_assignment_that_was_asked_for(given_as):
    (found,) = submissions(given_as({"ada_1_2_homework.ipynb": GOOD}), KNOWN, FIRST)
    assert (found.assignment, found.remark) == (FIRST, "the file is named homework.ipynb")


IDS = {FIRST: {"q1", "q2", "q3"}, SECOND: {"q1", "p2", "p3"}}


def test_else_its_cells_say_which(given_as):
    (found,) = submissions(given_as({"ada_1_2_homework.ipynb": notebook("q1", "p2", "x")}), KNOWN, None, IDS)
    assert (
        found.assignment == SECOND
        and "taken as 02_what_it_looks_like, whose questions it holds" in found.remark
    )


@pytest.mark.parametrize("ids", [("q1",), ("q1", "x", "y"), ("q1", "q2", "p2"), ("x",)])
def test_cells_that_do_not_say_which(given_as, ids):
    (found,) = submissions(given_as({"ada_1_2_homework.ipynb": notebook(*ids)}), KNOWN, None, IDS)
    assert found.assignment is None and found.content is None
    assert "it can't be told which assignment this is: name it with --assignment" in found.problem


def test_an_unknown_assignment_is_refused(tmp_path):
    with pytest.raises(
        SkinmetError, match=r"--assignment: there is no such assignment \(03\): it is one of 01"
    ):
        submissions(tmp_path, KNOWN, "03")


def test_names_that_end_in_numbers_are_told_apart():
    known = ["01_part", "01_part_2"]
    assert layouts.named_assignment("01_part_2.ipynb", known) == "01_part_2"
    assert layouts.named_assignment("01_part_3.ipynb", known) == "01_part"


# Two of one student


def test_the_later_upload_counts_in_canvas(given_as):
    path = given_as(
        {f"ada_1_20_{FIRST}.ipynb": notebook(text="new"), f"ada_1_9_{FIRST}.ipynb": notebook(text="old")}
    )
    (found,) = submissions(path, KNOWN)
    assert b"new" in found.content and found.remark == "2 notebooks were handed in, the latest counts"


def test_the_later_file_counts_in_moodle(tmp_path):
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as out:
        for name, text, day in (("a", "old", 1), (FIRST, "new", 3), ("b", "middle", 2)):
            info = zipfile.ZipInfo(f"Ada_1_assignsubmission_file/{name}.ipynb", (2026, 3, day, 0, 0, 0))
            out.writestr(info, notebook(text=text))
    (found,) = submissions(path, KNOWN, FIRST)
    assert b"new" in found.content and "3 notebooks were handed in" in found.remark


def test_saved_at_one_time_the_number_of_the_copy_decides(given_as):
    names = [f"{FIRST} (10)", f"{FIRST} (9)", FIRST]
    path = given_as({f"Ada_1_assignsubmission_file/{n}.ipynb": notebook(text=n) for n in names})
    if path.is_dir():
        for file in path.rglob("*.ipynb"):
            os.utime(file, (1, 1))
    (found,) = submissions(path, KNOWN)
    assert b"(10)" in found.content


def test_of_one_name_twice_the_second_counts(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zipped(
            tmp_path / "d.zip", [(f"ada/{FIRST}/{FIRST}.ipynb", notebook(text=t)) for t in ("one", "two")]
        )
    (found,) = submissions(path, KNOWN)
    assert b"two" in found.content and "2 notebooks" in found.remark


def test_in_nbgrader_s_layout_the_assignment_s_own_name_counts(given_as):
    path = given_as(
        {f"ada/{FIRST}/{FIRST}.ipynb": notebook(text="own"), f"ada/{FIRST}/zz.ipynb": notebook(text="other")}
    )
    if path.is_dir():
        os.utime(path / f"ada/{FIRST}/{FIRST}.ipynb", (1, 1))
    (found,) = submissions(path, KNOWN)
    assert b"own" in found.content


def test_a_later_one_that_is_broken_does_not_undo_the_earlier(given_as):
    path = given_as({f"ada_1_9_{FIRST}.ipynb": GOOD, f"ada_1_20_{FIRST}.ipynb": b""})
    (found,) = submissions(path, KNOWN)
    assert found.content == GOOD and "a later one can't be used: the file is empty" in found.remark


# Clumsy work: a reason for each, and the others are not touched

BROKEN = {
    "empty": (b"", "the file is empty"),
    "blank": (b" \n", "the file is empty"),
    "a photo": (b"\x89PNG\r\n\x1a\n\0", "is not UTF-8 text"),
    "words": (b"Dear teacher", "is not JSON, so no notebook"),
    "half": (GOOD[:50], "is not JSON, so no notebook"),
    "a list": (b"[]", "is JSON, but no notebook"),
    "other JSON": (b'{"a": 1}', "is JSON, but no notebook"),
    "format 3": (b'{"nbformat": 3, "worksheets": [], "metadata": {}}', "is a notebook of format 3, not 4"),
    "format 5": (b'{"nbformat": 5, "cells": [], "metadata": {}}', "is a notebook of format 5, not 4"),
    "cells of nothing": (b'{"nbformat": 4, "cells": [1]}', "cell 1 is none"),
    "cells as text": (b'{"nbformat": 4, "cells": "x"}', "is a damaged notebook"),
    "metadata as text": (b'{"nbformat": 4, "cells": [], "metadata": 1}', "is a damaged notebook"),
    "a source of numbers": (
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": [1]}]}',
        "cell 1 is none",
    ),
    "grades as text": (
        b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "", "metadata": {"nbgrader": 1}}]}',
        "cell 1 is none",
    ),
    "a well": (b'{"nbformat": 4, "cells": ' + b"[" * 200_000, "is nested too deeply"),
    "a long number": (
        b'{"nbformat": 4, "cells": [], "x": ' + b"1" * 5000 + b"}",
        "is not JSON, so no notebook: Exceeds",
    ),
    "large": (GOOD + b" " * archive.MAX_FILE, "is over 10 MB"),
}


@pytest.mark.parametrize("content, reason", BROKEN.values(), ids=BROKEN)
def test_broken_work_has_a_reason_and_stops_nobody(given_as, content, reason):
    path = given_as({f"ada/{FIRST}/{FIRST}.ipynb": content, f"bob/{FIRST}/{FIRST}.ipynb": GOOD})
    ada, bob = submissions(path, KNOWN)
    assert (ada.student, ada.assignment, ada.content) == ("ada", FIRST, None)
    assert ada.problem.startswith(f"{FIRST}.ipynb: ") and reason in ada.problem
    assert (bob.content, bob.problem) == (GOOD, None)


def test_a_byte_order_mark_and_broken_characters_are_mended(given_as):
    path = given_as(
        {
            f"ada/{FIRST}/{FIRST}.ipynb": b"\xef\xbb\xbf" + GOOD,
            f"bob/{FIRST}/{FIRST}.ipynb": GOOD.replace(b'"x"', b'"\\ud800"'),
            f"cy/{FIRST}/{FIRST}.ipynb": GOOD.replace(b'"x"', b'"\\ud83d\\ude00"'),
        }
    )
    ada, bob, cy = submissions(path, KNOWN)
    assert ada.content == GOOD and ada.remark == ""
    assert json.loads(bob.content)["cells"][0]["source"] == "?" and "broken characters" in bob.remark
    assert json.loads(cy.content)["cells"][0]["source"] == "😀" and cy.remark == ""


def test_other_files_in_the_place_of_a_notebook(given_as):
    path = given_as(
        {
            f"ada/{FIRST}/homework.pdf": b"%PDF",
            f"ada/{SECOND}/{SECOND}.ipynb": GOOD,
            "bob/work.zip": b"PK",
            f"cy/{FIRST}/{FIRST}.ipynb.txt": GOOD,
            **{f"dan/{FIRST}/{n}.png": b"" for n in range(5)},
        }
    )
    found = {(s.student, s.assignment): s for s in submissions(path, KNOWN)}
    assert (
        found["ada", FIRST].problem == "no notebook, but homework.pdf"
        and found["ada", SECOND].content == GOOD
    )
    assert found["bob", None].problem == "no notebook, but work.zip (zips inside are not opened)"
    assert found["cy", FIRST].problem == f"no notebook, but {FIRST}.ipynb.txt"
    assert found["dan", FIRST].problem == "no notebook, but 0.png, 1.png, 2.png and 2 more"


def test_a_zip_within_is_not_opened(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as out:
        out.writestr(f"{FIRST}.ipynb", GOOD)
    (found,) = submissions(zipped(tmp_path / "z.zip", {f"ada/{FIRST}/{FIRST}.zip": inner.getvalue()}), KNOWN)
    assert found.content is None and "not opened" in found.problem


@pytest.mark.parametrize(
    "make, reason",
    [
        (lambda p: p / "none", "there is no such folder or zip"),
        (lambda p: foldered(p, {"x.zip": b"no zip"}) / "x.zip", "is no zip"),
        (lambda p: foldered(p, {"x.ipynb": GOOD}) / "x.ipynb", "is no zip"),
        (lambda p: foldered(p, {"x.zip": b""}) / "x.zip", "is no zip"),
        (lambda p: p, "holds no submission"),
        (lambda p: zipped(p / "e.zip", {}), "holds no submission"),
    ],
)
def test_what_is_no_folder_of_submissions(tmp_path, make, reason):
    with pytest.raises(SkinmetError, match=reason):
        submissions(make(tmp_path), KNOWN)


# Hostile archives


def only_zip(tmp_path, name, content=GOOD):
    """A zip with one bad member and a good one."""
    return zipped(tmp_path / "bad.zip", {name: content, f"bob/{FIRST}/{FIRST}.ipynb": GOOD})


@pytest.mark.parametrize(
    "name, student, reason",
    [
        (f"../{FIRST}.ipynb", "nobody~~1", "leads outside"),
        (f"../../ada/{FIRST}/{FIRST}.ipynb", "nobody~~1", "leads outside"),
        (f"ada/../../{FIRST}/x.ipynb", "ada", "leads outside"),
        (f"ada/{FIRST}/../../../../x.ipynb", "ada", "leads outside"),
        (f"..\\ada\\{FIRST}\\x.ipynb", "nobody~~1", "leads outside"),
        (f"/ada/{FIRST}/{FIRST}.ipynb", "ada", "absolute path"),
        (f"C:\\ada\\{FIRST}\\{FIRST}.ipynb", "C~3a", "absolute path"),
        (f"ada/{FIRST}/a\x1b[2Jb.ipynb", "ada", "control characters"),
        (f"ada/{FIRST}/a\u202ebpyni.ipynb", "ada", "control characters"),
        (f"a\nda/{FIRST}/{FIRST}.ipynb", "a~0ada", "control characters"),
    ],
)
def test_paths_that_lead_elsewhere(tmp_path, name, student, reason):
    found = submissions(only_zip(tmp_path, name), KNOWN)
    bad = next(s for s in found if s.content is None)
    assert len(found) == 2 and reason in bad.problem
    assert bad.student == student
    assert "\x1b" not in bad.problem and "\n" not in bad.path_in_archive and "/" not in bad.student
    assert next(s for s in found if s.content).student == "bob"


def test_backslashes_of_old_windows_programs_are_folders(tmp_path):
    found = submissions(only_zip(tmp_path, f"ada\\{FIRST}\\{FIRST}.ipynb"), KNOWN)
    assert brief(found) == [("ada", FIRST, True), ("bob", FIRST, True)]


def test_a_student_can_not_hand_in_for_another(tmp_path):
    """What stands inside a student's own folder never says who they are."""
    path = zipped(
        tmp_path / "m.zip",
        {
            f"Bob_2_assignsubmission_file/ada/{FIRST}/{FIRST}.ipynb": GOOD,
            f"Bob_2_assignsubmission_file/Ada_1_assignsubmission_file/{FIRST}.ipynb": GOOD,
            f"Ada_1_assignsubmission_file/{FIRST}.ipynb": notebook(text="Ada's own"),
        },
    )
    ada, bob = submissions(path, KNOWN)
    assert (ada.student, bob.student) == ("Ada_1", "Bob_2") and b"Ada's own" in ada.content
    path = zipped(
        tmp_path / "n.zip",
        {
            f"bob/other/ada/{FIRST}/{FIRST}.ipynb": GOOD,
            f"bob/{FIRST}/Ada_1_assignsubmission_file/{FIRST}.ipynb": GOOD,
            f"ada/{FIRST}/{FIRST}.ipynb": GOOD,
        },
    )
    assert {s.student for s in submissions(path, KNOWN)} == {"ada", "bob"}


def patched(path, *changes):
    """Change bytes of a zip: (offset from a signature, signature, bytes)."""
    raw = bytearray(path.read_bytes())
    for signature, offset, new in changes:
        place = raw.index(signature) + offset
        raw[place : place + len(new)] = new
    path.write_bytes(raw)
    return path


def refused(path, reason):
    ada, bob = submissions(path, KNOWN)
    assert ada.content is None and reason in ada.problem, ada.problem
    assert bob.content == GOOD


def test_members_that_can_not_be_read(tmp_path):
    name = f"ada/{FIRST}/{FIRST}.ipynb"
    refused(patched(only_zip(tmp_path, name), (b"PK\1\2", 8, b"\x01")), "is encrypted")
    refused(patched(only_zip(tmp_path, name), (b"PK\1\2", 10, struct.pack("<H", 14))), "packed in a way")
    refused(patched(only_zip(tmp_path, name), (b"PK\1\2", 10, struct.pack("<H", 99))), "packed in a way")
    refused(patched(only_zip(tmp_path, name), (b"PK\1\2", 16, b"\0\0\0\0")), "Bad CRC")
    refused(patched(only_zip(tmp_path, name), (b"PK\3\4", 30, b"X")), "File name in directory")
    deflated = 30 + len(name)
    refused(patched(only_zip(tmp_path, name), (b"PK\3\4", deflated, b"\xff\xff\xff")), "can't be read")


def test_a_link_in_a_zip_is_not_followed(tmp_path):
    path = tmp_path / "l.zip"
    with zipfile.ZipFile(path, "w") as out:
        info = zipfile.ZipInfo(f"ada/{FIRST}/{FIRST}.ipynb")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        out.writestr(info, "/etc/passwd")
        out.writestr(f"bob/{FIRST}/{FIRST}.ipynb", GOOD)
    refused(path, "is a link, which is not followed")


def test_links_in_a_folder_are_not_followed(tmp_path):
    secret = foldered(tmp_path / "secret", {f"{FIRST}.ipynb": GOOD, "deep/x.ipynb": GOOD})
    path = foldered(tmp_path / "in", {f"bob/{FIRST}/{FIRST}.ipynb": GOOD})
    (path / "ada" / FIRST).mkdir(parents=True)
    (path / "ada" / FIRST / f"{FIRST}.ipynb").symlink_to(secret / f"{FIRST}.ipynb")
    refused(path, "is a link, which is not followed")
    (path / "ada" / FIRST / f"{FIRST}.ipynb").unlink()
    (path / "ada" / FIRST / "deep").symlink_to(secret / "deep")
    refused(path, "no notebook, but deep: is a link, which is not followed")


def test_pipes_and_devices_are_not_opened(tmp_path):
    path = foldered(tmp_path / "in", {f"bob/{FIRST}/{FIRST}.ipynb": GOOD})
    (path / "ada" / FIRST).mkdir(parents=True)
    os.mkfifo(path / "ada" / FIRST / f"{FIRST}.ipynb")  # opening it would wait for ever
    refused(path, "is no ordinary file")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = foldered(tmp_path, {f"ada/{FIRST}/{FIRST}.ipynb": GOOD, f"bob/{FIRST}/{FIRST}.ipynb": GOOD})
    real = os.open

    def deny(name, *flags):
        if "ada" in str(name):
            raise PermissionError(13, "Permission denied", name)
        return real(name, *flags)

    monkeypatch.setattr(archive.os, "open", deny)
    refused(path, "can't be read: Permission denied")


def test_a_zip_bomb_is_counted_as_it_is_read(tmp_path):
    """1 GB of zeros in 1 MB, whose header says ten bytes."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        with out.open(zipfile.ZipInfo(f"ada/{FIRST}/{FIRST}.ipynb"), "w", force_zip64=True) as member:
            for _ in range(20):
                member.write(b" " * 1024**2)
        out.writestr(f"bob/{FIRST}/{FIRST}.ipynb", GOOD)
    refused(path, "is over 10 MB")


def test_many_files_of_one_student_stop_nobody(tmp_path):
    files = {f"Ada_1_assignsubmission_file/{n}.ipynb": GOOD for n in range(intake.MAX_FILES + 5)}
    files[f"Bob_2_assignsubmission_file/{FIRST}.ipynb"] = GOOD
    ada, bob = submissions(zipped(tmp_path / "m.zip", files), KNOWN, FIRST)
    assert ada.content and bob.content and f"{len(files) - 1} notebooks were handed in" in ada.remark


def test_much_of_one_student_stops_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "MAX_STUDENT", 3 * len(GOOD))
    files = {f"Ada_1_assignsubmission_file/{n}.ipynb": GOOD for n in range(5)}
    files[f"Bob_2_assignsubmission_file/{FIRST}.ipynb"] = GOOD
    ada, bob = submissions(zipped(tmp_path / "m.zip", files), KNOWN, FIRST)
    assert ada.path_in_archive.endswith("/2.ipynb") and "too many" in ada.remark and bob.content


def test_the_whole_has_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "MAX_TOTAL", 2 * len(GOOD))
    path = zipped(tmp_path / "m.zip", {f"s{n}/{FIRST}/{FIRST}.ipynb": GOOD for n in range(3)})
    found = submissions(path, KNOWN)
    assert [s.content is None for s in found] == [False, False, True] and "grade them in parts" in found[
        2
    ].problem


def test_very_many_members(tmp_path):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as out:
        for n in range(20_000):
            out.writestr(zipfile.ZipInfo(f"../{n}"), b"")
        out.writestr(f"bob/{FIRST}/{FIRST}.ipynb", GOOD)
    found = submissions(path, KNOWN)
    assert len(found) == intake.MAX_STRAY + 2 and [s.student for s in found if s.content] == ["bob"]
    assert "19,980 more files that are nobody's" in {s.problem for s in found}


def test_too_many_members_altogether(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 1)
    with pytest.raises(SkinmetError, match="holds more than 1 files"):
        submissions(only_zip(tmp_path, "x"), KNOWN)


# Students stay apart, and inside their folder


def test_names_that_look_alike_stay_two(given_as):
    names = ["Zoe\u0308", "Zo\u00eb", "ada", "Ada", "a~62", "ab", "a b", "a  b"]
    found = submissions(given_as({f"{name}/{FIRST}/{FIRST}.ipynb": GOOD for name in names}), KNOWN)
    assert len({s.student for s in found}) == len(names)
    assert {layouts.original_name(s.student) for s in found} == set(names)


def test_bytes_that_are_no_characters(tmp_path):
    folder = os.fsencode(tmp_path / "in") + b"/\xff\xfe/" + FIRST.encode()
    os.makedirs(folder)
    Path(os.fsdecode(folder), f"{FIRST}.ipynb").write_bytes(GOOD)
    (found,) = submissions(tmp_path / "in", KNOWN)
    assert found.student == "~ff~fe" and found.content == GOOD
    found.path_in_archive.encode()  # can be written down


ANY = (
    st.text(st.characters(codec="utf-8"), max_size=300)
    | st.text(string.printable)
    | st.text("./\\~ .-_=+@'A")
)


@given(ANY.filter(bool))
def test_a_folder_s_name_stays_inside_and_can_be_read_back(who):
    name = layouts.folder_name(who)
    assert name and len(name.encode()) <= 130 and name not in (".", "..")
    assert not set(name) & set('/\\:*?"<>|[]\0\n\t') and name[0] not in " .-=+@'" and name[-1] not in " ."
    assert "  " not in name  # marks.csv would make one space of it
    assert "~~" in name or layouts.original_name(name) == who


@given(ANY.filter(bool), ANY.filter(bool))
def test_two_names_stay_two(one, other):
    assert (layouts.folder_name(one) == layouts.folder_name(other)) == (one == other)


PARTS = st.sampled_from(
    ["ada", "..", ".", "", FIRST, f"{FIRST}.ipynb", "x.ipynb", "A_1_assignsubmission_file_", "a_1_2_x.ipynb",
     "C:", "__MACOSX", "\\", "\x00", "\u202e", "é" * 90, "submitted", "_assignsubmission_file_", "x.zip"]
)  # fmt: skip
NAMES = st.lists(PARTS, min_size=1, max_size=5).map("/".join)
CONTENT = st.sampled_from([GOOD, b"", b"{", b'{"nbformat": 4}', notebook("q1", "q2")])


@pytest.mark.filterwarnings("ignore:Duplicate name")  # hostile archives have them
@settings(deadline=None, max_examples=150)
@given(
    files=st.dictionaries(NAMES.filter(bool), CONTENT, max_size=8), assignment=st.sampled_from([None, FIRST])
)
def test_any_archive_gives_a_reason_for_each_student(tmp_path_factory, files, assignment):
    path = tmp_path_factory.getbasetemp() / "any.zip"
    zipped(path, files)
    try:
        found = submissions(path, KNOWN, assignment, IDS)
    except SkinmetError as error:
        assert "holds no submission" in str(error)
        return
    keys = [(s.student, s.assignment) for s in found]
    assert len(keys) == len(set(keys))
    for one in found:
        assert (one.content is None) == (one.problem is not None)
        assert one.student and "/" not in one.student and one.student not in (".", "..")
        assert one.content is None or (one.assignment in KNOWN and json.loads(one.content)["nbformat"] == 4)
        assert (one.problem or "x").isprintable() and one.path_in_archive.isprintable()
    # other files don't move students about
    if not any(name.lower().endswith(".ipynb") for name in files):
        others = {f"{who}/{FIRST}/{FIRST}.ipynb": GOOD for who in ("bob", "cy")}
        found = submissions(zipped(path, {**files, **others}), KNOWN)
        assert {("bob", FIRST), ("cy", FIRST)} <= {(s.student, s.assignment) for s in found if s.content}
