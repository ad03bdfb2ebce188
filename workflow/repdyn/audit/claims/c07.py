"""C07: layers change together at critical periods, strongly so in most runs.

Estimand: pairs of layers that are critical at once over their number by chance. The published mean, 0.065, is fixed by
its rule; as published is what the published logs give when repaired, 1.76.
Bound: 1.25, a quarter more than by chance; any excess at all would be a bound of 1.
Null: shifts of each layer within windows, 1.
Rule: holds above the bound, does not hold below it.
"""

import numpy as np

from repdyn.audit.claims import c08
from repdyn.audit.definitions import Column
from repdyn.audit.draws import RULE, Draws
from repdyn.audit.estimates import ratio, total, within
from repdyn.audit.quantities import SHIFTED, Quantity, Tables, by_family
from repdyn.audit.run_table import is_strong
from repdyn.audit.runs import FAMILIES, means
from repdyn.seeds import derive
from repdyn.timeseries.critical_steps import coordination, critical_steps, loss_coupling

PUBLISHED_NOTES = {}
REPAIRED_NOTE = "D01"
WITHOUT = {}
LAYER_SHIFTS = "circular shifts of every layer"


def published(column: Column) -> dict[str, float]:
    """Mean share of layers critical at a measurement, and runs with a "strong" moment.

    Averaged over T points though there are T - 1 differences, as published. Strong: `run_table.is_strong` (D06).
    """
    mean, strong = [], 0
    for run, coupling in zip(column.runs, c08.loss_couplings(column.runs), strict=True):
        score = coordination(critical_steps(run.values, evaluable=run.evaluable))
        mean.append(score.sum() / len(run.steps))
        strong += is_strong(score, coupling)
    return means("mean", mean, column.runs) | {"strong_runs": strong}


repaired = published


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    """Means: what the rule gives for white noise. Strong runs: every layer's critical steps rotated on their own."""
    fixed = {name: np.array([value]) for name, value in published(draws.noise).items() if name != "strong_runs"}
    strong = np.zeros(draws.number)
    for run in draws.column.runs:
        flags = critical_steps(run.values, evaluable=run.evaluable)
        rng = np.random.default_rng(derive("audit", "layer shifts", run.name))
        for draw in range(draws.number):
            shifted = _rotated(flags, rng.integers(len(flags), size=flags.shape[1]))
            coupling = np.nan_to_num(loss_coupling(shifted, run.loss)).mean()
            strong[draw] += is_strong(shifted.mean(axis=1), coupling)
    return {RULE: fixed, LAYER_SHIFTS: {"strong_runs": strong}}


def ours(tables: Tables) -> dict[str, Quantity]:
    """Means and strong runs, and pairs of layers critical at once over their number by chance."""
    runs, families = tables.runs, by_family(tables.runs)
    found = {
        "strong_runs": Quantity(total(runs, "strong")),
        "coincidence_ratio": Quantity(ratio(runs, "coincidence"), 1.0, SHIFTED),
    }
    for label, part in (("mean", runs), *((f"mean_{each}", families[each]) for each in FAMILIES)):
        found[label] = Quantity(within(ratio(part, "coordination"), 0.0, 1.0))
    for each in FAMILIES:
        found[f"coincidence_ratio_{each}"] = Quantity(ratio(families[each], "coincidence"), 1.0, SHIFTED)
    return found


def _rotated(flags: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Every column of (T, L) rotated by its own shift (L,)."""
    rows = (np.arange(len(flags))[:, None] - shift) % len(flags)
    return np.take_along_axis(flags, rows, axis=0)
