"""What every kernel would wait if rfc3987-syntax were installed: the same work with and without it.

JupyterLab asks for it through jsonschema; jsonschema imports it when it is there and does without when it
isn't. Importing it compiles 39 grammars. requirements.lock leaves it out (lock-overrides.txt); here it is
put into a folder of its own, which one arm has on its PYTHONPATH. Run: make bench, or
.venv/bin/python bench/import_tax.py
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from rich.console import Console
from rich.progress import track

PACKAGE = "rfc3987-syntax==1.1.0"
REPEATS = 7

IMPORT = "import nbformat"
NOTEBOOK = [
    "import pandas as pd\n\nframe = pd.DataFrame({'study': ['A', 'B', 'C'], 'percent': [1, 2, 3]})\nframe",
    "import plotly.graph_objects as go\n\ngo.Figure(go.Bar(x=frame['study'], y=frame['percent']))",
]
EXECUTE = "import sys; from skinmet.review.refresh import refresh; refresh(sys.argv[1], all=True)"
PRESENT = "import nbformat, sys; print('rfc3987_syntax' in sys.modules)"


def run(code: str, *args: str, extra_path: str) -> tuple[float, str]:
    """Seconds of wall clock and printed text of a fresh Python that runs `code`."""
    env = {**os.environ, "PYTHONPATH": extra_path}
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *args], env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return time.perf_counter() - start, done.stdout.strip()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, package = Path(folder, "project"), Path(folder, "package")
        (root / "notebooks").mkdir(parents=True)
        cells = [new_code_cell(source) for source in NOTEBOOK]
        nbformat.write(new_notebook(cells=cells), root / "notebooks" / "small.ipynb")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(package), PACKAGE]
        if subprocess.run(pip).returncode:
            sys.exit(f"{PACKAGE} could not be installed: this measurement needs the package index")

        arms = {"without": "", "with": str(package)}
        for arm, path in arms.items():  # each arm is what it says
            if run(PRESENT, extra_path=path)[1] != str(arm == "with"):
                sys.exit(f"the arm {arm!r} is not as named: is {PACKAGE} installed in .venv?")

        tasks = {
            "import nbformat": (IMPORT,),
            "execute a notebook: pandas, one plotly figure": (EXECUTE, str(root)),
        }
        seconds = {(task, arm): [] for task in tasks for arm in arms}
        screen = Console(stderr=True)
        for _ in track(range(REPEATS), "measuring", console=screen, disable=not screen.is_terminal):
            for task, args in tasks.items():
                for arm, path in arms.items():
                    seconds[task, arm].append(run(*args, extra_path=path)[0])

    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, median (range) of {REPEATS}, seconds")
    print(f"{'whole process':46} {'without':>17} {'with':>17} {'ratio':>6}")
    for task in tasks:
        without, with_ = seconds[task, "without"], seconds[task, "with"]
        ratio = statistics.median(with_) / statistics.median(without)
        print(f"{task:46} {spread(without):>17} {spread(with_):>17} {ratio:6.1f}")


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


if __name__ == "__main__":
    main()
