"""One row per run, of what depends on jumps: number, timing, loss, layers and co-occurrence, and what is expected."""

import numpy as np
import pandas as pd

from repdyn.audit.jumps import zscore_table
from repdyn.audit.run_statistics import SURROGATES
from repdyn.audit.run_table import identity, window_means
from repdyn.audit.runs import Run
from repdyn.audit.timing import BINS, timing
from repdyn.roles import ATTENTION
from repdyn.seeds import derive
from repdyn.timeseries.coordination import jitter
from repdyn.timeseries.critical_steps import WINDOW

NEAR = 2  # measurements within which two layers jump together


def jump_table(runs: list[Run], jumps: pd.DataFrame, seed: str, level: float) -> pd.DataFrame:
    """What depends on jumps: timing, loss, layers, co-occurrence. One row per run, counts and their expectations.

    level: chance of any jump in a layer without one that the detector declares.
    """
    parts = dict(list(jumps.groupby("run")))
    none = jumps.iloc[:0]
    rows = []
    for run in runs:
        own = parts.get(run.name, none)
        rows.append(
            identity(run)
            | _timing(run, own, level)
            | _loss(run, own)
            | _place(run, own)
            | _co_occurrence(run, own, seed)
        )
    return pd.DataFrame(rows)


def no_jump_table(runs: list[Run]) -> pd.DataFrame:
    """`jump_table` of runs that are too short for the detector: nothing is known."""
    table = jump_table(runs, zscore_table(runs), "none", np.nan)
    numbers = table.columns.difference(["run", "family", "architecture", "dataset", "experiment", "seed", "one"])
    return table.assign(**dict.fromkeys(numbers, np.nan))


def _timing(run: Run, jumps: pd.DataFrame, level: float) -> dict:
    when = timing(jumps["phase"])
    place = pd.Series(run.steps[1:] / run.total_steps)
    points = timing(place)
    usable = int(run.evaluable.sum())
    return {
        "jumps": float(len(jumps)),
        "phase_sum": float(jumps["phase"].sum()),
        "phase_expected": float(len(jumps) * place.mean()),
        **{name: float((when == name).sum()) for name in BINS},
        **{f"{name}_expected": float(len(jumps) * (points == name).mean()) for name in BINS},
        "declared": level * usable,
    }


def _loss(run: Run, jumps: pd.DataFrame) -> dict:
    """Falls and mean changes of the loss from two measurements before a jump to two after, by timing.

    The expectation is that of all measurements of the same window. Sums over jumps, so that runs pool.
    """
    j = jumps["before"].to_numpy(np.int64)
    last = len(run.loss) - 3
    change = np.full(len(run.loss) - 1, np.nan)
    change[2 : last + 1] = run.loss[4:] - run.loss[:-4]
    falls = np.where(np.isfinite(change), change < 0, np.nan)
    usual_change, usual_falls = window_means(change), window_means(falls)
    bins = timing(pd.Series(run.steps[1:] / run.total_steps)).to_numpy()
    row = {}
    for name in BINS:
        at = j[(bins[j] == name) & np.isfinite(change[j])]
        row |= {
            f"{name}_used": float(len(at)),
            f"{name}_falls": float(falls[at].sum()),
            f"{name}_falls_expected": float(usual_falls[at].sum()),
            f"{name}_change": float(change[at].sum()),
            f"{name}_change_expected": float(usual_change[at].sum()),
        }
    return row


def _place(run: Run, jumps: pd.DataFrame) -> dict:
    """Jumps in the first layer and in attention outputs, and how many there would be by the number of layers."""
    usable = np.flatnonzero(run.evaluable)
    attention = np.array([run.roles.get(name) == ATTENTION for name in run.layers])
    tracked = attention[usable].any()
    n, layers = len(jumps), max(len(usable), 1)
    column = jumps["layer"].to_numpy(np.int64)
    return {
        "first": float((column == 0).sum()),
        "first_expected": n / layers if run.evaluable[:1].any() else 0.0,
        "attention": float(attention[column].sum()) if tracked else np.nan,
        "attention_expected": n * attention[usable].sum() / layers if tracked else np.nan,
    }


def _co_occurrence(run: Run, jumps: pd.DataFrame, seed: str) -> dict:
    """Sum over jumps of the share of other layers that jump within NEAR, and its expectation under shifts in windows."""
    empty = {"together": 0.0, "together_expected": 0.0, "accompanied": 0.0}
    usable = np.flatnonzero(run.evaluable)
    n = len(run.steps) - 1
    if len(usable) < 2 or jumps.empty or n < WINDOW:
        return empty
    events = np.zeros((n, len(run.layers)), dtype=bool)
    events[jumps["before"], jumps["layer"]] = True
    events = events[:, usable]
    rng = np.random.default_rng(derive("audit", seed, "company", run.name))
    null = [co_occurrence(drawn) for drawn in jitter(events, rng, SURROGATES, WINDOW)]
    return {
        "together": co_occurrence(events),
        "together_expected": float(np.mean(null)),
        "accompanied": float(events.sum()),
    }


def co_occurrence(events: np.ndarray) -> float:
    """Sum over events of the share of other layers with an event within NEAR: bool (T, L), L > 1."""
    near = events.copy()
    for lag in range(1, NEAR + 1):
        near[lag:] |= events[:-lag]
        near[:-lag] |= events[lag:]
    others = near.sum(axis=1, keepdims=True) - near
    return float((events * others).sum() / (events.shape[1] - 1))
