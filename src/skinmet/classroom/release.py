"""The student's release: notebooks without solutions, with the data and the code they need, in one zip.

It opens in a plain JupyterLab: no nbgrader, no installed skinmet. Which modules go along is read off the
imports of the notebooks, which packages off the imports of those modules.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import nbformat

from skinmet import project
from skinmet.classroom import assignment as exercises
from skinmet.problems import Problem, SkinmetError

PACKAGE = Path(__file__).resolve().parents[1]
TOP = "skinmet-exercises"  # the folder that the zip unpacks into
MANIFEST = ".release.json"  # what a release wrote, so that the next one removes nothing else
WHOLE_FILES = ("LICENSE", "LICENSE-CONTENT", "references/references.bib", "references/ledger.csv")

START = """# Exercises on skin metastasis of breast cancer

For education. Not medical advice: questions about your own health belong to the people who treat you.

## Open them

1. Unpack the zip; keep the folders together, for the exercises read the tables in `data/`.
2. You need JupyterLab with the packages of `requirements.txt`. Where they are missing, in this folder:

       python -m pip install -r requirements.txt

3. Start `jupyter lab` in this folder and open the notebook of an exercise:

{exercises}

## Work on them

- Run the cells from top to bottom (Shift+Enter). Where a cell says `YOUR CODE HERE`, write your answer in the
  place of `raise NotImplementedError()`; where it says `YOUR ANSWER HERE`, write sentences.
- The cell after an answer checks it at once and says what looks wrong. Marking runs further checks.
- Leave the other cells and the name of the file as they are. Before handing in: menu Kernel, Restart Kernel
  and Run All Cells; then save. Hand in the one `.ipynb` file.

`data/datapackage.json` says what each table means, `references/references.bib` what each citation is.
"""


def release(
    names: Iterable[str] = (),
    root: Path | str | None = None,
    class_key: str | None = None,
    out: Path | str | None = None,
) -> tuple[Path, Path]:
    """Write the student's version of assignments (all, where none is named); return the folder and the zip.

    out: the folder; the zip stands next to it. The same sources and key give the same bytes; the key itself
    is written nowhere. Raises SkinmetError with every fault of the sources, and where the folder holds files
    that no release wrote.
    """
    folder = project.root(root)
    target = Path(out or folder / "_build/release").absolute()
    files = contents(folder, list(names) or exercises.names(folder), class_key)
    archive = target.with_name(f"{target.name}.zip")
    _refuse_foreign(target)
    if archive.exists() and not _released(archive):
        remedy = "name another folder with --out, or move the file away"
        raise SkinmetError(Problem(str(archive), "is in the way of the release: another file", remedy))
    _replace_folder(target, files)
    project.replace(archive, project.zipped({f"{TOP}/{path}": content for path, content in files.items()}))
    return target, archive


def contents(root: Path, names: list[str], class_key: str | None) -> dict[str, bytes]:
    """The files of a release, path to bytes, sorted."""
    loaded, faults = [], []
    for name in dict.fromkeys(names):
        try:
            loaded.append(exercises.load(name, root, class_key))
        except SkinmetError as error:
            faults += error.problems
    if not loaded and not faults:
        remedy = f"add an assignment to {exercises.SOURCE}"
        faults.append(Problem(exercises.SOURCE, "there is nothing to release", remedy))
    if faults:
        raise SkinmetError(*faults)

    files: dict[str, bytes] = {}
    code: list[str] = []
    for assignment in loaded:
        notebook = exercises.student_version(assignment)
        code += [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        files[f"{assignment.name}/{assignment.name}.ipynb"] = (nbformat.writes(notebook) + "\n").encode()
    modules = needed_modules(code)
    for path in modules:
        files[f"skinmet/{path.relative_to(PACKAGE).as_posix()}"] = path.read_bytes()
    tables = json.loads((root / "data/datapackage.json").read_text(encoding="utf-8"))["resources"]
    for path in ("data/datapackage.json", *(f"data/{table['path']}" for table in tables)):
        files[path] = (root / path).read_bytes()
    for path in WHOLE_FILES:
        if (root / path).is_file():
            files[path] = (root / path).read_bytes()
    files["requirements.txt"] = _requirements([*code, *(path.read_text("utf-8") for path in modules)])
    listed = "\n".join(f"   - `{a.name}/{a.name}.ipynb`, {a.max_score:g} points" for a in loaded)
    files["START.md"] = START.format(exercises=listed).encode()
    return dict(sorted(files.items()))


def needed_modules(code: Iterable[str]) -> list[Path]:
    """The files of this package that pieces of code import, and what those import in turn."""
    found: set[Path] = set()
    waiting = [name for source in code for name in _imports(source)]
    while waiting:
        parts = waiting.pop().split(".")
        if parts[0] != PACKAGE.name:
            continue
        # `skinmet.a.b` runs the __init__ of each package above it; the last part may be a name in a module
        for depth in range(1, len(parts) + 1):
            stem = PACKAGE.joinpath(*parts[1:depth])
            for path in (stem / "__init__.py", stem.with_suffix(".py")):
                if path.is_file() and path not in found:
                    found.add(path)
                    waiting += _imports(path.read_text("utf-8"))
    return sorted(found)


def _imports(source: str) -> set[str]:
    """Full names of what a piece of code imports, wherever in it; `from a import b` gives `a.b`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _requirements(sources: Iterable[str]) -> bytes:
    """JupyterLab and the packages that the code imports, with the bounds that skinmet itself states."""
    imported = {name.split(".")[0] for source in sources for name in _imports(source)}
    outside = imported - set(sys.stdlib_module_names) - {PACKAGE.name}
    by_module = importlib.metadata.packages_distributions()
    wanted = {"jupyterlab", *(_plain(name) for module in outside for name in by_module.get(module, [module]))}
    stated = (importlib.metadata.requires(PACKAGE.name) or []) if wanted else []
    lines = [line for line in stated if "extra ==" not in line and _plain(line) in wanted]
    return "".join(f"{line}\n" for line in sorted(lines, key=str.lower)).encode()


def _plain(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def _refuse_foreign(target: Path) -> None:
    """Raise SkinmetError when the folder holds anything but what a release wrote there."""
    if not target.exists() and not target.is_symlink():
        return
    remedy = "name another folder with --out, or move away what is in this one"
    if not target.is_dir() or target.is_symlink():
        raise SkinmetError(Problem(str(target), "is in the way of the release: no folder", remedy))
    try:
        written = json.loads((target / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        written = {}
    problems = []
    for path in sorted(target.rglob("*")):
        name = path.relative_to(target).as_posix()
        folder = path.is_dir() and not path.is_symlink()
        if name == MANIFEST or folder or path.parent.name == "__pycache__":
            continue
        known = not path.is_symlink() and path.is_file() and written.get(name) == _digest(path.read_bytes())
        if not known:
            problems.append(Problem(str(target), "holds a file that no release wrote", remedy, value=name))
    if problems:
        raise SkinmetError(*problems[:3])


def _released(archive: Path) -> bool:
    """Whether a file is the zip of a release."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return all(
                i.filename.startswith(f"{TOP}/") and i.date_time == project.ZIP_DATE for i in opened.filelist
            )
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


def _replace_folder(target: Path, files: dict[str, bytes]) -> None:
    """Write the folder beside, then put it in its place: what was there stays until the new one is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    before = target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        for name, content in files.items():
            path = beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        manifest = {name: _digest(content) for name, content in files.items()}
        (beside / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
        if target.exists():
            target.rename(before)
        try:
            beside.rename(target)
        except OSError:
            if before.exists():
                before.rename(target)
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
