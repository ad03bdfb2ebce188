"""What was found along the path of the weights: every number and word from the table."""

import numpy as np
import pandas as pd

from repdyn.toolkit.over_runs import joined
from repdyn.wording.numbers import plural, short

DEVIATIONS = 3.0  # of a null, from which a value is beyond it

NOTHING = "No recurrent network was trained."


def sentence(table: pd.DataFrame) -> str:
    """Whether the paths are straighter than random walks, and what is read from the states that an untrained one lacks."""
    if table.empty:
        return NOTHING
    rows = pd.concat([_last(runs, "straightness", "") for _, runs in table.groupby("experiment", observed=True)])
    beyond = int((rows["value"] > rows["null_mean"] + DEVIATIONS * rows["null_sd"]).sum())
    networks = plural(table["experiment"].nunique(), "network")
    path = f"the weights go straighter than a random walk in {beyond} of {plural(len(rows), 'seed')} of {networks}"
    probes = table[table["quantity"] == "probe_accuracy"]
    if probes.empty:
        return joined(path)
    before, after = (
        probes[probes["step"] == probes.groupby("experiment", observed=True)["step"].transform(end)]
        .groupby("experiment", observed=True)["value"]
        .mean()
        for end in ("min", "max")
    )
    more = f"more in {int((after > before).sum())} of {plural(len(after), 'network')}"
    read = f"probes of the states read {_from_to(after)} of the tasks' variables, {_from_to(before)} untrained"
    return joined(path, f"{read}: {more}")


def _from_to(values: pd.Series) -> str:
    low, high = short(values.min()), short(values.max())
    return low if low == high else f"{low} to {high}"


def limits(_table: pd.DataFrame) -> str:
    """What the path of the weights cannot say."""
    return (
        "Two components, and a picture in the plane, are what is left of a path in thousands of dimensions: their shapes are"
        " no finding where a random walk has them too. A probe says what can be read, not what the network uses; an ablation"
        " moves the network to states that it never visits."
    )


def found(table: pd.DataFrame) -> list[str]:
    """A paragraph per network: its path beside a random walk, its gates, what parts are worth, what the states hold."""
    paragraphs = []
    for name, runs in table.groupby("experiment", sort=False, observed=True):
        said = [_path(runs), _parts(runs), _gates(runs), _losses(runs), _likeness(runs), _probes(runs), _units(runs)]
        paragraphs.append(f"{name} ({plural(runs['seed'].nunique(), 'seed')}). {' '.join(filter(None, said))}")
    return paragraphs or [NOTHING]


def _path(runs: pd.DataFrame) -> str:
    rows, straight, trust = (_last(runs, quantity, "") for quantity in ("pc1_share", "straightness", "picture_trust"))
    if rows.empty:
        return "Too few checkpoints for a path."
    beyond = (rows["value"] > rows["null_mean"] + DEVIATIONS * rows["null_sd"]).sum()
    return (
        f"The first principal component of the path of the weights holds {_each(rows['value'])} of its variance, that of a "
        f"random walk with steps of the same lengths {_each(rows['null_mean'])}: more by {DEVIATIONS:g} deviations in "
        f"{beyond} of {plural(len(rows), 'seed')}. Straightness {_each(straight['value'])}, of the walk "
        f"{_each(straight['null_mean'])}. The picture in the plane keeps neighbours to {_each(trust['value'])}, that of a "
        f"walk to {_each(trust['null_mean'])}."
    )


def _parts(runs: pd.DataFrame) -> str:
    rows = runs[(runs["quantity"] == "straightness") & (runs["layer"].astype(str) != "")]
    means = rows.astype({"layer": str}).groupby("layer")["value"].mean().sort_values()
    if len(means) < 2 or means.isna().any():
        return ""
    most, least = (f"{means.index[i]} weights ({short(means.iloc[i])})" for i in (-1, 0))
    return f"Of its parts, the {most} go straightest and the {least} least so."


def _gates(runs: pd.DataFrame) -> str:
    rows = runs[runs["quantity"] == "gate_mean"]
    text = []
    for gate in rows["layer"].astype(str).unique():
        before, after = _first(runs, "gate_mean", gate)["value"], _last(runs, "gate_mean", gate)
        text.append(
            f"{gate} gate {_each(before)} before training, {_each(after['value'])} after it (shuffled weights "
            f"{_each(after['null_mean'])})"
        )
    slow = _last(runs, "time_scale", "")
    slow = slow[slow["unit"] == 0]
    words = f"Mean openness: {'; '.join(text)}. " if text else ""
    if slow.empty:
        return words.strip()
    before = _first(runs, "time_scale", "")
    return words + (
        f"Slowest time scale at visited states: {_each(before[before['unit'] == 0]['value'])} time steps before training, "
        f"{_each(slow['value'])} after it."
    )


def _losses(runs: pd.DataFrame) -> str:
    rows = runs[runs["quantity"] == "loss_increase"]
    said = []
    for layer in rows["layer"].astype(str).unique():
        last = _last(runs, "loss_increase", layer)
        said.append(
            f"{_ABLATED.get(layer, f'with the {layer} held')} {_each(last['value'])} ({_each(last['null_mean'])})"
        )
    return (
        f"Increase of the loss after training, in parentheses that of shuffled weights: {'; '.join(said)}."
        if said
        else ""
    )


_ABLATED = {"recurrence": "without recurrent weights", "a unit": "with a unit of another example"}


def _likeness(runs: pd.DataFrame) -> str:
    last = _last(runs, "cka_to_first", "")
    return (
        f"CKA of the states after training with those before it {_each(last['value'])}, with those of other initialisations "
        f"{_each(last['null_mean'])}."
    )


def _probes(runs: pd.DataFrame) -> str:
    rows = runs[runs["quantity"] == "probe_accuracy"]
    said = []
    for layer in rows["layer"].astype(str).unique():
        before, after = (each(runs, "probe_accuracy", layer) for each in (_first, _last))
        said.append(
            f"{layer} {_each(after['value'])} (untrained {_each(before['value'])}, labels of other trials "
            f"{_each(after['null_mean'])})"
        )
    return f"Probes read, on trials that they have not seen: {'; '.join(said)}." if said else ""


def _units(runs: pd.DataFrame) -> str:
    rows = runs[runs["quantity"] == "informed_units"]
    said = []
    for layer in rows["layer"].astype(str).unique():
        before, after = (each(runs, "informed_units", layer)["value"] for each in (_first, _last))
        said.append(f"{layer} {_each(after)} ({_each(before)})")
    return (
        f"Share of units that hold information on a variable, before training in parentheses: {'; '.join(said)}."
        if said
        else ""
    )


def _of(runs: pd.DataFrame, quantity: str, layer: str) -> pd.DataFrame:
    return runs[(runs["quantity"] == quantity) & (runs["layer"].astype(str) == layer)].sort_values(["seed", "step"])


def _last(runs: pd.DataFrame, quantity: str, layer: str) -> pd.DataFrame:
    rows = _of(runs, quantity, layer)
    return rows[rows["step"] == runs["step"].max()]


def _first(runs: pd.DataFrame, quantity: str, layer: str) -> pd.DataFrame:
    rows = _of(runs, quantity, layer)
    return rows[rows["step"] == runs["step"].min()]


def _each(values: pd.Series) -> str:
    """The values of all seeds, one where they agree."""
    words = [
        "not evaluable" if np.isnan(value) else "infinite" if np.isinf(value) else short(value) for value in values
    ]
    return (words[0] if len(set(words)) == 1 else ", ".join(words)) if words else "not evaluable"
