"""Units of an MLP: what the network loses without each of them, and how evenly they share the work.

A unit's importance is causal: the loss with the unit held at its mean (mean ablation) or at zero, minus the loss. Zero is
off the data where a unit is never silent, so the mean is the first choice and zero the comparison (Chan 2022).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from repdyn.errors import StudyError, require_indices
from repdyn.measures.selectivity import half_of, selectivity
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.roles import HIDDEN, layers_with, output_layer

# Bytes of one layer's activations while pairs of a unit and an example go through the network together.
CHUNK = 8 * 2**20


class Affine(NamedTuple):
    """The weights (outputs, inputs) and biases (outputs,) of a fully connected layer."""

    weight: np.ndarray
    bias: np.ndarray


class Effect(NamedTuple):
    """What losing each unit does, (m,) each: rise of the mean loss, fall of the accuracy, deviation of the rise under its
    null."""

    loss: np.ndarray
    accuracy: np.ndarray
    null_sd: np.ndarray


def ablated(
    activations: np.ndarray,
    replacement: np.ndarray,
    layers: list[Affine],
    examples: np.ndarray,
    units: np.ndarray,
    inner: np.ndarray | None = None,
) -> np.ndarray:
    """Outputs (p, classes) for p pairs of an example and a unit, (p,) and (p,), that unit at its replacement value.

    activations: (n, m), replacement: (m,), layers: those that follow. Replacing one unit's value h by v adds (v - h) times
    its column of weights to the next layer's input, so the layer itself need not be computed again. inner: that input
    before any replacement, (n, outputs), if known.
    """
    require_indices("examples", examples, len(activations))
    require_indices("units", units, len(replacement))
    first = layers[0]
    inner = activations @ first.weight.T + first.bias if inner is None else inner
    return _ablated(activations, replacement, np.ascontiguousarray(first.weight.T), inner, layers[1:], examples, units)


def ablation(activations: np.ndarray, replacement: np.ndarray, layers: list[Affine], labels: np.ndarray) -> Effect:
    """The effect of holding each unit of a layer at its replacement value (m,), one unit at a time, on the cross-entropy.

    activations: (n, m) of all units; layers: those that follow; labels: (n,). Null: whether the change helps or harms an
    example is the toss of a coin, so the sum of changes has mean 0 and variance the sum of their squares; exact.
    Examples on which a unit has its replacement value already are skipped: there the effect is 0.
    """
    n, m = activations.shape
    if replacement.shape != (m,) or layers[0].weight.shape[1] != m or len(labels) != n:
        raise StudyError(
            f"Activations of {n} examples and {m} units need {m} replacement values, not {replacement.shape},"
            f" {n} labels, not {len(labels)}, and a layer of {m} inputs, not {layers[0].weight.shape[1]}."
        )
    require_indices("labels", labels, len(layers[-1].bias))
    inner = activations @ layers[0].weight.T + layers[0].bias
    columns = np.ascontiguousarray(layers[0].weight.T)
    loss, correct = _judged(_finish(inner.copy(), layers[1:]), labels)
    units, examples = np.nonzero((activations != replacement).T)
    change, lost = np.empty(len(units)), np.empty(len(units))
    size = max(1, CHUNK // (activations.itemsize * max(layer.bias.size for layer in layers)))
    for at in range(0, len(units), size):
        chosen = examples[at : at + size]
        outputs = _ablated(activations, replacement, columns, inner, layers[1:], chosen, units[at : at + size])
        new_loss, still = _judged(outputs, labels[chosen])
        change[at : at + size] = new_loss - loss[chosen]
        lost[at : at + size] = correct[chosen].astype(float) - still
    sums = [np.bincount(units, weights, minlength=m) for weights in (change, lost, change**2)]
    return Effect(sums[0] / n, sums[1] / n, np.sqrt(sums[2]) / n)


def participation(values: np.ndarray) -> float:
    """(sum v)^2 / sum v^2 / m of non-negative values (m,): the share of units that hold them.

    1 if all are alike, 1/m if one has all, NaN if all are zero. Raises StudyError for negative values.
    """
    values = np.asarray(values, dtype=np.float64)
    if not values.size or not (values >= 0).all():
        raise StudyError("Participation needs non-negative values, one or more, such as squared norms or variances.")
    largest = values.max()
    if largest == 0:
        return np.nan
    shares = values / largest
    return shares.sum() ** 2 / (shares**2).sum() / values.size


def participation_of_dealt_weights(weight: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of the participation of m units to whom the weights (outputs, m) are dealt at random.

    Dealing keeps the sum of the squared weights; only the sum of squares of the units' shares varies. Its mean and variance
    are exact: it is a sum over pairs of weights that meet in a unit (Mantel 1967). The participation is its inverse, to
    second order (mean within 1 %, deviation within 10 % of a simulation, by test).
    """
    squares = np.asarray(weight, dtype=np.float64) ** 2
    outputs, m = squares.shape
    if not squares.any():
        return np.nan, np.nan
    if m < 2 or outputs < 2:
        return participation(squares.sum(0)), 0.0
    centred = squares - squares.mean()
    second, fourth = (centred**2).sum(), (centred**4).sum()
    n = squares.size
    # Of the products of two centred weights, and of whether the two are in the same unit: sum, sum of squares, and sum of
    # the squared row sums.
    product, same = (-second, second**2 - fourth, fourth), (n * (outputs - 1),) * 2 + (n * (outputs - 1) ** 2,)
    expected = product[0] * same[0] / (n * (n - 1))
    square = 2 * product[1] * same[1] / (n * (n - 1))
    square += 4 * (product[2] - product[1]) * (same[2] - same[1]) / (n * (n - 1) * (n - 2))
    disjoint = [total**2 + 2 * squared - 4 * rows for total, squared, rows in (product, same)]
    square += disjoint[0] * disjoint[1] / (n * (n - 1) * (n - 2) * (n - 3))
    even = squares.sum() ** 2 / m
    mean = even + second + expected
    relative = np.sqrt(max(square - expected**2, 0)) / mean
    return even / mean * (1 + relative**2), even / mean * relative


def selectivity_importance(index: np.ndarray, effect: np.ndarray) -> tuple[float, int]:
    """Spearman correlation of units' class selectivity (m,) and the effect of losing them (m,); and of how many units.

    Morcos 2018 found that selective units are no more important. Units without an index (dead) are left out. Under a
    permutation of the units it has mean 0 and standard deviation 1 / sqrt(units - 1), exactly, with ties too. NaN for fewer
    than three units, or if either is the same for all.
    """
    known = np.isfinite(index) & np.isfinite(effect)
    ranks = np.stack([rankdata(index[known]), rankdata(effect[known])])
    if ranks.shape[1] < 3 or (np.ptp(ranks, axis=1) == 0).any():
        return np.nan, ranks.shape[1]
    return np.corrcoef(ranks)[0, 1], ranks.shape[1]


def measure(subject: Subject) -> pd.DataFrame:
    """Every unit of every hidden layer of an MLP: ablations at the grid steps, on all held-out examples; participation
    at every step.

    - unit_mean_ablation, unit_zero_ablation [nats] (unit: unit): rise of the mean cross-entropy with the unit held at
      its mean over the examples, or at zero. Null: the sign of the change on every example is random, exact (mean 0).
      Source: Chan 2022.
    - unit_mean_ablation_accuracy [share] (unit: unit): fall of the accuracy with the unit held at its mean.
    - selectivity_importance_rho [correlation]: Spearman's, of unit_mean_ablation with the cross-validated class
      selectivity index. Null: permutation of the units, exact (0, 1 / sqrt(units - 1)). Source: Morcos 2018.
    - weight_participation [share]: of units that hold the squared outgoing weights, (sum v)^2 / sum v^2 / units. Null:
      the same weights dealt at random. Source: Mantel 1967.
    - activation_participation [share]: of units that hold the variance over examples; without a null, as units have
      scales of their own.
    """
    return combine(_entries(subject))


def _entries(subject: Subject) -> Iterator[dict]:
    half = half_of(subject)
    hidden = layers_with(subject.roles, HIDDEN)
    for step in subject.steps:
        affine = _affine(subject, step, hidden)
        activations = subject.examples(step)
        for depth, layer in enumerate(hidden):
            units = activations[layer]
            following = affine[depth + 1 :]
            weight = following[0].weight
            dealt = participation_of_dealt_weights(weight)
            held = participation((weight.astype(np.float64) ** 2).sum(0))
            yield entry(step, layer, "weight_participation", held, *dealt)
            variance = units.astype(np.float64).var(0)
            yield entry(step, layer, "activation_participation", participation(variance))
            if step not in subject.grid:
                continue
            mean = units.mean(0, dtype=np.float64).astype(units.dtype)
            at_mean = ablation(units, mean, following, subject.labels)
            at_zero = ablation(units, np.zeros_like(mean), following, subject.labels)
            yield entry(step, layer, "unit_mean_ablation", at_mean.loss, 0.0, at_mean.null_sd)
            yield entry(step, layer, "unit_zero_ablation", at_zero.loss, 0.0, at_zero.null_sd)
            yield entry(step, layer, "unit_mean_ablation_accuracy", at_mean.accuracy)
            index = selectivity(units.astype(np.float64), subject.labels[None], half)[0][0]
            rho, count = selectivity_importance(index, at_mean.loss)
            null = (np.nan, np.nan) if np.isnan(rho) else (0.0, 1 / np.sqrt(count - 1))
            yield entry(step, layer, "selectivity_importance_rho", rho, *null)


def _affine(subject: Subject, step: int, hidden: list[str]) -> list[Affine]:
    state = subject.states[step]
    names = [f"{layer}.0" for layer in hidden] + [output_layer(subject.roles)]
    return [Affine(state[f"{name}.weight"].numpy(), state[f"{name}.bias"].numpy()) for name in names]


def _ablated(
    activations: np.ndarray,
    replacement: np.ndarray,
    columns: np.ndarray,
    inner: np.ndarray,
    following: list[Affine],
    examples: np.ndarray,
    units: np.ndarray,
) -> np.ndarray:
    """`ablated`, from the weights of the next layer by unit (m, outputs), its input `inner`, and the layers after it."""
    state = columns[units]
    state *= (replacement[units] - activations[examples, units])[:, None]
    state += inner[examples]
    return _finish(state, following)


def _finish(state: np.ndarray, layers: list[Affine]) -> np.ndarray:
    """ReLU and the next layer, for all layers; the state is overwritten."""
    for layer in layers:
        np.maximum(state, 0, out=state)
        state = state @ layer.weight.T
        state += layer.bias
    return state


def _judged(outputs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cross-entropy of every example, float64, and whether the highest output is its label."""
    outputs = outputs.astype(np.float64)
    outputs -= outputs.max(1, keepdims=True)
    right = np.take_along_axis(outputs, labels[:, None], 1)[:, 0]
    return np.log(np.exp(outputs).sum(1)) - right, outputs.argmax(1) == labels
