"""How fast a class is graded: `nbgrader autograde` as installed, and `skinmet grade` with its sandbox.

The same submissions of one real exercise: right, wrong and untouched answers mixed. nbgrader grades one half
before ours and the other half after it. Then ten times as many students, for the cost of each and the memory.
CPU seconds say more than seconds on the clock when the machine has other work.
Run: .venv/bin/python bench/grade_speed.py [STUDENTS]
"""

import json
import os
import platform
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import numpy as np
from rich.console import Console

from skinmet.classroom import assignment as exercises

PROJECT = Path(__file__).resolve().parents[1]
STUDENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 40
MANY = 10 * STUDENTS
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
ENVIRONMENT = {**os.environ, "PATH": PATH, "SKINMET_ROOT": str(PROJECT)}
console = Console()


def hand_in(folder: Path, exercise: exercises.Assignment, numbers: range) -> None:
    """Submissions in nbgrader's layout; each answer is the solution, or is left as released (one in five)."""
    solved = {cell.id: cell.source for cell in exercise.notebook().cells}
    content = nbformat.writes(exercises.student_version(exercise))
    for number in numbers:
        notebook, pick = nbformat.reads(content, as_version=4), random.Random(number)
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("solution") and pick.random() < 0.8:
                cell.source = re.sub(r"(?m)^ *### (BEGIN|END) SOLUTION\n?", "", solved[cell.id])
        name = exercise.name
        file = folder / f"student{number:04}" / name / f"{name}.ipynb"
        file.parent.mkdir(parents=True)
        file.write_text(nbformat.writes(notebook), encoding="utf-8")


def nbgrader(course: Path, exercise: exercises.Assignment, submissions: Path, numbers: range) -> np.ndarray:
    """Seconds on the clock and of CPU of `nbgrader autograde` for these students."""
    for number in numbers:
        student = f"student{number:04}"
        shutil.copytree(submissions / student, course / "submitted" / student)
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["nbgrader", "autograde", exercise.name]
    subprocess.run(command, cwd=course, env=ENVIRONMENT, check=True, capture_output=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return np.array([time.perf_counter() - start, cpu])


def skinmet(submissions: Path, out: Path) -> dict[str, float]:
    """Of `skinmet grade`: seconds in all, to the first mark, of CPU; MB of the parent and of all workers."""
    command = [
        sys.executable,
        "-c",
        "from skinmet.cli import main; main()",
        "grade",
        submissions,
        "--out",
        out,
    ]
    start = time.perf_counter()
    running = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    first, parent, workers, spent = None, 0.0, 0.0, 0.0
    while running.poll() is None:
        time.sleep(0.25)
        if first is None and len(list((out / ".work").glob("*.json"))):
            first = time.perf_counter()
        parent = max(parent, memory(running.pid))
        family = descendants(running.pid)
        workers = max(workers, sum(map(memory, family)))
        spent = max(spent, sum(map(cpu, [running.pid, *family])))
    end = time.perf_counter()
    if running.returncode:
        sys.exit("skinmet grade failed")
    done = [json.loads(file.read_text("utf-8")) for file in (out / ".work").glob("?" * 32 + ".json")]
    inside = sum(result["seconds"] for result in done) / len(done)
    return {
        "all": end - start, "start": first - start, "each": (end - start) / len(done), "inside": inside,
        "parent": parent, "workers": workers, "cpu": spent,
    }  # fmt: skip


def memory(pid: int) -> float:
    """MB of a process, shared pages divided among those that share them; 0 for one that is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:
        return 0.0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.M)
    return int(found[1]) / 1024 if found else 0.0


def cpu(pid: int) -> float:
    """CPU seconds of a process and of those it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def descendants(pid: int) -> list[int]:
    """Processes started by this one, and by those."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text("ascii").split()]
        except OSError:
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def main() -> None:
    """Measure and print the tables."""
    exercise = exercises.load(exercises.names(PROJECT)[0], PROJECT)
    half = STUDENTS // 2
    with tempfile.TemporaryDirectory() as folder:
        few, many, course = Path(folder, "few"), Path(folder, "many"), Path(folder, "course")
        hand_in(few, exercise, range(STUDENTS))
        hand_in(many, exercise, range(MANY))
        source = course / "source" / exercise.name / f"{exercise.name}.ipynb"
        source.parent.mkdir(parents=True)
        source.write_text(exercise.source, encoding="utf-8")
        config = "c = get_config()\nc.ClearMarkScheme.enforce_metadata = False\n"
        (course / "nbgrader_config.py").write_text(config, encoding="ascii")
        subprocess.run(["nbgrader", "generate_assignment", exercise.name], cwd=course, env=ENVIRONMENT,
                       check=True, capture_output=True)  # fmt: skip
        plain = nbgrader(course, exercise, few, range(half))
        ours = skinmet(few, Path(folder, "out-few"))
        plain += nbgrader(course, exercise, few, range(half, STUDENTS))
        more = skinmet(many, Path(folder, "out-many"))
    cores = len(os.sched_getaffinity(0))
    console.print(
        f"{exercise.name}; CPython {platform.python_version()}, {cores} cores, load {os.getloadavg()[0]:.1f}"
    )
    console.print(
        f"nbgrader autograde, {STUDENTS}: {plain[0]:.1f} s, {plain[0] / STUDENTS:.2f} s each, "
        f"{plain[1] / STUDENTS:.2f} s of CPU each"
    )
    for count, run in ((STUDENTS, ours), (MANY, more)):
        console.print(
            f"skinmet grade, {count}: {run['all']:.1f} s, {run['each']:.3f} s each, "
            f"{run['cpu'] / count:.2f} s of CPU each, first mark after "
            f"{run['start']:.1f} s, {run['inside']:.2f} s in a worker; parent {run['parent']:.0f} MB, "
            f"workers with their rooms {run['workers']:.0f} MB"
        )
    times = plain[0] / ours["all"], plain[0] / STUDENTS / more["each"]
    console.print(f"throughput: {times[0]:.1f} times nbgrader's; with {MANY}: {times[1]:.1f} times")
    per = [(run["all"] - run["start"]) / (count - cores) for count, run in ((STUDENTS, ours), (MANY, more))]
    console.print(
        f"cost of each after the start: {per[0]:.3f} s, {per[1]:.3f} s ({per[1] / per[0] - 1:+.0%})"
    )


if __name__ == "__main__":
    main()
