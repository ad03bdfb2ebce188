"""When an effect is there to stay."""

import numpy as np

from repdyn.errors import StudyError

SHARE = 0.5  # of the final size
CONSECUTIVE = 2  # checkpoints, the last among them


def emergence(steps: np.ndarray, effects: np.ndarray, least: np.ndarray | float = 0.0) -> np.ndarray:
    """First step from which each effect has its final sign and at least SHARE of its final size, up to the end.

    steps (T,) ascending. effects (T, k), measured so that no effect is 0 (a difference from chance, say). least: the size
    above which a final effect counts as one, a number or (k,). To (k,) steps; NaN where the final effect is not above
    `least`, or is reached at fewer than CONSECUTIVE checkpoints. An effect that is there at the first step gets that step. A
    missing value (NaN) breaks the row. StudyError where the shapes do not fit.
    """
    steps, effects = np.asarray(steps), np.asarray(effects)
    if not {steps.dtype.kind, effects.dtype.kind} <= {*"biuf"}:
        raise StudyError(f"steps and effects are real numbers, found {steps.dtype} and {effects.dtype}")
    effects = effects.astype(np.float64, copy=False)
    if effects.ndim != 2 or steps.shape != (len(effects),):
        raise StudyError(f"effects (T, k) need steps (T,), found {effects.shape} and {steps.shape}")
    if len(steps) < CONSECUTIVE or (np.diff(steps) <= 0).any():
        raise StudyError(f"emergence needs {CONSECUTIVE} or more ascending steps, found {steps.tolist()}")
    final = effects[-1]
    there = effects * np.sign(final) >= SHARE * np.abs(final)
    lasting = np.logical_and.accumulate(there[::-1])[::-1]
    emerged = (np.abs(final) > least) & (lasting.sum(0) >= CONSECUTIVE)
    return np.where(emerged, steps[lasting.argmax(0)], np.nan)
