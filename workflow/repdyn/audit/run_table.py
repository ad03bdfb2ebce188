"""One row per run, of what does not depend on jumps: convergence, critical steps, coupling to the loss."""

import numpy as np
import pandas as pd

from repdyn.audit.runs import Run
from repdyn.detectors import changepoints
from repdyn.seeds import derive
from repdyn.timeseries.convergence import convergence_order, convergence_pattern, settling_step, stabilisation_step
from repdyn.timeseries.coordination import jitter, total_pairs
from repdyn.timeseries.critical_steps import (
    WINDOW,
    coordination,
    critical_clustering,
    critical_steps,
    loss_coupling,
    transition_steps,
)
from repdyn.timeseries.jumps import zscore_jumps

SURROGATES = 100  # for expectations, not for p values


def run_table(runs: list[Run], seed: str) -> pd.DataFrame:
    """One row per run.

    seed: names the random draws; a run's numbers depend on that and on its own name only.
    """
    return pd.DataFrame([identity(run) | _convergence(run) | _critical(run, seed) | _agreement(run) for run in runs])


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


def _convergence(run: Run) -> dict:
    depth = np.arange(len(run.layers))
    settled = settling_step(run.steps, run.values, evaluable=run.evaluable)
    window = min(20, len(run.steps))
    stable = stabilisation_step(run.steps, run.values, window, evaluable=run.evaluable)
    usable = run.evaluable.any()
    pattern = convergence_pattern(*convergence_order(depth, stable))
    names = ("unclear", "bottom-up", "top-down", "simultaneous", "not evaluable")
    return {
        "settled_at_zero": float((settled[run.evaluable] == run.steps[0]).all()) if usable else np.nan,
        "stable_at_zero": float((stable[run.evaluable] == run.steps[0]).all()) if usable else np.nan,
        "rho": convergence_order(depth, settled)[0],
        **{name: float(pattern == name) for name in names},
    }


def _critical(run: Run, seed: str) -> dict:
    rng = np.random.default_rng(derive("audit", seed, "critical", run.name))
    flags = critical_steps(run.values, evaluable=run.evaluable)
    share = coordination(flags, run.evaluable)
    loss_known = bool(np.isfinite(run.loss).all())
    coupling = loss_coupling(flags, run.loss) if loss_known else np.full(len(run.layers), np.nan)
    coupled = float(np.nanmean(coupling)) if np.isfinite(coupling).any() else np.nan
    falling = window_means((np.diff(run.loss) < 0).astype(np.float64))
    count = flags.sum(axis=0)
    base = (falling @ flags)[count > 0] / count[count > 0]
    bunching = critical_clustering(run.values[:, run.evaluable], rng, SURROGATES)
    bunched = bunching.dispersion / np.where(bunching.expected > 0, bunching.expected, np.nan)
    return {
        "critical": float(flags.sum()),
        "transitions": float(transition_steps(run.values, evaluable=run.evaluable).sum()),
        "coordination": float(share.sum() / len(run.steps)) if run.evaluable.any() else np.nan,
        "strong": float(share.max() > 0.3 and coupled > 0.3) if run.evaluable.any() else np.nan,
        "coincidence": coincidence_ratio(flags, rng),
        "coupling": coupled,
        "coupling_excess": coupled - base.mean() if np.isfinite(coupled) else np.nan,
        "bunching": float(np.nanmean(bunched)) if np.isfinite(bunched).any() else np.nan,
    }


def window_means(x: np.ndarray) -> np.ndarray:
    """Each point of (n,) replaced by the mean of its window of WINDOW points; NaN are left out of the means."""
    place = np.arange(len(x)) // WINDOW
    known = np.isfinite(x)
    total = np.bincount(place, np.where(known, x, 0.0))
    count = np.bincount(place, known)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)[place]


def coincidence_ratio(flags: np.ndarray, rng: np.random.Generator, surrogates: int = SURROGATES) -> float:
    """Pairs of layers critical at the same step over their number under shifts within WINDOW measurements.

    flags bool (T-1, L). NaN where fewer than two layers have critical steps or the run is no longer than a window.
    """
    flags = flags[:, flags.any(axis=0)]
    if flags.shape[1] < 2 or len(flags) < WINDOW:
        return np.nan
    expected = total_pairs(jitter(flags, rng, surrogates, WINDOW), 0).mean()
    first, second = np.triu_indices(flags.shape[1], 1)
    observed = (flags[:, first] & flags[:, second]).sum()
    return float(observed / expected) if expected > 0 else np.nan


def _agreement(run: Run) -> dict:
    """Correlation of the indicators of |z| > 2 and of penalised change points, over all points of all layers."""
    layers = np.flatnonzero(run.evaluable)
    shape = (len(layers), len(run.steps) - 1)
    threshold, change = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    found = zscore_jumps(run.steps, run.values, evaluable=run.evaluable)
    threshold[np.searchsorted(layers, found["layer"]), found["before"]] = True
    for row, layer in enumerate(layers):
        change[row, changepoints.detect(run.values[:, layer])] = True
    return {"agreement": phi(threshold.ravel(), change.ravel())}


def phi(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two indicators (n,); NaN where either is constant."""
    if a.all() or b.all() or not (a.any() and b.any()):
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])
