"""skinmet.synthesis: what must hold for any studies, and PyMetaAnalysis as a second oracle."""

from __future__ import annotations

from dataclasses import astuple
from math import isfinite, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meta_analyze import meta_analysis, meta_binary
from statsmodels.stats.proportion import proportion_confint

from skinmet.synthesis import (
    cumulative,
    effect_sizes,
    egger,
    leave_one_out,
    likelihood_ratios,
    pool,
    pool_proportions,
    post_test,
    proportion_ci,
)

METHODS, TESTS = ("REML", "DL", "PM", "CE"), ("z", "hksj")
TRANSFORMS = ("logit", "freeman-tukey", "glmm")
CLOSE = 1e-9  # sums in another order, and roots found again

# Estimates with two decimals and variances over five orders of magnitude: what reviews hold, and more.
study = st.tuples(st.integers(-500, 500).map(lambda i: i / 100), st.floats(0.0001, 10))
studies = st.lists(study, min_size=2, max_size=8)
methods, tests = st.sampled_from(METHODS), st.sampled_from(TESTS)
arm = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
arms = st.lists(arm, min_size=2, max_size=8)

quick = settings(max_examples=60, deadline=None, derandomize=True)


def columns(rows):
    return (list(column) for column in zip(*rows, strict=True))


def numbers(pooled) -> list[float]:
    return [x for x in astuple(pooled)[:11] if not isnan(x)]


@quick
@given(studies, methods, tests, st.randoms(use_true_random=False))
def test_the_order_of_studies_does_not_matter(rows, method, test, random):
    shuffled = random.sample(rows, len(rows))
    one, other = (pool(*columns(r), method=method, test=test) for r in (rows, shuffled))
    # Two likelihood peaks of the same height would be a draw; relative, since a tau2 can be large.
    assert numbers(one) == pytest.approx(numbers(other), rel=1e-6, abs=1e-9)


@quick
@given(studies, methods, tests, st.floats(-3, 3))
def test_shifting_the_studies_shifts_the_result(rows, method, test, shift):
    yi, vi = columns(rows)
    here = pool(yi, vi, method=method, test=test)
    there = pool([y + shift for y in yi], vi, method=method, test=test)
    assert there.estimate - shift == pytest.approx(here.estimate, abs=1e-6)
    assert there.tau2 == pytest.approx(here.tau2, rel=1e-5, abs=1e-6)


@quick
@given(studies, methods, tests)
def test_every_result_is_in_order(rows, method, test):
    yi, vi = columns(rows)
    pooled = pool(yi, vi, method=method, test=test)
    assert min(yi) - CLOSE <= pooled.estimate <= max(yi) + CLOSE
    assert pooled.ci_low <= pooled.estimate <= pooled.ci_high
    assert pooled.tau2 >= 0 and 0 <= pooled.i2 < 1 and 0 <= pooled.q_p <= 1 and pooled.q >= 0
    assert sum(pooled.weights) == pytest.approx(1)
    assert isnan(pooled.pi_low) == isnan(pooled.pi_high) == (pooled.k < 3 or method == "CE")


@quick
@given(studies, methods, tests)
def test_tighter_variance_more_weight(rows, method, test):
    yi, vi = columns(rows)
    weights = pool(yi, vi, method=method, test=test).weights
    assert np.all(np.diff(np.array(weights)[np.argsort(vi)]) <= CLOSE)


@quick
@given(studies, tests)
def test_without_variance_between_studies_random_is_common_effect(rows, test):
    yi, vi = columns(rows)
    common = pool(yi, vi, method="CE", test=test)
    for method in ("REML", "DL", "PM"):
        pooled = pool(yi, vi, method=method, test=test)
        if pooled.tau2 == 0:
            for name in ("estimate", "se", "ci_low", "ci_high", "q", "q_p", "weights"):
                assert getattr(pooled, name) == getattr(common, name)


@quick
@given(study, st.integers(2, 8), methods)
def test_identical_studies_agree_with_each_other(one, k, method):
    yi, vi = one
    pooled = pool([yi] * k, [vi] * k, method=method)
    assert pooled.estimate == pytest.approx(yi, abs=1e-12)
    assert (pooled.tau2, pooled.i2) == (0, 0)
    assert pooled.q == pytest.approx(0, abs=1e-12)
    assert pooled.se == pytest.approx((vi / k) ** 0.5)


@quick
@given(studies, methods)
def test_hksj_widens_by_a_factor_of_its_own(rows, method):
    yi, vi = columns(rows)
    z, hksj = (pool(yi, vi, method=method, test=test) for test in TESTS)
    assert (z.estimate, z.tau2, z.q) == (hksj.estimate, hksj.tau2, hksj.q)
    weights, mean = 1 / (np.array(vi) + z.tau2), z.estimate
    spread = (weights * (np.array(yi) - mean) ** 2).sum() / (len(yi) - 1)
    assert hksj.se == pytest.approx(z.se * spread**0.5, abs=1e-12)


@quick
@given(studies, st.sampled_from(["DL", "PM", "REML"]))
def test_tau2_solves_its_equation(rows, method):
    """PM: the generalised Q is k - 1. REML: no neighbour has a higher restricted likelihood."""
    yi, vi = map(np.array, columns(rows))
    tau2 = pool(yi, vi, method=method).tau2

    def q_and_likelihood(t):
        w = 1 / (vi + t)
        q = (w * (yi - (w * yi).sum() / w.sum()) ** 2).sum()
        return q, (np.log(w).sum() - np.log(w.sum()) - q) / 2

    if method == "PM":
        q = q_and_likelihood(tau2)[0]
        assert q == pytest.approx(len(yi) - 1, rel=1e-9) if tau2 else q <= len(yi) - 1 + CLOSE
    if method == "REML":
        top = q_and_likelihood(tau2)[1]
        for other in (0, tau2 / 2, 0.999 * tau2, 1.001 * tau2, 2 * tau2, *np.geomspace(1e-6, 1e3, 50)):
            assert q_and_likelihood(other)[1] <= top + 1e-9


@quick
@given(arms, arms, st.sampled_from(["RR", "OR", "RD"]))
def test_swapped_arms_flip_the_sign(treated, control, measure):
    k = min(len(treated), len(control))
    (a, n1), (c, n2) = columns(treated[:k]), columns(control[:k])
    yi, vi = effect_sizes(measure, a, n1, c, n2)
    swapped_yi, swapped_vi = effect_sizes(measure, c, n2, a, n1)
    assert swapped_yi == pytest.approx(-yi, abs=1e-12)
    assert swapped_vi == pytest.approx(vi, abs=1e-12)
    assert np.all(vi > 0)


@quick
@given(arms, st.sampled_from(TRANSFORMS))
def test_proportions_mirror_their_complement(rows, transform):
    x, n = columns(rows)
    if transform == "glmm" and not any(0 < a < b for a, b in rows):
        return
    try:
        pooled = pool_proportions(x, n, transform=transform)
    except ValueError as error:
        assert "exceeds 30" in str(error)
        return
    mirrored = pool_proportions([b - a for a, b in rows], n, transform=transform)
    tolerance = 1e-5 if transform == "glmm" else 1e-7
    assert mirrored.estimate == pytest.approx(1 - pooled.estimate, abs=tolerance)
    assert mirrored.ci_low == pytest.approx(1 - pooled.ci_high, abs=tolerance)
    assert 0 <= pooled.ci_low <= pooled.estimate <= pooled.ci_high <= 1
    assert pooled.q >= 0 and 0 <= pooled.q_p <= 1
    assert all(map(isfinite, numbers(pooled)))


@quick
@given(arm, st.sampled_from(["wilson", "clopper-pearson", "jeffreys"]))
def test_intervals_agree_with_statsmodels(one, method):
    name = {"wilson": "wilson", "clopper-pearson": "beta", "jeffreys": "jeffreys"}[method]
    assert proportion_ci(*one, method) == pytest.approx(proportion_confint(*one, method=name), abs=1e-12)


@quick
@given(arm, arm)
def test_the_likelihood_ratios_lie_in_their_intervals(diseased, healthy):
    (tp, positive), (fp, negative) = diseased, healthy
    ratios = likelihood_ratios(tp, fp, positive - tp, negative - fp)
    for ratio in (ratios.positive, ratios.negative):
        assert 0 < ratio.ci_low <= ratio.estimate <= ratio.ci_high
    assert bool(ratios.notes) == (0 in (tp, fp, positive - tp, negative - fp))
    # The better of two results never lowers the probability of disease below the worse one's.
    after = [post_test(0.3, ratio.estimate) for ratio in (ratios.positive, ratios.negative)]
    assert min(after) <= 0.3 + CLOSE and max(after) >= 0.3 - CLOSE


# -- PyMetaAnalysis -----------------------------------------------------------------------------------

SECOND = {"z": "normal", "hksj": "hartung_knapp"}


def random_sets(count: int = 25):
    generator = np.random.default_rng(20240)
    for _ in range(count):
        k = int(generator.integers(3, 15))
        vi = np.exp(generator.normal(-2, 1, k))
        yield generator.normal(0.3, np.sqrt(vi + generator.choice([0, 0.1, 1]))), vi


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("method", METHODS)
def test_agrees_with_pymetaanalysis(method, test):
    """1e-8: its iterations stop at 1e-10."""
    for yi, vi in random_sets():
        ours = pool(yi, vi, method=method, test=test)
        model = {"model": "common"} if method == "CE" else {"tau2_method": method}
        if method == "CE" and test == "hksj":
            continue  # it offers Knapp-Hartung for random effects alone
        theirs = meta_analysis(effect=yi, variance=vi, ci_method=SECOND[test], **model)
        found = (ours.estimate, ours.se, ours.ci_low, ours.ci_high, ours.tau2, ours.i2, ours.q, ours.q_p)
        expected = (theirs.estimate, theirs.standard_error, theirs.ci_low, theirs.ci_high, theirs.tau2,
                    theirs.i2, theirs.q, theirs.q_pvalue)  # fmt: skip
        assert found == pytest.approx(expected, abs=1e-8)
        if method != "CE":
            assert (ours.pi_low, ours.pi_high) == pytest.approx(theirs.prediction_interval, abs=1e-8)


def test_series_and_egger_agree_with_pymetaanalysis():
    """Its cumulative series begins with two studies."""
    for yi, vi in random_sets(5):
        fitted = meta_analysis(effect=yi, variance=vi, tau2_method="DL")
        for ours, table in (
            (leave_one_out(yi, vi, method="DL"), fitted.leave_one_out().table),
            (cumulative(yi, vi, method="DL")[1:], fitted.cumulative().table),
        ):
            assert [pooled.estimate for pooled in ours] == pytest.approx(
                table["estimate"].tolist(), abs=1e-10
            )
        theirs, ours = fitted.egger_test(), egger(yi, vi)
        assert (ours.bias, ours.p) == pytest.approx((theirs.intercept, theirs.pvalue), abs=1e-10)


def test_effect_sizes_agree_with_pymetaanalysis():
    """RR and OR: for RD it corrects the variance alone, where metafor and we correct the effect too."""
    columns = ([0, 15, 20, 5], [20, 15, 20, 20], [3, 14, 18, 7], [22, 15, 20, 25])
    names = ("event_treat", "n_treat", "event_control", "n_control")
    for measure in ("RR", "OR"):
        yi, _ = effect_sizes(measure, *columns)
        theirs = meta_binary(**dict(zip(names, columns, strict=True)), measure=measure)
        assert yi == pytest.approx(theirs.study_results["effect"].tolist(), abs=1e-12)
