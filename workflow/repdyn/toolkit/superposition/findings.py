"""What was found about toy models with more features than units: every number and word from the table."""

import pandas as pd

from repdyn.toolkit.by_organism import by_organism, each, last
from repdyn.wording.numbers import plural, short

NOTHING = "No toy model was trained."


def sentence(table: pd.DataFrame) -> str:
    """How many features the best instance of each organism stores."""
    if table.empty:
        return NOTHING
    parts = []
    for name, runs in by_organism(table):
        stored = last(runs, "stored_features")["value"]
        parts.append(f"{name} stores {each(stored)} ({plural(len(stored), 'seed')})")
    return f"Of five features, in two units: {'; '.join(parts)}."


def limits(_table: pd.DataFrame) -> str:
    """What toy models cannot say."""
    return (
        "Which features a network has is known here; in others it is not, and how many directions it uses says nothing of"
        " what they mean. A learning coefficient that is not evaluable may become so with more draws."
    )


def found(table: pd.DataFrame) -> list[str]:
    """A paragraph per organism."""
    return [_told(name, runs) for name, runs in by_organism(table)] if len(table) else [NOTHING]


def _told(name: str, runs: pd.DataFrame) -> str:
    per, gap = last(runs, "units_per_feature"), last(runs, "least_gap")
    coefficient, drift = last(runs, "learning_coefficient"), last(runs, "coefficient_drift")
    stored, alike = last(runs, "stored_features")["value"], 100 * last(runs, "alike")["value"]
    return (
        f"{name} ({plural(runs['seed'].nunique(), 'seed')}). Features stored: {each(stored)}, by {each(alike)} % of the"
        f" instances; angles between neighbours {each(gap['value'])}"
        f" to {each(last(runs, 'largest_gap')['value'])} degrees (weights in random order, least:"
        f" {short(float(gap['null_mean'].mean()))}). Units per feature: {each(per['value'])}. Learning coefficient:"
        f" {each(coefficient['value'], 'not evaluable')} (a regular minimum:"
        f" {short(float(coefficient['null_mean'].iloc[0]))}; change between the halves of the draws"
        f" {each(drift['value'])})."
    )
