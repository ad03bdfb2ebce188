"""How often a comparison with controls and with placebos would find an effect of a given size."""

import numpy as np

DRAWS = 4000
GRID = np.arange(0.1, 4.01, 0.05)


def power(cases: int, placebos: int, effect: float, rng: np.random.Generator, alpha: float = 0.05) -> float:
    """Share of drawn studies in which both tests find an effect in its direction.

    cases, placebos: numbers of values, at least 2 each; effect: mean of the cases, in their standard deviations, that of the
    placebos being 0. The tests: Student's, of the cases against 0, and Welch's, of the cases against the placebos,
    two-sided at alpha. They stand for sign flips and label permutations, which normal values satisfy alike.
    """
    return float(_found(cases, placebos, np.array([effect]), rng, alpha)[0])


def detectable(cases: int, placebos: int, wanted: float, rng: np.random.Generator, alpha: float = 0.05) -> float:
    """The smallest effect, in standard deviations, that is found in a share of at least `wanted`; NaN beyond 4."""
    enough = _found(cases, placebos, GRID, rng, alpha) >= wanted
    return float(GRID[enough.argmax()]) if enough.any() else np.nan


def _found(cases: int, placebos: int, effects: np.ndarray, rng, alpha: float) -> np.ndarray:
    from scipy.stats import t

    first, second = rng.standard_normal((DRAWS, cases)), rng.standard_normal((DRAWS, placebos))
    variance = first.var(axis=1, ddof=1) / cases, second.var(axis=1, ddof=1) / placebos
    both = variance[0] + variance[1]
    freedom = both**2 / (variance[0] ** 2 / (cases - 1) + variance[1] ** 2 / (placebos - 1))
    mean = first.mean(axis=1) + effects[:, None]
    alone = mean / np.sqrt(variance[0]) > t.ppf(1 - alpha / 2, cases - 1)
    beyond = (mean - second.mean(axis=1)) / np.sqrt(both) > t.ppf(1 - alpha / 2, freedom)
    return (alone & beyond).mean(axis=1)
