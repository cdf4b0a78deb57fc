"""The pages for students and educators: what is in them, and what a hostile notebook can't put there."""

import base64
import json
import re
import struct
import zlib

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_output
from nbgrader.server_extensions.formgrader.handlers import template_path
from playwright.sync_api import sync_playwright
from traitlets.config import Config

import small_class
from skinmet.classroom import feedback, progress
from skinmet.classroom.assignment import load
from skinmet.classroom.autograde import FAILED, GRADED, MANUAL
from skinmet.classroom.gradebook import harmless
from skinmet.classroom.images import png
from skinmet.classroom.marks import Mark
from skinmet.classroom.pages import plain, points
from skinmet.classroom.report import Report
from skinmet.classroom.shown import MOST, trim
from small_class import NAME, find, work


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return small_class.project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def assignment(root):
    return load(NAME, root)


def chunk(kind, data):
    return struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))


def image(*, width=2, height=2, said=None, pixels=None, extra=b"", end=True):
    """A PNG in base64; `said`: the size in its header, when it lies."""
    header = struct.pack(">IIBBBBB", *(said or (width, height)), 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + b"\x80" * 3 * width for _ in range(height)) if pixels is None else pixels
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"") * end
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


# Images


def test_a_sound_image_keeps_its_pixels_and_nothing_else():
    plainly = png(image())
    assert plainly == image()
    assert png(image(extra=chunk(b"tEXt", b"Comment\0<script>"))) == plainly
    assert png("\n".join(re.findall(".{1,40}", image()))) == plainly


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "not base64!",
        None,
        base64.b64encode(b"GIF89a").decode(),
        base64.b64encode(b"\x89PNG\r\n\x1a\n").decode(),
        image(end=False),
        base64.b64encode(base64.b64decode(image())[:-13] + b"x" + base64.b64decode(image())[-12:]).decode(),
        image(width=3000, height=3000),
        image(said=(20, 20)),
        image(said=(1, 1)),
        image(said=(0, 2)),
        image(said=(100_000, 100_000)),
        image(pixels=b"\0" * 50_000_000),
        image(extra=chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))),
        "A" * 3_000_000,
    ],
)
def test_what_is_no_sound_image_is_left_out(encoded):
    assert png(encoded) is None


# Text


def test_text_is_shown_without_what_steers_a_terminal_or_a_reader():
    assert plain("\x1b[31mred\x1b[0m\x00\x07\u202eevil\u2069 ok\t\n") == "redevil ok\t\n"
    assert plain("x" * 50, 10) == "x" * 10 + "\n… cut here, of 50 characters"
    assert [points(score) for score in (None, 0.0, 2.0, 1.5, 10.0, 1 / 3)] == [
        "–",
        "0",
        "2",
        "1.5",
        "10",
        "0.33",
    ]


# Feedback


def executed(root, **answers):
    """A notebook as it comes back from the autograder."""
    notebook = work(root, **answers)
    find(notebook, "q2_double_test").outputs = [
        new_output("error", ename="AssertionError", evalue="not <b>twice</b> 2", traceback=["AssertionError"])
    ]
    find(notebook, "q3_letter_test").outputs = [
        new_output("error", ename="NameError", evalue="", traceback=[])
    ]
    return notebook


SCORES = {"q1_share_test": 2.0, "q2_double_test": 0.0, "q3_letter_test": 0.0, "q4_why": None}


def parts_of(assignment, notebook):
    trim(notebook)
    return feedback.parts(assignment, json.loads(json.dumps(notebook)))


def test_each_question_shows_its_own_work_and_what_the_check_said(root, assignment):
    notebook = executed(root)
    at = [c.metadata.nbgrader.grade_id for c in notebook.cells].index("q2_double")
    notebook.cells.insert(at, nbformat.v4.new_code_cell("scratch = 1"))
    parts = parts_of(assignment, notebook)
    assert [[cell.source for cell in part.work] for part in parts] == [
        ["share = events / total"],
        ["scratch = 1", small_class.ANSWERS["q2_double"]],
        ['letter = "b"'],
        ["Because of the denominator."],
    ]
    assert [part.message for part in parts] == ["", "not <b>twice</b> 2", "NameError: the check failed", ""]


def test_the_page_says_what_a_student_needs(root, assignment):
    notebook = executed(root)
    find(notebook, "q1_share").outputs = [
        new_output("stream", text="<i>printed</i>"),
        new_output("display_data", {"text/html": "<u>rich</u>", "text/plain": "a table"}),
        new_output("display_data", {"image/png": image(), "text/plain": "a figure"}),
        new_output("display_data", {"image/svg+xml": "<svg onload=alert(1)>"}),
        new_output("display_data", {"image/png": "AAAA", "text/plain": "a broken figure"}),
        new_output("error", ename="KeyError", evalue="'x'", traceback=["\x1b[31mKeyError\x1b[0m: 'x'"]),
        *[new_output("stream", text=f"line {n}") for n in range(30)],
    ]
    parts = parts_of(assignment, notebook)
    mark = Mark("~3cb~3eAnn", NAME, MANUAL, "", None, 10.0, SCORES)
    feedback.fill(parts, mark, {"q2_double": "Think\nagain.", "q4_why": "<3"})
    text = feedback.page(mark, ["q1 was <changed>"], assignment, parts)
    for wanted in (
        "Feedback for &lt;b&gt;Ann", "A tiny exercise", "2 of 10 points so far", "1 of the questions waits",
        "Q1. A share", "2 of 2", "0 of 3", "to be marked", "&lt;i&gt;printed", "a table", "a broken figure",
        f"data:image/png;base64,{image()}", "KeyError: &#39;x&#39;", "and 16 more outputs",
        "not &lt;b&gt;twice", "Think\nagain.", "&lt;3", "q1 was &lt;changed&gt;",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert "(not shown here: image/svg+xml)" in text
    for unwanted in ("rich", "onload", "a figure</pre>", "line 20", *small_class.SECRETS):
        assert unwanted not in text, unwanted
    done = Mark("ann", NAME, GRADED, "", 5.5, 10.0, {**SCORES, "q4_why": 3.5})
    assert "5.5 of 10 points<" in feedback.page(done, [], assignment, parts)


def test_a_failed_one_is_told_so(assignment):
    mark = Mark("ann", "", FAILED, "the file is empty")
    text = feedback.page(mark, ["the file is empty"], None, [])
    assert "Not graded" in text and "not the same as zero" in text and "the file is empty" in text


def test_a_missing_answer_is_said(root, assignment):
    notebook = work(root)
    notebook.cells = [c for c in notebook.cells if c.metadata.nbgrader.grade_id != "q1_share"]
    parts = parts_of(assignment, notebook)
    mark = Mark("ann", NAME, GRADED, "", 0, 10.0, dict.fromkeys(SCORES, 0.0))
    feedback.fill(parts, mark, {})
    assert "There is no answer here." in feedback.page(
        Mark("a", NAME, GRADED, "", 0, 10.0), [], assignment, parts
    )


HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"></pre></style>"
)


def test_nothing_of_a_student_runs_in_the_browser(root, assignment, tmp_path):
    notebook = executed(root, q1_share=HOSTILE, q4_why=HOSTILE)
    find(notebook, "q1_share").outputs = [new_output("stream", text=HOSTILE + "x" * 5000)]
    find(notebook, "q1_share_test").outputs = [
        new_output("error", ename=HOSTILE, evalue=HOSTILE, traceback=[])
    ]
    parts = parts_of(assignment, notebook)
    mark = Mark(HOSTILE, NAME, MANUAL, HOSTILE, None, 10.0, SCORES)
    feedback.fill(parts, mark, {"q1_share": HOSTILE})
    report = Report({NAME: assignment})
    report.add(mark, parts, 1.0)
    file = tmp_path / "page.html"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        for text in (feedback.page(mark, [HOSTILE], assignment, parts), report.page()):
            file.write_text(text, "utf-8")
            page.goto(file.as_uri())
            assert "owned" not in page.title()
            assert page.locator("script, img").count() == 0
            assert page.evaluate("document.documentElement.scrollWidth") == 390
        browser.close()


def test_a_flood_of_outputs_does_not_go_on(root):
    notebook = work(root)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                new_output("stream", text="x" * (MOST // 3)),
                new_output("error", ename="E", evalue=""),
            ]
    assert trim(notebook) == ["only the first 4 MB of the outputs were kept"]
    assert len(json.dumps(notebook)) < 1.1 * MOST
    last = find(notebook, "q3_letter_test")
    assert [output.output_type for output in last.outputs] == ["error"]  # the verdict stays


# What formgrader shows

LINKS = "a < b & c [x](javascript:alert(1)) [y][z]\n\n[z]: javascript:alert(2)\n"


def test_formgrader_can_show_hostile_work(root):
    """Its template renders Markdown with the HTML in it, in the educator's own Jupyter."""
    notebook = work(root, q4_why=LINKS + HOSTILE)
    for cell in notebook.cells:
        cell.metadata.nbgrader.pop("checksum", None)
    notebook.cells.append(nbformat.v4.new_markdown_cell(HOSTILE))
    find(notebook, "q1_share").outputs = [
        new_output(
            "display_data",
            {"text/html": HOSTILE, "image/svg+xml": HOSTILE, "text/plain": "a plain view"},
            metadata={"isolated": True},
        ),
        new_output(
            "display_data", {"application/javascript": "document.title='owned'", "text/plain": "a script"}
        ),
    ]
    config = Config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [template_path]
    names = "assignment_id notebook_id submission_id student last_name first_name base_url notebook_path"
    resources = {**dict.fromkeys(names.split(), "x"), "index": 0, "total": 1}
    exporter = HTMLExporter(config=config)
    hostile, _ = exporter.from_notebook_node(notebook, resources=dict(resources))
    trim(notebook)
    shown, _ = exporter.from_notebook_node(harmless(notebook), resources=dict(resources))
    assert "<script>document.title" in hostile and 'href="javascript:' in hostile  # as it would be
    assert "<script>document.title" not in shown and "<img src=x" not in shown
    assert 'href="javascript:' not in shown and "isolated" not in shown
    assert "a plain view" in shown and "a &lt; b &amp; c" in shown


# The report


def test_the_report_puts_the_hardest_first_and_groups_what_went_wrong(root, assignment):
    report = Report({NAME: assignment})
    for number, letter in enumerate(["a", "a", "b", "c"]):
        notebook = work(root, q3_letter=f"letter = None\nletter = {letter!r}")
        right = letter == "b"
        if not right:
            said = new_output("error", ename="AssertionError", evalue="the answer is <wrong>", traceback=[])
            find(notebook, "q3_letter_test").outputs = [said]
        parts = parts_of(assignment, notebook)
        scores = {**dict.fromkeys(SCORES, 1.0), "q3_letter_test": float(right), "q2_double_test": 3.0}
        mark = Mark(f"s{number}", NAME, GRADED, "", 5.0 + right, 10.0, scores)
        feedback.fill(parts, mark, {})
        report.add(mark, parts, 2.0 * number)
    waits = Mark("s9", NAME, MANUAL, "late", None, 10.0, {**scores, "q4_why": None})
    feedback.fill(parts, waits, {})
    report.add(waits, parts, 1.0)
    report.add(Mark("s8", "", FAILED, "nothing <here>"), [], 0.0)
    text = report.page()
    order = [text.index(title) for title in ("Q3. A letter", "Q1. A share", "Q2. A function", "Q4. Why?")]
    assert order == sorted(order)
    for wanted in (
        "5 submissions", "graded 4, needs manual grading 1.",
        "20% of the points on average; 1 all points, 4 none",
        "the answer is &lt;wrong&gt;", "<code>letter = &#39;a&#39;</code>", "Median of the graded: 5 of 10",
        "2.0 s for a typical", "6.0 s for the longest", "nothing &lt;here&gt;", "late", "1 submission:",
        "4 some, 1 to be marked",
    ):  # fmt: skip
        assert wanted in " ".join(text.split()), wanted
    assert "<script" not in text


# Progress


def test_the_time_left_is_told_in_lines(capsys, monkeypatch):
    clock = iter([0.0, 5.0, 20.0, 21.0, 1000.0, 2000.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.shown() as tick:
        for done in (10, 11, 16, 17, 30, 100):
            tick(done, 100)
    assert capsys.readouterr().err.splitlines() == [
        "100 submissions to grade, 10 of them graded before",
        "graded 16 of 100, about 4 min left",
        "graded 30 of 100, about 61 min left",
        "graded 100 of 100",
    ]
    assert [progress._words(s) for s in (0.4, 89, 600, 7200)] == ["0 s", "89 s", "10 min", "2.0 h"]


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    with progress.shown() as tick:
        tick(0, 2)
        tick(2, 2)
    assert "2/2" in capsys.readouterr().err
