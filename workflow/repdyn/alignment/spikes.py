"""Spikes of a cell predicted from features of what it was shown: by correlation, and in bits per spike."""

from typing import NamedTuple

import numpy as np

from repdyn.alignment.folds import blocked_folds
from repdyn.alignment.regression import accuracy, predictions, ridge
from repdyn.errors import StudyError

EDGES = (0.001, 0.999)  # quantiles of a prediction beyond which the rate stays as it is there


class Encoded(NamedTuple):
    """Of counts (n, k): rate (n, k), spikes expected in each sample by a model fitted without its block. accuracy (k,):
    correlation of both, smoothed, the mean over blocks. bits (k,): per spike; NaN of a cell without spikes."""

    rate: np.ndarray
    accuracy: np.ndarray
    bits: np.ndarray


def encoded(features: np.ndarray, counts: np.ndarray, gap: int, width: float) -> Encoded:
    """How well features (n, d) of a stimulus predict counts of spikes (n, k) of as many cells, or shifted copies of one.

    A linear-nonlinear model (Chichilnisky 2001): ridge regression on blocks of the series, `gap` samples on either side of
    the block that is judged left out, and a rate whose logarithm is quadratic in what the regression gives. For the
    correlation, rate and counts are smoothed by a Gaussian of `width` samples. Raises StudyError for what are no counts, and
    for series that are too short.
    """
    from scipy.ndimage import gaussian_filter1d

    counts = np.asarray(counts, dtype=np.float64)
    if counts.ndim != 2 or not np.isfinite(counts).all() or (counts < 0).any() or (counts % 1).any():
        raise StudyError(f"counts of spikes (samples, cells), whole and not negative, are needed, found {counts.shape}")
    splits = blocked_folds(len(counts), gap)
    # The regression draws nothing.
    linear = predictions(features, counts, splits, ridge, np.random.default_rng(0))
    rate, mean = np.empty(counts.shape), np.empty(counts.shape)
    for fitted, judged in splits:
        mean[judged] = counts[fitted].mean(0)
        for cell in range(counts.shape[1]):
            rate[judged, cell] = _rate(linear[fitted, cell], counts[fitted, cell], linear[judged, cell])
    smooth, wanted = (gaussian_filter1d(each, width, axis=0) for each in (rate, counts))
    return Encoded(rate, accuracy(wanted, smooth, splits), bits_per_spike(counts, rate, mean))


def bits_per_spike(counts: np.ndarray, rate: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """By how much a rate makes counts (n, k) likelier than their mean does, if they are Poisson: (k,), in bits per spike.

    rate, mean: spikes expected per sample, (n, k). Below 0 for a rate that is worse than the mean (Pillow et al. 2008).
    """
    from scipy.special import xlogy

    with np.errstate(divide="ignore"):
        gain = (xlogy(counts, rate) - rate - xlogy(counts, mean) + mean).sum(0)
    spikes = counts.sum(0)
    return np.divide(gain, np.log(2) * spikes, out=np.full(len(spikes), np.nan), where=spikes > 0)


def with_products(lags: np.ndarray, nearest: int) -> np.ndarray:
    """Lags of a stimulus (n, lags) and the products of each two of the `nearest` ones, squares among them: the field of a
    quadratic model (Marmarelis & Naka 1972)."""
    first, second = np.triu_indices(nearest)
    return np.hstack([lags, lags[:, first] * lags[:, second]])


def _rate(linear: np.ndarray, counts: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Spikes per sample for what the regression gives elsewhere."""
    from sklearn.linear_model import PoissonRegressor

    ends, mean, spread = np.quantile(linear, EDGES), linear.mean(), linear.std()
    if not (spread > 0 and counts.any()):
        return np.full(len(other), counts.mean())
    first, other = ((np.clip(each, *ends) - mean) / spread for each in (linear, other))
    fitted = PoissonRegressor(alpha=0, solver="newton-cholesky").fit(np.column_stack([first, first * first]), counts)
    return fitted.predict(np.column_stack([other, other * other]))
