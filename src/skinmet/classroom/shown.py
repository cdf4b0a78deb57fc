"""Which outputs of a student's cells go on to results, feedback and formgrader: text and sound images."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from skinmet.classroom.images import png

if TYPE_CHECKING:
    from nbformat import NotebookNode

MOST = 4_000_000  # characters of all outputs of a notebook
TEXT, IMAGE = "text/plain", "image/png"


def trim(notebook: NotebookNode) -> list[str]:
    """Keep text, errors and PNG images, in place; say when that was too much.

    HTML, scripts, SVG and interactive figures are named and left out: they could act in a reader's browser.
    """
    left = MOST
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            if "data" in output:
                output.data, output.metadata = _data(output.data), {}
        size = len(json.dumps(cell.outputs))
        if size > left:
            cell.outputs = [output for output in cell.outputs if output.output_type == "error"][:1]
            left = 0
        left = max(left - size, 0)
    return [] if left else [f"only the first {MOST // 1_000_000} MB of the outputs were kept"]


def _data(data: dict) -> dict:
    kept = {TEXT: data[TEXT]} if TEXT in data else {}
    if image := png(data.get(IMAGE)):
        kept[IMAGE] = image
    return kept or {TEXT: f"(not shown here: {', '.join(data)})"}
