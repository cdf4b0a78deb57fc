"""Execute one notebook in a new kernel of this very Python, in its own folder, with nbclient."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from skinmet.problems import Problem, SkinmetError
from skinmet.review import notebook as files

CELL_TIMEOUT = 120  # seconds; a cell a reader must wait for longer than this is a fault of the page
# Leaves no name behind in the notebook's own namespace.
RECORDER = '__import__("skinmet.review.recorder", fromlist=["read"])'
RECORD = f"{RECORDER}.start()"


async def execute(
    path: Path, where: str, notebook: NotebookNode, root: Path, step: Callable[[], None]
) -> list[str]:
    """Run every cell in a new kernel, in place; return the names of what was read (see `inputs`).

    path: the notebook's file, whose folder the kernel works in. where: how problems name it. step: called
    after each code cell. Raises SkinmetError with what went wrong.
    """
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
        await _ask(client, RECORD)
        for index, cell in enumerate(notebook.cells):
            try:
                await client.async_execute_cell(cell, index)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                number = len(files.code_cells(NotebookNode(cells=notebook.cells[: index + 1])))
                raise SkinmetError(_why_stopped(error, where, number, cell.source)) from error
            if cell.cell_type == "code":
                step()
        read = json.loads(ast.literal_eval(await _ask(client, "None", f"{RECORDER}.read({str(root)!r})")))
    finally:
        if client.kc is not None:
            client.kc.stop_channels()
        if kernel.has_kernel:
            await kernel.shutdown_kernel(now=True)
    problems = files.unstable(notebook, where)
    if problems:
        raise SkinmetError(*problems)
    return read


async def _ask(client: NotebookClient, code: str, expression: str = "None") -> str:
    """Run code in the kernel without a trace in its history; return the text of an expression's value."""
    answer = await client.kc.execute(
        code, silent=True, store_history=False, user_expressions={"it": expression}, reply=True, timeout=60
    )
    return answer["content"]["user_expressions"]["it"]["data"]["text/plain"]


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
