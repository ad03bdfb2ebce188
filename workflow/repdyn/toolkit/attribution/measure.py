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
from repdyn.attribution.exemplars import exemplar_likeness, exemplars
from repdyn.attribution.groups import group_sums, image_parts, runs
from repdyn.attribution.maximisation import maximise, unit_activation
from repdyn.attribution.natural import coloured, shifted
from repdyn.attribution.randomisation import reinitialised, stages
from repdyn.attribution.removal import area, removal_curve
from repdyn.attribution.shapley import Game, exact_shapley, masking_game, tabulated
from repdyn.attribution.surrogates import kernel_shap, lime
from repdyn.interventions.patching import activations
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.roles import EMBEDDING, layers_with, state_layers, unit_layers
from repdyn.seeds import derive

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
        entries += [*removed, *_agreements(maps, step), *_completeness(case, maps, step)]
        entries += _shapley(held_out, rows, training, maps, step)
        first = first or (step, maps)
        if step > first[0]:
            kept = {name: rank_agreement(np.abs(first[1][name]), np.abs(values)) for name, values in maps.items()}
            entries += [entry(step, "", f"kept/{name}", *found, reference=first[0]) for name, found in kept.items()]
        pictures = {}
        if not held_out.text and unit_layers(held_out.roles):
            maximised, pictures = _maximised(held_out, training, step)
            entries += maximised
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


def _completeness(case: Case, maps: dict, step: int) -> Iterator[dict]:
    top, bottom = case.ends()
    for name, owed in (("integrated_gradients", top - bottom), ("deeplift", top - bottom), ("lrp_z_plus", top)):
        if name in maps:
            yield _gap(step, name, maps[name], owed)


def _shapley(subject: Subject, rows: np.ndarray, training: Subject, maps: dict, step: int) -> Iterator[dict]:
    case = _case(subject, subject.model(step), rows[:SHAPLEY_EXAMPLES], training)
    known = case.known.numpy()
    parts = image_parts(*known.shape[1:], SIDE) if known.ndim == 3 else runs(known, GROUPS)
    groups = np.broadcast_to(parts, known.shape)
    players = int(groups.max()) + 1
    members = torch.tensor(case.spread(groups))
    game = tabulated(masking_game(case.f, case.x, case.targets, members, case.baseline), players)
    values = exact_shapley(game, players).T
    top, bottom = case.ends()
    yield _gap(step, "shapley", values, top - bottom)
    absent = np.isnan(group_sums(known, groups, players))
    for name, fits in _surrogates(subject, game, players, step).items():
        yield _gap(step, name, fits[0], top - bottom)
        one, other, exact = (np.where(absent, np.nan, each) for each in (*fits, values))
        yield entry(step, "", f"shapley/{name}", *rank_agreement(one, exact))
        yield entry(step, "", f"repeated/{name}", *rank_agreement(one, other))
    for name, found in maps.items():
        sums = group_sums(found[: len(groups)], groups, players)
        owed = np.where(np.isnan(sums), np.nan, values if name in SIGNED else np.abs(values))
        yield entry(step, "", f"shapley/{name}", *rank_agreement(sums, owed))


def _surrogates(subject: Subject, game: Game, players: int, step: int) -> dict[str, list[np.ndarray]]:
    """Two independent fits (n, players) by name; none for a single player, who has the whole value."""
    if players < 2:
        return {}
    rng = np.random.default_rng(derive(*subject.key, "attribution coalitions", step))
    fitted = {"kernel_shap": (kernel_shap, COALITIONS // 2), "lime": (lime, COALITIONS)}
    return {name: [fit(game, players, size, rng).T for _ in range(2)] for name, (fit, size) in fitted.items()}


def _gap(step: int, name: str, values: np.ndarray, owed: np.ndarray) -> dict:
    """The entry of what values (n, ...) miss of the sums that they owe (n,)."""
    gap = np.nansum(values.reshape(len(owed), -1), 1) - owed
    return entry(step, "", f"completeness/{name}", np.abs(gap).mean() / np.abs(owed).mean())


def _sanity(subject: Subject, rows: np.ndarray, training: Subject, maps: dict, step: int) -> Iterator[dict]:
    model = subject.model(step)
    paths = stages(model)
    for depth, path in enumerate(paths):
        redrawn = reinitialised(model, paths[: depth + 1], derive(*subject.key, "attribution redrawn"))
        for name, values in attributions(_case(subject, redrawn, rows, training), RANKED_POINTS).items():
            yield entry(step, path, f"sanity/{name}", *rank_agreement(np.abs(maps[name]), np.abs(values)))


def _maximised(subject: Subject, training: Subject, step: int) -> tuple[list[dict], dict[str, np.ndarray]]:
    layer = unit_layers(subject.roles)[-1]
    model, outputs = subject.model(step), subject.examples(step)[layer].astype(np.float64)
    rng = np.random.default_rng(derive(*subject.key, "attribution units"))
    units = np.sort(rng.choice(outputs.shape[1], min(UNITS, outputs.shape[1]), replace=False))
    outputs = outputs[:, units]
    flat = training.inputs.flatten(1)
    radius = float(flat.norm(dim=1).median())
    noise = rng.standard_normal((NOISE, flat.shape[1]), dtype=np.float32)
    noise *= radius / np.linalg.norm(noise, axis=1, keepdims=True)
    noise = torch.from_numpy(noise).to(subject.inputs).view(NOISE, *subject.inputs.shape[1:])
    found, reached = maximise(
        unit_activation(model, layer, torch.from_numpy(np.repeat(units, STARTS))), noise[: len(units) * STARTS], radius
    )
    reached = reached.view(-1, STARTS)
    best = found.view(len(units), STARTS, *noise.shape[1:])[torch.arange(len(units)), reached.argmax(1)]
    with torch.no_grad():
        chance = [unit_activation(model, layer, torch.full((NOISE,), int(unit)))(noise).double() for unit in units]
    highest = reached.amax(1).double().numpy()
    alive = np.where((outputs.max(0) > 0) & (highest > 0), 1.0, np.nan)
    top, chance = outputs.max(0) * alive, torch.stack(chance, 1).numpy()
    centred = array(subject.inputs.flatten(1) - flat.mean(0))
    likeness = exemplar_likeness(array(best.flatten(1)), centred, outputs, min(EXEMPLARS, len(outputs)))
    gain = entry(step, layer, "maximised/gain", highest / top, chance.mean(0) / top, chance.std(0, ddof=1) / top)
    cosine = entry(step, layer, "maximised/cosine", *(column * alive for column in likeness))
    picked = np.argsort(-np.nan_to_num(highest / top), kind="stable")[:SHOWN]
    pictures = {"maximised": array(best[picked]), "exemplar": array(subject.inputs[exemplars(outputs, 1)[0, picked]])}
    entries = [gain, cosine]
    if noise.ndim == 4 and step == subject.grid[-1]:
        natural, reached, chance = _natural(model, layer, torch.from_numpy(units), noise, radius, rng)
        alive = np.where(reached > 0, alive, np.nan)
        likeness = exemplar_likeness(array(natural.flatten(1)), centred, outputs, min(EXEMPLARS, len(outputs)))
        scaled = (each * alive / top for each in (reached, chance.mean(0), chance.std(0, ddof=1)))
        entries.append(entry(step, layer, "maximised/natural_gain", *scaled))
        entries.append(entry(step, layer, "maximised/natural_cosine", *(column * alive for column in likeness)))
        pictures["natural"] = array(natural[picked])
    return [row | {"unit": units} for row in entries], pictures


def _natural(model: nn.Module, layer: str, units: torch.Tensor, noise: torch.Tensor, radius: float, rng) -> tuple:
    """Of every unit (k,) its best image under the priors, the activation there, and that of coloured noise (NOISE, k)."""
    shifts = torch.from_numpy(rng.integers(-JITTER, JITTER + 1, (SHIFTS, 2)))
    activation = unit_activation(model, layer, units)
    found = maximise(shifted(lambda x: activation(coloured(x)), shifts), noise[: len(units)], radius)[0]

    def scaled(images):
        return images * (radius / images.flatten(1).norm(dim=1)).view(-1, 1, 1, 1)

    best, random = scaled(coloured(found)), scaled(coloured(noise))
    with torch.no_grad():
        chance = [unit_activation(model, layer, torch.full((NOISE,), int(unit)))(random).double() for unit in units]
        return best, array(activation(best).double()), torch.stack(chance, 1).numpy()
