"""Thousands of broken tables, bibliographies and notebooks through the entry of `skinmet check`.

Whatever a file holds: no traceback, no hang, not a byte of it changed, and every finding is located and says
what to do. What `check` passes, those who read it (`evidence`, `references`, `refresh`) can read. The cases
are made from numbered seeds, so that a failing one can be made again.
"""

import copy
import csv
import io
import json
import random
import shutil
import time

import pytest

import small_project
from skinmet import evidence, references
from skinmet.problems import Problem, SkinmetError
from skinmet.references import files
from skinmet.review import notebook
from skinmet.review.check import check
from skinmet.review.fix import fix
from small_project import SHIPPED

TABLES, BIBLIOGRAPHIES, NOTEBOOKS = 4_500, 3_000, 2_500
SLOWEST = 5.0  # seconds for one case; a hang, not a busy machine
TABLE = "epidemiology/frequency"
FILE, BIB, LEDGER = f"data/{TABLE}.csv", "references/references.bib", "references/ledger.csv"
PAGE = "notebooks/01_small.ipynb"

# What spreadsheets, editors, merges and people leave behind.
SIGNS = ['"', '""', ",", ";", "\t", "\n", "\r\n", "\r", "\x00", "\ufeff", " ", "\u00a0", "\u200b", "\x1b[2J"]
SIGNS += [*"{}[]@#%$=\\é“’\ud7ff🩹", "Ã©", "<<<<<<< HEAD\n", "sep=;\n"]
VALUES = ["", " ", "-1", "0", "99999", "1e999", "1.23E+12", "1,5", "1,500", "1.500", ".5", "05-Mar", "3-May"]
VALUES += [
    "03.05.2026",
    "NaN",
    "NA",
    "n/a",
    "TRUE",
    "yes",
    "<5",
    "5%",
    "3/5",
    "−5",
    "'33",
    "“33”",
    "F001",
    "F1",
]
VALUES += ["nobody1999x", "a; b", "abstract ", "Abstract", "9" * 400, "x" * 5000, "=1+1", "\u0661", "null"]
FRAGMENTS = ["@article{", "@string{x = {y}}\n", "@comment{", "@misc{a,\n}\n", "title = {", "title = ", "jan"]
FRAGMENTS += ["author = {A and }", "author = {World Health Organization}", "doi = {https://doi.org/10.1/X}"]
FRAGMENTS += [
    "year = 19",
    "year = {20199}",
    "pages = {9--1}",
    "and",
    "others",
    " # ",
    ",,",
    "{{",
    "}}",
    "\\'e",
]
NONSENSE = [None, True, 3, -1.5, "", "x", [], {}, [[]], {"": []}, ["a", 1], "\x00", "It is 24%."]
NONSENSE += ["[N](#ref-nobody1999x)", [{}], {"cells": []}, "9" * 5000]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A project of one table, four works and one notebook: checked in a few milliseconds."""
    source = small_project.make(tmp_path_factory.mktemp("source"))
    root = tmp_path_factory.mktemp("tiny")
    package = json.loads((source / small_project.PACKAGE).read_text("utf-8"))
    package["resources"] = [
        r for r in package["resources"] if r["path"] in (f"{TABLE}.csv", "references.csv")
    ]
    for folder in ("data/epidemiology", "references", "notebooks"):
        (root / folder).mkdir(parents=True)
    (root / small_project.PACKAGE).write_text(json.dumps(package), "utf-8")
    header, *rows = csv.reader(io.StringIO((source / FILE).read_text("utf-8"), newline=""))
    kept = [row for row in rows if row[0] in ("F001", "F017", "F018", "F031", "F033")]
    keys = {row[header.index("citekey")] for row in kept}
    write(root / FILE, [header, *kept])
    for file in ("data/references.csv", LEDGER):
        header, *rows = csv.reader(io.StringIO((source / file).read_text("utf-8"), newline=""))
        write(root / file, [header, *(row for row in rows if row[0] in keys)])
    entries = (source / BIB).read_text("utf-8").split("\n\n")
    entries = [entry.rstrip("\n") for entry in entries if entry.split("{")[1].split(",")[0] in keys]
    (root / BIB).write_text("\n\n".join(entries) + "\n", "utf-8", newline="\n")
    shutil.copy(source / PAGE, root / PAGE)
    assert check(root) == []
    return root


def write(path, rows):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue(), "utf-8", newline="\n")


def splice(random, text, pieces):
    """Put something anywhere, take something out, put a part elsewhere: one to four times."""
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(text) + 1)
        cut = random.choice((0, 0, 0, 1, 2, 8, 40))
        piece = random.choice((random.choice(pieces), "", text[at : at + cut]))
        if random.random() < 0.1:
            other = random.randrange(len(text) + 1)
            text = text[:other] + text[at : at + cut] + text[other:]
        else:
            text = text[:at] + piece + text[at + cut :]
    return text


def spoilt_table(random, raw):
    rows = list(csv.reader(io.StringIO(raw.decode(), newline="")))
    kind = random.random()
    if kind < 0.5:  # cells
        for _ in range(random.randint(1, 3)):
            row = random.randrange(len(rows))
            rows[row][random.randrange(len(rows[row]))] = random.choice(VALUES)
    elif kind < 0.65:  # rows and columns
        row, column = random.randrange(len(rows)), random.randrange(len(rows[0]))
        change = random.randrange(6)
        if change == 0:
            rows.insert(random.randrange(len(rows) + 1), list(rows[row]))
        elif change == 1:
            del rows[row]
        elif change == 2:
            rows = [r[:column] + r[column + 1 :] for r in rows]
        elif change == 3:
            rows = [[*r, random.choice(["", "x"])] for r in rows]
        elif change == 4:
            rows[row].insert(column, random.choice(VALUES))
        else:
            random.shuffle(rows)
    out = io.StringIO(newline="")
    csv.writer(
        out, delimiter=random.choice(",,,;\t"), lineterminator=random.choice(["\n", "\n", "\r\n"]),
        quoting=random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    ).writerows(rows)  # fmt: skip
    text = splice(random, out.getvalue(), SIGNS) if kind >= 0.65 else out.getvalue()
    return encoded(random, text)


def encoded(random, text):
    how = random.random()
    if how < 0.9:
        raw = text.encode("utf-8", "replace")
        return b"\xef\xbb\xbf" + raw if how < 0.05 else raw
    if how < 0.95:
        return text.encode("cp1252", "replace") if how < 0.93 else text.encode("utf-16", "replace")
    raw = bytearray(text.encode("utf-8", "replace"))
    for _ in range(random.randint(1, 5)):
        raw[random.randrange(len(raw))] = random.randrange(256)
    return bytes(raw)[: random.choice([len(raw), random.randrange(len(raw))])]


def spoilt_bibliography(random, raw):
    text = raw.decode()
    if random.random() < 0.3:  # a line moved, doubled or lost
        lines = text.split("\n")
        line = random.randrange(len(lines))
        taken = lines.pop(line) if random.random() < 0.7 else lines[line]
        if random.random() < 0.7:
            lines.insert(random.randrange(len(lines)), taken)
        text = "\n".join(lines)
    else:
        text = splice(random, text, SIGNS + FRAGMENTS + VALUES)
    return encoded(random, text)


def spoilt_notebook(random, raw):
    content, kind = json.loads(raw), random.random()
    if kind < 0.02:
        return random.choice([b"[", b'{"cells":[', b'{"a":']) * random.choice([10, 9_000])
    if kind < 0.6:  # anything in the place of anything
        for _ in range(random.randint(1, 3)):
            place, key = random.choice(list(places(content)) or [(content, "cells")])
            if random.random() < 0.2 and isinstance(place, dict) and key in place:
                del place[key]
            else:
                place[key] = copy.deepcopy(random.choice(NONSENSE))
        return json.dumps(content).encode()
    return encoded(
        random, splice(random, json.dumps(content, indent=1), [*SIGNS, "null", '"cells"', "9" * 5000])
    )


def places(part):
    """Every key of every dict and list in the content."""
    keys = part if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
    for key in keys:
        yield part, key
        yield from places(part[key])


def examined(root, file, spoilt):
    """Check the project with this file; what was found."""
    path = root / file
    path.write_bytes(spoilt)
    start = time.perf_counter()
    found = check(root)
    assert time.perf_counter() - start < SLOWEST
    assert path.read_bytes() == spoilt
    for problem in found:
        assert isinstance(problem, Problem) and problem.file and problem.found and problem.remedy
        assert (root / problem.file).exists() and "\n" not in str(problem)
        content = (root / problem.file).read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        assert problem.line is None or 1 <= problem.line <= content.count(b"\n") + 1
    return found


@pytest.fixture(autouse=True)
def whole_again(root):
    """Each test leaves the project as it found it."""
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    yield
    for path, raw in before.items():
        path.write_bytes(raw)


def located(problem):
    return problem.line is not None or problem.column is not None or "is not" in problem.found


def test_broken_tables(root, monkeypatch):
    monkeypatch.setenv("SKINMET_ROOT", str(root))
    raw, clean = (root / FILE).read_bytes(), 0
    for seed in range(TABLES):
        spoilt = spoilt_table(random.Random(seed), raw)
        found = [problem for problem in examined(root, FILE, spoilt) if problem.file == FILE]
        assert all(map(located, found)), seed
        if not found:
            clean += 1
            frame = evidence.load(TABLE)  # who reads it finds nothing either
            assert len(frame) == spoilt.decode().count("\n") - spoilt.decode().endswith("\n\n") - 1, seed
    assert clean < TABLES / 4


def test_broken_bibliographies(root, monkeypatch):
    monkeypatch.setenv("SKINMET_ROOT", str(root))
    for file, count in ((BIB, BIBLIOGRAPHIES * 2 // 3), (LEDGER, BIBLIOGRAPHIES // 3)):
        raw = (root / file).read_bytes()
        for seed in range(count):
            spoilt = spoilt_bibliography(random.Random(seed), raw)
            found = examined(root, file, spoilt)
            here = [p for p in found if p.file in (BIB, LEDGER)]
            assert all(p.line is not None for p in here), seed
            if not here:  # then the file is in its one form, and who reads it finds nothing either
                assert files.canonical_files(files.read(root))[file].encode() == spoilt, seed
                references.load()
        (root / file).write_bytes(raw)


def test_broken_notebooks(root):
    raw, clean = (root / PAGE).read_bytes(), 0
    for seed in range(NOTEBOOKS):
        spoilt = spoilt_notebook(random.Random(seed), raw)
        found = [problem for problem in examined(root, PAGE, spoilt) if problem.file == PAGE]
        if not found:
            clean += 1
        try:
            notebook.read(root / PAGE, PAGE)
        except SkinmetError as error:
            assert error.problems[0].file == PAGE
    assert clean < NOTEBOOKS / 2


def test_fixing_broken_files(root):
    """`--fix` on every fortieth case: it ends, a second run has nothing to do, and nothing new is wrong."""
    for file, spoil, count in ((FILE, spoilt_table, TABLES), (BIB, spoilt_bibliography, BIBLIOGRAPHIES)):
        raw = (root / file).read_bytes()
        others = {path: path.read_bytes() for path in root.rglob("*.csv")}
        for seed in range(0, count, 40):
            found = examined(root, file, spoil(random.Random(seed), raw))
            fix(root)
            left = check(root)
            assert len(left) <= max(len(found), 1), seed
            assert fix(root) == [], seed
            for path, content in others.items():
                path.write_bytes(content)
        (root / file).write_bytes(raw)


def test_there_are_enough_cases():
    assert TABLES + BIBLIOGRAPHIES + NOTEBOOKS >= 10_000
    assert SHIPPED.exists()
