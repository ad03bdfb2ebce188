"""The validity battery: what each jump detector finds where the truth is known.

The rule (`verdicts`). A detector passes if it
  - finds the share REQUIRED of planted steps, within TOLERANCE measurements, and
  - on no null is shown to report more than MAXIMUM_FALSE jumps per series of LENGTH measurements: the 95 % interval of its
    rate must reach down to that. The nulls are noise of every kind that training curves show, and smooth curves however
    steep.
Sizes of steps are in standard deviations of the innovations of the series: of the noise where it is white, of the
increments of a random walk. Five of them in a walk can be found in 88 % of series by who knows everything but the place
(`best_recall`); who must learn trend, scale, spectrum and tails from the same 400 points, and stay quiet on walks of heavy
tails too, finds fewer: reported beside that bound, not required. Scenarios of kind "stress" do not decide.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from repdyn.detectors.checks import evaluable, level_noise
from repdyn.detectors.scenarios import (
    EXTRA_SIZE,
    EXTRA_STEPS,
    LENGTH,
    MARGIN,
    NULLS,
    STEPS,
    best_recall,
    innovation_scale,
    one_step,
    plant,
    several_steps,
    streams,
    white_noise,
)  # fmt: skip
from repdyn.errors import StudyError
from repdyn.timeseries.series import layer_series

TOLERANCE = 3  # measurements between a planted step and a detection that counts as having found it
MAXIMUM_FALSE = 0.08  # jumps per series: a declared .05, and what estimating the null may add
STEP_SIZES = (3.0, 5.0, 7.0, 10.0)
REQUIRED = {  # share found, at least
    ("step in white noise", 5.0): 0.8,
    ("step in white noise", 10.0): 0.95,
    ("step in AR(1) noise", 10.0): 0.95,
    ("step in random walk", 10.0): 0.95,
}
REAL_SIZES = (5.0, 10.0)

Generator = np.random.Generator


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
      bound                              `best_recall`, where it is known
      localisation                       mean distance of found steps, in measurements
      false_per_1000, false_low, false_high    detections that match no planted step (`rate_interval`); NaN for
                                         real series, whose own jumps are unknown
      affected, affected_low, affected_high    share of series with any false detection, Wilson
    """
    rows = []
    for scenario, make in NULLS.items():
        cases = [(make(rng), (), ()) for rng in streams(seed, scenario, draws)]
        rows += _null_rows(cases, detectors, scenario, "null", seed)
    for scenario, (make, phi) in STEPS.items():
        for size in STEP_SIZES:
            planted = size * innovation_scale(phi)
            cases = [one_step(make, rng, planted) for rng in streams(seed, scenario, draws)]
            found = _planted_rows(
                cases, detectors, scenario, "planted" if (scenario, size) in REQUIRED else "stress", seed
            )
            rows += [row | {"size": size, "bound": best_recall(size, phi)} for row in found]
    for scenario, make in EXTRA_STEPS.items():
        cases = [one_step(make, rng, EXTRA_SIZE) for rng in streams(seed, scenario, draws)]
        rows += _planted_rows(cases, detectors, scenario, "stress", seed)
    early = [one_step(white_noise, rng, EXTRA_SIZE, 0, MARGIN) for rng in streams(seed, "early step", draws)]
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
        nulls = part[part["kind"] == "null"].set_index("scenario")
        steps = part[part["size"].notna()].drop_duplicates(["scenario", "size"]).set_index(["scenario", "size"])
        missing = [name for name in NULLS if name not in nulls.index]
        missing += [name for name, size in REQUIRED if (name, size) not in steps.index]
        if missing:
            raise StudyError(f"the battery of {detector} lacks {', '.join(dict.fromkeys(missing))}")
        reasons = {}
        for (name, size), least in REQUIRED.items():
            found = steps.loc[(name, size), "recall"]
            if not found >= least:
                what = f"{name.removeprefix('step in ')} of {size:g} standard deviations"
                reasons[f"{name}, {size:g} sd"] = f"finds {found:.0%} of steps in {what}, needs {least:.0%}"
        for name, row in nulls.loc[list(NULLS)].iterrows():
            if not per_series(row["false_low"]) <= MAXIMUM_FALSE:
                rate = f"{per_series(row['false_per_1000']):.2g} false jumps per series of {name}"
                reasons[name] = f"{rate}, at most {MAXIMUM_FALSE:g} allowed"
        failed, reason = "; ".join(reasons), "; ".join(reasons.values())
        rows.append({"detector": detector, "passes": not reasons, "failed": failed, "reason": reason})
    return pd.DataFrame(rows)


def per_series(per_1000: float) -> float:
    """Jumps per series of LENGTH measurements, from jumps per 1,000 points."""
    return per_1000 * (LENGTH - 1) / 1000


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
