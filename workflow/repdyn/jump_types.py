"""Jump types: k-means clusters of standardised jump features."""

import numpy as np

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
