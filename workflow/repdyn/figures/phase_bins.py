"""Phases of training in bins of a logarithmic axis, beside what uniform placement puts into them.

Most jumps fall into the first percent of training, which bins of equal width would show as one bar.
"""

import numpy as np
import pandas as pd

from repdyn.timeseries.periods import MIDDLE


def phase_edges(first: float) -> np.ndarray:
    """Edges 1, 2.5, 5 of each decade from the last one at or below `first` (the first phase at which anything can be
    seen) to 1: (K + 1,). 0.1 and 0.5, where early and middle end, are always among them.
    """
    decades = range(int(np.floor(np.log10(min(first, 0.1)))), 0)
    candidates = np.array([float(f"{digits}e{decade}") for decade in decades for digits in ("1", "2.5", "5")])
    below = candidates[candidates <= min(first, 0.1)]
    return np.append(candidates[candidates >= below.max(initial=0)], 1.0)


def counted(phase: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How many phases lie in each bin: lower edges belong to a bin, except 0.5, which belongs to the middle."""
    edges = np.where(edges == MIDDLE, np.nextafter(MIDDLE, 1), edges)
    return np.histogram(phase, edges)[0]


def possible_phases(run) -> np.ndarray:
    """Phases at which a jump of a run can be seen, (T - 1,): run has steps, last_step and measurements."""
    return np.linspace(0, run.last_step, int(run.measurements))[1:] / run.steps


def first_phase(runs: pd.DataFrame) -> float:
    """The earliest phase at which a jump of any of the runs can be seen."""
    return float(min(phases[0] for run in runs.itertuples() if len(phases := possible_phases(run))))


def phase_bins(jumps: pd.DataFrame, runs: pd.DataFrame, edges: np.ndarray) -> pd.DataFrame:
    """Jumps per bin of phase, and how many of them uniform placement would put there.

    jumps: experiment, seed, phase; runs: experiment, seed, steps, last_step, measurements. Columns low, high (edges),
    jumps, expected (each jump equally likely at every measurement of its own run), expected_low, expected_high (95 % of
    a binomial count; pointwise, jumps independent).
    """
    from scipy.stats import binom

    own = jumps.groupby(["experiment", "seed"]).size()
    expected = np.zeros(len(edges) - 1)
    for run in runs.itertuples():
        places = counted(possible_phases(run), edges)
        expected += own.get((run.experiment, run.seed), 0) * places / max(places.sum(), 1)
    total = len(jumps)
    share = expected / max(total, 1)
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "jumps": counted(jumps["phase"].to_numpy(np.float64), edges),
            "expected": expected,
            "expected_low": binom.ppf(0.025, total, share),
            "expected_high": binom.ppf(0.975, total, share),
        }
    )
