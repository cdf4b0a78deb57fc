"""What a notebook reads: this module works inside its kernel, started by `execute` before the first cell.

Python tells of each file it opens (an audit hook), so nothing has to be declared and nothing is overlooked:
tables, references, the schema, pictures, whoever reads them. Modules are those that were imported by the end.
"""

from __future__ import annotations

import json
import os
import sys

import skinmet

PACKAGE = os.path.dirname(os.path.realpath(skinmet.__file__))
# Loaded to record, not by the notebook.
OURS = {"skinmet/review/__init__.py", "skinmet/review/recorder.py"}
# Folders that hold nothing a page is made from: what was built, installed or left behind.
PASSED = {"_build", "node_modules", "__pycache__"}

_opened: set[str] = set()


def start() -> None:
    """Note every file that is opened for reading from now on."""
    sys.addaudithook(_note)


def _note(event: str, arguments: tuple) -> None:
    if event == "open":
        path, mode, flags = arguments
        writes = any(sign in mode for sign in "wax") if mode else bool(flags & (os.O_WRONLY | os.O_RDWR))
        if not writes and isinstance(path, str | bytes | os.PathLike):
            _opened.add(os.path.realpath(os.fsdecode(path)))


def read(root: str) -> str:
    """What was read since `start`, as a JSON list: files from the project's folder `root` on, modules of this
    package as `skinmet/evidence.py`."""
    modules = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    paths = _opened | {os.path.realpath(file) for file in modules if file}
    return json.dumps(
        sorted({name for path in paths if (name := _name(path, os.path.realpath(root)))} - OURS)
    )


def _name(path: str, root: str) -> str | None:
    """The name of an input; None for what is none."""
    for folder, prefix in ((PACKAGE, ["skinmet"]), (root, [])):
        if path.startswith(folder + os.sep):
            parts = path[len(folder) + 1 :].split(os.sep)
            ours = not any(part.startswith((".", "~")) or part in PASSED for part in parts)
            return "/".join(prefix + parts) if ours and os.path.isfile(path) else None
    return None
