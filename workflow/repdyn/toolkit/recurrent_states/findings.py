"""What the tools for classifiers found in recurrent networks: every number and word from the table."""

import pandas as pd

from repdyn.roles import INPUT
from repdyn.wording.numbers import short

NOTHING = "No recurrent network was trained."


def sentence(table: pd.DataFrame) -> str:
    """Into how many clusters the states fall, of networks with as many answers."""
    if table.empty:
        return NOTHING
    told = [f"{name} {_value(runs, 'beyond_0', more=1)} ({_value(runs, 'classes')})" for name, runs in _networks(table)]
    return f"Clusters of states after training, and in parentheses how many answers there are: {', '.join(told)}."


def limits(_table: pd.DataFrame) -> str:
    """What one question at the end cannot say."""
    return (
        "A network is asked once, at the end of a sequence; what it keeps on the way is not seen, and of games only"
        " positions with one right move. The first seed only. Sparse autoencoders were left out: a state has too few units"
        " for more features than a handful. Of patching, the whole state carries everything by construction."
    )


def found(table: pd.DataFrame) -> list[str]:
    """A paragraph per network, tool by tool; in parentheses the null that is named."""
    if table.empty:
        return [NOTHING]
    return [_network(name, runs) for name, runs in _networks(table)]


def _networks(table: pd.DataFrame):
    table = table.assign(quantity=table["quantity"].astype(str), layer=table["layer"].astype(str))
    return [(str(name), runs) for name, runs in table.groupby("experiment", sort=False, observed=True)]


def _network(name: str, runs: pd.DataFrame) -> str:
    refused = [quantity.partition("/")[2] for quantity in runs["quantity"].unique() if quantity.startswith("refused/")]
    return " ".join(
        [
            f"{name}, seed {runs['seed'].min()}, {_value(runs, 'classes')} answers.",
            f"Shape: participation ratio {_value(runs, 'participation_ratio', first=True)} before training and"
            f" {_value(runs, 'participation_ratio')} after, intrinsic dimension then {_beside(runs, 'dimension_mle')} beside"
            f" Gaussian points; clusters: {_value(runs, 'beyond_0', first=True, more=1)} before and"
            f" {_value(runs, 'beyond_0', more=1)} after, and loops beyond Gaussian clouds: {_value(runs, 'beyond_1')}.",
            f"Information: a linear probe reads the answer with accuracy"
            f" {_value(runs, 'probe_accuracy', first=True)} before and {_beside(runs, 'probe_accuracy')} after training"
            f" beside control labels; two coordinates hold {_value(runs, 'class_components')} of"
            f" {_value(runs, 'class_entropy')} nats.",
            f"Paths: drift from initialisation {_beside(runs, 'drift_from_init')} beside other initialisations; the weights"
            f" go straight to {_beside(runs, 'straightness')} beside a random walk.",
            f"Causes: without its first unit the loss rises by {_beside(runs, 'top_unit_loss')} nats beside a unit at"
            f" random; {_patched(runs)}.",
            f"Attribution: inputs replaced in the order of integrated gradients take the answer down faster than in random"
            f" order by {_value(runs, 'deletion/integrated_gradients')}; with new random weights the maps correlate by"
            f" {_beside(runs, 'sanity/integrated_gradients')} beside maps of other examples.",
            *(f"The tool {each} refused this network; its log says why." for each in refused),
        ]
    )


def _patched(runs: pd.DataFrame) -> str:
    """What patching between two answers found."""
    if _value(runs, "component_denoising") == "not evaluable":
        return "patching is not evaluable, for too few examples of two answers are right"
    return (
        f"{_value(runs, 'component_count')} components carry over {_beside(runs, 'component_denoising')} of the difference"
        f" between two answers beside random directions; a share of {_beside(runs, 'circuit_share')} of the units carries"
        " .9 of it, beside random orders"
    )


def _beside(runs: pd.DataFrame, quantity: str) -> str:
    """The value at the end and that of its null, as "0.5 (0.1)"."""
    return f"{_value(runs, quantity)} ({_value(runs, quantity, column='null_mean')})"


def _value(runs: pd.DataFrame, quantity: str, column: str = "value", first: bool = False, more: float = 0) -> str:
    """A number of the state or the whole network, at the last step it was measured or at the first; layers averaged."""
    rows = runs[(runs["quantity"] == quantity) & (runs["layer"] != INPUT)]
    at = rows["step"].min() if first else rows["step"].max()
    values = rows.loc[(rows["step"] == at) & ~(rows["layer"] == "scores"), column].astype(float)
    return "not evaluable" if values.isna().all() else short(values.mean() + more)
