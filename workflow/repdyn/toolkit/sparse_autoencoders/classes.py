"""Features as detectors of a class, and what a network loses on the class without its detector."""

from collections.abc import Iterator

import numpy as np

from repdyn.activations.answers import rows_of as examples_of
from repdyn.measures.subject import Subject
from repdyn.measures.table import entry
from repdyn.seeds import derive
from repdyn.sparse_autoencoders.features import Labelled, Ranked, by_example, class_detectors, ranked
from repdyn.sparse_autoencoders.spliced import effect
from repdyn.toolkit.sparse_autoencoders.dictionaries import Dictionaries
from repdyn.toolkit.sparse_autoencoders.rows import Rows


def detectors_of(
    training: Subject, held_out: Subject, fitted: np.ndarray | Ranked, judged: np.ndarray, rng=None
) -> Labelled:
    """`class_detectors` of features by example; rng: with the labels of both sides shuffled."""
    shuffled = rng.permutation if rng else np.asarray
    return class_detectors(fitted, shuffled(training.labels), judged, shuffled(held_out.labels), training.classes)


def classes(
    held_out, training, step, layer, features, detectors: Labelled, sides: tuple[Rows, Rows], shuffles: int
) -> Iterator[dict]:
    """The entries of class_f1 and unit_class_f1; sides: rows of both splits, shuffles: of the labels, for the null."""
    rng = np.random.default_rng(derive(*training.key, "shuffled labels"))
    known = ranked(features[0]), features[1]
    null = [detectors_of(training, held_out, *known, rng).f1.mean() for _ in range(shuffles)]
    yield entry(step, layer, "class_f1", detectors.f1.mean(), np.mean(null), np.std(null, ddof=1))
    units = [by_example(np.hstack([side.values, -side.values]), side.owner) for side in sides]
    yield entry(step, layer, "unit_class_f1", detectors_of(training, held_out, *units).f1.mean())


def class_effect(
    held_out: Subject, step, layer, found: Dictionaries, detectors: np.ndarray, key: tuple, directions: int
) -> dict:
    """The entry of class_effect; detectors: the feature of each class, directions: others, for the null."""
    sae, live = found.real[0], found.density[0] > 0
    results = []
    for label, feature in enumerate(detectors):
        rng = np.random.default_rng(derive(*key, "other directions", label))
        others = np.flatnonzero(live & (np.arange(len(live)) != feature))
        along = sae.decoder[rng.choice(others, directions)] if len(others) else sae.decoder[:0]
        chosen = held_out.labels == label
        inputs = examples_of(held_out.inputs, np.flatnonzero(chosen))
        rise, null = effect(held_out.model(step), layer, sae, inputs, held_out.labels[chosen], int(feature), along)
        results.append((rise, null.mean(), null.std(ddof=1)) if len(others) else (rise, np.nan, np.nan))
    return entry(step, layer, "class_effect", *np.array(results).T)
