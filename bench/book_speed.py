"""The book beside the same notebooks through plain `nbconvert --to html`: build, weight, first figure, axe.

Both arms in one run. Browser: Debian's Chromium, a fresh profile for each page, nothing but this machine
reachable. Run: make bench, or .venv/bin/python bench/book_speed.py
"""

import functools
import gzip
import http.server
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import TimeoutError as TooLate
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.progress import track

PROJECT = Path(__file__).resolve().parents[1]
PARTS = ("book", "data", "references", "notebooks", "exercises/source", "CITATION.cff")
CHANGED = "notebooks/07_living_with_it.ipynb"
BOOK = "import sys; from skinmet import book; book.build(sys.argv[1])"
AXE = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .filter((one) => ["serious", "critical"].includes(one.impact)).length"""
# A figure is there when plotly has drawn it.
DRAWN = "document.querySelector('.js-plotly-plot .main-svg') !== null"
# The book draws a figure when a reader comes near it.
TO_FIGURE = "document.querySelector('.skinmet-figure, .plotly-graph-div')?.scrollIntoView()"
PATIENCE = 15  # seconds to wait for a first figure


def seconds(*command: str) -> float:
    """Wall clock of a whole process."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return time.perf_counter() - start


@contextmanager
def serve(folder: Path):
    """The address of a folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


def look(browser, address: str, axe: str) -> tuple[float | None, int, int]:
    """A page, cold: seconds to its first figure (None: never), requests outside, serious faults axe finds."""
    context = browser.new_context(bypass_csp=True)
    page, outside = context.new_page(), []

    def guard(route):
        inside = route.request.url.startswith(("http://127.0.0.1", "data:", "blob:"))
        outside.extend([] if inside else [route.request.url])
        route.continue_() if inside else route.abort()

    context.route("**/*", guard)
    start = time.perf_counter()
    page.goto(address, wait_until="domcontentloaded")
    page.evaluate(TO_FIGURE)
    try:
        page.wait_for_function(DRAWN, timeout=PATIENCE * 1000, polling=20)
        first = time.perf_counter() - start
    except TooLate:
        first = None
    page.wait_for_load_state("load")
    page.evaluate(axe)
    faults = page.evaluate(AXE)
    context.close()
    return first, len(set(outside)), faults


def kilobytes(path: Path) -> float:
    """The weight of a page as a server sends it."""
    return len(gzip.compress(path.read_bytes())) / 1000


def main() -> None:
    axe = PROJECT / "node_modules/axe-core/axe.min.js"
    if not axe.is_file():
        sys.exit("axe-core is missing: npm ci --ignore-scripts")
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        root, plain = Path(folder, "project"), Path(folder, "plain")
        for part in PARTS:
            source, target = PROJECT / part, root / part
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        notebooks = sorted(str(path) for path in (root / "notebooks").glob("*.ipynb"))

        built = {"full": seconds(sys.executable, "-c", BOOK, str(root))}
        convert = (sys.executable, "-m", "nbconvert", "--to", "html", "--output-dir", str(plain))
        plain_full = seconds(*convert, *notebooks)
        built["nothing changed"] = seconds(sys.executable, "-c", BOOK, str(root))
        changed = root / CHANGED
        changed.write_text(
            changed.read_text("utf-8").replace("Education, not", "Education and not", 1), "utf-8"
        )
        built["a chapter changed"] = seconds(sys.executable, "-c", BOOK, str(root))
        plain_one = seconds(*convert, str(changed))

        site = root / "_build/html"
        rows, weights = [], []
        names = [Path(name).stem for name in notebooks]
        with sync_playwright() as playwright, serve(site) as ours, serve(plain) as theirs:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            for name in track(names, "pages", console=Console(stderr=True)):
                book_page, plain_page = f"{ours}notebooks/{name}.html", f"{theirs}{name}.html"
                found = look(browser, book_page, axe.read_text("utf-8"))
                other = look(browser, plain_page, axe.read_text("utf-8"))
                weight = kilobytes(site / f"notebooks/{name}.html"), kilobytes(plain / f"{name}.html")
                rows.append((name, weight, found, other))
            browser.close()
        pages = [p for p in site.rglob("*.html") if p.relative_to(site).parts[0] not in {"_static", "lab"}]
        weights = sorted((kilobytes(page), page.relative_to(site).as_posix()) for page in pages)
        whole = sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6
        packed = (root / "_build/skinmet-book.zip").stat().st_size / 1e6

    print(f"\n{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| seconds | book | nbconvert |\n| --- | --- | --- |")
    print(f"| full | {built['full']:.1f} ({len(pages)} pages) | {plain_full:.1f} ({len(names)} pages) |")
    print(f"| nothing changed | {built['nothing changed']:.1f} | {plain_full:.1f} |")
    print(f"| a chapter changed | {built['a chapter changed']:.1f} | {plain_one:.1f} |")
    print("\n| page | kB gzipped | first figure, s | requests outside | axe: serious or worse |")
    print("| --- | --- | --- | --- | --- |")
    for name, weight, found, other in rows:
        first = " / ".join(f"{value:.1f}" if value else "never" for value in (found[0], other[0]))
        print(
            f"| {name} | {weight[0]:.0f} / {weight[1]:.0f} | {first} "
            f"| {found[1]} / {other[1]} | {found[2]} / {other[2]} |"
        )
    drawn = [found[0] for _, _, found, _ in rows if found[0]]
    print(f"\nbook / nbconvert. First figure of the book: median {statistics.median(drawn):.1f} s", end="")
    print(f", slowest {max(drawn):.1f} s." if drawn else ".")
    print(f"Heaviest pages: {', '.join(f'{name} {weight:.0f} kB' for weight, name in weights[:-4:-1])}.")
    console.print(f"The site: {whole:.1f} MB, as a zip {packed:.1f} MB.", highlight=False)


if __name__ == "__main__":
    main()
