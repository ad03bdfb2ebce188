"""Stimuli held out in turn: those that a model is fitted to, and those on which it is judged."""

import numpy as np

from repdyn.errors import StudyError

FOLDS = 5
Splits = list[tuple[np.ndarray, np.ndarray]]  # (fitted to, judged on): numbers of stimuli
LEAST = 3  # stimuli in a fold: a correlation of two is 1 or -1


def random_folds(stimuli: int, rng: np.random.Generator, folds: int = FOLDS) -> Splits:
    """Each stimulus is judged once. StudyError for fewer than LEAST stimuli per fold."""
    return _splits(rng.permutation(stimuli), folds)


def blocked_folds(samples: int, gap: int, folds: int = FOLDS) -> Splits:
    """Blocks of a time series, judged in turn; `gap` samples on either side of a block are left out of the fit.

    Neighbouring samples are alike: at random they would be fitted to and judged on.
    """
    splits = []
    for _, block in _splits(np.arange(samples), folds):
        far = (np.arange(samples) < block[0] - gap) | (np.arange(samples) > block[-1] + gap)
        splits.append((np.flatnonzero(far), block))
    if min(len(fitted) for fitted, _ in splits) < LEAST:
        raise StudyError(
            f"{samples} samples leave nothing to fit with {folds} blocks and gaps of {gap}; use fewer lags"
        )
    return splits


def require_rows(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 (n, d). StudyError unless they are finite matrices of the same rows."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not x.size or not y.size:
        raise StudyError(f"two matrices with a row per stimulus are needed, found shapes {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise StudyError("features and responses must be finite")
    return x, y


def _splits(order: np.ndarray, folds: int) -> Splits:
    if folds < 2 or len(order) < LEAST * folds:
        raise StudyError(
            f"{len(order)} stimuli are too few for {folds} folds; {LEAST * folds} are needed, {LEAST} in each,"
            " or fewer folds"
        )
    parts = np.array_split(order, folds)
    return [(np.concatenate(parts[:i] + parts[i + 1 :]), part) for i, part in enumerate(parts)]
