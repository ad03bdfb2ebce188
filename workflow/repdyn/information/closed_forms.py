"""Information and divergence where a formula gives them, in nats: what estimates are held against."""

import numpy as np
from scipy.special import entr

from repdyn.errors import StudyError


def normal_information(correlation: float) -> float:
    """Mutual information of two jointly normal numbers: -ln(1 - rho^2) / 2 (Cover & Thomas 2006, example 8.5.1)."""
    if not -1 < correlation < 1:
        raise StudyError(f"a correlation between -1 and 1 is needed, found {correlation}")
    return float(-0.5 * np.log1p(-(correlation**2)))


def linear_information(weights: np.ndarray, sigma: float) -> float:
    """Information of W x + Z on standard normal x: ln det(1 + W W' / sigma^2) / 2, W (m, d), Z normal of deviation sigma.

    Cover & Thomas 2006, section 9.4. StudyError unless W is a matrix and sigma positive: without noise it is infinite.
    """
    weights = np.asarray(weights, dtype=np.float64)
    if weights.ndim != 2 or not np.isfinite(weights).all() or not sigma > 0:
        raise StudyError(f"weights (m, d) and noise above 0 are needed, found shape {weights.shape} and {sigma}")
    return float(0.5 * np.linalg.slogdet(np.eye(len(weights)) + weights @ weights.T / sigma**2)[1])


def normal_divergence(mean: float, deviation: float, other_mean: float, other_deviation: float) -> float:
    """Kullback-Leibler divergence from one normal distribution to another, KL(one || other)."""
    if not (deviation > 0 and other_deviation > 0):
        raise StudyError(f"deviations must be above 0, found {deviation} and {other_deviation}")
    ratio = deviation / other_deviation
    return float(-np.log(ratio) + (ratio**2 + ((mean - other_mean) / other_deviation) ** 2 - 1) / 2)


def table_information(joint: np.ndarray) -> float:
    """Mutual information of two discrete variables with this table of joint probabilities or counts (a, b)."""
    p = as_joint(joint)
    return float(entr(p.sum(0)).sum() + entr(p.sum(1)).sum() - entr(p).sum())


def as_joint(table: np.ndarray) -> np.ndarray:
    """A table (a, b) of counts or probabilities that adds up to 1. StudyError for one that is negative or empty."""
    p = np.asarray(table, dtype=np.float64)
    if p.ndim != 2 or not np.isfinite(p).all() or (p < 0).any() or not p.sum() > 0:
        raise StudyError(f"a table (a, b) of counts or probabilities is needed, none negative and not all 0: {p.shape}")
    return p / p.sum()
