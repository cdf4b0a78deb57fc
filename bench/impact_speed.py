"""How long `skinmet impact` takes after one row of a pool group has changed, on the shipped review.

The row counts one event more, in a copy with a git history of one commit. Whole processes, fresh interpreter
each, beside other verbs on the same copy. Run: make bench, or .venv/bin/python bench/impact_speed.py
"""

import csv
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track

PROJECT = Path(__file__).resolve().parents[1]
TABLE = "data/epidemiology/primary_distribution.csv"
GROUP = "D_breast_share_both_sexes"
REPEATS = 7
ARMS = {
    "skinmet --version": ("--version",),
    "skinmet check": ("check",),
    "skinmet impact": ("impact",),
    "skinmet impact --format html": ("impact", "--format", "html"),
    "skinmet queue": ("queue",),
}


def copy(root: Path) -> None:
    """The shipped review as it stands, committed, and then one row changed."""
    for part in ("data", "references", "notebooks"):
        shutil.copytree(PROJECT / part, root / part, ignore=shutil.ignore_patterns(".*"))
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    for arguments in (("init", "--quiet"), ("add", "."), (*identity, "commit", "--quiet", "-m", "base")):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    with open(root / TABLE, encoding="utf-8", newline="") as handle:
        header, *rows = csv.reader(handle)
    group, events, printed = (header.index(name) for name in ("pool_group", "events", "percent_reported"))
    row = next(row for row in rows if row[group] == GROUP and row[events])
    row[events], row[printed] = str(int(row[events]) + 1), ""  # the printed share no longer fits
    with open(root / TABLE, "w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerows([header, *rows])


def run(root: Path, *arguments: str) -> tuple[float, str]:
    """Seconds of wall clock and what was printed; the process must end well."""
    code = "from skinmet.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "SKINMET_ROOT": str(root)}
    start = time.perf_counter()
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return seconds, done.stdout + done.stderr


def main() -> None:
    screen = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy(root)
        if "1 row differs, 1 pooled estimate moves" not in run(root, "impact")[1]:
            sys.exit("the changed row moves no pooled estimate: choose another")
        seconds: dict[str, list[float]] = {arm: [] for arm in ARMS}
        for _ in track(range(REPEATS), "measuring", console=screen, disable=not screen.is_terminal):
            for arm, arguments in ARMS.items():
                seconds[arm].append(run(root, *arguments)[0])
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    print(f"{machine}, median (range) of {REPEATS}, whole processes, one changed row")
    for arm, taken in seconds.items():
        print(f"{arm:30} {statistics.median(taken):.2f} s ({min(taken):.2f}-{max(taken):.2f})")


if __name__ == "__main__":
    main()
