"""What the tools for classifiers found in recurrent networks: every number and word from the table."""

import numpy as np
import pandas as pd

from repdyn.wording.numbers import plural, short

NOTHING = "No recurrent network was trained."


def sentence(table: pd.DataFrame) -> str:
    """In how many networks the state falls into as many clusters as there are answers."""
    if table.empty:
        return NOTHING
    told = []
    for name, runs in _networks(table):
        clusters, classes = _last(runs, "beyond_0")["value"] + 1, int(_last(runs, "classes")["value"].iloc[0])
        right = int((clusters == classes).sum())
        told.append(f"{name} in {right} of {plural(len(clusters), 'seed')} ({classes})")
    return f"After training the states fall into as many clusters as the task has answers: {', '.join(told)}."


def limits(_table: pd.DataFrame) -> str:
    """What one question at the end cannot say."""
    return (
        "The network is asked once, at the end of a sequence, which its training never did alone; what it keeps on the way is"
        " not seen. Sparse autoencoders, patching, interventions and attribution were not run on recurrent networks."
    )


def found(table: pd.DataFrame) -> list[str]:
    """A paragraph per network; seeds one after the other."""
    if table.empty:
        return [NOTHING]
    return [_network(name, runs) for name, runs in _networks(table)]


def _networks(table: pd.DataFrame):
    table = table.assign(quantity=table["quantity"].astype(str), layer=table["layer"].astype(str))
    return [(str(name), runs) for name, runs in table.groupby("experiment", sort=False, observed=True)]


def _network(name: str, runs: pd.DataFrame) -> str:
    drift, clusters = _last(runs, "drift_from_init"), _last(runs, "beyond_0")
    dimension, probe = _last(runs, "dimension_mle"), _last(runs, "probe_accuracy")
    known, straight = _last(runs, "class_components"), _last(runs, "straightness")
    classes, entropy = (_last(runs, quantity)["value"].iloc[0] for quantity in ("classes", "class_entropy"))
    return (
        f"{name} ({plural(runs['seed'].nunique(), 'seed')}, {short(classes)} answers). Participation ratio of the states:"
        f" {_each(_first(runs, 'participation_ratio'))} before training, {_each(_last(runs, 'participation_ratio'))} after;"
        f" intrinsic dimension then {_each(dimension)} (Gaussian points of the same covariance"
        f" {_each(dimension, 'null_mean')}). Clusters beyond those of Gaussian points, plus one:"
        f" {_each(_first(runs, 'beyond_0'), more=1)} before, {_each(clusters, more=1)} after; loops:"
        f" {_each(_last(runs, 'beyond_1'))}. Drift from initialisation {_each(drift)} (other initialisations"
        f" {_each(drift, 'null_mean')}). A linear probe reads the answer with accuracy"
        f" {_each(_first(runs, 'probe_accuracy'))} before and {_each(probe)} after training (control labels"
        f" {_each(probe, 'null_mean')}); two coordinates hold {_each(known)} of {short(entropy)} nats. Path of the weights:"
        f" straight to {_each(straight)} (random walk {_each(straight, 'null_mean')})."
    )


def _of(runs: pd.DataFrame, quantity: str) -> pd.DataFrame:
    rows = runs[(runs["quantity"] == quantity) & runs["layer"].isin(["", "state"])]
    return rows.sort_values(["seed", "step"])


def _last(runs: pd.DataFrame, quantity: str) -> pd.DataFrame:
    return _of(runs, quantity).groupby("seed", observed=True).tail(1)


def _first(runs: pd.DataFrame, quantity: str) -> pd.DataFrame:
    return _of(runs, quantity).groupby("seed", observed=True).head(1)


def _each(rows: pd.DataFrame, column: str = "value", more: float = 0) -> str:
    """A column of all seeds, once where they agree."""
    words = ["not evaluable" if np.isnan(value) else short(value + more) for value in rows[column].astype(float)]
    return words[0] if len(set(words)) == 1 else ", ".join(words)
