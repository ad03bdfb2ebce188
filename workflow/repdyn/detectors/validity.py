"""The validity battery: what each jump detector finds where the truth is known.

The rule (`verdicts`). A detector passes if it
  - finds at least MINIMUM_RECALL of single steps of REQUIRED_SIZE noise standard deviations, within TOLERANCE
  measurements,
    in white noise and in AR(1) noise, and
  - reports at most MAXIMUM_FALSE per 1,000 points on every null: white noise, AR(1) noise, random walk,
  smooth
    drift and smooth exponential, the last two with noise and without.
Estimates decide, not their intervals. Scenarios of kind "stress" are reported and do not decide: in them a
jump is not defined well enough to demand that it be found or not found (see `STRESS` and `EXTRA_STEPS`).
"""

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from repdyn.detectors.checks import evaluable, level_noise
from repdyn.errors import StudyError
from repdyn.timeseries.series import layer_series

LENGTH = 401  # measurements, as in a run of the study
TOLERANCE = 3  # measurements between a planted step and a detection that counts as having found it
MARGIN = 20  # measurements at both ends in which no step is planted (but for `early step`)
SPACING = 40  # least distance of several planted steps
REQUIRED_SIZE = 5.0
MINIMUM_RECALL = 0.9
MAXIMUM_FALSE = 1.0  # per 1,000 points: less than one false jump in two series of a run's length
REQUIRED_STEPS = ("step in white noise", "step in AR(1) noise")
SEVERAL = (3.0, 5.0, 8.0, 12.0)  # sizes of the steps planted together
REAL_SIZES = (5.0, 10.0)

Generator = np.random.Generator


def white_noise(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """Independent normal values of standard deviation 1: (n,)."""
    return rng.standard_normal(n)


def ar1_noise(rng: Generator, n: int = LENGTH, phi: float = 0.8) -> np.ndarray:
    """Stationary AR(1) of standard deviation 1: (n,)."""
    from scipy.signal import lfilter

    innovations = rng.standard_normal(n) * np.sqrt(1 - phi**2)
    innovations[0] = rng.standard_normal()
    return lfilter([1.0], [1.0, -phi], innovations)


def random_walk(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """Sum of independent normal increments of standard deviation 1: (n,)."""
    return np.cumsum(rng.standard_normal(n))


def smooth_drift(rng: Generator, n: int = LENGTH, noise: float = 1.0) -> np.ndarray:
    """Half a period to two periods of a sine of amplitude 20, with white noise: (n,)."""
    angle = 2 * np.pi * (rng.uniform(0.5, 2) * np.arange(n) / n + rng.uniform())
    return 20 * np.sin(angle) + noise * rng.standard_normal(n)


def smooth_exponential(rng: Generator, n: int = LENGTH, noise: float = 1.0) -> np.ndarray:
    """100 exp(-t / tau), tau from 5 to 100 measurements (log-uniform), rising or falling, with white noise: (n,)."""
    tau = np.exp(rng.uniform(np.log(5), np.log(100)))
    return rng.choice([-1, 1]) * 100 * np.exp(-np.arange(n) / tau) + noise * rng.standard_normal(n)


def heavy_walk(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """Random walk whose increments are Student t with 4 degrees of freedom: its largest look like jumps."""
    return np.cumsum(rng.standard_t(4, n))


def settling_walk(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """Random walk whose increments shrink sixteenfold with time constant 60."""
    return np.cumsum(rng.standard_normal(n) * (0.2 + 3 * np.exp(-np.arange(n) / 60)))


NULLS: dict[str, Callable] = {
    "white noise": white_noise,
    "AR(1) noise": ar1_noise,
    "random walk": random_walk,
    "smooth drift": smooth_drift,
    "smooth drift, no noise": lambda rng, n=LENGTH: smooth_drift(rng, n, noise=0.0),
    "smooth exponential": smooth_exponential,
    "smooth exponential, little noise": lambda rng, n=LENGTH: smooth_exponential(rng, n, noise=0.01),
    "smooth exponential, no noise": lambda rng, n=LENGTH: smooth_exponential(rng, n, noise=0.0),
}
STRESS: dict[str, Callable] = {"random walk, heavy tails": heavy_walk, "random walk, settling": settling_walk}
# What a step is planted in; sizes are in standard deviations of the noise (of an increment, for the random walk).
STEPS: dict[str, Callable] = {"step in white noise": white_noise, "step in AR(1) noise": ar1_noise}
EXTRA_STEPS: dict[str, Callable] = {
    "step on smooth drift": smooth_drift,
    "step on smooth exponential": smooth_exponential,
    "step in random walk": random_walk,
}


def plant(values: np.ndarray, at: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """values (T,) with a level step of sizes (K,) after each index at (K,): the change at -> at + 1."""
    planted = np.array(values, dtype=np.float64)
    for before, size in zip(at, sizes, strict=True):
        planted[before + 1 :] += size
    return planted


def one_step(make: Callable, rng: Generator, size: float, low: int = MARGIN, high: int = LENGTH - MARGIN) -> tuple:
    """A series with one step of random sign at low <= index < high: values (T,), at (1,), sizes (1,)."""
    at = rng.integers(low, high, size=1)
    sizes = size * rng.choice([-1.0, 1.0], size=1)
    return plant(make(rng), at, sizes), at, sizes


def several_steps(rng: Generator) -> tuple:
    """White noise with steps of all SEVERAL sizes in random order, at least SPACING apart: as `one_step`, (4,)."""
    count = len(SEVERAL)
    free = LENGTH - 2 * MARGIN - (count - 1) * SPACING
    at = MARGIN + np.sort(rng.integers(free, size=count)) + SPACING * np.arange(count)
    sizes = rng.permutation(SEVERAL) * rng.choice([-1.0, 1.0], size=count)
    return plant(white_noise(rng), at, sizes), at, sizes


def streams(seed: int, scenario: str, draws: int) -> list[Generator]:
    """One generator per draw, of its scenario alone: adding a scenario or a detector changes no other draw."""
    return [np.random.default_rng(s) for s in np.random.SeedSequence([seed, *scenario.encode()]).spawn(draws)]


def match(found: np.ndarray, at: np.ndarray, tolerance: int = TOLERANCE) -> tuple[np.ndarray, int]:
    """Assign detections to planted steps, nearest first, each once: distance (K,) (NaN: missed), false detections.

    A second detection of the same step is false: a detector that reports a jump three times reports two that
    are not there.
    """
    distance = np.full(len(at), np.nan)
    found, at = np.asarray(found, dtype=np.int64), np.asarray(at)
    away = np.abs(found[:, None] - at).astype(np.float64)
    while away.size and np.nanmin(away, initial=np.inf) <= tolerance:
        i, j = np.unravel_index(np.nanargmin(away), away.shape)
        distance[j] = away[i, j]
        away[i, :] = away[:, j] = np.inf
    return distance, len(found) - int(np.isfinite(distance).sum())


def wilson(hits: int, trials: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); NaN, NaN without trials."""
    if trials == 0:
        return np.nan, np.nan
    share, factor = hits / trials, 1 + z**2 / trials
    centre = share + z**2 / (2 * trials)
    half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return max(0.0, (centre - half) / factor), min(1.0, (centre + half) / factor)


def rate_interval(counts: np.ndarray, points: int, rng: Generator, resamples: int = 2000) -> tuple:
    """False positives per 1,000 points with a 95 % bootstrap interval over draws: counts (D,) -> rate, low, high.

    points: in each draw. No event at all gives 3 / points seen as the upper end (rule of three).
    """
    counts = np.asarray(counts)
    if not counts.any():
        return 0.0, 0.0, 1000 * 3 / (points * len(counts))
    means = counts[rng.integers(len(counts), size=(resamples, len(counts)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return 1000 * counts.mean() / points, 1000 * low / points, 1000 * high / points


def battery(seed: int, draws: int, detectors: Mapping[str, Callable], real: Sequence[np.ndarray] = ()) -> pd.DataFrame:
    """Every detector on every scenario, the same draws for all: one row per detector, scenario and step size.

    real: measured series (T,) in which steps are planted, a random one for each draw (none: no such rows).
      detector, scenario, kind (planted, null or stress), size (noise standard deviations, NaN without a step), draws
      recall, recall_low, recall_high    share of planted steps found, Wilson
      localisation                       mean distance of found steps, in measurements
      false_per_1000, false_low, false_high    detections that match no planted step (`rate_interval`); NaN for
                                         real series, whose own jumps are unknown
      affected, affected_low, affected_high    share of series with any false detection, Wilson
    """
    rows = []
    for scenario, make in NULLS.items():
        cases = [(make(rng), (), ()) for rng in streams(seed, scenario, draws)]
        rows += _null_rows(cases, detectors, scenario, "null", seed)
    for scenario, make in STRESS.items():
        cases = [(make(rng), (), ()) for rng in streams(seed, scenario, draws)]
        rows += _null_rows(cases, detectors, scenario, "stress", seed)
    for scenario, make in (STEPS | EXTRA_STEPS).items():
        cases = [one_step(make, rng, REQUIRED_SIZE) for rng in streams(seed, scenario, draws)]
        rows += _planted_rows(cases, detectors, scenario, "planted" if scenario in STEPS else "stress", seed)
    early = [one_step(white_noise, rng, REQUIRED_SIZE, 0, MARGIN) for rng in streams(seed, "early step", draws)]
    rows += _planted_rows(early, detectors, f"step in the first {MARGIN} measurements", "stress", seed)
    several = [several_steps(rng) for rng in streams(seed, "several steps", draws)]
    rows += _planted_rows(several, detectors, "several steps in white noise", "stress", seed)
    if len(real):
        rows += planted_in_real(real, seed, draws, detectors)
    return pd.DataFrame(rows)


def planted_in_real(real: Sequence[np.ndarray], seed: int, draws: int, detectors: Mapping[str, Callable]) -> list[dict]:
    """Rows of `battery` for steps of REAL_SIZES planted in measured series.

    The noise is `level_noise` of the series. A step counts as found only if the detector reports nothing
    within TOLERANCE of it before it is planted; else a detector that fires everywhere would find everything.
    """
    usable = [x for x in (np.asarray(x, dtype=np.float64) for x in real) if can_be_planted_in(x)]
    if not usable:
        raise StudyError("no real series is finite, varying and long enough to plant a step in")
    rows = []
    for size in REAL_SIZES:
        results = {name: [] for name in detectors}
        for rng in streams(seed, "real", draws):
            x = usable[rng.integers(len(usable))]
            at = rng.integers(MARGIN, len(x) - MARGIN, size=1)
            planted = plant(x, at, size * level_noise(x) * rng.choice([-1.0, 1.0], size=1))
            for name, detect in detectors.items():
                already = match(detect(x), at)[0]
                distance = match(detect(planted), at)[0]
                results[name].append(np.where(np.isfinite(already), np.nan, distance))
        for name, distances in results.items():
            row = {"detector": name, "scenario": "step in real trajectories", "kind": "stress", "size": size}
            rows.append(row | {"draws": draws} | _recall(np.concatenate(distances)))
    return rows


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """The written rule applied to a `battery`: one row per detector.

    detector, passes, failed (scenarios, ";"), reason (each with the number that failed it and the limit).
    Raises StudyError if a scenario of the rule is missing.
    """
    rows = []
    for detector, part in table.groupby("detector", sort=False):
        part = part.set_index("scenario")
        missing = [name for name in (*NULLS, *REQUIRED_STEPS) if name not in part.index]
        if missing:
            raise StudyError(f"the battery of {detector} lacks {', '.join(missing)}")
        failed = [name for name in REQUIRED_STEPS if not part.loc[name, "recall"] >= MINIMUM_RECALL]
        failed += [name for name in NULLS if not part.loc[name, "false_per_1000"] <= MAXIMUM_FALSE]
        reason = "; ".join(_why(part.loc[name]) for name in failed)
        rows.append({"detector": detector, "passes": not failed, "failed": "; ".join(failed), "reason": reason})
    return pd.DataFrame(rows)


def _why(row: pd.Series) -> str:
    """A failed scenario in words."""
    if row.name in REQUIRED_STEPS:
        return f"finds {row['recall']:.0%} of steps in {row.name.removeprefix('step in ')}, needs {MINIMUM_RECALL:.0%}"
    rate = f"{row['false_per_1000']:.1f} false jumps per 1,000 points"
    return f"{rate} of {row.name}, at most {MAXIMUM_FALSE:g} allowed"


def agreement(
    found: Mapping[str, Sequence[np.ndarray]], lengths: Sequence[int], tolerance: int = TOLERANCE
) -> pd.DataFrame:
    """Phi correlation of every two detectors over all points of the same series: square frame by detector.

    found: per detector, the indices in each of N series; lengths (N,): measurements of each. A point counts
    as flagged if a detection lies within `tolerance` of it (0: the same point exactly, the published
    comparison). NaN for a detector that flags no point, or all.
    """
    flags = {}
    for name, per_series in found.items():
        if len(per_series) != len(lengths):
            raise StudyError(f"{name}: {len(per_series)} series searched, {len(lengths)} expected")
        flags[name] = np.concatenate(
            [_flagged(at, n - 1, tolerance) for at, n in zip(per_series, lengths, strict=True)]
        )
    table = pd.DataFrame(flags).astype(np.float64)
    return table.corr().where(table.std().gt(0), axis=0)


def agreement_pairs(found: Mapping[str, Sequence[np.ndarray]], lengths: Sequence[int]) -> pd.DataFrame:
    """`agreement` as a table: first, second, phi (within TOLERANCE), phi_exact (same point), series, points.

    One row per two detectors; phi is NaN where one of them flags nothing, and throughout without series.
    """
    near, exact = (agreement(found, lengths, tolerance) if len(lengths) else None for tolerance in (TOLERANCE, 0))
    rows = [
        {
            "first": first,
            "second": second,
            "phi": np.nan if near is None else near.loc[first, second],
            "phi_exact": np.nan if exact is None else exact.loc[first, second],
            "series": len(lengths),
            "points": int(sum(lengths)) - len(lengths),
        }
        for first, second in itertools.combinations(found, 2)
    ]
    return pd.DataFrame(rows)


def sample_series(trajectories: Sequence[pd.DataFrame], metric: str, count: int, rng: Generator) -> list[np.ndarray]:
    """At most `count` measured series (T,) drawn from all layers of all trajectories in which a step can be planted.

    trajectories as for `series.layer_series`. Drawn without replacement, each layer with equal chance.
    """
    layers = [layer for trajectory in trajectories for layer in layer_series(trajectory, metric)[2].T]
    usable = [layer for layer in layers if can_be_planted_in(layer)]
    return [usable[i] for i in np.sort(rng.permutation(len(usable))[:count])]


def can_be_planted_in(values: np.ndarray) -> bool:
    """Whether (T,) is finite, varying and long enough, and its noise has a size: detectors and steps need both."""
    return bool(len(values) > 2 * MARGIN and evaluable(values[:, None])[0] and level_noise(values) > 0)


def _flagged(at: np.ndarray, points: int, tolerance: int) -> np.ndarray:
    flagged = np.zeros(points, dtype=bool)
    near = np.asarray(at, dtype=np.int64)[:, None] + np.arange(-tolerance, tolerance + 1)
    flagged[near[(near >= 0) & (near < points)]] = True
    return flagged


def _null_rows(cases: list, detectors: Mapping, scenario: str, kind: str, seed: int) -> list[dict]:
    rows = []
    for name, detect in detectors.items():
        counts = np.array([len(detect(values)) for values, _, _ in cases])
        row = {"detector": name, "scenario": scenario, "kind": kind, "size": np.nan, "draws": len(cases)}
        rows.append(row | _false(counts, len(cases[0][0]) - 1, seed))
    return rows


def _planted_rows(cases: list, detectors: Mapping, scenario: str, kind: str, seed: int) -> list[dict]:
    rows = []
    sizes = np.abs(np.concatenate([size for _, _, size in cases]))
    for name, detect in detectors.items():
        matched = [match(detect(values), at) for values, at, _ in cases]
        distance = np.concatenate([d for d, _ in matched])
        false = _false(np.array([count for _, count in matched]), len(cases[0][0]) - 1, seed)
        for size in np.unique(sizes):
            row = {"detector": name, "scenario": scenario, "kind": kind, "size": size, "draws": len(cases)}
            rows.append(row | _recall(distance[sizes == size]) | false)
    return rows


def _recall(distance: np.ndarray) -> dict[str, float]:
    hits = int(np.isfinite(distance).sum())
    low, high = wilson(hits, len(distance))
    recall = hits / len(distance) if len(distance) else np.nan
    where = float(np.nanmean(distance)) if hits else np.nan
    return {"recall": recall, "recall_low": low, "recall_high": high, "localisation": where}


def _false(counts: np.ndarray, points: int, seed: int) -> dict[str, float]:
    rate, low, high = rate_interval(counts, points, np.random.default_rng(seed))
    affected = int((counts > 0).sum())
    affected_low, affected_high = wilson(affected, len(counts))
    return {
        "false_per_1000": rate,
        "false_low": low,
        "false_high": high,
        "affected": affected / len(counts),
        "affected_low": affected_low,
        "affected_high": affected_high,
    }
