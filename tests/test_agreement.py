"""`skinmet agreement`: two readers compared, by percent and by Cohen's kappa."""

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

import small_project
from planted import FREQ, READER
from skinmet import cli
from skinmet.problems import SkinmetError
from skinmet.review import readers
from skinmet.synthesis import cohen_kappa
from small_project import SHIPPED, Project

# Cohen's kappa


def judged(table):
    """Both readers' words, from a square table of counts: rows the first reader, columns the second."""
    pairs = [(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]
    return [i for i, _ in pairs], [j for _, j in pairs]


def test_kappa_by_hand():
    """Of 50 grants both readers say yes to 20 and no to 15; the first alone says yes to 5, the second to 10.

    observed = 35/50 = 0.7. The first says yes to 25 of 50, the second to 30 of 50, so by chance
    0.5 * 0.6 + 0.5 * 0.4 = 0.5. kappa = (0.7 - 0.5) / (1 - 0.5) = 0.4 (formula: Cohen 1960).
    """
    found = cohen_kappa(*judged([[20, 5], [10, 15]]))
    assert (found.n, found.observed, found.expected) == (50, 0.7, pytest.approx(0.5, abs=1e-12))
    assert found.kappa == pytest.approx(0.4, abs=1e-12)


counts = st.integers(0, 30)


@example([[0, 0, 0], [0, 0, 0], [0, 1, 2]])
@given(st.lists(st.lists(counts, min_size=3, max_size=3), min_size=3, max_size=3))
def test_kappa_and_its_interval_against_statsmodels(table):
    if sum(map(sum, table)) == 0:
        return
    found = cohen_kappa(*judged(table))
    if math.isnan(found.kappa):
        assert found.expected == pytest.approx(1)
        return
    other = cohens_kappa(table)
    assert found.kappa == pytest.approx(other.kappa, abs=1e-9)
    if math.isnan(other.kappa_low):  # a variance of zero, which rounding left below it: theirs has no root
        assert found.ci_low == pytest.approx(found.kappa, abs=1e-6)
        return
    assert found.ci_low == pytest.approx(other.kappa_low, abs=1e-6)
    assert found.ci_high == pytest.approx(min(1, other.kappa_upp), abs=1e-6)


def test_the_ends_of_kappa():
    assert cohen_kappa("abab", "abab").kappa == 1
    assert cohen_kappa("aabb", "abab").kappa == pytest.approx(0)  # as often as chance
    assert cohen_kappa("ab", "ba").kappa == pytest.approx(-1)
    assert math.isnan(cohen_kappa("aaa", "aaa").kappa)
    with pytest.raises(ValueError, match="no pairs"):
        cohen_kappa([], [])
    with pytest.raises(ValueError):
        cohen_kappa("ab", "a")


# The report


def test_the_shipped_tables():
    found = readers.measure(SHIPPED)
    second = Project.read(_Shipped, READER)
    results = [row[second[0].index("result")] for row in second[1:]]
    assert found.overall.read_twice == len(results) == sum(part.read_twice for part in found.tables)
    assert (found.overall.agreed, found.overall.compared) == (
        results.count("agree"),
        len(results) - results.count("not_compared"),
    )
    assert len(found.disagreements) == results.count("disagree")
    assert all(one.resolution and one.differs for one in found.disagreements)
    assert all(part.compared == part.agreed == 0 for part in found.tables if part.share is None)


class _Shipped:
    root = SHIPPED


def test_one_table(project):
    """Z001, Z002 and Z006 to Z015 read rows of the table; one of them is made to differ."""
    file, line = project.set(
        READER, "Z001", {"events": "376", "result": "disagree", "resolution": "Kept 367: the full text."}
    )
    project.set(READER, "Z002", {"result": "not_compared"})
    found = readers.measure(project.root)
    part = next(part for part in found.tables if part.table == FREQ)
    twice = [row for row in project.read(READER) if row[1] == FREQ]
    assert (part.read_twice, part.compared, part.agreed) == (len(twice), len(twice) - 1, len(twice) - 2)
    assert part.share == part.agreed / part.compared
    events = next(one for one in part.figures if one.column == "events")
    assert events.both - events.exact == 1 and events.rounded == 0
    column = project.read(READER)[0].index("events")
    assert events.both == sum(bool(row[column]) for row in twice) - 1  # Z002 has events, and is not compared
    (one,) = found.disagreements
    assert (one.file, one.line, one.row) == (file, line, f"{FREQ}:F001")
    assert one.differs == [("events", "367", "376")] and one.resolution == "Kept 367: the full text."


def test_figures_within_rounding(project):
    """One figure is the other with fewer digits; a neighbour with as many digits is another figure."""
    pairs = {("0.5", "0.52"): True, ("0.52", "0.53"): False, ("1", "1.4"): True, ("1", "1.6"): False}
    assert {pair: readers._rounds(*pair) for pair in pairs} == pairs
    row = next(row for row in project.read(READER) if row[0] == "Z066")
    estimate = row[project.read(READER)[0].index("estimate")]
    shorter = f"{float(estimate):.1f}"
    project.set(READER, "Z066", {"estimate": shorter, "result": "disagree", "resolution": "as printed"})
    (one,) = [one for one in readers.measure(project.root).overall.figures if one.column == "estimate"]
    assert shorter != estimate and (one.both - one.exact, one.rounded) == (1, 1)


def test_words_are_compared_by_kappa(project):
    """All seven are patients for both: no kappa. Then two are cases for one reader, one of them for both."""
    project.set(READER, "Z001", {"unit": "cases", "result": "disagree", "resolution": "Kept."})
    found = {one.column: one for one in readers.measure(project.root).overall.words}
    assert (found["unit"].n, found["unit"].kappa) == (7, 0)  # one reader uses one word: chance gives as much
    project.set(READER, "Z002", {"unit": "cases"})
    project.set(FREQ, "F002", {"unit": "cases"})
    found = {one.column: one for one in readers.measure(project.root).overall.words}
    # by hand: observed 6/7; by chance (1 * 2 + 6 * 5) / 49 = 32/49; kappa = (42 - 32) / (49 - 32)
    assert found["unit"].observed == 6 / 7
    assert found["unit"].kappa == pytest.approx(10 / 17)


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["skinmet", "agreement", *map(str, arguments)])
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code or 0
    return code, *capsys.readouterr()


def test_on_the_command_line(project, monkeypatch, capsys):
    project.set(READER, "Z001", {"events": "376", "result": "disagree", "resolution": "Kept 367."})
    code, out, err = run(monkeypatch, capsys, "--root", project.root)
    assert (code, err) == (0, "")
    assert f"{FREQ}:F001 (data/second_reader.csv:2): events 367 / 376\n" in out
    assert "    resolution: Kept 367.\n" in out and "all tables: 9 of " in out
    code, out, _ = run(monkeypatch, capsys, "--root", project.root, "--format", "json")
    report = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert code == 0 and report["overall"]["read_twice"] == 9
    assert report["disagreements"][0]["differs"] == [["events", "367", "376"]]


def test_one_word_throughout_has_no_kappa(project, monkeypatch, capsys):
    rows = project.read(READER)
    project.write(READER, [row for row in rows if row[0] in ("row_id", "Z001", "Z002")])
    found = readers.measure(project.root)
    assert [one.kappa for one in found.overall.words] == [None, None]
    code, out, _ = run(monkeypatch, capsys, "--root", project.root, "--format", "json")
    assert code == 0 and json.loads(out)["overall"]["words"][0]["kappa"] is None
    assert "no kappa, for both use one word throughout" in "\n".join(readers.lines(found))


def test_what_stands_in_the_way(project):
    project.set(READER, "Z001", {"read_row": "F999"})
    with pytest.raises(SkinmetError, match="no such row in epidemiology/frequency"):
        readers.measure(project.root)


def test_nothing_read_twice(project):
    content = json.loads(project.path(small_project.PACKAGE).read_text("utf-8"))
    content["resources"] = [entry for entry in content["resources"] if entry["name"] != READER]
    project.path(small_project.PACKAGE).write_text(json.dumps(content))
    project.path(f"data/{READER}.csv").unlink()
    with pytest.raises(SkinmetError, match="nothing was read twice"):
        readers.measure(project.root)
