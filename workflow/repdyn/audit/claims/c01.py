"""C01: layers are stable from step 0 on; whether shallow or deep layers settle first.

Estimand: the percentage of layers that stay within a tenth of their first value at every measurement; published: 100.
Bound: 50, most layers. A tenth is the published tolerance; with a wider one more layers are stable.
Null: none is needed, a walk leaves any tenth. The published method calls stable at step 0 what it is given in any order.
Rule: holds above the bound, does not hold below it.
"""

import numpy as np

from repdyn.audit.definitions import Column
from repdyn.audit.draws import SHUFFLED, SHUFFLES, Draws
from repdyn.audit.estimates import percent, ratio, total
from repdyn.audit.quantities import Quantity, Tables
from repdyn.audit.run_statistics import QUIET_WINDOW, TOLERANCE
from repdyn.audit.runs import Run
from repdyn.seeds import derive
from repdyn.statistics.permutation import permuted_rank_correlations
from repdyn.timeseries.convergence import convergence_order, convergence_pattern, stabilisation_step

# The quantity of each pattern.
PATTERNS = {name: name.replace("-", "_") for name in ("unclear", "bottom-up", "top-down", "simultaneous")}
UNDEFINED = {"not evaluable": "not_evaluable"}

PUBLISHED_NOTES = {}
REPAIRED_NOTE = "D01; layer order from the module graph; an undefined rho is not evaluable"
WITHOUT = {"stable_percent": "none: a walk leaves any tenth, a constant never does"}
ORDERS = "permutations of the times over the layers of each run"


def published(column: Column) -> dict[str, float]:
    """Runs whose layers are all stable at step 0, and runs by convergence pattern.

    Published: layer index from the name (`published_index`), an undefined rho counts as "unclear" (D05).
    Repaired: depth in the module graph, an undefined rho counts as "not evaluable".
    """
    named = column.definitions.named_order
    at_zero, patterns = 0, []
    for run in column.runs:
        when = stabilised(run)
        if named:
            when[when == run.steps[-QUIET_WINDOW]] = np.nan  # the published loop ends one window early
        at_zero += bool((when == run.steps[0]).all())
        index = [published_index(layer) for layer in run.layers] if named else range(len(run.layers))
        pattern = convergence_pattern(*convergence_order(np.array(index), when))
        patterns.append("unclear" if named and pattern in UNDEFINED else pattern)
    names = PATTERNS if named else PATTERNS | UNDEFINED
    return {"runs_stable_at_zero": at_zero} | {quantity: patterns.count(name) for name, quantity in names.items()}


repaired = published


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    """Runs by pattern when every run's stabilisation times are dealt to its layers at random.

    And runs stable at step 0 when every run's measurements are dealt to its steps at random: no layer becomes stable then.
    """
    found = {name: np.zeros(draws.number) for name in PATTERNS | UNDEFINED}
    for run in draws.column.runs:
        when = stabilised(run)
        rng = np.random.default_rng(derive("audit", "orders", run.name))
        for draw, (rho, p) in enumerate(_permuted_orders(when, rng, draws.number)):
            found[convergence_pattern(rho, p)][draw] += 1
    at_zero = [published(draws.shuffled(draw))["runs_stable_at_zero"] for draw in range(SHUFFLES)]
    return {
        ORDERS: {quantity: found[name] for name, quantity in PATTERNS.items()},
        SHUFFLED: {"runs_stable_at_zero": np.array(at_zero)},
    }


def ours(tables: Tables) -> dict[str, Quantity]:
    """The same counts per study; stable: within a tenth of its first value at every measurement, in percent of layers."""
    runs = tables.runs
    return {
        "runs_stable_at_zero": Quantity(total(runs, "stable_at_zero")),
        **{quantity: Quantity(total(runs, name)) for name, quantity in (PATTERNS | UNDEFINED).items()},
        "stable_percent": Quantity(percent(runs, "stable_layers", "layers")),
        "rho_depth_settling": Quantity(ratio(runs, "rho"), 0.0, "no order of layers: 0, range over runs"),
    }


def stabilised(run: Run) -> np.ndarray:
    """Step of the first quiet window of each layer (L,)."""
    return stabilisation_step(run.steps, run.values, QUIET_WINDOW, TOLERANCE, run.evaluable)


def published_index(layer: str) -> int:
    """Layer index as published: last dotted part if it is a number, else 999; without a dot, its digits."""
    last = layer.rpartition(".")[2]
    if "." in layer:
        return int(last) if last.isdigit() else 999
    return int("".join(filter(str.isdigit, layer)) or 999)


def _permuted_orders(when: np.ndarray, rng: np.random.Generator, draws: int):
    """(rho, p) of `convergence_order` for permutations of when (L,), in one go."""
    from scipy.stats import t as student

    rho, _ = convergence_order(np.arange(len(when)), when)
    if not np.isfinite(rho):
        return [(np.nan, np.nan)] * draws
    timed = when[np.isfinite(when)]
    n = len(timed)
    rho = permuted_rank_correlations(np.arange(n), timed, rng, draws)
    with np.errstate(divide="ignore"):
        statistic = np.abs(rho) * np.sqrt((n - 2) / np.maximum(1 - rho**2, 0))
    return list(zip(rho, 2 * student.sf(statistic, n - 2), strict=True))
