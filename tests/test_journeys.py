"""The ways of the three readers through the real book: student, educator, reviewer."""

import json
import re

import pytest

import book_browser


@pytest.fixture(scope="module", params=["http", "file"])
def server(request, whole_book):
    if request.param == "file":  # from a stick
        yield f"file://{whole_book}/"
        return
    with book_browser.serve(whole_book) as address:
        yield address


def test_a_student_finds_how_common_it_is_and_where_the_number_comes_from(open_page):
    page = open_page("index.html", width=390)
    page.get_by_role("link", name=re.compile("For students")).click()
    page.get_by_role("article").get_by_role("link", name="How common is it?").click()
    page.get_by_role("heading", name="1. How common is it?").wait_for()
    figure = page.locator("#fig-four-denominators")
    figure.scroll_into_view_if_needed()
    point = figure.locator(".point").first
    point.wait_for()
    # Two clicks: point, reference.
    box = point.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    record = page.locator(".record")
    record.wait_for()
    assert re.search(r"/tables/[\w-]+\.html#\w+$", page.url)
    key = record.locator("a[href*='bibliography.html#ref-']").first
    name = key.inner_text()
    key.click()
    page.wait_for_url(f"**/bibliography.html#ref-{name}")
    assert page.locator("li:target").is_visible()
    # And back to everything that uses it.
    page.locator("li:target").get_by_role("link", name="Where it is used").click()
    page.locator("li:target a[href*='../tables/']").first.wait_for()


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_a_student_moves_the_bayes_slider_and_the_numbers_follow(open_page, way):
    page = open_page("notebooks/04_how_it_is_diagnosed.html")
    figure = page.locator("#fig-move-a-test")
    figure.scroll_into_view_if_needed()
    slider = figure.locator(".slider-group")
    slider.wait_for()

    def read():
        words = figure.locator("text").all_text_contents()
        return figure.locator(".slider-label").first.text_content(), [
            one for one in words if "1,000" in one or "%" in one
        ]

    shown = read()
    if way == "mouse":
        rail = figure.locator(".slider-rail-touch-rect").bounding_box()
        page.mouse.click(rail["x"] + rail["width"] * 0.9, rail["y"] + rail["height"] / 2)
    else:
        figure.get_by_role("slider").focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    after = read()
    assert after[0] != shown[0] and after[1] != shown[1]
    if way == "keyboard":
        assert figure.get_by_role("slider").get_attribute("aria-valuetext") in after[0]


@pytest.mark.parametrize("server", ["http"], indirect=True)  # from a disk, a browser shows the file instead
def test_an_educator_downloads_an_assignment_without_its_solutions(open_page):
    page = open_page("index.html")
    page.get_by_role("link", name=re.compile("For educators")).first.click()
    page.get_by_role("article").get_by_role("link", name="exercises", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("article").get_by_role(
            "link", name=re.compile("Download the notebook")
        ).first.click()
    content = waiting.value.path().read_text("utf-8")
    assert json.loads(content)["nbformat"] == 4
    for secret in ("BEGIN SOLUTION", "HIDDEN TESTS", "MARK SCHEME"):
        assert secret not in content


def test_a_reviewer_finds_the_row_behind_a_figure_and_what_was_read(open_page):
    page = open_page("index.html")
    figure = page.locator("#fig-four-denominators")
    figure.get_by_text("Data and description").click()
    row = figure.locator("td a").first
    address = row.inner_text()
    row.click()
    record = page.locator(".record")
    record.wait_for()
    assert record.get_by_role("heading").inner_text() == f"Row {address.split(':')[1]}"
    assert record.get_by_text("seen as").is_visible() and record.get_by_text("count basis").is_visible()


def test_a_reviewer_reaches_the_claim_audit_from_the_front_page(open_page):
    page = open_page("index.html")
    page.get_by_role("link", name="the claim audit").click()
    page.wait_for_url("**/notebooks/08_claim_audit.html")
    page.get_by_role("heading", name="Can I trust what I read?").wait_for()


def test_no_page_holds_a_solution(whole_book):
    for path in whole_book.rglob("*"):
        if path.is_file() and path.suffix in {".html", ".ipynb", ".js"} and "_static" not in path.parts:
            content = path.read_bytes()
            assert not re.search(rb"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)", content), path


def test_every_page_is_light(whole_book):
    import gzip

    pages = (
        p for p in whole_book.rglob("*.html") if p.relative_to(whole_book).parts[0] not in {"_static", "lab"}
    )
    weights = {path.name: len(gzip.compress(path.read_bytes())) for path in pages}
    assert {name: weight for name, weight in weights.items() if weight > 100_000} == {}
