"""What must hold for a notebook as it is stored: executed, every citation known, every figure computed.

Read as plain JSON: nbformat alone would take longer to load than the whole check.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from skinmet.problems import Problem
from skinmet.review import inputs, prose

FOLDERS = ("notebooks/*.ipynb", "exercises/source/*/*.ipynb")
CITING = ("cite", "bibliography")  # functions that take keys
SAYING = "say"  # shows a passage whose numbers are computed
_AGAIN = "restore it from version control, or open and save it in JupyterLab"
# [Bastard 2019](#ref-bastard2019cutaneous) in Markdown, href="#ref-…" in a table that was shown
_CITED = re.compile(r"""(?:\]\(|href=["'])#ref-([^)"'\s]+)""")


def paths(root: Path) -> list[Path]:
    """Every notebook of the project, in reading order."""
    return [path for pattern in FOLDERS for path in sorted(root.glob(pattern))]


def check(
    path: Path, file: str, bibliography: set[str] | None, root: Path | None = None
) -> tuple[list[Problem], set[str]]:
    """What is wrong with a notebook, and the works it cites.

    file: its name in problems. bibliography: the keys one may cite, None when they are not known. root: the
    folder of the evidence that its outputs must not be older than; None where that is not asked.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        cells = content["cells"]
        parts = [(cell["cell_type"], _text(cell["source"]), cell) for cell in cells]
        outputs = [[_shown(output) for output in cell.get("outputs", [])] for cell in cells]
    except json.JSONDecodeError as error:
        return [Problem(file, f"is not JSON: {error.msg}", _AGAIN, line=error.lineno)], set()
    except UnicodeDecodeError as error:
        return [Problem(file, f"is not UTF-8 (byte {error.start + 1})", _AGAIN)], set()
    except OSError as error:
        return [Problem(file, f"can't be read: {error.strerror}", "look at its permissions")], set()
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return [Problem(file, "is not a notebook of format 4", _AGAIN)], set()

    problems = list(_not_executed(parts, file))
    if root is not None and not problems:  # one remedy, one finding
        problems += inputs.stale(content, file, root)
    cited: set[str] = set()
    for number, ((kind, source, cell), shown) in enumerate(zip(parts, outputs, strict=True), 1):
        keys = set(_CITED.findall("\n".join([source if kind == "markdown" else "", *shown])))
        if kind == "markdown":
            problems += prose.check(source, file, f"cell {number}")
        elif kind == "code":
            calls = list(_calls(source))
            keys |= {key for name, argument in calls if name in CITING for key in _keys(argument)}
            for name, argument in calls:
                if name == SAYING:
                    problems += prose.check(_typed(argument), file, f"cell {number}")
            problems += _errors(cell, file, f"cell {number}")
        cited |= keys
        for key in sorted(keys - bibliography) if bibliography is not None else ():
            remedy = "correct the key, or add the work to references/references.bib"
            problems.append(
                Problem(
                    file, "cites a work that is not in the bibliography", remedy, None, f"cell {number}", key
                )
            )
    return problems, cited


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _shown(output: dict) -> str:
    """The text of an output that may hold citations."""
    kinds = output.get("data", {})
    return "\n".join(_text(kinds[kind]) for kind in ("text/html", "text/markdown") if kind in kinds)


def _not_executed(parts: list[tuple[str, str, dict]], file: str) -> Iterator[Problem]:
    """Code cells without a number: one finding a notebook, for they have one remedy."""
    waiting = [
        number
        for number, (kind, source, cell) in enumerate(parts, 1)
        if kind == "code" and source.strip() and cell.get("execution_count") is None
    ]
    if waiting:
        found = "this cell was not executed" + (
            f", nor were {len(waiting) - 1} more" if len(waiting) > 1 else ""
        )
        remedy = "run `skinmet refresh`: a cell without a number is never compared"
        yield Problem(file, found, remedy, column=f"cell {waiting[0]}")


def _errors(cell: dict, file: str, place: str) -> Iterator[Problem]:
    for output in cell.get("outputs", []):
        if output.get("output_type") == "error":
            error = f"{output.get('ename')}: {output.get('evalue')}"
            yield Problem(file, "an error is stored as output", "mend the cell", column=place, value=error)


def _calls(source: str) -> Iterator[tuple[str, ast.expr]]:
    """Calls of cite(), bibliography() and say(): the name and each argument."""
    if not any(name in source for name in (*CITING, SAYING)):
        return  # parsing takes the longest here
    # Lines for IPython (%matplotlib, !ls) are no Python.
    plain = "\n".join(line for line in source.split("\n") if not line.lstrip().startswith(("%", "!")))
    try:
        tree = ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the notebook does not run either: executing it says so better
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            if name in (*CITING, SAYING):
                yield from ((name, argument) for argument in call.args)


def _typed(argument: ast.expr) -> str:
    """The typed text of a string; what an f-string computes is replaced by a sign that is no number."""
    parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
    texts = (part.value if isinstance(part, ast.Constant) else "§" for part in parts)
    return "".join(text for text in texts if isinstance(text, str))


def _keys(argument: ast.expr) -> Iterator[str]:
    """Keys in a string, or in a list, tuple or set of strings."""
    for part in getattr(argument, "elts", [argument]):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield from (key.strip() for key in part.value.split(";"))
