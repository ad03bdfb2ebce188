"""Sparse autoencoders of the last hidden layer while a network learns: faithful, stable, class-specific, causal?"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.seeds import derive
from repdyn.sparse_autoencoders.autoencoder import Autoencoder, explained_variance, fit
from repdyn.sparse_autoencoders.dictionaries import matched, random_dictionary
from repdyn.sparse_autoencoders.features import by_example
from repdyn.sparse_autoencoders.linear import principal
from repdyn.toolkit.sparse_autoencoders.classes import class_effect, classes, detectors_of
from repdyn.toolkit.sparse_autoencoders.dictionaries import (
    Dictionaries,
    dictionaries,
    explained,
    features_of,
    matches,
    tensor,
)
from repdyn.toolkit.sparse_autoencoders.expansions import expansions
from repdyn.toolkit.sparse_autoencoders.faithfulness import changes_of, faithfulness, spliced_losses, sweep
from repdyn.toolkit.sparse_autoencoders.nested import nested
from repdyn.toolkit.sparse_autoencoders.rows import chosen, layer_of, probed, rows_of

EXPANSION = 2  # features per activation: the training rows are too few for more
SHARE = 8  # of d activations, d / SHARE features are active in a row
TRAINING = {"steps": 1000, "batch": 128}
EXPANSIONS = (1, 2, 4)  # of the sweep over sizes, at SEEDS seeds each
LONGER = 3  # times TRAINING's steps, once, to see how far from done the training is
PENALTIES = (0.03, 0.1, 0.3)  # of the sweep; rows have total variance 1
NESTED = PENALTIES[1]  # of the nested dictionary, and of the flat one beside it
ROWS = 20_000  # training rows at most, drawn once and the same at all steps, so that the steps differ in weights only
SEEDS = 2  # autoencoders at every step, on the activations and on their Gaussian match
SHUFFLES = 20
DIRECTIONS = 10
PROBED = 1000  # held-out rows on which features of other seeds are compared, the same for all networks of an experiment
DENSE = 0.5  # share of rows from which a feature counts as dense


def measure(held_out: Subject, training: Subject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """TopK autoencoders (d / SHARE of EXPANSION d features active) of the layer that the logits are read from.

    The layer is the last hidden one; its rows are examples (MLP), positions after pooling (CNN) or tokens without
    padding (transformer). Fitted on at most ROWS training rows, judged on all held-out rows, at the grid steps.
    "Gaussian": the same autoencoders on normal rows with the same mean and covariance, for the training and the
    held-out rows each; the mean over SEEDS of them. rows, features, active and uses are measured once, at the first
    grid step; class_effect and what follows it at the last.

    - rows, features [count]: training rows; features of the autoencoder. Source: Gao 2024.
    - active [count]: features active per row, at most.
    - uses [count]: how often a feature is active on average among the training rows.
    - explained_variance [share]: of the held-out variance, mean over seeds. Null: Gaussian.
    - explained_variance_training [share]: the same of the training rows. Null: Gaussian.
    - pca_explained_variance [share]: of the held-out variance, by as many principal components as features are active.
    - dead, dense [share]: of features active in no training row, and in at least DENSE of them. Null: Gaussian.
    - mmcs_seeds [cosine]: mean largest cosine of the live features of two seeds, both ways. Null: Gaussian. Source:
      Sharkey 2022.
    - mmcs_random [cosine]: the same of a seed and random directions.
    - mmcs_end [cosine]: the same of a step and the last (`reference`), same seed and rows. Null: Gaussian.
    - loss [nats]: cross-entropy of the network.
    - rise_reconstruction, rise_pca, rise_mean, rise_zero [nats]: rise of the cross-entropy with the layer replaced by
      its reconstruction, by that of PCA, by its training mean, by zero.
    - loss_recovered, pca_loss_recovered [share]: of rise_mean that is not lost with the reconstruction, with PCA; NaN
      where the mean does no harm.
    - class_f1 [F1]: held-out, of the best feature of each class (largest value over an example's rows), mean over
      classes. Null: labels shuffled, SHUFFLES times.
    - unit_class_f1 [F1]: the same of the layer's units and their negatives, which are as many. Null: labels shuffled,
      SHUFFLES times.
    - class_effect [nats] (unit: class): rise of the loss on the examples of a class without the feature that detects
      it, the reconstruction's error kept. Null: as much taken along DIRECTIONS other live features. Source: Marks 2024.
    - explained_variance_longer [share]: explained_variance of one seed after LONGER times as many updates.
    - penalty_l0 [count] (unit: place in PENALTIES): active features per held-out row of a ReLU autoencoder with a
      penalty on |f|_1. Source: Bricken 2023.
    - penalty_explained_variance, penalty_loss_recovered, penalty_pca_explained_variance [share] (unit: place in
      PENALTIES): as those without penalty_, of these autoencoders; of PCA with as many components.
    - expansion_explained_variance, expansion_dead [share] (unit: place in EXPANSIONS): explained_variance and dead of
      dictionaries of so many features per activation, mean over seeds; not evaluable with fewer rows than features.
    - expansion_mmcs_seeds [cosine] (unit: place in EXPANSIONS): mmcs_seeds of these. Null: as many random directions, of
      which the largest cosine rises with their number. Source: Sharkey 2022.
    - nested_features [count] (unit: group): features of the leading groups of a ReLU autoencoder of which each group has to
      describe the rows alone as well, and of all; the penalty is NESTED.
    - nested_explained_variance [share] (unit: group): of the held-out variance, by the group alone. Null, as a mean: as many
      features of the same autoencoder without groups, those that carry most. Source: Bussmann 2025.
    - nested_containment [share]: of the held-out rows of a feature outside the first group, those in which the one of the
      first group that fits best is active, mean over features. Null: their rows shuffled. Source: Bussmann 2025.
    - models_alike [correlation]: of the features of this network and of that of the first seed, matched one to one, on the
      same held-out rows, PROBED at most; of seeds after the first, by `across`. Null: rows shuffled among those of their
      class. Source: Bricken 2023.

    maps: "density <step>" and "null density <step>" (features,): share of training rows in which each feature is
    active. "codes <step>" (rows, features): features of held-out rows, and the "classes of rows" (rows,).
    """
    maps = {}
    table = combine(_entries(held_out, training, maps))
    return table.sort_values("step", kind="stable", ignore_index=True), maps


def _entries(held_out: Subject, training: Subject, maps: dict) -> Iterator[dict]:
    layer, key = layer_of(held_out), training.key
    first, last = training.grid[0], training.grid[-1]
    end = None
    for step in reversed(training.grid):
        fitted, judged = rows_of(training, step, layer), rows_of(held_out, step, layer)
        rows = fitted.values[chosen(len(fitted.values), ROWS, key)]
        if step == first:
            yield from _sizes(step, layer, rows)
        if not _enough(rows, judged.values):
            yield entry(step, layer, "explained_variance", np.nan)
            continue
        options = TRAINING | {"k": _active(rows.shape[1])}
        found = dictionaries(rows, EXPANSION * rows.shape[1], key, SEEDS, **options)
        end = found if step == last else end
        yield from _variance(step, layer, rows, judged.values, found, key)
        yield from _frequency(step, layer, rows, found, maps)
        shown = probed(len(judged.values), PROBED)
        maps[f"codes {step}"] = features_of(found.real[0], judged.values[shown])
        maps["classes of rows"] = held_out.labels[judged.owner[shown]]
        yield from _likeness(step, layer, found, key)
        if step != last and end is not None:
            mmcs = [matched(*pair) for pair in zip(found.live + found.live_null, end.live + end.live_null, strict=True)]
            yield entry(step, layer, "mmcs_end", np.mean(mmcs[:SEEDS]), np.mean(mmcs[SEEDS:]), reference=last)
        spliced = spliced_losses(held_out, step, layer, changes_of(rows, found.real[0]))
        yield from faithfulness(step, layer, spliced)
        features = [by_example(features_of(found.real[0], side.values), side.owner) for side in (fitted, judged)]
        detectors = detectors_of(training, held_out, *features)
        yield from classes(held_out, training, step, layer, features, detectors, (fitted, judged), SHUFFLES)
        if step == last:
            yield class_effect(held_out, step, layer, found, detectors.feature, key, DIRECTIONS)
            yield _longer(step, layer, rows, judged.values, key)
            penalised = _penalised(rows, key)
            yield from sweep(held_out, step, layer, rows, judged.values, spliced, penalised)
            seeds = [derive(*key, "autoencoder", seed) for seed in range(SEEDS)]
            rng = np.random.default_rng(derive(*key, "random dictionaries"))
            relu = TRAINING | {"penalty": NESTED, "seed": derive(*key, "autoencoder", 0)}
            draws = np.random.default_rng(derive(*key, "nested dictionary"))
            flat = penalised[PENALTIES.index(NESTED)]
            yield from nested(step, layer, rows, judged.values, flat, relu, draws)
            known = {EXPANSION: found.real}
            yield from expansions(step, layer, rows, judged.values, EXPANSIONS, known, seeds, rng, **options)


def _active(d: int) -> int:
    return max(1, d // SHARE)


def _enough(rows: np.ndarray, judged: np.ndarray) -> bool:
    """Whether rows (n, d) carry a dictionary and both sides a Gaussian match; constant rows carry nothing."""
    n, d = rows.shape
    return n >= EXPANSION * d and len(judged) > d and all((np.ptp(x, axis=0) > 0).any() for x in (rows, judged))


def _sizes(step: int, layer: str, rows: np.ndarray) -> Iterator[dict]:
    n, d = rows.shape
    m, k = EXPANSION * d, _active(d)
    for name, value in {"rows": n, "features": m, "active": k, "uses": n * k / m}.items():
        yield entry(step, layer, name, value)


def _variance(step, layer, rows, judged, found: Dictionaries, key) -> Iterator[dict]:
    null = [explained(sae, x) for sae, x in zip(found.null, matches(judged, key, "held-out", SEEDS), strict=True)]
    value = np.mean([explained(sae, judged) for sae in found.real])
    yield entry(step, layer, "explained_variance", value, np.mean(null))
    yield entry(step, layer, "explained_variance_training", np.mean([explained(sae, rows) for sae in found.real]))
    project = principal(rows, found.real[0].k)
    yield entry(step, layer, "pca_explained_variance", explained_variance(tensor(judged), project(tensor(judged))))


def _frequency(step, layer, rows, found: Dictionaries, maps) -> Iterator[dict]:
    for name, is_so in (("dead", lambda share: share == 0), ("dense", lambda share: share >= DENSE)):
        yield entry(
            step, layer, name, np.mean(is_so(np.stack(found.density))), np.mean(is_so(np.stack(found.null_density)))
        )
    maps[f"density {step}"], maps[f"null density {step}"] = found.density[0], found.null_density[0]


def _likeness(step, layer, found: Dictionaries, key) -> Iterator[dict]:
    yield entry(step, layer, "mmcs_seeds", matched(*found.live), matched(*found.live_null))
    rng = np.random.default_rng(derive(*key, "random dictionary"))
    yield entry(step, layer, "mmcs_random", matched(found.live[0], random_dictionary(*found.live[1].shape, rng)))


def _longer(step, layer, rows, judged, key) -> dict:
    options = TRAINING | {"steps": LONGER * TRAINING["steps"], "k": _active(rows.shape[1])}
    sae = fit(rows, EXPANSION * rows.shape[1], derive(*key, "autoencoder", 0), **options)
    return entry(step, layer, "explained_variance_longer", explained(sae, judged))


def _penalised(rows: np.ndarray, key: tuple) -> list[Autoencoder]:
    """Autoencoders at PENALTIES."""
    features, seed = EXPANSION * rows.shape[1], derive(*key, "autoencoder", 0)
    return [fit(rows, features, seed, penalty=penalty, **TRAINING) for penalty in PENALTIES]
