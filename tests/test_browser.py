"""The book in a browser: it stands alone, answers, and follows its links."""

import pytest
from playwright.sync_api import expect

import book_browser
import book_site
from book_site import code, markdown
from skinmet import book

CHAPTER, FREQUENCY = "notebooks/01_common.html", "tables/epidemiology-frequency.html"
pytestmark = pytest.mark.filterwarnings("ignore:.*Sphinx API modifications")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = book_site.make(tmp_path_factory.mktemp("book"))
    wide = (
        "<div class='skinmet-scroll'><table class='skinmet-table'><tr>"
        + "<td>wide</td>" * 60
        + "</tr></table></div>"
    )
    long_line = code("x = '" + "long " * 60 + "'", {"text/html": wide, "text/plain": "wide"})
    book_site.notebook(root / "notebooks/02_next.ipynb", markdown("# 2. Next"), long_line)
    return book.build(root).parent


@pytest.fixture(scope="module")
def server(site):
    with book_browser.serve(site) as address:
        yield address


def names(site):
    """Every page; of the tables, which have one template, those that differ most."""
    tables = {f"tables/{name}.html" for name in ("index", "second_reader", "pathways-pathway_edges")} | {
        FREQUENCY
    }
    pages = {
        path.relative_to(site).as_posix() for path in site.rglob("*.html") if "_static" not in path.parts
    }
    assert tables < pages
    return sorted(tables | {name for name in pages if not name.startswith("tables/")})


@pytest.mark.parametrize(
    "place, width, mode", [("http", 390, "dark"), ("file", 1280, "light"), ("http", 320, "light")]
)
def test_every_page_stands_alone_and_fits_its_window(open_page, server, site, place, width, mode):
    base = server if place == "http" else f"file://{site}/"
    page = open_page("index.html", base, width, color_scheme=mode)
    for name in names(site):
        page.goto(base + name)
        page.locator("article details").evaluate_all("all => all.forEach((one) => (one.open = true))")
        beside = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert beside == 0, name
        assert page.locator("html").get_attribute("data-theme") == mode
        assert page.evaluate("typeof window.hacked") == "undefined", name
        assert page.get_by_text("Education, not medical advice").last.is_visible(), name


def test_a_point_leads_to_its_row_and_the_row_to_its_reference(open_page, server):
    page = open_page(CHAPTER)
    page.locator("#fig-four-denominators").scroll_into_view_if_needed()
    point = page.locator("#fig-four-denominators .point").first
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url(f"{server}{FREQUENCY}#F017")
    record = page.locator(".record")
    record.wait_for()
    assert record.evaluate("card => card === document.activeElement")
    assert book_site.HOSTILE.split("``")[0] in " ".join(record.inner_text().split())
    record.get_by_role("link", name="bastard2019cutaneous").click()
    page.wait_for_url(f"{server}bibliography.html#ref-bastard2019cutaneous")
    assert page.locator("li:target").get_by_text("Bastard 2019").is_visible()


def test_a_figure_answers_its_buttons_and_keeps_to_its_page(open_page):
    page = open_page(CHAPTER, width=390)
    figure = page.locator("#fig-four-denominators")
    figure.scroll_into_view_if_needed()
    figure.locator(".point").first.wait_for()
    figure.locator(".updatemenu-button", has_text="none").click()
    figure.locator(".point").first.wait_for(state="detached")
    assert figure.locator(".main-svg").first.bounding_box()["width"] <= 390


def test_plotly_is_loaded_only_where_there_is_a_figure(open_page):
    assert open_page(CHAPTER).evaluate("typeof Plotly") == "object"
    assert open_page("glossary.html").evaluate("typeof Plotly") == "undefined"


def test_words_and_rows_of_a_figure_need_no_script(open_page):
    page = open_page(CHAPTER, java_script_enabled=False)
    assert (
        page.locator(
            "#fig-four-denominators > noscript, #fig-four-denominators > .figure-alt"
        ).first.inner_text()
        == book_site.ALT
    )
    page.get_by_text("Data and description").click()
    page.locator("#fig-four-denominators").get_by_role("link", name="epidemiology/frequency:F017").click()
    assert page.locator("tr:target").get_by_role("link", name="F017").is_visible()
    expect(page.locator(".mode-switch")).to_be_hidden()  # once the style for pages without scripts is there


def test_a_table_can_be_searched_and_sorted_by_keyboard(open_page):
    page = open_page(FREQUENCY)
    rows = page.locator(".evidence-table tbody tr")
    total = rows.count()
    page.get_by_label("Search in this table").fill("bastard 2019")
    shown = page.locator(".evidence-table tbody tr:visible").count()
    assert 0 < shown < total
    assert page.locator(".table-count").inner_text() == f"{shown} of {total} rows"
    page.get_by_label("Search in this table").fill("")
    events = page.get_by_role("button", name="events")
    events.focus()
    for order, sign in (("ascending", 1), ("descending", -1)):
        page.keyboard.press("Enter")
        heads = page.locator(".evidence-table thead th")
        column = heads.evaluate_all("heads => heads.findIndex((head) => head.ariaSort)")
        assert heads.nth(column).get_attribute("aria-sort") == order
        cells = page.locator(f".evidence-table tbody tr > :nth-child({column + 1})").all_inner_texts()
        numbers = [int(cell) for cell in cells if cell]
        assert numbers == sorted(numbers, key=lambda number: sign * number)
        assert cells == [str(number) for number in numbers] + [""] * (total - len(numbers))


def test_a_table_too_wide_for_a_phone_becomes_cards(open_page):
    page = open_page(FREQUENCY, width=390)
    table = page.locator(".evidence-table")
    expect(table).to_have_class("skinmet-table evidence-table cards")
    box = page.locator(".skinmet-scroll.evidence")
    assert box.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    cells = table.locator("tbody tr").first.locator("td:visible")
    labels = cells.evaluate_all("(all) => all.map((one) => [one.dataset.label, one.textContent.trim()])")
    assert ["citekey", "lookingbill1990skin"] in labels and all(label and words for label, words in labels)
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(table).to_have_class("skinmet-table evidence-table")


def test_a_figure_on_a_wide_page_breaks_its_words_later(open_page):
    """The stored figure is broken for a phone; nothing is cut off by the lines that were saved."""
    broken = {}
    for width in (390, 1280):
        page = open_page(CHAPTER, width=width)
        plot = page.locator(".figure-plot").first
        plot.scroll_into_view_if_needed()
        expect(plot.locator(".main-svg").first).to_be_visible()
        broken[width] = plot.evaluate("""({ layout }) => {
          const words = [...layout.annotations.map((note) => note.text), layout.xaxis.title.text];
          return words.join().split("<br>").length;
        }""")
        assert plot.evaluate("""(one) => {
          const edge = one.querySelector(".main-svg").getBoundingClientRect();
          return [...one.querySelectorAll(".annotation, .xtitle")].every((words) => {
            const box = words.getBoundingClientRect();
            return box.top >= edge.top && box.bottom <= edge.bottom + 1;
          });
        }""")
    assert broken[1280] < broken[390]


def test_the_bibliography_can_be_filtered_by_state(open_page):
    page = open_page("bibliography.html")
    page.get_by_label("State").select_option("incomplete")
    shown = page.locator(".bibliography > li:visible")
    assert shown.count() > 0
    assert set(shown.evaluate_all("items => items.map((item) => item.dataset.status)")) == {"incomplete"}


def test_a_citation_shows_its_reference_to_pointer_and_keyboard(open_page):
    page = open_page(CHAPTER)
    citation = page.locator("a[href='#ref-bastard2019cutaneous']").first
    card = page.get_by_role("tooltip")
    citation.focus()
    card.wait_for()
    assert card.inner_text() == "Bastard 2019: the whole reference."
    assert citation.get_attribute("aria-describedby") == "reference-card"
    page.keyboard.press("Escape")
    card.wait_for(state="hidden")
    citation.hover()
    card.wait_for()
    card.hover()  # it stays while one reads it
    page.wait_for_timeout(400)
    assert card.is_visible()


def test_light_and_dark_are_kept_from_page_to_page(open_page, server):
    page = open_page("index.html", color_scheme="light")
    page.get_by_role("button", name="Light or dark").click()
    page.goto(server + FREQUENCY)
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="Light or dark").click()
    assert page.locator("html").get_attribute("data-theme") == "light"


@pytest.mark.parametrize("place", ["http", "file"])
def test_the_search_finds_a_row(open_page, server, site, place):
    base = server if place == "http" else f"file://{site}/"
    page = open_page("index.html", base)
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input").fill("Teyateeti")
    page.keyboard.press("Enter")
    page.locator("#search-results").get_by_role("link", name="How often, by denominator").wait_for()


def test_code_is_folded_and_opens(open_page):
    page = open_page(CHAPTER)
    assert not page.get_by_text("secret_setup").is_visible()
    page.get_by_text("Show the code").first.click()
    assert page.get_by_text("secret_setup").is_visible()
    page.get_by_text("Answer", exact=True).click()
    assert page.get_by_text("second", exact=True).is_visible()


def test_a_chapter_prints_with_its_title_its_figures_and_the_notice(open_page):
    page = open_page(CHAPTER)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.locator("#fig-four-denominators .point").first.wait_for()
    assert page.locator("#fig-four-denominators .main-svg").first.get_attribute("width") == "640"
    assert page.get_by_role("heading", name="1. How common?").last.is_visible()
    assert page.get_by_text("Education, not medical advice").last.is_visible()
    assert not page.get_by_text("Show the code").first.is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("#fig-four-denominators .main-svg").first.get_attribute("width") != "640"
