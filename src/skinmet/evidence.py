"""The evidence tables: what there is, what each column means, and the rows with their types.

A table is named by domain and file, as `epidemiology/frequency`. What the columns mean stands in
`data/datapackage.json` (Data Package, Table Schema) and nowhere else. This room reads; it computes nothing.
"""

from __future__ import annotations

import csv
import difflib
import functools
import io
import json
from pathlib import Path

import pandas as pd

from skinmet.problems import Problem, SkinmetError
from skinmet.project import root

PACKAGE = "data/datapackage.json"
_DTYPES = {"string": "str", "integer": "Int64", "number": "float64", "boolean": "boolean"}
_WORDS = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}


def tables() -> list[str]:
    """Names of all tables, domain by domain, as `epidemiology/frequency`."""
    return list(_resources(root()))


def schema(name: str) -> pd.DataFrame:
    """What the columns mean: one row per column with `type`, `description`, `required`, `allowed`."""
    fields = resource(name)["schema"]["fields"]
    rows = [
        {
            "column": field["name"],
            "type": field["type"],
            "description": field["description"],
            "required": field.get("constraints", {}).get("required", False),
            "allowed": ", ".join(field.get("constraints", {}).get("enum", [])),
        }
        for field in fields
    ]
    return pd.DataFrame(rows).set_index("column")


def resource(name: str) -> dict:
    """The table's entry in `data/datapackage.json`. Raises SkinmetError for an unknown name."""
    known = _resources(root())
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else "see skinmet.evidence.tables()"
        raise SkinmetError(Problem(file=PACKAGE, found="no such table", value=name, remedy=hint))
    return known[name]


def load(name: str) -> pd.DataFrame:
    """One table as a typed DataFrame with `row_id` as its index (`citekey` for the table `references`).

    Whole numbers are `Int64`, other numbers `float64`, yes/no `boolean`, all else text; an empty cell is
    missing. Raises SkinmetError with every cell that does not fit its type, by line and column.
    """
    entry = resource(name)
    path = root() / "data" / entry["path"]
    fields = entry["schema"]["fields"]
    header, rows = _read(path, f"data/{entry['path']}")
    expected = [field["name"] for field in fields]
    if header != expected:
        odd = [c for c in header if c not in expected] + [c for c in expected if c not in header]
        remedy = f"the columns are {', '.join(expected)}"
        file = f"data/{entry['path']}"
        raise SkinmetError(
            Problem(
                file, "the header differs from the schema", remedy, line=1, value=", ".join(odd) or "order"
            )
        )
    frame = pd.DataFrame(rows, columns=header, dtype="str").replace("", pd.NA)
    problems = []
    for field in fields:
        problems += _convert(frame, field, f"data/{entry['path']}")
    if problems:
        raise SkinmetError(*problems)
    return frame.set_index(entry["schema"]["primaryKey"][0])


def address(name: str, row_id: str) -> str:
    """The address of a row, as it is written on every page: `epidemiology/frequency:F017`."""
    return f"{name}:{row_id}"


def _convert(frame: pd.DataFrame, field: dict, file: str) -> list[Problem]:
    """Give one column its type, in place; return the cells that do not fit."""
    column, kind = field["name"], field["type"]
    if kind == "string":
        return []
    if kind == "boolean":
        fitted = frame[column].map({"true": True, "false": False}).astype("boolean")
    else:
        fitted = pd.to_numeric(frame[column], errors="coerce")
        if kind == "integer":
            fitted = fitted.where(fitted.isna() | (fitted % 1 == 0))
    wrong = frame.index[frame[column].notna() & fitted.isna()]
    if len(wrong) == 0:
        frame[column] = fitted.astype(_DTYPES[kind])
    return [
        Problem(file, f"this is not {_WORDS[kind]}", "correct the cell, or move words to notes",
                line=int(i) + 2, column=column, value=frame.at[i, column])
        for i in wrong
    ]  # fmt: skip


def _read(path: Path, file: str) -> tuple[list[str], list[list[str]]]:
    try:
        reader = csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline=""))
        header, rows = next(reader, []), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        remedy = "run skinmet check, which says where the fault lies"
        reason = getattr(error, "strerror", None) or error
        raise SkinmetError(Problem(file, f"the table can't be read: {reason}", remedy)) from None
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            found = f"the row has {len(row)} cells, the header {len(header)}"
            raise SkinmetError(
                Problem(file, found, "a comma inside a cell needs quotes around the cell", line=number)
            )
    return header, rows


@functools.cache
def _resources(project: Path) -> dict[str, dict]:
    package = json.loads((project / PACKAGE).read_text(encoding="utf-8"))
    return {entry["path"].removesuffix(".csv"): entry for entry in package["resources"]}
