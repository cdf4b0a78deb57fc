"""Every notebook keeps its promises: figures with words, addresses that exist, links that arrive."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from skinmet import evidence

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PLOTLY = "application/vnd.plotly.v1+json"

notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def outputs(path):
    return [out for cell in cells(path) for out in cell.get("outputs", [])]


def figures(path):
    return [out["data"] for out in outputs(path) if PLOTLY in out.get("data", {})]


def words(path):
    """All Markdown and HTML of a notebook, outputs included."""
    found = ["".join(c["source"]) for c in cells(path) if c["cell_type"] == "markdown"]
    for out in outputs(path):
        found += ["".join(out["data"][m]) for m in ("text/markdown", "text/html") if m in out.get("data", {})]
    return "\n".join(found)


def test_there_are_notebooks():
    assert [p.stem[:2] for p in NOTEBOOKS][:2] == ["00", "01"]


@notebook
def test_parts_that_every_notebook_has(path):
    text = words(path)
    assert len(figures(path)) >= 3
    for part in ("Education, not medical advice", "You will be able to", "**Time.**", "## Check yourself",
                 "## Take home", "## References", "A trap to avoid", "the article"):  # fmt: skip
        assert part.lower() in text.lower(), part
    assert 3 <= text.count("<details>") <= 8


@notebook
def test_every_figure_has_words_and_data(path):
    names = []
    for figure in figures(path):
        meta = figure[PLOTLY]["layout"]["meta"]
        assert meta["alt"] == "".join(figure["text/plain"]) and len(meta["alt"]) > 20
        assert meta["data"]["rows"], meta["name"]
        names.append(meta["name"])
    assert len(set(names)) == len(names), "two figures share a name"


def addresses(figure):
    for trace in figure[PLOTLY]["data"]:
        for item in trace.get("customdata") or []:
            yield item[0] if isinstance(item, list) else item


@notebook
def test_every_point_leads_to_a_row(path):
    seen = set()
    for figure in figures(path):
        seen |= {a for a in addresses(figure) if a}
    for address in seen:
        table, row_id = address.split(":", 1)
        assert row_id in evidence.load(table).index, address
    assert seen or path.stem.startswith("09")


@notebook
def test_every_citation_arrives(path):
    text = words(path)
    wanted = set(re.findall(r"[(']#ref-([\w:.-]+)[)']", text))
    anchors = set(re.findall(r'id="ref-([\w:.-]+)"', text))
    assert wanted <= anchors


@notebook
def test_links_to_other_notebooks_arrive(path):
    for name in re.findall(r"\]\((\w+\.ipynb)\)", words(path)):
        assert (path.parent / name).is_file(), name


@notebook
def test_cells_stay_short(path):
    """Plumbing belongs to the package; the first code cell may hold the imports."""
    code = ["".join(c["source"]) for c in cells(path) if c["cell_type"] == "code"]
    visible = [c for c, cell in zip(code, [c for c in cells(path) if c["cell_type"] == "code"], strict=True)
               if "prose" not in cell["metadata"].get("tags", [])]  # fmt: skip
    assert max(len(c.splitlines()) for c in visible[1:]) <= 18


@notebook
def test_ties_are_sorted_the_same_way_on_every_machine(path):
    """By one column, pandas' usual sort leaves ties in an order that depends on the processor."""
    for cell in cells(path):
        if cell["cell_type"] == "code":
            for call in ast.walk(ast.parse("".join(cell["source"]))):
                if (
                    isinstance(call, ast.Call)
                    and getattr(call.func, "attr", "") == "sort_values"
                    and call.args
                ):
                    stable = any(word.arg == "kind" for word in call.keywords)
                    assert stable or isinstance(call.args[0], ast.List), ast.unparse(call)


def test_a_changed_value_makes_nbval_fail(tmp_path):
    """nbval compares outputs with the tables as they are: one more patient in one row must show."""
    for part in ("data", "references"):
        shutil.copytree(ROOT / part, tmp_path / part)
    (tmp_path / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks/01_how_common.ipynb", tmp_path / "notebooks")
    table = tmp_path / "data/epidemiology/frequency.csv"
    text = table.read_text(encoding="utf-8")
    assert text.count(",31,914,") == 1
    table.write_text(text.replace(",31,914,", ",32,914,"), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", "notebooks"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert run.returncode == 1, run.stdout[-2000:]
    assert re.search(r"\d+ failed", run.stdout) and "Traceback" not in run.stderr
