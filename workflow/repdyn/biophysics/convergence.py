"""How the error of an integrator falls with its step."""

from collections.abc import Callable, Sequence

import numpy as np

from repdyn.errors import StudyError


def order_of(solve: Callable[[float], np.ndarray], truth: np.ndarray, steps: Sequence[float]) -> float:
    """The order p of an integrator whose error falls as step^p: slope of ln largest error on ln step.

    solve: from a step to what is compared with truth (the formula, or a converged integrator), same shape. StudyError unless
    the error falls with every smaller step: then there is no order, and no step here is short enough.
    """
    falling = np.sort(np.asarray(steps, dtype=np.float64))[::-1]
    if len(falling) < 2 or falling[-1] <= 0:
        raise StudyError(f"two steps above 0 or more are needed, found {falling.tolist()}")
    errors = np.array([np.abs(np.asarray(solve(step)) - truth).max() for step in falling])
    if not np.isfinite(errors).all() or (errors == 0).any() or (np.diff(errors) >= 0).any():
        raise StudyError(f"the error does not fall with the step: {', '.join(f'{error:.2g}' for error in errors)}")
    return float(np.polyfit(np.log(falling), np.log(errors), 1)[0])
