"""Mean-field capacity: how many class manifolds per weight a linear read-out tells apart, from the shape of each."""

import numpy as np
from scipy.optimize import nnls

from repdyn.errors import StudyError
from repdyn.geometry.neighbours import points

ROUNDING = 1e-6  # share of the largest singular value up to which a direction is rounding


def manifold_capacity(x: np.ndarray, draws: int, rng: np.random.Generator) -> float:
    """Capacity, manifolds per weight, of many manifolds with the shape of one: the rows of (n, d), about their mean.

    Chung, Lee & Sompolinsky (2018, Phys. Rev. X 8, 031003, eq. 13): 1 / capacity is the mean, over Gaussian vectors t of the
    directions that the rows span and of one along their mean, of the squared distance from t to the cone of read-outs that
    have all rows on one side. By Moreau that is the length of the projection on the cone of the rows themselves, which
    non-negative least squares finds. 2 for a single point (Cover 1965); 1 / (D + 1/2) for a ball of D dimensions that is
    large against its mean. StudyError for rows whose mean is 0, which lie on no side, and for fewer than 2 draws.
    """
    rows = np.asarray(x, dtype=np.float64)
    if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
        raise StudyError(f"a manifold is one or more finite rows (n, d), found shape {rows.shape}")
    centre = rows.mean(0)
    length = np.linalg.norm(centre)
    if length <= ROUNDING * np.linalg.norm(rows, axis=1).max(initial=0) or draws < 2:
        raise StudyError(
            f"rows with a mean other than 0 and 2 or more draws are needed, found {rows.shape}, {draws} draws"
        )
    left, scale, _ = np.linalg.svd(rows - centre, full_matrices=False)
    kept = scale > ROUNDING * max(scale[0], length)
    shape = np.column_stack([left[:, kept] * scale[kept] / length, np.ones(len(rows))])
    reach = [
        nnls(shape.T, -t, maxiter=100 * len(rows))[0] @ shape for t in rng.standard_normal((draws, shape.shape[1]))
    ]
    return float(1 / np.mean(np.square(reach).sum(1)))


def mean_field_capacity(x: np.ndarray, labels: np.ndarray, draws: int, rng: np.random.Generator) -> float:
    """The capacity of the classes of (n, d), labels (n,): 1 over the mean of 1 / `manifold_capacity` of each class.

    The theory takes classes as drawn independently; of what their means share, their common mean is taken out here (Cohen
    2020, Nat. Commun. 11, 746, takes out more). Where the spreads of classes are alike in direction, it says too much or too
    little. StudyError for fewer than three classes: of two the means are each other's negatives.
    """
    rows = points(x)
    classes = np.unique(labels)
    if np.shape(labels) != (len(rows),) or len(classes) < 3:
        raise StudyError(f"{len(rows)} rows need as many labels, of three classes or more, found {np.shape(labels)}")
    centred = rows - np.mean([rows[labels == label].mean(0) for label in classes], axis=0)
    found = [manifold_capacity(centred[labels == label], draws, rng) for label in classes]
    return float(1 / np.mean([1 / each for each in found]))
