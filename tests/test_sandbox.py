"""What a hostile submission may try. Each attack works in a plain process, and fails in a Room."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import small_room
from skinmet.classroom import sandbox
from skinmet.classroom.execute import Room
from skinmet.problems import SkinmetError
from small_room import (
    ASSIGNMENT,
    LIMITS,
    MARKER,
    NEEDS_BWRAP,
    PROJECT,
    notebook,
    outputs,
    plainly,
    run,
    text,
    verdicts,
)

GOOD = ["", ""]
WRONG = ["AssertionError: value is not the answer", "AssertionError: double doubles"]

# Answers that are wrong, made to pass: cells before, the two answers.
CHEATS = {
    "equal to everything": (
        "class E:\n  def __eq__(self, other): return True",
        "value = E()",
        "def double(x): return E()",
    ),
    "numbers that equal": (
        "class F(float):\n  def __eq__(self, other): return True",
        "value = F(0)",
        "def double(x): return F(0)",
    ),
    "the checks cut out": (
        "import builtins, ast\ndef swallow(code, *rest, keep=compile, **named):\n"
        "  tree = keep(code, '<>', 'exec', ast.PyCF_ONLY_AST)\n"
        "  tree.body = [n for n in tree.body if not isinstance(n, ast.Assert)]\n"
        "  return keep(tree, *rest, **named)\nbuiltins.compile = swallow",
        "value = 0",
        "def double(x): return 0",
    ),
}


@NEEDS_BWRAP
@pytest.mark.parametrize("before, q1, q2", CHEATS.values(), ids=CHEATS.keys())
def test_a_wrong_answer_made_to_pass_passes_plainly_and_fails_here(before, q1, q2):
    assert plainly(before, q1=q1, q2=q2) == GOOD
    first, second = verdicts(run(before, q1=q1, q2=q2))
    assert first and second


PATCHES = {
    "numpy": (
        "import numpy\nnumpy.isclose = lambda *a, **k: True",
        "import numpy\nassert numpy.isclose(value, 42)",
    ),
    "pandas": (
        "import pandas\npandas.testing.assert_series_equal = lambda *a, **k: None",
        "from pandas import Series as S, testing\ntesting.assert_series_equal(S(value), S(42))\nassert 1",
    ),
    "builtins": ("import builtins\nbuiltins.abs = lambda x: 0", "assert abs(value - 42) < 1e-9"),
    "math": (
        "import math\nmath.isclose = lambda *a, **k: True",
        "import math\nassert math.isclose(value, 42)",
    ),
    "skinmet.checks": (
        "from skinmet import checks\nfor name in dir(checks):\n"
        "  if callable(getattr(checks, name)): setattr(checks, name, lambda *a, **k: None)",
        "from skinmet import checks\nchecks.number(value, 'value')\nassert True",
    ),
}


def patched_assignment(test: str):
    """The exercise with another test of `value`."""
    import json

    source = ASSIGNMENT.notebook()
    source.cells[2].source = test
    return replace(ASSIGNMENT, source=json.dumps(source))


@NEEDS_BWRAP
@pytest.mark.parametrize("patch, test", PATCHES.values(), ids=PATCHES.keys())
def test_a_patched_library_passes_plainly_and_not_here(patch, test, monkeypatch):
    monkeypatch.setattr(small_room, "ASSIGNMENT", patched_assignment(test))
    wrong = "value = 'forty'" if "checks" in test else "value = 41"
    assert plainly(q1=wrong)[0], "the test would not notice"
    assert plainly(patch, q1=wrong) == GOOD
    first, second = verdicts(run(patch, q1=wrong))
    assert first and not second


# The right answer, found in the source of the test.
PEEK = """
import gc, re
value = None
for thing in gc.get_objects():
    for part in thing if type(thing) is list else ():
        for text in part if type(part) in (list, tuple) else [part]:
            hit = type(text) is str and re.search("assert value == ([0-9]+),", text)
            value = int(hit[1]) if hit else value
"""


@NEEDS_BWRAP
def test_the_answer_in_the_source_of_a_test_can_be_had_plainly_and_not_here():
    assert plainly(q1=PEEK) == GOOD
    assert verdicts(run(q1=PEEK)) == ["AssertionError: give value a number", ""]


SEARCH = f"""
import gc, os, sys
needle, found = "".join(("{MARKER[:5]}", "{MARKER[5:]}")), set()
def look(where, text):
    if needle in text:
        found.add(where)
for thing in gc.get_objects():
    for part in thing.values() if type(thing) is dict else thing if type(thing) in (list, tuple) else ():
        if type(part) is str and part is not needle:
            look("objects", part)
for pid in os.listdir("/proc"):
    for name in ("cmdline", "environ"):
        try:
            look("processes", open(f"/proc/{{pid}}/{{name}}", errors="replace").read())
        except OSError:
            pass
system = {{"proc", "sys", "usr", "bin", "sbin", "lib", "lib64", "lib32", "libx32", "environment"}}
for top in set(os.listdir("/")) - system:
    for folder, folders, files in os.walk("/" + top):
        folders[:] = [f for f in folders if f not in ("versions", "skinmet")]
        for file in files:
            path = os.path.join(folder, file)
            if os.path.isfile(path) and not os.path.islink(path):
                try:
                    look("files", open(path, errors="replace").read())
                except OSError:
                    pass
"""
PLANT = f"""
import os, subprocess, time
open("/tmp/note", "w").write("{MARKER}")
planted = ["{MARKER}" + "!"]
left = subprocess.Popen(["sleep", "60"], env={{"NOTE": "{MARKER}"}})
time.sleep(0.2)  # its environment is there only then
"""


@NEEDS_BWRAP
def test_no_trace_of_a_hidden_test_can_be_found_here():
    assert text(run(PLANT + SEARCH + "print(sorted(found))")) == "['files', 'objects', 'processes']\n"
    after = SEARCH + "print(sorted(found))\ndef double(x): return 2 * x"
    done = run(q2=after)  # after the first test was run
    assert verdicts(done) == GOOD and text(done, 3) == "[]\n"
    asked = "def double(x):\n  exec(SEARCH, globals())\n  if found: raise ValueError(found)\n  return 2 * x"
    assert verdicts(run(f"SEARCH = {SEARCH!r}", q2=asked)) == GOOD  # while the second is


OUTSIDE = [
    str(PROJECT / "pyproject.toml"),
    str(PROJECT / "tests"),
    str(PROJECT / "exercises"),
    str(PROJECT / ".git"),
    "/etc/passwd",
    "/etc/hostname",
    "/var",
    "/home",
    "/sys",
    "/run",
    os.path.expanduser("~/.bashrc"),
    __file__,
]


@NEEDS_BWRAP
def test_only_the_tables_and_the_references_of_the_project_are_there():
    done = run(
        f"import os; print([p for p in {OUTSIDE} if os.path.exists(p)], sorted(os.listdir('/project')))",
        "from skinmet import evidence, references; len(evidence.load('references')) > 9",
        "os.listdir('.'), len(os.environ)",
        "print([k for k in os.environ if 'NOTE' in k])",
    )
    assert text(done) == "[] ['data', 'references', 'src']\n"
    assert text(done, 2) == "" and outputs(done, 2)[0].data["text/plain"] == "True"
    assert text(done, 4) == "[]\n"


@NEEDS_BWRAP
def test_the_environment_of_the_grader_stays_outside(monkeypatch):
    monkeypatch.setenv("SKINMET_CLASS_KEY", MARKER)
    with Room(PROJECT, LIMITS) as room:
        done = room.run(
            ASSIGNMENT, notebook("import os; print(sorted(os.environ), os.path.exists('/proc/1/environ'))")
        )
    assert "SKINMET_CLASS_KEY" not in text(done) and MARKER not in text(done) and "'PATH'" in text(done)


@NEEDS_BWRAP
def test_another_submission_left_nothing_to_read(tmp_path):
    leave = "import os, pathlib\nfor f in ('/tmp', '/dev/shm', '.', os.path.expanduser('~')):\n"
    leave += f"    pathlib.Path(f, 'left').write_text('{MARKER}')\nos.environ['left'] = 'left'\n"
    leave += "import builtins, pandas; builtins.left = pandas.left = 1"
    read = "print([f for f in ('/tmp', '/dev/shm', '.', '/tmp/..') if os.path.exists(f + '/left')],"
    read += " 'left' in os.environ, hasattr(builtins, 'left'), hasattr(pandas, 'left'))"
    first = run(leave, read)
    assert text(first, 2) == "['/tmp', '/dev/shm', '.'] True True True\n"
    second = run("import os, builtins, pandas\n" + read)
    assert text(second) == "[] False False False\n"
    # in one plain process they see each other
    assert (
        plainly("import builtins; builtins.left = 1", q1="value = 42 if hasattr(builtins, 'left') else 0")
        == GOOD
    )


@NEEDS_BWRAP
def test_nothing_can_be_written_outside(tmp_path):
    tmp_path.chmod(0o777)
    here = tmp_path / "written"
    places = [
        str(here),
        "/project/data/x",
        "/project/src/skinmet/x.py",
        "/usr/x",
        "/x",
        "/dev/x",
        f"{sys.prefix}/x",
    ]
    write = (
        f"import os\nwritten = []\nfor p in {places}:\n    try: open(p, 'w').write('x'); written.append(p)\n"
    )
    write += "    except OSError: pass\nprint(written)"
    assert plainly(f"open({str(here)!r}, 'w').write('x')") == GOOD and here.exists()
    here.unlink()
    assert text(run(write)) == "[]\n" and not here.exists()


@NEEDS_BWRAP
def test_a_server_on_this_machine_is_reached_plainly_and_not_here():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        call = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), timeout=1)"
        assert plainly(call) == GOOD and server.accept()
        done = run(
            call,
            "print(open('/proc/net/dev').read())",
        )
        assert outputs(done)[0].ename == "ConnectionRefusedError"
        assert "eth" not in text(done, 2) and "lo:" in text(done, 2)
        with pytest.raises(TimeoutError):
            server.accept()


def processes(marker: str) -> list[str]:
    """Processes of this machine whose command line holds the marker."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (folder / "cmdline").read_text(errors="replace"):
                found.append(folder.name)
        except OSError:
            continue
    return found


DETACH = """
import os, subprocess, sys
null = os.open(os.devnull, os.O_RDWR)
os.dup2(null, 1), os.dup2(null, 2)
code = "import time; time.sleep(50) # {mark}"
for n in range(2):
    subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", code])
    os._exit(0)
"""


@NEEDS_BWRAP
@pytest.mark.parametrize("isolated", [True, False], ids=["sandbox", "no sandbox"])
def test_no_process_is_left_behind(isolated):
    mark = f"left-behind-{os.getpid()}-{isolated}"
    plainly(DETACH.format(mark=mark))
    left = processes(mark)
    for pid in left:
        os.kill(int(pid), signal.SIGKILL)
    assert left, "a plain kernel leaves them"
    seen = "import time; time.sleep(0.3)\nimport pathlib\n"
    seen += "lines = [f.read_text(errors='replace') for f in pathlib.Path('/proc').glob('[0-9]*/cmdline')]\n"
    seen += f"print(sum({mark!r} in line for line in lines))"
    done = run(DETACH.format(mark=mark), seen, sandbox=isolated)
    assert verdicts(done) == GOOD and text(done, 2) == "3\n"
    assert processes(mark) == []


@NEEDS_BWRAP
def test_processes_are_limited():
    count = "from subprocess import Popen\nkept = []\n"
    count += "try:\n    while len(kept) < 200: kept.append(Popen(['sleep', '60']))\n"
    count += "except OSError as error: print(type(error).__name__, len(kept))"
    done = run(count)
    assert text(done) == f"BlockingIOError {LIMITS.processes - 1}\n"


@NEEDS_BWRAP
def test_files_and_memory_files_are_limited():
    fill = "kept = 0\ntry:\n    for n in range(99): kept += open(f'{}/{{n}}', 'wb').write(bytes(1 << 20))\n"
    fill += "except OSError as error: print(error.errno, kept >> 20)"
    done = run(
        "open('/dev/shm/big', 'wb').write(bytes(9 << 20))", fill.format("/tmp"), fill.format("/dev/shm")
    )
    assert text(done).startswith("[Errno 27] File too large")
    assert text(done, 2) == "28 8\n" and text(done, 3) == "28 0\n", "the first cell filled /dev/shm"


KILL = """
import os, signal
done = []
for pid in [os.getppid(), 0, -1, -os.getpgrp(), 1, 2, *range(3, 400)]:
    if pid != os.getpid() or pid == 0:
        try:
            os.kill(pid, signal.SIGKILL)
            done.append(pid)
        except OSError:
            pass
print(os.getpid(), os.getppid(), done)
"""


@NEEDS_BWRAP
def test_neither_the_server_nor_the_grader_can_be_killed():
    assert plainly("import os; os.kill(os.getpid(), 9)") == [], "plainly, the process that marks is killed"
    assert verdicts(run()) == GOOD
    servers = [server._process.pid for server in small_room.room()._servers.values()]
    done = run(KILL, "1")
    assert verdicts(done) == GOOD and done.remarks == ()
    assert text(done).startswith("1 0 ")
    assert [server._process.pid for server in small_room.room()._servers.values()] == servers
    assert all(server._process.poll() is None for server in small_room.room()._servers.values())


PTRACE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
pids = [int(p) for p in os.listdir("/proc") if p.isdigit()]
reached = []
for pid in [os.getppid(), *range(2, 300)]:
    if libc.ptrace(16, pid, 0, 0) == 0:
        reached.append(pid)
    for name in ("mem", "root", "environ", "fd"):
        if os.path.exists(f"/proc/{pid}/{name}"):
            reached.append((pid, name))
for call in (("unshare", 0x10000000), ("unshare", 0x00020000), ("umount", b"/proc"),
             ("mount", b"t", b"/tmp", b"tmpfs", 0, None), ("umount", b"/tmp"),
             ("chroot", b"/tmp"), ("setuid", 0), ("sethostname", b"x", 1)):
    if getattr(libc, call[0])(*call[1:]) == 0:
        reached.append(call[0])
status = open("/proc/self/status").read()
caps = {line.split()[1] for line in status.splitlines() if line.startswith(("Cap", "NoNewPrivs"))}
fds = set()
for number in os.listdir("/proc/self/fd"):
    try:
        fds.add(os.readlink(f"/proc/self/fd/{number}").split(":")[0])
    except OSError:
        pass
print(pids, reached, os.getuid(), sorted(caps), sorted(fds))
"""


@NEEDS_BWRAP
def test_no_other_process_can_be_seen_traced_or_entered_and_no_right_is_left():
    seen = text(run(PTRACE))
    assert seen == "[1] [] 65534 ['0000000000000000', '1'] ['/dev/null', 'socket']\n", seen


@NEEDS_BWRAP
@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs all tests here as one")
def test_an_ordinary_user_can_grade_as_well(tmp_path):
    """In a mount namespace where others than root reach this Python."""
    closed = [
        p
        for p in (Path(sys.base_prefix), *Path(sys.base_prefix).parents)
        if not p.stat().st_mode & stat.S_IXOTH
    ]
    if any(not p.stat().st_mode & stat.S_IXOTH for p in PROJECT.parents):
        pytest.skip("the project's folder is closed to other users")
    opened = 'mount --bind "$1" "$2" && mount -t tmpfs -o mode=755 none "$3" && '
    opened += 'mkdir -p "$1" && mount --bind "$2" "$1" && '
    code = (
        "import os, small_room\ndone = small_room.run('import os; os._exit(0)', 'print(os.getuid())')\n"
        "print(os.getuid(), small_room.verdicts(done), done.remarks)"
    )
    script = (
        opened if closed else ""
    ) + 'exec setpriv --reuid 12345 --regid 12345 --clear-groups "$4" -c "$5"'
    place = str(closed[-1]) if closed else ""
    arguments = ["sh", sys.base_prefix, str(tmp_path), place, sys.executable, code]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=PROJECT / "tests",
        env={**os.environ, "HOME": "/tmp", "PYTHONPATH": str(PROJECT / "src")},
    )
    assert done.stdout == "12345 ['', ''] ('cell 2 ended its own process',)\n", done.stderr


def test_a_missing_bubblewrap_is_said_with_what_to_do(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(
        SkinmetError, match=r"not installed: install it .*apt install bubblewrap.*--no-sandbox"
    ):
        Room(PROJECT).run(ASSIGNMENT, notebook())


REFUSALS = {
    "bwrap: No permissions to create a new namespace": "allow user namespaces",
    "bwrap: setting up uid map: Permission denied": "allow user namespaces",
    "bwrap: something else": "see what it said",
    "": "it ended without a word",
}


@pytest.mark.parametrize("said, words", REFUSALS.items(), ids=["namespace", "uid map", "other", "nothing"])
def test_a_system_that_refuses_is_said_with_what_to_do(said, words, tmp_path, monkeypatch):
    fake = tmp_path / "bwrap"
    fake.write_text(f"#!/bin/sh\nprintf '%s' '{said}' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    room = Room(PROJECT)
    with pytest.raises(SkinmetError, match="the sandbox did not start") as error:
        room.run(ASSIGNMENT, notebook())
    assert words in str(error.value) and "--no-sandbox" in str(error.value)
    assert room._servers == {}


@NEEDS_BWRAP
@pytest.mark.parametrize("refused", ["found", "settle"])
def test_a_kernel_that_refuses_namespaces_further_in_is_said(refused, tmp_path, monkeypatch):
    """bwrap works, but what comes after does not: never a mark."""
    package = tmp_path / "skinmet"
    shutil.copytree(PROJECT / "src" / "skinmet", package)
    file = package / "classroom" / "isolate.py"
    words = f"def {refused}("
    assert words in file.read_text()
    broken = file.read_text().replace(
        words, f"def {refused}(*rest):\n    _call('unshare', 1)\n\n\ndef was_{refused}("
    )
    file.write_text(broken)
    monkeypatch.setattr(sandbox, "_package", lambda: str(package))
    with pytest.raises(SkinmetError, match=r"the sandbox did not start .*unshare.*allow user namespaces"):
        Room(PROJECT).run(ASSIGNMENT, notebook())


def descent(pid: int | str) -> list[str]:
    """A process and all that come from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [str(pid), *(other for child in children for other in descent(child))]


@NEEDS_BWRAP
@pytest.mark.parametrize("isolated", [True, False], ids=["sandbox", "no sandbox"])
def test_a_closed_room_leaves_no_process(isolated):
    with Room(PROJECT, LIMITS, isolated) as room:
        room.run(ASSIGNMENT, notebook())
        place = room._servers["kernel"]._folder
        family = [pid for server in room._servers.values() for pid in descent(server._process.pid)]
    deadline = time.monotonic() + 5
    while left := [pid for pid in family if Path("/proc", pid).exists()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    assert len(family) >= 2 and (place is None or not Path(place.name).exists())
