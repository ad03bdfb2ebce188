"""What units and directions cause: ablation of every unit and of sets, do-sweeps, and steering from class to class."""

from collections.abc import Iterator

import numpy as np

from repdyn.activations.addresses import Where, address, named
from repdyn.activations.answers import rows_of
from repdyn.activations.axes import unit_axis
from repdyn.interventions.ablation import donated, effects, other_rows, over_examples, unit_means
from repdyn.interventions.dose_response import do_response, mean_curve, slopes, sweep_values
from repdyn.interventions.steering import mean_difference, random_directions, steered
from repdyn.interventions.surgery import unit_values, values_of_units
from repdyn.interventions.unit_sets import greedy, random_sets, shapley, top
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.measures.units import selectivity_importance
from repdyn.roles import FEEDFORWARD, HIDDEN, layers_with, state_layers
from repdyn.seeds import derive
from repdyn.toolkit.interventions.concepts import concepts
from repdyn.toolkit.interventions.grid import DOSES, GREEDY_SHARE, QUANTILES, SHAPLEY_UNITS, SHARES
from repdyn.toolkit.interventions.lesions import lesions, unit_lesions
from repdyn.toolkit.interventions.splits import Split, split_of

# Rows of a split that are looked at: losing every unit costs a pass of all of them through what follows the layer.
ROWS = 128
# Of these, rows on which the units of feed-forward layers are lost whose loss costs passes through several blocks.
LESIONED_ROWS = 32
# Random sets of each size of SHARES to compare with.
RANDOM_SETS = 20
# A greedy set of an eighth of m units costs m^2 / 8 passes: only in layers this small, and at the last step.
GREEDY_UNITS = 64
CONTROL_UNITS = 8
RANDOM_DIRECTIONS = 20
# Held-out rows that are steered, of the one class and of those that should stay: 21 passes a layer and dose each.
STEERED_ROWS = 64


def measure(held_out: Subject, training: Subject) -> tuple:
    """Interventions at the grid steps. Chosen on ROWS training rows, measured on ROWS held-out rows, both at random.

    All units of every hidden layer of an MLP and every channel of a CNN, after the ReLU; of a transformer those of the
    last feed-forward layer, and those of the layers before it once, at the last step, on LESIONED_ROWS held-out rows: there
    every unit costs a pass through all that follows. Values that units are held at come from the training rows: zero, the
    mean, or those of another example (resampled).

    Steering is of MLP hidden layers, CNN channels and transformer blocks' outputs: at most STEERED_ROWS held-out rows
    of one class, pushed by the difference of the training means of another class and theirs. The pair is the one that
    the last network confuses most on the training split, by its mean probabilities. "Random directions":
    RANDOM_DIRECTIONS of the same length, between means of random training rows.

    - unit_resample_loss [nats] (unit: unit): rise of the held-out cross-entropy. Null: random signs over examples,
      exact (mean 0). Source: Chan 2022.
    - unit_zero_loss, unit_mean_loss [nats] (unit: unit): the same with the unit at zero and at its mean, at the last
      step. Null: as of unit_resample_loss. Source: Chan 2022.
    - unit_resample_accuracy [share] (unit: unit): fall of the held-out accuracy. Null: as of unit_resample_loss.
    - zero_mean_rho, zero_resample_rho, mean_resample_rho [correlation]: Spearman's, over units, of two kinds of loss,
      at the last step. Null: permutation, exact (0, 1 / sqrt(units - 1)).
    - split_rho [correlation]: Spearman's, of unit_resample_loss on training rows and on held-out rows. Null:
      permutation, exact.
    - top_unit_loss [nats]: unit_resample_loss of the unit that is first on the training rows. Null: a unit at random,
      exact.
    - ranked_set_loss, ranked_set_accuracy [nats, share] (unit: place in SHARES): the units that are first on the
      training rows, resampled together: rise of the held-out loss, fall of the accuracy. Null: RANDOM_SETS random sets
      of as many.
    - ranked_set_interaction [nats] (unit: place in SHARES): that rise less the sum of the rises of its units alone;
      above 0 where units back each other up. Null: RANDOM_SETS random sets of as many.
    - greedy_set_loss [nats]: of a set of an eighth of the units grown greedily on the training rows, in layers of at
      most GREEDY_UNITS units, at the last step. Null: random sets of as many. Source: Nemhauser 1978.
    - unit_shapley [nats] (unit: unit): of what the held-out loss rises with the units that are first on the training rows
      resampled together, the share of each, its Shapley value over all their sets, at the last step. Null: as of
      unit_resample_loss. Source: Shapley 1953.
    - attention_loss, feedforward_loss [nats]: rise of the held-out loss with the whole output of an attention layer, or
      all units of a feed-forward layer, resampled; of every such layer. Null: as of unit_resample_loss. Source: Chan
      2022.
    - head_loss [nats] (unit: head): the same of one head. Null: as of unit_resample_loss.
    - earlier_unit_loss [nats] (unit: unit): the same of one unit of a feed-forward layer that is not the last, on
      LESIONED_ROWS rows, at the last step. Null: as of unit_resample_loss.
    - do_slope [logits per standard deviation]: change of the logit (less the mean logit) that the first unit moves most
      on the training rows, on held-out rows, in the direction found in training; the unit held at QUANTILES of its
      values. Null: CONTROL_UNITS other units at random, each with the logit that it moves most. Source: Pearl 2009.
    - steering_shift [logits]: rise of the target's logit over the source's. Null: random directions. Source: Turner
      2023.
    - steering_success [share]: of rows read as the target. Null: random directions.
    - steering_cost [share]: fall of the accuracy on at most STEERED_ROWS rows of the other classes, pushed alike (more
      than two classes). Null: random directions.
    - steering_dose [share] (unit: place in DOSES): of rows read as the target, at the last step. Null: random
      directions.
    - erased_probe/leace, erased_probe/inlp [share]: held-out accuracy of a linear probe of the class in the last hidden
      layer, at the last step, after the class is taken out in closed form or by rounds of null-space projection, fitted on
      the training rows; of networks that read this layer linearly. Null: as many random directions taken out as there are
      classes but one. Source: Belrose 2023; Ravfogel 2020.
    - erased_accuracy/leace, erased_accuracy/inlp [share]: of the network then. Null: the same random directions taken out.
    - interchange [share]: of held-out pairs whose answer is, with part of this layer taken from another example, the class
      of the same pair of classes (0 and 1, 2 and 3, ...) with the other's parity; the part is sought on training rows.
      Null: random parts of as many dimensions. Source: Geiger 2021, 2024.
    - unit_seen, unit_adjusted, unit_done [logits] (unit: unit): difference of the logit (less the mean logit) that the unit
      raises most between examples where it is above and below its median: as seen; adjusted for the class by the back-door
      formula, over classes in which both occur; and as done, the unit set to both means in every example. Source: Pearl
      2009.

    maps, of the last layer that is ablated, at the last step: "zero", "mean", "resample" (units) effects on the
    loss; "sweep_values" (v,), "sweep_mean", "sweep_low", "sweep_high" (v, classes) of its first unit's do-response,
    and "sweep_class"; "pair" (2,) source and target class.
    """
    ours, theirs = split_of(held_out, ROWS, "held-out rows"), split_of(training, ROWS, "training rows")
    few = tuple(split_of(subject, LESIONED_ROWS, "lesioned rows") for subject in (held_out, training))
    pair = confused_pair(training.logits(training.grid[-1]), training.labels)
    maps = {"pair": np.array(pair)}
    entries = []
    for step in held_out.grid:
        model = held_out.model(step)
        for layer in ablated_layers(held_out):
            entries += _ablations(model, layer, step, step == held_out.grid[-1], ours, theirs, held_out.key, maps)
        entries += lesions(held_out, step, ours, theirs)
        if step == held_out.grid[-1]:
            entries += unit_lesions(held_out, step, ablated_layers(held_out), *few)
            entries += concepts(held_out, training, step)
        for layer in state_layers(held_out.roles):
            entries += _steering(held_out, training, layer, step, pair)
    return combine(entries), maps


def ablated_layers(subject: Subject) -> list[Where]:
    """The layers of which every unit is ablated."""
    return layers_with(subject.roles, HIDDEN) or layers_with(subject.roles, FEEDFORWARD)[-1:]


def confused_pair(logits: np.ndarray, labels: np.ndarray) -> tuple[int, int]:
    """The class, and another one to which its examples give the largest mean probability: logits (n, classes)."""
    shifted = np.exp(logits - logits.max(1, keepdims=True).astype(np.float64))
    probabilities = shifted / shifted.sum(1, keepdims=True)
    classes = np.unique(labels)
    given = np.array([probabilities[labels == label].mean(0) for label in classes])
    given[np.arange(len(classes)), classes] = -1
    source, target = np.unravel_index(given.argmax(), given.shape)
    return int(classes[source]), int(target)


def _ablations(model, layer, step, last, ours: Split, theirs: Split, key, maps) -> Iterator[dict]:
    rng = np.random.default_rng(derive(*key, "interventions", named(layer)))  # the same donors and sets at all steps
    observed = unit_values(model, theirs.inputs, layer, theirs.chunk)
    if observed.ndim != 3:  # an MLP reads the mean of a text's words
        theirs = theirs._replace(valid=None)
    axis = unit_axis(model, address(layer), observed)
    mean = unit_means(observed, theirs.valid, axis)
    donors = donated(observed, other_rows(len(theirs.labels), rng), theirs.valid)
    ours_donors = donated(observed, rng.integers(len(theirs.labels), size=len(ours.labels)), theirs.valid)
    m = len(mean)
    alone = np.arange(m)[:, None]

    def lost(split, sets, values):
        return effects(model, split.inputs, split.labels, layer, sets, values, split.chunk)

    found = lost(theirs, alone, donors).loss.mean(1)
    kinds = {"resample": ours_donors} | ({"zero": 0.0, "mean": mean} if last else {})
    held = {kind: lost(ours, alone, values) for kind, values in kinds.items()}
    rise = {}
    for kind, effect in held.items():
        over = over_examples(effect.loss)
        rise[kind] = over.value
        yield entry(step, layer, f"unit_{kind}_loss", over.value, 0.0, over.null_sd)
    over = over_examples(held["resample"].lost)
    yield entry(step, layer, "unit_resample_accuracy", over.value, 0.0, over.null_sd)
    for one, other in (("zero", "mean"), ("zero", "resample"), ("mean", "resample")) if last else ():
        yield entry(step, layer, f"{one}_{other}_rho", *rank_correlation(rise[one], rise[other]))
    yield entry(step, layer, "split_rho", *rank_correlation(found, rise["resample"]))
    first = top(found, 1)[0]
    yield entry(step, layer, "top_unit_loss", rise["resample"][first], rise["resample"].mean(), rise["resample"].std())
    yield from _sets(lambda sets: lost(ours, sets, ours_donors), found, rise["resample"], step, layer, rng)
    if last and m <= GREEDY_UNITS:
        size = set_size(m, SHARES[GREEDY_SHARE])
        grown = greedy(lambda sets: lost(theirs, sets, donors).loss.mean(1), m, size)
        others = random_sets(m, size, RANDOM_SETS, rng)
        value, *null = lost(ours, [grown, *others], ours_donors).loss.mean(1)
        yield entry(step, layer, "greedy_set_loss", value, np.mean(null), np.std(null, ddof=1))
    if last:
        players = top(found, min(SHAPLEY_UNITS, m))
        shared = over_examples(shapley(lambda sets: lost(ours, sets, ours_donors).loss, players.tolist()))
        yield entry(step, layer, "unit_shapley", shared.value, 0.0, shared.null_sd) | {"unit": players}
    units = [first, *rng.permutation(np.delete(np.arange(m), first))[:CONTROL_UNITS]]
    swept = [_swept(model, layer, unit, observed, ours, theirs) for unit in units]
    controls = np.array([slope for slope, *_ in swept[1:]])
    known = controls[~np.isnan(controls)]  # a unit that is always silent has no values to be held at
    null = (known.mean(), known.std(ddof=1)) if len(known) > 1 else (np.nan, np.nan)
    yield entry(step, layer, "do_slope", swept[0][0], *null)
    if last:
        _, values, curve, logit = swept[0]
        maps.update(rise, sweep_values=values, sweep_class=np.array(logit))
        maps.update(sweep_mean=curve.mean, sweep_low=curve.low, sweep_high=curve.high)


def _sets(lost, found, alone, step, layer, rng) -> Iterator[dict]:
    """Entries of the sets that are first by `found` (m,), against random ones; alone (m,): what each unit does alone."""
    m = len(found)
    rows = {"loss": [], "accuracy": [], "interaction": []}
    for share in SHARES:
        size = set_size(m, share)
        sets = [top(found, size), *random_sets(m, size, RANDOM_SETS, rng)]
        effect = lost(sets)
        loss = effect.loss.mean(1)
        rows["loss"].append(loss)
        rows["accuracy"].append(effect.lost.mean(1))
        rows["interaction"].append(loss - [alone[chosen].sum() for chosen in sets])
    for name, values in rows.items():
        values = np.array(values)
        null = values[:, 1:]
        yield entry(step, layer, f"ranked_set_{name}", values[:, 0], null.mean(1), null.std(1, ddof=1))


def set_size(m: int, share: float) -> int:
    """Units in a share of m, at least one."""
    return max(1, round(m * share))


def _swept(model, layer, unit, observed, ours: Split, theirs: Split) -> tuple:
    """The held-out slope per standard deviation, the values, the held-out mean curve, and the logit, of one unit."""
    axis = unit_axis(model, address(layer), observed)
    values = sweep_values(observed, unit, QUANTILES, theirs.valid, axis)
    every = values_of_units(observed, theirs.valid, axis)[:, unit].double().cpu().numpy()
    if not np.ptp(values):
        values = np.linspace(every.min(), every.max(), len(QUANTILES))  # mostly silent: over its range instead
    responses = []
    for split in (theirs, ours):
        moved = do_response(model, split.inputs, layer, unit, values, split.chunk)
        responses.append(moved - moved.mean(2, keepdims=True))
    slope = slopes(values, responses[0].mean(1))
    logit = int(np.argmax(np.abs(slope))) if np.isfinite(slope).all() else 0
    value = slopes(values, responses[1].mean(1))[logit] * np.sign(slope[logit]) * every.std()
    return value, values, mean_curve(responses[1]), logit


def _steering(held_out: Subject, training: Subject, layer: str, step: int, pair: tuple[int, int]) -> Iterator[dict]:
    source, target = pair
    x, labels = training.examples(step)[layer], training.labels
    push = mean_difference(x, labels, source, target)
    rng = np.random.default_rng(derive(*held_out.key, "interventions", "steering", named(layer)))
    sizes = (int((labels == source).sum()), int((labels == target).sum()))
    pushes = [push, *random_directions(x, sizes, float(np.linalg.norm(push)), RANDOM_DIRECTIONS, rng)]
    model = held_out.model(step)
    ours, theirs = (_rows_of(held_out, classes) for classes in ([source], _others(held_out, pair)))
    before, *after = steered(model, rows_of(held_out.inputs, ours), layer, pushes, held_out.chunk)
    shifts = [float((one - before)[:, target].mean() - (one - before)[:, source].mean()) for one in after]
    success = [float((one.argmax(1) == target).mean()) for one in after]
    yield _against(step, layer, "steering_shift", shifts)
    yield _against(step, layer, "steering_success", success)
    if len(theirs):
        right = (
            steered(model, rows_of(held_out.inputs, theirs), layer, pushes, held_out.chunk).argmax(2)
            == held_out.labels[theirs]
        )
        yield _against(step, layer, "steering_cost", right[0].mean() - right[1:].mean(1))
    if step == held_out.grid[-1]:
        doses = [dose * one for dose in DOSES for one in pushes]
        read = steered(model, rows_of(held_out.inputs, ours), layer, doses, held_out.chunk)[1:].argmax(2) == target
        shares = read.mean(1).reshape(len(DOSES), len(pushes))
        null = shares[:, 1:]
        yield entry(step, layer, "steering_dose", shares[:, 0], null.mean(1), null.std(1, ddof=1))


def _against(step: int, layer: str, quantity: str, values) -> dict:
    value, *null = values
    return entry(step, layer, quantity, value, np.mean(null), np.std(null, ddof=1))


def _others(subject: Subject, pair: tuple[int, int]) -> list[int]:
    return [label for label in range(subject.classes) if label not in pair]


def _rows_of(subject: Subject, classes: list[int]) -> np.ndarray:
    """At most STEERED_ROWS rows of the classes, at random."""
    rows = np.flatnonzero(np.isin(subject.labels, classes))
    rng = np.random.default_rng(derive(*subject.key, "interventions", "steered rows", *classes))
    return np.sort(rng.permutation(rows)[:STEERED_ROWS])


def rank_correlation(one: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """Spearman correlation over m units, with mean and deviation when they are permuted, exact; NaN if one is constant."""
    rho, count = selectivity_importance(one, other)
    return (rho, np.nan, np.nan) if np.isnan(rho) else (rho, 0.0, 1 / np.sqrt(count - 1))
