"""A layer's series: from a trajectory frame to arrays, and whether there is anything in it to analyse."""

import numpy as np
import pandas as pd

from repdyn.errors import StudyError


def layer_series(trajectory: pd.DataFrame, metric: str) -> tuple[np.ndarray, list[str], np.ndarray]:
    """One metric of a trajectory as arrays.

    trajectory: one row per (step, layer) with columns step, layer, depth and `metric`.
    Returns steps (T,) int64 ascending, the L layer names by depth, and values (T, L) float64.
    NaN values pass: they make a layer not evaluable, not the trajectory invalid.
    Raises StudyError for a missing column, no rows, a repeated or missing (step, layer), or a layer of two
    depths.
    """
    for column in ("step", "layer", "depth", metric):
        if column not in trajectory:
            raise StudyError(f"trajectory has no column {column!r}; it has {', '.join(trajectory.columns)}")
    if trajectory.empty:
        raise StudyError("trajectory has no rows")
    repeated = trajectory.duplicated(["step", "layer"])
    if repeated.any():
        row = trajectory[repeated].iloc[0]
        raise StudyError(f"trajectory measures layer {row['layer']} at step {row['step']} more than once")
    layers = trajectory[["depth", "layer"]].drop_duplicates().sort_values("depth")
    if layers["layer"].duplicated().any() or layers["depth"].duplicated().any():
        raise StudyError("trajectory must give every layer one depth of its own")
    steps = np.unique(trajectory["step"].to_numpy(np.int64))
    if len(trajectory) != len(steps) * len(layers):
        per_step = trajectory.groupby("step")["layer"].size()
        short = per_step[per_step < len(layers)]
        raise StudyError(
            f"trajectory lacks layers at step {short.index[0]}: {short.iloc[0]} measured, {len(layers)} expected"
        )
    ordered = trajectory.sort_values(["step", "depth"], kind="stable")
    values = ordered[metric].to_numpy(np.float64).reshape(len(steps), len(layers))
    return steps, layers["layer"].tolist(), values


def as_columns(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps (T,) and values (T,) or (T, L) checked against each other; values come back as float64 (T, L).

    Raises StudyError where lengths differ, fewer than three measurements remain, or the steps are not
    strictly ascending and evenly spaced: differences of an uneven series cannot be compared with each other.
    """
    steps = np.asarray(steps)
    values = np.asarray(values, dtype=np.float64)
    if values.ndim == 1:
        values = values[:, None]
    if steps.ndim != 1 or values.ndim != 2 or len(steps) != len(values):
        raise StudyError(f"steps {steps.shape} and values {values.shape} must be (T,) and (T,) or (T, L)")
    if len(steps) < 3:
        raise StudyError(f"a series needs at least 3 measurements, found {len(steps)}")
    gaps = np.diff(steps)
    if (gaps <= 0).any():
        at = steps[1:][gaps <= 0][0]
        raise StudyError(f"steps must ascend strictly; step {at} is repeated or out of order")
    if (gaps != gaps[0]).any():
        at = steps[:-1][gaps != gaps[0]][0]
        raise StudyError(f"steps must be evenly spaced (every {gaps[0]}); a measurement is missing after {at}")
    return steps, values


def evaluable(values: np.ndarray, rtol: float = 1e-9) -> np.ndarray:
    """Which layers hold a series that can be analysed: finite throughout and not constant.

    values (T, L) -> bool (L,). Constant means a range of at most `rtol` times the largest magnitude: what is
    smaller is rounding of the measurement, and every statistic on differences would report it as change
    (D01).
    """
    values = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(values).all(axis=0)
    settled = np.where(finite, values, 0.0)
    return finite & (np.ptp(settled, axis=0) > rtol * np.abs(settled).max(axis=0))


def phase(steps: np.ndarray, total_steps: int | None = None) -> np.ndarray:
    """Training progress of each step in [0, 1]: step / total steps, same shape as `steps`.

    total_steps: length of the run; by default the last step given, so that the last measurement has phase 1.
    Raises StudyError if a step lies outside the run.
    """
    steps = np.asarray(steps)
    total = int(steps.max()) if total_steps is None else total_steps
    if total <= 0 or (steps < 0).any() or (steps > total).any():
        raise StudyError(f"steps must lie in 0..{total}, found {steps.min()}..{steps.max()}")
    return steps / total
