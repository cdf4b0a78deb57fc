"""A browser for tests of pages: Debian's Chromium; a request for anything but the pages' own is refused."""

import functools
import http.server
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = Path("/usr/bin/chromium")


@contextmanager
def chromium():
    """The browser."""
    if not CHROMIUM.exists():
        pytest.fail("the browser tests need Chromium: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def serve(site):
    """The address under which the pages below `site` can be had."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


@contextmanager
def opener(browser, server):
    """A function that opens a page; at the end, nothing outside was asked for and nothing went wrong."""
    contexts, asked, wrong = [], [], []

    def guard(route):
        inside = route.request.url.startswith((server, "file://", "data:", "blob:"))
        asked.extend([] if inside else [route.request.url])
        route.continue_() if inside else route.abort()

    def heard(said):
        # the page of the lab asks whether there is one, and the browser notes that there is not
        if said.type == "error" and not said.location["url"].endswith("/jupyter-lite.json"):
            wrong.append(f"{said.location['url']}: {said.text}")

    def opened(name, base=server, width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        context.route("**/*", guard)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: wrong.append(f"{name}: {error}"))
        page.on("dialog", lambda dialog: wrong.append(f"{name}: a dialog"))
        page.goto(base + name)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not asked + wrong, asked + wrong
