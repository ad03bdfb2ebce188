"""C14: the network's layers do not change together at transformer jumps.

Estimand: the percentage of other layers that jump within two measurements of a jump, beyond that of shifted jumps;
published: 0.
Bound: 10 percentage points, half of what is called together here: a fifth of the other layers.
Null: shifts within windows, 0. The published threshold finds nothing in measurements in any order (D01).
Rule: holds below the bound, does not hold above it; the excess may be negative.
"""

import numpy as np
import pandas as pd

from repdyn.audit.definitions import Column
from repdyn.audit.draws import SHUFFLED, SHUFFLES, Draws
from repdyn.audit.estimates import excess, percent
from repdyn.audit.jump_table import NEAR
from repdyn.audit.picks import FIVE, checkpoint_window, over_picks, picked_jumps
from repdyn.audit.quantities import LOCAL, SHIFTED, JumpRows, Quantity, Tables, for_each_rule, of_architecture
from repdyn.audit.runs import TRANSFORMER, Run, names_of, run_named

PUBLISHED_NOTES = {"coordination_percent": f"{FIVE}; 0 whatever the draw"}
REPAIRED_NOTE = (
    f"other layers that jump within {NEAR} measurements; the published threshold belongs to the degenerate metric (D01)"
)
WITHOUT = {}


def published(column: Column) -> dict[str, float]:
    """Percent of layers whose stable rank changes by more than 1e-9 around the picked jumps, and around all."""
    picked = picked_percent(picked_jumps(column.jumps), run_named(column.runs, TRANSFORMER))
    return picked | all_jumps_percent(column)


def picked_percent(picked: pd.DataFrame, run: Run) -> dict[str, float]:
    return {"coordination_percent": 100 * over_picks(changing_share(picked["before"], run), picked)}


def all_jumps_percent(column: Column) -> dict[str, float]:
    shares = {}
    for label, chosen in (("run", [TRANSFORMER]), ("family", names_of(column.runs, "transformer"))):
        share = [
            changing_share(column.jumps.loc[column.jumps["run"] == name, "before"], run_named(column.runs, name))
            for name in chosen
        ]
        shares[f"coordination_percent_all_jumps_{label}"] = 100 * np.concatenate(share).mean()
    return shares


def repaired(column: Column) -> dict[str, float]:
    """The threshold belongs to the degenerate metric (D01): there is no repaired form, only that of `ours`."""
    return {}


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    return {}


def defect(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    """The same of measurements dealt to the steps at random: layers that change at every one of them."""
    picked = picked_jumps(draws.column.jumps)
    drawn = [picked_percent(picked, run_named(draws.shuffled(i).runs, TRANSFORMER)) for i in range(SHUFFLES)]
    return {SHUFFLED: {name: np.array([each[name] for each in drawn]) for name in drawn[0]}}


def ours(tables: Tables) -> dict[str, Quantity]:
    return for_each_rule(tables, quantities)


def quantities(jumps: JumpRows) -> dict[str, Quantity]:
    """Share of the other layers that jump within NEAR measurements of a jump."""
    transformer = jumps.rows[jumps.rows["family"] == "transformer"]
    deep = of_architecture(jumps.rows, "transformer_deep")
    return {
        f"together_percent_{label}": Quantity(
            percent(part, "together", "accompanied"), percent(part, "together_expected", "accompanied").value, SHIFTED
        )
        for label, part in (("run", deep), ("family", transformer))
    } | {"together_excess_percent": Quantity(excess(transformer, "together", "accompanied", 100.0), 0.0, LOCAL)}


def changing_share(before: pd.Series, run: Run) -> np.ndarray:
    """Share of layers that change by more than 1e-9 across the window around each jump."""
    first, last = checkpoint_window(before, run)
    return (np.abs(run.values[last] - run.values[first]) > 1e-9).mean(axis=1)
