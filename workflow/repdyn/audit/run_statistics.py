"""What phase 1 computes of one run: computed for the published trajectories, read from its files for ours."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.audit.runs import Run
from repdyn.timeseries.convergence import convergence_order, settling_step, stabilisation_step
from repdyn.timeseries.coordination import coordination_test
from repdyn.timeseries.critical_steps import (
    WINDOW,
    critical_clustering,
    critical_steps,
    loss_coupling,
    transition_steps,
)

# The published rules; ours are those of the configuration.
QUIET_WINDOW, TOLERANCE, QUANTILE, THRESHOLD = 20, 0.1, 0.9, 2.0
SURROGATES = 100  # for expectations, not for p values


class RunStatistics(NamedTuple):
    """Statistics of one run, L layers; NaN where nothing could be evaluated.

    stabilised, settled  (L,) steps: start of the first quiet window; from when a layer stays close to its end
    rho                  Spearman's correlation of depth and settling
    critical             bool (T-1, L)
    transitions          their number
    dispersion           mean over layers of the dispersion of critical steps over its expectation
    coincidence          pairs of layers critical at once, over their number under shifts within `WINDOW` measurements
    coupling             share of critical steps with falling loss, mean over layers
    threshold            |z| above which the published detector reports a jump
    """

    stabilised: np.ndarray
    settled: np.ndarray
    rho: float
    critical: np.ndarray
    transitions: int
    dispersion: float
    coincidence: float
    coupling: float
    threshold: float


def computed(run: Run, rng: np.random.Generator) -> RunStatistics:
    """By the published rules. rng: source of the surrogates."""
    settled = settling_step(run.steps, run.values, TOLERANCE, run.evaluable)
    critical = critical_steps(run.values, QUANTILE, run.evaluable)
    usable = run.values[:, run.evaluable]
    clustering = critical_clustering(usable, rng, SURROGATES, quantile=QUANTILE)
    coincidence = (
        coordination_test(critical, rng, SURROGATES, window=WINDOW).ratio if len(critical) >= WINDOW else np.nan
    )
    return RunStatistics(
        stabilised=stabilisation_step(run.steps, run.values, QUIET_WINDOW, TOLERANCE, run.evaluable),
        settled=settled,
        rho=convergence_order(np.arange(len(run.layers)), settled)[0],
        critical=critical,
        transitions=int(transition_steps(run.values, QUANTILE, run.evaluable).sum()),
        dispersion=mean_ratio(clustering.dispersion, clustering.expected),
        coincidence=coincidence,
        coupling=mean(loss_coupling(critical, run.loss)) if np.isfinite(run.loss).all() else np.nan,
        threshold=THRESHOLD,
    )


def read(
    run: Run, convergence: pd.DataFrame, layers: pd.DataFrame, critical: pd.DataFrame, summary: dict
) -> RunStatistics:
    """From what phase 1 wrote of the metric of the run: rows of its tables, and its section of phase1.json."""
    convergence = convergence.set_index("layer").loc[run.layers]
    layers = layers.set_index("layer").loc[run.layers]
    events = critical[critical["kind"] == "critical"]
    flags = np.zeros((len(run.steps) - 1, len(run.layers)), dtype=bool)
    column = {layer: i for i, layer in enumerate(run.layers)}
    flags[np.searchsorted(run.steps[1:], events["step"]), events["layer"].map(column).to_numpy(np.int64)] = True
    return RunStatistics(
        stabilised=convergence["stabilised_step"].to_numpy(np.float64),
        settled=convergence["settled_step"].to_numpy(np.float64),
        rho=number(summary["rho"]),
        critical=flags,
        transitions=summary["transitions"],
        dispersion=mean_ratio(
            layers["dispersion"].to_numpy(np.float64), layers["dispersion_null"].to_numpy(np.float64)
        ),
        coincidence=number(summary["coordination_fine_ratio"]),
        coupling=number(summary["loss_coupling"]),
        threshold=summary["threshold"],
    )


def number(value: float | None) -> float:
    """A number of a JSON file, in which NaN is null."""
    return np.nan if value is None else float(value)


def mean(x: np.ndarray) -> float:
    """Mean of what is not NaN; NaN if nothing is."""
    return float(np.nanmean(x)) if np.isfinite(x).any() else np.nan


def mean_ratio(top: np.ndarray, bottom: np.ndarray) -> float:
    return mean(top / np.where(bottom > 0, bottom, np.nan))
