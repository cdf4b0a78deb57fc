"""The references room: the shipped files, reading and writing BibTeX, citing, listing, and every fault."""

import csv
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser

import pytest

from planted import separated_by
from skinmet import project, references
from skinmet.problems import SkinmetError
from skinmet.references import bibtex, files

ENTRY = """@article{abel2019skin,
  author = {Abel, Anna and Baker, Bo},
  title = {Skin and {HER2}},
  journal = {Journal of Tests},
  year = {2019},
  volume = {1},
  number = {2},
  pages = {12--19},
  doi = {10.1000/abc.1},
  pmid = {123},
  pmcid = {PMC456},
  url = {https://example.org/a},
  keywords = {complete},
}
"""
HEADER = ",".join(files.LEDGER_COLUMNS) + "\n"
ROW = "abel2019skin,complete,abstract,https://example.org,author;title,,,\n"


def entry(key, **fields):
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@article{{{key},\n{body}}}\n"


def row(key, status="incomplete", seen_as="abstract"):
    return f"{key},{status},{seen_as},,,,,\n"


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A project with one work; call it with other contents for references.bib and the rows of ledger.csv."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "datapackage.json").write_text("{}")
    (tmp_path / "references").mkdir()
    monkeypatch.setenv("SKINMET_ROOT", str(tmp_path))

    def write(bib=ENTRY, rows=ROW, header=HEADER):
        (tmp_path / files.BIB).write_text(bib, encoding="utf-8")
        (tmp_path / files.LEDGER).write_text(header + rows, encoding="utf-8")
        return tmp_path

    write()
    return write


class TestShipped:
    """What the project itself holds."""

    def test_every_work_came_over(self):
        counted = Counter(work.status for work in references.load().values())
        # The dossier had 560 entries; two of them were one paper (the same DOI) and are one entry now.
        assert counted == {"complete": 383, "traceable": 57, "incomplete": 119}
        assert Counter(w.fields["keywords"] for w in references.load().values()) == counted
        assert counted.total() == 560 - 1

    def test_nothing_is_wrong(self):
        assert references.check() == []

    def test_writing_is_idempotent(self):
        text = (project.root() / files.BIB).read_text("utf-8")
        assert bibtex.canonical(text) == text
        sources = files.read(project.root())
        assert files.canonical_files(sources) == {name: raw.decode() for name, raw in sources.raw.items()}

    def test_no_latex_is_left_in_plain_text(self):
        for work in references.load().values():
            shown = [work.fields[name] for name in work.fields if name != "url"]
            shown += [name.family + name.given for name in work.authors]
            assert not [text for text in shown if re.search(r"[\\{}$]", text)], work.key

    def test_a_whole_list_can_be_made(self):
        keys = list(references.load())[::5]
        text = references.bibliography(keys)
        assert text.count("<li id=") == len(keys)
        assert not re.search(r"[?!.]\. [A-Z]{2}|\[|None|\n\n", re.sub(r"\.\.\.|\[[A-Z]", "", text))


BROKEN = {
    "an unclosed brace": ("@article{b2019x,\n  title = {T,\n}\n\n" + ENTRY, 1, "can't be read up to line 3"),
    "an unclosed quotation": ('@article{b2019x,\n  title = "T,\n}\n\n' + ENTRY, 1, "can't be read"),
    "the end of the file": (ENTRY + "\n@article{b2019x,\n  title = {T},\n", 16, "end of file"),
    "no comma after the key": ("@article{b2019x\n  title = {T},\n}\n", 1, "comma after entry key"),
    "no equals sign": ("@article{b2019x,\n  title {T},\n}\n", 1, "Expected a `=`"),
    "no comma after a field": (
        "@article{b2019x,\n  title = {T}\n  year = {2019},\n}\n",
        2,
        "neither in braces",
    ),
    "an undefined @string": (
        "@article{b2019x,\n  title = {T},\n  journal = jco,\n}\n",
        3,
        "neither in braces",
    ),
    "joined strings": ("@article{b2019x,\n  title = {T} # {U},\n}\n", 2, "neither in braces"),
    "a doubled key": (ENTRY + "\n" + ENTRY, 16, "second entry with the key abel2019skin"),
    "a doubled field": (
        "@article{b2019x,\n  title = {T},\n  Title = {U},\n}\n",
        3,
        "twice (first in line 2)",
    ),
    "a field twice alike": (
        "@article{b2019x,\n  title = {T},\n  title = {U},\n}\n",
        3,
        "twice (first in line 2)",
    ),
    "no key": ("\n@article{,\n  title = {T},\n}\n", 2, "without a key"),
    "no @": ("\narticle{b2019x,\n  title = {T},\n}\n" + ENTRY, 2, "text outside an entry"),
    "a brace too many": (
        "@article{b2019x,\n  title = {T}},\n  year = {2019},\n}\n",
        2,
        "text outside an entry",
    ),
    "a remark": (ENTRY + "\n% seen twice\n", 16, "text outside an entry"),
    "a @comment": (ENTRY + "\n@comment{x}\n", 16, "text outside an entry"),
    "a @preamble": ('@preamble{"x"}\n' + ENTRY, 1, "text outside an entry"),
}


class TestBibtex:
    @pytest.mark.parametrize("bib, line, found", BROKEN.values(), ids=BROKEN)
    def test_what_bibtex_would_lose_is_named_with_its_line(self, bib, line, found):
        problem = bibtex.read(bib, "r.bib")[1][0]
        assert (problem.file, problem.line) == ("r.bib", line)
        assert found in problem.found

    def test_the_parser_prints_nothing_of_its_own(self):
        code = "from skinmet.references import bibtex; print(len(bibtex.read('@misc{a, title', 'r.bib')[1]))"
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert (run.stdout.strip(), run.stderr) == ("1", "")

    @pytest.mark.parametrize("bib", [case[0] for case in BROKEN.values()], ids=BROKEN)
    def test_a_broken_file_is_never_rewritten(self, bib):
        with pytest.raises(SkinmetError):
            bibtex.canonical(bib)

    def test_strings_months_and_other_delimiters_are_read(self):
        text = (
            "@string{jt = {J Tests}}\n"
            '@Article(b2019x,\n journal = jt, month = jan,\n YEAR = 2019, title = "T"\n)'
        )
        (found,), problems = bibtex.read(text, "r.bib")
        assert problems == []
        assert found.type == "article"
        assert found.fields == {"journal": "J Tests", "month": "jan", "year": "2019", "title": "T"}
        assert (found.line, found.lines["year"]) == (2, 4)

    def test_canonical_form(self):
        text = (
            "@ARTICLE{b2019x, Keywords = {incomplete}, zeta={1}, pmcid={pmc12},\n"
            "  url = {https://x.org/a\\%20\\_b},\n"
            "  DOI = {https://doi.org/10.1000/ABC\\_1}, pages = {12-19, 30 – 31, 40--}, year = 2019,\n"
            "  title = {The   {HER2}\n  of 6\\\\% \\& 7% in {\\'e}t{\\'{e}} {\\k{a}} {\\l} \\o re"
            " $\\beta$1 S\\'\\i {A}B}\n}\n\n\n"
            "@misc{a2019x, author = {}, title = {First}}"
        )
        assert bibtex.canonical(text) == (
            "@misc{a2019x,\n  title = {First},\n}\n\n"
            "@article{b2019x,\n"
            "  title = {The {HER2} of 6\\% \\& 7\\% in été ą ł øre β1 Sí {A}B},\n"
            "  year = {2019},\n"
            "  pages = {12--19, 30--31, 40--},\n"
            "  doi = {10.1000/abc_1},\n"
            "  pmcid = {PMC12},\n"
            "  url = {https://x.org/a%20_b},\n"
            "  zeta = {1},\n"
            "  keywords = {incomplete},\n"
            "}\n"
        )

    def test_canonical_form_is_stable(self):
        text = bibtex.canonical(ENTRY)
        assert text == ENTRY
        assert bibtex.canonical(text) == text

    @pytest.mark.parametrize(
        "value, shown",
        [
            ("6\\% of {HER2}", "6% of HER2"),
            ("6% of all", "6% of all"),
            ("Cells---a ``shield'' 2--3", "Cells—a “shield” 2–3"),
            ("\\textit{in vivo} and $x^2$ \\& so", "in vivo and x^2 & so"),
            ("{\\'E}tude~2", "Étude 2"),
        ],
    )
    def test_plain_text(self, value, shown):
        assert bibtex.text("title", value) == shown

    @pytest.mark.parametrize(
        "author, people, more",
        [
            (
                "{World Health Organization} and Abel, A.",
                [("World Health Organization", ""), ("Abel", "A.")],
                False,
            ),
            ("{National Institute for Health and Care Excellence}", None, False),
            ("van der Zee, J and King, Jr, Martin", [("van der Zee", "J"), ("King Jr", "Martin")], False),
            ('{Zum V\\"orde Sive V\\"ording}, P. J.', [("Zum Vörde Sive Vörding", "P. J.")], False),
            ('G{\\"u}th, Uwe and others', [("Güth", "Uwe")], True),
            ("Pfizer", [("Pfizer", "")], False),
            ("", [], False),
        ],
    )
    def test_names(self, author, people, more):
        expected = [(author.strip("{}"), "")] if people is None else people
        found, goes_on = bibtex.names(author)
        assert ([(name.family, name.given) for name in found], goes_on) == (expected, more)


class TestLoad:
    def test_a_reference_in_plain_text(self, room):
        work = references.load()["abel2019skin"]
        assert (work.title, work.year, work.doi, work.pmid, work.pmcid, work.url) == (
            "Skin and HER2", "2019", "10.1000/abc.1", "123", "PMC456", "https://example.org/a",
        )  # fmt: skip
        assert [name.family for name in work.authors] == ["Abel", "Baker"]
        assert (work.status, work.seen_as, work.line, work.label) == ("complete", "abstract", 1, "Abel 2019")
        assert work.fields["pages"] == "12–19"

    def test_a_change_is_seen_at_the_next_call(self, room):
        assert references.load()["abel2019skin"].year == "2019"
        room(ENTRY.replace("{2019}", "{2020} "))
        assert references.load()["abel2019skin"].year == "2020"

    @pytest.mark.parametrize("name", [files.BIB, files.LEDGER])
    def test_a_missing_file(self, room, name):
        (room() / name).unlink()
        with pytest.raises(SkinmetError, match=f"{name}: the file is missing"):
            references.load()
        assert [str(p) for p in references.check() if p.file == name and "missing" in p.found]

    def test_every_fault_at_once(self, room):
        room(ENTRY + entry("b2019x", author="A, b, c, d") + "oops\n", ROW + row("b2019x") + "x,y\n")
        with pytest.raises(SkinmetError) as raised:
            references.load()
        where = [(p.file, p.line) for p in raised.value.problems]
        assert where == [(files.BIB, 18), (files.LEDGER, 4), (files.BIB, 16)]

    def test_crlf_and_byte_order_mark_are_read_and_found_uncanonical(self, room):
        root = room()
        for name in (files.BIB, files.LEDGER):
            data = (root / name).read_bytes()
            (root / name).write_bytes(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))
        assert references.load()["abel2019skin"].line == 1
        assert [(p.file, p.line) for p in references.check()] == [(files.LEDGER, 1), (files.BIB, 1)]


class TestCite:
    def test_a_link(self, room):
        assert references.cite("abel2019skin") == "[Abel 2019](#ref-abel2019skin)"

    def test_what_is_not_known_is_not_hidden(self, room):
        room(ENTRY + entry("anonndskin", title="T"), ROW + row("anonndskin"))
        assert references.cite("anonndskin") == "[Anon. n.d., incomplete](#ref-anonndskin)"

    def test_works_that_share_a_label_get_letters_by_key(self, room):
        keys = [f"abel2019{letter}" for letter in "zxy"]
        bib = "".join(entry(key, author="Abel, A and Baker, B", year="2019", title=key) for key in keys)
        bib += "".join(entry(f"anonnd{n:02}", title="T") for n in range(28))
        room(bib, "".join(row(key, "traceable") for key in [*keys, *(f"anonnd{n:02}" for n in range(28))]))
        labels = {key: work.label for key, work in references.load().items()}
        assert [labels[f"abel2019{letter}"] for letter in "xyz"] == ["Abel 2019a", "Abel 2019b", "Abel 2019c"]
        assert [labels[f"anonnd{n:02}"] for n in (0, 25, 26, 27)] == [
            "Anon. n.d.-a", "Anon. n.d.-z", "Anon. n.d.-aa", "Anon. n.d.-ab",
        ]  # fmt: skip

    def test_several_keys_as_the_tables_write_them(self, room):
        room(ENTRY + entry("b2019x", author="Baker, Bo", title="T"), ROW + row("b2019x", "traceable"))
        assert references.cite("b2019x; abel2019skin") == (
            "[Baker n.d.](#ref-b2019x); [Abel 2019](#ref-abel2019skin)"
        )

    def test_markdown_in_a_name_stays_text(self, room):
        room(ENTRY.replace("{Abel, Anna", "{{A*b_[x] <b>}, Anna"))
        assert references.cite("abel2019skin") == r"[A\*b\_\[x\] \<b\> 2019](#ref-abel2019skin)"

    @pytest.mark.parametrize(
        "key, hint", [("abel2019skn", "nearest: abel2019skin"), ("", "empty"), ("qqq", "qqq")]
    )
    def test_an_unknown_key(self, room, key, hint):
        for call in (lambda: references.cite(key), lambda: references.bibliography([key])):
            with pytest.raises(SkinmetError, match="no work has this key") as raised:
                call()
            assert hint in str(raised.value)

    def test_what_was_cited_is_remembered_in_order(self, room, monkeypatch):
        monkeypatch.setattr("skinmet.references.works._cited", {})
        room(ENTRY + entry("b2019x", title="T"), ROW + row("b2019x"))
        for key in ("b2019x", "abel2019skin; b2019x", "b2019x"):
            references.cite(key)
        assert references.cited() == ["b2019x", "abel2019skin"]


class Tags(HTMLParser):
    """Collects opened elements and their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


class TestBibliography:
    def test_an_entry(self, room):
        assert references.bibliography(["abel2019skin"]) == (
            '<ul class="references">\n'
            '<li id="ref-abel2019skin"><b>Abel 2019</b>: Abel A, Baker B. Skin and HER2. Journal of Tests. '
            '2019;1(2):12–19. <a href="https://doi.org/10.1000/abc.1">doi:10.1000/abc.1</a>. '
            '<a href="https://pubmed.ncbi.nlm.nih.gov/123/">PMID 123</a>. <i>Abstract read.</i></li>\n'
            "</ul>"
        )

    def test_every_link_of_cite_has_its_anchor(self, room):
        link = references.cite("abel2019skin")
        anchors = [attrs.get("id") for _, attrs in Tags(references.bibliography(["abel2019skin"])).found]
        assert re.search(r"\(#(.*)\)", link)[1] in anchors

    def test_no_blank_line_would_end_the_html_in_markdown(self, room):
        assert "\n\n" not in references.bibliography(["abel2019skin"])

    def test_order_and_repeats(self, room):
        works = {
            "z": "Öberg, A", "y": "Olsen, A", "x": "van Dijk, A", "w": "abbot, A", "v": "Oak, A",
        }  # fmt: skip
        bib = "".join(
            entry(f"{key}2019x", author=name, year="2019", title="T") for key, name in works.items()
        )
        bib += entry("yndx", author="Olsen, B", title="T") + entry(
            "y2001x", author="Olsen, C", year="2001", title="T"
        )
        keys = [*(f"{key}2019x" for key in works), "yndx", "y2001x"]
        room(bib, "".join(row(key) for key in keys))
        text = references.bibliography([*keys, "y2019x; z2019x"])
        assert re.findall(r'id="ref-(\w+)"', text) == [
            "w2019x", "v2019x", "z2019x", "y2001x", "y2019x", "yndx", "x2019x",
        ]  # fmt: skip

    def test_none(self, room):
        assert references.bibliography([]) == ""

    @pytest.mark.parametrize(
        "seen_as, status, words",
        [
            ("fulltext", "complete", "<i>Full text read.</i>"),
            ("secondary", "traceable", "<i>Not read itself: known through a later work.</i>"),
            ("abstract", "incomplete", "<i>Abstract read. Incomplete reference: what is known is shown.</i>"),
        ],
    )
    def test_it_says_what_was_read(self, room, seen_as, status, words):
        room(rows=row("abel2019skin", status, seen_as))
        assert words in references.bibliography(["abel2019skin"])

    @pytest.mark.parametrize(
        "gone, link",
        [
            (["doi", "pmid"], '<a href="https://pmc.ncbi.nlm.nih.gov/articles/PMC456/">PMC456</a>'),
            (["doi", "pmid", "pmcid"], '<a href="https://example.org/a">example.org</a>'),
            (["doi", "pmid", "pmcid", "url"], None),
        ],
    )
    def test_the_best_link_there_is(self, room, gone, link):
        room(re.sub(rf"  ({'|'.join(gone)}) = .*\n", "", ENTRY))
        text = references.bibliography(["abel2019skin"])
        assert link in text if link else "<a" not in text

    @pytest.mark.parametrize("pages", ["1--10", "98--103", "1148--1155", "S12--S19"])
    def test_pages_stand_in_full(self, room, pages):
        room(ENTRY.replace("12--19", pages))
        first, last = pages.split("--")
        assert re.search(rf":{first}[-–]{last}\.", references.bibliography(["abel2019skin"]))

    def test_no_html_comes_in_from_the_bibliography(self, room):
        bad = '<script>alert(1)</script><img src=x onerror="a"> <span class="nocase">x</span>'
        bib = entry("b2019x", author=f"{{{bad}}}", title=bad + " 5 < 6 & 7", journal=bad, year="2019",
                    doi='10.1000/a"><b>', url='javascript:alert("1")')  # fmt: skip
        bib += entry("c2019x", title="T", url='https://x.org/"><script>a</script>')
        bib += entry("d2019x", title="T", url="javascript:alert(1)")
        room(bib, row("b2019x") + row("c2019x") + row("d2019x"))
        text = references.bibliography(["b2019x", "c2019x", "d2019x"])
        assert {tag for tag, _ in Tags(text).found} == {"ul", "li", "b", "a", "i"}
        assert all(set(attrs) <= {"class", "id", "href"} for _, attrs in Tags(text).found)
        assert "javascript" not in text.replace("&", "")
        assert "5 &lt; 6 &amp; 7" in text

    @pytest.mark.parametrize(
        "change, shown",
        [
            (("Abel, Anna and Baker, Bo", "Abel, JPA and Baker, H-O"), "Abel JPA, Baker HO."),
            (("Abel, Anna and Baker, Bo", "Abel, Anna and others"), "Abel A, et al. Skin"),
            (
                ("Abel, Anna and Baker, Bo", "{World Health Organization}"),
                ": World Health Organization. Skin",
            ),
            (("{Skin and {HER2}}", "{Is it skin?}"), "Is it skin? Journal"),
            (("12--19", "357--"), ":357."),
            (("12--19", "e1024"), ":e1024."),
            (("  year = {2019},\n", ""), "Skin and HER2. Journal of Tests. 1(2):12–19."),
            (("@article", "@misc"), "Skin and HER2."),
        ],
    )
    def test_style(self, room, change, shown):
        room(ENTRY.replace(*change))
        assert shown in re.sub("<.*?>", "", references.bibliography(["abel2019skin"]))

    def test_citeproc_is_loaded_only_for_a_list(self):
        code = (
            "import sys; from skinmet import references; "
            "references.cite('bastard2019cutaneous'); print('lxml' in sys.modules)"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert run.stdout.strip() == "False"


def replaced(old, new):
    assert old in ENTRY
    return ENTRY.replace(old, new)


FAULTS = {
    "doi with resolver text": (replaced("10.1000/abc.1", "abc.1"), 9, "doi", "malformed doi"),
    "doi with a full stop": (replaced("abc.1}", "abc.1.}"), 9, "doi", "malformed doi"),
    "pmid": (replaced("{123}", "{PMID 123}"), 10, "pmid", "malformed pmid"),
    "pmid too long": (replaced("{123}", "{123456789}"), 10, "pmid", "malformed pmid"),
    "pmcid": (replaced("PMC456", "456"), 11, "pmcid", "malformed pmcid"),
    "month in the year": (replaced("{2019},\n  vol", "{2019 Mar},\n  vol"), 5, "year", "malformed year"),
    "year with two digits": (replaced("{2019},\n  vol", "{19},\n  vol"), 5, "year", "malformed year"),
    "url": (replaced("https://example.org/a", "example.org"), 12, "url", "malformed url"),
    "two urls": (replaced("org/a", "org/a https://b.org"), 12, "url", "malformed url"),
    "pages in words": (replaced("12--19", "pp. 12"), 8, "pages", "malformed pages"),
    "pages backwards": (replaced("12--19", "19--12"), 8, "pages", "malformed pages"),
    "organisation without braces": (
        replaced("Baker, Bo", "World Health Organization"),
        2,
        "author",
        "last word",
    ),
    "initials for a family name": (replaced("Baker, Bo", "Baker B"), 2, "author", "last word of this name"),
    "others in the middle": (replaced("Abel, Anna", "others"), 2, "author", "a shortened list"),
    "et al.": (replaced("Baker, Bo", "et al."), 2, "author", "a shortened list"),
    "an empty name": (replaced("Abel, Anna and", "Abel, Anna and and"), 2, "author", "an empty name"),
    "too many commas": (replaced("Baker, Bo", "A, b, c, d"), 2, "author", "Too many commas"),
    "a comma at the end": (replaced("Baker, Bo", "Baker,"), 2, "author", "Trailing comma"),
    "entry type": (replaced("@article", "@artcle"), 1, None, "unknown entry type"),
    "no author": (replaced("  author = {Abel, Anna and Baker, Bo},\n", ""), 1, None, "without author"),
    "no title": (replaced("  title = {Skin and {HER2}},\n", ""), 1, None, "without title"),
    "no year": (replaced("  year = {2019},\n", ""), 1, None, "without year"),
    "no journal": (replaced("  journal = {Journal of Tests},\n", ""), 1, None, "without journal"),
    "a chapter without its book": (replaced("@article", "@incollection"), 1, None, "without booktitle"),
    "keywords differ": (replaced("{complete}", "{traceable}"), 13, "keywords", "disagree on the status"),
    "no keywords": (replaced("  keywords = {complete},\n", ""), 1, "keywords", "disagree on the status"),
}
LEDGER_FAULTS = {
    "a column too few": (ROW + "b2019x,complete\n", 3, None, "the row has 2 cells, the header 8"),
    "an unquoted comma": (ROW.replace(",,,\n", ",,,a, b\n"), 2, None, "the row has 9 cells"),
    "an empty line": (ROW + "\n", 3, None, "not in canonical form from here on"),
    "a row twice": (ROW + ROW, 3, "citekey", "a second row for this work (first in line 2)"),
    "an unknown status": (ROW.replace("complete", "done"), 2, "status", "not one of the words"),
    "an unknown seen_as": (ROW.replace("abstract", ""), 2, "seen_as", "not one of the words"),
    "a row without entry": (ROW + row("abel2019skn"), 3, "citekey", "no entry has this key"),
    "an open quotation": (ROW + '"b2019x,complete\n', 3, None, "the row can't be read"),
    "no date": (ROW.replace(",,,\n", ",31.1.2026,Kim,\n"), 2, "checked_on", "not a date"),
}


class TestCheck:
    def test_a_clean_room(self, room):
        assert references.check(room()) == []

    @pytest.mark.parametrize("bib, line, column, found", FAULTS.values(), ids=FAULTS)
    def test_faults_of_an_entry(self, room, bib, line, column, found):
        room(bib)
        problems = references.check()
        hits = [p for p in problems if found in p.found]
        assert hits, problems
        assert (hits[0].file, hits[0].line, hits[0].column) == (files.BIB, line, column)
        assert "abel2019skin" in hits[0].found
        assert hits[0].remedy

    @pytest.mark.parametrize("rows, line, column, found", LEDGER_FAULTS.values(), ids=LEDGER_FAULTS)
    def test_faults_of_the_ledger(self, room, rows, line, column, found):
        room(rows=rows)
        (problem,) = references.check()
        assert (problem.file, problem.line, problem.column) == (files.LEDGER, line, column)
        assert found in problem.found

    def test_the_line_of_a_row_after_a_cell_with_a_line_break(self, room):
        room(rows=ROW.replace(",,,\n", ',,,"two\nlines"\n') + row("q2019x"))
        assert [(p.line, p.value) for p in references.check()] == [(4, "q2019x")]

    def test_an_unexpected_header(self, room):
        room(header="citekey,status\n")
        (problem,) = references.check()
        assert (problem.file, problem.line) == (files.LEDGER, 1)
        assert "checked_on" in problem.remedy

    def test_an_entry_without_row(self, room):
        room(ENTRY + "\n" + entry("b2019x", title="T"))
        (problem,) = references.check()
        assert (problem.file, problem.line) == (files.BIB, 16)
        assert "b2019x has no row in the ledger" in problem.found

    def test_a_broken_entry_is_not_missed_in_the_ledger_too(self, room):
        room(ENTRY + "\n@article{b2019x,\n  title = {T,\n}\n", ROW + row("b2019x"))
        (problem,) = references.check()
        assert problem.line == 16

    def test_a_key_of_another_form(self, room):
        room(ENTRY.replace("abel2019skin", "Abel_2019"), ROW.replace("abel2019skin", "Abel_2019"))
        (problem,) = references.check()
        assert "not of the usual form" in problem.found

    @pytest.mark.parametrize(
        "name, value", [("doi", "https://doi.org/10.1000/ABC.1"), ("pmid", "123"), ("pmcid", "PMC456")]
    )
    def test_two_keys_for_one_work(self, room, name, value):
        room(
            ENTRY + "\n" + entry("b2019x", title="T", **{name: value}, keywords="incomplete"),
            ROW + row("b2019x"),
        )
        problem = next(p for p in references.check() if p.column == name)
        assert problem.line == 18
        assert f"b2019x: abel2019skin (line 1) has the same {name}" in problem.found

    def test_traceable_without_anything_to_trace(self, room):
        bib = re.sub(r"  (doi|pmid|pmcid) = .*\n", "", ENTRY).replace("{complete}", "{traceable}")
        room(bib, ROW.replace("complete", "traceable"))
        (problem,) = references.check()
        assert "without DOI, PMID or PMCID" in problem.found

    @pytest.mark.parametrize("name", [files.BIB, files.LEDGER])
    def test_not_utf8(self, room, name):
        root = room()
        (root / name).write_bytes((root / name).read_bytes() + "\nGüth".encode("latin-1"))
        problem = next(p for p in references.check() if p.file == name)
        assert "not UTF-8" in problem.found
        assert problem.line == (root / name).read_bytes().count(b"\n") + 1

    def test_not_in_canonical_form(self, room):
        extra = entry("aaa2019x", title="T", keywords="incomplete")
        room(ENTRY.replace("12--19", "12-19") + "\n" + extra, ROW + row("aaa2019x"))
        problems = references.check()
        assert [(p.file, p.line) for p in problems] == [(files.LEDGER, 2), (files.BIB, 1)]
        assert all("skinmet fmt" in p.remedy for p in problems)
        room(ENTRY.replace("12--19", "12-19"))
        assert [(p.file, p.line) for p in references.check()] == [(files.BIB, 8)]
        room(ENTRY + "\n")
        assert [(p.file, p.line) for p in references.check()] == [(files.BIB, 15)]


class TestCanonicalFiles:
    def test_both_files_are_put_right(self, room):
        extra = entry("aaa2019x", title="T", keywords="incomplete")
        root = room(ENTRY + extra, ROW + row("aaa2019x"))
        sources = files.read(root)
        made = files.canonical_files(sources)
        assert all(made[name].encode() != sources.raw[name] for name in (files.BIB, files.LEDGER))
        for name, text in made.items():
            (root / name).write_text(text, encoding="utf-8", newline="\n")
        assert files.canonical_files(files.read(root)) == made
        assert references.check() == []
        with open(root / files.LEDGER, newline="") as handle:
            assert [r["citekey"] for r in csv.DictReader(handle)] == ["aaa2019x", "abel2019skin"]

    def test_a_ledger_saved_by_a_spreadsheet_is_read_and_named(self, room):
        root = room(ENTRY)
        plain = (root / files.LEDGER).read_bytes()
        for spoilt, words in (
            (b"\xef\xbb\xbf" + plain, "begins with a byte order mark"),
            (plain.replace(b"\n", b"\r\n"), "lines end the Windows way"),
            (separated_by(";")(plain), "cells are separated by semicolons"),
            (plain + b",,,,,,,\n\n", "not in canonical form from here on"),
            (plain.replace(b",complete,", b", complete ,"), "not in canonical form from here on"),
        ):
            (root / files.LEDGER).write_bytes(spoilt)
            (problem,) = references.check()
            assert problem.file == files.LEDGER and words in problem.found
            assert files.canonical_files(files.read(root))[files.LEDGER].encode() == plain

    def test_one_work_under_two_keys(self, room):
        title = "Skin metastases of breast cancer in {Köln}: a case"
        twin = entry("abel2020skin", title=title, year="2019", keywords="incomplete")
        other = entry("abel2021skin", title=title, year="2021", keywords="incomplete")
        first = entry(
            "aaa2019skin", title=title.replace("ö", '\\"o').upper(), year="2019", keywords="incomplete"
        )
        rows = row("aaa2019skin") + row("abel2020skin") + row("abel2021skin")
        room(first + "\n" + twin + "\n" + other, rows)
        found = [p for p in references.check() if "same title" in p.found]
        assert [(p.column, p.found) for p in found] == [
            ("title", "abel2020skin: aaa2019skin (line 1) has the same title")
        ]
