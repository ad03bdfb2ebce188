"""C06: a run has about 200 critical periods.

Estimand: steps in the top decile of |velocity|, over all layers of a run; published: 203.5.
Bound: none. Null: white noise of the same length and number of layers, of which a decile is a decile too.
Rule: the definition gives the number for any series, so no run can hold or deny it: not evaluable, and the evidence is
an artefact.
"""

import numpy as np

from repdyn.audit.definitions import Column
from repdyn.audit.draws import RULE, Draws
from repdyn.audit.estimates import ratio, within
from repdyn.audit.quantities import Quantity, Tables, by_family
from repdyn.audit.run_table import STATIONARY
from repdyn.audit.runs import means
from repdyn.timeseries.critical_steps import critical_steps, transition_steps

PUBLISHED_NOTES = {}
REPAIRED_NOTE = "D01"
WITHOUT = {}


def published(column: Column) -> dict[str, float]:
    """Critical steps and transitions, counted over all layers of a run, averaged over runs."""
    critical = [critical_steps(run.values, evaluable=run.evaluable).sum() for run in column.runs]
    transitions = [transition_steps(run.values, evaluable=run.evaluable).sum() for run in column.runs]
    return means("critical", critical, column.runs) | means("transitions", transitions, column.runs)


repaired = published


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    """What the rule gives for white noise of the same length and number of layers."""
    return {RULE: {name: np.array([value]) for name, value in published(draws.noise).items()}}


def ours(tables: Tables) -> dict[str, Quantity]:
    """Numbers per run, and the dispersion of critical steps over that of stationary surrogates."""
    found = {"bunching_ratio": Quantity(ratio(tables.runs, "bunching"), 1.0, STATIONARY)}
    for name in ("critical", "transitions"):
        for label, part in (("", tables.runs), *by_family(tables.runs).items()):
            estimate = within(ratio(part, name), 0.0, np.inf)
            found[f"{name}_{label}".rstrip("_")] = Quantity(estimate)
    return found
