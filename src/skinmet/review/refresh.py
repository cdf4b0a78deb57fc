"""Execute the notebooks afresh from the tables, so that the same inputs always give the same bytes.

A notebook is run by a new kernel of this very Python, in its own folder, with nbclient. What is written
back holds no time, no version and no path: run it again and not a byte changes. A notebook that fails, or
whose output could differ from run to run, is left as it was and named as a problem.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from nbformat import NotebookNode
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from skinmet import project
from skinmet.problems import Problem, SkinmetError
from skinmet.review import check, inputs, notebook_rules, outputs, state
from skinmet.review import notebook as files
from skinmet.review.execute import execute

KERNELS_AT_ONCE = min(4, os.cpu_count() or 1)
RECORD = "_build/refresh.json"


@dataclass(frozen=True)
class Result:
    """What happened to one notebook.

    notebook: path relative to the root. cells: number of code cells. executed: False when its inputs were
    those of the last run. changed: whether the file now differs. seconds: wall clock, kernel start included.
    differences: what changed in its outputs, one line each, old -> new.
    """

    notebook: str
    cells: int
    executed: bool
    changed: bool
    seconds: float
    differences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Job:
    """A notebook to execute. path: its file; where: its name; raw: what the file holds; notebook: the same,
    read; before: a copy that execution does not touch."""

    path: Path
    where: str
    raw: bytes
    notebook: NotebookNode
    before: NotebookNode


def refresh(root: Path | str, all: bool = False, names: Iterable[str] | None = None) -> list[Result]:
    """Execute the notebooks and the sources of the exercises under `root`, and write them back.

    Results come in the order of the file names.

    A notebook is left alone when it is as the last run here left it, and so is every file that it read then:
    tables, references, modules of this package, the lock. `all` executes it anyway. `names` limits the run to
    notebooks named as `01_how_common`, with or without ending, which takes the chapter and its exercise, or
    named with their folder, which takes one of the two.

    Raises SkinmetError with the findings of `skinmet check` in data/ and references/, for what is made from
    faulty tables would be wrong; or with the problems of every notebook that failed: those keep their old
    file, the others are written.
    """
    root = Path(root).resolve()
    paths = _choose(root, names)
    record = _read_record(root)

    problems: list[Problem] = []
    results: list[Result] = []
    jobs: list[Job] = []
    for path in paths:
        where = _where(path, root)
        try:
            raw = path.read_bytes()
            notebook = files.read(path, where)
        except SkinmetError as error:
            problems += error.problems
            continue
        if not all and _as_recorded(record.get(where), root, raw):
            results.append(Result(where, len(files.code_cells(notebook)), False, False, 0.0))
        else:
            jobs.append(Job(path, where, raw, notebook, deepcopy(notebook)))
    if jobs:
        findings = [p for p in check.examine(root).problems if p.file.split("/")[0] in state.PARTS]
        if findings:
            raise SkinmetError(*findings)

    for outcome in asyncio.run(_execute_all(jobs, root, record)):
        if isinstance(outcome, SkinmetError):
            problems += outcome.problems
        else:
            results.append(outcome)
    if problems:
        raise SkinmetError(*problems)
    return sorted(results, key=lambda result: result.notebook)


# Which notebooks, and did anything change


def _choose(root: Path, names: Iterable[str] | None) -> list[Path]:
    found = {_where(path, root): path for path in notebook_rules.paths(root)}
    if not found:
        raise SkinmetError(
            Problem("notebooks", "no notebook here", "name the project's folder with --root, or add one")
        )
    if names is None:
        return list(found.values())
    chosen, problems = set(), []
    for name in names:
        wanted = f"/{Path(name).as_posix().removesuffix('.ipynb')}.ipynb"
        matches = {where for where in found if f"/{where}".endswith(wanted) or wanted.endswith(f"/{where}")}
        if not matches:
            remedy = "name one of " + ", ".join(dict.fromkeys(path.stem for path in found.values()))
            problems.append(Problem("notebooks", "no such notebook", remedy, value=name))
        chosen |= matches
    if problems:
        raise SkinmetError(*problems)
    return [path for where, path in found.items() if where in chosen]


def _where(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _as_recorded(entry: object, root: Path, raw: bytes) -> bool:
    """Whether the notebook is what the last run here wrote, and all it read is what it was.

    The whole file counts, outputs too: an output edited by hand must not pass as computed.
    """
    try:
        made_from = entry["made_from"]
        return entry["notebook"] == sha256(raw).hexdigest() and inputs.digests(root, made_from) == made_from
    except (TypeError, KeyError, AttributeError):
        return False


def _read_record(root: Path) -> dict:
    try:
        record = json.loads((root / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}  # nothing is known of earlier runs: every notebook is executed
    return record if isinstance(record, dict) else {}


def _write_record(root: Path, record: dict) -> None:
    present = {_where(path, root) for path in notebook_rules.paths(root)}
    kept = {name: record[name] for name in sorted(record) if name in present}
    project.replace(root / RECORD, (json.dumps(kept, indent=1) + "\n").encode())


# Execution


async def _execute_all(jobs: list[Job], root: Path, record: dict) -> list[Result | SkinmetError]:
    """Execute and write each notebook, a few kernels at a time; one outcome per notebook, in order.

    What was done is recorded at once, so that a run that is broken off need not be repeated.
    """
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    free = asyncio.Semaphore(KERNELS_AT_ONCE)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        total = sum(len(files.code_cells(job.notebook)) for job in jobs)
        bar = progress.add_task("executing notebooks", total=total)

        async def one(job: Job) -> Result | SkinmetError:
            async with free:
                began, start = time.time(), time.perf_counter()
                try:
                    read = await execute(
                        job.path, job.where, job.notebook, root, step=lambda: progress.advance(bar)
                    )
                    made_from = inputs.digests(root, {*read, *inputs.ALWAYS}, since=began)
                    changed = _write(job, made_from)
                except SkinmetError as error:
                    return error
                digest = sha256(job.path.read_bytes()).hexdigest()
                record[job.where] = {"notebook": digest, "made_from": made_from}
                _write_record(root, record)
                cells, seconds = len(files.code_cells(job.notebook)), time.perf_counter() - start
                told = outputs.differences(job.before, job.notebook)
                return Result(job.where, cells, True, changed, seconds, told)

        return await asyncio.gather(*map(one, jobs))


def _write(job: Job, made_from: dict[str, str]) -> bool:
    """Write the notebook with what it was made from; True if the file changed."""
    if job.path.read_bytes() != job.raw:
        remedy = "close it in JupyterLab and run `skinmet refresh` again"
        raise SkinmetError(Problem(job.where, "was saved by somebody while it was executed", remedy))
    job.notebook.metadata["skinmet"] = {"made_from": inputs.of_evidence(made_from)}
    return files.write(job.path, job.notebook)
