"""Attribution on the study's networks: what a network's output rests on, by several methods, each put to the test.

Explained is the output (logit) of the true class on EXAMPLES held-out examples, a seeded draw with equal classes, at the
grid steps. Features are pixels, entries of a vector, or the words of a text (sums over the embedded word; padding is none).
Baselines: the mean training input or word, and for comparison the lowest training value or a zero word.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import nn

from repdyn.activations.addresses import address, find
from repdyn.activations.answers import array, rows_of
from repdyn.attribution.agreement import rank_agreement
from repdyn.attribution.case import Case, attributions, case_of, integrated
from repdyn.attribution.randomisation import reinitialised, stages
from repdyn.attribution.removal import area, removal_curve
from repdyn.interventions.patching import activations
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.roles import EMBEDDING, layers_with, state_layers, unit_layers
from repdyn.seeds import derive
from repdyn.toolkit.attribution.completeness import completeness
from repdyn.toolkit.attribution.maximised import Counts, maximised
from repdyn.toolkit.attribution.shapley import shapley

# Samples and resolutions, so that a run takes about half a minute: EXAMPLES of all kinds, of which the first
# SHAPLEY_EXAMPLES have exact Shapley values (2^GROUPS forward passes each).
EXAMPLES = 60
SHAPLEY_EXAMPLES = 24
SIDE = 3
GROUPS = SIDE**2
POINTS = 64  # of an integral
RANKED_POINTS = 16  # of one whose map is only ranked against another: no sum is owed
COALITIONS = 128  # to which the surrogates are fitted, of the 2^GROUPS
LEVELS, ORDERS = 10, 5  # of a deletion curve, and random orders of each example
UNITS, STARTS, EXEMPLARS, NOISE = 8, 2, 9, 200
JITTER, SHIFTS = 2, 4  # pixels, at most, and how many draws of them
SHOWN = 2  # examples and units in the figure

SIGNED = ("gradient_x_input", "integrated_gradients", "lrp_z_plus", "deeplift")


def measure(held_out: Subject, training: Subject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Of the whole network (layer ""), at every grid step at which the outputs are finite; <method> is saliency,
    gradient_x_input (which is LRP-0 in ReLU networks), integrated_gradients, grad_cam (CNN), lrp_z_plus or deeplift (MLP
    and CNN: neither has a rule for the LayerNorm and softmax of transformers). <surrogate> is kernel_shap or lime, a
    linear function of which groups of features are there, fitted to COALITIONS random coalitions of them.

    baseline and sanity are of the last grid step alone. maximised is of UNITS units of the last hidden layer, drawn
    once; not for texts, whose words are no points of a ball, nor where a unit never rises above zero. "Other examples":
    maps of other examples, permutation, exact.

    - deletion/<method>, insertion/<method> [share of the scale]: area by which the output falls (rises) faster than in
      random order when features are replaced by the mean training input (put in its place), highest first; the scale is
      the mean |output - output at the baseline|. Null: ORDERS random orders of every example, mean 0. Source: Petsiuk
      2018; Samek 2017.
    - constant/<method> [share]: of examples whose map has one value only.
    - agreement/<method>/<other method> [correlation]: mean Spearman correlation of the absolute maps of an example.
      Null: other examples. Source: Hoeffding 1951.
    - kept/<method> [correlation]: the same, of a method now and at the first step (`reference`). Null: other examples.
    - completeness/integrated_gradients, completeness/deeplift, completeness/lrp_z_plus, completeness/shapley [share]:
      mean |sum of the map - what it should be|, over the mean size of that: f(x) - f(baseline), for lrp_z_plus f(x), where
      it is the share that the biases keep. Source: Sundararajan 2017; Bach 2015; Shrikumar 2017.
    - completeness/<surrogate> [share]: the same of its numbers of the groups; 0 of kernel_shap by construction.
    - shapley/<surrogate> [correlation]: mean Spearman correlation of these with the exact Shapley values. Null: other
      examples. Source: Lundberg & Lee 2017; Ribeiro 2016.
    - repeated/<surrogate> [correlation]: the same with those from other coalitions. Null: other examples.
    - shapley/<method> [correlation]: mean Spearman correlation of the map's sums over GROUPS groups of features (3 x 3
      parts of an image, runs of entries or words) with their exact Shapley values; of absolute ones for saliency and
      grad_cam. Null: other examples. Source: Shapley 1953.
    - baseline/integrated_gradients [correlation]: agreement of the absolute maps with the two baselines, the second with
      RANKED_POINTS points of the integral. Null: other examples.
    - sanity/<method> [correlation]: agreement with the map of the network in which this layer (the deepest path
      redrawn) and all above have new random weights, a single draw, with RANKED_POINTS points of the integral. Null: other
      examples. Source: Adebayo 2018.
    - maximised/gain [ratio] (unit: unit): activation at the input that excites the unit most among those with the
      median training norm, over the highest of a held-out example. Null: NOISE random inputs of that norm.
    - maximised/cosine [cosine] (unit: unit): mean cosine of that input and the EXEMPLARS held-out examples that excite
      the unit most (minus the mean training input). Null: as many random held-out examples, exact.

    - maximised/natural_gain [ratio] (unit: unit): as maximised/gain at the last step, of images, sought in 1 / f coordinates
      and with the mean over SHIFTS shifts of up to JITTER pixels, scaled to the median norm. Null: NOISE random 1 / f
      images of that norm. Source: Olah 2017; Field 1987.
    - maximised/natural_cosine [cosine] (unit: unit): as maximised/cosine, of that image.

    Maps, of the last step: input, map/<method> and, for images, maximised, natural and exemplar (SHOWN, ...);
    curve/<method>, curve/random and curve/random_sd (LEVELS + 1,): mean deletion curve over its scale.
    """
    rows = stratified(held_out.labels, EXAMPLES, np.random.default_rng(derive(*held_out.key, "attribution examples")))
    entries, shown, first = [], {}, None
    for step in held_out.grid:
        case = _case(held_out, held_out.model(step), rows, training)
        if not np.isfinite(case.ends()).all():
            continue
        maps = attributions(case, POINTS)
        removed, curves = _removal(held_out, case, maps, step)
        entries += [*removed, *_agreements(maps, step), *completeness(case, maps, step)]
        few = _case(held_out, held_out.model(step), rows[:SHAPLEY_EXAMPLES], training)
        entries += shapley(held_out.key, few, maps, step, SIDE, COALITIONS, SIGNED)
        first = first or (step, maps)
        if step > first[0]:
            kept = {name: rank_agreement(np.abs(first[1][name]), np.abs(values)) for name, values in maps.items()}
            entries += [entry(step, "", f"kept/{name}", *found, reference=first[0]) for name, found in kept.items()]
        pictures = {}
        if not held_out.text and unit_layers(held_out.roles):
            counts = Counts(UNITS, STARTS, EXEMPLARS, NOISE, JITTER, SHIFTS, SHOWN)
            found, pictures = maximised(held_out, training, step, counts)
            entries += found
        if step == held_out.grid[-1]:
            entries += [_baselines(case, maps, step), *_sanity(held_out, rows, training, maps, step)]
            shown = {f"map/{name}": values[:SHOWN] for name, values in maps.items()} | curves | pictures
            shown["input"] = array(held_out.inputs[rows[:SHOWN]])
    return combine(entries), shown


def stratified(labels: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of `count` examples in random order, one of every class in turn; all if there are fewer."""
    order = rng.permutation(len(labels))
    turn = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        mine = labels[order] == label
        turn[mine] = np.arange(mine.sum())
    return order[np.argsort(turn, kind="stable")][:count]


def _case(subject: Subject, model: nn.Module, rows: np.ndarray, training: Subject) -> Case:
    inputs = rows_of(subject.inputs, rows)
    words = [
        layer
        for layer in layers_with(subject.roles, EMBEDDING)
        if isinstance(find(model, address(layer).path), nn.Embedding)
    ]
    last = state_layers(subject.roles)[-1]
    maps = activations(model, rows_of(inputs, slice(0, 1)), [last])[last].ndim == 4
    targets = torch.from_numpy(subject.labels[rows])
    return case_of(model, inputs, targets, training.inputs, last if maps else None, words[0] if words else None)


def _baselines(case: Case, maps: dict, step: int) -> dict:
    other = integrated(case._replace(baseline=case.other), RANKED_POINTS)
    found = rank_agreement(np.abs(maps["integrated_gradients"]), np.abs(other))
    return entry(step, "", "baseline/integrated_gradients", *found)


def _removal(subject: Subject, case: Case, maps: dict, step: int) -> tuple[list[dict], dict[str, np.ndarray]]:
    rng = np.random.default_rng(derive(*subject.key, "attribution orders", step))
    top, bottom = case.ends()
    scale = np.abs(top - bottom).mean()
    known = case.known.numpy()

    def curve(ranking, start=case.x, end=case.baseline):
        ranking = case.spread(np.where(known, ranking, -np.inf))
        return removal_curve(case.f, start, end, ranking, case.targets, rng, LEVELS) / scale

    random = np.stack([curve(rng.random(known.shape)) for _ in range(ORDERS)])
    areas = np.stack([area(one) for one in random])
    # Of the mean over examples in a random order, and of the mean over ORDERS of them that it is compared with.
    null_sd = np.sqrt(areas.var(0, ddof=1).sum() * (1 + 1 / ORDERS)) / len(top)
    chance, zero = areas.mean(), bottom.mean() / scale
    curves = {"curve/random": random.mean((0, 1)) - zero}
    curves["curve/random_sd"] = np.sqrt(random.var(0, ddof=1).sum(0)) / len(top)
    entries = []
    for name, values in maps.items():
        deleted = curve(values)
        inserted = curve(values, case.baseline.expand_as(case.x), case.x)
        curves[f"curve/{name}"] = deleted.mean(0) - zero
        entries.append(entry(step, "", f"deletion/{name}", chance - area(deleted).mean(), 0, null_sd))
        entries.append(entry(step, "", f"insertion/{name}", area(inserted).mean() - chance, 0, null_sd))
        flat = values.reshape(len(values), -1)
        entries.append(entry(step, "", f"constant/{name}", (np.nanmax(flat, 1) == np.nanmin(flat, 1)).mean()))
    return entries, curves


def _agreements(maps: dict, step: int) -> Iterator[dict]:
    names = list(maps)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            agreement = rank_agreement(np.abs(maps[one]), np.abs(maps[other]))
            yield entry(step, "", f"agreement/{one}/{other}", *agreement)


def _sanity(subject: Subject, rows: np.ndarray, training: Subject, maps: dict, step: int) -> Iterator[dict]:
    model = subject.model(step)
    paths = stages(model)
    for depth, path in enumerate(paths):
        redrawn = reinitialised(model, paths[: depth + 1], derive(*subject.key, "attribution redrawn"))
        for name, values in attributions(_case(subject, redrawn, rows, training), RANKED_POINTS).items():
            yield entry(step, path, f"sanity/{name}", *rank_agreement(np.abs(maps[name]), np.abs(values)))
