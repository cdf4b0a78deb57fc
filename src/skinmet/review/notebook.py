"""A notebook as a file: read with clear complaints, written so that equal content is equal bytes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from skinmet import project
from skinmet.problems import Problem, SkinmetError

KERNELSPEC = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
# Times and the state of somebody's screen: no part of the page.
CELL_NOISE = ("execution", "ExecuteTime", "collapsed", "scrolled")


def read(path: Path, where: str) -> NotebookNode:
    """The notebook in format 4.5, every cell with an id; existing ids are kept as they are.

    `where` is how problems name the file. Raises SkinmetError when it isn't a valid notebook.
    """
    again = "restore it from version control, or open and save it in JupyterLab"
    odd = (TypeError, AttributeError, KeyError, ValueError, RecursionError)  # anything may stand anywhere
    try:
        raw = json.loads(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise SkinmetError(Problem(where, f"is not UTF-8 text ({error.reason})", again)) from error
    except json.JSONDecodeError as error:
        raise SkinmetError(Problem(where, f"is not JSON ({error.msg})", again, line=error.lineno)) from error
    except (RecursionError, ValueError) as error:  # brackets in brackets, a number of thousands of digits
        raise SkinmetError(Problem(where, f"can't be read ({error})", again)) from error
    try:
        if raw["nbformat"] != 4:
            raise ValueError
        raw["nbformat_minor"] = max(5, raw.get("nbformat_minor", 0))
        names = Counter(cell.get("id") for cell in raw["cells"])
    except odd as error:
        raise SkinmetError(Problem(where, "is not a notebook of format 4", again)) from error
    repeated = [name for name, n in names.items() if name and n > 1]
    if repeated:
        remedy = "a copied cell keeps its id: give one of the two another"
        raise SkinmetError(*(Problem(where, "two cells have one id", remedy, value=i) for i in repeated))
    _name_cells(raw["cells"])
    try:
        nbformat.validate(raw)
    except (nbformat.ValidationError, *odd) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SkinmetError(Problem(where, f"is not a valid notebook ({reason})", again)) from error
    return nbformat.reads(json.dumps(raw), as_version=4)


def write(path: Path, notebook: NotebookNode) -> bool:
    """Write the notebook without what differs between machines and moments; True if the file changed."""
    _normalise(notebook)
    text = nbformat.writes(notebook) + "\n"  # indent 1, sorted keys, UTF-8
    if text.encode() == path.read_bytes():
        return False
    project.replace(path, text.encode())
    return True


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that JupyterLab numbers in the margin, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def unstable(notebook: NotebookNode, where: str) -> list[Problem]:
    """What a strict comparison of outputs would stumble over, or would pass over in silence."""
    problems = []
    for number, cell in enumerate(code_cells(notebook), 1):
        column = f"code cell {number}"
        warned = "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stderr")
        if warned:
            remedy = "mend what it warns of; what readers should see goes to print()"
            problems.append(Problem(where, "writes to stderr", remedy, column=column, value=warned))
        if cell.execution_count is None:
            remedy = "delete it, or its tag `skip-execution`: a cell without a number is never compared"
            problems.append(Problem(where, "was not executed", remedy, column=column))
    return problems


def _name_cells(cells: list[dict]) -> None:
    """Give each cell without an id one made of its kind and position (`code-07`)."""
    taken = {cell.get("id") for cell in cells}
    for position, cell in enumerate(cells, 1):
        if not cell.get("id"):
            name = f"{cell.get('cell_type')}-{position:02}"
            while name in taken:
                name += "x"
            taken.add(name)
            cell["id"] = name


def _normalise(notebook: NotebookNode) -> None:
    notebook.metadata["kernelspec"] = dict(KERNELSPEC)
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        for key in CELL_NOISE:
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.outputs = _merge_streams(cell.outputs)


def _merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighbouring pieces of printed text: where the kernel cut them is a matter of timing.

    nbclient's `coalesce_streams` would also pull text printed after a figure in front of it.
    """
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last["text"] += output.text
        else:
            merged.append(output)
    return merged
