"""What the geometry of representations comes to: every number and word from the table."""

import numpy as np
import pandas as pd

from repdyn.roles import EMBEDDING, INPUT
from repdyn.seeds import derive
from repdyn.statistics.intervals import mean_interval
from repdyn.toolkit.over_runs import joined, told
from repdyn.wording.numbers import interval, plural, short

BAND = 3  # null standard deviations beyond which a run differs: t of 20 and of 5 draws leaves 1 % and 5 % outside
RUN = ["experiment", "seed"]


NOTHING = "Nothing was evaluable: no last hidden layer has enough distinct, finite examples."


def sentence(table: pd.DataFrame) -> str:
    """What training did to the dimension, and whether classes take less to separate than shuffled ones."""
    table = _last_hidden(table)
    if not table["value"].notna().any():
        return NOTHING
    end, start = (_at(table, "dimension_mle", last)["value"] for last in (True, False))
    capacity = _at(table, "class_capacity", True)
    changed, beyond = np.log(end / start), np.log(capacity["value"] / capacity["null_mean"])
    statements = (
        "training {} the intrinsic dimension of the last hidden layer",
        "its classes take {} weights to separate than shuffled ones",
    )
    return joined(
        told("geometry", changed, "dimension", statements[0], "raised", "lowered"),
        told("geometry", beyond, "capacity", statements[1], "fewer", "more"),
    )


def limits(_table: pd.DataFrame) -> str:
    """What a cloud's shape cannot say."""
    return (
        "Beyond the null, a cloud has a shape that its covariance does not explain. Clusters and the zeros of ReLU give it"
        " one as curved surfaces do, and these numbers do not tell them apart. The estimators fall short of high dimensions,"
        " by what the calibration in the figure shows."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Paragraphs on dimension, on shape, and on classes and pictures, of the last hidden layer of every run."""
    table = _last_hidden(table)
    if not table["value"].notna().any():
        return [NOTHING]
    return [_dimension(table), _shape(table), _classes(table)]


def places(table: pd.DataFrame) -> dict[str, str]:
    """{layer: "input", "middle layer" or "last hidden layer"} of one experiment's rows, in the order of the network."""
    of = dict(zip(table["layer"].astype(str), table["role"], strict=True))
    named = {layer: "input" if role in (INPUT, EMBEDDING) else "middle layer" for layer, role in of.items() if layer}
    hidden = [layer for layer, place in named.items() if place == "middle layer"]
    return named | dict.fromkeys(hidden[-1:], "last hidden layer")


def against_null(runs: pd.DataFrame) -> str:
    """In how many runs a value lies beyond its null, and the mean ratio over runs with a verdict.

    runs: value, null_mean, null_sd, a row per run. Beyond: more than BAND standard deviations off.
    """
    known = runs.dropna(subset=["value", "null_mean", "null_sd"])
    off = known["value"] - known["null_mean"]
    beyond = off.abs() > BAND * known["null_sd"]
    counts = f"above the null in {(beyond & (off > 0)).sum()}, below it in {(beyond & (off < 0)).sum()} of "
    counts += plural(len(known), "run")
    if len(known) < len(runs):
        counts += f" (not evaluable in {len(runs) - len(known)})"
    return f"{counts}; mean ratio to the null {_mean_ratio(known['value'] / known['null_mean'])}"


def _mean_ratio(ratios: pd.Series) -> str:
    """Geometric mean over runs with its interval, and whether that excludes 1."""
    rng = np.random.default_rng(derive("geometry findings"))
    logs = np.log(ratios[(ratios > 0) & np.isfinite(ratios)].to_numpy())
    mean, low, high = np.exp(mean_interval(logs, rng))
    if np.isnan(mean):
        return "not evaluable"
    if np.isnan(low):
        return f"{short(mean)}, too few runs for an interval: undecided"
    verdict = "above 1" if low > 1 else "below 1" if high < 1 else "undecided"
    return interval(mean, low, high, more=verdict)


def _last_hidden(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the last hidden layer of every experiment, and those without a layer."""
    kept = []
    for _, rows in table.groupby("experiment", observed=True):
        last = [layer for layer, place in places(rows).items() if place == "last hidden layer"]
        kept.append(rows[rows["layer"].isin([*last, ""])])
    return pd.concat(kept)


def _at(table: pd.DataFrame, quantity: str, end: bool) -> pd.DataFrame:
    """The rows of a quantity at the last or the first step of every run, indexed by run."""
    rows = table[table["quantity"] == quantity]
    steps = rows.groupby(RUN, observed=True)["step"].transform("max" if end else "min")
    return rows[rows["step"] == steps].set_index(RUN)


def _trained(table: pd.DataFrame, quantity: str) -> str:
    """How training changed a quantity: in how many runs it fell and rose, and the mean ratio of end to start."""
    ratio = (_at(table, quantity, True)["value"] / _at(table, quantity, False)["value"]).dropna()
    fell, rose = (ratio < 1).sum(), (ratio > 1).sum()
    return f"fell in {fell} and rose in {rose} of {plural(len(ratio), 'run')}, mean ratio {_mean_ratio(ratio)}"


def _dimension(table: pd.DataFrame) -> str:
    sentences = []
    for quantity, name in (("dimension_mle", "MLE"), ("dimension_twonn", "TwoNN")):
        sentences.append(
            f"Intrinsic dimension of the last hidden layer ({name}): with training it {_trained(table, quantity)}. "
            f"At the end, against Gaussians of the same covariance: {against_null(_at(table, quantity, True))}."
        )
    return " ".join([*sentences, _calibrated(table)])


def _calibrated(table: pd.DataFrame) -> str:
    """What the estimators find where the dimension is known."""
    true, mle, twonn = (
        _at(table, f"calibration_{name}", False).groupby("unit", observed=True)["value"].mean().to_numpy()
        for name in ("dimension", "mle", "twonn")
    )
    pairs = ", ".join(f"of {d:g} they find {a:.3g} and {b:.3g}" for d, a, b in zip(true, mle, twonn, strict=True))
    return (
        f"What the estimators (MLE, TwoNN) find in isotropic Gaussians with as many points shows their bias: {pairs}."
    )


def _shape(table: pd.DataFrame) -> str:
    names = {
        "geodesic_ratio": "Length of paths along the cloud over straight distance",
        "mean_curvature": "Mean curvature within a neighbourhood",
        "tangent_angle": "Angle of neighbouring tangent planes",
    }
    sentences = [f"{name}: {against_null(_at(table, quantity, True))}" for quantity, name in names.items()]
    return (
        f"Shape of the last hidden layer at the end, against Gaussians of the same covariance. {'. '.join(sentences)}."
    )


def _classes(table: pd.DataFrame) -> str:
    unknown = _at(table, "class_capacity", False)["value"].isna()
    text = (
        "Classes per weight of a linear read-out of the last hidden layer at the end, against shuffled labels (an upper "
        f"bound where the layer is too narrow to show less): {against_null(_at(table, 'class_capacity', True))}. With "
        f"training it {_trained(table, 'class_capacity')}; at initialisation not evaluable in {unknown.sum()} of "
        f"{plural(len(unknown), 'run')}."
    )
    field = _at(table, "mean_field_capacity", True)
    ratio = field["value"] / _at(table, "class_capacity", True)["value"]
    if ratio.notna().any():
        text += (
            f" Mean-field theory gives classes of these shapes {short(ratio.min())} to {short(ratio.max())} times the"
            f" capacity that was tried, and against shuffled labels {against_null(field)}."
        )
    for method, name in (("pca", "PCA"), ("isomap", "Isomap"), ("tsne", "t-SNE")):
        silhouette, trust = (_at(table, f"{quality}_{method}", True) for quality in ("silhouette", "trustworthiness"))
        text += (
            f" Clusters in the picture by {name} (silhouette; {_number(silhouette['null_mean'])} for a Gaussian): "
            f"{against_null(silhouette)}; its trustworthiness is {_number(trust['value'])}."
        )
    return text


def _number(values: pd.Series) -> str:
    return short(values.mean()) if values.notna().any() else "not evaluable"
