"""Learning as a path in time: drift, dimension, what emerges when, phases of the loss, and the path of the weights."""

import copy
from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from repdyn.activations.addresses import inner, named
from repdyn.dynamics.drift import drift_matrix, halves, independent_state, retest_error
from repdyn.dynamics.emergence import emergence
from repdyn.dynamics.hunchback import turn
from repdyn.dynamics.phases import Phases, change_points, power
from repdyn.dynamics.trajectory import displacement_gram, flat_weights, path, step_cosines, walk_gram, walk_limit
from repdyn.measures.behaviour import class_accuracies, cross_entropies, decisions, mean_score
from repdyn.measures.selectivity import class_auc, class_means, half_of, shuffled_within
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.measures.weights import cosine_null_sd
from repdyn.roles import inner_layers, unit_layers
from repdyn.seeds import derive
from repdyn.spectrum import leading_measures

INITIALISATIONS = 10  # other initialisations to have drifted from
SPLITS = 5  # of the examples into halves, for the error of an estimate
SHUFFLES = 10  # of the labels
ERRORS = 3.0  # standard errors of chance above which a final effect counts as one
WALKS = 200  # random walks
PLANTED = 0.2  # size of the step by which the power of the search for phases is judged, in ranges of the curve
CURVES = 20  # places where it is planted
FEWEST = 20  # examples below which halves of them hold no estimate: drift and dimension are not evaluable


def measure(held_out: Subject, training: Subject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """All checkpoint steps, on held-out examples; `training` is not looked at. Rows are examples, `Subject.examples`:
    channels and tokens are averaged, since the tokens of one text are not independent.

    Drift is of every layer, participation ratio and turn of every hidden layer, NaN with fewer than FEWEST examples;
    what emerges is by the rule of `emergence`, where an effect counts if it ends ERRORS standard errors of chance from
    none. Standard errors come from the two disjoint halves of SPLITS random splits of the examples (test and retest).
    Loss, phases and weights are of the whole network.

    - drift_from_init [1 - CKA]: debiased linear CKA to step 0. Null: the same to INITIALISATIONS other initialisations,
      whose tensors have the entries of this one in random order; at step 0 the drift between two initialisations.
      Source: Kornblith 2019; Murphy 2024.
    - drift_from_previous [1 - CKA]: to the checkpoint before (`reference`). Of an unchanged network it is exactly 0.
    - drift_from_init_error, drift_from_previous_error [1 - CKA]: their standard errors.
    - participation_ratio [dimensions]: of the covariance of the examples. With n rows it is at most n - 1, and below
      the true one: of d isotropic dimensions about d / (1 + d / n).
    - turn [-1, 0 or 1]: at the last step, of the series of the participation ratio: 1 if it rises, then falls; -1 if it
      falls, then rises; 0 if neither. Either direction is as likely by chance, which is tested over runs. Source:
      Shwartz-Ziv & Tishby 2017; Saxe 2019.
    - turn_height [log ratio]: of the turn, at the last step.
    - participation_error [log ratio]: largest standard error over steps of the logarithm of the participation ratio, at
      the last step.
    - class_emergence [step] (unit: class): from which the accuracy of a class, less how often it is decided, is there
      to stay; NaN for what never is.
    - classes_emerged [share]: of classes that emerge. Null: SHUFFLES shuffles of the labels.
    - unit_emergence [step] (unit: unit): for layers after a ReLU, from which a unit tells its class: cross-validated
      area under the ROC curve less 1/2; NaN for what never does.
    - units_emerged [share]: of units that do. Null: SHUFFLES shuffles of the labels.
    - held_out_loss [nats]: mean cross-entropy.
    - phase_count [count]: change points of the loss on the probe examples at every measurement of the training,
      `Subject.curve`, by `phases.change_points`, at the last step; NaN with too few measurements.
    - phase_p [p]: of the largest, familywise over the curve, at the last step. Null: a smooth trend, a local scale and an
      autoregression of the increments, fitted to the curve.
    - phase_power [share]: of CURVES places at which a planted step of PLANTED of the range is found, at the last step.
    - phase_change [step] (unit: number): the change lies after the measurement `reference`, at or before `step`.
    - weight_norm [norm]: of all parameters as one vector.
    - step_norm, step_norm_per_update [norm]: length of the way from the checkpoint before (`reference`), and over the
      updates in between, without which intervals of different length cannot be compared.
    - step_cosine [cosine]: of that way and the one before. Null: random directions, exact.
    - straightness [share]: distance from the first checkpoint over the length of the way, at the last step. Null: WALKS
      random walks with the same lengths between checkpoints, in as many dimensions as there are weights. Source:
      Antognini & Sohl-Dickstein 2018.
    - pc1_share, pc12_share [share]: variance of the positions in the first principal component, and in the first two,
      at the last step. Null: as of straightness. Source: Antognini & Sohl-Dickstein 2018.

    Not included: PHATE, UMAP. Maps: trajectory (T, 2), the positions in their first two principal components; walk
    (T, 2), the same of the random walk in the limit of many dimensions; onsets/<layer> (units,), unit_emergence.
    """
    entries, maps = _trajectory(held_out)
    for part in (_drift, _dimension, _phases):
        entries += part(held_out)
    entries += _classes(held_out)
    for layer in unit_layers(held_out.roles):
        written, onsets = _units(held_out, layer)
        entries += written
        maps[f"onsets/{named(layer)}"] = onsets
    return combine(entries), maps


def _drift(subject: Subject) -> list[dict]:
    steps, entries = subject.steps, []
    others = _initialisations(subject)
    splits = _splits(subject)
    for layer in subject.layers:
        seen = [subject.examples(step)[layer] for step in steps]
        if len(seen[0]) < FEWEST or not all(np.isfinite(x).all() for x in seen):
            entries += [entry(step, layer, "drift_from_init", np.nan) for step in steps]
            continue
        moved = drift_matrix([*seen, *(other[layer] for other in others)])
        parts = np.array([[drift_matrix([x[half] for x in seen]) for half in pair] for pair in splits])
        error = retest_error(parts)
        for i, step in enumerate(steps):
            null = moved[i, len(steps) :]
            entries.append(entry(step, layer, "drift_from_init", moved[0, i] if i else 0.0, *_null(null)))
            if i:
                entries.append(entry(step, layer, "drift_from_init_error", error[0, i]))
                for name, table in (("drift_from_previous", moved), ("drift_from_previous_error", error)):
                    entries.append(entry(step, layer, name, table[i - 1, i], reference=steps[i - 1]))
    return entries


def _initialisations(subject: Subject) -> list[dict[str, np.ndarray]]:
    """What other networks make at initialisation of the examples: `Subject.examples` of each."""
    rng = np.random.default_rng(derive(*subject.key, "other initialisations"))
    states = {i: independent_state(subject.states[subject.steps[0]], rng) for i in range(INITIALISATIONS)}
    labels = torch.from_numpy(subject.labels)
    layers = None if subject.declared else subject.roles or subject.layers
    others = Subject(
        copy.deepcopy(subject.network),
        states,
        subject.inputs,
        labels,
        subject.classes,
        subject.key,
        layers=layers,
        chunk=subject.chunk,
        valid=subject.valid,
    )
    return [others.examples(i) for i in range(INITIALISATIONS)]


def _splits(subject: Subject) -> list[tuple[np.ndarray, np.ndarray]]:
    return halves(len(subject.labels), SPLITS, np.random.default_rng(derive(*subject.key, "dynamics halves")))


def _dimension(subject: Subject) -> list[dict]:
    steps, entries, last = subject.steps, [], subject.steps[-1]
    splits = _splits(subject)
    for layer in inner_layers(subject.roles):
        seen = [subject.examples(step)[layer] for step in steps]
        values, error = np.full(len(steps), np.nan), np.nan
        if len(seen[0]) >= FEWEST:
            values = _participation(seen)
            error = retest_error(
                np.array([[np.log(_participation([x[half] for x in seen])) for half in pair] for pair in splits])
            ).max()
        found = turn(values, error) if len(steps) > 2 else None
        entries += [entry(step, layer, "participation_ratio", value) for step, value in zip(steps, values, strict=True)]
        entries.append(entry(last, layer, "turn", found.sign if found else np.nan))
        entries.append(entry(last, layer, "turn_height", found.height if found else np.nan))
        entries.append(entry(last, layer, "participation_error", error))
    return entries


def _participation(seen: list[np.ndarray]) -> np.ndarray:
    batch = torch.from_numpy(np.stack(seen)).double()
    return leading_measures(batch)["participation_ratio"]


def _classes(subject: Subject) -> list[dict]:
    """Accuracies are all compared with the same shuffled labels, at every step."""
    rng = np.random.default_rng(derive(*subject.key, "dynamics shuffled classes"))
    decided = [decisions(subject.logits(step)) for step in subject.steps]
    sets = [subject.labels, *(rng.permutation(subject.labels) for _ in range(SHUFFLES))]
    onsets = np.stack([_class_onsets(subject, decided, labels) for labels in sets])
    shares = np.isfinite(onsets).mean(1)
    last = subject.steps[-1]
    return [
        entry(last, "", "class_emergence", onsets[0]),
        entry(last, "", "classes_emerged", shares[0], *_null(shares[1:])),
    ]


def _class_onsets(subject: Subject, decided: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
    if len(subject.steps) < 2:
        return np.full(decided[0].shape[1], np.nan)
    share = np.stack([each.mean(0) for each in decided])
    effects = np.stack([class_accuracies(each, labels) for each in decided]) - share
    count = np.bincount(labels, minlength=effects.shape[1])
    error = np.sqrt(share[-1] * (1 - share[-1]) * (1 / np.where(count > 0, count, np.nan) - 1 / len(labels)))
    return emergence(subject.steps, effects, ERRORS * error)


def _units(subject: Subject, layer: str) -> tuple[list[dict], np.ndarray]:
    half = half_of(subject)
    rng = np.random.default_rng(derive(*subject.key, "dynamics shuffled units"))
    sets = np.concatenate([subject.labels[None], shuffled_within(subject.labels, half, SHUFFLES, rng)])
    last = subject.steps[-1]
    effects = np.stack([_told(subject.examples(step)[layer], sets, half) for step in subject.steps])
    if len(subject.steps) < 2:
        onsets = np.full(effects.shape[1:], np.nan)
    else:
        least = ERRORS * _area_error(subject.labels, half)
        flat = emergence(subject.steps, effects.reshape(len(effects), -1), least)
        onsets = flat.reshape(effects.shape[1:])
    shares = np.isfinite(onsets).mean(1)
    written = [
        entry(last, layer, "unit_emergence", onsets[0]),
        entry(last, layer, "units_emerged", shares[0], *_null(shares[1:])),
    ]
    return written, onsets[0]


def _told(activations: np.ndarray, sets: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Area under the ROC curve less 1/2 of the class with the highest mean on the other half, both ways: (p, d)."""
    parts = [(activations[part].astype(np.float64), sets[:, part]) for part in (half, ~half)]
    means, areas = [class_means(*part) for part in parts], [class_auc(*part) for part in parts]
    chosen = [np.take_along_axis(areas[1 - i], means[i].argmax(1)[:, None], 1)[:, 0] for i in (0, 1)]
    return (chosen[0] + chosen[1]) / 2 - 0.5


def _area_error(labels: np.ndarray, half: np.ndarray) -> float:
    """Standard error of that mean of two areas by chance (Mann & Whitney 1947), for the class with the fewest examples.

    Both ways may judge the same class, and share then what makes it look chosen: an upper bound is the mean of both errors.
    """
    errors = []
    for part in (labels[half], labels[~half]):
        inside = np.unique(part, return_counts=True)[1].min()
        errors.append(np.sqrt((len(part) + 1) / (12 * inside * (len(part) - inside))))
    return float(np.mean(errors))


def _phases(subject: Subject) -> list[dict]:
    steps, last = subject.steps, subject.steps[-1]
    losses = np.array([mean_score(cross_entropies(subject.logits(step)), subject.labels) for step in steps])
    rng = np.random.default_rng(derive(*subject.key, "phases"))
    times, curve = subject.curve or ([], [])
    found, strength = Phases(np.empty(0, dtype=np.int64), np.nan), np.nan
    if len(times) > 1:
        found = change_points(times, curve, rng)
        strength = power(times, curve, PLANTED * np.ptp(curve), CURVES, rng)
    entries = [entry(step, "", "held_out_loss", loss) for step, loss in zip(steps, losses, strict=True)]
    entries.append(entry(last, "", "phase_count", np.nan if np.isnan(found.p) else len(found.before)))
    entries += [entry(last, "", "phase_p", found.p), entry(last, "", "phase_power", strength)]
    for number, before in enumerate(found.before):
        change = entry(times[before + 1], "", "phase_change", [times[before + 1]], reference=times[before])
        entries.append(change | {"unit": np.full(1, number)})
    return entries


def _trajectory(subject: Subject) -> tuple[list[dict], dict[str, np.ndarray]]:
    steps, last = subject.steps, subject.steps[-1]
    names = [name for name, _ in inner(subject.network).named_parameters()]
    weights = [flat_weights(subject.states[step], names) for step in steps]
    entries = [entry(step, "", "weight_norm", np.linalg.norm(each)) for step, each in zip(steps, weights, strict=True)]
    if len(steps) < 3:
        return entries, {}
    gram = displacement_gram(weights)
    lengths = np.sqrt(np.diag(gram))
    entries += list(_moves(steps, lengths, step_cosines(gram), len(weights[0])))
    rng = np.random.default_rng(derive(*subject.key, "weight walks"))
    walks = np.array([_summary(walk_gram(lengths, len(weights[0]), rng)) for _ in range(WALKS)])
    names = ("straightness", "pc1_share", "pc12_share")
    for i, (name, value) in enumerate(zip(names, _summary(gram), strict=True)):
        entries.append(entry(last, "", name, value, *_null(walks[:, i])))
    return entries, {"trajectory": path(gram).coordinates, "walk": path(walk_limit(lengths)).coordinates}


def _moves(steps: list[int], lengths: np.ndarray, cosines: np.ndarray, dimension: int) -> Iterator[dict]:
    for i, length in enumerate(lengths):
        before, after = steps[i], steps[i + 1]
        yield entry(after, "", "step_norm", length, reference=before)
        yield entry(after, "", "step_norm_per_update", length / (after - before), reference=before)
        if i:
            yield entry(after, "", "step_cosine", cosines[i - 1], 0.0, cosine_null_sd(dimension), reference=before)


def _summary(gram: np.ndarray) -> tuple[float, float, float]:
    found = path(gram)
    return found.straightness, found.shares[0], found.shares[:2].sum()


def _null(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1))
