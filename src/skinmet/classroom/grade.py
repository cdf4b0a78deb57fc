"""A class graded: taken in, executed in parallel, recorded, reported. Stopped at any moment, it goes on.

Each result is first written to OUT/.work, under a name made of everything it depends on; what stands there is
not graded again. Gradebook, marks, feedback and report are then made from these files by this process alone.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from skinmet import __version__, project
from skinmet.classroom import cells, feedback, intake, marks, pool, report
from skinmet.classroom.assignment import SOURCE, Assignment, load, names
from skinmet.classroom.autograde import FAILED, GRADED, MANUAL, Result, Task, grade_one
from skinmet.classroom.execute import Limits
from skinmet.classroom.gradebook import Course
from skinmet.classroom.marks import Mark
from skinmet.classroom.mend import RESTORED
from skinmet.problems import Problem, SkinmetError

WORK, ROSTER = ".work", "roster.json"
Tick = Callable[[int, int], None]  # how many are graded, of how many
Run = Callable[[list[Task]], Iterator[tuple[Task, Result]]]


@dataclass(frozen=True)
class Entry:
    """A submission that counts. student: fit to name a folder. key: of its result in OUT/.work."""

    student: str
    assignment: str
    key: str | None
    reasons: tuple[str, ...]


def grade(
    submissions: Path,
    out: Path,
    *,
    assignment: str | None = None,
    class_key: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    sandbox: bool = True,
    limits: Limits | None = None,
    root: Path | None = None,
    tick: Tick = lambda done, total: None,
) -> list[Mark]:
    """Grade all submissions into `out` and return the marks of everything graded there.

    submissions: a folder or zip, as nbgrader, Moodle and Canvas lay it out. Raises SkinmetError for what a
    person has to put right; a submission that can't be graded is no error, but a mark with a reason.
    """
    limits = limits or Limits()
    folder = project.root(root)
    grade_ids = _grade_ids(folder)
    found = intake.submissions(submissions, list(grade_ids), assignment, grade_ids)
    wanted = sorted({s.assignment for s in found if s.assignment})
    assignments = {name: load(name, folder, class_key) for name in wanted}
    with _locked(out, submissions), Course(out / "course") as course:
        for each in assignments.values():
            course.register(each)
        before = [entry for entry in _roster(out) if entry.assignment]
        roster, tasks = _plan(found, assignments, before, sandbox, limits)
        for entry in roster:
            if entry.key in tasks:
                course.submit(entry.student, entry.assignment, tasks[entry.key].content)
        function = functools.partial(
            grade_one, sandbox=sandbox, limits=limits, root=None if scheduler else folder
        )
        if scheduler:
            run = functools.partial(pool.cluster, grade=function, address=scheduler)
        else:
            patience = 180 + 2 * limits.submission_seconds
            run = functools.partial(pool.local, grade=function, workers=workers or cores(), patience=patience)
        passing = _grade_missing(out, tasks, run, tick)
        return _publish(out, course, roster, passing)


def refresh(out: Path) -> list[Mark]:
    """Make marks, feedback and report of OUT anew, with what was marked by hand in formgrader meanwhile."""
    if not (out / WORK / ROSTER).is_file():
        remedy = "name the folder that `skinmet grade` wrote, the one with marks.csv"
        raise SkinmetError(Problem(str(out), "nothing was graded here", remedy))
    with _locked(out), Course(out / "course") as course:
        for each in course.assignments():
            course.register(each)  # in case somebody removed the gradebook
        return _publish(out, course, _roster(out), {})


def doubt(found: list[Mark]) -> str | None:
    """Whether a class seems to have worked on another variant than the one it was graded as; in words."""
    done = [mark for mark in found if mark.status != FAILED]
    changed = sum(RESTORED in mark.reason for mark in done)
    if changed < 2 or 2 * changed < len(done):
        return None
    return (
        f"{changed} of {len(done)} notebooks have other locked cells than this exercise: is it the right "
        "--class-key, and the version that the class was given?"
    )


@contextmanager
def _locked(out: Path, submissions: Path | None = None) -> Iterator[None]:
    """OUT for this process alone; the lock ends with it, however it ends."""
    work = out / WORK
    if submissions and out.resolve().is_relative_to(submissions.resolve()):
        raise SkinmetError(Problem(str(out), "lies in the folder of the submissions", "choose another --out"))
    if out.exists() and not out.is_dir():
        raise SkinmetError(Problem(str(out), "is a file", "name a folder with --out"))
    if out.is_dir() and any(out.iterdir()) and not work.is_dir():
        remedy = "choose an empty one with --out, or one that `skinmet grade` wrote"
        raise SkinmetError(Problem(str(out), "the folder holds other files", remedy))
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            remedy = "wait until it has ended, or stop it"
            raise SkinmetError(Problem(str(out), "another skinmet is writing there", remedy)) from None
        yield


def _plan(
    found: list[intake.Submission],
    assignments: dict[str, Assignment],
    before: list[Entry],
    sandbox: bool,
    limits: Limits,
) -> tuple[list[Entry], dict[str, Task]]:
    """Everything that counts, with what was graded here before, and what of it has to be graded, by key."""
    roster = {(entry.student, entry.assignment): entry for entry in before}
    tasks = {}
    for one in found:
        student = one.student
        name, remarks = one.assignment or "", tuple(filter(None, [one.remark]))
        if name and one.content is not None and not one.problem:
            task = Task(student, assignments[name], one.content)
            key = _key(task, sandbox, limits)
            tasks[key] = task
            roster[student, name] = Entry(student, name, key, remarks)
        else:
            reason = one.problem or "it could not be told which assignment this is"
            place = () if name else (one.path_in_archive,)
            roster[student, name, *place] = Entry(student, name, None, (*remarks, reason))
    return sorted(roster.values(), key=lambda e: (e.assignment, e.student, e.reasons)), tasks


def _key(task: Task, sandbox: bool, limits: Limits) -> str:
    """A name for the result, made of everything it depends on."""
    parts = [
        __version__,
        task.student,
        task.assignment.name,
        task.assignment.source,
        str(sandbox),
        repr(limits),
    ]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass"))
    digest.update(task.content)
    return digest.hexdigest()[:32]


def _grade_missing(out: Path, tasks: dict[str, Task], run: Run, tick: Tick) -> dict[str, Result]:
    """Grade what has no result yet and keep each as it comes. Returns those that shall be tried again."""
    keys = {id(task): key for key, task in tasks.items()}
    missing = [task for key, task in tasks.items() if _saved(out, key) is None]
    done, passing = len(tasks) - len(missing), {}
    tick(done, len(tasks))
    for task, result in run(missing) if missing else ():
        key = keys[id(task)]
        if result.final:
            project.replace(_file(out, key), json.dumps(asdict(result), ensure_ascii=False).encode())
        else:
            passing[key] = result
        done += 1
        tick(done, len(tasks))
    return passing


def _grade_ids(root: Path) -> dict[str, list[str]]:
    """The graded cells of every assignment: a notebook with another file name is known by them."""
    found = {}
    for name in names(root):
        file = f"{SOURCE}/{name}/{name}.ipynb"
        parts = cells.cells(cells.read(root / file, file))
        found[name] = [cell.grade_id for cell in parts if cell.part in (cells.Part.test, cells.Part.text)]
    return found


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def _publish(out: Path, course: Course, roster: list[Entry], passing: dict[str, Result]) -> list[Mark]:
    """Bring gradebook, marks, feedback and report up to the results. A second time changes nothing."""
    saved = [asdict(entry) for entry in roster]
    project.replace(out / WORK / ROSTER, json.dumps(saved, ensure_ascii=False, indent=1).encode())
    for entry in roster:
        result = _result(out, entry, passing)
        if result and result.notebook:
            course.record(entry.student, entry.key, result)
    assignments = {a.name: a for a in course.assignments()}
    scores = {name: course.scores(name) for name in assignments}
    comments = {name: course.comments(name) for name in assignments}
    rows, summary = [], report.Report(assignments)
    for entry in roster:
        name, result = entry.assignment, _result(out, entry, passing)
        reasons = [*entry.reasons, *(result.reasons if result else ())]
        if result is None or result.status == FAILED:
            mark, parts = _without(entry, reasons, assignments.get(name)), []
        else:
            mark = _mark(entry, reasons, assignments[name], scores[name][entry.student])
            parts = feedback.parts(assignments[name], json.loads(result.notebook))
            feedback.fill(parts, mark, comments[name].get(entry.student, {}))
        page = feedback.page(mark, reasons, assignments.get(name), parts)
        file = out / "feedback" / entry.student / f"{name or 'unknown'}.html"
        project.replace(file, page.encode("utf-8", "replace"))
        summary.add(mark, parts, result.seconds if result else 0.0)
        rows.append(mark)
    questions = [question.grade_id for a in assignments.values() for question in a.questions]
    marks.write(out, rows, questions, MANUAL)
    project.replace(out / "report.html", summary.page().encode("utf-8", "replace"))
    return rows


def _mark(entry: Entry, reasons: list[str], assignment: Assignment, scores: dict[str, float | None]) -> Mark:
    questions = {question.grade_id: scores[question.grade_id] for question in assignment.questions}
    waits = None in questions.values()
    total, status = (None, MANUAL) if waits else (sum(questions.values()), GRADED)
    reason, most = "; ".join(reasons), assignment.max_score
    return Mark(entry.student, assignment.name, status, reason, total, most, questions)


def _without(entry: Entry, reasons: list[str], assignment: Assignment | None) -> Mark:
    most = assignment.max_score if assignment else None
    return Mark(entry.student, entry.assignment, FAILED, "; ".join(reasons), None, most)


def _result(out: Path, entry: Entry, passing: dict[str, Result]) -> Result | None:
    """The result of a submission; None when it was never to be graded."""
    if entry.key is None:
        return None
    again = "not graded yet: run the command on the submissions again"
    missing = Result(entry.student, entry.assignment, FAILED, (again,))
    return passing.get(entry.key) or _saved(out, entry.key) or missing


def _saved(out: Path, key: str) -> Result | None:
    """The result that stands in OUT/.work; a file that a failing disk left broken is none."""
    try:
        saved = json.loads(_file(out, key).read_text("utf-8"))
        return Result(**{**saved, "reasons": tuple(saved["reasons"])})
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def _roster(out: Path) -> list[Entry]:
    try:
        saved = json.loads((out / WORK / ROSTER).read_text("utf-8"))
    except FileNotFoundError:
        return []
    return [Entry(**{**entry, "reasons": tuple(entry["reasons"])}) for entry in saved]


def _file(out: Path, key: str) -> Path:
    return out / WORK / f"{key}.json"
