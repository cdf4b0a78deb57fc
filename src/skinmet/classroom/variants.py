"""One exercise, many classes: a key picks what each question asks, and the picks are written into the cells.

The parameters cell of a source notebook assigns literals to UPPER_CASE names; its metadata lists the choices,
the standard one first. A student sees the value, never the name: code and results copied from a class with
another key are wrong.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import hmac
import json
import re
import unicodedata

from skinmet.classroom.cells import Cell, Part, cells, parse, text
from skinmet.problems import Problem, SkinmetError

Literal = str | int | float | bool


def inlined(notebook: dict, assignment: str, class_key: str | None) -> dict:
    """A copy of the notebook with every parameter replaced by its value and the parameters cell dropped.

    Without a key each parameter has its first, the standard choice; with one, HMAC-SHA256 of assignment and
    parameter under the key picks among the others. The notebook must be free of faults.
    """
    parameters = next((cell for cell in cells(notebook) if cell.part is Part.parameters), None)
    result = copy.deepcopy(notebook)
    if parameters is None:
        return result
    values = {
        name: picked(choices, f"{assignment}/{name}", class_key)
        for name, choices in parameters.skinmet["choices"].items()
    }
    del result["cells"][parameters.number - 1]
    for cell in result["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = in_code(text(cell), values)
        elif cell["cell_type"] == "markdown":
            cell["source"] = in_prose(text(cell), values)
    return result


def picked(choices: list[Literal], what: str, class_key: str | None) -> Literal:
    """The choice of a class. Raises SkinmetError for an empty key: it would look like one and be known."""
    if class_key is None:
        return choices[0]
    secret = unicodedata.normalize("NFC", class_key).encode("utf-8", "surrogateescape")
    if not secret.strip():
        remedy = "give a few words that only you know, or leave it out"
        raise SkinmetError(Problem("--class-key", "the key is empty", remedy))
    digest = hmac.new(secret, what.encode(), hashlib.sha256).digest()
    return choices[1:][int.from_bytes(digest) % (len(choices) - 1)]


def assigned(source: str) -> dict[str, Literal]:
    """The parameters of a cell and their standard values. Raises SyntaxError for any other line."""
    found: dict[str, Literal] = {}
    for statement in parse(source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) if re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
                pass
            case _:
                raise SyntaxError(
                    "only assignments to UPPER_CASE names, one a line", ("", statement.lineno, 0, "")
                )
        try:
            value = ast.literal_eval(statement.value)
        except ValueError:
            value = None
        if not isinstance(value, Literal):
            raise SyntaxError(f"{name} is not a text, a number, True or False", ("", statement.lineno, 0, ""))
        if name in found:
            raise SyntaxError(f"{name} is assigned twice", ("", statement.lineno, 0, ""))
        found[name] = value
    return found


def in_code(source: str, values: dict[str, Literal]) -> str:
    """The code with each name of a parameter replaced by the literal."""
    lines = source.split("\n")
    tree = parse(source)
    guarded = set(map(id, _guarded(tree)))
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in values]
    for node in sorted(uses, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        literal = as_code(values[node.id])
        if id(node) in guarded and not isinstance(values[node.id], str):
            literal = f"({literal})"
        line = lines[node.lineno - 1].encode()  # ast counts bytes
        lines[node.lineno - 1] = (
            line[: node.col_offset] + literal.encode() + line[node.end_col_offset :]
        ).decode()
    return "\n".join(lines)


def in_prose(source: str, values: dict[str, Literal]) -> str:
    """The Markdown with each `NAME` in backticks of its own replaced by the value."""
    shown = {name: value if isinstance(value, str) else as_code(value) for name, value in values.items()}
    return re.sub(r"`([A-Z][A-Z0-9_]*)`", lambda found: f"`{shown.get(found[1], found[1])}`", source)


def as_code(value: Literal) -> str:
    """The literal as one writes it, texts with double quotes."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def leftovers(cell: Cell, name: str) -> str | None:
    """How a cell mentions a parameter in a way that can't be replaced; None when it doesn't."""
    word = re.compile(rf"(?<![\w`]){name}(?!\w)|(?<=`){name}(?![\w`])")
    if cell.kind != "code":
        return "in the prose without backticks of its own" if word.search(cell.source) else None
    tree = parse(cell.source)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and any(_is(part, name) for part in ast.walk(node)):
            return "inside an f-string"
        if _is(node, name) and not isinstance(node.ctx, ast.Load):
            return "assigned to"
    uses = sum(_is(node, name) for node in ast.walk(tree))
    if len(re.findall(rf"\b{name}\b", cell.source)) > uses:
        return "in a comment, a text or as the name of something else"
    return None


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _guarded(tree: ast.AST):
    """Places where a bare number would read otherwise than the name: 5.real, -2 ** 2."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.value
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            yield node.left
