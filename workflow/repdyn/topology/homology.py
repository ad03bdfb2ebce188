"""Persistent homology of a cloud of points: connected components, loops and voids, and their scales.

A diagram is (k, 2): the birth and death of k bars, as distances between points.
"""

import numpy as np
from scipy.spatial.distance import pdist, squareform

from repdyn.errors import StudyError
from repdyn.geometry.neighbours import points


def diagrams(x: np.ndarray, dimension: int = 1) -> list[np.ndarray]:
    """Vietoris-Rips diagrams of (n, d) from dimension 0 (connected components) on; bars longest first, those of length
    0 left out.

    Filtered up to the distance from which one row is joined to all: from there on the complex is a cone, so one bar of
    dimension 0 is infinite, all others are finite, and no choice of an end enters. Coefficients modulo 2 (Edelsbrunner,
    Letscher & Zomorodian 2002). Cost grows as n^(dimension + 2). Raises StudyError for rows that are not `points` or a
    negative dimension.
    """
    from gudhi.sklearn.rips_persistence import RipsPersistence

    if dimension < 0:
        raise StudyError(f"homology is of dimension 0 or more, not {dimension}")
    distances = squareform(pdist(points(x)))
    end = np.nextafter(distances.max(1).min(), np.inf)
    complexes = RipsPersistence(
        homology_dimensions=range(dimension + 1),
        threshold=end,
        input_type="full distance matrix",
        homology_coeff_field=2,
    )
    return [_sorted(bars) for bars in complexes.fit_transform([distances])[0]]


def lengths(diagram: np.ndarray) -> np.ndarray:
    """Death less birth of every bar of (k, 2): (k,), infinite for what never dies."""
    diagram = np.asarray(diagram, dtype=np.float64)
    if diagram.ndim != 2 or diagram.shape[1] != 2 or (diagram[:, 1] < diagram[:, 0]).any():
        raise StudyError(f"a diagram is births and deaths (k, 2), deaths last, found shape {diagram.shape}")
    return diagram[:, 1] - diagram[:, 0]


def total_persistence(diagram: np.ndarray) -> float:
    """Sum of the lengths of the finite bars of (k, 2); 0 where there are none."""
    length = lengths(diagram)
    return float(length[np.isfinite(length)].sum())


def longest(diagram: np.ndarray) -> float:
    """Length of the longest finite bar of (k, 2); 0 where there are none."""
    length = lengths(diagram)
    return float(length[np.isfinite(length)].max(initial=0.0))


def bottleneck(first: np.ndarray, second: np.ndarray) -> float:
    """Bottleneck distance of two diagrams (Cohen-Steiner, Edelsbrunner & Harer 2007): infinite where they differ in
    the number of infinite bars. Moving every point by at most e changes a Rips diagram by at most 2 e.
    """
    from gudhi import bottleneck_distance

    lengths(first), lengths(second)
    return float(bottleneck_distance(first, second))


def _sorted(bars: np.ndarray) -> np.ndarray:
    bars = np.asarray(bars, dtype=np.float64).reshape(-1, 2)
    bars = bars[bars[:, 1] > bars[:, 0]]
    return bars[np.lexsort((bars[:, 0], bars[:, 0] - bars[:, 1]))]
