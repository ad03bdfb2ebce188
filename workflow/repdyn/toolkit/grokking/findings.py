"""What was found about networks that learn to add: every number and word from the table."""

import pandas as pd

from repdyn.toolkit.onset_words import told
from repdyn.wording.numbers import plural, short

ABILITY = "held-out accuracy"
NOTHING = "No network was trained to add."


def sentence(table: pd.DataFrame) -> str:
    """In how many seeds of each organism the rule came, and how much later than the learnt half."""
    if table.empty:
        return NOTHING
    parts = []
    for name, runs in _by_organism(table):
        late, seeds = _last(runs, "delay").dropna(), runs["seed"].nunique()
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
    for name, runs in _by_organism(table):
        paragraphs += [_rule(name, runs), f"{name}. {told('grokking', runs, ABILITY)}"]
    return [*paragraphs, *_coefficients(table)]


def _rule(name: str, runs: pd.DataFrame) -> str:
    share = runs[(runs["quantity"] == "frequency_share")]
    last = share[share["step"] == share["step"].max()]
    seeds = plural(runs["seed"].nunique(), "seed")
    return (
        f"{name} ({seeds}). First step with 90 % of the learnt pairs right: {_each(_last(runs, 'memorised'))}; of the"
        f" held-out pairs: {_each(_last(runs, 'generalised'))}; their ratio: {_each(_last(runs, 'delay'), 'none')}."
        f" Held-out accuracy at the end: {_each(_last(runs, 'held_out_accuracy'))} (chance"
        f" {short(float(_null(runs, 'held_out_accuracy')))}). Share of the five strongest frequencies of the embedding:"
        f" {_each(last['value'])}, of random embeddings"
        f" {short(float(last['null_mean'].mean()))}."
    )


def _coefficients(table: pd.DataFrame) -> list[str]:
    """What the learning coefficient says, or why it says nothing."""
    rows = table[table["quantity"] == "learning_coefficient"]
    if rows.empty:
        return []
    drifts = table.loc[table["quantity"] == "coefficient_drift", "value"]
    by_step = table[(table["quantity"] == "coefficient_by_step") & (table["unit"] == 1)]
    first = by_step.groupby(["experiment", "seed"], observed=True).first()["value"]
    last = by_step.groupby(["experiment", "seed"], observed=True).last()["value"]
    text = (
        f"Learning coefficient: evaluable at {int(rows['value'].notna().sum())} of {plural(len(rows), 'checkpoint')} (change"
        f" between the halves of the draws: {short(drifts.min())} to {short(drifts.max())}, at most 0.2 is allowed)."
    )
    if rows["value"].notna().any():
        known = rows["value"].dropna()
        return [f"{text} Where it is, it is {short(known.min())} to {short(known.max())}."]
    return [
        f"{text} What the shorter step size gives, and no estimate, falls from when pairs are known by heart to the end in"
        f" {int((last < first).sum())} of {plural(len(first), 'run')}, as the loss does."
    ]


def _by_organism(table: pd.DataFrame):
    return [(str(name), runs) for name, runs in table.groupby("experiment", sort=False, observed=True)]


def _last(runs: pd.DataFrame, quantity: str) -> pd.Series:
    rows = runs[runs["quantity"] == quantity]
    return rows[rows["step"] == rows["step"].max()].sort_values("seed")["value"]


def _null(runs: pd.DataFrame, quantity: str) -> float:
    return runs.loc[runs["quantity"] == quantity, "null_mean"].iloc[0]


def _range(values: pd.Series) -> str:
    low, high = short(values.min()), short(values.max())
    return low if low == high else f"{low} to {high}"


def _each(values: pd.Series, missing: str = "never") -> str:
    """The values of all seeds, one where they agree."""
    words = [missing if pd.isna(value) else short(value) for value in values]
    return (words[0] if len(set(words)) == 1 else ", ".join(words)) if words else "not evaluable"
