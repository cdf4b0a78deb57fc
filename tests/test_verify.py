"""`skinmet verify`: what it finds, that it is polite and patient, and writes only what is accepted."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crossref_server as server
import small_project
from skinmet.references import compare, crossref, files
from skinmet.references.bibtex import Entry
from skinmet.references.crossref import Crossref, NoAnswer
from skinmet.review import accept, canonical, check, verify
from small_project import Project

DOI = "10.5555/invented.one"
# The work as the bibliography has it, and Crossref's record that agrees with it.
FIELDS = {
    "author": "Example, A. and van der Placeholder, B. and Müller, C.",
    "title": "Invented nodules of the {HER2} skin",
    "journal": "Journal of Invented Examples",
    "year": "2020",
    "volume": "12",
    "number": "3",
    "pages": "1082--1092",
    "doi": DOI,
}
PEOPLE = [
    {"given": "Ada", "family": "Example", "sequence": "first", "affiliation": []},
    {"given": "Bertil", "family": "van der Placeholder", "sequence": "additional"},
    {"given": "Cara", "family": "Mueller", "sequence": "additional"},
]
RECORD = server.record(
    DOI, "Invented nodules of the <i>HER2</i> skin", author=PEOPLE, volume="12", issue="3", page="1082-1092",
    issued={"date-parts": [[2020, 5, 1]]}, **{"container-title": ["Journal of Invented Examples"]},
)  # fmt: skip
KEY = "example2020invented"


def entry(**fields):
    return Entry(KEY, "article", {name: value for name, value in {**FIELDS, **fields}.items() if value})


def differing(ours=None, **theirs):
    _, found = compare.compare(entry(**(ours or {})), {**RECORD, **theirs})
    return {one.field: (one.old, one.new) for one in found}


# Field by field


def test_what_agrees_agrees():
    agreed, found = compare.compare(entry(), RECORD)
    assert found == [] and set(agreed) == {"type", *FIELDS}


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ({"volume": "13"}, {"volume": ("12", "13")}),
        ({"issue": "4"}, {"number": ("3", "4")}),
        ({"page": "1082-1093"}, {"pages": ("1082--1092", "1082--1093")}),
        ({"title": ["Invented &amp; others"]}, {"title": (FIELDS["title"], "Invented & others")}),
        ({"container-title": ["Another Journal"]}, {"journal": (FIELDS["journal"], "Another Journal")}),
        ({"issued": {"date-parts": [[2018]]}}, {"year": ("2020", "2018")}),
        ({"type": "book-chapter"}, {"type": ("article", "incollection")}),
        ({"DOI": "10.5555/alias"}, {"doi": (DOI, "10.5555/alias")}),
        ({"author": PEOPLE[:1]}, {"author": (FIELDS["author"], "Example, Ada")}),
        # said in another way
        ({"volume": "012"}, {}),
        ({"page": "1082-92"}, {}),
        ({"page": "1082"}, {}),
        ({"page": None, "article-number": "1082--1092"}, {}),
        ({"title": ["RETRACTED: Invented nodules of the HER2 skin"]}, {}),
        ({"title": ["Invented nodules"], "subtitle": ["of the HER2 skin"]}, {}),
        ({"container-title": ["J. Invent. Ex."]}, {}),
        ({"container-title": ["X"], "short-container-title": ["J Invent Examples"]}, {}),
        ({"issued": {"date-parts": [[2019]]}, "published-print": {"date-parts": [[2020, 1]]}}, {}),
        ({"DOI": DOI.upper()}, {}),
        ({"author": [PEOPLE[0], {"family": "Placeholder"}, {"family": "Muller"}]}, {}),
        ({"author": [{"family": "Example"}]}, {"author": (FIELDS["author"], "Example")}),
        # nothing said
        ({"volume": None, "issue": "", "page": "", "issued": {"date-parts": [[None]]}}, {}),
        ({"issued": {}, "container-title": [], "author": None, "title": []}, {}),
        ({"issued": {"date-parts": []}, "container-title": None, "author": "none", "title": None}, {}),
        ({"issued": None, "volume": 12, "author": [{}], "relation": [], "updated-by": {}}, {}),
    ],
)  # fmt: skip
def test_one_difference_at_a_time(theirs, expected):
    assert differing(**theirs) == expected


def test_what_is_missing_here_is_proposed():
    assert differing({"volume": "", "pages": ""}) == {"volume": ("", "12"), "pages": ("", "1082--1092")}


def test_a_list_that_breaks_off_is_made_whole():
    _, found = compare.compare(entry(author="Example, A. and others", pages="1082--"), RECORD)
    assert {one.field: one.fuller for one in found} == {"author": True, "pages": True}
    _, found = compare.compare(entry(author="Other, A. and others"), RECORD)
    assert [one.fuller for one in found] == [False]
    assert differing({"author": FIELDS["author"] + " and others"}) == {}


def test_a_very_long_list_of_authors():
    crowd = [{"family": f"Example{n}", "given": "A."} for n in range(3000)]
    found = differing(author=crowd)["author"][1]
    assert found.count(" and ") == 2999
    assert differing({"author": found}, author=crowd) == {}


def test_an_organisation_stays_one():
    people = [{"name": "Example Study Group, Nowhere", "sequence": "first"}]
    assert differing(author=people)["author"][1] == "{Example Study Group, Nowhere}"


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ({}, {}, True),
        ({}, {"title": ["Invented nodule of HER2 skin"]}, True),
        ({}, {"title": ["Quite another thing"]}, True),  # first author, year, volume and pages agree
        ({}, {"title": ["Quite another thing"], "page": "7"}, False),
        ({}, {"title": ["Quite another thing"], "author": PEOPLE[1:]}, False),
        ({}, {"title": ["Quite another thing"], "issued": {"date-parts": [[2010]]}}, False),
        ({"title": ""}, {}, True),
        ({"title": "", "author": ""}, {}, False),
    ],
)
def test_whether_it_is_the_same_work(ours, theirs, same):
    assert compare.same_work(entry(**ours), {**RECORD, **theirs}) is same


NOTICE = {"DOI": "10.5555/notice", "type": "retraction", "label": "Retraction", "source": "retraction-watch",
          "updated": {"date-parts": [[2023, 1, 1]]}}  # fmt: skip


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ({}, []),
        ({"updated-by": [NOTICE]}, [("retraction", "10.5555/notice")]),
        ({"updated-by": [{"DOI": "10.5555/c", "type": "correction"}, NOTICE, NOTICE]},
         [("retraction", "10.5555/notice"), ("correction", "10.5555/c")]),
        ({"updated-by": [{"DOI": "10.5555/e", "type": "expression_of_concern"}]},
         [("expression of concern", "10.5555/e")]),
        ({"update-to": [{"DOI": "10.5555/other", "type": "retraction"}]},
         [("itself a notice (retraction)", DOI)]),
        ({"update-to": [{"DOI": DOI, "type": "new_version"}]}, []),
        ({"relation": {"is-corrected-by": [{"id-type": "doi", "id": "10.5555/c"}], "cites": []}},
         [("correction", "10.5555/c")]),
        ({"title": ["RETRACTED ARTICLE: Invented nodules"]}, [("retraction", "")]),
        ({"title": ["Expression of Concern: Invented nodules"]}, [("expression of concern", "")]),
        ({"title": ["RETRACTED: Invented"], "updated-by": [NOTICE]}, [("retraction", "10.5555/notice")]),
        ({"updated-by": [None, {}, "x"]}, [("", "")]),
    ],
)  # fmt: skip
def test_notices(theirs, expected):
    assert [(one.kind, one.doi) for one in compare.notices({**RECORD, **theirs})] == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=600, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(st.sampled_from(crossref.FIELDS), JSON))
def test_a_record_of_any_shape_is_compared(theirs):
    record = {**RECORD, **theirs}
    compare.same_work(entry(), record)
    compare.compare(entry(), record)
    compare.notices(record)


# At the door


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self):
        self.now, self.slept = 0.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def http():
    running = server.Server()
    running.works[DOI] = RECORD
    yield running
    running.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def door(http, clock, tmp_path):
    def door(address="reader@example.org", **options):
        options = {"timeout": 5.0, **options}
        return Crossref(tmp_path / "answers", http.url, address, sleep=clock.sleep, clock=clock, **options)

    return door


def test_a_work_is_asked_for_politely_and_once(door, http):
    answer = door().work(DOI)
    assert answer.record["volume"] == "12" and "publisher" not in answer.record
    ((path, _, headers),) = http.asked
    assert path == "/works/10.5555%2Finvented.one"
    assert "mailto:reader@example.org" in headers["User-Agent"] and "skinmet/" in headers["User-Agent"]
    assert door().work(DOI) == answer and len(http.asked) == 1


@pytest.mark.parametrize(
    "doi", ["10.5555/(SICI)1097<1::AID>3.0;2-X", "10.5555/a b", "10.5555/a?b#c%2f", "10.5555/ü"]
)
def test_any_doi_arrives_as_it_is(door, http, doi):
    http.works[doi] = server.record(doi)
    assert door().work(doi).record["DOI"] == doi


def test_a_pause_lies_between_questions(door, clock, http):
    http.works["10.5555/two"] = server.record("10.5555/two")
    crossref_ = door()
    crossref_.work(DOI), crossref_.work("10.5555/two")
    assert clock.slept == [crossref.INTERVAL]
    clock.slept.clear()
    anonymous = door(None)
    anonymous.work("10.5555/three"), anonymous.work("10.5555/four")
    assert clock.slept == [crossref.INTERVAL_ANONYMOUS]
    assert "mailto" not in http.asked[-1][2]["User-Agent"]


def test_an_unknown_doi_is_no_error(door, http):
    assert door().work("10.5555/nothing").record is None
    assert door().work("10.5555/nothing").record is None and len(http.asked) == 1


def test_the_nearest_works(door, http):
    http.near = lambda text: [RECORD] if "nodules" in text else []
    (answer,) = door().nearest("Invented nodules & more")
    assert answer.record["DOI"] == DOI and answer.source.endswith("/works/10.5555%2Finvented.one")
    path, query, _ = http.asked[0]
    assert path == "/works" and query == {"query.bibliographic": ["Invented nodules & more"], "rows": ["3"]}
    assert door().nearest("nothing") == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (server.BROKEN, "a fault of its own (500)"),
        (server.PAGE, "not what Crossref sends"),
        (server.EMPTY, "not what Crossref sends"),
        (server.TRUNCATED, "not what Crossref sends"),
        (server.STRANGE, "not what Crossref sends"),
        ((404, {"Content-Type": "text/html"}, b"<html>"), "did not take the question (404)"),
        ((400, {}, b""), "did not take the question (400)"),
        ((301, {"Location": "/x"}, b""), "did not take the question (301)"),
        (server.REFUSED, "refuses to answer (403)"),
        (server.BUSY, "asked too often (429)"),
        (0.0, "broke off"),
    ],
)
@pytest.mark.parametrize("ask", ["work", "nearest"])
def test_each_fault_has_its_words(door, http, fault, words, ask):
    http.faults = [fault] * 9
    with pytest.raises(NoAnswer) as error:
        getattr(door(), ask)("10.5555/x")
    assert words in str(error.value)


@pytest.mark.parametrize(
    "fault", [server.BROKEN, server.PAGE, server.EMPTY, server.TRUNCATED, server.BUSY, 0.0]
)
def test_a_passing_fault_passes(door, http, fault):
    http.faults = [fault]
    assert door().work(DOI).record["volume"] == "12" and len(http.asked) == 2


def test_waits_grow_and_have_an_end(door, http, clock, monkeypatch):
    monkeypatch.setattr(crossref, "ATTEMPTS", 9)
    http.faults = [server.BROKEN] * 9
    with pytest.raises(NoAnswer):
        door().work(DOI)
    waits = [wait for wait in clock.slept if wait > 0]
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize(
    "when", ["11", lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=12), usegmt=True)]
)
def test_crossref_says_how_long_to_wait(door, http, clock, when):
    http.faults = [(429, {"Retry-After": when if isinstance(when, str) else when()}, b"")]
    door().work(DOI)
    assert 10 <= max(clock.slept) <= 12


@pytest.mark.parametrize("when", ["soon", "-1", "Mon, 99 Foo"])
def test_a_senseless_wait_is_our_own(door, http, clock, when):
    http.faults = [(503, {"Retry-After": when}, b"")]
    door().work(DOI)
    assert max(clock.slept) == crossref.FIRST_WAIT


def test_nobody_waits_for_hours(door, http, clock):
    http.faults = [(429, {"Retry-After": "86400"}, b"")]
    with pytest.raises(NoAnswer, match="asks to wait 86400 s") as error:
        door().work(DOI)
    assert error.value.final and clock.slept == []


def test_silence_has_an_end(door, http):
    http.faults = [0.5] * 9
    start = time.monotonic()
    with pytest.raises(NoAnswer, match="did not answer in time"):
        door(timeout=0.05).work(DOI)
    assert time.monotonic() - start < 3


def test_nobody_there(tmp_path, clock):
    nobody = Crossref(tmp_path, "http://127.0.0.1:9", None, sleep=clock.sleep, clock=clock)
    with pytest.raises(NoAnswer, match="can't be reached") as error:
        nobody.work(DOI)
    assert error.value.final


@pytest.mark.parametrize("url", ["ftp://example.org", "nonsense", "http://", "http://[", "http://a b"])
def test_a_wrong_address_is_told(tmp_path, clock, url):
    with pytest.raises(NoAnswer):
        Crossref(tmp_path, url, None, sleep=clock.sleep, clock=clock).work(DOI)
    assert sum(clock.slept) < 100


@pytest.mark.parametrize("spoil", [b"", b"{", b"[]", b'{"when": "x", "asked": 1}'])
def test_a_spoiled_memory_is_asked_again(door, http, tmp_path, spoil):
    door().work(DOI)
    (path,) = (tmp_path / "answers").iterdir()
    path.write_bytes(spoil)
    assert door().work(DOI).record["volume"] == "12" and len(http.asked) == 2


def test_an_old_answer_is_asked_again(door, http, tmp_path):
    door().work(DOI)
    (path,) = (tmp_path / "answers").iterdir()
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "when": (datetime.now(UTC) - timedelta(days=31)).isoformat()}))
    door().work(DOI)
    assert len(http.asked) == 2


# The bibliography


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    root = small_project.make(tmp_path_factory.mktemp("pristine"))
    sources = files.read(root)
    sources.entries[:] = [
        *sources.entries[:3],
        entry(keywords="complete"),
        Entry("example2021without", "article", {
            "author": "Example, A.", "title": "Invented work without a number of its own", "year": "2021",
            "journal": "Journal of Invented Examples", "keywords": "complete"}),
    ]  # fmt: skip
    kept = {one.key for one in sources.entries}
    blank = dict.fromkeys(files.LEDGER_COLUMNS, "")
    for key in list(sources.ledger):
        if key not in kept:
            del sources.ledger[key]
    for key, confirmed in ((KEY, "author;volume;title (part)"), ("example2021without", "")):
        sources.ledger[key] = {**blank, "citekey": key, "status": "complete", "seen_as": "abstract",
                               "seen_at": "https://example.org", "fields_confirmed": confirmed}  # fmt: skip
    for name, text in files.canonical_files(sources).items():
        (root / name).write_text(text, encoding="utf-8", newline="")
    (root / canonical.REFERENCES).write_text(
        canonical.references_table(sources), encoding="utf-8", newline=""
    )
    return root


@pytest.fixture
def project(pristine, tmp_path, monkeypatch):
    monkeypatch.setenv("SKINMET_ROOT", str(tmp_path / "project"))
    return Project(pristine, tmp_path / "project")


@pytest.fixture
def run(command, monkeypatch, http):
    """`skinmet verify`, asking the server on this machine."""
    monkeypatch.setattr(crossref, "INTERVAL_ANONYMOUS", 0.0)
    monkeypatch.setattr(crossref, "FIRST_WAIT", 0.0)
    asking = ("--base-url", http.url)
    return lambda *words: command("verify", *(() if "--accept" in words else asking), *words)


def texts(root):
    return {name: (root / name).read_bytes() for name in (files.BIB, files.LEDGER, canonical.REFERENCES)}


def proposals(root):
    return json.loads((root / verify.PROPOSALS).read_text())


def test_nothing_to_say(project, run):
    before = texts(project.root)
    code, out, err = run(KEY)
    assert (code, out) == (0, "") and "1 reference compared with Crossref: 0 proposals, 0 notices" in err
    assert texts(project.root) == before
    assert set(proposals(project.root)["agreed"][KEY]) == {"type", *FIELDS}


def test_differences_are_proposed_and_nothing_is_written(project, run, http):
    http.works[DOI] = {**RECORD, "volume": "13", "issue": "4", "page": "1-9"}
    before = texts(project.root)
    code, out, _ = run(KEY)
    assert code == 1 and texts(project.root) == before
    line = next(n for n, text in enumerate(before[files.BIB].decode().split("\n"), 1) if KEY in text)
    assert f"{files.BIB}:{line}: [volume] {KEY}: 12 here, seen in a source; Crossref has 13" in out
    assert f"[number] {KEY}: 3 here; Crossref has 4" in out
    one = proposals(project.root)["proposals"][0]
    assert (one["field"], one["old"], one["new"], one["seen"]) == ("volume", "12", "13", True)
    assert one["source"].startswith(http.url) and datetime.fromisoformat(one["when"])


def test_a_retraction_is_said_first(project, run, http):
    http.works[DOI] = {**RECORD, "volume": "13", "updated-by": [NOTICE]}
    code, out, err = run(KEY)
    assert code == 1 and f"{KEY}: RETRACTION: notice 10.5555/notice" in out.splitlines()[0]
    assert "1 notice" in err


def test_a_doi_that_leads_to_another_work(project, run, http):
    http.works[DOI] = server.record(DOI, "Quite another thing", author=[{"family": "Elsewhere"}])
    near = {**RECORD, "DOI": "10.5555/right"}
    http.near = lambda text: [server.record("10.5555/far", "Farther away"), near]
    code, out, _ = run(KEY)
    assert code == 1 and "leads to another work: “Quite another thing”" in out
    assert "the nearest work has 10.5555/right (titles 100% alike): a proposal, not a finding" in out
    assert [(p["kind"], p["field"]) for p in proposals(project.root)["proposals"]] == [("nearest", "doi")]


def test_a_doi_crossref_does_not_know(project, run, http):
    del http.works[DOI]
    code, out, _ = run(KEY)
    assert code == 1 and f"Crossref does not know its DOI, {DOI}" in out


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("Invented work without a number of its own", True),
        ("Invented work without a number of our own", True),
        ("Invented work without any page of its own", False),  # 88% alike
        ("Invented work with another subject", False),
    ],
)
def test_the_nearest_work_must_be_near(project, run, http, title, found):
    http.near = lambda text: [
        server.record("10.5555/near", title, author=PEOPLE, issued={"date-parts": [[2021]]})
    ]
    code, out, _ = run("example2021without")
    assert code == int(found) and ("the nearest work has 10.5555/near" in out) is found


def test_json_and_a_file_of_ones_own(project, run, http, tmp_path):
    http.works[DOI] = {**RECORD, "volume": "13"}
    code, out, _ = run(KEY, "--format", "json", "--out", tmp_path / "mine" / "proposals.json")
    assert code == 1 and json.loads(out) == json.loads((tmp_path / "mine" / "proposals.json").read_text())


def test_the_net_is_down(project, run, monkeypatch):
    before = texts(project.root)
    code, out, err = run("--base-url", "http://127.0.0.1:9")
    assert code == 1 and out.count("\n") == 1 and "no answer for" in out and "can't be reached" in out
    assert (
        "stopped: Crossref can't be reached" in err
        and "Traceback" not in err
        and texts(project.root) == before
    )


def test_what_was_answered_is_kept_when_the_net_goes_down(project, run, http):
    http.works[DOI] = {**RECORD, "volume": "13"}
    run(KEY)
    http.faults, asked = [server.REFUSED] * 9, len(http.asked)
    code, out, err = run()
    assert len(http.asked) == asked + 1  # refused once, nobody asks again
    assert code == 1 and f"[volume] {KEY}" in out and "refuses to answer" in out and "not asked" in err
    asked = len(http.asked)
    http.faults = []
    run()
    assert len(http.asked) - asked >= 4  # the rest, and nothing twice
    assert sum(path.endswith("invented.one") for path, _, _ in http.asked) == 1


def test_one_bad_answer_does_not_end_the_run_and_three_do(project, run, http):
    http.faults = [server.PAGE] * crossref.ATTEMPTS
    code, out, err = run()
    assert code == 1 and out.count("not what Crossref sends") == 1 and "stopped" not in err
    http.faults = [server.PAGE] * 99
    (project.root / verify.MEMORY).rename(project.root / "elsewhere")
    code, out, err = run()
    assert code == 1 and out.count("not what Crossref sends") == 1 and "stopped" in err
    assert len(http.asked) < 40


@pytest.mark.parametrize(
    "arguments",
    [("--email", "no address"), ("--email", "a@b\r\nX: y"), ("--accept", __file__), ("--accept", "none")],
)
def test_wrong_usage(project, run, arguments):
    code, out, err = run(*arguments)
    assert code == 2 and out == "" and "Error" in err


def test_an_unknown_key_is_told(project, run):
    code, _, err = run("example2020invent")
    assert code == 1 and "no work has this key" in err and KEY in err


def test_a_name_that_can_not_be_split_is_told(project, run):
    project.replace(files.BIB, "author = {Example, A. and van", "author = {Example, A, B, C, D and van")
    code, _, err = run(KEY)
    assert code == 1 and files.BIB in err and "[author]" in err


def test_killed_in_the_middle_it_goes_on_where_it_was(project, http):
    """Dies by SIGKILL with the third question under way; the next run asks for the rest."""
    code = (
        "import sys; from skinmet import cli; from skinmet.references import crossref;"
        "crossref.INTERVAL_ANONYMOUS = 0; sys.argv[0] = 'skinmet'; cli.main()"
    )
    command = [sys.executable, "-c", code, "verify", "--base-url", http.url]
    dois = [one.fields["doi"] for one in files.read(project.root).entries if "doi" in one.fields]
    http.works.update({doi: server.record(doi) for doi in dois})
    http.near = lambda text: []
    quick = (200, server.JSON, server.work(RECORD)[2])
    http.faults = [quick, server.listing([]), 30.0]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while len(http.asked) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    memory = list((project.root / verify.MEMORY).iterdir())
    assert len(memory) == 2 and all(json.loads(path.read_bytes()) for path in memory)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "stopped" not in done.stderr and "compared with Crossref" in done.stderr
    questions = [(path, str(query)) for path, query, _ in http.asked]
    assert max(questions.count(one) for one in questions[:2]) == 1  # answered ones are not asked again


# Accepting


@pytest.fixture
def proposed(project, run, http):
    def proposed(**theirs):
        http.works[DOI] = {**RECORD, **theirs}
        run(KEY)
        return project.root / verify.PROPOSALS

    return proposed


def fields_of(root, key=KEY):
    return next(one.fields for one in files.read(root).entries if one.key == key)


def test_a_person_accepts(project, run, proposed, http):
    path = proposed(volume="13", issue="4")
    code, out, err = run("--accept", path, KEY, "--by", "R. Reader")
    assert code == 0 and out == f"{KEY}: number\n"
    assert f"kept: {KEY}:volume: “12” was seen in a source" in err
    assert fields_of(project.root)["number"] == "4" and fields_of(project.root)["volume"] == "12"
    row = files.read(project.root).ledger[KEY]
    assert row["fields_confirmed"].startswith("author;volume;title (part);number;")
    assert row["seen_at"] == f"https://example.org; {http.url}/works/10.5555%2Finvented.one"
    assert "number as Crossref has it (R. Reader, " in row["notes"] and row["checked_on"] == ""
    assert canonical.fmt(project.root, check=True) == []
    # a second time there is nothing left to write
    before = texts(project.root)
    assert run("--accept", path, KEY, "--by", "R. Reader")[0] == 0
    assert fields_of(project.root)["number"] == "4" and texts(project.root)[files.BIB] == before[files.BIB]


def test_a_field_that_was_seen_is_changed_only_by_name(project, run, proposed):
    path = proposed(volume="13", issue="4")
    code, out, _ = run("--accept", path, f"{KEY}:volume", "--by", "R. Reader")
    assert code == 0 and out == f"{KEY}: volume\n"
    assert fields_of(project.root)["volume"] == "13" and fields_of(project.root)["number"] == "3"
    assert "volume was 12, seen in a source" in files.read(project.root).ledger[KEY]["notes"]


def test_a_doi_found_by_likeness_is_accepted_only_by_name(project, run, http):
    key = "example2021without"
    http.near = lambda text: [server.record("10.5555/near", "Invented work without a number of its own")]
    run(key)
    path = project.root / verify.PROPOSALS
    _, out, err = run("--accept", path, key, "--by", "R. Reader")
    assert out == "" and "found by likeness alone" in err and "doi" not in fields_of(project.root, key)
    assert run("--accept", path, f"{key}:doi", "--by", "R. Reader")[0] == 0
    assert fields_of(project.root, key)["doi"] == "10.5555/near"


def test_a_retraction_goes_into_the_ledger(project, run, proposed):
    path = proposed(**{"updated-by": [NOTICE]})
    assert run("--accept", path, KEY, "--by", "R. Reader")[0] == 0
    notes = files.read(project.root).ledger[KEY]["notes"]
    assert "agrees with Crossref (R. Reader, " in notes and "RETRACTION: notice 10.5555/notice" in notes


def test_the_status_rises_with_what_is_known(project, run, http):
    project.replace(
        files.BIB, "  journal = {Journal of Invented Examples},\n  year = {2020}", "  year = {2020}"
    )
    bib = project.path(files.BIB)
    text = bib.read_text()
    place = text.index(KEY)
    bib.write_text(text[:place] + text[place:].replace("{complete}", "{traceable}", 1))
    project.replace(files.LEDGER, f"{KEY},complete", f"{KEY},traceable")
    run(KEY)
    assert run("--accept", project.root / verify.PROPOSALS, KEY, "--by", "R. Reader")[0] == 0
    assert files.read(project.root).ledger[KEY]["status"] == "complete"
    assert fields_of(project.root)["keywords"] == "complete"
    assert [p for p in check.check(project.root) if p.file in (files.BIB, files.LEDGER)] == []


def test_what_changed_since_is_not_overwritten(project, run, proposed):
    path = proposed(issue="4")
    bib = project.path(files.BIB)
    head, key, tail = bib.read_text().partition(KEY)
    bib.write_text(head + key + tail.replace("number = {3}", "number = {5}", 1))
    before = texts(project.root)
    code, _, err = run("--accept", path, KEY, "--by", "R. Reader")
    assert code == 1 and "was changed since the proposal was made" in err and texts(project.root) == before


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda one: [1], "these are no proposals"),
        (lambda one: [{"key": 1}], "these are no proposals"),
        (lambda one: [{**one, "field": "keywords"}], "no field"),
        (lambda one: [{**one, "new": "}{"}], "neither in braces"),
        (lambda one: [{**one, "field": "pages", "old": FIELDS["pages"], "new": "none"}], "malformed pages"),
    ],
)
def test_spoiled_proposals_write_nothing(project, run, proposed, spoil, words):
    path = proposed(issue="4")
    report = json.loads(path.read_text())
    path.write_text(json.dumps({**report, "proposals": spoil(report["proposals"][0])}))
    before = texts(project.root)
    code, _, err = run("--accept", path, KEY, "--by", "R. Reader")
    assert code == 1 and words in err and texts(project.root) == before


@pytest.mark.parametrize("name", ["bastard2019cutaneous:volume", "nobody2000nothing", f"{KEY}:volume"])
def test_what_is_not_proposed_can_not_be_accepted(project, run, proposed, name):
    path = proposed(issue="4")
    before = texts(project.root)
    code, _, err = run("--accept", path, name, "--by", "R. Reader")
    assert code == 1 and ("nothing is proposed" in err or "no work has this key" in err)
    assert texts(project.root) == before


def test_accepting_needs_a_name(project, run, proposed):
    path = proposed(issue="4")
    assert run("--accept", path, KEY)[0] == 2 and run("--accept", path, "--by", "R. Reader")[0] == 2


def test_accepted_tells_what_it_did(project, proposed):
    done = accept.accept(project.root, proposed(issue="4"), [KEY], "R. Reader", "2026-01-31")
    assert done.written == {KEY: ["number"]} and files.BIB in done.files
