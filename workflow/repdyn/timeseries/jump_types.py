"""Jump types: k-means clusters of standardised jump features."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.errors import StudyError
from repdyn.seeds import derive

K_MAX = 8
PER_TYPE = 5  # different jumps, at least, per type that is looked for
REFERENCES, LEVEL = (
    39,
    0.05,
)  # single blobs that jumps are compared with, and the share of them that may reach the jumps
SAMPLE = 1000  # of more jumps, so many are clustered


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

    jumps: a frame of `jumps.describe_jumps`. A speed of 0 (a window that returns to where it began) counts as
    the smallest positive one; where there is none, or a magnitude is 0 or undefined, StudyError.
    """
    size, speed = jumps["relative_magnitude"].to_numpy(), jumps["speed"].to_numpy()
    moving = speed > 0
    if not (size > 0).all() or not moving.any():
        raise StudyError("jump types need jumps of positive size and speed")
    speed = np.maximum(speed, speed[moving].min())
    return np.column_stack([jumps["phase"].to_numpy(), np.log(size), np.log(speed)])


class Types(NamedTuple):
    """Number of types, p of a single blob, and the curve (columns k, silhouette).

    k is 1 where nothing exceeds a single blob, and 0 where the jumps are not evaluable.
    """

    k: int
    p: float
    curve: pd.DataFrame


def choose_k(
    features: np.ndarray,
    rng: np.random.Generator,
    k_max: int = K_MAX,
    references: int = REFERENCES,
    alpha: float = LEVEL,
    sample: int = SAMPLE,
) -> Types:
    """Number of clusters by silhouette (Rousseeuw 1987), one being a possible answer.

    The best k in 2..k_max is compared with the best k of `references` single blobs: normal with the
    covariance of the features (as Liu et al. 2008) and, in turn, uniform in the box along their principal
    axes, and as skewed and correlated as the features (Pearson's type III), so that a tail is no type. It is kept if at
    most a share alpha of them reaches its silhouette, else the answer is 1. Not the gap statistic: in three plain
    normal blobs it finds 1 or 6 to 8, depending on its stopping rule.

    features (n, f), standardised here; of more than `sample` jumps a random sample is used. Not evaluable:
    fewer than 5 k_max jumps, or no variation. Raises StudyError for non-finite features.
    """
    features = np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or not np.isfinite(features).all():
        raise StudyError("jump features must be a finite (n, f) array")
    empty = pd.DataFrame({"k": np.empty(0, dtype=int), "silhouette": np.empty(0)})
    if len(np.unique(features, axis=0)) < PER_TYPE * k_max:
        return Types(0, np.nan, empty)
    if len(features) > sample:
        features = features[rng.choice(len(features), sample, replace=False)]
    points, axes = along_axes(features)
    seed = int(rng.integers(2**31))
    curve = silhouettes(points @ axes.T, k_max, seed)
    null = np.array([silhouettes(blob, k_max, seed).max() for blob in single_blobs(points, axes, references, rng)])
    p = (1 + (null >= curve.max()).sum()) / (1 + references)
    k = int(curve.argmax()) + 2 if p <= alpha else 1
    return Types(k, float(p), pd.DataFrame({"k": np.arange(2, k_max + 1), "silhouette": curve}))


def along_axes(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standardised features (n, f) and their principal axes (f, f), one a row."""
    points = standardise(features)
    return points, np.linalg.svd(points, full_matrices=False)[2]


def single_blobs(points: np.ndarray, axes: np.ndarray, number: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Single blobs (n, f) with the spread of the points: in turn uniform, normal and skewed, along the principal axes."""
    along = points @ axes.T
    return [
        _skewed(points, rng) @ axes.T if i % 3 == 2 else (_uniform, _normal)[i % 3](along, rng) for i in range(number)
    ]


def _uniform(along: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(along.min(axis=0), along.max(axis=0), size=along.shape)


def _normal(along: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(along.shape) * along.std(axis=0)


def _skewed(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    from scipy.special import ndtr
    from scipy.stats import pearson3, skew

    values, vectors = np.linalg.eigh(np.cov(points.T))
    normal = rng.standard_normal(points.shape) @ (vectors * np.sqrt(np.maximum(values, 0))).T
    return pearson3.ppf(ndtr(normal), skew(points, axis=0)) * points.std(axis=0)


def count_types(jumps: pd.DataFrame) -> tuple[Types, np.ndarray]:
    """`choose_k` of the jumps that have features, and these (n, 3): the one number of types of a set of jumps.

    jumps: a frame of `jumps.describe_jumps`, in any order. Not evaluable without jumps of positive size and speed.
    """
    usable = jumps[(jumps["relative_magnitude"] > 0) & jumps["speed"].notna()]
    if not (usable["speed"] > 0).any():
        return choose_k(np.empty((0, 3)), np.random.default_rng(0)), np.empty((0, 3))
    features = jump_features(usable)
    features = features[np.lexsort(features.T)]
    return choose_k(features, np.random.default_rng(derive("jump types"))), features


def silhouettes(points: np.ndarray, k_max: int, seed: int) -> np.ndarray:
    """Mean silhouette of the k-means clusters for k = 2..k_max: points (n, f) -> (k_max - 1,)."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import pairwise_distances, silhouette_score

    ks = range(2, k_max + 1)
    labels = [KMeans(n_clusters=k, random_state=seed, n_init=3).fit_predict(points) for k in ks]
    distances = pairwise_distances(points)
    return np.array([silhouette_score(distances, found, metric="precomputed") for found in labels])


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
