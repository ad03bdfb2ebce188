"""Flat pictures of clouds of points, and how much of the cloud they keep."""

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

from repdyn.errors import StudyError
from repdyn.geometry.neighbours import distinct, points


def principal_embedding(x: np.ndarray, dimensions: int = 2) -> np.ndarray:
    """(n, d) along its leading principal directions: (n, dimensions)."""
    from sklearn.decomposition import PCA

    x = points(x)
    if dimensions > min(x.shape):
        raise StudyError(f"points of shape {x.shape} have {min(x.shape)} principal directions, not {dimensions}")
    return PCA(dimensions, svd_solver="full").fit_transform(x)


def isometric_embedding(along: np.ndarray, dimensions: int = 2) -> np.ndarray:
    """Isomap (Tenenbaum 2000): points in the plane whose distances are nearest to geodesics (n, n): (n, dimensions).

    Classical scaling of the geodesics. Raises StudyError where some row cannot be reached from another.
    """
    from sklearn.manifold import ClassicalMDS

    if along.ndim != 2 or along.shape[0] != along.shape[1] or not np.isfinite(along).all():
        raise StudyError(f"finite geodesics between all rows are needed, (n, n), found shape {along.shape}")
    return ClassicalMDS(dimensions, metric="precomputed").fit_transform(along)


def neighbour_embedding(x: np.ndarray, seed: int) -> np.ndarray:
    """t-SNE (van der Maaten & Hinton 2008) of (n, d) at scikit-learn's settings, from the principal directions: (n, 2).

    Raises StudyError for rows that are all equal: they have no directions.
    """
    from sklearn.manifold import TSNE

    x = points(x)
    if len(distinct(x)) < 2:
        raise StudyError(f"t-SNE needs rows that differ; all {len(x)} are equal")
    perplexity = min(30.0, (len(x) - 1) / 3)
    return TSNE(2, perplexity=perplexity, random_state=seed % 2**32).fit_transform(x).astype(np.float64)


def trustworthiness(x: np.ndarray, shown: np.ndarray, k: int) -> float:
    """Whether neighbours in the picture (n, 2) are neighbours in (n, d), in [0, 1] (Venna & Kaski 2001).

    1 - 2 / (n k (2n - 3k - 1)) times the ranks beyond k, in x, of the k nearest in the picture. About 0.5 for a picture
    without relation to x. Continuity is the same with x and the picture exchanged. Raises StudyError unless 1 <= k < n / 2.
    """
    from sklearn.manifold import trustworthiness as kept

    x, shown = points(x), points(shown)
    n = len(x)
    if len(shown) != n or not 1 <= k < n / 2:
        raise StudyError(
            f"{n} rows and {len(shown)} in the picture must be as many, with 1 to n / 2 neighbours, not {k}"
        )
    return float(kept(x, shown, n_neighbors=k))


def distance_correlation(distances: np.ndarray, shown: np.ndarray) -> float:
    """Spearman correlation of the distances between all pairs of rows, (n, n), with those in the picture (n, 2).

    Of geodesics or of Euclidean distances. NaN where either are all the same.
    """
    shown = points(shown)
    if distances.shape != (len(shown), len(shown)):
        raise StudyError(f"{len(shown)} rows in the picture have as many distances each, found shape {distances.shape}")
    pairs = np.triu_indices(len(shown), 1)
    ranks = np.stack([rankdata(distances[pairs]), rankdata(cdist(shown, shown)[pairs])])
    return float(np.corrcoef(ranks)[0, 1]) if (np.ptp(ranks, axis=1) > 0).all() else np.nan


def cluster_silhouette(shown: np.ndarray, clusters: int, seed: int) -> float:
    """Mean silhouette (Rousseeuw 1987) of the best k-means clusters of a picture (n, 2), in [-1, 1].

    k-means cuts any cloud into clusters, a Gaussian too, and has silhouettes well above 0 there: only what exceeds a null
    that was drawn in the same way speaks of clusters.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    shown = points(shown)
    if not 2 <= clusters < len(shown):
        raise StudyError(f"{len(shown)} points make 2 to {len(shown) - 1} clusters, not {clusters}")
    if (different := len(distinct(shown))) < clusters:
        raise StudyError(f"{different} different points make no {clusters} clusters")
    found = KMeans(clusters, n_init=3, random_state=seed % 2**32).fit_predict(shown)
    return float(silhouette_score(shown, found))
