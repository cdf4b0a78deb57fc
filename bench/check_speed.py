"""How long `skinmet check` takes: on the shipped review, beside frictionless, and as a table grows.

The growing table is epidemiology/frequency, its real rows repeated under new names; all else stays as it is.
Whole processes, fresh interpreter each. Run: make bench, or .venv/bin/python bench/check_speed.py
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
from itertools import cycle, islice
from pathlib import Path

from rich.console import Console
from rich.progress import track

PROJECT = Path(__file__).resolve().parents[1]
TABLE = "data/epidemiology/frequency.csv"
REPEATS = 5
ROWS = (100, 10_000, 100_000)

# Each prints its own peak of memory; it takes nothing from the time that matters.
PEAK = "; import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
EXAMINE = (
    "import sys; from skinmet.review.check import examine; r = examine(sys.argv[1]); print(r.rows)" + PEAK
)
CHECK = "from skinmet.cli import main; main()"
FRICTIONLESS = "import sys; from frictionless import validate; print(validate(sys.argv[1]).stats['tasks'])"


def run(code: str, *arguments: str) -> tuple[float, str]:
    """Seconds of wall clock and printed text of a fresh Python that runs `code`."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if "Traceback" in done.stderr:
        sys.exit(done.stderr)
    return seconds, done.stdout


def grow(root: Path, rows: int) -> Path:
    """A copy of the review in `root` whose table has this many rows, none of them in a pool group."""
    for part in ("data", "references"):
        shutil.copytree(PROJECT / part, root / part)
    with open(root / TABLE, encoding="utf-8", newline="") as handle:
        header, *real = csv.reader(handle)
    place = header.index("pool_group")
    with open(root / TABLE, "w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        for number, row in enumerate(islice(cycle(real), rows)):
            if number >= len(real):  # another name and another note: a row entered twice would be a finding
                row = [f"X{number:06}", *row[1:-1], f"copy {number}"]
            writer.writerow([*row[:place], "", *row[place + 1 :]])
    return root


def main() -> None:
    screen = Console(stderr=True)
    whole = {
        "skinmet check": (CHECK, "check", "--root", str(PROJECT)),
        "frictionless validate": (FRICTIONLESS, str(PROJECT / "data/datapackage.json")),
    }
    with tempfile.TemporaryDirectory() as folder:
        grown = {rows: grow(Path(folder, str(rows)), rows) for rows in ROWS}
        seconds: dict[object, list[float]] = {arm: [] for arm in (*whole, *grown)}
        peaks = {}
        for _ in track(range(REPEATS), "measuring", console=screen, disable=not screen.is_terminal):
            for arm, (code, *arguments) in whole.items():
                seconds[arm].append(run(code, *arguments)[0])
            for rows, root in grown.items():
                taken, printed = run(EXAMINE, str(root))
                seconds[rows].append(taken)
                peaks[rows] = int(printed.split()[1]) / 1024

    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    print(f"{machine}, median (range) of {REPEATS}, whole processes")
    print(f"{'the shipped review':28} {'seconds':>18}")
    for arm in whole:
        print(f"{arm:28} {spread(seconds[arm]):>18}")
    print(f"\n{'check with a grown table':28} {'seconds':>18} {'ms per 1,000 rows':>18} {'peak MiB':>9}")
    base = statistics.median(seconds[ROWS[0]])
    for rows in ROWS:
        each = (statistics.median(seconds[rows]) - base) / (rows - ROWS[0]) * 1e6 if rows > ROWS[0] else None
        more = f"{each:.0f}" if each is not None else "-"
        print(f"{rows:>12,} rows{'':11} {spread(seconds[rows]):>18} {more:>18} {peaks[rows]:9.0f}")


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


if __name__ == "__main__":
    main()
