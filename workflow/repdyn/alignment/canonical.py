"""Canonical correlations of two representations of the same stimuli, on stimuli that they were not fitted to."""

from typing import NamedTuple

import numpy as np

from repdyn.alignment.folds import FOLDS, random_folds, require_rows
from repdyn.errors import StudyError
from repdyn.statistics.components import principal_components

RIDGES = (1e-6, 1e-3, 1e-2, 1e-1, 1.0)  # shares of the mean variance
INNER = 3
SHARE = 0.99  # of the variance, which SVCCA keeps


class Canonical(NamedTuple):
    """a (p, k), b (q, k): directions, by falling correlation; x_mean (p,), y_mean (q,); correlations (k,) of what was
    fitted; weights (p, k): how much each feature of x has in common with each direction."""

    a: np.ndarray
    b: np.ndarray
    x_mean: np.ndarray
    y_mean: np.ndarray
    correlations: np.ndarray
    weights: np.ndarray


class HeldOut(NamedTuple):
    """correlations (k,): means over folds of stimuli that were held out. weighted: their mean by how much of x each
    direction carries. in_sample (k,): of all stimuli, fitted and judged alike. saturated: whether p + q reaches n, so that
    these are 1 whatever the data. stimuli: n."""

    correlations: np.ndarray
    weighted: float
    in_sample: np.ndarray
    saturated: bool
    stimuli: int


def canonical(x: np.ndarray, y: np.ndarray, ridge: float) -> Canonical:
    """Directions of x (n, p) and of y (n, q) whose projections correlate most (Hotelling 1936), by whitening and SVD.

    ridge: added to all variances, as a share of their mean (Vinod 1976). StudyError where x or y does not vary.
    """
    x, y = require_rows(x, y)
    x_mean, y_mean = x.mean(0), y.mean(0)
    whiten_x, whiten_y = _whitening(x - x_mean, ridge), _whitening(y - y_mean, ridge)
    left, s, right = np.linalg.svd(
        whiten_x.T @ ((x - x_mean).T @ (y - y_mean) / len(x)) @ whiten_y, full_matrices=False
    )
    a, b = whiten_x @ left, whiten_y @ right.T
    found = _paired((x - x_mean) @ a, (y - y_mean) @ b)
    order = np.argsort(-found, kind="stable")
    variates = (x - x_mean) @ a
    weights = np.abs((x - x_mean).T @ (variates / np.linalg.norm(variates, axis=0)))
    return Canonical(a[:, order], b[:, order], x_mean, y_mean, found[order], weights[:, order])


def held_out_cca(
    x: np.ndarray, y: np.ndarray, rng: np.random.Generator, folds: int = FOLDS, share: float = 1
) -> HeldOut:
    """Canonical correlations of x (n, p) and y (n, q) on held-out stimuli; the ridge is chosen on those fitted to.

    share: of the variance, to whose principal components both are cut down first, on the stimuli fitted to. Raises as
    `canonical`, and StudyError for too few stimuli.
    """
    x, y = require_rows(x, y)
    found, weighted = [], []
    for train, test in random_folds(len(x), rng, folds):
        (p, q), inner = _cut(x[train], y[train], share), random_folds(len(train), rng, INNER)
        fit, judged = (x[train] @ p, y[train] @ q), (x[test] @ p, y[test] @ q)
        scores = [
            sum(_judge(canonical(fit[0][a], fit[1][a], ridge), fit[0][b], fit[1][b]).sum() for a, b in inner)
            for ridge in RIDGES
        ]
        chosen = canonical(*fit, RIDGES[int(np.argmax(scores))])
        found.append(_judge(chosen, *judged))
        weights = chosen.weights.sum(0)
        weighted.append(found[-1] @ weights / weights.sum())
    k = min(map(len, found))
    p, q = _cut(x, y, share)
    whole = canonical(x @ p, y @ q, RIDGES[0]).correlations
    return HeldOut(
        np.mean([each[:k] for each in found], axis=0), float(np.mean(weighted)), whole, p.shape[1] + q.shape[1] >= len(x),
        len(x),
    )  # fmt: skip


def svcca(x: np.ndarray, y: np.ndarray, rng: np.random.Generator, folds: int = FOLDS) -> float:
    """Mean held-out canonical correlation of the principal components that hold SHARE of the variance (Raghu 2017)."""
    return float(held_out_cca(x, y, rng, folds, SHARE).correlations.mean())


def pwcca(x: np.ndarray, y: np.ndarray, rng: np.random.Generator, folds: int = FOLDS) -> float:
    """Mean held-out canonical correlation, weighted by how much of x each direction carries (Morcos 2018): not
    symmetric."""
    return held_out_cca(x, y, rng, folds).weighted


def _whitening(x: np.ndarray, ridge: float) -> np.ndarray:
    """(d, r) that gives centred x (n, d) uncorrelated columns, of variance 1 but for the ridge."""
    squares, directions = principal_components(x, x.shape[1])
    if not len(squares):
        raise StudyError("a representation that does not vary correlates with nothing")
    variances = squares / len(x)
    return directions / np.sqrt(variances + ridge * variances.sum() / x.shape[1])


def _cut(x: np.ndarray, y: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    if share >= 1:
        return np.eye(x.shape[1]), np.eye(y.shape[1])
    cut = []
    for each in (x, y):
        squares, directions = principal_components(each - each.mean(0), min(each.shape))
        squares, directions = squares[::-1], directions[:, ::-1]
        cut.append(directions[:, : int(np.searchsorted(np.cumsum(squares), share * squares.sum())) + 1])
    return cut[0], cut[1]


def _judge(found: Canonical, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _paired((x - found.x_mean) @ found.a, (y - found.y_mean) @ found.b)


def _paired(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Correlations of columns; 0 where one does not vary."""
    u, v = u - u.mean(0), v - v.mean(0)
    below = np.sqrt((u * u).sum(0) * (v * v).sum(0))
    return np.divide((u * v).sum(0), below, out=np.zeros(len(below)), where=below > 0)
