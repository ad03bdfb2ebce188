"""A picture of the path of the weights that follows its turns: distances along the path of neighbours, in the plane."""

from typing import NamedTuple

import numpy as np

from repdyn.dynamics.trajectory import displacement_gram
from repdyn.errors import StudyError
from repdyn.geometry.embedding import isometric_embedding, trustworthiness
from repdyn.geometry.geodesics import geodesics
from repdyn.geometry.neighbours import nearest

NEIGHBOURS = 3  # at least; as many more as it takes to connect all


class Embedded(NamedTuple):
    """coordinates (T, 2); neighbours that connected all checkpoints; trust: trustworthiness of the picture."""

    coordinates: np.ndarray
    neighbours: int
    trust: float


def embedded_path(weights: list[np.ndarray]) -> Embedded:
    """T weight vectors (D,), of one run or of several, as points in the plane by Isomap (Tenenbaum 2000).

    Geodesics over the fewest neighbours, from NEIGHBOURS, that connect all. Of a path this shows what a projection on two
    directions folds up; the trust says how much of the neighbourhoods it keeps. PHATE (Moon et al. 2019), made for such
    pictures, needs a package that this project does without. StudyError for fewer than 8 vectors, or two that are equal.
    """
    displacement_gram(weights)  # of one length, and finite
    x = np.stack(weights).astype(np.float64)
    if len(x) < 8:
        raise StudyError(f"a picture of a path takes 8 checkpoints or more, found {len(x)}")
    # Only distances matter: a rotation into as many dimensions as there are checkpoints keeps them.
    left, values, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
    x = left * values
    for k in range(NEIGHBOURS, len(x)):
        along = geodesics(nearest(x, k), np.arange(len(x)))
        if np.isfinite(along).all():
            break
    coordinates = isometric_embedding((along + along.T) / 2)
    return Embedded(coordinates, k, trustworthiness(x, coordinates, min(NEIGHBOURS, (len(x) - 1) // 2)))
