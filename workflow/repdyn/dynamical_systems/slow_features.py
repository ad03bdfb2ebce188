"""Slow feature analysis: the directions of a series that change least from one time step to the next."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError


class SlowFeatures(NamedTuple):
    """features (T, k) of unit variance, slowest first; slowness (k,): mean squared change per time step, 2 for white noise;
    directions (d, k) onto which the centred series is projected."""

    features: np.ndarray
    slowness: np.ndarray
    directions: np.ndarray


def slow_features(series: np.ndarray, count: int) -> SlowFeatures:
    """The `count` slowest directions of a series (T, d), T > d: whitened, then the least changing components of its change.

    Wiskott & Sejnowski (2002, Neural Comput. 14, 715), linear. StudyError for a series that is not finite, too short or of
    fewer dimensions than `count`, and for one whose covariance has no inverse.
    """
    series = np.asarray(series, dtype=np.float64)
    if series.ndim != 2 or not np.isfinite(series).all() or not 1 <= count <= series.shape[1] < len(series) - 1:
        raise StudyError(f"slow features take a finite series (T, d), T > d + 1 and d >= {count}, found {series.shape}")
    centred = series - series.mean(0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(series))
    if not values[0] > 1e-12 * values[-1]:
        raise StudyError(
            "some directions of the series are constant or sums of others; take its principal components first"
        )
    whitening = vectors / np.sqrt(values)
    change = np.diff(centred @ whitening, axis=0)
    slowness, rotation = np.linalg.eigh(change.T @ change / len(change))
    directions = whitening @ rotation[:, :count]
    return SlowFeatures(centred @ directions, slowness[:count], directions)
