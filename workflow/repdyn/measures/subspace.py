"""Where in a layer's space its variance lies: principal subspaces, and whether a representation leaves them."""

import numpy as np
import pandas as pd

from repdyn.errors import StudyError
from repdyn.measures.similarity import centred, compared
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.statistics.components import principal_components

# Most directions of a principal subspace.
DIRECTIONS = 10
# Share of the variance below which a direction is rounding noise of float32 activations.
NOISE = 1e-10


def directions(n: int, d: int) -> int:
    """Principal directions of (n, d) that are compared: min(10, d // 2, n - 1); all d would overlap in any case."""
    return min(DIRECTIONS, d // 2, n - 1)


def principal_directions(x: np.ndarray, k: int) -> np.ndarray:
    """The k directions of largest variance of (n, d), centred: orthonormal columns (d, k).

    All NaN where x has no k directions with variance. Raises StudyError unless 1 <= k <= d.
    """
    d = np.shape(x)[-1]
    if not 1 <= k <= d:
        raise StudyError(f"{d} features have 1 to {d} principal directions, not {k}")
    return _directions(centred(x), k)


def overlap(x: np.ndarray, y: np.ndarray, k: int) -> float:
    """||U'V||_F^2 / k of k principal directions U of (n, d), V of (m, d): mean squared cosine of the principal angles.

    1 where they span the same subspace, 0 where the subspaces are orthogonal (Krzanowski 1979). NaN where either has no
    k directions with variance.
    """
    if x.shape[1:] != y.shape[1:]:
        raise StudyError(f"subspaces are compared within the same features, found {x.shape[1:]} and {y.shape[1:]}")
    return _shared(principal_directions(x, k), principal_directions(y, k))


def overlap_null(d: int, k: int) -> tuple[float, float]:
    """Mean and standard deviation of `overlap` for independent uniformly random subspaces. Exact.

    Both projections less their mean k/d I are traceless symmetric matrices of squared norm k (d-k) / d. Over rotations
    of one, their product has mean 0 and, by Schur orthogonality in a space of dimension (d-1)(d+2) / 2, the product of
    the squared norms over that dimension as its variance.
    """
    sd = (d - k) / d * np.sqrt(2 / ((d - 1) * (d + 2))) if d > 1 else 0.0
    return k / d, float(sd)


def variance_inside(x: np.ndarray, basis: np.ndarray) -> float:
    """Share of the variance of (n, d) in the span of orthonormal columns (d, k). NaN where x is constant."""
    return _inside(centred(x), basis)


def variance_inside_null(x: np.ndarray, k: int) -> tuple[float, float]:
    """Mean and standard deviation of `variance_inside` of (n, d) for a uniformly random basis of k directions. Exact.

    As `overlap_null`, with the covariance of x in place of one projection. NaN where x is constant.
    """
    return _inside_null(centred(x), k)


def measure(subject: Subject) -> pd.DataFrame:
    """Every layer with at least two features; rows are `subject.representations`, k is `directions`.

    - subspace_overlap [squared cosine]: mean squared cosine of the principal angles between the k principal directions
      of later and of earlier steps (`reference`), for the pairs of `similarity.compared`. Null: random subspaces,
      exact. Source: Krzanowski 1979.
    - variance_in_init_subspace [share]: of a step's variance in the k principal directions of initialisation
      (`reference`). Null: random subspaces, exact.
    - variance_in_own_subspace [share]: the same in the step's own k directions, which is the most that k directions can
      hold.
    - subspace_directions [count]: k, once, at the first step.
    """
    first, pairs = subject.grid[0], compared(subject)
    entries = []
    for layer in subject.layers:
        n, d = subject.representations(subject.steps[0])[layer].shape
        k = directions(n, d)
        if k < 1:
            continue
        entries.append(entry(subject.steps[0], layer, "subspace_directions", k))
        rows = {step: centred(subject.representations(step)[layer]) for step in subject.steps}
        bases = {step: _directions(x, k) for step, x in rows.items()}
        for earlier, later in pairs:
            value = _shared(bases[earlier], bases[later])
            entries.append(entry(later, layer, "subspace_overlap", value, *overlap_null(d, k), reference=earlier))
        for step, x in rows.items():
            entries.append(entry(step, layer, "variance_in_own_subspace", _inside(x, bases[step])))
            value, null = _inside(x, bases[first]), _inside_null(x, k)
            entries.append(entry(step, layer, "variance_in_init_subspace", value, *null, reference=first))
    return combine(entries)


def _directions(x: np.ndarray, k: int) -> np.ndarray:
    d = x.shape[1]
    if np.isnan(x[0, 0]):
        return np.full((d, k), np.nan)
    share, directions = principal_components(x, k)
    return directions if len(share) == k and share[0] > NOISE else np.full((d, k), np.nan)


def _inside(x: np.ndarray, basis: np.ndarray) -> float:
    return float(((x @ basis) ** 2).sum())


def _inside_null(x: np.ndarray, k: int) -> tuple[float, float]:
    d = x.shape[1]
    spread = ((x.T @ x) ** 2).sum() - 1 / d
    sd = np.sqrt(np.maximum(k * (d - k) / d * spread * 2 / ((d - 1) * (d + 2)), 0)) if d > 1 else 0.0
    return (np.nan, np.nan) if np.isnan(spread) else (k / d, float(sd))


def _shared(u: np.ndarray, v: np.ndarray) -> float:
    return float(((u.T @ v) ** 2).sum() / u.shape[1])
