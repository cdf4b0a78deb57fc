"""What must hold for a source notebook, so that it can be released, varied and graded."""

from __future__ import annotations

import ast
import builtins
import math
import re
from collections.abc import Iterator

from skinmet.classroom import variants
from skinmet.classroom.cells import HIDDEN, REGIONS, SCHEME, SOLUTION, Cell, Part, names, outside, parse
from skinmet.problems import Problem

SCHEMA_VERSION = 3
_ALLOWED = {  # which part of an exercise may hold which markers
    SOLUTION: {Part.answer, Part.text},
    HIDDEN: {Part.test},
    SCHEME: {Part.text},
}
_KNOWN = {*dir(builtins), "__name__"}  # not `display`: a plain process has none


def faults(cells: list[Cell], file: str) -> list[Problem]:
    """Everything that is wrong with a source notebook, cell by cell."""
    found = [(cell, *fault) for cell in cells for fault in _cell(cell)]
    if not found:  # what cells say of one another, once each is sound by itself
        found = [*_ids(cells), *_flow(cells), *_variants(cells)]
    found.sort(key=lambda fault: fault[0].number if fault[0] else 0)
    return [
        Problem(file, what, remedy, column=cell.place if cell else None, value=value)
        for cell, what, remedy, value in found
    ]


def answers(test: Cell, cells: list[Cell]) -> tuple[str, ...]:
    """Names that a test reads and that solution cells before it bind, in the order of their definition.

    A name that the test binds itself is its own, unless a student is told to bind it.
    """
    before = _answers_before(test, cells)
    defined = dict.fromkeys(name for cell in before for name in cell.names.bound)
    asked = set(test.names.read) - (set(test.names.bound) - _told(before))
    return tuple(name for name in defined if name in asked)


def _answers_before(test: Cell, cells: list[Cell]) -> list[Cell]:
    return [cell for cell in cells[: test.number - 1] if cell.part is Part.answer]


def _told(cells: list[Cell]) -> set[str]:
    """Words of the stubs: what a student is told by name."""
    return {word for cell in cells for word in re.findall(r"\w+", cell.visible)}


def _cell(cell: Cell) -> Iterator[tuple[str, str, object]]:
    yield from _metadata(cell)
    yield from _markers(cell)
    if "\r" in cell.source:
        yield "holds a carriage return", "save the notebook with plain line feeds", None
    if cell.kind != "code":
        if cell.part is Part.text and f"BEGIN {SCHEME}" not in cell.source:
            yield "free text without a mark scheme", f"add ### BEGIN {SCHEME} … ### END {SCHEME}", None
        return
    for source, who in ((cell.source, ""), (cell.visible, " in the student's version")):
        try:
            parse(source)
        except SyntaxError as error:
            yield f"is not plain Python{who}: {error.msg} (line {error.lineno})", "correct the code", None
            return
    if cell.part is Part.answer and f"BEGIN {SOLUTION}" not in cell.source:
        yield "no solution is marked", f"put it between ### BEGIN {SOLUTION} and ### END {SOLUTION}", None
    elif cell.part is Part.test:
        yield from _test(cell)
    elif cell.part is Part.parameters:
        yield from _parameters(cell)


def _metadata(cell: Cell) -> Iterator[tuple[str, str, object]]:
    grade = cell.grade
    if not grade:
        return
    again = "set it in JupyterLab's panel Create Assignment, or in the cell's metadata"
    if grade.get("schema_version") != SCHEMA_VERSION:
        found = f"nbgrader's metadata are not of version {SCHEMA_VERSION}"
        yield found, f"write schema_version {SCHEMA_VERSION}", grade.get("schema_version", "none")
    for key in ("grade", "locked", "solution"):
        if not isinstance(grade.get(key), bool):
            yield f"{key} is neither true nor false", again, grade.get(key, "missing")
    if grade.get("task"):
        yield "is a task cell", "make it a prompt and a free-text answer: tasks are not graded here", None
    if grade.get("grade") is True and grade.get("solution") is True and cell.kind == "code":
        yield "is code that a person marks", "split it into an answer and a test", None
    if cell.kind == "markdown" and (grade.get("grade") is True) != (grade.get("solution") is True):
        yield "prose is marked as a test or as an answer only", "free text has grade and solution true", None
    if not re.fullmatch(r"[a-zA-Z0-9_-]+", cell.grade_id):
        yield (
            "has no grade_id of letters, digits, _ and -",
            "give it a readable one, as q3_pool_test",
            (grade.get("grade_id", "missing")),
        )
    points = grade.get("points")
    number = isinstance(points, int | float) and not isinstance(points, bool) and math.isfinite(points)
    if grade.get("grade") is True and not (number and points > 0):
        yield "has no points", "give it a number above 0", "missing" if points is None else points
    if grade.get("grade") is True and cell.part is Part.test and grade.get("locked") is not True:
        yield "a test that is not locked", "set locked to true", None
    if grade.get("solution") is True and grade.get("locked") is True:
        yield "an answer that is locked", "set locked to false", None


def _markers(cell: Cell) -> Iterator[tuple[str, str, object]]:
    for region in REGIONS:
        within = False
        for line in cell.source.split("\n"):
            begins, ends = f"BEGIN {region}" in line, f"END {region}" in line
            if (begins and within) or (ends and not within) or (begins and ends):
                remedy = f"each ### BEGIN {region} needs one ### END {region} after it, on lines of their own"
                yield f"markers of {region} don't match", remedy, line.strip()
                break
            within = begins or (within and not ends)
        else:
            if within:
                yield f"BEGIN {region} has no end", f"add ### END {region}", None
        if f"BEGIN {region}" in cell.source and cell.part not in _ALLOWED[region]:
            fitting = " or ".join(sorted(part.value for part in _ALLOWED[region]))
            yield (
                f"{region} is marked in a cell of another kind",
                f"it belongs into a cell of kind {fitting}",
                (cell.part.value),
            )
    if f"BEGIN {SOLUTION}" in cell.source and f"BEGIN {SCHEME}" in outside(cell.source, SOLUTION):
        yield (
            "the mark scheme stands outside the solution",
            "put it inside: nbgrader clears both together",
            None,
        )
    if "AUTOTEST" in cell.source and cell.kind == "code":
        yield "AUTOTEST copies the solution's answer as the right one", "write the test out", None


def _test(cell: Cell) -> Iterator[tuple[str, str, object]]:
    body = parse(cell.source).body
    if not body or not isinstance(body[-1], ast.Assert):
        remedy = "end it in an assert: nbgrader reads the value of an expression as partial credit"
        yield "the test does not end in assert", remedy, None
    if f"BEGIN {HIDDEN}" not in cell.source:
        yield "no hidden tests", f"add ### BEGIN {HIDDEN} … ### END {HIDDEN} with other inputs", None
    if not _checks(cell.visible):
        yield "no visible check", "give the student one check, with a message, before the hidden tests", None
    after = cell.source.rpartition(f"END {HIDDEN}")[2].split("\n")[1:]
    if any(line.strip() and not line.lstrip().startswith("#") for line in after):
        yield "code after the hidden tests", "put it before them", None
    for node in ast.walk(ast.Module(body, [])):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            operands = [node.left, *node.comparators]
            if not any(isinstance(part, ast.Constant) and part.value is None for part in operands):
                remedy = "compare with == or isinstance: an answer arrives as a copy"
                yield "the test asks for identity", remedy, ast.unparse(node)


def _checks(source: str) -> bool:
    """Whether code asserts or calls anything."""
    return any(isinstance(node, ast.Assert | ast.Call) for node in ast.walk(parse(source)))


def _parameters(cell: Cell) -> Iterator[tuple[str, str, object]]:
    if cell.grade.get("locked") is not True:
        yield "the parameters are not locked", "set locked to true", None
    try:
        values = variants.assigned(cell.source)
    except SyntaxError as error:
        yield f"line {error.lineno}: {error.msg}", "write NAME = literal", None
        return
    choices = cell.skinmet.get("choices")
    if not isinstance(choices, dict):
        yield "no choices", 'add to the metadata: "skinmet": {"choices": {"NAME": [standard, …]}}', None
        return
    for name in {**values, **choices}:
        listed = choices.get(name)
        if name not in values:
            yield "choices for what is no parameter", "remove them, or assign the parameter", name
        elif not isinstance(listed, list) or len(listed) < 2:
            yield f"{name} has no choices", "list the standard one and at least one more", listed
        elif variants.as_code(listed[0]) != variants.as_code(values[name]):
            yield f"the first choice of {name} is not the one in the code", "make the two the same", listed[0]
        elif {type(choice) for choice in listed} != {type(listed[0])}:
            yield f"the choices of {name} are of several kinds", "list values of one kind", listed
        elif len(set(listed)) < len(listed):
            yield f"the choices of {name} repeat one", "list each once", listed


def _ids(cells: list[Cell]) -> Iterator[tuple[Cell | None, str, str, object]]:
    first: dict[str, Cell] = {}
    for cell in cells:
        if cell.grade and cell.grade_id in first:
            other = first[cell.grade_id].number
            yield cell, f"has the grade_id of cell {other}", "give it one of its own", cell.grade_id
        first.setdefault(cell.grade_id, cell)
    if not any(cell.part in (Part.test, Part.text) for cell in cells):
        yield None, "no cell is graded", "add a question", None


def _flow(cells: list[Cell]) -> Iterator[tuple[Cell, str, str, object]]:
    """Names from cell to cell: an examiner runs given cells and tests; answers come from the student."""
    given: set[str] = set(_KNOWN)
    free: set[str] = set()
    tested: set[str] = set()
    for cell in cells:
        written = set(cell.names.bound)
        unknown = set(cell.names.read) - written - given
        if cell.part in (Part.given, Part.parameters):
            for name in sorted(unknown):
                remedy = "use only what given cells define: they run without the student's answers too"
                yield cell, "a given cell reads what no given cell defines", remedy, name
            given |= written
        elif cell.part is Part.answer:
            for name in sorted(unknown - free):
                yield (
                    cell,
                    "the solution reads what no cell above defines",
                    "define it, or correct the name",
                    name,
                )
            free |= written
        elif cell.part is Part.test:
            asked = set(answers(cell, cells))
            tested |= asked
            if not asked:
                yield (
                    cell,
                    "the test reads no answer",
                    "let it read what the solution cell above defines",
                    None,
                )
            for name in sorted(asked & written):
                yield cell, "the test overwrites the answer", "use another name in the test", name
            for name in sorted(asked - _told(_answers_before(cell, cells))):
                yield cell, "the student is not told of this answer", "name it in the stub of its cell", name
            for name in sorted(unknown - asked):
                remedy = "a test may read answers and what given cells define"
                yield cell, "the test reads what nobody defines", remedy, name
            given |= set(names(cell.visible).bound)  # what hidden tests define, a student does not have
        elif cell.kind == "code":
            free |= written
    for cell in cells:
        if cell.part is Part.answer and not tested & set(cell.names.bound):
            yield cell, "no test reads this answer", "add a test cell after it", None


def _variants(cells: list[Cell]) -> Iterator[tuple[Cell, str, str, object]]:
    holders = [cell for cell in cells if cell.part is Part.parameters]
    for cell in holders[1:]:
        yield cell, "a second cell of parameters", "put all parameters into the first", None
    for name in holders[0].names.bound if holders else ():
        others = [cell for cell in cells if cell is not holders[0]]
        for cell in others:
            if fault := variants.leftovers(cell, name):
                remedy = (
                    "prose names it as `NAME`, code reads it by name: a class gets the value in its place"
                )
                yield cell, f"the parameter stands {fault}", remedy, name
        if not any(name in cell.names.read or f"`{name}`" in cell.source for cell in others):
            yield holders[0], "no cell uses the parameter", "remove it, or ask for it", name
