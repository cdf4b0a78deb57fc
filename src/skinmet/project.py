"""Where the project's files are."""

from __future__ import annotations

import os
from pathlib import Path

from skinmet.problems import Problem, SkinmetError


def root(start: Path | str | None = None) -> Path:
    """The folder that holds `data/datapackage.json`: `start`, else $SKINMET_ROOT, else found upwards.

    The search goes upwards from the working folder (a notebook's own folder in JupyterLab) and then from
    this file. Raises SkinmetError when there is none.
    """
    given = start or os.environ.get("SKINMET_ROOT")
    if given:
        candidates = [Path(given).resolve()]
    else:
        here, code = Path.cwd().resolve(), Path(__file__).resolve()
        candidates = [here, *here.parents, *code.parents]
    for folder in candidates:
        if (folder / "data" / "datapackage.json").is_file():
            return folder
    raise SkinmetError(
        Problem(
            file=str(candidates[0]),
            found="no skinmet project here (data/datapackage.json is missing)",
            remedy="run the command inside the project's folder, or name it with --root",
        )
    )


def replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: beside it, then in its place. Makes a missing folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(content)
    os.replace(beside, path)
