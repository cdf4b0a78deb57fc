"""skinmet.synthesis: worked examples, and what each function promises."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError
from math import exp, isnan, log, sqrt

import numpy as np
import pandas as pd
import pytest

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

# Rows F033, F028, F031 and P001 ... P059 of the evidence tables (pool groups B and D).
CHEST_WALL = ([22, 57, 238], [755, 1619, 7073])
BREAST_SHARE = (
    [212, 64, 12, 17, 54, 61, 31, 16, 4, 22, 131, 18],
    [420, 200, 33, 35, 164, 191, 68, 80, 9, 37, 401, 96],
)
YI, VI = [0.1, 0.5, -0.2, 0.9], [0.04, 0.02, 0.09, 0.05]


# -- worked examples, found by hand or by others ------------------------------------------------------


def test_chest_wall_recurrence_as_in_the_dossier():
    pooled = pool_proportions(*CHEST_WALL, method="DL")
    assert [round(100 * x, 2) for x in (pooled.estimate, pooled.ci_low, pooled.ci_high)] == [3.36, 3.01, 3.74]
    assert pooled.i2 == 0


def test_breast_share_as_in_the_dossier():
    pooled = pool_proportions(*BREAST_SHARE, method="DL")
    shown = [round(100 * x) for x in (pooled.estimate, pooled.ci_low, pooled.ci_high, pooled.i2)]
    assert shown == [36, 30, 43, 85]
    assert [round(100 * x) for x in (pooled.pi_low, pooled.pi_high)] == [17, 62]


def test_needle_aspiration_as_in_the_dossier():
    """Row D01: 74 true positives, 10 false positives, 3 false negatives, 88 true negatives."""
    ratios = likelihood_ratios(74, 10, 3, 88)
    assert [round(x, 1) for x in ratios.positive] == [9.4, 5.2, 17.0]
    assert [round(x, 3) for x in ratios.negative] == [0.043, 0.014, 0.132]
    assert ratios.notes == ()
    # Prior 44%: 88% after a positive result, 3% after a negative one.
    assert [round(100 * post_test(0.44, r.estimate)) for r in (ratios.positive, ratios.negative)] == [88, 3]


def test_two_studies_by_hand():
    """Weights 1/1 and 1/4 give (0 + 3/4) / (5/4) = 0.6; Q = 0.36 + 5.76 / 4 = 1.8; tau2 of DL = 0.8 / 0.4."""
    common = pool([0, 3], [1, 4], method="CE")
    assert (common.estimate, common.se) == pytest.approx((0.6, sqrt(0.8)))
    assert common.q == pytest.approx(1.8)
    assert common.weights == pytest.approx((0.8, 0.2))
    random = pool([0, 3], [1, 4], method="DL")
    assert random.tau2 == pytest.approx((1.8 - 1) / (5 / 4 - 17 / 16 / (5 / 4)))


def test_a_tiny_variance_between_studies_is_found():
    """Two studies, variances 1: tau2 = (difference squared - 2) / 2, for every method."""
    for method in ("REML", "DL", "PM"):
        assert pool([0, sqrt(2.0002)], [1, 1], method=method).tau2 == pytest.approx(1e-4, abs=1e-12)


def test_effect_sizes_by_hand():
    """10 of 20 against 5 of 20."""
    yi, vi = effect_sizes("RR", [10], [20], [5], [20])
    assert (yi[0], vi[0]) == pytest.approx((log(2), 1 / 10 - 1 / 20 + 1 / 5 - 1 / 20))
    yi, vi = effect_sizes("OR", [10], [20], [5], [20])
    assert (yi[0], vi[0]) == pytest.approx((log(3), 1 / 10 + 1 / 10 + 1 / 5 + 1 / 15))
    yi, vi = effect_sizes("RD", [10], [20], [5], [20])
    assert (yi[0], vi[0]) == pytest.approx((0.25, 0.25 / 20 + 0.1875 / 20))


def test_half_is_added_only_to_the_study_with_a_zero():
    yi, _ = effect_sizes("OR", [0, 10], [20, 20], [5, 5], [20, 20])
    assert yi == pytest.approx([log(0.5 * 15.5 / (20.5 * 5.5)), log(3)])


def test_post_test_by_hand():
    """Odds 1 to 3, times 6, are 2 to 1."""
    assert post_test(0.25, 6) == pytest.approx(2 / 3)
    assert post_test(0, 6) == 0
    assert post_test(1, 6) == 1
    assert post_test(0.3, 0) == 0
    assert isinstance(post_test(0.25, 6), float)


# -- intervals of one proportion ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["wilson", "clopper-pearson"])
def test_interval_ends_at_0_and_1(method):
    low, high = proportion_ci([0, 5, 10], [10, 10, 10], method)
    assert low[0] == 0 and high[2] == 1
    assert 0 < high[0] < 1 and 0 < low[2] < 1


def test_jeffreys_without_events_begins_above_0():
    low, high = proportion_ci(0, 10, "jeffreys")
    assert 0 < low < 0.001 < high


def test_one_number_gives_floats_and_arrays_keep_their_order():
    assert all(isinstance(end, float) for end in proportion_ci(3, 10))
    low, high = proportion_ci(pd.Series([3, 0], index=["b", "a"]), pd.Series([10, 7], index=["x", "y"]))
    assert (low[0], high[0]) == proportion_ci(3, 10)
    low, high = proportion_ci([1, 2], 10)
    assert low.shape == high.shape == (2,)


def test_wider_level_wider_interval():
    for method in ("wilson", "clopper-pearson", "jeffreys"):
        low, high = proportion_ci(3, 10, method)
        wider_low, wider_high = proportion_ci(3, 10, method, level=0.99)
        assert wider_low < low < high < wider_high


# -- pooling ------------------------------------------------------------------------------------------


def test_lists_arrays_and_series_give_the_same():
    pooled = pool(YI, VI)
    assert pool(np.array(YI), np.array(VI)) == pooled
    # The labels of a Series play no part: studies are taken in their order.
    assert pool(pd.Series(YI, index=[3, 1, 2, 0]), pd.Series(VI, index=list("abcd"))) == pooled
    assert pool(pd.Series(YI, dtype="Float64"), pd.Series(VI)) == pooled


def test_input_is_left_alone():
    yi, vi = np.array(YI), np.array(VI)
    leave_one_out(yi, vi)
    assert (yi.tolist(), vi.tolist()) == (YI, VI)


def test_the_result_is_frozen_and_complete():
    pooled = pool(YI, VI, method="PM", test="hksj", level=0.9)
    with pytest.raises(FrozenInstanceError):
        pooled.estimate = 0
    assert (pooled.k, pooled.method, pooled.test, pooled.level) == (4, "PM", "hksj", 0.9)
    assert (pooled.scale, pooled.model, pooled.notes) == ("as given", None, ())
    assert sum(pooled.weights) == pytest.approx(1)
    numbers = [getattr(pooled, name) for name in ("estimate", "se", "tau2", "i2", "q", "q_p", "pi_low")]
    assert all(type(number) is float for number in numbers)


def test_one_study_is_itself():
    for method in ("REML", "DL", "PM", "CE"):
        pooled = pool([0.4], [0.09], method=method)
        assert (pooled.k, pooled.estimate, pooled.se) == (1, 0.4, pytest.approx(0.3))
        assert (pooled.tau2, pooled.i2, pooled.q, pooled.q_p, pooled.weights) == (0, 0, 0, 1, (1.0,))
        assert isnan(pooled.pi_low) and isnan(pooled.pi_high)


def test_one_study_has_no_t_interval_and_says_so():
    pooled = pool([0.4], [0.09], test="hksj")
    assert pooled.test == "z"
    assert pooled.notes == ("one study: test 'z' instead of 'hksj', which needs two",)
    assert pooled.ci_high == pool([0.4], [0.09]).ci_high


@pytest.mark.parametrize("test", ["z", "hksj"])
def test_prediction_interval_needs_three_studies_and_random_effects(test):
    assert isnan(pool(YI[:2], VI[:2], test=test).pi_low)
    assert isnan(pool(YI, VI, method="CE", test=test).pi_low)
    pooled = pool(YI[:3], VI[:3], test=test)
    assert pooled.pi_low < pooled.ci_low < pooled.ci_high < pooled.pi_high


def test_hksj_is_not_truncated():
    """Estimates closer together than chance: the standard error shrinks below that of z."""
    close = ([0.1, 0.11, 0.12], [0.04, 0.09, 0.05])
    assert pool(*close, test="hksj").se < pool(*close).se


def test_in_words():
    assert str(pool_proportions(*CHEST_WALL)) == "estimate 3.4% (95% CI 3.0 to 3.7), k = 3, I2 = 0%"
    assert (
        str(pool([0.25] * 3, [0.01] * 3, level=0.9))
        == "estimate 0.25 (90% CI 0.155 to 0.345), k = 3, I2 = 0%"
    )


# -- pooling of proportions ---------------------------------------------------------------------------


def test_logit_adds_a_half_to_the_extreme_studies_and_says_so():
    pooled = pool_proportions([0, 3, 12], [10, 10, 12])
    assert pooled.notes == ("1/2 added to events and non-events of study 0, 2 (counted from 0)",)
    yi = [log(0.5 / 10.5), log(3 / 7), log(12.5 / 0.5)]
    vi = [1 / 0.5 + 1 / 10.5, 1 / 3 + 1 / 7, 1 / 12.5 + 1 / 0.5]
    assert pooled.model.estimate == pytest.approx(pool(yi, vi).estimate, abs=1e-12)
    assert pool_proportions([1, 3], [10, 10]).notes == ()


@pytest.mark.parametrize(
    ("transform", "scale"), [("logit", "logit"), ("freeman-tukey", "double arcsine"), ("glmm", "logit")]
)
def test_the_model_scale_is_kept_beside(transform, scale):
    pooled = pool_proportions(*BREAST_SHARE, transform=transform)
    assert (pooled.scale, pooled.model.scale, pooled.model.model) == ("proportion", scale, None)
    assert (pooled.se, pooled.tau2) == (pooled.model.se, pooled.model.tau2)
    if scale == "logit":
        assert pooled.ci_low == pytest.approx(1 / (1 + exp(-pooled.model.ci_low)))
    assert 0 < pooled.pi_low < pooled.ci_low < pooled.estimate < pooled.ci_high < pooled.pi_high < 1


def test_freeman_tukey_stops_at_0_and_1():
    none = pool_proportions([0, 0, 0], [10, 20, 15], transform="freeman-tukey")
    everyone = pool_proportions([10, 20, 15], [10, 20, 15], transform="freeman-tukey")
    assert (none.ci_low, everyone.ci_high) == (0, 1)
    assert 0 < none.ci_high < 0.2 and 0.8 < everyone.ci_low < 1


def test_glmm_says_what_it_is():
    pooled = pool_proportions(*CHEST_WALL, transform="glmm", method="DL")
    assert (pooled.method, pooled.test, pooled.weights, pooled.notes) == ("ML", "z", (), ())


def test_glmm_without_heterogeneity_is_the_simple_proportion():
    pooled = pool_proportions([2, 4, 6], [20, 40, 60], transform="glmm")
    assert pooled.tau2 == 0
    assert pooled.estimate == pytest.approx(12 / 120, abs=1e-12)
    assert pooled.se == pytest.approx(1 / sqrt(120 * 0.1 * 0.9), abs=1e-12)
    assert pooled.q == pytest.approx(0, abs=1e-12)


def test_glmm_says_when_digits_are_lost():
    """A tau2 of 20: log odds between studies vary by 4.5 to either side."""
    pooled = pool_proportions([1, 48, 0, 20, 39, 5], [50, 50, 30, 40, 39, 60], transform="glmm")
    note = "tau2 = 20 on the log-odds scale: results good to about 1/100 standard error"
    assert pooled.notes == pooled.model.notes == (note,)
    assert pool_proportions(*BREAST_SHARE, transform="glmm").notes == ()


def test_glmm_refuses_studies_beyond_pooling():
    with pytest.raises(ValueError, match=r"tau2 exceeds 30 on the log-odds scale"):
        pool_proportions([0, 100, 0, 100, 50], [100] * 5, transform="glmm")


def test_glmm_takes_a_rare_event():
    """One event in 11,000: far in the tail, where the likelihood is nearly flat."""
    pooled = pool_proportions([0] * 10 + [1], [1000] * 11, transform="glmm")
    assert (pooled.tau2, pooled.estimate) == (0, pytest.approx(1 / 11000, rel=1e-9))


# -- leaning on single studies ------------------------------------------------------------------------


def test_leave_one_out_and_cumulative_repeat_the_pooling():
    left = leave_one_out(YI, VI, method="DL", test="hksj")
    assert left[1] == pool([YI[0], *YI[2:]], [VI[0], *VI[2:]], method="DL", test="hksj")
    added = cumulative(YI, VI, method="DL")
    assert [pooled.k for pooled in added] == [1, 2, 3, 4]
    assert repr(added[1]) == repr(pool(YI[:2], VI[:2], method="DL"))  # by repr: NaN differs from itself
    assert added[-1] == pool(YI, VI, method="DL")


def test_leave_one_out_of_proportions():
    left = leave_one_out(*CHEST_WALL, pooling=pool_proportions, transform="glmm")
    assert repr(left[0]) == repr(pool_proportions([57, 238], [1619, 7073], transform="glmm"))
    series = pd.Series(CHEST_WALL[0], index=[7, 8, 9])
    assert leave_one_out(series, CHEST_WALL[1], pooling=pool_proportions)[2].k == 2


def test_egger_finds_a_planted_trend():
    """yi = 0.2 + 1.5 * se, nudged: the limit is 0.2, the bias 1.5."""
    se = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    result = egger(0.2 + 1.5 * se + [0.001, -0.001, 0.001, -0.001, 0.001], se**2)
    assert (result.limit, result.bias) == pytest.approx((0.2, 1.5), abs=0.01)
    assert result.p < 1e-6 and result.df == 3
    assert result.ci_low < result.bias < result.ci_high
    assert result.limit_ci_low < result.limit < result.limit_ci_high


# -- likelihood ratios --------------------------------------------------------------------------------


def test_a_zero_cell_gets_a_half_and_says_so():
    """Row D02: no false positive among 52."""
    ratios = likelihood_ratios(98, 0, 6, 52)
    assert ratios.notes == ("1/2 added to all four cells, because fp = 0",)
    assert ratios.positive.estimate == pytest.approx((98.5 / 105) / (0.5 / 53))
    assert ratios.negative.estimate == pytest.approx((6.5 / 105) / (52.5 / 53))


def test_post_test_of_arrays():
    prior = pd.Series([0.1, 0.5], index=["a", "b"])
    assert post_test(prior, 3) == pytest.approx([0.25, 0.75])
    assert post_test([[0.1], [0.5]], [1, 3]) == pytest.approx(np.array([[0.1, 0.25], [0.5, 0.75]]))


# -- light enough for a browser -----------------------------------------------------------------------


def test_import_is_light():
    """numpy, scipy.special and scipy.optimize: a notebook in the browser has no statsmodels, and
    scipy.stats would triple the time of the import."""
    code = "import sys, skinmet.synthesis; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["pandas", "statsmodels", "scipy.stats", "plotly"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
