"""Statistics for evidence synthesis: arrays in, results out; no files, no plots.

`proportion_ci` and `pool_proportions` for events out of a total, `effect_sizes` and `pool` for two-arm
comparisons, `leave_one_out`, `cumulative` and `egger` to question a pooled result, `likelihood_ratios` and
`post_test` for diagnostic tests, `cohen_kappa` for two readers. Impossible input raises ValueError naming
the element and the reason.
"""

from skinmet.synthesis.accuracy import LikelihoodRatios, RatioInterval, likelihood_ratios, post_test
from skinmet.synthesis.effects import effect_sizes
from skinmet.synthesis.kappa import Kappa, cohen_kappa
from skinmet.synthesis.pooling import Pooled, pool
from skinmet.synthesis.proportions import pool_proportions, proportion_ci
from skinmet.synthesis.robustness import EggerTest, cumulative, egger, leave_one_out

__all__ = [
    "EggerTest",
    "Kappa",
    "LikelihoodRatios",
    "Pooled",
    "RatioInterval",
    "cohen_kappa",
    "cumulative",
    "effect_sizes",
    "egger",
    "leave_one_out",
    "likelihood_ratios",
    "pool",
    "pool_proportions",
    "post_test",
    "proportion_ci",
]
