"""The book: the review as a site of plain files, built from stored outputs and the evidence tables."""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from skinmet import project
from skinmet.book import feeds, links, stage
from skinmet.problems import Problem, SkinmetError

_WARNING = re.compile(r"^(?P<file>[^:\n]*?)(?::(?P<line>\d+))?: (?:WARNING|ERROR|CRITICAL): (?P<found>.*)$")
_NOWHERE = re.compile(r"cross-reference target not found: '(?P<target>.*)'|image file not readable: (.*)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def build(
    root: Path | str | None = None,
    out: Path | str | None = None,
    say: Callable[[str], None] = lambda step: None,
) -> Path:
    """Build the book of the project at `root` below `out` (default: `_build`); return its front page.

    Beside it `skinmet-book.zip` holds the same pages, to be opened without a server. `say` is told what is
    being done. Nothing is done when nothing changed since the last build; a page whose sources did not change
    is kept. The environment variable SKINMET_BASE_URL names the address the book will be published at.
    Raises SkinmetError with everything that must be mended first: an output that was never made or could run
    a script, a citation without a reference, a link that leads nowhere.
    """
    root = project.root(root)
    out = Path(out).resolve() if out else root / "_build"
    front, mark, inputs = out / "html" / "index.html", out / "inputs", stage.digest(root)
    if front.is_file() and mark.is_file() and mark.read_text() == inputs:
        return front
    mark.unlink(missing_ok=True)
    say("Gathering chapters, tables, references and exercises")
    with _current(root):
        source, downloads = stage.collect(root, out)
    stage.sync(out / "source", source)
    stage.sync(out / "extra", downloads)
    say(f"Writing {sum(name.endswith(('.md', '.ipynb')) for name in source)} pages")
    problems = _sphinx(root, out)
    if not problems:
        say("Following every link")
        problems = links.check(front.parent)
    if problems:
        # Sphinx warns of a page only when it reads it: forget, so that the next build warns again
        shutil.rmtree(out / "doctrees", ignore_errors=True)
        raise SkinmetError(*problems)
    address, sitemap = os.environ.get("SKINMET_BASE_URL", ""), front.with_name("sitemap.xml")
    sitemap.unlink(missing_ok=True)
    if address:
        project.replace(sitemap, feeds.sitemap(front.parent, address))
    project.replace(out / "skinmet-book.zip", stage.zipped(front.parent))
    mark.write_text(inputs)
    return front


@contextmanager
def _current(root: Path) -> Iterator[None]:
    """Make `root` the project that the references find."""
    before = os.environ.get("SKINMET_ROOT")
    os.environ["SKINMET_ROOT"] = str(root)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SKINMET_ROOT"]
        else:
            os.environ["SKINMET_ROOT"] = before


def _sphinx(root: Path, out: Path) -> list[Problem]:
    """Run Sphinx; every warning is a problem."""
    # imported here: it takes a second, and a mistake in the sources is said before
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    said = io.StringIO()
    confdir = root / "book"
    with patch_docutils(confdir), docutils_namespace():
        app = Sphinx(
            srcdir=out / "source",
            confdir=confdir,
            outdir=out / "html",
            doctreedir=out / "doctrees",
            buildername="html",
            confoverrides={"html_extra_path": [str(out / "extra")]},
            status=None,
            warning=said,
            parallel=os.cpu_count() or 1,
        )
        app.build()
        stage.remove_stale(out / "html", pages=app.env.found_docs, downloads=out / "extra")
    lines = [_COLOUR.sub("", line) for line in said.getvalue().splitlines()]
    return [_problem(line, out / "source") for line in lines if _WARNING.match(line)]


def _problem(line: str, source: Path) -> Problem:
    """A warning of Sphinx as a problem: where the page's source stands, a notebook's line as its cell."""
    match = _WARNING.match(line)
    file = match["file"].replace(f"{source}{os.sep}", "") or "book/conf.py"
    number = int(match["line"]) if match["line"] else None
    cell = None
    if file.endswith(".ipynb") and number:
        cell, number = f"cell {number // 10_000}", None  # myst-nb counts 10,000 lines to a cell
    nowhere = _NOWHERE.search(match["found"])
    if nowhere:
        remedy = "correct the link, or add what it leads to"
        return Problem(file, "a link that leads nowhere", remedy, number, cell, nowhere[1] or nowhere[2])
    return Problem(file, match["found"], "correct the page", number, cell)
