"""Scales of a representation and of a curve of learning: how variances fall by rank, and what the loss remembers."""

import numpy as np
import pandas as pd

from repdyn.activations.addresses import named
from repdyn.errors import StudyError
from repdyn.fractals.eigenvalues import FIRST, eigenvalue_exponent
from repdyn.fractals.fluctuation import fluctuations, scales_of, slopes
from repdyn.fractals.roughness import higuchi_dimension
from repdyn.fractals.surrogates import shuffled
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.roles import state_layers
from repdyn.seeds import derive

SHUFFLES = 200  # orders of the increments of the loss
INDEPENDENT = 5  # draws in which every unit has an order of its own
SETTLED = 4  # the first of so many parts of the training is left out: there the loss falls, which is no fluctuation
SQUARES = np.array([2.0])  # the fluctuations that are looked at
LAGS = 8  # largest lag of the dimension of the curve, in measurements


def measure(held_out: Subject, training: Subject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """All checkpoint steps, on held-out examples, and the loss of every measurement; `training` is not looked at.

    Layers are hidden layers and blocks, rows are examples; channels and tokens are averaged. The increments are those of
    the logarithm of the loss from a quarter of the training on. NaN where a layer has fewer than 16 dimensions with
    variance, or the examples are fewer than four per rank; and where the curve has fewer than 240 increments, is not
    positive or does not vary. The curve is too short for a multifractal spectrum, which is not given.

    - variance_exponent [exponent]: alpha of the variances of principal components, which fall as rank^-alpha, from rank
      3 to half of the dimensions, at most an eighth of the examples. Null: INDEPENDENT draws with every unit in an order
      of its own, so that only the variances of single units are left. Source: Stringer 2019.
    - loss_memory [exponent]: of the detrended fluctuations of the increments, at the last step: .5 without memory, above
      where a rise follows rises, below where it follows falls. Null: SHUFFLES orders of the increments. Source: Peng 1994.
    - loss_dimension [dimension]: Higuchi's, of the logarithm of the loss, at the last step: 1 for a smooth curve, 1.5
      for a random walk, 2 for white noise. Null: as of loss_memory. Source: Higuchi 1988.

    Maps: scales (k,) in measurements, fluctuations (k,), and fluctuations_low, fluctuations_high (k,), the middle 95 % of
    those of shuffled increments; variances/<layer> (ranks,), of principal components at the last step.
    """
    entries, maps = [], {}
    for step in held_out.steps:
        examples = held_out.examples(step)
        for layer in state_layers(held_out.roles):
            value, null = _of_layer(examples[layer], (*held_out.key, "fractals", named(layer), step))
            entries.append(entry(step, layer, "variance_exponent", value, *null))
            if step == held_out.steps[-1]:
                maps[f"variances/{named(layer)}"] = _variances(examples[layer])
    written, drawn = _of_curve(held_out)
    return combine(entries + written), maps | drawn


def _of_layer(x: np.ndarray, key: tuple) -> tuple[float, tuple[float, float]]:
    ranks = (FIRST, min(x.shape[1] // 2, len(x) // 8))
    rng = np.random.default_rng(derive(*key))
    try:
        value = eigenvalue_exponent(x, ranks)
        null = [eigenvalue_exponent(rng.permuted(x, axis=0), ranks) for _ in range(INDEPENDENT)]
    except StudyError:
        return np.nan, (np.nan, np.nan)
    return value, (float(np.mean(null)), float(np.std(null, ddof=1)))


def _variances(x: np.ndarray) -> np.ndarray:
    if not np.isfinite(x).all():
        return np.full(min(x.shape), np.nan)
    return np.linalg.svd(x - x.mean(axis=0), compute_uv=False) ** 2 / len(x)


def _of_curve(subject: Subject) -> tuple[list[dict], dict[str, np.ndarray]]:
    last = subject.steps[-1]
    curve = np.asarray((subject.curve or ([], []))[1], dtype=np.float64)
    curve = curve[len(curve) // SETTLED :]
    try:
        if len(curve) < 2 or not np.isfinite(curve).all() or not (curve > 0).all():
            raise StudyError("the logarithm of the loss needs losses above 0")
        curve = np.log(curve)
        increments = np.diff(curve)
        scales = scales_of(len(increments))
        spread, roughness = fluctuations(increments, scales, SQUARES), higuchi_dimension(curve, LAGS)
    except StudyError:
        return [entry(last, "", name, np.nan) for name in ("loss_memory", "loss_dimension")], {}
    orders = shuffled(increments, SHUFFLES, np.random.default_rng(derive(*subject.key, "fractals", "increments")))
    walks = np.cumsum(np.column_stack([np.full(SHUFFLES, curve[0]), orders]), axis=1)
    shuffles = [fluctuations(each, scales, SQUARES) for each in orders]
    nulls = ([slopes(each, scales)[0] for each in shuffles], [higuchi_dimension(each, LAGS) for each in walks])
    memory = slopes(spread, scales)[0]
    entries = [
        entry(last, "", name, value, np.mean(null), np.std(null, ddof=1))
        for name, value, null in zip(("loss_memory", "loss_dimension"), (memory, roughness), nulls, strict=True)
    ]
    low, high = np.quantile([each[0] for each in shuffles], [0.025, 0.975], axis=0)
    drawn = {"scales": scales, "fluctuations": spread[0]}
    return entries, drawn | {"fluctuations_low": low, "fluctuations_high": high}
