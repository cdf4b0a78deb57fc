"""skinmet.synthesis: what it refuses. Every message names the element, its value and the reason."""

from __future__ import annotations

from math import inf, nan

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

CHEST_WALL = ([22, 57, 238], [755, 1619, 7073])
YI, VI = [0.1, 0.5, -0.2, 0.9], [0.04, 0.02, 0.09, 0.05]


def test_errors_count_in_the_whole_column():
    with pytest.raises(ValueError, match=r"vi\[3\] = -1"):
        leave_one_out(YI, [*VI[:3], -1])
    with pytest.raises(ValueError, match=r"events\[2\] = 9 is more than total\[2\] = 8"):
        cumulative([1, 2, 9], [8, 8, 8], pooling=pool_proportions)


@pytest.mark.parametrize(
    ("yi", "vi", "message"),
    [
        ([], [], "yi is empty: there is no study"),
        ([1, 2], [1], "the columns differ in length: yi has 2, vi has 1"),
        ([1, nan], [1, 1], r"yi\[1\] = nan is missing or infinite"),
        ([1, None], [1, 1], r"yi\[1\] = nan is missing or infinite"),
        (pd.Series([1, None], dtype="Int64"), [1, 1], r"yi\[1\] = nan is missing or infinite"),
        ([1, 2], [1, inf], r"vi\[1\] = inf is missing or infinite"),
        ([1, 2, 3], [1, 0, 1], r"vi\[1\] = 0 is no sampling variance: it must be above 0"),
        ([1, 2], [1, -0.5], r"vi\[1\] = -0.5 is no sampling variance"),
        ([1, 2], [1e-200, 1], r"vi\[0\] = 1e-200 is too small to be a sampling variance"),
        ([1, "two"], [1, 1], r"yi\[1\] = 'two' is no number"),
        ([1, [2]], [1, 1], r"yi\[1\] = \[2\] is no number"),
        ({1: 2}, [1], r"yi is no list of numbers: \{1: 2\}"),
        (3, [1], r"yi must be a list with one number per study, not of shape \(\)"),
        ([[1, 2]], [1, 2], r"yi must be a list with one number per study, not of shape \(1, 2\)"),
    ],
)
def test_pool_refuses(yi, vi, message):
    with pytest.raises(ValueError, match=message):
        pool(yi, vi)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "ML"}, "method must be one of CE, REML, DL, PM, not 'ML'"),
        ({"test": "t"}, "test must be one of z, hksj, not 't'"),
        ({"level": 95}, r"level must lie between 0 and 1 \(0.95 for 95%\), not 95"),
        ({"level": 0}, "level must lie between 0 and 1"),
        ({"level": [0.9]}, "level must lie between 0 and 1"),
        ({"level": "high"}, "is no number"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        pool(YI, VI, **options)
    for transform in ("logit", "freeman-tukey", "glmm"):
        if transform == "glmm" and "test" in options:
            message = "test with transform='glmm' must be one of z, not 't'"
        with pytest.raises(ValueError, match=message):
            pool_proportions(*CHEST_WALL, transform=transform, **options)


def test_unknown_transform_interval_and_measure_are_refused():
    with pytest.raises(
        ValueError, match="transform must be one of logit, freeman-tukey, glmm, not 'arcsine'"
    ):
        pool_proportions(*CHEST_WALL, transform="arcsine")
    with pytest.raises(ValueError, match="test with transform='glmm' must be one of z, not 'hksj'"):
        pool_proportions(*CHEST_WALL, transform="glmm", test="hksj")
    with pytest.raises(
        ValueError, match="method must be one of wilson, clopper-pearson, jeffreys, not 'wald'"
    ):
        proportion_ci(1, 2, "wald")
    with pytest.raises(ValueError, match="level must lie"):
        proportion_ci(1, 2, level=1)
    with pytest.raises(ValueError, match="measure must be one of RR, OR, RD, not 'HR'"):
        effect_sizes("HR", [1], [2], [1], [2])


@pytest.mark.parametrize("function", [pool_proportions, proportion_ci])
@pytest.mark.parametrize(
    ("events", "total", "message"),
    [
        ([1, 5], [3, 4], r"events\[1\] = 5 is more than total\[1\] = 4"),
        ([-1], [3], r"events\[0\] = -1 is negative"),
        ([1.5], [3], r"events\[0\] = 1.5 is not a whole number"),
        ([1], [3.5], r"total\[0\] = 3.5 is not a whole number"),
        ([0], [0], r"total\[0\] = 0 must be at least 1"),
        ([0], [-2], r"total\[0\] = -2 is negative"),
        ([nan], [2], r"events\[0\] = nan is missing or infinite"),
        ([1, 2], [3, 4, 5], "differ in length|has shape"),
    ],
)
def test_impossible_counts_are_refused(function, events, total, message):
    with pytest.raises(ValueError, match=message):
        function(events, total)


def test_either_arm_is_checked():
    with pytest.raises(ValueError, match=r"events_treated\[0\] = 5 is more than n_treated\[0\] = 4"):
        effect_sizes("RR", [5], [4], [1], [4])
    with pytest.raises(ValueError, match=r"n_control\[1\] = 0 must be at least 1"):
        effect_sizes("RR", [1, 1], [4, 4], [1, 0], [4, 0])
    with pytest.raises(ValueError, match="events_control has 2"):
        effect_sizes("RR", [1], [4], [1, 0], [4])


def test_too_few_studies_are_refused():
    with pytest.raises(ValueError, match="leaving one out needs at least two studies, there is 1"):
        leave_one_out([1], [1])
    with pytest.raises(ValueError, match="Egger's test needs at least three studies, there are 2"):
        egger([1, 2], [1, 2])


def test_egger_refuses_what_it_cannot_tell():
    with pytest.raises(ValueError, match="all variances are equal"):
        egger([1, 2, 3], [0.1, 0.1, 0.1])
    with pytest.raises(ValueError, match="exactly on one line"):
        egger([0.3, 0.3, 0.3], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match=r"vi\[0\] = 0"):
        egger([1, 2, 3], [0, 0.1, 0.2])
    with pytest.raises(ValueError, match="level must lie"):
        egger([1, 2, 4], [0.3, 0.1, 0.2], level=2)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ((0, 5, 0, 5), r"tp \+ fn is 0: nobody has the condition"),
        ((5, 0, 5, 0), r"fp \+ tn is 0: nobody is free of the condition"),
        ((-1, 5, 5, 5), "tp = -1 is negative"),
        ((5, 2.5, 5, 5), "fp = 2.5 is not a whole number"),
        ((5, 5, nan, 5), "fn = nan is missing or infinite"),
        ((5, 5, 5, [5]), r"tn must be one number, not of shape \(1,\)"),
    ],
)
def test_impossible_tables_are_refused(cells, message):
    with pytest.raises(ValueError, match=message):
        likelihood_ratios(*cells)


def test_likelihood_ratios_check_the_level():
    with pytest.raises(ValueError, match="level must lie"):
        likelihood_ratios(5, 5, 5, 5, level=95)


@pytest.mark.parametrize(
    ("pre_test", "lr", "message"),
    [
        (44, 9.4, "pre_test = 44 is no probability from 0 to 1"),
        ([0.1, -0.1], 2, r"pre_test\[1\] = -0.1 is no probability"),
        (0.5, [1, -2], r"lr\[1\] = -2 is negative"),
        (0.5, inf, "lr = inf is missing or infinite"),
        (1, 0, "pre_test = 1 is certain, but lr = 0 rules it out"),
        ([0.1, 0.2], [1, 2, 3], r"pre_test has shape \(2,\) but lr has \(3,\)"),
    ],
)
def test_impossible_probabilities_are_refused(pre_test, lr, message):
    with pytest.raises(ValueError, match=message):
        post_test(pre_test, lr)
