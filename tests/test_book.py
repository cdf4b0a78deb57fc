"""The book as files: what its pages say, what they refuse, where their links lead."""

import csv
import hashlib
import json
import re
import shutil
import zipfile
from html import escape
from pathlib import Path

import pytest
from lxml import html as lxml_html

import book_site
import small_course
from book_site import PLOTLY, code, figure, markdown
from skinmet import book
from skinmet.book import data, feeds, links, notebooks, stage
from skinmet.problems import SkinmetError

PROJECT = Path(__file__).resolve().parents[1]

# what the theme and myst still call is theirs to change
pytestmark = pytest.mark.filterwarnings("ignore:.*Sphinx API modifications")
FREQUENCY = "tables/epidemiology-frequency.html"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return book_site.make(tmp_path_factory.mktemp("book"))


@pytest.fixture(scope="module")
def site(root):
    return book.build(root).parent


@pytest.fixture
def page(site):
    return lambda name: lxml_html.parse(site / name).getroot()


def text(node) -> str:
    return " ".join(node.text_content().split())


def drawn(path: Path) -> dict:
    """What the script of a figure hands over."""
    name, _, spec = path.read_text("utf-8").partition(" = ")
    assert name == '(window.skinmetFigures ??= {})["four-denominators"]'
    return json.loads(spec.rstrip(";\n"))


def pages(site: Path) -> list[Path]:
    return [path for path in site.rglob("*.html") if "_static" not in path.parts]


# ---- What pages say --------------------------------------------------------------------------------------


def test_a_figure_carries_its_drawing_its_words_and_its_rows(page, site):
    chapter = page("notebooks/01_common.html")
    shown = chapter.get_element_by_id("fig-four-denominators")
    assert shown.get("aria-label") == book_site.ALT
    spec = drawn(site / "notebooks" / shown.xpath(".//script/@src")[0])
    assert spec["data"][0]["customdata"][0] == "epidemiology/frequency:F017"
    assert "data" not in spec["layout"]["meta"], "the rows stand in the table, not twice"
    assert [text(cell) for cell in shown.xpath(".//td")] == [
        "epidemiology/frequency:F017", "31", "epidemiology/frequency:F018", "",
    ]  # fmt: skip
    assert shown.xpath(".//td/a/@href")[0] == f"../{FREQUENCY}#F017"
    download = site / "notebooks" / shown.xpath(".//a[@download]/@href")[0]
    assert list(csv.reader(download.open()))[1] == ["epidemiology/frequency:F017", "31"]
    assert shown.xpath(".//noscript")


def test_no_text_of_a_figure_is_markup(site, page):
    assert "<script>window.hacked" not in (site / "notebooks/01_common.html").read_text("utf-8")
    shown = page("notebooks/01_common.html").get_element_by_id("fig-four-denominators")
    assert book_site.ALT in text(shown.xpath(".//details")[0])


def test_cells_of_a_table_are_escaped(page):
    row = page(FREQUENCY).get_element_by_id("F017")
    assert not row.xpath(".//script | .//img")
    assert " ".join(book_site.HOSTILE.split()) in text(row)


def test_a_table_page_explains_its_columns_and_offers_its_file(page, site, root):
    table = page(FREQUENCY)
    meanings = dict(zip(map(text, table.xpath("//dl/dt")), map(text, table.xpath("//dl/dd")), strict=True))
    assert "One of: stated, derived, none." in meanings["count basis"]
    assert (site / "data/epidemiology/frequency.csv").read_bytes() == (
        root / "data/epidemiology/frequency.csv"
    ).read_bytes()
    heads = [text(cell) for cell in table.xpath("//thead//th")]
    assert heads[0] == "row id" and heads[-1] == "used in"
    shown = table.get_element_by_id("F017").xpath("./th | ./td")
    assert len(shown) == len(heads)


def test_from_a_row_to_its_reference_and_back(page):
    row = page(FREQUENCY).get_element_by_id("F017")
    assert "../bibliography.html#ref-bastard2019cutaneous" in row.xpath(".//a/@href")
    entry = page("bibliography.html").get_element_by_id("ref-bastard2019cutaneous")
    assert "Bastard 2019" in text(entry) and "complete" in text(entry)
    assert "works/b.html#bastard2019cutaneous" in entry.xpath(".//a/@href")
    work = page("works/b.html").get_element_by_id("bastard2019cutaneous").xpath(".//a/@href")
    assert f"../{FREQUENCY}#F017" in work
    assert "../notebooks/01_common.html#ref-bastard2019cutaneous" in work
    assert "../notebooks/01_common.html#fig-four-denominators" in work


def test_a_row_names_the_figures_tables_and_rows_that_use_it(page):
    used = page(FREQUENCY).get_element_by_id("F018").xpath("./td[last()]//a")
    assert [(link.get("href"), text(link)) for link in used[:2]] == [
        ("../notebooks/01_common.html#fig-four-denominators", "1. How common? (figure four denominators)"),
        ("../notebooks/01_common.html", "1. How common? (table)"),
    ]
    second_reading = page("tables/second_reader.html").xpath("//tbody//a/@href")
    assert f"../{FREQUENCY}#F001" in second_reading
    back = page(FREQUENCY).get_element_by_id("F001").xpath("./td[last()]//a/@href")
    assert any(link.startswith("../tables/second_reader.html#Z") for link in back)


def test_an_incomplete_reference_is_marked_at_its_rows(page, root):
    incomplete = {
        row["citekey"]
        for row in csv.DictReader((root / "data/references.csv").open())
        if row["status"] == "incomplete"
    }
    marked = page(FREQUENCY).xpath("//a[following-sibling::span[@class='badge badge-incomplete']]/text()")
    assert marked and set(marked) <= incomplete


def test_code_is_folded_and_a_cell_without_output_joins_the_next(page):
    chapter = page("notebooks/01_common.html")
    assert not [
        block
        for block in chapter.xpath("//div[contains(@class, 'highlight')]")
        if not block.xpath("ancestor::details")
    ]
    folds = chapter.xpath("//details[@class='code-fold']")
    assert text(folds[0]).startswith("Show the code secret_setup = 1 show(figure)")
    prose = text(chapter.xpath("//div[contains(@class, 'tag_prose')]")[0])
    assert prose.startswith("It was 31 of 914") and prose.endswith("How was this computed? say(words)")


def test_citations_chapters_and_rows_are_links_within_the_book(page):
    chapter = page("notebooks/01_common.html")
    assert chapter.xpath("//a[starts-with(@href, '#ref-')]/@href") == ["#ref-bastard2019cutaneous"] * 2
    assert chapter.xpath(
        "//article//a[@href='02_next.html']/text() | //article//a[@href='02_next.html']//text()"
    )
    assert not chapter.xpath("//article//a[contains(@href, '.ipynb')]")
    assert chapter.xpath("//a[@class='skinmet-row']/@href") == [f"../{FREQUENCY}#F018"]


def test_the_front_page_counts_and_shows_its_figure(page, root):
    front = page("index.html")
    assert front.get_element_by_id("fig-four-denominators") is not None
    rows = sum(len(table.rows) for table in data.read(root).tables.values())
    assert f"{rows} rows of evidence" in text(front)
    assert [text(link) for link in front.xpath("//ul[@class='chapters']/li")] == ["1. How common?", "2. Next"]


def test_every_page_has_a_policy_a_language_and_the_notice(site):
    for path in pages(site):
        page = lxml_html.parse(path).getroot()
        policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
        assert "script-src 'self';" in policy and "default-src 'none'" in policy, path
        assert ("unsafe-inline" in policy) == bool(page.xpath("//*[@class='skinmet-figure']")), path
        assert page.get("lang") == "en", path
        assert "Education, not medical advice" in text(page), path


def test_no_page_runs_a_script_of_its_own_or_loads_from_outside(site):
    for path in pages(site):
        page = lxml_html.parse(path).getroot()
        inline = page.xpath("//script[not(@src) and not(@type='application/ld+json')]")
        assert not inline, (path, [script.text for script in inline])
        assert not [name for node in page.iter() for name in node.attrib if name.startswith("on")], path
        loaded = page.xpath("//@src | //link/@href")
        assert not [link for link in loaded if "//" in link], path
        assert bool([link for link in loaded if "plotly" in link]) == bool(
            page.xpath("//*[@class='skinmet-figure']")
        ), path


def test_notebooks_and_bibliography_can_be_downloaded(site, root):
    for name in ("notebooks/01_common.ipynb", "references/references.bib"):
        assert (site / name).read_bytes() == (root / name).read_bytes()


def test_an_exercise_is_shown_without_what_students_must_not_see(page, site):
    index = page("exercises/index.html")
    (entry,) = index.xpath("//section[@class='exercise']")
    assert "About 20 minutes · 4 questions · 8 points" in text(entry)
    assert "You will compute a share & its interval." in text(entry)
    download = site / "exercises" / entry.xpath(".//a[@download]/@href")[0]
    assert "share = None" in text(page("exercises/01_small.html"))
    assert not page("exercises/01_small.html").xpath("//details[@class='code-fold']")
    written = [path.read_bytes() for path in site.rglob("*") if path.is_file()]
    assert download.read_bytes() in written
    for secret in small_course.SECRETS:
        assert not [content for content in written if secret.encode() in content], secret


def test_pages_describe_themselves(page):
    chapter = page("notebooks/01_common.html")
    meta = {node.get("name") or node.get("property"): node.get("content") for node in chapter.xpath("//meta")}
    assert meta["og:title"] == meta["citation_title"] == "1. How common?"
    assert "og:url" not in meta and "og:image" not in meta, "they need a whole address"
    resource = json.loads(chapter.xpath("//script[@type='application/ld+json']")[0].text)
    assert (resource["@type"], resource["learningResourceType"]) == ("LearningResource", "chapter")
    front = page("index.html")
    assert front.xpath("//meta[@name='description']/@content")[0].startswith("What is known about breast")
    assert not front.xpath("//script[@type='application/ld+json']")


def test_the_text_of_a_page_can_not_close_its_data():
    hostile = "</script><script>window.hacked = 1</script> " + "and more words " * 20
    body, base = f"<p>{escape(hostile)}</p>", "https://example.org/b/"
    made = feeds.head("notebooks/x", hostile, body, "Book", "Us", base, "page.png")
    assert made.count("</script>") == 1 and "<script>" not in made
    assert '"url": "https://example.org/b/notebooks/x.html"' in made


@pytest.mark.parametrize(
    "body, said",
    [
        ("<p>Short.</p><p class='x'>" + "One &amp; another. " * 5 + "</p>", "One & another. " * 5),
        ("<p>" + "word, " * 60 + "</p>", "word, " * 32 + "word …"),
        ("<pre>nothing</pre>", ""),
    ],
)  # fmt: skip
def test_the_description_is_the_first_paragraph_that_says_something(body, said):
    assert feeds.description(body) == said.strip()


def test_a_published_book_names_its_address(tmp_path, monkeypatch):
    root = book_site.make(tmp_path)
    monkeypatch.setenv("SKINMET_BASE_URL", "https://example.org/review/")
    card = root / "book" / "_static" / "cards" / "01_common.png"
    card.parent.mkdir(exist_ok=True)
    shutil.copy(PROJECT / "book" / "_static" / "page.png", card)
    site = book.build(root).parent
    listed = re.findall("<loc>(.*?)</loc>", (site / "sitemap.xml").read_text("utf-8"))
    assert "https://example.org/review/notebooks/01_common.html" in listed
    assert len(listed) == len(pages(site)) - 1, "all but the search"
    head = (site / "notebooks/01_common.html").read_text("utf-8")
    assert 'content="https://example.org/review/_static/cards/01_common.png"' in head
    assert (site / "_static/cards/01_common.png").is_file()
    front = (site / "index.html").read_text("utf-8")
    assert 'content="https://example.org/review/_static/page.png"' in front
    monkeypatch.delenv("SKINMET_BASE_URL")
    book.build(root)
    assert not (site / "sitemap.xml").exists()
    assert "example.org/review" not in (site / "notebooks/01_common.html").read_text("utf-8")


def test_each_chapter_has_a_picture_of_its_first_figure_as_it_is_now():
    cards = PROJECT / "book" / "_static" / "cards"
    made_from = json.loads((cards / "made_from.json").read_text("utf-8"))
    notebooks = sorted((PROJECT / "notebooks").glob("*.ipynb"))
    assert made_from == {path.stem: first_figure(path) for path in notebooks}, "run book/cards.py after make"
    assert {path.stem for path in cards.glob("*.png")} == set(made_from)


def first_figure(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    data = (output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    figure = next(d["application/vnd.plotly.v1+json"] for d in data if "application/vnd.plotly.v1+json" in d)
    return hashlib.sha256(json.dumps(figure, sort_keys=True).encode()).hexdigest()


def test_the_zip_holds_the_site_and_is_the_same_each_time(site):
    with zipfile.ZipFile(site.parent / "skinmet-book.zip") as archive:
        names = archive.namelist()
        assert archive.read("skinmet-book/index.html") == (site / "index.html").read_bytes()
    assert {f"skinmet-book/{path.relative_to(site).as_posix()}" for path in pages(site)} <= set(names)
    (site / "index.html").touch()
    assert stage.zipped(site) == (site.parent / "skinmet-book.zip").read_bytes()


# ---- Building again --------------------------------------------------------------------------------------


def test_a_second_build_does_nothing(site, root, monkeypatch):
    monkeypatch.setattr(book, "_sphinx", lambda *args: pytest.fail("nothing changed: Sphinx need not run"))
    assert book.build(root) == site / "index.html"


def test_a_change_writes_only_its_own_page_again(tmp_path):
    root, said = book_site.make(tmp_path), []
    site = book.build(root, say=said.append).parent
    assert [words.split()[0] for words in said] == ["Gathering", "Writing", "Following"]
    stamps = {path.name: path.stat().st_mtime_ns for path in pages(site) if path.name != "search.html"}
    with open(root / "book/about.md", "a", encoding="utf-8") as about:
        about.write("\nOne more sentence.\n")
    book.build(root)
    assert "One more sentence." in (site / "about.html").read_text("utf-8")
    after = {path.name: path.stat().st_mtime_ns for path in pages(site) if path.name != "search.html"}
    assert {name for name in stamps if after[name] != stamps[name]} == {"about.html"}


def test_a_change_is_shown_and_what_is_gone_leaves_the_site(tmp_path):
    root = book_site.make(tmp_path)
    site = book.build(root).parent
    book_site.notebook(root / "notebooks/01_common.ipynb", *book_site.chapter(markdown("A new sentence.")))
    book_site.notebook(root / "notebooks/02_next.ipynb", markdown("# 2. Another title"))
    stale = site / "figures/01_gone-four-denominators.js"
    stale.write_text("old")
    shutil.rmtree(root / "exercises/source/01_small")
    book.build(root)
    assert (
        not (site / "exercises/01_small.html").exists() and not (site / "exercises/01_small.ipynb").exists()
    )
    assert "A new sentence." in (site / "notebooks/01_common.html").read_text("utf-8")
    for sidebar in ("index.html", "glossary.html"):
        assert "Another title" in (site / sidebar).read_text("utf-8")
    assert not stale.exists()

    (root / "notebooks/02_next.ipynb").unlink()
    book_site.notebook(root / "notebooks/01_common.ipynb", *book_site.chapter(next_page="#references"))
    book.build(root)
    assert not (site / "notebooks/02_next.html").exists() and not (site / "notebooks/02_next.ipynb").exists()


def test_a_broken_link_stops_the_build_every_time(tmp_path):
    root = book_site.make(tmp_path)
    about = root / "book/about.md"
    sound = about.read_text("utf-8")
    about.write_text(sound + "\n[nowhere](missing.md)\n", encoding="utf-8")
    for _ in range(2):  # Sphinx itself would be silent the second time
        with pytest.raises(SkinmetError) as error:
            book.build(root)
        assert str(error.value).startswith("about.md:") and "missing.md" in str(error.value)
    about.write_text(sound + '\n<a href="tables/index.html#nothing">x</a>\n', encoding="utf-8")
    with pytest.raises(
        SkinmetError, match=r"about\.html: a link to a place that is not there \(tables/index"
    ):
        book.build(root)


def test_a_warning_in_a_notebook_names_the_cell(tmp_path):
    root = book_site.make(tmp_path)
    book_site.notebook(root / "notebooks/02_next.ipynb", markdown("# 2. Next"), markdown("[x](absent.md)"))
    with pytest.raises(SkinmetError) as error:
        book.build(root)
    assert "notebooks/02_next.ipynb: [cell 2]" in str(error.value)


# ---- What pages refuse -----------------------------------------------------------------------------------

ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "x", "traceback": ["ValueError: x"]}
WARNED = {"output_type": "stream", "name": "stderr", "text": "DeprecationWarning: x"}
NO_ALT = figure() | {"layout": {"meta": {"name": "x"}}}
ELSEWHERE = figure()
ELSEWHERE["data"][0]["customdata"] = [["epidemiology/frequency:F999", "more"]]
LOST = "<a class='skinmet-row' title='epidemiology/frequency:F998' href='../data/x.csv'>F998</a>"
REFUSED = {
    "never ran": (code("x", execution_count=None), "cell 7 never ran"),
    "error": (code("x", outputs=[ERROR]), r"\[cell 7\] the stored output is an error \(ValueError\)"),
    "warning": (code("x", outputs=[WARNED]), "the stored output is a warning"),
    "script in an output": (code("x", {"text/html": "<script>1</script>"}), r"HTML element .* \(<script>\)"),
    "frame": (code("x", {"text/html": "<iframe src='x'></iframe>"}), "<iframe>"),
    "handler": (code("x", {"text/html": "<b onclick='x()'>b</b>"}), r"attribute .* \(onclick=x\(\)\)"),
    "style": (code("x", {"text/html": "<b style='x'>b</b>"}), "style=x"),
    "script in Markdown": (markdown("a <script>alert(1)</script>"), "<script>"),
    "script link": (markdown("[x](<java\tscript:alert(1)>)"), "this link can't stand on a page"),
    "script link in an output": (code("x", {"text/html": "<a href=' javascript:x'>x</a>"}), "can't stand"),
    "outside picture": (markdown("![x](https://example.org/x.png)"), "a picture from outside"),
    "directive": (markdown("```{raw} html\n<script>\n```"), r"a directive of MyST \(```{raw}\)"),
    "directive with colons": (markdown(":::{raw} html\n<script>\n:::"), "a directive of MyST"),
    "JavaScript output": (code("x", {"application/javascript": "x"}), "this kind of output"),
    "unknown reference": (markdown("[X](#ref-x2020)"), r"\[cell 7\] the text cites a reference .* \(x2020\)"),
    "no alternative": (code("x", {PLOTLY: NO_ALT}), "without text alternative or name"),
    "figure twice": (code("x", {PLOTLY: figure()}), r"two figures of one name \(four-denominators\)"),
    "figure of an unknown row": (
        code("x", {PLOTLY: ELSEWHERE | {"layout": figure("other")["layout"]}}),
        r"\[figure other\] it points at a row that is not there \(epidemiology/frequency:F999\)",
    ),
    "table of an unknown row": (code("x", {"text/html": LOST}), r"\[cell 7\] it points at a row .*F998"),
}  # fmt: skip


@pytest.mark.parametrize("cell, said", REFUSED.values(), ids=REFUSED)
def test_what_a_page_must_not_show_is_refused(root, tmp_path, cell, said):
    path = tmp_path / "01_common.ipynb"
    book_site.notebook(path, *book_site.chapter(cell))
    chapter = notebooks.read(path, "notebooks/01_common.ipynb")
    problems = chapter.problems + notebooks.unknown_rows([chapter], data.read(root).addresses())
    assert re.search(said, "\n".join(map(str, problems))), problems
    assert all(problem.file == "notebooks/01_common.ipynb" for problem in problems)


def test_the_chapter_itself_is_not_refused(root, tmp_path):
    path = tmp_path / "01_common.ipynb"
    book_site.notebook(path, *book_site.chapter(code("1/0", outputs=[ERROR], tags=("raises-exception",))))
    assert notebooks.read(path, "x").problems == []


@pytest.mark.parametrize("content", ["{", "[]", '{"cells": [{}]}', '{"worksheets": []}', b"\xff"])
def test_what_is_no_notebook_is_said(tmp_path, content):
    path = tmp_path / "01.ipynb"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (problem,) = notebooks.read(path, "notebooks/01.ipynb").problems
    assert problem.found == "this is not a notebook of format 4"


def test_a_notebook_without_title_is_said(tmp_path):
    book_site.notebook(tmp_path / "01.ipynb", markdown("No title"))
    (problem,) = notebooks.read(tmp_path / "01.ipynb", "notebooks/01.ipynb").problems
    assert problem.found == "the notebook has no title"


TABLE_FAULTS = {
    "reference": (("F017", "citekey", "nobody2020"), r"\[citekey\] no such reference \(nobody2020\)"),
    "row": (("Z001", "read_row", "F999"), r"\[read_row\] no such row \(F999\)"),
    "foreign key": (("e001", "source", "nowhere"), r"\[source\] no such row \(nowhere\)"),
}  # fmt: skip


@pytest.mark.parametrize("fault, said", TABLE_FAULTS.values(), ids=TABLE_FAULTS)
def test_a_row_that_points_nowhere_stops_the_build(tmp_path, fault, said):
    row_id, column, value = fault
    root = book_site.make(tmp_path)
    table = {"F": "epidemiology/frequency", "Z": "second_reader", "e": "pathways/pathway_edges"}[row_id[0]]
    line = book_site.set_cell(root, table, row_id, column, value)
    with pytest.raises(SkinmetError, match=said) as error:
        book.build(root)
    assert f":{line}:" in str(error.value)


@pytest.mark.parametrize(
    "text, said", [("row_id,x\n", "1: the header differs"), ("{}\nK001,x\n", "2: the row has 2 cells")]
)
def test_a_table_that_does_not_fit_its_columns_stops_the_build(tmp_path, text, said):
    path = book_site.make(tmp_path) / "data/corrections.csv"
    path.write_text(text.format(path.read_text("utf-8").splitlines()[0]), encoding="utf-8")
    with pytest.raises(SkinmetError, match=rf"data/corrections\.csv:{said}"):
        data.read(tmp_path)


def test_a_front_page_without_its_figure_stops_the_build(tmp_path):
    root = book_site.make(tmp_path)
    book_site.notebook(root / "notebooks/01_common.ipynb", markdown("# 1. How common?"))
    with pytest.raises(SkinmetError, match=r"notebooks: no chapter has the figure .* \(four-denominators\)"):
        book.build(root)


@pytest.mark.parametrize(
    "gone, said", [("**You will**", "does not state its outcomes"), ("About 20", "does not state its time")]
)
def test_an_exercise_says_what_it_teaches_and_how_long_it_takes(tmp_path, gone, said):
    root = book_site.make(tmp_path)
    path = root / small_course.FILE
    path.write_text(path.read_text("utf-8").replace(gone, ""), encoding="utf-8")
    with pytest.raises(SkinmetError, match=rf"exercises/01_small\.ipynb: the exercise {said}"):
        book.build(root)


def test_a_broken_bibliography_stops_the_build(tmp_path):
    root = book_site.make(tmp_path)
    (root / "references/references.bib").write_text("@article{broken", encoding="utf-8")
    with pytest.raises(SkinmetError, match=r"references/references\.bib"):
        book.build(root)


# ---- Small parts -----------------------------------------------------------------------------------------


def test_the_link_checker_finds_what_leads_nowhere(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/there.html").write_text('<p id="here">x</p>')
    good = [
        "sub/there.html",
        "sub/there.html#here",
        "#top",
        "#",
        "https://example.org/x",
        "mailto:a@example.org",
    ]
    bad = [
        "gone.html",
        "sub/there.html#gone",
        "../outside.html",
        "/etc/passwd",
        "ftp://example.org",
        "https:///x",
        "#gone",
    ]
    body = "".join(f'<a href="{link}">x</a>' for link in good + bad)
    (tmp_path / "index.html").write_text(
        f'{body}<i id="a"></i><b id="a"></b><img src="https://example.org/x.png">'
    )
    problems = links.check(tmp_path)
    assert [problem.value for problem in problems] == ["a", "https://example.org/x.png", *bad]


def test_sync_keeps_what_is_the_same_and_removes_what_is_gone(tmp_path):
    stage.sync(tmp_path, {"a/b.txt": b"1", "c.txt": b"2"})
    stamp = (tmp_path / "c.txt").stat().st_mtime_ns
    stage.sync(tmp_path, {"c.txt": b"2", "d.txt": b"3"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.txt", "d.txt"]
    assert (tmp_path / "c.txt").stat().st_mtime_ns == stamp


def test_a_cache_cut_short_is_made_again(root, site, tmp_path):
    from skinmet.book import bibliography

    cache = tmp_path / "bibliography.json"
    cache.write_text('{"digest": "')
    with book._current(root):
        made = bibliography.entries(root, cache)
        assert made == bibliography.entries(root, cache)
    assert json.loads(cache.read_text("utf-8"))["entries"].keys() == {entry["citekey"] for entry in made}
