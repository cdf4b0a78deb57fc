"""The cells of an exercise notebook, each with its part in it. Read as plain JSON: nbformat loads slowly."""

from __future__ import annotations

import ast
import json
import symtable
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from skinmet.problems import Problem, SkinmetError

SOLUTION, HIDDEN, SCHEME = "SOLUTION", "HIDDEN TESTS", "MARK SCHEME"
REGIONS = (SOLUTION, HIDDEN, SCHEME)
STUB = "raise NotImplementedError()"  # what nbgrader leaves in the place of a solution


class Part(StrEnum):
    """What a cell is for."""

    parameters = "parameters"  # what a class's key chooses
    given = "given"  # code the student runs as it is
    answer = "answer"  # code the student writes
    test = "test"  # code that marks answers
    text = "text"  # words the student writes, marked by a person
    other = "other"  # prose, and code that is not graded


@dataclass(frozen=True)
class Cell:
    """A cell of a source notebook. number: as people count, from 1. grade: nbgrader's metadata."""

    number: int
    kind: str
    source: str
    grade: dict
    skinmet: dict

    @property
    def grade_id(self) -> str:
        return str(self.grade.get("grade_id", ""))

    @property
    def place(self) -> str:
        return f"cell {self.number}, {self.grade_id}" if self.grade_id else f"cell {self.number}"

    @cached_property
    def part(self) -> Part:
        graded, solution = self.grade.get("grade") is True, self.grade.get("solution") is True
        if self.kind == "code":
            if graded and not solution:
                return Part.test
            if solution:
                return Part.answer
            if self.grade_id == "parameters":
                return Part.parameters
            if self.grade.get("locked") is True:
                return Part.given
        elif self.kind == "markdown" and graded and solution:
            return Part.text
        return Part.other

    @property
    def visible(self) -> str:
        """The source as a student gets it: solutions replaced by a stub, hidden tests cut out."""
        text = outside(self.source, SOLUTION, STUB)
        return outside(outside(text, HIDDEN), SCHEME)

    @cached_property
    def names(self) -> Names:
        return names(self.source)


@dataclass(frozen=True)
class Names:
    """Module-level names of a piece of code, in the order of their first mention: what it binds and reads."""

    bound: tuple[str, ...]
    read: tuple[str, ...]


def read(path: Path, file: str) -> dict:
    """The notebook as plain JSON. Raises SkinmetError when it can't be read or is none of format 4."""
    again = "restore it from version control, or open and save it in JupyterLab"
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise SkinmetError(Problem(file, f"is not JSON: {error.msg}", again, line=error.lineno)) from None
    except UnicodeDecodeError as error:
        raise SkinmetError(Problem(file, f"is not UTF-8 (byte {error.start + 1})", again)) from None
    except RecursionError:
        raise SkinmetError(Problem(file, "is nested too deeply to be a notebook", again)) from None
    except OSError as error:
        raise SkinmetError(Problem(file, f"can't be read: {error.strerror}", again)) from None
    if (
        not isinstance(notebook, dict)
        or notebook.get("nbformat") != 4
        or notebook.get("nbformat_minor", 0) < 5
    ):
        raise SkinmetError(Problem(file, "is not a notebook of format 4.5", again))
    if not isinstance(notebook.get("cells"), list):
        raise SkinmetError(Problem(file, "has no list of cells", again))
    taken: set[str] = set()
    for number, cell in enumerate(notebook["cells"], 1):
        column = f"cell {number}"
        sound = isinstance(cell, dict) and isinstance(cell.get("metadata"), dict) and "cell_type" in cell
        source = cell.get("source") if sound else None
        if not isinstance(source, str) and not (
            isinstance(source, list) and all(isinstance(line, str) for line in source)
        ):
            raise SkinmetError(Problem(file, "is not a cell of format 4", again, column=column))
        if not cell.get("id") or cell["id"] in taken:  # nbformat would make one up, another each time
            remedy = "run `skinmet refresh`, or give it another"
            raise SkinmetError(Problem(file, "has no id of its own", remedy, column=column))
        taken.add(cell["id"])
    return notebook


def cells(notebook: dict) -> list[Cell]:
    """The cells of a notebook that `read` gave."""
    return [
        Cell(number, cell["cell_type"], text(cell), _mapping(cell, "nbgrader"), _mapping(cell, "skinmet"))
        for number, cell in enumerate(notebook["cells"], 1)
    ]


def text(cell: dict) -> str:
    """The source of a cell of a notebook as plain JSON."""
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def outside(source: str, region: str, stub: str | None = None) -> str:
    """The lines outside `### BEGIN region` … `### END region`; a stub, indented, for each such region."""
    kept, within = [], False
    for line in source.split("\n"):
        if f"BEGIN {region}" in line:
            within = True
            if stub is not None:
                kept.append(line[: len(line) - len(line.lstrip())] + stub)
        elif f"END {region}" in line:
            within = False
        elif not within:
            kept.append(line)
    return "\n".join(kept)


def parse(source: str) -> ast.Module:
    """The syntax tree. Raises SyntaxError, for text that Python can't take at all as well."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a doubtful escape in a string is the author's affair
            return ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error)) from None


def names(source: str) -> Names:
    """What a piece of code binds and reads at module level; nothing for code that Python can't parse."""
    try:
        tree = parse(source)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            top = symtable.symtable(source, "cell", "exec")
    except SyntaxError:
        return Names((), ())
    bound = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    used = {s.get_name() for s in top.get_symbols() if s.is_referenced()}
    for table in _tables(top.get_children()):
        everywhere = [s for s in table.get_symbols() if s.is_global()]
        bound |= {s.get_name() for s in everywhere if s.is_assigned()}
        used |= {s.get_name() for s in everywhere if s.is_referenced()}
    order = list(dict.fromkeys(_mentioned(tree)))
    return Names(tuple(n for n in order if n in bound), tuple(n for n in order if n in used))


def _tables(tables: Iterable[symtable.SymbolTable]) -> Iterable[symtable.SymbolTable]:
    for table in tables:
        yield table
        yield from _tables(table.get_children())


def _mentioned(tree: ast.AST) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).split(".")[0]
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest


def _mapping(cell: dict, key: str) -> dict:
    found = cell["metadata"].get(key, {})
    return found if isinstance(found, dict) else {}
