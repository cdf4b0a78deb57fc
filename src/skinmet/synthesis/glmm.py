"""The binomial-normal model: log odds vary normally between studies, events are binomial within them."""

from __future__ import annotations

from functools import cache
from math import sqrt

import numpy as np
from scipy.special import expit, logit, xlogy

from skinmet.synthesis.effects import log_odds
from skinmet.synthesis.pooling import Pooled, highest_peak, inconsistency, result

# Many nodes, because an all-or-none study leaves a lopsided integrand where tau2 is large. Against 351 nodes,
# over 1,149 random sets of studies, the mean log odds differed by at most 4e-10 for tau2 below 5, 4e-6 below
# 10, 2e-3 below 20 and 4e-2 below 30 (a hundredth of its standard error): hence the note and the limit.
NODES = 201
TAU2_GRID = np.geomspace(0.01, 30, 8)
TAU2_NOTE = 10


def fit(x: np.ndarray, n: np.ndarray, *, level: float) -> Pooled:
    """Maximum likelihood by adaptive Gauss-Hermite quadrature, on the log-odds scale.

    x, n (k,): events and totals, checked by the caller. The model is that of Stijnen, Hamza and Ozdemir
    (Statistics in Medicine 2010;29:3046-3067). Q is the likelihood-ratio test of one common
    proportion against one per study; I2 sets tau2 against the sampling variances of the log odds.

    ValueError: the data have no estimate (see `pool_proportions`).
    """
    if not np.any((x > 0) & (x < n)):
        raise ValueError(
            "events: no study has both events and non-events, so the binomial-normal model has no "
            "maximum-likelihood estimate; use transform='logit'"
        )
    if _profile(x, n, TAU2_GRID[-1])[2] > 0:
        raise ValueError(
            f"events: the studies lie so far apart that the estimate of tau2 exceeds {TAU2_GRID[-1]:g} on "
            "the log-odds scale; they are not to be pooled in the binomial-normal model"
        )
    tau2 = highest_peak(
        slope=lambda tau2: _profile(x, n, tau2)[2],
        log_likelihood=lambda tau2: _profile(x, n, tau2)[1],
        grid=TAU2_GRID,
    )
    notes = ()
    if tau2 > TAU2_NOTE:
        notes = (f"tau2 = {tau2:.0f} on the log-odds scale: results good to about 1/100 standard error",)
    mu, _, _, information = _profile(x, n, tau2)
    # At tau2 = 0 the information on tau may be 0 and has no cross term: mu stands alone.
    se = sqrt(1 / information[0, 0] if tau2 == 0 else np.linalg.inv(information)[0, 0])
    p = x.sum() / n.sum()
    q = max(0.0, 2 * (xlogy(x, x / n / p) + xlogy(n - x, (1 - x / n) / (1 - p))).sum())  # no -1e-17
    return result(
        mu, se, tau2, k=len(x), i2=inconsistency(log_odds(x, n)[1], tau2), q=q, method="ML",
        test="z", scale="logit", level=level, weights=(), notes=notes,
    )  # fmt: skip


def _profile(x: np.ndarray, n: np.ndarray, tau2: float) -> tuple[float, float, float, np.ndarray]:
    """At one tau2: the best mean log odds mu, the log likelihood, its slope in tau2, the information."""
    mu = float(logit(x.sum() / n.sum()))
    for _ in range(30):  # Newton's method; the log likelihood is concave in mu
        value, score, slope, information = _log_likelihood(x, n, mu, sqrt(tau2))
        if abs(score) < 1e-10 * sqrt(information[0, 0]):  # a ten-billionth of the standard error
            break
        mu += score / information[0, 0]
    return float(mu), value, slope, information


def _log_likelihood(
    x: np.ndarray, n: np.ndarray, mu: float, tau: float
) -> tuple[float, float, float, np.ndarray]:
    """Log likelihood (without binomial coefficients), its slopes in mu and tau2, the information (mu, tau).

    Study i has log odds mu + tau * u with u standard normal. The nodes are centred on the mode of u given
    the data and scaled by the curvature there (Pinheiro and Bates, J Comput Graph Stat 1995,
    doi:10.1080/10618600.1995.10474663). The derivatives are means, over u given the data, of those of the
    likelihood with u known; that in tau2 is half the second derivative in mu of the likelihood, as for any
    normal average.
    """
    nodes, log_weights = _hermite()
    centre, spread = _mode(x, n, mu, tau)
    u = centre[:, None] + sqrt(2) * spread[:, None] * nodes
    eta = mu + tau * u
    x, n, p = x[:, None], n[:, None], expit(eta)
    log_integrand = x * eta - n * np.logaddexp(0, eta) - u**2 / 2 + nodes**2 + log_weights
    top = log_integrand.max(axis=1)
    posterior = np.exp(log_integrand - top[:, None])
    area = posterior.sum(axis=1)
    value = (top + np.log(area * spread) - np.log(np.pi) / 2).sum()

    posterior /= area[:, None]
    residual = x - n * p
    scores = np.stack([(posterior * residual).sum(axis=1), (posterior * residual * u).sum(axis=1)])
    second = posterior * (residual**2 - n * p * (1 - p))
    m0, m1, m2 = ((second * u**power).sum() for power in (0, 1, 2))
    information = scores @ scores.T - np.array([[m0, m1], [m1, m2]])
    return float(value), float(scores[0].sum()), float(m0 / 2), information


@cache
def _hermite() -> tuple[np.ndarray, np.ndarray]:
    """Nodes of Gauss-Hermite quadrature and the logarithms of their weights; computed once (20 ms)."""
    nodes, weights = np.polynomial.hermite.hermgauss(NODES)
    return nodes, np.log(weights)


def _mode(x: np.ndarray, n: np.ndarray, mu: float, tau: float) -> tuple[np.ndarray, np.ndarray]:
    """Mode of u given the data, per study, and its standard deviation by the curvature there."""
    if tau == 0:
        return np.zeros_like(x), np.ones_like(x)
    # Newton's method from the study's own log odds: near mu its likelihood may be flat, and steps would jump.
    u = (logit((x + 0.5) / (n + 1)) - mu) / tau
    for _ in range(100):
        p = expit(mu + tau * u)
        information = 1 + tau**2 * n * p * (1 - p)
        step = (tau * (x - n * p) - u) / information
        u = u + step
        if np.abs(step).max() < 1e-6:
            break
    return u, 1 / np.sqrt(information)
