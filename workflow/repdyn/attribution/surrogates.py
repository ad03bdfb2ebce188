"""Surrogates of a game: linear functions of who is there, fitted to some of its coalitions (KernelSHAP and LIME).

A game is as in `attribution.shapley`: coalitions (m, players) bool to values (m, ...).
"""

import numpy as np

from repdyn.attribution.shapley import Game
from repdyn.errors import StudyError

WIDTH = 0.25  # of LIME's kernel of distances, as its authors have it for images


def kernel_shap(game: Game, players: int, pairs: int, rng: np.random.Generator) -> np.ndarray:
    """Estimates (players, ...) of the Shapley values, by least squares from 2 `pairs` random coalitions.

    KernelSHAP (Lundberg & Lee 2017, theorem 2): sizes k are drawn in proportion to 1 / (k (players - k)), each coalition
    comes with its complement (Covert & Lee 2021), and the values sum to the game of all less that of none, exactly.
    StudyError for fewer than 2 players, and where the coalitions do not determine the values.
    """
    if players < 2:
        raise StudyError(f"KernelSHAP needs 2 or more players, found {players}; a single one has the whole value")
    size = np.arange(1, players)
    chance = 1 / (size * (players - size))
    sizes = rng.choice(size, pairs, p=chance / chance.sum())
    some = rng.random((pairs, players)).argsort(1).argsort(1) < sizes[:, None]
    return fitted_values(game, np.concatenate([some, ~some]), np.ones(2 * pairs))


def fitted_values(game: Game, coalitions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The values (players, ...) of the linear game that is nearest in coalitions (m, players), by weights (m,), and equal
    in the empty and the full one. With all coalitions and Shapley's kernel as weights they are the Shapley values.
    """
    players = coalitions.shape[1]
    ends = np.asarray(game(np.array([[False] * players, [True] * players])), dtype=np.float64)
    values = np.asarray(game(coalitions), dtype=np.float64)
    shape = values.shape[1:]
    none, total = (ends[i].reshape(-1) for i in (0, 1))
    z = coalitions.astype(np.float64)
    # The last player takes what the others leave of the sum.
    target = values.reshape(len(z), -1) - none - z[:, -1:] * (total - none)
    others = _solved(z[:, :-1] - z[:, -1:], target, weights, "KernelSHAP")
    return np.vstack([others, (total - none) - others.sum(0)]).reshape(players, *shape)


def lime(game: Game, players: int, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Coefficients (players, ...) of a linear fit to random coalitions, those near to all players counting most.

    LIME (Ribeiro 2016, eq. 1 to 3) without its selection of features: players come and go with probability one half, the
    weight is exp(-d^2 / WIDTH^2) with d the cosine distance from all. They need not sum to anything. StudyError where the
    coalitions do not determine the coefficients.
    """
    coalitions = rng.random((samples, players)) < 0.5
    return fitted_coefficients(game, coalitions, nearness(coalitions))


def nearness(coalitions: np.ndarray) -> np.ndarray:
    """LIME's weight of coalitions (m, players): (m,)."""
    distance = 1 - np.sqrt(coalitions.mean(1))
    return np.exp(-((distance / WIDTH) ** 2))


def fitted_coefficients(game: Game, coalitions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Coefficients (players, ...) of the weighted least squares of a game's values on who is there, with an intercept."""
    values = np.asarray(game(coalitions), dtype=np.float64)
    z = np.column_stack([coalitions, np.ones(len(coalitions))])
    found = _solved(z, values.reshape(len(z), -1), weights, "LIME")
    return found[:-1].reshape(-1, *values.shape[1:])


def _solved(columns: np.ndarray, target: np.ndarray, weights: np.ndarray, name: str) -> np.ndarray:
    root = np.sqrt(weights / weights.max())[:, None]
    found, _, rank, _ = np.linalg.lstsq(root * columns, root * target, rcond=1e-10)
    if rank < columns.shape[1]:
        raise StudyError(
            f"{name} needs more coalitions: {len(columns)} of them determine {rank} of {columns.shape[1]} numbers"
        )
    return found
