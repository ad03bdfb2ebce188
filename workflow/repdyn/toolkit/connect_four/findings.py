"""What was found about networks that learn Connect Four: every number and word from the table."""

import numpy as np
import pandas as pd

from repdyn.wording.numbers import plural, short

INPUTS = {7: "the moves", 84: "the board"}
TOLD = {"wins_taken": "wins taken", "blocks_made": "blocks made", "safe_kept": "wins not given away"}
PARTS = ((0, 8), (16, 24))  # plies compared: the opening, and where most games are still on


NOTHING = "No network was trained to play."


def sentence(table: pd.DataFrame) -> str:
    """How much of the way from equal columns to the teacher each input allowed."""
    if table.empty:
        return NOTHING
    ways: dict[str, list[float]] = {}
    for _, runs in _by_network(table):
        rows = last(runs, "excess")
        ways.setdefault(INPUTS[inputs_of(runs)], []).append((1 - rows["value"] / rows["null_mean"]).mean())
    told = "; ".join(
        f"reading {words}, {short(100 * min(ways))} to {short(100 * max(ways))} %"
        if len(ways) > 1
        else f"reading {words}, {short(100 * ways[0])} %"
        for words, ways in ways.items()
    )
    return f"Of the way from columns that are all alike to the entropy of their teacher, networks went, {told}."


def limits(_table: pd.DataFrame) -> str:
    """What play beside a teacher cannot say."""
    return (
        "The teacher looks one move ahead and the other's reply: to come near it is not to play well. All networks were"
        " trained with as many updates and games, and none until it stopped getting better: a size that is behind may only"
        " be slower."
    )


def found(table: pd.DataFrame) -> list[str]:
    """A paragraph on the floor, one per network, and one on what it costs to have to remember the board."""
    if table.empty:
        return [NOTHING]
    networks = [(str(name), runs) for name, runs in _by_network(table)]
    return [_floor(table), *(_network(name, runs) for name, runs in networks), _remembering(networks)]


def last(runs: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """The rows of a quantity at the last step it was measured, by seed."""
    rows = runs[runs["quantity"] == quantity]
    return rows[rows["step"] == rows["step"].max()].sort_values(["seed", "unit"])


def inputs_of(runs: pd.DataFrame) -> int:
    return int(last(runs, "inputs")["value"].iloc[0])


def units_of(runs: pd.DataFrame) -> int:
    return int(last(runs, "hidden")["value"].iloc[0])


def _floor(table: pd.DataFrame) -> str:
    floors = {INPUTS[inputs_of(runs)]: last(runs, "floor")["value"].iloc[0] for _, runs in _by_network(table)}
    told = ", ".join(f"{short(value)} (games shown as {name})" for name, value in floors.items())
    return (
        f"The teacher's moves have an entropy of {told} nats per move on held-out games, below which no network can come;"
        f" one to which all columns are alike has a cross entropy of ln 7 = {short(np.log(7))}."
    )


def _by_network(table: pd.DataFrame):
    return table.groupby("experiment", sort=False, observed=True)


def _network(name: str, runs: pd.DataFrame) -> str:
    first = runs[(runs["quantity"] == "excess") & (runs["step"] == runs["step"].min())]
    text = (
        f"{name} ({plural(runs['seed'].nunique(), 'seed')}, {units_of(runs)} units, reads {INPUTS[inputs_of(runs)]})."
        f" Above the floor: {_each(first)} nats before training, {_each(last(runs, 'excess'))} after it. Legal moves:"
        f" {_each(last(runs, 'legal'))}."
    )
    shares = [
        f"{words} {_each(last(runs, kind))} (random legal moves: {short(last(runs, kind)['null_mean'].iloc[0])})"
        for kind, words in TOLD.items()
    ]
    return f"{text} Of its chances: {', '.join(shares)}."


def _remembering(networks: list[tuple[str, pd.DataFrame]]) -> str:
    """Excess early and late in games, by input."""
    told = []
    for inputs, words in INPUTS.items():
        rows = [last(runs, "ply_excess") for _, runs in networks if inputs_of(runs) == inputs]
        if rows:
            parts = [
                pd.concat(rows).loc[lambda r, p=part: r["unit"].between(p[0], p[1] - 1), "value"] for part in PARTS
            ]
            told.append(f"with {words} as input {short(parts[0].mean())} and {short(parts[1].mean())} nats")
    return (
        f"Above the floor in moves {PARTS[0][0] + 1} to {PARTS[0][1]} and {PARTS[1][0] + 1} to {PARTS[1][1]} of a game,"
        f" mean over networks: {'; '.join(told)}. Who reads moves has to keep the board in its state."
    )


def _each(rows: pd.DataFrame) -> str:
    words = ["not evaluable" if pd.isna(value) else short(value) for value in rows["value"]]
    return words[0] if len(set(words)) == 1 else ", ".join(words)
