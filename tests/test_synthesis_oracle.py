"""skinmet.synthesis against R: the cases of tests/oracle/*.csv, R's answers in tests/oracle/oracle.json.

Run as a script, this file prints the table of agreement that stands in tests/oracle/README.md.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from math import inf, isnan, nan
from pathlib import Path
from typing import NamedTuple

import pytest

from skinmet.synthesis import (
    cumulative,
    effect_sizes,
    egger,
    leave_one_out,
    likelihood_ratios,
    pool,
    pool_proportions,
    proportion_ci,
)

ORACLE = Path(__file__).parent / "oracle"
METHODS, TESTS = ("CE", "DL", "REML", "PM"), ("z", "hksj")
KINDS = ("effects", "RR", "OR", "RD", "logit", "freeman-tukey")
FITTED = ("estimate", "se", "tau2")
IN_SERIES = ("estimate", "se", "ci_low", "ci_high", "tau2", "i2", "q", "q_p")
POOLED = (*IN_SERIES, "pi_low", "pi_high")
EGGER = ("bias", "se", "t", "p", "df", "limit", "limit_ci_low", "limit_ci_high")
SERIES = (("DL", "z"), ("REML", "hksj"))
INTERVALS = ("wilson", "clopper-pearson", "jeffreys")

# Largest difference allowed, absolute or (for numbers above 1) relative. Each is about ten times what was
# measured, so that another machine's last digit does not matter; README.md has the measured ones.
ROUNDING = 1e-11  # closed form on both sides
ITERATION = 1e-10  # ours: a root to the last digit; R's: until a step is below 1e-14 (some cases: 1e-12)
EXACT = 1e-8  # R maximises the numerically integrated likelihood, its derivatives are numerical
# lme4 stops by its own rules and takes its standard error from differences; metafor calls lme4 with its
# default rules. See README.md for the exact likelihoods that tell whose optimum is the higher one.
LME4 = {"estimate": 1e-5, "tau2": 1e-5, "se": 1e-3}
METAFOR_GLMM = {"estimate": 1e-4, "tau2": 1e-3, "se": 1e-3, "i2": 1e-4, "q": 1e-9, "q_p": 1e-9}
# All-or-none studies and a large tau2 together: the 25 nodes that lme4 allows are too few.
FEW_NODES = ("historical_series_never_pool", "wide_apart")
LME4_FEW_NODES = {"estimate": 2e-3, "tau2": 2e-3, "se": 2e-3}

# Cases may be added to a file, here and there; none may get lost.
CASES = {"effects": 11, "two_arms": 5, "proportions": 18}
ACCURACY_TABLES = 20
SIZES = {"pooling": 4960, "robustness": 3520, "binomial_normal": 162, "single_studies": 1608}

# Nothing to estimate, nothing to test: see test_what_r_refuses_is_what_is_written_here.
NO_GLMM = ("tvec_patients", "no_events_at_all", "nothing_or_everything")
REFUSED_BY_LME4 = ("one_study", "identical_studies")
NO_EGGER = ("two_studies", "identical_studies")


class Difference(NamedTuple):
    """One number compared: `row` and `column` say where it stands in the table of agreement."""

    row: str
    column: str
    case: str
    ours: float
    theirs: float
    allowed: float

    @property
    def size(self) -> float:
        """Absolute difference; relative where R's number is above 1. A gap on one side only is infinite."""
        if isnan(self.ours) or isnan(self.theirs):
            return 0.0 if isnan(self.ours) and isnan(self.theirs) else inf
        return abs(self.ours - self.theirs) / max(1.0, abs(self.theirs))


@cache
def oracle() -> dict:
    return json.loads((ORACLE / "oracle.json").read_text(encoding="utf-8"))


@cache
def rows(name: str) -> list[dict[str, str]]:
    with (ORACLE / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cases(name: str) -> dict[str, dict[str, list[float]]]:
    """Case -> column -> numbers."""
    columns = [column for column in rows(name)[0] if column not in ("case", "study")]
    grouped = groupby(rows(name), key=lambda row: row["case"])
    grouped = [(case, list(group)) for case, group in grouped]
    return {case: {c: [float(row[c]) for row in group] for c in columns} for case, group in grouped}


def inputs(kind: str) -> Iterator[tuple]:
    """(case, first column, second column, pooling function, its options) for every case of a kind."""
    if kind == "effects":
        for case, data in cases("effects").items():
            yield case, data["yi"], data["vi"], pool, {}
    elif kind in ("RR", "OR", "RD"):
        for case, data in cases("two_arms").items():
            yield case, *effect_sizes(kind, **data), pool, {}
    else:
        for case, data in cases("proportions").items():
            yield case, data["events"], data["total"], pool_proportions, {"transform": kind}


def compare(row, column, case, ours, numbers, quantities, allowed) -> Iterator[Difference]:
    for quantity in quantities:
        number = nan if numbers[quantity] is None else float(numbers[quantity])
        yield Difference(f"{row}: {quantity}", column, case, getattr(ours, quantity), number, allowed)


def pooling() -> Iterator[Difference]:
    for kind in KINDS:
        for case, first, second, function, options in inputs(kind):
            for method in METHODS:
                for test in TESTS:
                    ours = function(first, second, method=method, test=test, **options)
                    numbers = oracle()[kind][case][method][test]
                    allowed = ROUNDING if method in ("CE", "DL") else ITERATION
                    place = ("pool", f"{method} {test}", f"{kind}/{case}")
                    yield from compare(*place, ours, numbers, POOLED, allowed)


def robustness() -> Iterator[Difference]:
    for kind in ("effects", "logit"):
        for case, first, second, function, options in inputs(kind):
            if len(first) < 2 or (kind == "effects" and case in oracle()["two_peaks"]):
                continue  # subsets of two-peaked cases: each would need a start of its own in R
            answers = oracle()["robustness"][kind][case]
            for series in (leave_one_out, cumulative):
                for method, test in SERIES:
                    ours = series(first, second, pooling=function, method=method, test=test, **options)
                    numbers = answers[series.__name__][f"{method}-{test}"]
                    assert len(ours) == len(numbers) == len(first)
                    allowed = ROUNDING if method == "DL" else ITERATION
                    place = (series.__name__, f"{method} {test}", f"{kind}/{case}")
                    for one, other in zip(ours, numbers, strict=True):
                        yield from compare(*place, one.model or one, other, IN_SERIES, allowed)
            if kind == "effects" and case not in NO_EGGER:
                yield from compare(
                    "egger", "Egger", case, egger(first, second), answers["egger"], EGGER, ROUNDING
                )


def binomial_normal() -> Iterator[Difference]:
    for case, events, total, _, _ in inputs("glmm"):
        if case in NO_GLMM:
            continue
        answers = oracle()["glmm"][case]
        ours = pool_proportions(events, total, transform="glmm").model
        few = case in FEW_NODES
        yield from compare("glmm", "exact", case, ours, answers["integrate"], FITTED, EXACT)
        if case in REFUSED_BY_LME4:
            continue
        for quantity, allowed in METAFOR_GLMM.items():
            if few and quantity in LME4_FEW_NODES:
                allowed = LME4_FEW_NODES[quantity]
            column = "metafor, 25 nodes too few" if few else "metafor"
            yield from compare("glmm", column, case, ours, answers["metafor"], (quantity,), allowed)
        for quantity, allowed in (LME4_FEW_NODES if few else LME4).items():
            column = "lme4, 25 nodes too few" if few else "lme4"
            yield from compare("glmm", column, case, ours, answers["lme4"], (quantity,), allowed)


def single_studies() -> Iterator[Difference]:
    for measure in ("RR", "OR", "RD"):
        for case, data in cases("two_arms").items():
            for name, ours in zip(("yi", "vi"), effect_sizes(measure, **data), strict=True):
                numbers = oracle()["effect_sizes"][measure][case][name]
                for one, other in zip(ours, numbers, strict=True):
                    yield Difference(f"effect_sizes: {name}", measure, case, float(one), other, ROUNDING)
    for answer in oracle()["proportion_ci"]:
        case = f"{answer['events']}/{answer['total']} at {answer['level']}"
        for method in INTERVALS:
            ours = proportion_ci(answer["events"], answer["total"], method, answer["level"])
            for name, one, other in zip(("low", "high"), ours, answer[method], strict=True):
                yield Difference(f"proportion_ci: {name}", method, case, one, other, ROUNDING)
    for row in rows("accuracy"):
        ours = likelihood_ratios(*(int(row[cell]) for cell in ("tp", "fp", "fn", "tn")))
        for name in ("positive", "negative"):
            answers = oracle()["likelihood_ratios"][row["study"]][name]
            for end, one, other in zip(("", " low", " high"), getattr(ours, name), answers, strict=True):
                quantity = f"likelihood_ratios: {name}{end}"
                yield Difference(quantity, "log method", row["study"], one, other, ROUNDING)


COMPARISONS = (pooling, robustness, binomial_normal, single_studies)


@cache
def differences(comparison: Callable[[], Iterator[Difference]]) -> tuple[Difference, ...]:
    return tuple(comparison())


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda function: function.__name__)
def test_agrees_with_r(comparison):
    worst = sorted((d for d in differences(comparison) if not d.size <= d.allowed), key=lambda d: -d.size)
    assert not worst, "\n".join(str(d) for d in worst[:5])


def test_the_grid_is_complete():
    """Every case of the CSV files, every method and test is answered by R; no case has been lost."""
    for name, number in CASES.items():
        assert len(cases(name)) >= number, name
        assert len(rows(name)) == sum(len(next(iter(data.values()))) for data in cases(name).values())
    assert len(rows("accuracy")) >= ACCURACY_TABLES
    for kind in KINDS:
        name = {"effects": "effects", "logit": "proportions", "freeman-tukey": "proportions"}.get(
            kind, "two_arms"
        )
        assert oracle()[kind].keys() == cases(name).keys()
        for by_method in oracle()[kind].values():
            assert tuple(by_method) == METHODS
            for by_test in by_method.values():
                assert tuple(by_test) == TESTS
    pairs = {(int(row["events"]), int(row["total"])) for row in rows("proportions")}
    asked = {(a["events"], a["total"], a["level"]) for a in oracle()["proportion_ci"]}
    assert asked == {(*pair, level) for pair in pairs for level in (0.9, 0.95, 0.99)}
    assert oracle()["likelihood_ratios"].keys() == {row["study"] for row in rows("accuracy")}

    # By sum: 62 sets x 4 methods x 2 tests x 10 quantities are pooled, and so on. Growing is fine.
    sizes = {comparison.__name__: len(differences(comparison)) for comparison in COMPARISONS}
    for name, size in SIZES.items():
        assert sizes[name] >= size, name


def test_the_oracle_names_its_versions():
    assert oracle()["versions"]["metafor"].startswith("3.8")
    assert oracle()["versions"].keys() == {"R", "metafor", "lme4", "numDeriv"}


def test_what_r_refuses_is_what_is_written_here():
    """The exceptions of this file are facts about R's answers, not a way round a red test."""
    answered = {case: answer for case, answer in oracle()["glmm"].items() if answer}
    assert {c for c in cases("proportions") if c not in answered} == set(NO_GLMM)
    assert {c for c, answer in answered.items() if "refused" in answer} == set(REFUSED_BY_LME4)
    with_egger = {c for c, answer in oracle()["robustness"]["effects"].items() if "egger" in answer}
    asked = cases("effects").keys() - {"one_study"} - oracle()["two_peaks"].keys()
    assert asked - with_egger == set(NO_EGGER)


@pytest.mark.parametrize("case", NO_GLMM)
def test_without_events_or_non_events_there_is_no_binomial_normal_estimate(case):
    data = cases("proportions")[case]
    with pytest.raises(ValueError, match="no study has both events and non-events"):
        pool_proportions(data["events"], data["total"], transform="glmm")


def test_the_exact_likelihood_is_highest_where_we_agree():
    """Where lme4 and we differ, R's own integration gives its estimate the lower likelihood."""
    for case in FEW_NODES:
        answer = oracle()["glmm"][case]
        for program in ("lme4", "metafor"):
            assert answer[program]["log_likelihood"] < answer["integrate"]["log_likelihood"]


def test_two_peaks_of_the_restricted_likelihood():
    """The higher one counts, be it at 0, the first or the second; metafor's own start may miss it."""
    found = {}
    for case, answer in oracle()["two_peaks"].items():
        data = cases("effects")[case]
        found[case] = pool(data["yi"], data["vi"], method="REML").tau2
        assert found[case] == pytest.approx(answer["higher"]["tau2"], abs=1e-10)
        assert answer["by_itself"]["log_likelihood"] <= answer["higher"]["log_likelihood"]
    missed = oracle()["two_peaks"]["two_likelihood_peaks"]
    assert missed["by_itself"]["log_likelihood"] < missed["higher"]["log_likelihood"]
    assert found["lower_peak_inside"] == 0
    assert 0 < found["first_of_two_inner_peaks"] < 0.1 < 1 < found["second_of_two_inner_peaks"]


def test_the_readme_shows_this_table():
    """Same rows and columns as computed now; the numbers may differ in another machine's last digit."""
    printed = (ORACLE / "README.md").read_text(encoding="utf-8").split("<!-- table -->")[1].strip()
    assert re.sub(r"\de[-+]\d+", "#", printed) == re.sub(r"\de[-+]\d+", "#", table())


def table() -> str:
    """The agreement as Markdown: largest difference per quantity and column, one table per function."""
    lines = []
    for comparison in COMPARISONS:
        largest: dict[str, dict[str, float]] = {}
        for d in differences(comparison):
            row = largest.setdefault(d.row.split(":")[0], {}).setdefault(d.row.split(": ")[1], {})
            row[d.column] = max(row.get(d.column, 0.0), d.size)
        for name, quantities in largest.items():
            columns = list(dict.fromkeys(c for row in quantities.values() for c in row))
            lines += ["", f"| {name} | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
            for quantity, row in quantities.items():
                cells = [f"{row[c]:.0e}" if c in row else "" for c in columns]
                lines.append(f"| {quantity} | " + " | ".join(cells) + " |")
    return "\n".join(lines).strip()


if __name__ == "__main__":
    print(table())
