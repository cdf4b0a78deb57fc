"""Execute the notebooks afresh from the tables, so that the same inputs always give the same bytes.

A notebook is run by a new kernel of this very Python, in its own folder, with nbclient. What is written
back holds no time, no version and no path: run it again and not a byte changes. A notebook that fails, or
whose output could differ from run to run, is left as it was and named as a problem.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import skinmet
from skinmet import project
from skinmet.problems import Problem, SkinmetError
from skinmet.review import notebook as files

CELL_TIMEOUT = 120  # seconds; a cell a reader must wait for longer than this is a fault of the page
KERNELS_AT_ONCE = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class Result:
    """What happened to one notebook.

    notebook: path relative to the root. cells: number of code cells. executed: False when its inputs were
    those of the last run. changed: whether the file now differs. seconds: wall clock, kernel start included.
    """

    notebook: str
    cells: int
    executed: bool
    changed: bool
    seconds: float


def refresh(root: Path | str, all: bool = False, names: Iterable[str] | None = None) -> list[Result]:
    """Execute notebooks/*.ipynb under `root` and write them back; results in the order of the file names.

    A notebook is left alone when neither it nor what it may read (tables, references, this package, the
    lock) changed since it was last executed here; `all` executes it anyway. `names` limits the run to
    notebooks named as `01_how_common`, with or without folder and ending.

    Raises SkinmetError with the problems of every notebook that failed; those keep their old file, the
    others are written.
    """
    root = Path(root).resolve()
    paths = _choose(root, names)
    shared = _digest_of_inputs(root)
    record_file = root / "_build" / "refresh.json"
    record = _read_record(record_file)

    problems: list[Problem] = []
    results: list[Result] = []
    to_run: list[tuple[Path, NotebookNode]] = []
    for path in paths:
        try:
            notebook = files.read(path, _where(path))
        except SkinmetError as error:
            problems += error.problems
            continue
        if not all and record.get(path.name) == _digest_of_run(shared, path):
            results.append(Result(_where(path), len(files.code_cells(notebook)), False, False, 0.0))
        else:
            to_run.append((path, notebook))

    for (path, _), outcome in zip(to_run, asyncio.run(_execute_all(to_run, root)), strict=True):
        if isinstance(outcome, SkinmetError):
            problems += outcome.problems
        else:
            results.append(outcome)
            record[path.name] = _digest_of_run(shared, path)

    present = {path.name for path in (root / "notebooks").glob("*.ipynb")}
    kept = {name: record[name] for name in sorted(record) if name in present}
    project.replace(record_file, (json.dumps(kept, indent=1) + "\n").encode())
    if problems:
        raise SkinmetError(*problems)
    return sorted(results, key=lambda result: result.notebook)


# Which notebooks, and did anything change


def _choose(root: Path, names: Iterable[str] | None) -> list[Path]:
    found = {path.stem: path for path in sorted((root / "notebooks").glob("*.ipynb"))}
    if not found:
        raise SkinmetError(
            Problem("notebooks", "no notebook here", "name the project's folder with --root, or add one")
        )
    if names is None:
        return list(found.values())
    wanted = [Path(name).name.removesuffix(".ipynb") for name in names]
    unknown = [name for name in wanted if name not in found]
    if unknown:
        remedy = "name one of " + ", ".join(found)
        raise SkinmetError(*(Problem("notebooks", "no such notebook", remedy, value=n) for n in unknown))
    return [path for stem, path in found.items() if stem in wanted]


def _where(path: Path) -> str:
    return f"notebooks/{path.name}"


def _digest_of_inputs(root: Path) -> str:
    """One digest for all that any notebook may read: coarse, so that nothing can be forgotten."""
    package = Path(skinmet.__file__).parent
    groups = {
        "package": (package, sorted(package.rglob("*.py"))),
        "data": (root, sorted((root / "data").rglob("*"))),
        "references": (root, sorted((root / "references").rglob("*"))),
        "lock": (root, [root / "requirements.lock"]),
    }
    digest = sha256()
    for group, (base, paths) in groups.items():
        for path in paths:
            name = path.relative_to(base)
            # a spreadsheet's lock or a half-written copy is no input
            if path.is_file() and not any(part.startswith((".", "~")) for part in name.parts):
                content = sha256(path.read_bytes()).hexdigest()
                digest.update(f"{group} {name.as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _digest_of_run(shared: str, path: Path) -> str:
    # The whole file, outputs too: an output edited by hand must not pass as computed.
    return sha256(shared.encode() + path.read_bytes()).hexdigest()


def _read_record(path: Path) -> dict[str, str]:
    try:
        record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}  # nothing is known of earlier runs: every notebook is executed
    return record if isinstance(record, dict) else {}


# Execution


async def _execute_all(notebooks: list[tuple[Path, NotebookNode]], root: Path) -> list[Result | SkinmetError]:
    """Execute and write each notebook, a few kernels at a time; one outcome per notebook, in order."""
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    free = asyncio.Semaphore(KERNELS_AT_ONCE)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        total = sum(len(files.code_cells(notebook)) for _, notebook in notebooks)
        bar = progress.add_task("executing notebooks", total=total)

        async def one(path: Path, notebook: NotebookNode) -> Result | SkinmetError:
            async with free:
                start = time.perf_counter()
                try:
                    await _execute(path, notebook, root, step=lambda: progress.advance(bar))
                except SkinmetError as error:
                    return error
                changed = files.write(path, notebook)
                seconds = time.perf_counter() - start
                return Result(_where(path), len(files.code_cells(notebook)), True, changed, seconds)

        return await asyncio.gather(*(one(path, notebook) for path, notebook in notebooks))


async def _execute(path: Path, notebook: NotebookNode, root: Path, step: Callable[[], None]) -> None:
    """Run every cell in a new kernel, in place. Raises SkinmetError with what went wrong."""
    where = _where(path)
    # An empty search path leaves the one kernel that needs no search: ipykernel under sys.executable.
    kernel = AsyncKernelManager(
        kernel_name=files.KERNELSPEC["name"],
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
        transport_encryption="auto",  # the kernel warns, and others on the machine can listen, without
    )
    client = NotebookClient(
        notebook,
        km=kernel,
        timeout=CELL_TIMEOUT,
        record_timing=False,
        store_widget_state=False,
        force_raise_errors=True,  # a stored traceback holds paths: a page that shows an error prints it
    )
    # nbclient's own execute() takes over Ctrl-C, which two clients in one loop can't share.
    try:
        try:
            env = {**os.environ, "SKINMET_ROOT": str(root)}
            await client.async_start_new_kernel(cwd=str(path.parent), env=env)
            await client.async_start_new_kernel_client()
        except RuntimeError as error:
            remedy = "what Python printed above says why; `make` mends a broken .venv"
            raise SkinmetError(Problem(where, "its kernel did not start", remedy)) from error
        for index, cell in enumerate(notebook.cells):
            try:
                await client.async_execute_cell(cell, index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                number = len(files.code_cells(NotebookNode(cells=notebook.cells[: index + 1])))
                raise SkinmetError(_why_stopped(error, where, number, cell.source)) from error
            if cell.cell_type == "code":
                step()
    finally:
        if client.kc is not None:
            client.kc.stop_channels()
        if kernel.has_kernel:
            await kernel.shutdown_kernel(now=True)
    problems = files.unstable(notebook, where)
    if problems:
        raise SkinmetError(*problems)


def _why_stopped(error: Exception, where: str, number: int, source: str) -> Problem:
    column = f"code cell {number}"
    if isinstance(error, CellTimeoutError):
        remedy = "make it faster: what takes long belongs in the package"
        return Problem(where, f"runs for more than {CELL_TIMEOUT} s", remedy, column=column)
    if isinstance(error, DeadKernelError):
        remedy = "run it in JupyterLab to see whether it asks for too much memory"
        return Problem(where, "its kernel died", remedy, column=column)
    line, lines = _error_line(error.traceback), source.splitlines()
    value = lines[line - 1].strip() if line and line <= len(lines) else None
    column += f", line {line}" if line else ""
    reason = (error.evalue.strip().splitlines() or [""])[0]
    reason = re.sub(r" \(\d+\.py, line \d+\)$", "", reason)  # a syntax error names a file nobody has
    remedy = "open the notebook in JupyterLab, mend this cell and run `skinmet refresh` again"
    return Problem(where, f"{error.ename}: {reason}".removesuffix(": "), remedy, column=column, value=value)


def _error_line(traceback: str) -> int | None:
    """The innermost line of the failing cell; IPython names places as `Cell In[3], line 2`."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", traceback)
    places = re.findall(r"Cell In\[(\d+)\], line (\d+)", plain)  # the failing cell's call comes first
    lines = [int(line) for cell, line in places if cell == places[0][0]]
    return lines[-1] if lines else None
