"""Whether features come in families: one that is active only where a broader one is."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError


class Contained(NamedTuple):
    """Mean over the later features of the share of their rows in which the best of the first is active; of shuffled rows."""

    share: float
    null_mean: float
    null_sd: float


def containment(active: np.ndarray, first: int, rng: np.random.Generator, draws: int = 5) -> Contained:
    """Do later features live within first ones? active (rows, m) bool, of which `first` lead (Bussmann 2025).

    Features that are active in more than half of the rows contain anything and are no parents; later ones count where they
    are active in 5 rows or more. Null: the later features with shuffled rows, which keeps how often each is active. NaN
    where no parent or child is left. StudyError unless some features lead and some follow.
    """
    if active.ndim != 2 or not 0 < first < active.shape[1]:
        raise StudyError(f"1 to m - 1 features of (rows, m) lead, found {first} of {active.shape}")
    leading, later = active[:, :first].astype(float), active[:, first:].astype(float)
    parents = leading[:, leading.mean(0) <= 0.5]
    children = later[:, later.sum(0) >= 5]
    if not parents.shape[1] or not children.shape[1]:
        return Contained(np.nan, np.nan, np.nan)

    def best(rows: np.ndarray) -> float:
        return float(((rows.T @ parents).max(1) / rows.sum(0)).mean())

    null = [best(children[rng.permutation(len(children))]) for _ in range(draws)]
    return Contained(best(children), float(np.mean(null)), float(np.std(null, ddof=1)))
