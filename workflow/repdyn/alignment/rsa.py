"""Representational similarity: whether a model orders pairs of stimuli as brains do, beside what any model could reach."""

import numpy as np

from repdyn.alignment.dissimilarity import square, unit_ranks
from repdyn.errors import StudyError

LEAST = 4  # different stimuli in a bootstrap sample


def mean_similarity(model: np.ndarray, brains: np.ndarray) -> float:
    """Mean over subjects of Spearman's correlation of a model's dissimilarities (m,) with those of brains (subjects, m)."""
    own = unit_ranks(model)
    return float(np.mean([unit_ranks(each) @ own for each in _subjects(brains)]))


def similarity_ceiling(brains: np.ndarray) -> tuple[float, float]:
    """Lower and upper bound on what the best model reaches, of dissimilarities (subjects, m) (Nili 2014).

    Lower: the mean of the others against each subject; upper: the mean of all, each subject among them. Both NaN for a
    single subject: no ceiling.
    """
    ranks = np.stack([unit_ranks(each) for each in _subjects(brains)])
    if len(ranks) < 2:
        return np.nan, np.nan
    total = ranks.sum(0)
    lower = [unit_ranks(total - own) @ own for own in ranks]
    return float(np.mean(lower)), float(np.mean(ranks @ unit_ranks(total)))


def permuted_similarities(model: np.ndarray, brains: np.ndarray, rng: np.random.Generator, draws: int) -> np.ndarray:
    """`mean_similarity` with the stimuli of the model in random orders: (draws,)."""
    ranks = np.mean([unit_ranks(each) for each in _subjects(brains)], axis=0)
    whole = square(unit_ranks(model))
    upper = np.triu_indices(len(whole), 1)
    orders = (rng.permutation(len(whole)) for _ in range(draws))
    return np.array([whole[np.ix_(order, order)][upper] @ ranks for order in orders])


def permutation_p(model: np.ndarray, brains: np.ndarray, rng: np.random.Generator, draws: int = 999) -> float:
    """One-sided p of `mean_similarity`: how often an order of stimuli at random does as well."""
    found = permuted_similarities(model, brains, rng, draws)
    return float((1 + (found >= mean_similarity(model, brains) - 1e-12).sum()) / (1 + draws))


def both_factor_interval(
    model: np.ndarray, brains: np.ndarray, rng: np.random.Generator, draws: int = 500, confidence: float = 0.95
) -> tuple[float, float]:
    """Interval of `mean_similarity` from drawing stimuli and subjects with replacement, both at once.

    It speaks for other stimuli and other subjects alike; drawing one factor alone is too narrow (Schuett 2023). Pairs of a
    stimulus with itself are left out. Drawing both at once counts the noise of a measurement twice: the interval is rather
    too wide. NaN, NaN for a single subject.
    """
    brains = _subjects(brains)
    if len(brains) < 2:
        return np.nan, np.nan
    theirs, ours = np.stack([square(each) for each in brains]), square(np.asarray(model, dtype=np.float64))
    n = len(ours)
    found: list[float] = []
    while len(found) < draws:
        chosen = rng.integers(n, size=n)
        if len(np.unique(chosen)) < min(LEAST, n):
            continue
        i, j = np.triu_indices(n, 1)
        i, j = chosen[i], chosen[j]
        kept = i != j
        i, j = i[kept], j[kept]
        own = unit_ranks(ours[i, j])
        drawn, counts = np.unique(rng.integers(len(brains), size=len(brains)), return_counts=True)
        each = [unit_ranks(theirs[subject, i, j]) @ own for subject in drawn]
        found.append(float(np.average(each, weights=counts)))
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _subjects(brains: np.ndarray) -> np.ndarray:
    brains = np.asarray(brains, dtype=np.float64)
    if brains.ndim != 2 or not len(brains):
        raise StudyError(f"dissimilarities (subjects, pairs of stimuli) are needed, found shape {brains.shape}")
    return brains
