"""A project of a few real rows, cut out of the shipped one: checking it takes milliseconds, not a second."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[1]
PACKAGE = "data/datapackage.json"

# Rows that every rule has something to look at in; what they point at is among them.
ROWS = {
    "claims/claims": "A03 A37 A43 A44 A45 A46 A47",
    "claims/citation_audit": "A-arends2021 A-clevelandclinic2025 A-greenlee2017",
    "integrative/claim_verdicts": "V01 V12",
    "integrative/trial_effects": "T001 T002 T018 T019",
    "epidemiology/frequency": "F001 F002 F011 F012 F017 F018 F025 F028 F030 F031 F033",
    "epidemiology/primary_distribution": "P015 P019 P020 P026 P028 P032 P034",
    "epidemiology/misquotations": "M01 M10",
    "epidemiology/background": "B007 B008 B009 B025 B026",
    "epidemiology/survival": "V001 V002",
    "diagnosis/diagnostic_accuracy": "D02 D10 D26 D42",
    "diagnosis/bayes_inputs": "B01 B13 B15 B31",
    "pathways/pathway_nodes": "primary caf cxcl12",
    "pathways/pathway_edges": "e001 e002",
    "presentation/pattern_glossary": "G01 G02",
    "presentation/presentations": "P001 P002",
    "therapy/local_response": "L055 L058 L066 L067 L072 L102 L181",
    "corrections": "K001 K003 K004 K008 K009",
    "second_reader": "Z001 Z002 Z006 Z011 Z015 Z050 Z051 Z066 Z067",
    "references": None,  # those the rows cite
}

NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# 1. Title\n\nTime: 20 minutes"},
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {},
            "execution_count": 1,
            "source": ["from skinmet.references import cite\n", 'cite("bastard2019cutaneous")'],
            "outputs": [
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {"text/markdown": "31 of 914 [Bastard 2019](#ref-bastard2019cutaneous)"},
                }
            ],
        },
    ],
}


def make(target: Path) -> Path:
    """Write the small project into `target`, an empty folder, in canonical form; return `target`."""
    package = json.loads((SHIPPED / PACKAGE).read_text("utf-8"))
    kept = [entry for entry in package["resources"] if entry["path"][:-4] in ROWS]
    package["resources"] = kept
    cited: set[str] = set()
    for entry in kept:
        name = entry["path"][:-4]
        if name != "references":
            header, *rows = _read(SHIPPED / "data" / entry["path"])
            wanted = ROWS[name].split()
            chosen = [row for row in rows if row[0] in wanted]
            assert len(chosen) == len(wanted), (name, wanted)
            for column, text in ((c, row[i]) for row in chosen for i, c in enumerate(header)):
                if "citekey" in column:
                    cited.update(text.split("; "))
            _write(target / "data" / entry["path"], [header, *chosen])
    (target / PACKAGE).write_text(json.dumps(package, indent=2), encoding="utf-8", newline="\n")

    header, *rows = _read(SHIPPED / "data/references.csv")
    _write(target / "data/references.csv", [header, *(row for row in rows if row[0] in cited)])
    header, *rows = _read(SHIPPED / "references/ledger.csv")
    _write(target / "references/ledger.csv", [header, *(row for row in rows if row[0] in cited)])
    entries = (SHIPPED / "references/references.bib").read_text("utf-8").split("\n\n")
    chosen = [e.rstrip("\n") for e in entries if re.match(r"@\w+\{([^,]+)", e).group(1) in cited]
    (target / "references/references.bib").write_text("\n\n".join(chosen) + "\n", "utf-8", newline="\n")

    notebook = target / "notebooks/01_small.ipynb"
    notebook.parent.mkdir()
    notebook.write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    return target


class Project:
    """A copy of the small project that a test may spoil."""

    def __init__(self, pristine: Path, target: Path):
        self.root = Path(shutil.copytree(pristine, target, dirs_exist_ok=True))

    def path(self, file: str) -> Path:
        return self.root / file

    def read(self, table: str) -> list[list[str]]:
        """Header and rows of a table."""
        return _read(self.root / f"data/{table}.csv")

    def write(self, table: str, rows: list[list[str]]) -> None:
        _write(self.root / f"data/{table}.csv", rows)

    def line(self, table: str, row_id: str) -> int:
        """The line of a row, as an editor counts."""
        return next(i for i, row in enumerate(self.read(table), 1) if row[0] == row_id)

    def set(self, table: str, row_id: str, cells: dict[str, str]) -> tuple[str, int]:
        """Overwrite cells of a row; return file and line."""
        rows = self.read(table)
        line = self.line(table, row_id)
        for column, value in cells.items():
            rows[line - 1][rows[0].index(column)] = value
        self.write(table, rows)
        return f"data/{table}.csv", line

    def replace(self, file: str, old: str | bytes, new: str | bytes) -> tuple[str, int]:
        """Put `new` in the place of the first `old` in a file's bytes; return file and line."""
        old, new = (text.encode() if isinstance(text, str) else text for text in (old, new))
        raw = self.path(file).read_bytes()
        place = raw.index(old)
        self.path(file).write_bytes(raw[:place] + new + raw[place + len(old) :])
        return file, raw.count(b"\n", 0, place) + 1

    def notebook(self, **cell) -> None:
        """Put a cell into the notebook, as its cell 3."""
        content = json.loads(json.dumps(NOTEBOOK))
        content["cells"].append({"id": "c", "metadata": {}, **cell})
        self.path("notebooks/01_small.ipynb").write_text(json.dumps(content), encoding="utf-8")


def _read(path: Path) -> list[list[str]]:
    with open(path, encoding="utf-8", newline="") as handle:
        return list(csv.reader(handle))


def _write(path: Path, rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8", newline="\n")
