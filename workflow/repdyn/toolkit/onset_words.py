"""When several measures of one training change, as findings say it and figures show it."""

import numpy as np
import pandas as pd

from repdyn.toolkit.over_runs import difference, direction
from repdyn.wording.numbers import plural, short


def by_measure(runs: pd.DataFrame, quantity: str) -> dict[str, pd.Series]:
    """{measure: onset or lead by seed}, in order of their means; those that are not evaluable in any seed come last."""
    rows = runs[runs["quantity"] == quantity].sort_values("seed")
    found = {str(name): part["value"] for name, part in rows.groupby("layer", observed=True, sort=True)}
    return dict(sorted(found.items(), key=lambda item: np.nan_to_num(item[1].mean(), nan=np.inf)))


def told(tool: str, runs: pd.DataFrame, ability: str) -> str:
    """A sentence on the onsets of the measures of one organism, each with its lead on the ability over seeds."""
    found, leads = by_measure(runs, "onset"), by_measure(runs, "lead")
    if not found or found[ability].isna().all():
        return f"{ability[0].upper()}{ability[1:]} has no onset: there is nothing to come before it."
    parts = []
    for name, values in found.items():
        if values.isna().all():
            parts.append(f"{name} has none")
        elif name == ability:
            parts.append(f"{name} at {short(values.mean())}")
        else:
            # The order is read from an interval over seeds, so of too few seeds it is undecided.
            word = direction(tool, leads[name], name, "earlier", "later")
            lead = difference(tool, leads[name], name)
            parts.append(f"{name} at {short(values.mean())} ({word}; steps before {ability}: {lead})")
    seeds = plural(runs["seed"].nunique(), "seed")
    return f"Onsets, the first step from which half of the final change lasts, mean of {seeds}: {'; '.join(parts)}."
