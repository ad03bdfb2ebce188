"""What the scales say: whether variances fall more steeply with training, and whether the loss has a memory."""

from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import norm

from repdyn.figures.panels import RUN
from repdyn.statistics.fdr import benjamini_hochberg
from repdyn.toolkit.over_runs import difference, direction, from_to, joined, told
from repdyn.wording.numbers import plural

_interval, _verdict = partial(difference, "fractals"), partial(direction, "fractals")
ALPHA = 0.05


def sentence(table: pd.DataFrame) -> str:
    """Whether training makes variances fall more steeply, and whether the loss remembers."""
    first, last = _deepest(table)
    steeper = told(
        "fractals",
        last["value"] - first["value"],
        "change",
        "training makes the variances of the last hidden layer fall {}",
        "more steeply by rank",
        "less steeply by rank",
    )
    rows, above, below = _memories(table)
    if rows.empty:
        return joined(steeper, "whether the loss has a memory is not evaluable")
    return joined(
        steeper,
        f"rises of the loss are followed by rises in {above} and by falls in {below} of {plural(len(rows), 'run')}",
    )


def limits(_table: pd.DataFrame) -> str:
    """What an exponent cannot say."""
    return (
        "A slope between two ranks is a summary: it does not show that a power law holds. Of the loss less than two decades"
        " of scales are seen; the exponents say nothing of shorter or longer ones."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Paragraphs on the exponents of variances, over training and against independent units, and on curves of the loss."""
    asked = len(table[RUN].drop_duplicates())
    return [_variances(table, asked), _curves(table, asked)]


def _deepest(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Exponents of the last hidden layer of each run, and their nulls, at the first step and at the last."""
    rows = table[table["quantity"] == "variance_exponent"].dropna(subset=["value"])
    rows = rows.assign(layer=rows["layer"].astype(str)).sort_values("step", kind="stable")
    layers = table[table["quantity"] == "variance_exponent"].groupby(RUN, observed=True)["layer"]
    last = layers.agg(lambda each: each.astype(str).iloc[-1]).rename("deepest")
    rows = rows.join(last, on=RUN)
    runs = rows[rows["layer"] == rows["deepest"]].groupby(RUN, observed=True)[["value", "null_mean"]]
    return runs.first(), runs.last()


def _memories(table: pd.DataFrame) -> tuple[pd.DataFrame, int, int]:
    """Exponents of the loss by run, and in how many of them rises are followed by rises, or by falls."""
    rows = table[table["quantity"] == "loss_memory"].dropna(subset=["value"]).set_index(RUN)
    if rows.empty:
        return rows, 0, 0
    z = (rows["value"] - rows["null_mean"]) / rows["null_sd"]
    beyond = benjamini_hochberg(2 * norm.sf(np.abs(z.to_numpy(float)))) <= ALPHA
    return rows, int((beyond & (z > 0)).sum()), int((beyond & (z < 0)).sum())


def _variances(table: pd.DataFrame, asked: int) -> str:
    first, last = _deepest(table)
    if last.empty:
        return (
            f"How variances fall by rank was not evaluable in any of {plural(asked, 'run')}: too few dimensions or"
            " examples."
        )
    change, beyond = last["value"] - first["value"], last["value"] - last["null_mean"]
    steeper = _verdict(change, "change", "steeper, fewer directions", "flatter, more directions")
    return (
        f"Variances of the last hidden layer fall as rank to the power of -{from_to(last['value'])} after training, in"
        f" {plural(len(last), 'run')}{_missing(asked, len(last))}; with every unit in an order of its own it would be"
        f" -{from_to(last['null_mean'])}. The exponent exceeds that by {_interval(beyond, 'beyond')}:"
        f" {_verdict(beyond, 'beyond', 'units vary together', 'units vary together less than alone')}. Training changed it"
        f" by {_interval(change, 'change')}: {steeper}."
    )


def _curves(table: pd.DataFrame, asked: int) -> str:
    rows, above, below = _memories(table)
    if rows.empty:
        return (
            f"Whether the loss has a memory was not evaluable in any of {plural(asked, 'run')}: too few measurements."
        )
    roughness = table[table["quantity"] == "loss_dimension"].dropna(subset=["value"])
    return (
        f"From a quarter of the training on, the increments of the logarithm of the loss have exponents of"
        f" {from_to(rows['value'])} in {plural(len(rows), 'run')}{_missing(asked, len(rows))}, in random order"
        f" {from_to(rows['null_mean'])}. A rise is followed by rises in {above} and by falls in {below} of them (false"
        f" discovery rate {100 * ALPHA:.0f} %). The curve has a dimension of {from_to(roughness['value'])} (random walk"
        f" {from_to(roughness['null_mean'])}, white noise 2)."
    )


def _missing(asked: int, n: int) -> str:
    return f" ({plural(asked - n, 'run')} not evaluable)" if asked > n else ""
