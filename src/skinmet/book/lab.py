"""The lab: the notebooks alive in the browser (JupyterLite), with Python, our code and the tables.

Two kinds. A published lab takes Python from Pyodide's public address; a self-hosted one carries it. Both
install the same packages, and the browser compares each with its sha256.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat

from skinmet import project
from skinmet.book import notebooks, runtime, stage, wheels
from skinmet.classroom import assignment
from skinmet.problems import Problem, SkinmetError

_APPS = ("tree", "notebooks", "edit")
_KERNEL = "@jupyterlite/pyodide-kernel-extension"
_EXTENSIONS = (_KERNEL, "jupyterlab-plotly")
# What the kernel asks for before it starts. Named here, all of it comes from our list of packages, at once.
_PRELOAD = ("micropip", "piplite", "ipykernel", "comm", "pyodide-kernel", "jedi", "ipython", "skinmet")
# Parts of JupyterLite for its developers, and fonts for browsers that can't run the lab.
_UNUSED = (
    "rspack.config*", "package.json", "jupyterlite.schema*", "doc",
    "build/fa-*.svg", "build/*.eot", "build/*.ttf",
)  # fmt: skip
# A clock and an icon for notebooks on a server: here, a made-up time, and a request for a file that is none.
_SWITCHED_OFF = ("checkpoints", "tab-icon")
# JupyterLite compiles JSON schemas (unsafe-eval) and writes styles. No page rules what the worker of Python
# asks for; it is told of Python, our packages and the lab's files only.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' {hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self'; "
    "manifest-src 'self'; frame-src 'self' blob:; form-action 'none'; base-uri 'none'"
)
_INLINE = re.compile(r"<script(?: type=\"module\")?>(.*?)</script>", re.DOTALL)


def build(root: Path | str | None = None, out: Path | str | None = None, self_hosted: bool = False) -> Path:
    """Build the lab of the project at `root` into the site below `out` (`_build`); return its folder.

    self_hosted: carry Python too, fetching it first when need be. Nothing is done when nothing changed.
    Raises SkinmetError for a notebook that can't be shown, a runtime that can't be had, a failed build.
    """
    root = project.root(root)
    out = Path(out).resolve() if out else root / "_build"
    lab, mark = out / "html" / "lab", out / "lab-inputs"
    inputs = f"{_digest(root)} {self_hosted}"
    if lab.is_dir() and mark.is_file() and mark.read_text() == inputs:
        return lab
    mark.unlink(missing_ok=True)
    extensions = Path(sys.prefix, "share", "jupyter", "labextensions")
    listed, files = _packages(root, extensions / _KERNEL / "static" / "pypi", self_hosted)
    source, new = out / "lab-source", out / "lab-new"
    stage.sync(source, _source(root, listed, self_hosted))
    shutil.rmtree(new, ignore_errors=True)
    fetched = runtime.fetch(root) if self_hosted else None
    _jupyterlite(source, new, extensions)
    if fetched:
        shutil.copytree(fetched, new / "runtime", ignore=shutil.ignore_patterns(".*"))
    for path in [path for pattern in _UNUSED for path in new.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for page in new.rglob("*.html"):
        page.write_text(_guarded(page.read_text(encoding="utf-8")), encoding="utf-8")
    for name, content in files.items():
        project.replace(new / "wheels" / name, content)
    shutil.rmtree(lab, ignore_errors=True)
    lab.parent.mkdir(parents=True, exist_ok=True)
    os.replace(new, lab)
    mark.write_text(inputs)
    return lab


def _source(root: Path, listed: str, self_hosted: bool) -> dict[str, bytes]:
    """What JupyterLite builds from: the files a reader finds in the lab, and the settings."""
    chapters = [
        notebooks.read(path, f"notebooks/{path.name}") for path in sorted(root.glob("notebooks/*.ipynb"))
    ]
    problems = [problem for chapter in chapters for problem in chapter.problems]
    if problems:
        raise SkinmetError(*problems)
    shown = {chapter.file: _joined(nbformat.reads(chapter.content.decode(), 4)) for chapter in chapters}
    for name in assignment.names(root):
        notebook = assignment.student_version(assignment.load(name, root))
        shown[f"exercises/{name}/{name}.ipynb"] = _joined(notebook)
    shown |= {path.relative_to(root).as_posix(): path.read_bytes() for path in wheels.evidence_files(root)}
    kernel = {
        "pyodideUrl": "./runtime/pyodide.mjs" if self_hosted else f"{runtime.PUBLIC}pyodide.mjs",
        "loadPyodideOptions": {"lockFileURL": f"./wheels/{listed}", "packages": list(_PRELOAD)},
        "disablePyPIFallback": True,
    }
    settings = {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "skinmet lab",
            "appUrl": "./tree",
            "disabledExtensions": [f"@jupyter-notebook/notebook-extension:{name}" for name in _SWITCHED_OFF],
            "litePluginSettings": {f"{_KERNEL}:kernel": kernel},
        },
    }
    files = {f"files/{name}": content for name, content in shown.items()}
    return files | {"jupyter-lite.json": json.dumps(settings).encode()}


def _joined(notebook: nbformat.NotebookNode) -> bytes:
    """The notebook with every text in one piece: JupyterLite hands it to the page as it stands."""
    return json.dumps(notebook, ensure_ascii=False).encode()


def _packages(root: Path, kernel: Path, self_hosted: bool) -> tuple[str, dict[str, bytes]]:
    """The list of packages for Pyodide: its name, and all files of the folder `wheels` with it.

    What Pyodide has compiled comes from it; all else is written from what is installed here.
    """
    lock = runtime.packages(root)
    listed = lock["packages"]
    for entry in listed.values():
        entry["file_name"] = ("../runtime/" if self_hosted else runtime.PUBLIC) + entry["file_name"]
    needed = (*wheels.NEEDED, "ipython", "jedi", "comm")
    made = [wheels.own(root), *wheels.installed(needed, known=set(listed))]
    made += [wheels.shipped(path) for path in sorted(kernel.glob("*.whl"))]
    for wheel in made:
        listed.setdefault(wheel.name, wheel.entry())
    text = json.dumps(lock, indent=1, sort_keys=True).encode()
    name = f"packages-{hashlib.sha256(text).hexdigest()[:12]}.json"
    return name, {wheel.file: wheel.content for wheel in made} | {name: text}


def _jupyterlite(source: Path, target: Path, extensions: Path) -> None:
    options = [
        "--no-sourcemaps",
        "--no-unused-shared-packages",
        "--ignore-sys-prefix",
        "--output-dir",
        target,
    ]
    options += [word for app in _APPS for word in ("--apps", app)]
    options += [f"--LiteBuildConfig.federated_extensions={extensions / name}" for name in _EXTENSIONS]
    done = subprocess.run(
        [sys.executable, "-m", "jupyterlite_core", "build", *options],
        # it reads the working folder, and keeps a note there of what it did; `stage.sync` took the last away
        cwd=source,
        env=os.environ | {"SOURCE_DATE_EPOCH": "315532800"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        found = f"JupyterLite did not build: {said[-1] if said else done.returncode}"
        raise SkinmetError(Problem("book/lab", found, "set the environment up again: make"))


def _guarded(page: str) -> str:
    """The page with a content policy that knows the page's own scripts."""
    digests = [hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(page)]
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(hashes=hashes)}">'
    return page.replace("<head>", f"<head>\n    {policy}", 1)


def _digest(root: Path) -> str:
    """One word for all that the lab is made of."""
    made_of = hashlib.sha256(stage.digest(root).encode())
    for tool in ("jupyterlite-core", "jupyterlite-pyodide-kernel", "ipython", "nbgrader"):
        made_of.update(f"{tool} {version(tool)}".encode())
    for path in sorted(root.glob(f"{assignment.SOURCE}/**/*.ipynb")):
        made_of.update(path.read_bytes())
    return made_of.hexdigest()
