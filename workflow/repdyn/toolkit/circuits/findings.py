"""What was found about circuits of recurrent networks: every number and word from the table."""

import numpy as np
import pandas as pd

from repdyn.circuits.motifs import TRIADS
from repdyn.toolkit.over_runs import joined
from repdyn.wording.numbers import plural, short

# A circuit that the states determine: least share of their variance that it explains, least agreement of its restarts.
EXPLAINED, DETERMINED = 0.5, 0.8
DEVIATIONS = 3.0  # of a null, from which a value is beyond it

NOTHING = "No recurrent network was trained."


def sentence(table: pd.DataFrame) -> str:
    """Of how many seeds of each network a latent circuit is determined, and how mixed its units are."""
    clauses = []
    for name, runs in table.groupby("experiment", sort=False, observed=True):
        share, determined = _last(runs, "interaction_share")["value"], _determined(runs)
        said = []
        if _last(runs, "latent_r2")["value"].notna().any():
            seeds = plural(len(determined), "seed")
            said.append(f"restarts agree on one latent circuit in {int(determined.sum())} of {seeds}")
        if share.notna().any():
            said.append(f"the interaction has {_each(share)} of what two variables do to its units")
        clauses.append(f"of {name} {' and '.join(said) or 'neither a latent circuit nor mixing is evaluable'}")
    return joined(*clauses) if clauses else NOTHING


def limits(_table: pd.DataFrame) -> str:
    """What circuits from activity and weights cannot say."""
    return (
        "A latent circuit is one of few rectified nodes by assumption: one that fits may not be there, and where restarts"
        " differ the states do not say which. Motifs are of the strongest weights alone, and a motif that is frequent may"
        " have no part in the task; signs say nothing of what passes through gates."
    )


def found(table: pd.DataFrame) -> list[str]:
    """A paragraph per network."""
    paragraphs = []
    for name, runs in table.groupby("experiment", sort=False, observed=True):
        said = [_latent(runs), _selectivity(runs), _motifs(runs), _signs(runs), _events(runs)]
        paragraphs.append(f"{name} ({plural(runs['seed'].nunique(), 'seed')}). {' '.join(filter(None, said))}")
    return paragraphs or [NOTHING]


def _latent(runs: pd.DataFrame) -> str:
    r2, agreement = (_last(runs, quantity) for quantity in ("latent_r2", "latent_agreement"))
    if r2["value"].isna().all():
        return "A latent circuit is not evaluable: inputs or nodes do not fit the units."
    determined = int(_determined(runs).sum())
    return (
        f"A latent circuit explains {_each(r2['value'])} of the variance of held-out states (inputs of other trials "
        f"{_each(r2['null_mean'])}); the weights of restarts correlate {_each(agreement['value'])} with the best ones, so "
        f"the circuit is determined ({EXPLAINED:g} explained, agreement {DETERMINED:g}, or more) in {determined} of "
        f"{plural(len(agreement), 'seed')}."
    )


def _determined(runs: pd.DataFrame) -> np.ndarray:
    """Whether the states of each seed determine a circuit."""
    r2, agreement = (_last(runs, quantity)["value"].to_numpy() for quantity in ("latent_r2", "latent_agreement"))
    return (r2 >= EXPLAINED) & (agreement >= DETERMINED)


def _selectivity(runs: pd.DataFrame) -> str:
    share = _last(runs, "interaction_share")["value"]
    if share.isna().all():
        return "Mixed selectivity is not evaluable: too few trials of a condition, or no two variables."
    parts = []
    for kind, words in (("pure", "tell one variable"), ("linear", "two added"), ("nonlinear", "their interaction")):
        rows = _last(runs, f"units_{kind}")
        parts.append(f"{_each(rows['value'])} {words} (shuffled labels {_each(rows['null_mean'])})")
    before = _first(runs, "interaction_share")["value"]
    return (
        f"Shares of units that tell something: {'; '.join(parts)}. The interaction has {_each(share)} of what the two "
        f"variables do to all units, noise removed; {_each(before)} before training."
    )


def _motifs(runs: pd.DataFrame) -> str:
    rows = runs[(runs["quantity"] == "triads_beyond") & (runs["step"] == runs["step"].max())]
    known = rows[rows["value"].notna()]
    if known.empty:
        return "Motifs are not evaluable: too dense a graph or none that can be rewired."
    graphs = plural(len(known), "graph")
    text = f"Kinds of triads beyond rewired graphs, of {len(TRIADS)} in each of {graphs} (seeds and edges per unit): "
    if not known["value"].sum():
        return text + "none."
    triads = runs[(runs["quantity"] == "triads") & (runs["step"] == runs["step"].max())]
    z = (triads["value"] - triads["null_mean"]) / triads["null_sd"].where(triads["null_sd"] > 0)
    means = z.groupby(triads["unit"].astype(int)).mean()
    strongest = list(TRIADS)[int(means.idxmax())]
    return text + (
        f"{short(known['value'].mean())} on average; the most in all, {strongest} with {short(means.max())} deviations."
    )


def _signs(runs: pd.DataFrame) -> str:
    rows = _last(runs, "sign_consistency")
    beyond = (rows["value"] > rows["null_mean"] + DEVIATIONS * rows["null_sd"]).sum()
    text = (
        f"Consistency of the signs that leave a unit {_each(rows['value'])}, shuffled {_each(rows['null_mean'])}: beyond it "
        f"in {beyond} of {plural(len(rows), 'seed')}"
    )
    blocks = _last(runs, "block")
    if blocks["value"].isna().all():
        return text + "; units both excite and inhibit, so there is no diagram of two kinds."
    return text + "."


def _events(runs: pd.DataFrame) -> str:
    f1, r2 = _last(runs, "event_f1"), _last(runs, "event_r2")
    if f1["value"].isna().all():
        return "Events are not evaluable."
    return (
        f"Events in the speed of the states match changes of the answer with F1 {_each(f1['value'])} (times of other trials "
        f"{_each(f1['null_mean'])}) and explain {_each(r2['value'])} of it."
    )


def _of(runs: pd.DataFrame, quantity: str) -> pd.DataFrame:
    return runs[runs["quantity"] == quantity].sort_values(["seed", "step"])


def _last(runs: pd.DataFrame, quantity: str) -> pd.DataFrame:
    rows = _of(runs, quantity)
    return rows[rows["step"] == runs["step"].max()]


def _first(runs: pd.DataFrame, quantity: str) -> pd.DataFrame:
    rows = _of(runs, quantity)
    return rows[rows["step"] == runs["step"].min()]


def _each(values: pd.Series) -> str:
    """The values of all seeds, one where they agree."""
    words = ["not evaluable" if np.isnan(value) else short(value) for value in values]
    return (words[0] if len(set(words)) == 1 else ", ".join(words)) if words else "not evaluable"
