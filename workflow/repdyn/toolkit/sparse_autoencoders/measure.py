"""Sparse autoencoders of the last hidden layer while a network learns: faithful, stable, class-specific, causal?"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from repdyn.activations.addresses import Where, address
from repdyn.activations.answers import array, count
from repdyn.activations.answers import rows_of as examples_of
from repdyn.activations.axes import unit_axis
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.roles import state_layers
from repdyn.seeds import derive
from repdyn.sparse_autoencoders.autoencoder import Autoencoder, encode, explained_variance, fit, like, reconstruct
from repdyn.sparse_autoencoders.dictionaries import gaussian_matched, matched, random_dictionary
from repdyn.sparse_autoencoders.features import Labelled, Ranked, by_example, class_detectors, density, ranked
from repdyn.sparse_autoencoders.linear import principal
from repdyn.sparse_autoencoders.spliced import as_rows, effect, losses_under, recovered
from repdyn.toolkit.sparse_autoencoders.expansions import expansions
from repdyn.toolkit.sparse_autoencoders.nested import nested

EXPANSION = 2  # features per activation: the training rows are too few for more
SHARE = 8  # of d activations, d / SHARE features are active in a row
TRAINING = {"steps": 1000, "batch": 128}
EXPANSIONS = (1, 2, 4)  # of the sweep over sizes, at SEEDS seeds each
LONGER = 3  # times TRAINING's steps, once, to see how far from done the training is
SWEPT = ("l0", "explained_variance", "loss_recovered", "pca_explained_variance")
PENALTIES = (0.03, 0.1, 0.3)  # of the sweep; rows have total variance 1
NESTED = PENALTIES[1]  # of the nested dictionary, and of the flat one beside it
ROWS = 20_000  # training rows at most, drawn once and the same at all steps, so that the steps differ in weights only
SEEDS = 2  # autoencoders at every step, on the activations and on their Gaussian match
SHUFFLES = 20
DIRECTIONS = 10
PROBED = 1000  # held-out rows on which features of other seeds are compared, the same for all networks of an experiment
DENSE = 0.5  # share of rows from which a feature counts as dense


class Rows(NamedTuple):
    """Activations as rows (rows, d), and the example each belongs to, (rows,)."""

    values: np.ndarray
    owner: np.ndarray


class Dictionaries(NamedTuple):
    """SEEDS autoencoders of training rows and of their Gaussian match, and the share of rows in which each feature is
    active.
    """

    real: list[Autoencoder]
    null: list[Autoencoder]
    density: list[np.ndarray]
    null_density: list[np.ndarray]

    @property
    def live(self) -> list[np.ndarray]:
        """Directions of the features that are active in some row."""
        return [sae.decoder.numpy()[share > 0] for sae, share in zip(self.real, self.density, strict=True)]

    @property
    def live_null(self) -> list[np.ndarray]:
        return [sae.decoder.numpy()[share > 0] for sae, share in zip(self.null, self.null_density, strict=True)]


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


def layer_of(subject: Subject) -> Where:
    """The last layer through which everything passes; of our CNNs, whose channels are pooled, after the pooling."""
    last = state_layers(subject.roles)[-1]
    if not subject.declared:
        return last
    outer = last.rpartition(".")[0]
    block = subject.network.get_submodule(outer)
    pooled = isinstance(block, nn.Sequential) and isinstance(block[-1], nn.MaxPool2d)
    return outer if pooled else last


def rows_of(subject: Subject, step: int, layer: str) -> Rows:
    """All rows of a layer on all examples, padding left out."""
    outputs = subject.capture(step, [layer])[layer]
    axis = unit_axis(subject.network, address(layer), outputs[0])
    values = array(torch.cat([as_rows(output, axis) for output in outputs]))
    n = count(subject.inputs)
    owner = np.repeat(np.arange(n), len(values) // n)
    if subject.counted is not None and outputs[0].ndim == 3:
        valid = subject.counted.flatten().numpy()
        values, owner = values[valid], owner[valid]
    return Rows(values, owner)


def _entries(held_out: Subject, training: Subject, maps: dict) -> Iterator[dict]:
    layer, key = layer_of(held_out), training.key
    first, last = training.grid[0], training.grid[-1]
    end = None
    for step in reversed(training.grid):
        fitted, judged = rows_of(training, step, layer), rows_of(held_out, step, layer)
        rows = fitted.values[_chosen(len(fitted.values), key)]
        if step == first:
            yield from _sizes(step, layer, rows)
        if not _enough(rows, judged.values):
            yield entry(step, layer, "explained_variance", np.nan)
            continue
        found = _dictionaries(rows, key)
        end = found if step == last else end
        yield from _variance(step, layer, rows, judged.values, found, key)
        yield from _frequency(step, layer, rows, found, maps)
        probed = _probed(len(judged.values))
        maps[f"codes {step}"] = _features(found.real[0], judged.values[probed])
        maps["classes of rows"] = held_out.labels[judged.owner[probed]]
        yield from _likeness(step, layer, found, key)
        if step != last and end is not None:
            mmcs = [matched(*pair) for pair in zip(found.live + found.live_null, end.live + end.live_null, strict=True)]
            yield entry(step, layer, "mmcs_end", np.mean(mmcs[:SEEDS]), np.mean(mmcs[SEEDS:]), reference=last)
        spliced = _spliced(held_out, step, layer, _changes(rows, found.real[0]))
        yield from _faithfulness(step, layer, spliced)
        features = [by_example(_features(found.real[0], side.values), side.owner) for side in (fitted, judged)]
        detectors = _detectors(training, held_out, *features)
        yield from _classes(held_out, training, step, layer, features, detectors, (fitted, judged))
        if step == last:
            yield _class_effect(held_out, step, layer, found, detectors.feature, key)
            yield _longer(step, layer, rows, judged.values, key)
            penalised = _penalised(rows, key)
            yield from _sweep(held_out, step, layer, rows, judged.values, spliced, penalised)
            seeds = [derive(*key, "autoencoder", seed) for seed in range(SEEDS)]
            rng = np.random.default_rng(derive(*key, "random dictionaries"))
            options = TRAINING | {"k": _active(rows.shape[1])}
            relu = TRAINING | {"penalty": NESTED, "seed": derive(*key, "autoencoder", 0)}
            draws = np.random.default_rng(derive(*key, "nested dictionary"))
            flat = penalised[PENALTIES.index(NESTED)]
            yield from nested(step, layer, rows, judged.values, flat, relu, draws)
            known = {EXPANSION: found.real}
            yield from expansions(step, layer, rows, judged.values, EXPANSIONS, known, seeds, rng, **options)


def _chosen(count: int, key: tuple) -> np.ndarray:
    if count <= ROWS:
        return np.arange(count)
    return np.sort(np.random.default_rng(derive(*key, "autoencoder rows")).choice(count, ROWS, replace=False))


def _probed(count: int) -> np.ndarray:
    """Not drawn by the key of a run: other seeds look at the same rows."""
    return np.sort(np.random.default_rng(derive("probed rows")).permutation(count)[:PROBED])


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


def _matches(x: np.ndarray, key: tuple, split: str) -> list[np.ndarray]:
    # The same normal numbers at all steps: what differs between steps is the covariance.
    return [
        gaussian_matched(x, np.random.default_rng(derive(*key, "Gaussian match", split, seed))) for seed in range(SEEDS)
    ]


def _dictionaries(rows: np.ndarray, key: tuple) -> Dictionaries:
    m, k = EXPANSION * rows.shape[1], _active(rows.shape[1])
    seeds = [derive(*key, "autoencoder", seed) for seed in range(SEEDS)]
    match = _matches(rows, key, "training")
    real = [fit(rows, m, seed, k=k, **TRAINING) for seed in seeds]
    null = [fit(x, m, seed, k=k, **TRAINING) for seed, x in zip(seeds, match, strict=True)]
    return Dictionaries(
        real,
        null,
        [density(_features(sae, rows)) for sae in real],
        [density(_features(sae, x)) for sae, x in zip(null, match, strict=True)],
    )


def _features(sae: Autoencoder, rows: np.ndarray) -> np.ndarray:
    return encode(sae, _tensor(rows)).numpy()


def _tensor(x: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.asarray(x, dtype=np.float32))


def _explained(sae: Autoencoder, x: np.ndarray) -> float:
    return explained_variance(_tensor(x), reconstruct(sae, _tensor(x)))


def _variance(step, layer, rows, judged, found: Dictionaries, key) -> Iterator[dict]:
    null = [_explained(sae, x) for sae, x in zip(found.null, _matches(judged, key, "held-out"), strict=True)]
    value = np.mean([_explained(sae, judged) for sae in found.real])
    yield entry(step, layer, "explained_variance", value, np.mean(null))
    yield entry(step, layer, "explained_variance_training", np.mean([_explained(sae, rows) for sae in found.real]))
    project = principal(rows, found.real[0].k)
    yield entry(step, layer, "pca_explained_variance", explained_variance(_tensor(judged), project(_tensor(judged))))


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


def _changes(rows: np.ndarray, sae: Autoencoder) -> dict[str, Callable]:
    mean = _tensor(rows.mean(0))
    return {
        "": None,
        "reconstruction": lambda x: reconstruct(like(sae, x), x),
        "pca": principal(rows, sae.k),
        "mean": lambda x: mean.to(x).expand_as(x),
        "zero": torch.zeros_like,
    }


def _spliced(held_out: Subject, step, layer, changes: dict[str, Callable | None]) -> dict[str, np.ndarray]:
    """Loss of every held-out example with each change of the layer."""
    model = held_out.model(step)
    found = losses_under(model, layer, held_out.inputs, held_out.labels, list(changes.values()), held_out.chunk)
    return dict(zip(changes, found, strict=True))


def _faithfulness(step, layer, spliced: dict[str, np.ndarray]) -> Iterator[dict]:
    loss = spliced[""]
    yield entry(step, layer, "loss", loss.mean())
    for name in ("reconstruction", "pca", "mean", "zero"):
        yield entry(step, layer, f"rise_{name}", (spliced[name] - loss).mean())
    yield entry(step, layer, "loss_recovered", recovered(loss, spliced["reconstruction"], spliced["mean"]))
    yield entry(step, layer, "pca_loss_recovered", recovered(loss, spliced["pca"], spliced["mean"]))


def _detectors(
    training: Subject, held_out: Subject, fitted: np.ndarray | Ranked, judged: np.ndarray, rng=None
) -> Labelled:
    """`class_detectors` of features by example; rng: with the labels of both sides shuffled."""
    shuffled = rng.permutation if rng else np.asarray
    return class_detectors(fitted, shuffled(training.labels), judged, shuffled(held_out.labels), training.classes)


def _classes(
    held_out, training, step, layer, features, detectors: Labelled, sides: tuple[Rows, Rows]
) -> Iterator[dict]:
    rng = np.random.default_rng(derive(*training.key, "shuffled labels"))
    known = ranked(features[0]), features[1]
    null = [_detectors(training, held_out, *known, rng).f1.mean() for _ in range(SHUFFLES)]
    yield entry(step, layer, "class_f1", detectors.f1.mean(), np.mean(null), np.std(null, ddof=1))
    units = [by_example(np.hstack([side.values, -side.values]), side.owner) for side in sides]
    yield entry(step, layer, "unit_class_f1", _detectors(training, held_out, *units).f1.mean())


def _class_effect(held_out: Subject, step, layer, found: Dictionaries, detectors: np.ndarray, key) -> dict:
    sae, live = found.real[0], found.density[0] > 0
    results = []
    for label, feature in enumerate(detectors):
        rng = np.random.default_rng(derive(*key, "other directions", label))
        others = np.flatnonzero(live & (np.arange(len(live)) != feature))
        directions = sae.decoder[rng.choice(others, DIRECTIONS)] if len(others) else sae.decoder[:0]
        chosen = held_out.labels == label
        inputs = examples_of(held_out.inputs, np.flatnonzero(chosen))
        rise, null = effect(held_out.model(step), layer, sae, inputs, held_out.labels[chosen], int(feature), directions)
        results.append((rise, null.mean(), null.std(ddof=1)) if len(others) else (rise, np.nan, np.nan))
    return entry(step, layer, "class_effect", *np.array(results).T)


def _longer(step, layer, rows, judged, key) -> dict:
    options = TRAINING | {"steps": LONGER * TRAINING["steps"], "k": _active(rows.shape[1])}
    sae = fit(rows, EXPANSION * rows.shape[1], derive(*key, "autoencoder", 0), **options)
    return entry(step, layer, "explained_variance_longer", _explained(sae, judged))


def _penalised(rows: np.ndarray, key: tuple) -> list[Autoencoder]:
    """Autoencoders at PENALTIES."""
    features, seed = EXPANSION * rows.shape[1], derive(*key, "autoencoder", 0)
    return [fit(rows, features, seed, penalty=penalty, **TRAINING) for penalty in PENALTIES]


def _sweep(held_out: Subject, step, layer, rows, judged, spliced, penalised: list[Autoencoder]) -> Iterator[dict]:
    x = _tensor(judged)
    results = []
    for sae in penalised:
        active = float((encode(sae, x) > 0).sum(1).float().mean())
        project = principal(rows, min(round(active), x.shape[1]))
        again = _spliced(held_out, step, layer, {"reconstruction": lambda x, sae=sae: reconstruct(like(sae, x), x)})
        share = recovered(spliced[""], again["reconstruction"], spliced["mean"])
        results.append((active, _explained(sae, judged), share, explained_variance(x, project(x))))
    for name, values in zip(SWEPT, np.array(results).T, strict=True):
        yield entry(step, layer, f"penalty_{name}", values)
