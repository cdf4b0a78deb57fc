"""Who may know whom: imports go downwards, `synthesis` knows arrays only, `figures` read no file."""

import ast
import json
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
SRC = PROJECT / "src"

# What each room may import of the others. A new room needs a line here.
MAY_KNOW = {
    "problems": set(),
    "project": {"problems"},
    "wording": set(),
    "checks": set(),
    "evidence": {"problems", "project"},
    "references": {"problems", "project"},
    "synthesis": set(),
    "figures": {"wording"},
    "display": {"wording"},
    "review": {"problems", "project", "evidence", "references", "synthesis"},
    "book": {"problems", "project", "evidence", "references", "synthesis", "wording", "classroom"},
    "classroom": {"problems", "project"},
    "cli": {"problems", "project", "review", "book", "classroom"},
}
NOTEBOOKS_MAY_KNOW = {"evidence", "references", "synthesis", "figures", "display", "wording"}
EXERCISES_MAY_KNOW = NOTEBOOKS_MAY_KNOW | {"checks"}
ARITHMETIC = {"__future__", "collections", "dataclasses", "functools", "itertools", "math", "typing",
              "numpy", "scipy", "statsmodels"}  # fmt: skip
READS_FILES = {"pathlib", "os", "io", "csv", "json", "pickle", "shutil", "sqlite3", "urllib", "requests"}
READING = {"open", "read_csv", "read_json", "read_excel", "read_parquet", "read_text", "read_bytes"}


def imports(source: str) -> set[str]:
    """Names of all modules that a piece of code imports, wherever in it; `from a import b` gives `a.b`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms(source: str) -> set[str]:
    """The rooms of skinmet that a piece of code imports from."""
    parts = [name.split(".") for name in imports(source)]
    return {p[1] for p in parts if p[0] == "skinmet" and len(p) > 1 and not p[1].startswith("__")}


def others(source: str) -> set[str]:
    """Top-level modules outside skinmet that a piece of code imports."""
    return {name.split(".")[0] for name in imports(source)} - {"skinmet"}


def reads(source: str) -> set[str]:
    """Modules and calls by which a piece of code could read a file."""
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    names = {getattr(call, "attr", getattr(call, "id", "")) for call in calls}
    return (others(source) & READS_FILES) | (names & READING)


MODULES = {
    ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__"): path.read_text("utf-8")
    for path in sorted(SRC.rglob("*.py"))
}
ROOM = {name: name.split(".")[1] for name in MODULES if "." in name}


def test_every_room_is_known():
    assert set(ROOM.values()) == set(MAY_KNOW)


@pytest.mark.parametrize("name", ROOM)
def test_imports_go_downwards(name):
    assert rooms(MODULES[name]) <= MAY_KNOW[ROOM[name]] | {ROOM[name]}


def test_nothing_imports_in_a_circle():
    graph = {}
    for name, source in MODULES.items():
        named = imports(source)
        named |= {module.rpartition(".")[0] for module in named}  # `from a.b import c` is a.b, or a.b.c
        # a package gathers the names of its own modules: they reach each other through it
        graph[name] = {m for m in MODULES if m in named and m != name and not name.startswith(f"{m}.")}
    TopologicalSorter(graph).prepare()


def test_synthesis_knows_arrays_only():
    for name, room in ROOM.items():
        if room == "synthesis":
            assert others(MODULES[name]) <= ARITHMETIC and not reads(MODULES[name]), name


def test_figures_read_no_file():
    for name, room in ROOM.items():
        if room == "figures":
            assert not reads(MODULES[name]), name


NOTEBOOKS = [*PROJECT.glob("notebooks/*.ipynb"), *PROJECT.glob("exercises/source/*/*.ipynb")]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_use_the_rooms_for_readers(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    plain = ["\n".join(line for line in cell.split("\n") if not line.startswith(("%", "!"))) for cell in code]
    known = EXERCISES_MAY_KNOW if "exercises" in path.parts else NOTEBOOKS_MAY_KNOW
    assert set().union(*(rooms(cell) for cell in plain)) <= known


def test_the_walk_sees_what_it_should():
    """The rules above can fail: an import in a function, a submodule and a file are noticed."""
    source = (
        "import skinmet.figures.style\n\ndef f():\n    from skinmet import evidence\n    return open('x')"
    )
    assert rooms(source) == {"figures", "evidence"} and reads(source) == {"open"}
    assert others("import numpy.linalg\nfrom os import path\nimport skinmet") == {"numpy", "os"}
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()
