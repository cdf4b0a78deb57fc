"""Where the project's files are, and how a file is written."""

from __future__ import annotations

import io
import os
import zipfile
from contextlib import suppress
from pathlib import Path

from skinmet.problems import Problem, SkinmetError

ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold


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
    """Write a file whole or not at all: beside it, then in its place. Makes a missing folder.

    The copy beside carries the process's number: two that write at once must not write into one. An OSError
    names the file that was to be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        os.replace(beside, path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        error.filename = str(path)
        raise


def zipped(files: dict[str, bytes], compress: bool = True) -> bytes:
    """A zip of files by their names in it: equal files give equal bytes, whenever and wherever it is made.

    compress=False stores them as they are, so that the bytes don't depend on the version of zlib either.
    """
    out = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in sorted(files.items()):
            member = zipfile.ZipInfo(name, ZIP_DATE)
            member.external_attr = 0o100644 << 16
            member.create_system = 3  # the same on every system
            archive.writestr(member, content, method)
    return out.getvalue()
