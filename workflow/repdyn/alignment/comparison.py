"""Features and brains compared in every way, each number beside its control; and what the best features could reach."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from repdyn.alignment import rsa
from repdyn.alignment.canonical import held_out_cca, svcca
from repdyn.alignment.ceiling import ceiling, reliability
from repdyn.alignment.dissimilarity import crossnobis, squared_distances
from repdyn.alignment.folds import Splits, random_folds
from repdyn.alignment.regression import accuracy, partial_least_squares, predictions, ridge, shuffled_accuracy
from repdyn.errors import StudyError
from repdyn.statistics.components import principal_components

COMPONENTS = 20  # principal components of the features, of which canonical correlations are taken
PAIRED = 100  # stimuli whose distances are compared, at most
METHODS = ("encoding", "partial_least_squares", "cca", "svcca", "pwcca", "similarity")


class Compared(NamedTuple):
    """value, and null_mean and null_sd of what it is where stimuli are shuffled; NaN where it is not evaluable."""

    value: float
    null_mean: float
    null_sd: float


def compared(
    x: np.ndarray, brains: Sequence[np.ndarray], rng: np.random.Generator, shuffles: int
) -> dict[str, Compared]:
    """{method of METHODS: how well features x (n, d) predict brains, each (repeats, n, units), one per subject}.

    encoding, partial_least_squares: mean correlation of predicted and mean responses over units and held-out stimuli; cca,
    svcca, pwcca: mean held-out canonical correlations; similarity: Spearman's correlation of squared distances with the
    crossnobis distances of the brains. encoding and similarity are means over subjects; the others, and every null but
    that of similarity, are of the first.
    """
    splits, mean = random_folds(len(x), rng), brains[0].mean(0)
    return {
        "encoding": Compared(
            float(np.mean([encoded(x, each.mean(0), splits, rng) for each in brains])),
            *_spread(shuffled_accuracy(x, mean, splits, ridge, rng, shuffles)),
        ),
        "partial_least_squares": Compared(
            _mean(accuracy(mean, predictions(x, mean, splits, partial_least_squares, rng), splits)),
            float(shuffled_accuracy(x, mean, splits, partial_least_squares, rng, 1)[0]),
            np.nan,
        ),
        **_canonical(leading(x), mean, rng),
        "similarity": similar(x, brains, rng, shuffles),
    }


def encoded(x: np.ndarray, y: np.ndarray, splits: Splits, rng: np.random.Generator) -> float:
    """Mean over units of `accuracy` of a ridge regression of y (n, units) on x (n, d); NaN if a unit never varies."""
    return _mean(accuracy(y, predictions(x, y, splits, ridge, rng), splits))


def similar(x: np.ndarray, brains: Sequence[np.ndarray], rng: np.random.Generator, shuffles: int) -> Compared:
    """`compared` by distances of the first PAIRED stimuli; not evaluable for brains without repeats."""
    try:
        ours, theirs = squared_distances(x[:PAIRED]), distances(brains)
        found = rsa.mean_similarity(ours, theirs)
        null = rsa.permuted_similarities(ours, theirs, rng, shuffles)
    except StudyError:
        return Compared(np.nan, np.nan, np.nan)
    return Compared(found, *_spread(null))


def distances(brains: Sequence[np.ndarray]) -> np.ndarray:
    """Crossnobis distances (subjects, pairs) of the first PAIRED stimuli."""
    return np.stack([crossnobis(each[:, :PAIRED]) for each in brains])


def encoding_ceiling(brains: Sequence[np.ndarray], rng: np.random.Generator) -> float:
    """What `encoding` of features without any error would be: mean over units and subjects; NaN without repeats."""
    return float(np.mean([_mean(ceiling(reliability(each, rng))) for each in brains]))


def canonical_ceiling(brain: np.ndarray, rng: np.random.Generator) -> float:
    """What `cca` of features without any error would be: from canonical correlations of the means of two halves of the
    repeats of a brain (repeats, n, units), taken to all repeats as in `reliability`; NaN without repeats."""
    if len(brain) < 2:
        return np.nan
    even = rng.permutation(len(brain))[: len(brain) // 2 * 2]
    first, second = (brain[part].mean(0) for part in np.array_split(even, 2))
    r = np.maximum(held_out_cca(first, second, rng).correlations, 0)
    return _mean(np.sqrt(2 * r / (1 + r)))


def leading(x: np.ndarray) -> np.ndarray:
    """(n, k): x along its leading principal components, COMPONENTS at most; itself where it has no more."""
    if x.shape[1] <= COMPONENTS:
        return x
    centred = x - x.mean(0)
    return centred @ principal_components(centred, COMPONENTS)[1]


def _canonical(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> dict[str, Compared]:
    order = rng.permutation(len(x))
    try:
        found, null = held_out_cca(x, y, rng), held_out_cca(x[order], y, rng)
        of_leading, of_leading_null = svcca(x, y, rng), svcca(x[order], y, rng)
    except StudyError:
        return dict.fromkeys(("cca", "svcca", "pwcca"), Compared(np.nan, np.nan, np.nan))
    return {
        "cca": Compared(float(found.correlations.mean()), float(null.correlations.mean()), np.nan),
        "svcca": Compared(of_leading, of_leading_null, np.nan),
        "pwcca": Compared(found.weighted, null.weighted, np.nan),
    }


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))


def _spread(values: np.ndarray) -> tuple[float, float]:
    return float(np.mean(values)), float(np.std(values, ddof=1))
