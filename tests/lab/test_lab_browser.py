"""The lab in a browser, as its three readers use it. Minutes, not seconds: `make test-lab` runs these.

Everything but this machine lies behind a proxy that refuses and counts: it sees the page, its workers and
Python alike.
"""

import functools
import http.server
import json
import re
import threading
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import expect, sync_playwright

from skinmet import book
from skinmet.book import lab, runtime
from skinmet.classroom import assignment
from skinmet.classroom.grade import grade

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
EXERCISE = "01_how_common"
CHAPTERS = sorted(path.stem for path in PROJECT.glob("notebooks/*.ipynb"))
TOLERANCE = 1e-6  # of numbers in figures; all text is equal
PATIENCE = 300_000  # ms: a machine with other work loads Python slowly
# What Chromium itself calls, with no page open; the last of them only where a page has a field to fill in.
ITS_OWN = {"update.googleapis.com", "accounts.google.com", "content-autofill.googleapis.com"}
pytestmark = [pytest.mark.lab, pytest.mark.filterwarnings("ignore:.*Sphinx API modifications")]


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass


class Refuse(http.server.BaseHTTPRequestHandler):
    """A proxy that lets nothing through and remembers who asked for what."""

    asked: list[str]

    def do_GET(self):
        host = urlsplit(self.path if "//" in self.path else f"//{self.path}").hostname
        if host not in ITS_OWN:
            self.asked.append(self.path)
        self.send_error(403)

    do_CONNECT = do_HEAD = do_POST = do_GET

    def log_message(self, *args):
        pass


def serve(handler):
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    return running


@pytest.fixture(scope="module")
def site():
    """The real book with a lab that needs no other server."""
    out = PROJECT / "_build" / "test-lab"
    front = book.build(PROJECT, out)
    lab.build(PROJECT, out, self_hosted=True)
    return front.parent


@pytest.fixture(scope="module")
def chromium():
    if not Path(CHROMIUM).exists():
        pytest.fail("these tests need Chromium: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture
def visit(chromium, tmp_path):
    """Open a site as one reader's browser; at the end it asked for nothing outside, and no page failed."""
    asked, wrong, running, contexts = [], [], [], []
    proxy = serve(type("Counting", (Refuse,), {"asked": asked}))
    outside = {"server": f"http://127.0.0.1:{proxy.server_port}", "bypass": "127.0.0.1"}
    browser = chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], proxy=outside)

    def opened(site):
        server = serve(functools.partial(Quiet, directory=site))
        running.append(server)
        base = f"http://127.0.0.1:{server.server_port}/"
        context = browser.new_context(
            base_url=base, viewport={"width": 1280, "height": 900}, accept_downloads=True
        )
        contexts.append(context)
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        # so that a test can read what the page holds
        settings = json.loads((site / "lab/jupyter-lite.json").read_text())
        settings["jupyter-config-data"]["exposeAppInBrowser"] = True
        context.route("**/lab/jupyter-lite.json", lambda route: route.fulfill(json=settings))
        return context

    yield opened
    before = list(asked)
    page = browser.new_page()
    page.goto("http://outside.example/")
    for context in contexts:
        context.close()
    browser.close()
    for server in [proxy, *running]:
        server.shutdown()
    assert "http://outside.example/" in asked, "the proxy would have seen nothing"
    assert not before
    assert not wrong


def ready(page):
    """Wait until the notebook is open and Python idle."""
    page.wait_for_function(
        "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=PATIENCE,
    )


def run_all(page):
    """Run, Run All Cells: as a reader does it; wait for the end; return the notebook in the page."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    waiting = "() => jupyterapp.shell.currentWidget.content.widgets.some((cell) => cell.prompt === '*')"
    page.wait_for_function(waiting)
    page.wait_for_function(f"() => !({waiting})()", timeout=PATIENCE)
    return held(page)


def held(page):
    return nbformat.from_dict(page.evaluate("() => jupyterapp.shell.currentWidget.context.model.toJSON()"))


def cell_of(notebook, grade_id):
    (found,) = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
    return found


def outputs(notebook):
    """What each cell shows. JupyterLab adds pictures of the figures it draws; these are not compared."""
    for cell in notebook.cells:
        shown = []
        for output in cell.get("outputs", []):
            if output.output_type in {"display_data", "execute_result"}:
                shown.append({mime: data for mime, data in output.data.items() if mime != "image/png"})
            elif output.output_type == "stream" and shown and isinstance(shown[-1], str):
                shown[-1] += output.text
            else:
                shown.append(output.get("text") or f"{output.ename}: {output.evalue}")
        yield shown


def differences(stored, fresh, place=""):
    """Where two outputs differ; numbers may by TOLERANCE."""
    if isinstance(stored, dict) and isinstance(fresh, dict) and stored.keys() == fresh.keys():
        return [d for key in stored for d in differences(stored[key], fresh[key], f"{place}/{key}")]
    if isinstance(stored, list) and isinstance(fresh, list) and len(stored) == len(fresh):
        pairs = enumerate(zip(stored, fresh, strict=True))
        return [d for n, (one, other) in pairs for d in differences(one, other, f"{place}/{n}")]
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (stored, fresh))
    if stored == fresh or (numbers and stored == pytest.approx(fresh, rel=TOLERANCE, abs=0)):
        return []
    return [f"{place}: {stored!r} is now {fresh!r}"[:300]]


def compare(name, ran):
    stored = nbformat.read(PROJECT / f"notebooks/{name}.ipynb", 4)
    before, after = list(outputs(stored)), list(outputs(ran))
    assert sum(map(len, before)) > 5
    assert differences(before, after) == []


def test_the_comparison_sees_a_difference():
    stored = [[{"text/plain": "3.1%", "figure": {"x": [1.0, None, 3]}}]]
    assert differences(stored, [[{"text/plain": "3.1%", "figure": {"x": [1.0000001, None, 3]}}]]) == []
    for wrong in (
        [[{"text/plain": "3.2%", "figure": {"x": [1.0, None, 3]}}]],
        [[{"text/plain": "3.1%", "figure": {"x": [1.00001, None, 3]}}]],
        [[{"text/plain": "3.1%"}]],
        [[]],
    ):
        assert differences(stored, wrong)


@pytest.mark.parametrize("name", CHAPTERS)
def test_run_this_page_gives_the_numbers_of_the_book(visit, site, name):
    page = visit(site).new_page()
    page.goto(f"notebooks/{name}.html")
    page.get_by_role("link", name="Run this page").click()
    page.wait_for_url(f"**/lab/notebooks/index.html?path=notebooks/{name}.ipynb")
    ready(page)
    # the tables of the lab's files, where a reader can change them
    compare(name, run_all(page))
    assert page.locator(".js-plotly-plot .main-svg").count() or name.startswith("09")
    # the page itself may not ask elsewhere either
    assert page.evaluate("fetch('http://outside.example/').then(() => 'sent', () => 'refused')") == "refused"


def test_a_student_s_work_is_checked_kept_and_handed_in(visit, site, tmp_path):
    context = visit(site)
    page = context.new_page()
    address = f"lab/notebooks/index.html?path=exercises/{EXERCISE}/{EXERCISE}.ipynb"
    page.goto(address)
    ready(page)
    cell = page.locator(".jp-CodeCell", has_text="share = ").first.locator(".cm-content")

    def answer(text):
        cell.click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(text)
        return run_all(page)

    events, total = 'rows.loc["F017", "events"]', 'rows.loc["F017", "total"]'
    # the check that a student sees says what is wrong with an answer, and lets the right one pass
    ran = answer(f"share = {events} / ({total} - {events})")
    (said,) = cell_of(ran, "q1_share_test").outputs
    assert "These are the odds" in said.evalue
    right = f"share = {events} / {total}"
    checked = cell_of(answer(right), "q1_share_test")
    assert checked.execution_count and checked.outputs == []
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")

    page.reload()
    ready(page)
    assert cell_of(held(page), "q1_share").source == right
    page.get_by_role("menuitem", name="File", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download", exact=True).click()
    handed_in = tmp_path / "submissions/ada" / EXERCISE / download.value.suggested_filename
    handed_in.parent.mkdir(parents=True)
    download.value.save_as(handed_in)

    released = assignment.student_version(assignment.load(EXERCISE, PROJECT))
    got = nbformat.read(handed_in, 4)
    marked = [[cell.metadata.get("nbgrader") for cell in notebook.cells] for notebook in (released, got)]
    assert marked[0] == marked[1]
    (mark,) = grade(tmp_path / "submissions", tmp_path / "graded", root=PROJECT)
    assert mark.student == "ada" and mark.questions["q1_share_test"] == 1, mark


def test_a_published_lab_runs_where_python_cannot_reach_the_files(visit):
    """Pyodide's address is played by the runtime; no service worker, as over plain http or in a private
    window of Firefox: Python then finds the tables in our wheel."""
    out = PROJECT / "_build" / "test-lab-published"
    site = lab.build(PROJECT, out).parent
    fetched = runtime.fetch(PROJECT)
    context = visit(site)
    context.add_init_script("delete Navigator.prototype.serviceWorker")
    context.route(
        f"{runtime.PUBLIC}*",
        lambda route: route.fulfill(
            path=fetched / route.request.url.rpartition("/")[2], headers={"Access-Control-Allow-Origin": "*"}
        ),
    )
    page = context.new_page()
    page.goto("lab/notebooks/index.html?path=notebooks/00_start_here.ipynb")
    ready(page)
    compare("00_start_here", run_all(page))


# ---- the page that leads there ------------------------------------------------------------------------


def test_the_page_of_the_lab_leads_to_the_files(visit, site):
    page = visit(site).new_page()
    page.goto("lab.html")
    page.get_by_role("link", name="Open the lab").click()
    page.wait_for_url("**/lab/tree/index.html")
    expect(page.get_by_text("notebooks", exact=True)).to_be_visible(timeout=60_000)


@pytest.mark.parametrize(
    "wanted", ["javascript:alert(1)", "//outside.example/x.ipynb", "notebooks/../../x.ipynb"]
)
def test_the_page_of_the_lab_opens_notebooks_only(visit, site, wanted):
    page = visit(site).new_page()
    page.goto(f"lab.html?open={wanted}")
    link = page.get_by_role("link", name="Open the lab")
    link.wait_for()
    assert link.get_attribute("href") == "lab/tree/index.html"


def test_opened_from_a_disk_the_page_says_why_there_is_no_lab(chromium, site):
    browser = chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    page = browser.new_page()
    page.goto(f"file://{site}/lab.html?open=notebooks/01_how_common.ipynb")
    expect(page.get_by_role("status").filter(has_text="the lab needs a web server")).to_be_visible()
    assert not page.get_by_role("link", name="Open the lab").is_visible()
    browser.close()


@pytest.mark.parametrize(
    "answer, said",
    [
        ({"status": 404}, "came without the lab"),
        ({"json": {"jupyter-config-data": {"litePluginSettings": {f"{lab._KERNEL}:kernel": {
            "pyodideUrl": f"{runtime.PUBLIC}pyodide.mjs"}}}}}, "takes Python from cdn.jsdelivr.net"),
    ],
    ids=["no lab", "published"],
)  # fmt: skip
def test_the_page_of_the_lab_says_what_is_missing(visit, site, answer, said):
    context = visit(site)
    context.route("**/lab/jupyter-lite.json", lambda route: route.fulfill(**answer))
    page = context.new_page()
    page.goto("lab.html")
    expect(page.get_by_role("status").filter(has_text=re.compile(said))).to_be_visible()
