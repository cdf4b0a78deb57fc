"""A whole class through `skinmet grade`: hostile and clumsy work, resuming, many workers, manual marks."""

import csv
import fcntl
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time

import markupsafe
import nbformat
import pytest
from nbgrader.api import Gradebook, get_alembic_version
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

import small_class
from skinmet.classroom import autograde, marks, pool
from skinmet.classroom import grade as grading
from skinmet.classroom.assignment import Assignment
from skinmet.classroom.autograde import FAILED, GRADED, MANUAL, Result, Task
from skinmet.classroom.execute import Limits
from skinmet.classroom.grade import grade, refresh
from skinmet.classroom.pages import POLICY
from skinmet.cli import main
from skinmet.problems import SkinmetError
from small_class import NAME, find, hand_in, work

LIMITS = Limits(cell_seconds=3, submission_seconds=12, memory_mb=1024, file_mb=8, output_kb=64)
QUICK = ["--cell-seconds", "3", "--submission-seconds", "12", "--memory-mb", "1024"]

# What stands in the place of question 1; the other answers are right.
HOSTILE = {
    "loop": "share = 0.25\nwhile True: pass",
    "stubborn": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "memory": "hog = bytearray(6 << 30)",
    "forks": "import os\nwhile True: os.fork()",
    "output": "for _ in range(80): print('x' * (1 << 20))",
    "recursion": "def f(n): return f(n + 1)\nimport sys; sys.setrecursionlimit(10**9); f(0)",
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "exit": "import os; os._exit(0)",
    "script": "from IPython.display import HTML, display\nprint('<script>alert(1)</script>')\n"
    "display(HTML('<img src=x onerror=alert(2)>'))\nshare = 0.5 #<script>alert(3)</script>",
    "reader": "import glob, os\nfound = [f for d in ('ROOT', 'OUT', '/project', os.getcwd()) "
    "for f in glob.glob(d + '/**/*.ipynb', recursive=True) + glob.glob(d + '/**/*.db', recursive=True)]\n"
    "print(found)\nshare = 0.25 if found else 0.9",
    "writer": "import pathlib\nfor place in ('OUT/course/gradebook.db', 'OUT/marks.csv', '/project/x'):\n"
    "    try: pathlib.Path(place).write_text('mine')\n    except OSError as e: print(e)\nshare = 0.9",
    "equal": "class Equal(float):\n    __eq__ = lambda s, o: True\n    __hash__ = None\nshare = Equal(0.9)",
}


def command(*words, **options):
    return subprocess.run(
        [sys.executable, "-c", "from skinmet.cli import main; main()", "grade", *map(str, words)],
        capture_output=True, text=True, env=small_class.environment(), **options,
    )  # fmt: skip


def rows(out):
    with (out / marks.NAME).open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return small_class.project(tmp_path_factory.mktemp("project"))


def serial(tasks, grade, **_):
    """Grade in this process, one after the other: as the processes do, but for their start."""
    return ((task, grade(task)) for task in tasks)


@pytest.fixture(scope="module", autouse=True)
def leave():
    yield
    autograde.leave_room()


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr(pool, "local", serial)


@pytest.fixture(scope="module")
def honest(root, tmp_path_factory):
    """Six students of whom nothing special is known."""
    folder = tmp_path_factory.mktemp("honest")
    for number in range(6):
        hand_in(folder, f"student{number}", work(root, q1_share=f"share = {number} / 8"))
    return folder


@pytest.fixture(scope="module")
def graded(root, tmp_path_factory):
    """All kinds of work, graded by the command: (OUT, what it printed)."""
    folder, out = tmp_path_factory.mktemp("class"), tmp_path_factory.mktemp("out") / "marks"
    for student, answer in HOSTILE.items():
        answer = answer.replace("ROOT", str(root)).replace("OUT", str(out))
        hand_in(folder, student, work(root, q1_share=answer, q4_why=None))
    hand_in(folder, "perfect", work(root))
    hand_in(folder, "untouched", small_class.release(root))
    hand_in(folder, "Zoë Ünal 李", work(root, q4_why=None))
    hand_in(folder, "empty", b"")
    hand_in(folder, "essay", b"Dear teacher, my notebook is lost.")
    (folder / "essay2").mkdir()
    (folder / "essay2" / "letter.docx").write_bytes(b"PK")
    hand_in(folder, "other", nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]))
    (folder / "renamed").mkdir()
    nbformat.write(work(root, q4_why=None), folder / "renamed" / "final version.ipynb")
    (folder / "twice").mkdir()
    nbformat.write(work(root, q1_share="share = 0.0"), folder / "twice" / f"{NAME}.ipynb")
    os.utime(folder / "twice" / f"{NAME}.ipynb", (1, 1))
    nbformat.write(work(root, q4_why=None), folder / "twice" / f"{NAME} (1).ipynb")
    damaged = work(root, q4_why=None)
    damaged.cells = [c for c in damaged.cells if c.metadata.nbgrader.grade_id != "q2_double_test"]
    find(damaged, "q1_share_test").source = "pass"
    hand_in(folder, "damaged", damaged)
    run = command(folder, "--out", out, "--root", root, *QUICK, "--workers", 2)
    assert run.returncode == 0, run.stderr
    return out, run


ALL_BUT_Q1 = {"q1_share_test": "0", "q2_double_test": "3", "q3_letter_test": "1", "q4_why": "0"}


@pytest.mark.parametrize(
    ("student", "reason"),
    [
        ("loop", "ran longer than 3 s and was stopped"),
        ("stubborn", "was "),
        ("memory", "memory"),
        ("forks", ""),
        ("output", "wrote more output than"),
        ("recursion", ""),
        ("killed", ""),
        ("exit", "ended its own process"),
        ("script", ""),
        ("reader", ""),
        ("writer", ""),
        ("equal", ""),
    ],
)
def test_hostile_work_loses_its_own_points_and_no_others(graded, student, reason):
    row = rows(graded[0])[student]
    assert row["status"] == GRADED and reason in row["reason"]
    scores = {name: row[name] for name in ALL_BUT_Q1}
    if student == "loop":  # what was there before the loop counts
        assert scores == {**ALL_BUT_Q1, "q1_share_test": "2"}
    else:
        assert scores == ALL_BUT_Q1


@pytest.mark.parametrize(
    ("student", "reason"),
    [
        ("empty", "empty"),
        ("essay", "not JSON"),
        ("essay2", "no notebook"),
        ("other", "none of the assignment"),
    ],
)
def test_what_can_not_be_graded_has_a_reason_and_no_score(graded, student, reason):
    row = rows(graded[0])[student]
    assert (row["status"], row["score"], row["q1_share_test"]) == (FAILED, "", "")
    assert reason in row["reason"] and reason in graded[1].stderr


def test_clumsy_work_is_graded_with_a_remark(graded):
    found = rows(graded[0])
    assert {found[name]["score"] for name in ("renamed", "twice", "damaged", "Zoë Ünal 李")} == {"6"}
    assert "the latest counts" in found["twice"]["reason"]
    assert "the file is named final version.ipynb" in found["renamed"]["reason"]
    assert "q1_share_test was changed" in found["damaged"]["reason"]
    assert "q2_double_test was missing" in found["damaged"]["reason"]
    assert found["Zoë Ünal 李"]["reason"] == ""
    assert (graded[0] / "feedback" / "Zoë Ünal 李" / f"{NAME}.html").is_file()


def test_a_question_that_waits_leaves_the_total_open(graded):
    row = rows(graded[0])["perfect"]
    assert (row["status"], row["score"], row["max_score"], row["q4_why"]) == (MANUAL, "", "10", MANUAL)
    assert rows(graded[0])["untouched"]["score"] == "0"


def test_marks_are_no_formulas(tmp_path):
    marks.write(tmp_path, [marks.Mark("=cmd()", "a", FAILED, "-1+1: the file\nis empty")], [], MANUAL)
    line = (tmp_path / marks.NAME).read_text("utf-8").splitlines()[1]
    assert line == "'=cmd(),a,failed,'-1+1: the file is empty,,"


def test_nothing_in_the_pages_runs_or_gives_tests_away(graded):
    pages = [*graded[0].glob("feedback/*/*.html"), graded[0] / "report.html"]
    assert len(pages) == len(rows(graded[0])) + 1
    for page in pages:
        text = page.read_text("utf-8")
        assert f'content="{markupsafe.escape(POLICY)}"' in text
        assert not re.search(r"<script|<iframe|<object|<link|<img(?! src=\"data:image/png)", text)
        assert not re.search(r"<[^>]*\s(on\w+|href)\s*=", text)
        assert not [secret for secret in small_class.SECRETS if secret in text]
    script = (graded[0] / "feedback/script" / f"{NAME}.html").read_text("utf-8")
    assert "&lt;script&gt;alert(1)" in script and "&lt;script&gt;alert(3)" in script
    marked = nbformat.read(graded[0] / "course/autograded/script" / NAME / f"{NAME}.ipynb", as_version=4)
    outputs = [output for cell in marked.cells for output in cell.get("outputs", [])]
    assert {kind for output in outputs for kind in output.get("data", {})} == {"text/plain"}


def test_the_report_counts(graded):
    text = (graded[0] / "report.html").read_text("utf-8")
    found = rows(graded[0]).values()
    for status in (GRADED, MANUAL, FAILED):
        count = sum(row["status"] == status and row["assignment"] == NAME for row in found)
        assert f"{status} {count}" in text
    assert "Of no known assignment" in text and "no notebook, but letter.docx" in text
    assert text.index("Q1. A share") < text.index("Q2. A function") < text.index("Q4. Why?")
    assert "this is another share" in text and "Dear teacher" not in text


def test_the_course_is_one_for_nbgrader(graded, monkeypatch):
    monkeypatch.setenv("PATH", small_class.environment()["PATH"])
    with sqlite3.connect(graded[0] / "course/gradebook.db") as book:
        assert book.execute("select * from alembic_version").fetchall() == [(get_alembic_version(),)]
    config = Config()
    config.CourseDirectory.root = str(graded[0] / "course")
    config.CourseDirectory.course_id = "skinmet"
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    listed = {each["student"]: each for each in api.get_submissions(NAME)}
    found = rows(graded[0])
    autograded = {name for name, each in listed.items() if each["autograded"]}
    assert autograded == {name for name, row in found.items() if row["status"] != FAILED}
    assert listed["perfect"]["needs_manual_grade"] and listed["perfect"]["score"] == 6
    assert not listed["equal"]["needs_manual_grade"] and listed["equal"]["score"] == 4
    (assignment,) = api.get_assignments()
    assert assignment["max_score"] == 10


def test_a_class_with_another_variant_is_noticed():
    def done(reason, status=GRADED):
        return marks.Mark("s", NAME, status, reason)

    changed = done("q1 was changed; the original was used")
    assert "2 of 3 notebooks" in grading.doubt([changed, changed, done(""), done("", FAILED)])
    assert grading.doubt([changed, done(""), done("")]) is None
    assert grading.doubt([changed, changed, *[done("late")] * 3]) is None


# Marking by hand


def test_marks_given_in_formgrader_join_the_others(root, honest, here, tmp_path, monkeypatch):
    out = tmp_path / "out"
    grade(honest, out, root=root, limits=LIMITS)
    with Gradebook(f"sqlite:///{out / 'course/gradebook.db'}", "skinmet") as book:
        one = book.find_grade("q4_why", NAME, NAME, "student2")
        one.manual_score, one.needs_manual_grade = 3.5, False
        book.find_comment("q4_why", NAME, NAME, "student2").manual_comment = "Well <argued>!"
        book.find_comment("q2_double", NAME, NAME, "student2").manual_comment = "Short."
        book.db.commit()
    refresh(out)
    found = rows(out)
    assert (found["student2"]["status"], found["student2"]["score"]) == (GRADED, "9.5")
    assert (found["student3"]["status"], found["student3"]["q4_why"]) == (MANUAL, MANUAL)
    page = (out / "feedback/student2" / f"{NAME}.html").read_text("utf-8")
    assert "Well &lt;argued&gt;!" in page and "Short." in page and "9.5 of 10 points" in page

    # the same work graded anew keeps the mark; another answer has to be looked at again
    monkeypatch.setattr(grading, "__version__", "another")
    grade(honest, out, root=root, limits=LIMITS)
    assert rows(out)["student2"]["score"] == "9.5"
    changed = tmp_path / "changed"
    hand_in(changed, "student2", work(root, q4_why="Another reason."))
    grade(changed, out, root=root, limits=LIMITS)
    found = rows(out)
    assert (found["student2"]["status"], found["student2"]["q4_why"]) == (MANUAL, MANUAL)
    assert len(found) == 6

    # a failed one leaves what a person marked in the gradebook
    hand_in(changed, "student2", b"{}")
    grade(changed, out, root=root, limits=LIMITS)
    assert (rows(out)["student2"]["status"], rows(out)["student2"]["score"]) == (FAILED, "")
    with Gradebook(f"sqlite:///{out / 'course/gradebook.db'}", "skinmet") as book:
        assert book.find_grade("q4_why", NAME, NAME, "student2").manual_score == 3.5


# Stopped and started again


@pytest.fixture(scope="module")
def whole(root, honest, tmp_path_factory):
    """The marks of an uninterrupted run."""
    out = tmp_path_factory.mktemp("whole") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "local", serial)
        grade(honest, out, root=root, limits=LIMITS)
    return (out / marks.NAME).read_bytes()


def results(out):
    return {file.name: file.stat().st_mtime_ns for file in (out / ".work").glob("????*.json")
            if file.name != grading.ROSTER}  # fmt: skip


def test_killed_on_the_way_it_goes_on_and_loses_nothing(root, honest, whole, tmp_path):
    out = tmp_path / "out"
    words = [honest, "--out", out, "--root", root, "--workers", 1, *QUICK]
    started = subprocess.Popen(
        [sys.executable, "-c", "from skinmet.cli import main; main()", "grade", *map(str, words)],
        start_new_session=True, stderr=subprocess.DEVNULL, env=small_class.environment(),
    )  # fmt: skip
    until = time.monotonic() + 60
    while len(results(out)) < 2 and time.monotonic() < until:
        time.sleep(0.005)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    done = results(out)
    assert 2 <= len(done) < 6 and not (out / marks.NAME).exists()
    run = command(*words)
    assert f"6 submissions to grade, {len(done)} of them graded before" in run.stderr
    assert (out / marks.NAME).read_bytes() == whole
    assert done.items() <= results(out).items()


def test_killed_while_it_writes_the_marks_it_writes_them_again(
    root, honest, whole, here, tmp_path, monkeypatch
):
    out, real, calls = tmp_path / "out", grading.Course.record, []

    def dies(course, *words):
        calls.append(words)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(course, *words)

    monkeypatch.setattr(grading.Course, "record", dies)
    with pytest.raises(KeyboardInterrupt):
        grade(honest, out, root=root, limits=LIMITS)
    assert refresh(out) and (out / marks.NAME).read_bytes() == whole
    (out / "course/gradebook.db").unlink()
    assert refresh(out) and (out / marks.NAME).read_bytes() == whole

    # a result that a failing disk left empty is made again
    spoilt = next(out.glob(".work/????????????????????????????????.json"))
    spoilt.write_bytes(b"")
    assert FAILED in [mark.status for mark in refresh(out)]
    monkeypatch.setattr(grading.Course, "record", real)
    grade(honest, out, root=root, limits=LIMITS)
    assert (out / marks.NAME).read_bytes() == whole


def test_two_at_once_in_one_folder(root, honest, tmp_path):
    out = tmp_path / "out"
    (out / ".work").mkdir(parents=True)
    with (out / ".work/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SkinmetError, match="another skinmet is writing there"):
            grade(honest, out, root=root)


# Workers


NONE = Assignment("none", "")


def dies_on_student1(task: Task) -> Result:
    if task.student == "student1":
        os.kill(os.getpid(), signal.SIGKILL)
    return Result(task.student, "none", GRADED, ())


def dies_once(task: Task) -> Result:
    if not os.path.exists(task.content):
        open(task.content, "w").close()
        os._exit(1)
    return Result(task.student, "none", GRADED, ())


def sleeps(task: Task) -> Result:
    time.sleep(60 if task.student == "student1" else 0)
    return Result(task.student, "none", GRADED, ())


def tells(task: Task) -> Result:
    raise SkinmetError("no sandbox here")


def test_a_worker_that_dies_is_replaced_and_its_submission_tried_again(tmp_path):
    tasks = [Task(f"student{n}", NONE, b"") for n in range(4)]
    found = {task.student: result for task, result in pool.local(tasks, dies_on_student1, 2, 60)}
    assert {name: result.status for name, result in found.items()} == {
        "student0": GRADED, "student1": FAILED, "student2": GRADED, "student3": GRADED,
    }  # fmt: skip
    assert not found["student1"].final and "died, 2 times" in found["student1"].reasons[0]
    once = [Task("student0", NONE, os.fsencode(tmp_path / "seen"))]
    assert [result.status for _, result in pool.local(once, dies_once, 2, 60)] == [GRADED]


def test_a_worker_that_is_silent_is_replaced(monkeypatch):
    monkeypatch.setattr(pool, "TRIES", 1)
    tasks = [Task(f"student{n}", NONE, b"") for n in range(3)]
    found = {task.student: result for task, result in pool.local(tasks, sleeps, 1, 3.0)}
    assert "did not answer" in found["student1"].reasons[0]
    assert [found[name].status for name in sorted(found)] == [GRADED, FAILED, GRADED]


def test_where_nothing_can_be_graded_the_reason_is_told_once():
    with pytest.raises(SkinmetError, match="no sandbox here"):
        list(pool.local([Task("student0", NONE, b"")], tells, 1, 60))


@pytest.fixture
def cluster(root):
    """A scheduler and two workers, processes of their own: (address, workers, scheduler)."""
    environment = {**small_class.environment(), "SKINMET_ROOT": str(root)}
    scheduler = subprocess.Popen(
        ["dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    address = next(found[0] for line in scheduler.stderr if (found := re.search(r"tcp://[\d.]+:\d+", line)))
    worker = ["dask", "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    workers = [subprocess.Popen(worker, env=environment, **quiet) for _ in range(2)]
    yield address, workers, scheduler
    for process in (*workers, scheduler):
        process.kill()
        process.wait()
    scheduler.stderr.close()


def test_a_dask_cluster_that_loses_a_worker_loses_no_mark(root, honest, whole, cluster, tmp_path):
    from distributed import Client

    address, workers, scheduler = cluster
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    counted = []

    def tick(done, total):
        counted.append((done, total))
        if done == 1:
            workers[0].kill()

    out = tmp_path / "out"
    grade(honest, out, root=root, limits=LIMITS, scheduler=address, tick=tick)
    assert counted == [(n, 6) for n in range(7)]
    assert (out / marks.NAME).read_bytes() == whole

    out = tmp_path / "lost"
    with pytest.raises(SkinmetError, match="the scheduler went away"):
        ends = lambda done, total: scheduler.kill() if done == 1 else None  # noqa: E731
        grade(honest, out, root=root, limits=LIMITS, scheduler=address, tick=ends)
    assert 1 <= len(results(out)) < 6


def test_no_scheduler_is_said(root, honest, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "PATIENCE", 1)
    with pytest.raises(SkinmetError, match="no dask scheduler answers"):
        grade(honest, tmp_path / "out", root=root, scheduler="tcp://127.0.0.1:9")
    with pytest.raises(SkinmetError, match="no dask scheduler answers"):
        grade(honest, tmp_path / "out", root=root, scheduler="nonsense://x")


# Wrong use


def test_wrong_use_is_said(root, honest, tmp_path):
    with pytest.raises(SkinmetError, match="no such assignment"):
        grade(honest, tmp_path / "a", root=root, assignment="02_unknown")
    with pytest.raises(SkinmetError):
        grade(tmp_path / "missing", tmp_path / "b", root=root)
    (tmp_path / "bare").mkdir()
    with pytest.raises(SkinmetError, match="no submission"):
        grade(tmp_path / "bare", tmp_path / "c", root=root)
    with pytest.raises(SkinmetError, match="lies in the folder of the submissions"):
        grade(honest, honest / "out", root=root)
    (tmp_path / "file").write_text("")
    with pytest.raises(SkinmetError, match="is a file"):
        grade(honest, tmp_path / "file", root=root)
    with pytest.raises(SkinmetError, match="the folder holds other files"):
        grade(honest, tmp_path, root=root)
    with pytest.raises(SkinmetError, match="nothing was graded here"):
        refresh(tmp_path)
    assert not [name for name in "abc" if (tmp_path / name).exists()]


def test_a_folder_of_another_variant_is_left_alone(root, honest, tmp_path):
    out, other = tmp_path / "out", tmp_path / "project"
    other.mkdir()
    small_class.project(other)
    file = other / "exercises/source" / NAME / f"{NAME}.ipynb"
    with grading.Course(out / "course") as course:
        course.register(grading.load(NAME, root))
    (out / ".work").mkdir()
    file.write_text(file.read_text("utf-8").replace("total = 3, 12", "total = 4, 12"), "utf-8")
    with pytest.raises(SkinmetError, match="another class key or another version"):
        grade(honest, out, root=other)


def says(monkeypatch, capsys, *words) -> tuple[int, str]:
    """The exit code of the command and what it wrote to stderr."""
    monkeypatch.setattr(sys, "argv", ["skinmet", "grade", *map(str, words)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return stopped.value.code, capsys.readouterr().err


def test_the_command_says_what_is_wrong(root, tmp_path, monkeypatch, capsys):
    code, said = says(monkeypatch, capsys, tmp_path / "missing", "--out", tmp_path / "out", "--root", root)
    assert code == 1 and str(tmp_path / "missing") in said
    code, said = says(monkeypatch, capsys, tmp_path, "--out", tmp_path / "out", "--workers", 0)
    assert code == 2 and "--workers" in said


def test_a_folder_that_can_not_be_written(root, honest, tmp_path, monkeypatch, capsys):
    if os.geteuid() == 0:
        out = "/proc/nowhere"
    else:
        tmp_path.chmod(0o500)
        out = tmp_path / "out"
    code, said = says(monkeypatch, capsys, honest, "--out", out, "--root", root)
    assert code == 1 and str(out) in said and "unexpected" not in said
