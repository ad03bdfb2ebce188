"""What the velocity figure draws: how fast dimensions move by phase of training, and where critical steps fall."""

import numpy as np
import pandas as pd

from repdyn.errors import StudyError
from repdyn.seeds import derive
from repdyn.statistics.intervals import mean_interval
from repdyn.study.exclusion import learned
from repdyn.timeseries.series import evaluable, layer_series

BINS_PER_DECADE = 8
SURROGATES = 1000
MOTIONS = {"velocity": 1, "acceleration": 2}  # and the order of the difference that it is
EVENTS = {"critical": 1, "transition": 2}  # kinds of events, and the first measurement that can be one
COLUMNS = [
    "family",
    "quantity",
    "phase_low",
    "phase_high",
    "value",
    "low",
    "high",
    "null_mean",
    "null_low",
    "null_high",
]
COLUMNS += ["layers", "runs"]


def collect(study) -> pd.DataFrame:
    runs = learned(study.tables["experiments"])
    measurements = int(runs["measurements"].max()) if len(runs) else 2
    edges = bin_indices(measurements)
    found = []
    for run in runs.itertuples():
        key = run.experiment, run.seed
        trajectory = study.read(*key, "trajectory.parquet", ["step", "layer", "depth", run.metric])
        critical = study.read(*key, "critical.parquet")
        critical = critical[critical["metric"] == run.metric]
        found.append(of_run(trajectory, critical, run.metric, edges, np.random.default_rng(derive(*key, "velocity"))))
    return velocity_table(runs, found, edges, 1 / (measurements - 1))


def bin_indices(measurements: int) -> np.ndarray:
    """Edges, in measurements, of bins evenly spaced in the logarithm from 1 on, every bin holding at least one: (K + 1,)."""
    last = measurements - 1
    wanted = np.geomspace(1, last + 1, int(np.ceil(BINS_PER_DECADE * np.log10(last + 1))) + 1)
    return np.unique(np.rint(wanted).astype(np.int64))


def motion(values: np.ndarray, order: int, edges: np.ndarray) -> np.ndarray:
    """Mean |difference| of each layer in each bin, as a share of the layer's range: (T, L) -> (K, L), NaN for no point.

    A difference of order n belongs to the measurement at which it is complete, as in the tables of critical steps.
    """
    size = np.abs(np.diff(values, n=order, axis=0)) / np.ptp(values, axis=0)
    place = np.arange(order, len(values))
    inside = [(place >= low) & (place < high) for low, high in zip(edges, edges[1:], strict=False)]
    return np.array([size[rows].mean(axis=0) if rows.any() else np.full(values.shape[1], np.nan) for rows in inside])


def event_shares(
    flags: np.ndarray, first: int, edges: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Share of a run's layers and steps in each bin that are critical, and under circular shifts of the whole run.

    flags: bool (T, L) by measurement, where none before `first` can be set. The layers of a run are rotated together:
    what the null lacks is a preferred phase, not the dispersion of steps or the agreement of layers. (K,) and (S, K), NaN
    for a bin in which no event can be.
    """
    active = flags[first:].mean(axis=1)
    n = len(active)
    low, high = (np.clip(edge - first, 0, n) for edge in (edges[:-1], edges[1:]))
    shift = rng.integers(n, size=SURROGATES)
    rotated = np.concatenate([active[None], active[(np.arange(n) - shift[:, None]) % n]])
    total = np.concatenate([np.zeros((len(rotated), 1)), np.cumsum(rotated, axis=1)], axis=1)
    width = np.where(high > low, high - low, np.nan)
    shares = (total[:, high] - total[:, low]) / width
    return shares[0], shares[1:]


def of_run(
    trajectory: pd.DataFrame, critical: pd.DataFrame, metric: str, edges: np.ndarray, rng: np.random.Generator
) -> dict:
    """What the evaluable layers of a run do in each bin: MOTIONS -> (K, L), EVENTS -> `event_shares`; empty without any.

    trajectory: as for `series.layer_series`; critical: layer, step, kind of the metric. Raises StudyError where the run
    was not measured as often as the edges say.
    """
    steps, names, values = layer_series(trajectory, metric)
    if len(steps) != edges[-1]:
        raise StudyError(f"runs that learned must be measured equally often: {edges[-1]} times, found {len(steps)}")
    usable = evaluable(values)
    if not usable.any():
        return {}
    found = {name: motion(values[:, usable], order, edges) for name, order in MOTIONS.items()}
    for kind, first in EVENTS.items():
        rows = critical[critical["kind"] == kind]
        flags = np.zeros(values.shape, dtype=bool)
        columns = pd.Index(names).get_indexer(rows["layer"])
        flags[np.searchsorted(steps, rows["step"]), columns] = True
        found[kind] = event_shares(flags[:, usable], first, edges, rng)
    return found


def velocity_table(runs: pd.DataFrame, found: list[dict], edges: np.ndarray, gap: float) -> pd.DataFrame:
    """A row per family, quantity and bin of phase.

    runs: experiment, family, a row per run; found: `of_run` of each. edges: `bin_indices`; gap: phase between two
    measurements.
      family, quantity     velocity and acceleration (|difference| of first and second order, share of the layer's range),
                           critical and transition (share of the layers' steps that are)
      phase_low, phase_high
      value, low, high     of motions the median with 10 % and 90 % quantile over layers of runs; of events the mean over
                           experiments with 95 % interval
      null_mean, null_low, null_high
                           of events: 95 % of the means over experiments under circular shifts of whole runs
      layers, runs         in these numbers
    """
    tables = [pd.DataFrame(columns=COLUMNS)]
    bins = {"phase_low": edges[:-1] * gap, "phase_high": np.minimum(edges[1:] * gap, 1)}
    some = np.array([bool(one) for one in found], dtype=bool)
    for family, own in runs.assign(place=np.arange(len(runs)))[some].groupby("family", sort=True):
        ones = [found[place] for place in own["place"]]
        rng = np.random.default_rng(derive("velocity", family))
        size = {"layers": sum(one["velocity"].shape[1] for one in ones), "runs": len(ones)}
        rows = {name: pool_motion([one[name] for one in ones]) for name in MOTIONS}
        rows |= {kind: pool_events([one[kind] for one in ones], own["experiment"], rng) for kind in EVENTS}
        tables += [
            pd.DataFrame({"family": family, "quantity": name, **bins, **columns, **size}).dropna(subset="value")
            for name, columns in rows.items()
        ]
    return pd.concat([table for table in tables if len(table)] or tables, ignore_index=True)[COLUMNS]


def pool_motion(motions: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Median with 10 % and 90 % quantile over all layers of runs, (K, L) each -> (K,)."""
    low, value, high = np.quantile(np.concatenate(motions, axis=1), [0.1, 0.5, 0.9], axis=1)
    return {"value": value, "low": low, "high": high}


def pool_events(shares: list[tuple], experiments: pd.Series, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Mean over experiments of `event_shares` with interval, and the range of that mean under the null: (K,) each."""
    codes, names = pd.factorize(experiments)
    observed, null = (
        np.array([np.mean([pair[part] for pair, own in zip(shares, codes, strict=True) if own == code], axis=0)
                  for code in range(len(names))])
        for part in (0, 1)
    )  # fmt: skip
    estimates = np.array([mean_interval(column, rng, resamples=1999) for column in observed.T])
    low, high = np.quantile(null.mean(axis=0), [0.025, 0.975], axis=0)
    return {
        "value": estimates[:, 0],
        "low": np.clip(estimates[:, 1], 0, 1),
        "high": np.clip(estimates[:, 2], 0, 1),
        "null_mean": null.mean(axis=(0, 1)),
        "null_low": low,
        "null_high": high,
    }
