"""The table of calibration, and what it says of a tool."""

import time
from collections.abc import Mapping

import numpy as np
import pandas as pd

from repdyn.calibration.trial import within
from repdyn.errors import StudyError
from repdyn.seeds import derive
from repdyn.statistics.intervals import mean_interval

COLUMNS = (
    "tool", "method", "system", "quantity", "truth", "tolerance", "estimate", "low", "high", "draws",
    "null_system", "null_truth", "null_tolerance", "null", "calibrated",
)  # fmt: skip


def calibrate(methods: Mapping) -> tuple[pd.DataFrame, dict[str, float]]:
    """A row of COLUMNS for each of {name: `registry.Method`}, and {name: CPU seconds}.

    estimate: mean over draws, low and high its 95 % interval, NaN for fewer than three. calibrated: estimate and null lie
    within their tolerances of their truths; a method that raises StudyError is not.
    """
    rows, seconds = [], {}
    for name, method in methods.items():
        began = time.process_time()
        rng = np.random.default_rng(derive("calibration", name))
        try:
            rows.append({"tool": method.tool, "method": name, **_tried(method.trial(rng), rng)})
        except StudyError as error:
            empty = dict.fromkeys(COLUMNS, np.nan) | {"system": f"refused: {error}", "quantity": "", "null_system": ""}
            rows.append(empty | {"tool": method.tool, "method": name, "draws": 0, "calibrated": False})
        seconds[name] = time.process_time() - began
    return pd.DataFrame(rows, columns=list(COLUMNS)), seconds


def missed(table: pd.DataFrame, tool: str) -> pd.DataFrame:
    """The rows of a tool's methods that missed their tolerance: their findings are not to be shown."""
    return table[(table["tool"] == tool) & ~table["calibrated"].astype(bool)]


def _tried(trial, rng: np.random.Generator) -> dict:
    estimates, nulls = (np.asarray(each, dtype=np.float64) for each in (trial.estimates, trial.nulls))
    if not len(estimates) or not len(nulls):
        raise StudyError(f"a trial needs draws and null draws, found {len(estimates)} and {len(nulls)}")
    # Of one draw that is not evaluable, none is: a mean over the others would be a finding.
    estimate, null = float(estimates.mean()), float(nulls.mean()) if np.isfinite(nulls).any() else float("nan")
    low, high = mean_interval(estimates, rng)[1:] if np.isfinite(estimates).all() else (np.nan, np.nan)
    silent = (
        np.isnan(nulls).all() if np.isnan(trial.null_truth) else within(null, trial.null_truth, trial.null_tolerance)
    )
    return {
        **{name: getattr(trial, name) for name in ("system", "quantity", "truth", "tolerance")},
        **{"estimate": estimate, "low": low, "high": high, "draws": len(estimates)},
        **{name: getattr(trial, name) for name in ("null_system", "null_truth", "null_tolerance")},
        "null": null,
        "calibrated": bool(within(estimate, trial.truth, trial.tolerance) and silent),
    }
