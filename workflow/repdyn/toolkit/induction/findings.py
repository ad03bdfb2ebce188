"""What was found about networks of attention on repeated tokens: every number and word from the table."""

import pandas as pd

from repdyn.toolkit.by_organism import by_organism, each, last
from repdyn.toolkit.onset_words import told
from repdyn.wording.numbers import plural, short

ABILITY = "repeat accuracy"
NOTHING = "No network of attention was trained on repeated tokens."
MATCHING = 0.5  # attention on what followed, from which a head counts as an induction head


def sentence(table: pd.DataFrame) -> str:
    """In how many seeds of each organism the second layer has induction heads, and how many of them."""
    if table.empty:
        return NOTHING
    parts = []
    for name, runs in by_organism(table):
        heads = _induction_heads(runs)
        seeds = plural(runs["seed"].nunique(), "seed")
        parts.append(f"{name} has induction heads in {int((heads > 0).sum())} of {seeds} ({each(heads)} per network)")
    return f"{'; '.join(parts)}."


def limits(_table: pd.DataFrame) -> str:
    """What heads of a small network on drawn tokens cannot say."""
    return (
        "Attention says where a head looks, not what it writes; what it is worth is said by ablation alone, and heads that"
        " do the same hide one another there. Two layers on drawn tokens are no language model."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Two paragraphs per organism: heads and what they are worth, and the onsets."""
    if table.empty:
        return [NOTHING]
    paragraphs = []
    for name, runs in by_organism(table):
        paragraphs += [_heads(name, runs), f"{name}. {told('induction', runs, ABILITY)}"]
    return paragraphs


def _heads(name: str, runs: pd.DataFrame) -> str:
    matching = last(runs, "prefix_matching", "layer 2")
    by_seed = matching.groupby("seed", observed=True)[["value", "null_mean"]].mean()
    first = last(runs, "prefix_matching", "layer 1").groupby("seed", observed=True)["value"].mean()
    before = last(runs, "previous_token", "layer 1").groupby("seed", observed=True)["value"].max()
    chance = last(runs, "repeat_loss")["null_mean"].iloc[0]
    text = (
        f"{name} ({plural(runs['seed'].nunique(), 'seed')}). Accuracy on tokens that came before:"
        f" {each(last(runs, 'repeat_accuracy')['value'])}; cross entropy {each(last(runs, 'repeat_loss')['value'])} nats"
        f" (chance {short(float(chance))}). Attention of the second layer's heads"
        f" on what followed the last token before, mean of heads: {each(by_seed['value'])}; where nothing comes back,"
        f" {each(by_seed['null_mean'])}; of the first layer's {each(first)}. Most attention of a head of the first layer"
        f" on the token before: {each(before)}."
    )
    learnt = last(runs, "learnt_accuracy")["value"]
    if len(learnt):
        text += f" With the period of its training: {each(learnt)}."
    parts = []
    for layer in ("layer 1", "layer 2"):
        alone = last(runs, "accuracy_without_head", layer)["value"]
        parts.append(
            f"without {layer} {each(last(runs, 'accuracy_without', layer)['value'])}, without one head of it"
            f" {short(alone.min())} to {short(alone.max())}"
        )
    return f"{text} Accuracy {'; '.join(parts)}."


def _induction_heads(runs: pd.DataFrame) -> pd.Series:
    """How many heads of the second layer look more than MATCHING there, by seed."""
    rows = last(runs, "prefix_matching", "layer 2")
    return (rows["value"] > MATCHING).groupby(rows["seed"], observed=True).sum()
