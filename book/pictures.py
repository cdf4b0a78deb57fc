"""Take the pictures of the guide for reviewers: `.venv/bin/python book/pictures.py` (needs Chromium and git).

Everything shown is real: a copy of the project in a temporary folder, JupyterLab on its tables, the words of
the commands, the page of `skinmet impact`. One row is changed in the copy, first wrongly, then rightly.
"""

from __future__ import annotations

import csv
import html
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

PROJECT = Path(__file__).resolve().parents[1]
PICTURES = PROJECT / "book" / "_static" / "guide"
TABLE, ROW = "epidemiology/frequency", "F033"
WIDE = {"width": 1100, "height": 560}
# A number of the two cohorts of one pool group, typed as a spreadsheet would spoil it, then as a correction.
WRONG = {"events": "32", "percent_reported": "2,9", "seen_as": "Abstract"}
RIGHT = {"percent_reported": "4.2"}

TERMINAL = """<body style="margin:0;background:#1e2227;color:#e6e6e6"><pre style="margin:0;padding:18px 22px;
font:15px/1.55 'DejaVu Sans Mono',monospace;white-space:pre-wrap;overflow-wrap:anywhere">{}</pre>"""


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        root = copy_of_project(Path(place) / "skinmet")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=WIDE)
        in_jupyterlab(page, root)
        change(root, WRONG)
        terminal(page, root, "check", ["check"], ["check", "--fix"])
        change(root, RIGHT)
        skinmet(root, "impact", "--format", "html")
        page.goto((root / "_build" / "impact.html").as_uri())
        page.set_viewport_size({"width": 1100, "height": 450})  # the drawing; the rest is words
        shoot(page, "impact")
        browser.close()


def copy_of_project(root: Path) -> Path:
    for part in ("data", "references", "notebooks"):
        shutil.copytree(PROJECT / part, root / part)
    git = ["git", "-c", "user.name=reviewer", "-c", "user.email=reviewer@example.org"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "as it was"]):
        subprocess.run([*git, *command], cwd=root, check=True)
    return root


def change(root: Path, cells: dict[str, str]) -> None:
    """Overwrite cells of the row."""
    path = root / f"data/{TABLE}.csv"
    header, *rows = csv.reader(io.StringIO(path.read_text("utf-8"), newline=""))
    for row in rows:
        if row[0] == ROW:
            for column, value in cells.items():
                row[header.index(column)] = value
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    path.write_text(out.getvalue(), "utf-8", newline="\n")


def skinmet(root: Path, *arguments: str) -> str:
    """What the command says, results and messages together."""
    command = [sys.executable, "-c", "from skinmet.cli import main; main()", *arguments, "--root", str(root)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return re.sub(r" in \d+\.\d s|( \()\d+\.\d s\)", "", done.stdout)


def terminal(page: Page, root: Path, name: str, *commands: list[str]) -> None:
    """The words of commands as a terminal shows them."""
    parts = [
        f"<b>$ skinmet {' '.join(command)}</b>\n{html.escape(skinmet(root, *command))}"
        for command in commands
    ]
    page.set_viewport_size({"width": 1100, "height": 100})
    page.set_content(TERMINAL.format("\n".join(parts)))
    shoot(page, name, full_page=True)


def in_jupyterlab(page: Page, root: Path) -> None:
    """The table as JupyterLab shows it, and as one edits it there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port_retries=0",
        f"--port={port}", "--ip=127.0.0.1", "--IdentityProvider.token=", f"--ServerApp.root_dir={root}",
        "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    env = {**os.environ, "JUPYTER_CONFIG_DIR": str(root / ".jupyter"), "HOME": str(root)}
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}/lab"
        for _ in range(120):
            try:
                urlopen(f"http://127.0.0.1:{port}/api")
                break
            except OSError:
                time.sleep(0.5)
        page.goto(f"{address}/tree/data/{TABLE}.csv", timeout=120_000)
        page.wait_for_selector(".jp-CSVViewer canvas", timeout=120_000)
        page.click('button:has-text("No"):visible', timeout=60_000)  # JupyterLab's news
        page.wait_for_timeout(3000)
        page.click(f'.jp-DirListing-item[title*="{TABLE.split("/")[1]}.csv"]', button="right")
        page.hover('.lm-Menu-item:has-text("Open With")')
        page.hover('.lm-Menu-item:has-text("Editor")')
        page.wait_for_timeout(1000)
        shoot(page, "jupyterlab_menu")
        page.click('.lm-Menu-item:has-text("Editor")')
        page.wait_for_selector(".jp-FileEditor .cm-line", timeout=60_000)
        page.wait_for_timeout(2000)
        shoot(page, "jupyterlab_editor")
    finally:
        server.terminate()
        server.wait()


def shoot(page: Page, name: str, full_page: bool = False) -> None:
    page.screenshot(path=PICTURES / f"{name}.png", full_page=full_page)
    print(PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
