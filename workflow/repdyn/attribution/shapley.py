"""Shapley values: a player's mean contribution over all orders in which the players join (Shapley 1953; Lundberg 2017).

A game is a function of coalitions (m, players) bool that returns their values (m, ...): one game, or several at once.
"""

import math
from collections.abc import Callable

import numpy as np
import torch

from repdyn.attribution.gradients import Function, scores
from repdyn.errors import StudyError, require_indices

Game = Callable[[np.ndarray], np.ndarray]

EXACT_PLAYERS = 12  # 4,096 coalitions
ROWS = 256  # in a forward pass: few enough for the cache


def exact_shapley(game: Game, players: int) -> np.ndarray:
    """Shapley values (players, ...) from all 2^players coalitions. StudyError for more than EXACT_PLAYERS players."""
    coalitions, number = _all_coalitions(players), np.arange(2**players)
    values = np.asarray(game(coalitions), dtype=np.float64)
    orders = [math.factorial(size) * math.factorial(players - size - 1) for size in range(players)]
    weights = np.array([*orders, 0]) / math.factorial(players)
    weights = weights[coalitions.sum(1)]
    found = []
    for player in range(players):
        without = number[~coalitions[:, player]]
        gains = values[without + 2**player] - values[without]
        found.append(np.tensordot(weights[without], gains, 1))
    return np.stack(found)


def tabulated(game: Game, players: int) -> Game:
    """The same game with the values of all coalitions computed once. StudyError for more than EXACT_PLAYERS players."""
    coalitions = _all_coalitions(players)
    values = np.asarray(game(coalitions), dtype=np.float64)
    return lambda asked: values[np.asarray(asked) @ 2 ** np.arange(players)]


def permutation_shapley(
    game: Game, players: int, pairs: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Unbiased Shapley values (players, ...) and their standard errors from 2 `pairs` random orders of joining.

    Castro 2009; each order comes with its reverse (Mitchell 2022). The values of an order sum to that of all players minus
    that of none, so efficiency is exact. StudyError for fewer than 2 pairs, which have no standard error.
    """
    if pairs < 2:
        raise StudyError(f"A standard error needs at least 2 pairs of orders, found {pairs}.")
    gains = np.stack([_pair(game, rng.permutation(players)) for _ in range(pairs)])
    return gains.mean(0), gains.std(0, ddof=1) / np.sqrt(pairs)


def masking_game(
    f: Function, x: torch.Tensor, targets: torch.Tensor, groups: torch.Tensor, background: torch.Tensor
) -> Game:
    """The game whose players are groups of features: f with the features of absent groups taken from the background.

    x (n, ...), targets (n,), groups: the player (int64) of every feature, broadcast to x; -1 for features that always stay.
    background (b, ...): rows, broadcast to those of x, whose values replace them one after the other; the value is the
    mean over them (interventional SHAP: for a linear f, phi = w (x - mean of the background)). Values (m, n), float64.
    """
    if background.ndim != x.ndim or any(
        a not in (b, 1) for a, b in zip(background.shape[1:], x.shape[1:], strict=True)
    ):
        raise StudyError(f"background rows {tuple(background.shape[1:])} do not fit x {tuple(x.shape[1:])}.")
    groups = groups.to(x.device).reshape(*[1] * (x.ndim - groups.ndim), *groups.shape)

    def game(coalitions: np.ndarray) -> np.ndarray:
        require_indices("players", groups[groups != -1].cpu(), coalitions.shape[1])
        # A last player who is always there takes index -1.
        present = torch.from_numpy(np.column_stack([coalitions, np.ones(len(coalitions), dtype=bool)])).to(x.device)
        values = []
        for chunk in present.split(max(1, ROWS // len(x))):
            kept = chunk[:, groups]
            rounds = targets.repeat(len(chunk))
            total = torch.zeros(len(rounds), dtype=torch.float64, device=x.device)
            for row in background:
                with torch.no_grad():
                    mixed = torch.where(kept, x, row).flatten(0, 1)
                    total += scores(f, mixed, rounds).double()
            values.append((total / len(background)).view(len(chunk), len(x)))
        return torch.cat(values).cpu().numpy()

    return game


def _all_coalitions(players: int) -> np.ndarray:
    """(2^players, players): the coalition in row i holds the players whose bit of i is set."""
    if not 1 <= players <= EXACT_PLAYERS:
        raise StudyError(
            f"Exact Shapley values need 1 to {EXACT_PLAYERS} players, found {players}; permutation_shapley takes more."
        )
    return (np.arange(2**players)[:, None] >> np.arange(players)) % 2 == 1


def _pair(game: Game, order: np.ndarray) -> np.ndarray:
    """Mean gains (players, ...) of an order of joining and its reverse."""
    joined = np.tri(len(order) + 1, len(order), -1, dtype=bool)
    total = 0.0
    for way in (order, order[::-1]):
        steps = np.diff(np.asarray(game(joined[:, np.argsort(way)]), dtype=np.float64), axis=0)
        total = total + steps[np.argsort(way)]
    return total / 2
