"""Sets of units that matter together: the first of a ranking, greedy, at random; and what each is worth among few."""

from collections.abc import Callable, Sequence
from itertools import combinations
from math import comb

import numpy as np

from repdyn.errors import StudyError

# The 2^k subsets of more players are too many to try all.
SHAPLEY_PLAYERS = 12


def top(effect: np.ndarray, size: int) -> np.ndarray:
    """The `size` units of the largest effect (m,), largest first; of equal ones the first."""
    _check(len(effect), size)
    return np.argsort(-np.asarray(effect), kind="stable")[:size]


def random_sets(m: int, size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Sets of `size` of m units, each at random without repeats: (count, size)."""
    _check(m, size)
    return np.stack([rng.choice(m, size, replace=False) for _ in range(count)])


def greedy(worth: Callable[[list[list[int]]], np.ndarray], m: int, size: int) -> list[int]:
    """Of m units, `size` added one by one, each the one with which the set so far has the largest joint worth.

    worth(sets) gives a number for each set. Finds units that back each other up, of which none matters alone once a
    first is in; misses a pair of which neither matters without the other (Nemhauser 1978 for what it guarantees).
    """
    _check(m, size)
    chosen = []
    for _ in range(size):
        rest = [unit for unit in range(m) if unit not in chosen]
        chosen.append(rest[int(np.argmax(worth([[*chosen, unit] for unit in rest])))])
    return chosen


def shapley(worth: Callable[[list[list[int]]], np.ndarray], players: Sequence[int]) -> np.ndarray:
    """The Shapley value of each of k players (k, ...), exact over all 2^k - 1 sets; the empty set is worth 0 (Shapley 1953).

    worth(sets): (sets, ...), a number of each set or one for every example. The sum of the values is the worth of all
    together. StudyError for more than SHAPLEY_PLAYERS or none.
    """
    k = len(players)
    if not 1 <= k <= SHAPLEY_PLAYERS:
        raise StudyError(f"Shapley values are computed over all sets of 1 to {SHAPLEY_PLAYERS} players, not of {k}")
    sets = [chosen for size in range(1, k + 1) for chosen in combinations(range(k), size)]
    worths = dict(zip(sets, worth([[players[i] for i in chosen] for chosen in sets]), strict=True))
    worths[()] = 0.0
    values = np.zeros((k, *np.shape(worths[sets[0]])))
    for chosen in sets:
        for player in chosen:
            without = tuple(i for i in chosen if i != player)
            values[player] += (worths[chosen] - worths[without]) / (k * comb(k - 1, len(without)))
    return values


def _check(m: int, size: int) -> None:
    if not 1 <= size <= m:
        raise StudyError(f"a set has 1 to {m} of {m} units, not {size}")
