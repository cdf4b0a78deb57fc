"""Killed, no room, no right to write, two at once: every file is the old or the new one, and none is lost."""

import csv
import io
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import small_project
from planted import FREQ, FREQ_FILE
from skinmet.problems import SkinmetError
from skinmet.project import replace
from skinmet.review import canonical, check, fix, writing
from small_project import Project

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals, mounts and limits of POSIX systems")
ROOT_ON_LINUX = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounting needs root on Linux"
)
FMT = "from skinmet.review.canonical import fmt; import sys; print(*fmt(sys.argv[1]))"
FIX = "from skinmet.review.fix import fix; import sys; print(*fix(sys.argv[1]))"
CHECK = "from skinmet.review.check import check; import sys; print(*check(sys.argv[1]), sep='\\n')"
MAIN = "from skinmet.cli import main; main()"


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    return small_project.make(tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def project(pristine, tmp_path):
    return Project(pristine, tmp_path / "project")


def evidence(root):
    """What the files of the evidence hold, by name."""
    paths = [*(root / "data").rglob("*"), *(root / "references").rglob("*")]
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in paths
        if path.is_file() and not path.name.endswith(".part")
    }


def as_excel_saves(raw):
    out = io.StringIO(newline="")
    rows = csv.reader(io.StringIO(raw.decode(), newline=""))
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def spoil(root):
    """Save every table and the ledger as a spreadsheet would; the states before and after."""
    wanted = evidence(root)
    for path in [*(root / "data").rglob("*.csv"), root / "references/ledger.csv"]:
        path.write_bytes(as_excel_saves(path.read_bytes()))
    return evidence(root), wanted


def start(code, *arguments, **options):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


# Killed


# Stops the process where it is about to exchange its n-th file, or to note that it will.
KILLED_AT = """
import os, sys
from skinmet import project
real, count = os.replace, [0]
def replace(*given, **more):
    count[0] += 1
    if count[0] == int(sys.argv[2]):
        os.kill(os.getpid(), 9)
    return real(*given, **more)
os.replace = replace
"""


@POSIX
@pytest.mark.parametrize("code", [FMT, FIX], ids=["fmt", "fix"])
@pytest.mark.parametrize("moment", [1, 2, 3, 10, 19, 20])
def test_killed_between_two_files(project, code, moment):
    """Each file is the old or the new one, and the next command leads to the end."""
    before, wanted = spoil(project.root)
    running = start(KILLED_AT + code, project.root, moment)
    running.communicate(timeout=60)
    assert running.returncode == -9
    now = evidence(project.root)
    assert now.keys() == wanted.keys()
    changed = [name for name in now if now[name] != before[name]]
    assert all(now[name] == wanted[name] for name in changed)
    assert len(changed) == max(0, moment - 2)
    check.check(project.root)

    for _ in range(2):  # the first takes up what was begun, and may say so
        done = start(code, project.root)
        done.communicate(timeout=60)
    assert evidence(project.root) == wanted and check.check(project.root) == []
    assert done.returncode == 0 and not list(project.root.rglob("*.desk.part"))


@POSIX
@pytest.mark.parametrize("code", [FMT, FIX], ids=["fmt", "fix"])
def test_killed_at_any_time(project, code):
    """By the clock, so that reading and writing are hit as well."""
    before, wanted = spoil(project.root)
    for step in range(8):
        shutil.rmtree(project.root / "_build", ignore_errors=True)
        for name, raw in before.items():
            project.path(name).write_bytes(raw)
        running = start(code, project.root)
        time.sleep(0.05 + 0.08 * step)
        running.kill()
        running.communicate()
        now = evidence(project.root)
        assert all(now[name] in (before[name], wanted[name]) for name in wanted)
    for _ in range(2):
        start(code, project.root).communicate(timeout=60)
    assert evidence(project.root) == wanted


# No room


@ROOT_ON_LINUX
@pytest.mark.parametrize("verb", [["fmt"], ["check", "--fix"], ["bundle"]], ids=["fmt", "fix", "bundle"])
def test_a_full_disk(project, tmp_path, verb):
    disk = tmp_path / "disk"
    disk.mkdir()
    for name in ("LICENSE-CONTENT", "CITATION.cff"):
        shutil.copy(small_project.SHIPPED / name, project.root)
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=10k", "none", disk]
    if subprocess.run(mount).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        root = shutil.copytree(project.root, disk / "project")
        before, _ = spoil(root) if verb != ["bundle"] else (evidence(root), None)
        (root / "_build").mkdir(exist_ok=True)
        with open(root / "_build" / "ballast", "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"x" * 4096)
            except OSError:
                pass
        running = start(MAIN.replace("main()", f"import sys; sys.argv[1:] = {verb!r} + sys.argv[1:]; main()"),
                        "--root", root)  # fmt: skip
        out, err = running.communicate(timeout=60)
        assert running.returncode == 1 and "No space left on device" in err and "Traceback" not in err, (
            out + err
        )
        assert evidence(root) == before
        assert not list(root.rglob("*.part"))
    finally:
        subprocess.run(["umount", disk], check=True)


@POSIX
def test_a_file_that_may_not_grow(project):
    """The limit of a file's size is met in the middle of writing a copy: the file itself is untouched."""
    before, _ = spoil(project.root)
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000));" + FMT
    )
    running = start(code, project.root)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 1 and "File too large" in err
    assert evidence(project.root) == before
    assert not list(project.root.rglob("*.part"))


# No right to write


@pytest.fixture
def readonly(project, tmp_path):
    """The project on a mount that nobody may write to: permissions alone do not bind root."""
    place = tmp_path / "readonly"
    place.mkdir()
    spoil(project.root)
    if subprocess.run(["mount", "--bind", project.root, place]).returncode:
        pytest.skip("this machine lets nobody mount")
    subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


@ROOT_ON_LINUX
@pytest.mark.parametrize("verb", [["fmt"], ["check", "--fix"]], ids=["fmt", "fix"])
def test_a_folder_that_may_only_be_read(readonly, verb):
    before = evidence(readonly)
    assert check.check(readonly)  # looking is allowed
    assert canonical.fmt(readonly, check=True)
    code = MAIN.replace("main()", f"import sys; sys.argv[1:] = {verb!r} + sys.argv[1:]; main()")
    running = start(code, "--root", readonly)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 1 and "Read-only file system" in err and "Traceback" not in err
    assert evidence(readonly) == before


# Two at once


def test_two_that_write_one_file_do_not_share_a_copy(tmp_path, monkeypatch):
    """While the first has half its copy on the disk, a second writes the same file, from beginning to end."""
    path, honest = tmp_path / "file", Path.write_bytes

    def slow(self, content):
        if content != b"first":
            return honest(self, content)
        with open(self, "wb", buffering=0) as handle:
            handle.write(content[:2])
            monkeypatch.setattr(os, "getpid", lambda: 2)
            replace(path, b"second")
            handle.write(content[2:])
        assert path.read_bytes() == b"second"
        return len(content)

    monkeypatch.setattr(Path, "write_bytes", slow)
    monkeypatch.setattr(os, "getpid", lambda: 1)
    replace(path, b"first")
    assert path.read_bytes() == b"first" and os.listdir(tmp_path) == ["file"]


def test_two_that_write_at_once(project):
    """One does the work; the other is told, or finds nothing to do. Nothing is half-written."""
    _, wanted = spoil(project.root)
    both = [start(FMT, project.root) for _ in range(3)]
    said = [running.communicate(timeout=120)[1] for running in both]
    assert evidence(project.root) == wanted
    assert any(running.returncode == 0 for running in both)
    for running, err in zip(both, said, strict=True):
        told = "another skinmet command is writing" in err or "was changed by somebody meanwhile" in err
        assert running.returncode == 0 or told, err
    assert canonical.fmt(project.root) == []


def test_one_looks_while_the_other_writes(project):
    """Whoever checks sees each file old or new: readable, with rows and columns as they were."""
    before, wanted = spoil(project.root)
    looking = [start(CHECK, project.root)]
    writing_ = start(FMT, project.root)
    looking += [start(CHECK, project.root) for _ in range(2)]
    for running in looking:
        out, err = running.communicate(timeout=120)
        assert running.returncode == 0 and "Traceback" not in err, err
        assert (
            "can't be read" not in out and "the file is missing" not in out and "cells, the header" not in out
        )
    writing_.communicate(timeout=120)
    assert evidence(project.root) == wanted and before != wanted


def test_what_a_second_reviewer_saves_meanwhile_is_kept(project, monkeypatch):
    """A save between reading and writing: theirs stays, and the command says so."""
    spoil(project.root)
    theirs = project.path(FREQ_FILE).read_bytes() + b"F999;saved meanwhile\r\n"
    for command in (canonical.fmt, fix.fix):
        before = evidence(project.root)
        honest = writing.together

        def late(*given, honest=honest):
            project.path(FREQ_FILE).write_bytes(theirs)
            return honest(*given)

        monkeypatch.setattr(writing, "together", late)
        with pytest.raises(SkinmetError, match="was changed by somebody meanwhile"):
            command(project.root)
        monkeypatch.undo()
        assert evidence(project.root) == before | {FREQ_FILE: theirs}
        project.path(FREQ_FILE).write_bytes(before[FREQ_FILE])


def test_the_desk_is_held_by_one(project):
    with writing.desk(project.root):
        project.set(FREQ, "F018", {"country": " Thailand"})
        running = start(FMT, project.root)
        _, err = running.communicate(timeout=60)
        assert running.returncode == 1 and "another skinmet command is writing in this folder" in err
        assert " Thailand" in project.path(FREQ_FILE).read_text("utf-8")
    assert canonical.fmt(project.root) == [FREQ_FILE]
