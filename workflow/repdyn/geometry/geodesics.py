"""Distances along a cloud of points: shortest paths over the graph of nearest neighbours."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from repdyn.errors import StudyError, require_indices
from repdyn.geometry.neighbours import Neighbours, points


def graph(neighbours: Neighbours) -> csr_array:
    """Sparse symmetric matrix (n, n) of the lengths of edges between neighbours, joined where either names the other.

    Raises StudyError for a distance of zero, which a sparse matrix would take for no edge.
    """
    index, distance = neighbours
    if not (distance > 0).all():
        raise StudyError("rows have neighbours at distance 0; take `distinct` rows first")
    n, k = index.shape
    directed = csr_array((distance.ravel(), (np.repeat(np.arange(n), k), index.ravel())), shape=(n, n))
    return directed.maximum(directed.T)


def largest_component(neighbours: Neighbours) -> np.ndarray:
    """Rows (rising) of the largest connected part of the neighbour graph; all rows where it is connected."""
    labels = connected_components(graph(neighbours), directed=False)[1]
    return np.flatnonzero(labels == np.bincount(labels).argmax())


def geodesics(neighbours: Neighbours, sources: np.ndarray) -> np.ndarray:
    """Lengths of the shortest paths from some rows to all: (len(sources), n), infinite where there is no path.

    Dijkstra (1959) over the graph of the k nearest neighbours (Isomap; Tenenbaum 2000).
    """
    require_indices("sources", sources, len(neighbours.index))
    return dijkstra(graph(neighbours), directed=False, indices=sources)


def geodesic_ratio(x: np.ndarray, along: np.ndarray, sources: np.ndarray) -> float:
    """Median of geodesic over Euclidean distance, from source rows of (n, d) to all others; `along` is `geodesics`.

    1 for a flat convex patch sampled densely, pi / 2 at most for one pair on a circle; sparse points raise it, since paths
    zigzag, so it needs a null of as many points. NaN where no other row can be reached.
    """
    x = points(x)
    straight = np.stack([np.linalg.norm(x - x[source], axis=1) for source in sources])
    if along.shape != straight.shape:
        raise StudyError(f"geodesics {along.shape} do not belong to {len(sources)} sources and {len(x)} rows")
    pairs = np.isfinite(along) & (straight > 0)
    return float(np.median(along[pairs] / straight[pairs])) if pairs.any() else np.nan
