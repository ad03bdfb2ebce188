"""Jump types: k-means clusters of standardised jump features."""

import numpy as np
import pandas as pd

from .errors import StudyError


def standardise(features: np.ndarray) -> np.ndarray:
    """Columns of (n, f) to mean 0 and population standard deviation 1; a constant column becomes 0."""
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit_transform(np.asarray(features, dtype=np.float64))


def jump_types(features: np.ndarray, k: int = 5, seed: int = 42, restarts: int = 10) -> np.ndarray:
    """Cluster jumps by standardised features (phase, magnitude, speed, ...): (n, f) -> labels (n,) in 0..k-1.

    Lloyd's k-means, best of `restarts` k-means++ starts, as published. k is an input, not a finding (D15).
    The labels depend on the order of the rows only through the random starts.
    Raises StudyError for non-finite features or fewer jumps than clusters.
    """
    from sklearn.cluster import KMeans

    features = np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or not np.isfinite(features).all():
        raise StudyError("jump features must be a finite (n, f) array")
    if not 1 <= k <= len(features):
        raise StudyError(f"k must be 1..{len(features)} (the number of jumps), found {k}")
    return KMeans(n_clusters=k, random_state=seed, n_init=restarts).fit_predict(standardise(features))


def type_sizes(labels: np.ndarray) -> list[int]:
    """Cluster sizes, largest first (labels themselves carry no meaning)."""
    return sorted(np.bincount(labels).tolist(), reverse=True)


def jump_features(jumps: pd.DataFrame) -> np.ndarray:
    """(phase, ln relative magnitude, ln speed) of jumps, (n, 3): logarithms because both are heavy-tailed (D15).

    jumps: a frame of `jumps.describe_jumps`. A speed of 0 (a window that returns to where it began) counts as the smallest
    positive one; where there is none, or a magnitude is 0 or undefined, StudyError.
    """
    size, speed = jumps["relative_magnitude"].to_numpy(), jumps["speed"].to_numpy()
    moving = speed > 0
    if not (size > 0).all() or not moving.any():
        raise StudyError("jump types need jumps of positive size and speed")
    speed = np.maximum(speed, speed[moving].min())
    return np.column_stack([jumps["phase"].to_numpy(), np.log(size), np.log(speed)])


def choose_k(
    features: np.ndarray, rng: np.random.Generator, k_max: int = 8, references: int = 20
) -> tuple[int, pd.DataFrame]:
    """Number of clusters by the gap statistic (Tibshirani, Walther & Hastie 2001): one is a possible answer.

    features (n, f), standardised here. The reference is uniform in the box along the principal axes of the features;
    the answer is the smallest k with gap(k) >= gap(k + 1) - s(k + 1). Returns k (0 if there are fewer than 2 k_max
    jumps or no variation: not evaluable) and the curve: k, gap, error.
    """
    scaled = standardise(features)
    if len(scaled) < 2 * k_max or not scaled.any():
        return 0, pd.DataFrame({"k": [], "gap": [], "error": []})
    axes = np.linalg.svd(scaled, full_matrices=False)[2]
    along = scaled @ axes.T
    low, high = along.min(axis=0), along.max(axis=0)
    uniform = rng.uniform(low, high, size=(references, *along.shape))
    seed = int(rng.integers(2**31))
    ks = np.arange(1, k_max + 2)
    inside = np.log([_dispersion(along, k, seed) for k in ks])
    null = np.log([[_dispersion(reference, k, seed) for k in ks] for reference in uniform])
    gap, error = null.mean(axis=0) - inside, null.std(axis=0) * np.sqrt(1 + 1 / references)
    enough = gap[:-1] >= gap[1:] - error[1:]
    k = int(ks[:-1][enough.argmax()] if enough.any() else k_max)
    return k, pd.DataFrame({"k": ks, "gap": gap, "error": error})


def type_stability(features: np.ndarray, k: int, rng: np.random.Generator, resamples: int = 20) -> float:
    """Mean adjusted Rand index between the types and those of bootstrap samples, compared on the sampled jumps.

    features (n, f). 1: the same types whatever jumps happened to be seen; 0: no more alike than chance.
    NaN for k < 2: one type is the same type always.
    """
    from sklearn.metrics import adjusted_rand_score

    if k < 2:
        return np.nan
    features = np.asarray(features, dtype=np.float64)
    whole = jump_types(features, k)
    samples = rng.integers(len(features), size=(resamples, len(features)))
    return float(np.mean([adjusted_rand_score(whole[s], jump_types(features[s], k)) for s in samples]))


def _dispersion(points: np.ndarray, k: int, seed: int) -> float:
    """Sum of squared distances to the k means, plus the smallest positive number (n identical points)."""
    from sklearn.cluster import KMeans

    return KMeans(n_clusters=k, random_state=seed, n_init=3).fit(points).inertia_ + np.finfo(float).tiny
