"""Candidates for jumps of one run: found between measurements, then looked at in every training step."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from repdyn.detectors import levelshift
from repdyn.seeds import derive
from repdyn.timeseries.jumps import describe_jumps
from repdyn.timeseries.series import layer_series
from repdyn.timeseries.single_steps import SingleStep, single_step, steps_around

FOUND = ("size", "statistic", "p")


def find_candidates(
    trajectory: pd.DataFrame, metric: str, key: tuple, total_steps: int, level: float, surrogates: int
) -> pd.DataFrame:
    """Significant level shifts of the layers of one run, a row each: candidates for jumps.

    trajectory as for `series.layer_series`; key names the run for its seeds; level and surrogates as in
    `levelshift.search_layers`. Returns metric, the columns of `jumps.describe_jumps` with the layer's name (change is that
    of the two measurements), extent (range of the layer's series), and those of the detector: size (of the shift, as
    estimated from both sides), statistic and p (familywise over the series).
    """
    steps, names, values = layer_series(trajectory, metric)
    found = [levelshift.NO_SHIFTS] * len(names)
    if len(steps) > 2:
        rng = np.random.default_rng(derive(*key, metric, "jumps"))
        found = levelshift.search_layers(values, level, surrogates=surrogates, rng=rng)
    layer = np.repeat(np.arange(len(found)), [len(shifts.before) for shifts in found])
    detected = {name: np.concatenate([getattr(shifts, name) for shifts in found]) for name in ("before", *FOUND)}
    if not len(layer):
        steps, values = np.arange(3), np.zeros((3, len(names)))
    table = describe_jumps(steps, values, layer, detected["before"], total_steps)
    table["layer"] = pd.array(names, dtype="str")[layer]
    table["extent"] = np.ptp(values, axis=0)[layer]
    table.insert(0, "metric", metric)
    return table.assign(**{name: detected[name] for name in FOUND})


def steps_to_measure(candidates: pd.DataFrame, every: int, last: int) -> list[int]:
    """All training steps around candidates, ascending. every: steps between measurements; last: of the run."""
    return sorted({step for at in candidates["step"] for step in steps_around(at - every, at, last)})


def verify(candidates: pd.DataFrame, measured: pd.DataFrame, every: int, last: int) -> pd.DataFrame:
    """The candidates with what single training steps show: single_step, single_change, share, beside, jump.

    measured: step, layer and a column per metric, a row per layer and training step of `steps_to_measure`. The new columns
    are those of `single_steps.SingleStep`.
    """
    series: Mapping[str, pd.DataFrame] = dict(tuple(measured.groupby("layer", observed=True)))
    rows = []
    for candidate in candidates.itertuples():
        before = candidate.step - every
        wanted = steps_around(before, candidate.step, last)
        values = series[candidate.layer].set_index("step")[candidate.metric].reindex(wanted).to_numpy()
        rows.append(single_step(np.array(wanted), values, before, candidate.step, candidate.extent))
    shown = pd.DataFrame(rows, columns=SingleStep._fields).rename(
        columns={"step": "single_step", "change": "single_change"}
    )
    shown = shown.astype(
        {"single_step": np.int64, **dict.fromkeys(("single_change", "share", "beside"), float), "jump": bool}
    )
    return pd.concat([candidates.reset_index(drop=True), shown], axis=1)
