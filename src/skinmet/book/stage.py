"""Gathering the sources of the book for Sphinx, and the files it offers for download."""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import version
from pathlib import Path

import skinmet
from skinmet import project
from skinmet.book import bibliography, data, exercises, notebooks, pages
from skinmet.problems import SkinmetError

GUIDES = ("guide_student", "guide_educator", "guide_reviewer")  # in the order of the menu


def collect(root: Path, out: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The sources of all pages and all downloads, as path -> content.

    `out` keeps what takes long to make. Raises SkinmetError with all problems found.
    """
    evidence = data.read(root)
    chapters = [
        notebooks.read(path, f"notebooks/{path.name}")
        for path in sorted((root / "notebooks").glob("*.ipynb"))
    ]
    practice = exercises.read(root)
    read = [*chapters, *(exercise.page for exercise in practice)]
    problems = [problem for notebook in read for problem in notebook.problems]
    problems += notebooks.unknown_rows(chapters, evidence.addresses())
    if problems:
        raise SkinmetError(*problems)
    entries = bibliography.entries(root, out / "bibliography.json")
    templates = pages.templates(root / "book" / "_pages")

    source = {path.name: path.read_bytes() for path in sorted((root / "book").glob("*.md"))}
    for path in sorted((root / "book/_static").rglob("*.png")):  # pictures that pages show
        source[path.relative_to(root / "book").as_posix()] = path.read_bytes()
    guides = [name for name in GUIDES if f"{name}.md" in source]
    source |= {notebook.file: notebook.content for notebook in read}
    made = {
        f"tables/{table.slug}.md": pages.table_page(templates, table, evidence, chapters)
        for table in evidence.tables.values()
    }
    made["tables/index.md"] = pages.tables_page(templates, evidence)
    made["exercises/index.md"] = pages.exercises_page(templates, practice)
    made |= pages.bibliography_pages(templates, entries, evidence, chapters)
    made["index.md"] = pages.front_page(templates, evidence, entries, chapters, practice, guides)

    downloads = {notebook.file: notebook.content for notebook in read}
    downloads |= {path: text.encode() for chapter in chapters for path, text in chapter.parts.items()}
    for folder, pattern in (
        ("data", "**/*.csv"),
        ("data", "datapackage.json"),
        ("references", "*.bib"),
        ("references", "*.csv"),
        (".", "CITATION.cff"),
    ):
        for path in sorted((root / folder).glob(pattern)):
            downloads[path.relative_to(root).as_posix()] = path.read_bytes()
    return source | {path: text.encode() for path, text in made.items()}, downloads


def digest(root: Path) -> str:
    """One word for all that the book is made of: sources, our code, the versions of the tools."""
    tools = [f"{tool} {version(tool)}" for tool in ("sphinx", "myst-nb", "sphinx-book-theme", "plotly")]
    address = os.environ.get("SKINMET_BASE_URL", "")
    made_of = hashlib.sha256("\n".join([*tools, address]).encode())
    citation = root / "CITATION.cff"
    made_of.update(citation.read_bytes() if citation.is_file() else b"")
    folders = [root / name for name in ("book", "data", "notebooks", "references", "exercises/source")]
    for folder in [*folders, Path(skinmet.__file__).parent]:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts):
                made_of.update(f"{path.relative_to(folder)}".encode() + b"\0" + path.read_bytes())
    return made_of.hexdigest()


def sync(folder: Path, files: dict[str, bytes]) -> None:
    """Make `folder` hold exactly `files`; a file that already says the same keeps its time stamp."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(folder).as_posix() not in files:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for name, content in files.items():
        path = folder / name
        if path.is_file() and path.read_bytes() == content:
            continue
        project.replace(path, content)


def remove_stale(html: Path, pages: set[str], downloads: Path) -> None:
    """Take pages and downloads out of the site whose sources are gone; Sphinx leaves them."""
    keep = {f"{page}.html" for page in pages} | {"search.html"}
    keep |= {path.relative_to(downloads).as_posix() for path in downloads.rglob("*") if path.is_file()}
    for path in html.rglob("*"):
        name = path.relative_to(html).as_posix()
        if (
            (path.suffix in {".html", ".ipynb", ".csv", ".bib"} or name.startswith("figures/"))
            and not name.startswith(("_", "lab/"))  # the lab is built beside the pages
            and name not in keep
        ):
            path.unlink()


def zipped(html: Path) -> bytes:
    """The site as a zip to unpack on a disk; equal sites give equal bytes. The lab, which needs a web server,
    stays out."""
    names = {path.relative_to(html).as_posix(): path for path in html.rglob("*") if path.is_file()}
    kept = {name: path.read_bytes() for name, path in names.items() if not name.startswith("lab/")}
    return project.zipped({f"skinmet-book/{name}": content for name, content in kept.items()})
