"""Simulated subjects: each reads a layer by random mixtures of half of its units."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from repdyn.alignment.comparison import PAIRED, distances
from repdyn.alignment.dissimilarity import squared_distances, unit_ranks
from repdyn.alignment.folds import random_folds
from repdyn.alignment.regression import accuracy, predictions, ridge
from repdyn.alignment.simulated import parted, simulated_brain
from repdyn.errors import StudyError
from repdyn.seeds import derive


class Simulated(NamedTuple):
    """brains {(layer, snr): responses (repeats, n, units)}; others {layer: numbers of the units that it does not mix}."""

    brains: dict[tuple[str, float], np.ndarray]
    others: dict[str, np.ndarray]


def simulated_subject(
    layers: Mapping[str, np.ndarray], key: tuple, units: int, repeats: int, snrs: Sequence[float]
) -> Simulated:
    """A subject with a brain made from each of some layers {name: (n, d)} at each signal-to-noise ratio.

    The mixtures are the same at every ratio. key: names the subject. StudyError for layers that are too narrow or do not
    vary.
    """
    brains, others = {}, {}
    for name, x in layers.items():
        mixed, others[name] = parted(x.shape[1], np.random.default_rng(derive(*key, name, "halves")))
        for snr in snrs:
            rng = np.random.default_rng(derive(*key, name, "mixtures"))
            brains[name, snr] = simulated_brain(x[:, mixed], units, repeats, snr, rng)[0]
    return Simulated(brains, others)


def usable(layers: Mapping[str, np.ndarray]) -> list[str]:
    """The layers from which any half gives a brain: four units or more, two of which vary in every half."""
    found = []
    for name, x in layers.items():
        vary = int((np.ptp(x, axis=0) > 0).sum()) if np.isfinite(x).all() and len(x) else 0
        if x.shape[1] >= 4 and vary > (x.shape[1] + 1) // 2 + 1:
            found.append(name)
    return found


def picking_scores(
    models: Mapping[str, np.ndarray], subject: Simulated, key: tuple
) -> dict[str, dict[tuple[str, float], np.ndarray]]:
    """{method: {brain: scores (models,)}} of a subject for models {name: (n, d)}: by encoding, and by similarity.

    What a model predicts of all brains is fitted at once.
    """
    rng = np.random.default_rng(derive(*key, "picking"))
    splits = random_folds(len(next(iter(models.values()))), rng)
    means = np.concatenate([responses.mean(0) for responses in subject.brains.values()], axis=1)
    predicted = [
        accuracy(means, predictions(x, means, splits, ridge, rng), splits).reshape(len(subject.brains), -1).mean(1)
        for x in models.values()
    ]
    theirs = [unit_ranks(each) for each in distances(list(subject.brains.values()))]
    alike = [[each @ own for each in theirs] for own in map(_ranks, models.values())]
    return {
        method: dict(zip(subject.brains, np.transpose(scores), strict=True))
        for method, scores in (("encoding", predicted), ("similarity", alike))
    }


def _ranks(x: np.ndarray) -> np.ndarray:
    try:
        return unit_ranks(squared_distances(x[:PAIRED]))
    except StudyError:
        return np.full(len(x[:PAIRED]) * (len(x[:PAIRED]) - 1) // 2, np.nan)
