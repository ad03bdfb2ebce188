"""Which steps of a run are looked into: the largest jumps, a matched control for each, and a fixed grid."""

import numpy as np
import pandas as pd

from repdyn.errors import StudyError
from repdyn.timeseries.periods import period

# Where a run without early jumps is looked at as if it had one. What changes at such a placebo, against its own control,
# is what time alone does: the median early jump of the default study lies there.
PLACEBO_FRACTION = 0.005


def plan(jumps: pd.DataFrame, measured: np.ndarray, total: int, grid: list[float], window: int, most: dict[str, int]):
    """Event windows of a run, their matched controls, and its fixed grid, in steps.

    jumps: one row per significant jump of any layer with layer, step (the first measurement after it) and
    relative_magnitude. measured: steps of the measurements, ascending. total: steps of the whole training. grid: training
    fractions. window: steps before and after the middle of a window. most: how many jumps of each period ("early",
    "middle", "late") are taken.

    Returns {"grid": [steps], "moments": [...], "note": text or None}. Each of "moments" is a window: pair, kind, period,
    before, at, after and, for jumps, layer and relative_magnitude. Jumps are taken by falling relative magnitude; one whose
    window overlaps that of a larger one is left out, so jumps of several layers at one time share a window. The control of a
    jump is the nearest window (in log step) of the same period and shape that holds no jump of any layer and overlaps no
    other window. A run without early jumps gets a placebo at PLACEBO_FRACTION with a control of its own. A jump for which
    there is no control has none, and the note says so. With a single measurement only initialisation is looked at. Raises
    StudyError if the first measurement is not step 0.
    """
    measured = np.asarray(measured)
    if not len(measured) or measured[0] != 0:
        raise StudyError(f"a plan needs measurements from step 0 on, found {measured[:3].tolist()}")
    if len(measured) == 1:
        return {"grid": [0], "moments": [], "note": "Training stopped early: only initialisation is looked at."}
    last, every = int(measured[-1]), int(measured[1])
    chosen = _largest(jumps, total, window, last, most)
    if "early" not in period(jumps["step"] / total):
        at = max(every, round(PLACEBO_FRACTION * total / every) * every)
        chosen.append({"kind": "placebo", "period": "early", **_around(at, window, window, last)})
    taken = [(moment["before"], moment["after"]) for moment in chosen]
    taken += [(step - every, step) for step in jumps["step"].unique()]
    moments, alone = [], 0
    for pair, moment in enumerate(chosen):
        moments.append({"pair": pair, **moment})
        control = _control(moment, measured, total, taken)
        if control is None:
            alone += moment["kind"] == "jump"
            continue
        kind = {"jump": "control", "placebo": "placebo control"}[moment["kind"]]
        moments.append({"pair": pair, "kind": kind, "period": moment["period"], **control})
        taken.append((control["before"], control["after"]))
    return {"grid": nearest_steps(grid, measured, total), "moments": moments, "note": _note(len(jumps), alone)}


def nearest_steps(phases: list[float], measured: np.ndarray, total: int) -> list[int]:
    """The measured steps nearest to fractions of a training of `total` steps, ascending; the last where it stopped before.

    measured: steps of the measurements, evenly spaced from 0.
    """
    last, every = int(measured[-1]), int(measured[1]) if len(measured) > 1 else 1
    return sorted({min(round(phase * total / every) * every, last) for phase in phases})


def steps_of(planned: dict) -> list[int]:
    """All steps that a plan asks for, ascending."""
    around = {moment[when] for moment in planned["moments"] for when in ("before", "at", "after")}
    return sorted(around | set(planned["grid"]))


def _largest(jumps: pd.DataFrame, total: int, window: int, last: int, most: dict[str, int]) -> list[dict]:
    left = dict(most)
    chosen = []
    ordered = jumps.sort_values(["relative_magnitude", "step", "layer"], ascending=[False, True, True], kind="stable")
    for jump in ordered.itertuples():
        when = period(jump.step / total).item()
        around = _around(int(jump.step), window, window, last)
        if left[when] and all(_apart(around, (other["before"], other["after"])) for other in chosen):
            left[when] -= 1
            size = float(jump.relative_magnitude)
            found = {"kind": "jump", "period": when, **around, "layer": jump.layer, "relative_magnitude": size}
            chosen.append(found)
    return sorted(chosen, key=lambda moment: moment["at"])


def _control(moment: dict, measured: np.ndarray, total: int, taken: list[tuple[int, int]]) -> dict | None:
    back, ahead = moment["at"] - moment["before"], moment["after"] - moment["at"]
    last = int(measured[-1])
    candidates = [
        around
        for around in (_around(int(step), back, ahead, last) for step in measured[1:])
        if around["after"] - around["before"] == back + ahead
        and period(around["at"] / total).item() == moment["period"]
        and all(_apart(around, other) for other in taken)
    ]
    return min(candidates, key=lambda around: (abs(np.log(around["at"] / moment["at"])), around["at"]), default=None)


def _around(at: int, back: int, ahead: int, last: int) -> dict[str, int]:
    return {"before": max(at - back, 0), "at": at, "after": min(at + ahead, last)}


def _apart(around: dict[str, int], other: tuple[int, int]) -> bool:
    """Whether two windows share no more than an end."""
    return around["after"] <= other[0] or other[1] <= around["before"]


def _note(jumps: int, alone: int) -> str | None:
    if not jumps:
        return "No significant jump: only the fixed grid, and a placebo moment."
    if alone:
        return f"Chosen jumps without a moment of their period to compare with: {alone}."
    return None
