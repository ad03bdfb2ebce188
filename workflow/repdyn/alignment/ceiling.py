"""What noise leaves to explain: the reliability of responses over repeats of the same stimuli."""

import numpy as np

from repdyn.errors import StudyError

SPLITS = 50


def reliability(responses: np.ndarray, rng: np.random.Generator, splits: int = SPLITS) -> np.ndarray:
    """Share of the variance of the mean response over repeats that repeats of it would show again, per unit: (units,).

    responses (repeats, stimuli, units). Repeats, never stimuli, are split in half at random; the correlation of the halves'
    means over stimuli is taken to the full number of repeats (Spearman 1910, Brown 1910), and averaged over splits. NaN for
    one repeat: there is no ceiling, least of all 1. Odd repeats: the halves differ by one, for which the formula is
    adapted. NaN for a unit that answers alike to every stimulus.
    """
    responses = np.asarray(responses, dtype=np.float64)
    if responses.ndim != 3 or not responses.size or not np.isfinite(responses).all():
        raise StudyError(f"finite responses (repeats, stimuli, units) are needed, found shape {responses.shape}")
    repeats, n, units = responses.shape
    if n < 3:
        raise StudyError(f"reliability over stimuli needs at least 3 of them, found {n}")
    if repeats < 2:
        return np.full(units, np.nan)
    found = []
    for _ in range(splits):
        order = rng.permutation(repeats)
        halves = [responses[part].mean(0) for part in np.array_split(order, 2)]
        found.append(correlated(*halves))
    half = np.mean(found, axis=0)
    # Of halves of a and b repeats r = s / sqrt((s + 1/a) (s + 1/b)), s signal over noise; equal halves give 2 r / (1 + r).
    a, b = repeats - repeats // 2, repeats // 2
    signal = _signal_to_noise(half, a, b)
    return np.sign(half) * signal / (signal + 1 / repeats)


def ceiling(found: np.ndarray) -> np.ndarray:
    """Correlation with the mean response that a model without any error would have: the root of `reliability`; 0 where
    this is negative, NaN where there is none."""
    return np.sqrt(np.where(np.isnan(found), np.nan, np.maximum(found, 0)))


def correlated(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlations (units,) of the columns of (n, units) and (n, units); NaN where one does not vary."""
    a, b = a - a.mean(0), b - b.mean(0)
    below = np.sqrt((a * a).sum(0) * (b * b).sum(0))
    tiny = 1e-12 * len(a) * np.maximum(np.abs(a).max(0), np.abs(b).max(0)) ** 2
    return np.divide((a * b).sum(0), below, out=np.full(len(below), np.nan), where=below > tiny)


def _signal_to_noise(r: np.ndarray, a: int, b: int) -> np.ndarray:
    """s with |r| = s / sqrt((s + 1/a) (s + 1/b))."""
    square, total, product = np.minimum(r * r, 1 - 1e-12), 1 / a + 1 / b, 1 / (a * b)
    return (square * total + np.sqrt((square * total) ** 2 + 4 * (1 - square) * square * product)) / (2 * (1 - square))
