"""Temporal receptive fields: what of the recent past of a stimulus a response follows."""

from typing import NamedTuple

import numpy as np

from repdyn.alignment.folds import Splits, blocked_folds
from repdyn.errors import StudyError

ALPHAS = np.logspace(-5, 1, 7)  # ridges, shares of the mean variance
INNER = 3


class ReceptiveField(NamedTuple):
    """kernel (lags,): the weight of the stimulus 0, 1, ... samples ago. predicted (n,): of each sample by a field fitted
    without its block. accuracy: their correlation, the mean over blocks."""

    kernel: np.ndarray
    predicted: np.ndarray
    accuracy: float


def receptive_field(stimulus: np.ndarray, response: np.ndarray, lags: int) -> ReceptiveField:
    """The linear field of a response (n,) to a stimulus (n,) by ridge regression (Theunissen 2001; Machens 2004).

    Judged on blocks that are held out, `lags` samples on either side of which are left out of the fit; the ridge is chosen
    by blocks of the others. Raises StudyError for series that do not vary or are too short.
    """
    stimulus, response = (np.asarray(each, dtype=np.float64) for each in (stimulus, response))
    if stimulus.ndim != 1 or stimulus.shape != response.shape:
        raise StudyError(f"two series of equal length are needed, found {stimulus.shape} and {response.shape}")
    if not (np.isfinite(stimulus).all() and np.isfinite(response).all() and np.ptp(stimulus) and np.ptp(response)):
        raise StudyError("stimulus and response must be finite and vary")
    if lags < 1:
        raise StudyError(f"a field has at least one lag, found {lags}")
    x, splits = lagged(stimulus, lags), blocked_folds(len(stimulus), lags)
    predicted = np.empty(len(response))
    for train, test in splits:
        predicted[test] = _fitted(x[train], response[train], lags, x[test])[1]
    kernel = _fitted(x, response, lags, x)[0]
    found = np.mean([_correlation(predicted[test], response[test]) for _, test in splits])
    return ReceptiveField(kernel, predicted, float(found))


def lagged(stimulus: np.ndarray, lags: int) -> np.ndarray:
    """(n, lags): the stimulus 0, 1, ... samples ago; its mean before it began."""
    padded = np.concatenate([np.full(lags - 1, stimulus.mean()), stimulus])
    return np.stack([padded[lags - 1 - lag : len(padded) - lag] for lag in range(lags)], axis=1)


def shifted_accuracies(
    stimulus: np.ndarray, response: np.ndarray, lags: int, rng: np.random.Generator, draws: int
) -> np.ndarray:
    """Accuracies where the response is shifted in a circle by a tenth of its length or more: (draws,).

    These need not be 0 on average: compare with them, not with 0.
    """
    shifted = circular_shifts(response, rng, draws)
    return np.array([receptive_field(stimulus, each, lags).accuracy for each in shifted.T])


def circular_shifts(response: np.ndarray, rng: np.random.Generator, draws: int) -> np.ndarray:
    """A response (n,) shifted in a circle by a tenth of its length or more: (n, draws)."""
    n = len(response)
    return np.stack([np.roll(response, shift) for shift in rng.integers(n // 10, n - n // 10, size=draws)], axis=1)


def _fitted(x: np.ndarray, y: np.ndarray, lags: int, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kernel (lags,), and what it predicts for `other` (m, lags)."""
    inner: Splits = blocked_folds(len(y), lags, INNER)
    errors = np.zeros(len(ALPHAS))
    for train, test in inner:
        kernels, mean, offset = _ridges(x[train], y[train])
        errors += np.square((x[test] - mean) @ kernels + offset - y[test][:, None]).sum(0)
    kernels, mean, offset = _ridges(x, y)
    kernel = kernels[:, int(np.argmin(errors))]
    return kernel, (other - mean) @ kernel + offset


def _ridges(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Kernels (lags, len(ALPHAS)), the means of x and of y. All ridges from one eigendecomposition."""
    mean, offset = x.mean(0), float(y.mean())
    squares, directions = np.linalg.eigh((x - mean).T @ (x - mean))
    along = directions.T @ ((x - mean).T @ (y - offset))
    kernels = directions @ (along[:, None] / (np.maximum(squares, 0)[:, None] + ALPHAS * squares.mean()))
    return kernels, mean, offset


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    below = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / below) if below > 0 else 0.0
