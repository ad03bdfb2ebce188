"""One row per run, of what does not depend on jumps: convergence, critical steps, coupling to the loss."""

import numpy as np
import pandas as pd

from repdyn.audit.run_statistics import SURROGATES, RunStatistics
from repdyn.audit.runs import Run
from repdyn.detectors import changepoints
from repdyn.timeseries.convergence import convergence_order, convergence_pattern
from repdyn.timeseries.critical_steps import WINDOW, coordination
from repdyn.timeseries.jumps import zscore_jumps

# Stable: the published tolerance, a tenth of the level.
STABLE = 0.1
STATIONARY = f"stationary surrogates ({SURROGATES}), range over runs"


def run_table(runs: list[Run], statistics: list[RunStatistics]) -> pd.DataFrame:
    """One row per run. statistics: of each run."""
    table = pd.DataFrame(
        [
            identity(run) | _convergence(run, found) | _critical(run, found) | _agreement(run, found.threshold)
            for run, found in zip(runs, statistics, strict=True)
        ]
    )
    return table.assign(coupling_excess=coupling_excess(runs, statistics))


def identity(run: Run) -> dict:
    """What a row says of its run, and how many layers and points of it can be evaluated."""
    usable = int(run.evaluable.sum())
    return {
        "run": run.name,
        "family": run.family,
        "architecture": run.architecture,
        "dataset": run.dataset,
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
        "stable_layers": float(stable_layers(run).sum()),
        "stable_at_zero": float((found.stabilised[run.evaluable] == run.steps[0]).all()) if usable else np.nan,
        "rho": found.rho,
        **{name: float(pattern == name) for name in names},
    }


def _critical(run: Run, found: RunStatistics) -> dict:
    flags = found.critical
    share = coordination(flags, run.evaluable)
    usable = run.evaluable.any()
    return {
        "critical": float(flags.sum()),
        "transitions": float(found.transitions),
        "coordination": float(share.sum() / len(run.steps)) if usable else np.nan,
        "strong": float(is_strong(share, found.coupling)) if usable else np.nan,
        "coincidence": found.coincidence,
        "coupling": found.coupling,
        "bunching": found.dispersion,
    }


def stable_layers(run: Run) -> np.ndarray:
    """Layers that stay within STABLE of where they began, at every measurement: bool (L,); False where not evaluable."""
    away = np.abs(run.values - run.values[0])
    return (away <= STABLE * np.abs(run.values[0])).all(axis=0) & run.evaluable


def coupling_excess(runs: list[Run], statistics: list[RunStatistics]) -> list[float]:
    """By how much the share of critical steps with falling loss exceeds what the losses of other runs give, per run.

    Both shares are taken less that of all steps of the same window. Layers and losses both change fastest early in a
    window, so that even independent ones exceed it; the losses of other experiments of the family, which know nothing of
    the run, exceed it by as much. NaN without such another run.
    """
    falls = [_over_windows(run.loss) for run in runs]
    experiments = [run.experiment or run.name for run in runs]
    result = []
    for run, experiment, own, found in zip(runs, experiments, falls, statistics, strict=True):
        others = [
            other
            for each, name, other in zip(runs, experiments, falls, strict=True)
            if each.family == run.family and name != experiment and len(other) == len(own) and np.isfinite(other).all()
        ]
        count = found.critical.sum(axis=0)
        if not others or not (count > 0).any():
            result.append(np.nan)
            continue
        beyond = own - np.mean(others, axis=0)
        result.append(float(((beyond @ found.critical)[count > 0] / count[count > 0]).mean()))
    return result


def _over_windows(loss: np.ndarray) -> np.ndarray:
    """Whether the loss falls, less the share of falls in the window: (T,) -> (T-1,); NaN where a loss is not finite."""
    if not np.isfinite(loss).all():
        return np.full(len(loss) - 1, np.nan)
    falls = (np.diff(loss) < 0).astype(np.float64)
    return falls - window_means(falls)


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
    found = phi(above.ravel(), change.ravel())
    return {"agreement": found, "agreement_of_possible": found / largest_phi(above.mean(), change.mean())}


def largest_phi(p: float, q: float) -> float:
    """The largest correlation of two indicators that are true in shares p and q: all of the rarer within the other."""
    low, high = sorted((p, q))
    return float(np.sqrt(low * (1 - high) / (high * (1 - low)))) if low > 0 and high < 1 else np.nan


def phi(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two indicators (n,); NaN where either is constant."""
    if a.all() or b.all() or not (a.any() and b.any()):
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])
