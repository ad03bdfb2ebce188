"""One row per run, of what does not depend on jumps: convergence, critical steps, coupling to the loss."""

import numpy as np
import pandas as pd

from repdyn.audit.run_statistics import SURROGATES, RunStatistics
from repdyn.audit.runs import Run
from repdyn.detectors import changepoints
from repdyn.timeseries.convergence import convergence_order, convergence_pattern
from repdyn.timeseries.critical_steps import WINDOW, coordination
from repdyn.timeseries.jumps import zscore_jumps

STATIONARY = f"stationary surrogates ({SURROGATES}), range over runs"


def run_table(runs: list[Run], statistics: list[RunStatistics]) -> pd.DataFrame:
    """One row per run. statistics: of each run."""
    return pd.DataFrame(
        [
            identity(run) | _convergence(run, found) | _critical(run, found) | _agreement(run, found.threshold)
            for run, found in zip(runs, statistics, strict=True)
        ]
    )


def identity(run: Run) -> dict:
    """What a row says of its run, and how many layers and points of it can be evaluated."""
    usable = int(run.evaluable.sum())
    return {
        "run": run.name,
        "family": run.family,
        "architecture": run.architecture,
        "experiment": run.experiment or run.name,
        "seed": run.seed,
        "one": 1.0,
        "layers": usable,
        "points": usable * (len(run.steps) - 1),
    }


def _convergence(run: Run, found: RunStatistics) -> dict:
    usable = run.evaluable.any()
    pattern = convergence_pattern(*convergence_order(np.arange(len(run.layers)), found.stabilised))
    names = ("unclear", "bottom-up", "top-down", "simultaneous", "not evaluable")
    return {
        "settled_at_zero": float((found.settled[run.evaluable] == run.steps[0]).all()) if usable else np.nan,
        "stable_at_zero": float((found.stabilised[run.evaluable] == run.steps[0]).all()) if usable else np.nan,
        "rho": found.rho,
        **{name: float(pattern == name) for name in names},
    }


def _critical(run: Run, found: RunStatistics) -> dict:
    flags = found.critical
    share = coordination(flags, run.evaluable)
    falling = window_means((np.diff(run.loss) < 0).astype(np.float64))
    count = flags.sum(axis=0)
    base = (falling @ flags)[count > 0] / count[count > 0]
    usable = run.evaluable.any()
    return {
        "critical": float(flags.sum()),
        "transitions": float(found.transitions),
        "coordination": float(share.sum() / len(run.steps)) if usable else np.nan,
        "strong": float(is_strong(share, found.coupling)) if usable else np.nan,
        "coincidence": found.coincidence,
        "coupling": found.coupling,
        "coupling_excess": found.coupling - base.mean() if np.isfinite(found.coupling) else np.nan,
        "bunching": found.dispersion,
    }


def is_strong(share: np.ndarray, coupling: float) -> bool:
    """A "strong" moment, as published: the largest share of layers critical at once and the loss coupling exceed 0.3."""
    return bool(share.max() > 0.3 and coupling > 0.3)


def window_means(x: np.ndarray) -> np.ndarray:
    """Each point of (n,) replaced by the mean of its window of WINDOW points; NaN are left out of the means."""
    place = np.arange(len(x)) // WINDOW
    known = np.isfinite(x)
    total = np.bincount(place, np.where(known, x, 0.0))
    count = np.bincount(place, known)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)[place]


def _agreement(run: Run, threshold: float) -> dict:
    """Correlation of the indicators of |z| > threshold and of penalised change points, over all points of all layers."""
    layers = np.flatnonzero(run.evaluable)
    shape = (len(layers), len(run.steps) - 1)
    above, change = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    found = zscore_jumps(run.steps, run.values, threshold, evaluable=run.evaluable)
    above[np.searchsorted(layers, found["layer"]), found["before"]] = True
    for row, layer in enumerate(layers):
        change[row, changepoints.detect(run.values[:, layer])] = True
    return {"agreement": phi(above.ravel(), change.ravel())}


def phi(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two indicators (n,); NaN where either is constant."""
    if a.all() or b.all() or not (a.any() and b.any()):
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])
