"""What was found about landscapes of the states of recurrent networks: every number and word from the table."""

import pandas as pd

from repdyn.toolkit.by_organism import by_organism, each, last
from repdyn.wording.numbers import plural, short

NOTHING = "No recurrent network was trained."
BEYOND = 3  # deviations of a null


def sentence(table: pd.DataFrame) -> str:
    """Into how many basins the states of each network fall, and how often no state was seen between two of them."""
    if table.empty:
        return NOTHING
    told, uncrossed, known = [], 0, 0
    for name, runs in by_organism(table):
        found = last(runs, "basins")
        answers = short(float(last(runs, "answers")["value"].iloc[0]))
        others = (
            f"before it {_each(first(runs, 'basins'))}, normal points {_mean(found['null_mean'])}, answers {answers}"
        )
        told.append(f"{name} {_each(found['value'])} ({others})")
        limited = at_limit(runs)
        uncrossed, known = uncrossed + int(limited.sum()), known + len(limited)
    return (
        f"Basins of the states after training: {'; '.join(told)}. From the basin of most states to the one nearest to it no"
        f" state was seen on the way in {uncrossed} of {plural(known, 'run')} with two basins or more."
    )


def limits(_table: pd.DataFrame) -> str:
    """What a landscape of samples cannot say."""
    return (
        "The landscape is how often a state was seen, in three components: of a network that its inputs drive it is not what"
        " moves the states, and a barrier is no rate. Higher than its limit no barrier of so many samples can be. Entropy"
        " production is of a linear model of these components: that none is found does not show that time has no direction."
        " Without noise of a known temperature there are no work and no free energy, so that the equalities of Jarzynski and"
        " Crooks are tried in the calibration only."
    )


def found(table: pd.DataFrame) -> list[str]:
    """A paragraph per network; numbers seed by seed."""
    return [_network(name, runs) for name, runs in by_organism(table)] if len(table) else [NOTHING]


def at_limit(runs: pd.DataFrame) -> pd.Series:
    """By seed with two basins or more after training: whether the barrier is as high as its samples can show."""
    barrier, most = (last(runs, name).set_index("seed")["value"] for name in ("barrier", "most_barrier"))
    known = most.dropna().index
    return barrier[known] >= most[known]


def first(runs: pd.DataFrame, quantity: str) -> pd.Series:
    """The values of a quantity at the first step, by seed."""
    rows = runs[(runs["quantity"] == quantity) & (runs["step"] == runs["step"].min())]
    return rows.sort_values("seed")["value"]


def _network(name: str, runs: pd.DataFrame) -> str:
    basins, barrier, straight = (last(runs, quantity) for quantity in ("basins", "barrier", "straight_barrier"))
    limited = at_limit(runs)
    return (
        f"{name} ({plural(runs['seed'].nunique(), 'seed')}, {short(float(last(runs, 'answers')['value'].iloc[0]))} answers)."
        f" Basins: {_each(first(runs, 'basins'))} before training, {_each(basins['value'])} after (normal points:"
        f" {_mean(basins['null_mean'])}), with a bandwidth of {_each(last(runs, 'bandwidth')['value'])} root mean squares."
        f" Barrier, nats: {_each(first(runs, 'barrier'))} before, {_each(barrier['value'])} after (normal points:"
        f" {_mean(barrier['null_mean'])}; along the straight line {_each(straight['value'])}), a lower bound in"
        f" {int(limited.sum())} of {plural(len(limited), 'seed')} with two basins or more, where no sample lies on the way."
        f" Entropy production after training: {_produced(runs)}."
    )


def _produced(runs: pd.DataFrame) -> str:
    rows = last(runs, "entropy_production").dropna(subset=["value"])
    if rows.empty:
        return "not evaluable in any seed, for no stationary linear diffusion gives these states"
    beyond = int((rows["value"] - rows["null_mean"] > BEYOND * rows["null_sd"]).sum())
    return (
        f"{_each(rows['value'])} nats per time step (sequences backwards with chance 1/2: {_each(rows['null_mean'])}),"
        f" beyond {BEYOND} deviations of them in {beyond} of {plural(len(rows), 'seed')}"
    )


def _each(values: pd.Series) -> str:
    return each(values, "not evaluable")


def _mean(values: pd.Series) -> str:
    return "not evaluable" if values.isna().all() else short(float(values.mean()))
