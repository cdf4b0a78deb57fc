"""A small project with two chapters, for the tests of the book: every kind of output, and hostile cells."""

import csv
import json
import re
import shutil
from pathlib import Path

import small_course
import small_project

HOSTILE = '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1"> & `````` "quoted"'
ALT = "Two series: </script><script>window.hacked = 1</script> of all breast cancers."
PLOTLY = "application/vnd.plotly.v1+json"
CITATION = "[Bastard 2019](#ref-bastard2019cutaneous)"
REFERENCES = (
    '<ul class="references"><li id="ref-bastard2019cutaneous"><b>Bastard 2019</b>: the whole reference.</li>'
    "</ul>"
)
TABLE = (
    "<div class='skinmet-scroll'><table class='skinmet-table'><tbody><tr><th>"
    "<a class='skinmet-row' title='epidemiology/frequency:F018' href='../data/epidemiology/frequency.csv'>"
    "F018</a></th></tr></tbody></table></div>"
)

EXERCISE = """# Exercise 1. A share

**You will** compute a share & its interval.

**Time.** About 20 minutes. **Points.** 8 points in 4 questions."""


def figure(name: str = "four-denominators") -> dict:
    """A figure of two rows with a menu, as skinmet.display stores it."""
    rows = [["epidemiology/frequency:F017", 31], ["epidemiology/frequency:F018", None]]
    buttons = [
        {"label": label, "method": "restyle", "args": [{"visible": [visible]}]}
        for label, visible in (("all", True), ("none", False))
    ]
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": [1, 2],
        "y": [1, 2],
        "marker": {"size": 20},
        "customdata": [row[0] for row in rows],
        "hovertemplate": "%{x}<extra></extra>",
    }
    # broken for a phone, as skinmet.figures.style does it
    title = {"name": "title", "text": "<b>How many had it,</b><br><b>of how many?</b>", "y": 1, "yshift": 60}
    key = {"name": "key", "text": "hollow: second-hand, or<br>incomplete reference", "y": 0, "yshift": -50}
    place = {
        "x": 0,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "top",
        "showarrow": False,
    }
    notes = [{**note, **place} for note in (title, key)]
    layout = {
        "annotations": notes,
        "font": {"family": "sans-serif", "size": 13},
        "xaxis": {"title": {"text": "share of the people<br>asked", "standoff": 8}},
        "template": "none",
        "autosize": True,
        "height": 360,
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "margin": {"l": 20, "r": 20, "t": 70, "b": 100},
        "updatemenus": [{"type": "buttons", "x": 0, "xanchor": "left", "y": 1.3, "buttons": buttons}],
        "meta": {"alt": ALT, "name": name, "data": {"columns": ["address", "events"], "rows": rows}},
    }
    return {"data": [points], "layout": layout}


def markdown(source: str) -> dict:
    """A Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str, data: dict | None = None, tags: tuple[str, ...] = (), **fields) -> dict:
    """A code cell that ran, with one output or none."""
    outputs = [{"output_type": "display_data", "metadata": {}, "data": data}] if data else []
    cell = {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source, "execution_count": 1}
    return cell | {"outputs": outputs} | fields


def notebook(path: Path, *cells: dict) -> None:
    """Write a notebook of these cells."""
    named = [{"id": f"c{number}", **cell} for number, cell in enumerate(cells)]
    content = {"cells": named, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content), encoding="utf-8")


def chapter(*extra: dict, next_page: str = "02_next.ipynb") -> list[dict]:
    """The cells of the first chapter."""
    return [
        markdown(f"# 1. How common?\n\n{CITATION} counted; see [what follows]({next_page})."),
        code("secret_setup = 1"),
        code("show(figure)", {PLOTLY: figure(), "text/plain": ALT}),
        code("table(frame)", {"text/html": TABLE, "text/plain": "F018"}),
        code(
            "say(words)",
            {"text/markdown": f"It was **31** of 914 ({CITATION}, [next]({next_page}))."},
            tags=("prose",),
        ),
        markdown("<details><summary>Answer</summary>\n\nThe *second*.\n\n</details>"),
        *extra,
        markdown("## References"),
        code("bibliography(keys)", {"text/html": REFERENCES}, tags=("prose",)),
    ]


def set_cell(root: Path, table: str, row_id: str, column: str, value: str) -> int:
    """Overwrite one cell of a table; return its line."""
    path = root / "data" / f"{table}.csv"
    with open(path, encoding="utf-8", newline="") as handle:
        header, *rows = csv.reader(handle)
    line = next(number for number, row in enumerate(rows, 2) if row[0] == row_id)
    rows[line - 2][header.index(column)] = value
    with open(path, "w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerows([header, *rows])
    return line


def make(target: Path) -> Path:
    """Write the project into `target`; return it."""
    small_project.make(target)
    shutil.copytree(small_project.SHIPPED / "book", target / "book")
    shutil.copy(small_project.SHIPPED / "CITATION.cff", target)
    for path in (target / "book").glob("*.md"):  # the chapters they lead to are not here
        text = path.read_text("utf-8")
        path.write_text(re.sub(r"\[([^]]+)\]\(notebooks/[^)]*\)", r"\1", text), "utf-8")
    course = small_course.notebook()
    course.cells[0].source = EXERCISE
    small_course.write(target, course)
    set_cell(target, "epidemiology/frequency", "F017", "notes", HOSTILE)
    for path in (target / "notebooks").glob("*.ipynb"):
        path.unlink()
    notebook(target / "notebooks/01_common.ipynb", *chapter())
    notebook(target / "notebooks/02_next.ipynb", markdown("# 2. Next\n\nNothing to see."))
    return target
