"""C08: critical periods correlate with the loss.

Estimand: the share of critical steps with falling loss, beyond what the losses of other runs give
(`run_table.coupling_excess`); published: 0.568, against a half that was taken for granted, so 0.068.
Bound: half of that, 0.034. At 0 any coupling would do.
Null: losses of other experiments, 0; those fall early in a window as well, when layers change fastest.
Rule: holds above the bound, does not hold below it.
"""

import numpy as np

from repdyn.audit.definitions import Column
from repdyn.audit.draws import Draws
from repdyn.audit.estimates import ratio, within
from repdyn.audit.quantities import LOCAL, Quantity, Tables, by_family
from repdyn.audit.runs import FAMILIES, Run, means
from repdyn.seeds import derive
from repdyn.timeseries.critical_steps import critical_steps, loss_coupling

PUBLISHED_NOTES = {}
REPAIRED_NOTE = "D01"
WITHOUT = {}
RUN_SHIFTS = "circular shifts of the layers of a run against its loss"


def published(column: Column) -> dict[str, float]:
    """Share of critical steps with falling loss, mean over layers, then over runs (D07)."""
    return means("mean", loss_couplings(column.runs), column.runs)


repaired = published


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    """The share of critical steps with falling loss when all layers of a run are rotated together."""
    runs = draws.column.runs
    coupling = np.empty((draws.number, len(runs)))
    for place, run in enumerate(runs):
        flags = critical_steps(run.values, evaluable=run.evaluable)
        falling = (np.diff(run.loss) < 0).astype(np.float64)
        count = flags.sum(axis=0)
        rng = np.random.default_rng(derive("audit", "run shifts", run.name))
        shift = rng.integers(len(flags), size=draws.number)
        turned = falling[(np.arange(len(falling)) + shift[:, None]) % len(falling)]
        coupling[:, place] = (turned @ flags / np.maximum(count, 1)).mean(axis=1)
    family = np.array([run.family for run in runs])
    families = {f"mean_{each}": coupling[:, family == each].mean(axis=1) for each in FAMILIES}
    return {RUN_SHIFTS: {"mean": coupling.mean(axis=1)} | families}


def ours(tables: Tables) -> dict[str, Quantity]:
    """The same share, and by how much it exceeds that of all steps of the same window."""
    found = {"excess": Quantity(ratio(tables.runs, "coupling_excess"), 0.0, LOCAL)}
    for label, part in (("mean", tables.runs), *((f"mean_{f}", rows) for f, rows in by_family(tables.runs).items())):
        found[label] = Quantity(within(ratio(part, "coupling"), 0.0, 1.0))
    return found


def loss_couplings(runs: list[Run]) -> list[float]:
    """Loss coupling of each run: mean over layers, a layer without critical steps counting 0 as published."""
    return [
        np.nan_to_num(loss_coupling(critical_steps(run.values, evaluable=run.evaluable), run.loss)).mean()
        for run in runs
    ]
