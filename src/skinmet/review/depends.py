"""What a notebook depends on: found when it ran, in its code and in its stored outputs, declared nowhere.

A table is read where `skinmet refresh` saw that it was (see `recorder`), and, for what was written since,
where its name stands in a string, whole (`load("epidemiology/frequency")`) or in two parts
(`load(f"diagnosis/{name}")` beside a list of names), or where all tables are asked for. That may find one
table too many, for a name that stands in the code for another reason; it does not overlook one.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from skinmet.review import inputs, notebook_rules


@dataclass(frozen=True)
class Notebook:
    """What one notebook depends on.

    file: path from the root. tables: names of the tables it reads. rows: addresses of rows that its outputs
    show, as `epidemiology/frequency:F017`. works: citekeys it cites. figures: table and title of what it
    draws.
    """

    file: str
    tables: set[str]
    rows: set[str]
    works: set[str]
    figures: list[tuple[str, str]]


def notebooks(root: Path, tables: Collection[str]) -> tuple[list[Notebook], list[str]]:
    """Every notebook of the project and what it depends on; then the files of which that can't be said,
    because they are no notebook or a cell is no Python."""
    found, broken = [], []
    for path in notebook_rules.paths(root):
        file = path.relative_to(root).as_posix()
        try:
            text = path.read_text(encoding="utf-8")
            content = json.loads(text)
            cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
            trees = [_parsed("".join(cell["source"])) for cell in cells]
        except (OSError, SyntaxError, ValueError, KeyError, TypeError, RecursionError, MemoryError):
            broken.append(file)
            continue
        _, works = notebook_rules.check(path, file, None)
        literals = {node.value for tree in trees for node in ast.walk(tree) if _is_text(node)}
        names = set(tables) if any(map(_asks_for_all, trees)) else _named(literals, tables)
        names |= {name for name in tables if f"data/{name}.csv" in inputs.carried(content)}
        rows = set(re.findall(r"(?<![\w/-])[a-z]\w*/[a-z]\w*:[\w-]+", text))
        figures = [figure for tree in trees for figure in _figures(tree)]
        found.append(Notebook(file, names, rows, works, figures))
    return found, broken


def _parsed(source: str) -> ast.AST:
    # Lines for IPython (%matplotlib, !ls) are no Python.
    return ast.parse(
        "\n".join(line for line in source.split("\n") if not line.lstrip().startswith(("%", "!")))
    )


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _named(literals: set[str], tables: Collection[str]) -> set[str]:
    """The tables whose names stand among the strings."""
    found = set()
    rows_of = {text.partition(":")[0] for text in literals}
    for domain in {name.partition("/")[0] for name in tables if "/" in name}:
        members = {name for name in tables if name.startswith(f"{domain}/")}
        if f"{domain}/" in literals:
            # the second part may come from anywhere; where none of the strings is one, it may be any of them
            found |= {name for name in members if name.partition("/")[2] in literals} or members
    return found | {name for name in tables if name in literals or name in rows_of}


def _asks_for_all(tree: ast.AST) -> bool:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(getattr(call, "attr", getattr(call, "id", "")) == "tables" for call in calls)


def _figures(tree: ast.AST) -> list[tuple[str, str]]:
    """Calls that name a table and a title, as all figures of rows do."""
    found = []
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            words = {word.arg: word.value.value for word in call.keywords if _is_text(word.value)}
            title = words.get("title", words.get("name"))
            if "table" in words and title:
                found.append((words["table"], title))
    return found
