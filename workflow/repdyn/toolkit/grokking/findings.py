"""What was found about networks that learn to add: every number and word from the table."""

import pandas as pd

from repdyn.toolkit.by_organism import by_organism, each, last
from repdyn.toolkit.onset_words import told
from repdyn.wording.numbers import plural, short

ABILITY = "held-out accuracy"
NOTHING = "No network was trained to add."


def sentence(table: pd.DataFrame) -> str:
    """In how many seeds of each organism the rule came, and how much later than the learnt half."""
    if table.empty:
        return NOTHING
    parts = []
    for name, runs in by_organism(table):
        late, seeds = last(runs, "delay")["value"].dropna(), runs["seed"].nunique()
        delay = f", {_range(late)} times later than what it learnt by heart" if len(late) else ""
        parts.append(f"{name} found the rule in {len(late)} of {plural(seeds, 'seed')}{delay}")
    return f"{'; '.join(parts)}."


def limits(_table: pd.DataFrame) -> str:
    """What onsets on one task cannot say."""
    return (
        "One small network on one table: that one measure changes before another says nothing of what causes what, and"
        " elsewhere the order may be another. An onset is no finer than the grid of checkpoints, and intervals of three"
        " seeds are wide. Where the learning coefficient is not evaluable, its chains had not settled: its order over"
        " steps may only follow the loss."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Two paragraphs per organism: the rule and its frequencies, and the onsets; then the learning coefficients."""
    if table.empty:
        return [NOTHING]
    paragraphs = []
    for name, runs in by_organism(table):
        paragraphs += [_rule(name, runs), f"{name}. {told('grokking', runs, ABILITY)}"]
    return [*paragraphs, *_coefficients(table)]


def _rule(name: str, runs: pd.DataFrame) -> str:
    share = runs[(runs["quantity"] == "frequency_share")]
    at_end = share[share["step"] == share["step"].max()]
    seeds = plural(runs["seed"].nunique(), "seed")
    learnt, ruled = (each(last(runs, quantity)["value"], "never") for quantity in ("memorised", "generalised"))
    return (
        f"{name} ({seeds}). First step with 90 % of the learnt pairs right: {learnt}; of the held-out pairs: {ruled}; their"
        f" ratio: {each(last(runs, 'delay')['value'])}."
        f" Held-out accuracy at the end: {each(last(runs, 'held_out_accuracy')['value'])} (chance"
        f" {short(float(_null(runs, 'held_out_accuracy')))}). Share of the five strongest frequencies of the embedding:"
        f" {each(at_end['value'])}, of random embeddings"
        f" {short(float(at_end['null_mean'].mean()))}."
    )


def _coefficients(table: pd.DataFrame) -> list[str]:
    """What the learning coefficient says, or why it says nothing."""
    rows = table[table["quantity"] == "learning_coefficient"]
    if rows.empty:
        return []
    drifts = table.loc[table["quantity"] == "coefficient_drift", "value"]
    by_step = table[(table["quantity"] == "coefficient_by_step") & (table["unit"] == 1)]
    first = by_step.groupby(["experiment", "seed"], observed=True).first()["value"]
    at_end = by_step.groupby(["experiment", "seed"], observed=True).last()["value"]
    text = (
        f"Learning coefficient: evaluable at {int(rows['value'].notna().sum())} of {plural(len(rows), 'checkpoint')} (change"
        f" between the halves of the draws: {short(drifts.min())} to {short(drifts.max())}, at most 0.2 is allowed)."
    )
    if rows["value"].notna().any():
        known = rows["value"].dropna()
        return [f"{text} Where it is, it is {short(known.min())} to {short(known.max())}."]
    return [
        f"{text} What the shorter step size gives, and no estimate, falls from when pairs are known by heart to the end in"
        f" {int((at_end < first).sum())} of {plural(len(first), 'run')}, as the loss does."
    ]


def _null(runs: pd.DataFrame, quantity: str) -> float:
    return runs.loc[runs["quantity"] == quantity, "null_mean"].iloc[0]


def _range(values: pd.Series) -> str:
    low, high = short(values.min()), short(values.max())
    return low if low == high else f"{low} to {high}"
