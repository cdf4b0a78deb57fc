"""Draw the pictures that stand beside a link to a chapter: `.venv/bin/python book/cards.py` (needs Chromium).

Each shows the chapter's title and its first figure, from the site as it was built last. made_from.json says
of which figures they were made; a test says which are out of date.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

PROJECT = Path(__file__).resolve().parents[1]
CARDS = PROJECT / "book" / "_static" / "cards"
PLOTLY = "application/vnd.plotly.v1+json"
SIZE = {"width": 1200, "height": 630}  # what networks ask for

CARD = """<body style="margin:0;width:1200px;height:630px;box-sizing:border-box;padding:34px 48px;
background:#fff;font-family:'DejaVu Sans',sans-serif;color:#1f2933;
display:flex;flex-direction:column;gap:18px">
<div style="font-size:40px;font-weight:700">{title}</div>
<img style="flex:1;min-height:0;object-fit:{fit};object-position:left top"
src="data:image/png;base64,{figure}">
<div style="font-size:22px;color:#5b6470">Skin metastasis of breast cancer: evidence and sources</div>"""


def main() -> None:
    CARDS.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    notebooks = sorted((PROJECT / "notebooks").glob("*.ipynb"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for notebook in notebooks:
            page = browser.new_page(viewport={"width": 1000, "height": 900}, device_scale_factor=2)
            page.goto((PROJECT / "_build" / "html" / "notebooks" / f"{notebook.stem}.html").as_uri())
            title = page.locator("h1").first.inner_text().rstrip("#").strip()
            # the bar above the text and the skip link would lie over a tall figure
            page.evaluate(
                "document.querySelectorAll('[class*=bd-header], .skip-link').forEach(e => e.remove())"
            )
            page.locator(".skinmet-figure").first.scroll_into_view_if_needed()
            plot = page.locator(".js-plotly-plot").first
            plot.locator(".main-svg").first.wait_for(timeout=30_000)
            box, figure = plot.bounding_box(), plot.screenshot()
            page.close()
            card = browser.new_page(viewport=SIZE)
            # of a tall figure the upper part, so that its words can be read
            fit = "cover" if box["height"] > 0.6 * box["width"] else "contain"
            data = base64.b64encode(figure).decode()
            card.set_content(CARD.format(title=html.escape(title), figure=data, fit=fit))
            card.screenshot(path=CARDS / f"{notebook.stem}.png")
            card.close()
            print(CARDS / f"{notebook.stem}.png")
        browser.close()
    made_from = {notebook.stem: digest(notebook) for notebook in notebooks}
    (CARDS / "made_from.json").write_text(json.dumps(made_from, indent=1) + "\n", "utf-8")


def digest(notebook: Path) -> str:
    """Of the first figure of a notebook."""
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            if PLOTLY in output.get("data", {}):
                figure = json.dumps(output["data"][PLOTLY], sort_keys=True)
                return hashlib.sha256(figure.encode()).hexdigest()
    raise ValueError(f"{notebook.name} has no figure")


if __name__ == "__main__":
    main()
