"""What a simulation needs before it starts, and what shows that it went wrong."""

import numpy as np

from repdyn.errors import StudyError

LOWEST = -200.0  # mV; no cell's voltage is there


def require_positive(**constants: float) -> None:
    """StudyError unless every constant is a finite number above 0; each by its name."""
    for name, value in constants.items():
        if not np.isfinite(value) or value <= 0:
            raise StudyError(f"{name.replace('_', ' ')} = {value:g}; a finite number above 0 is needed")


def currents(values: np.ndarray) -> np.ndarray:
    """Currents (steps, n) of n cells as float64. StudyError unless there is a step, a cell, and every one is finite."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape or not np.isfinite(values).all():
        raise StudyError(f"finite currents of shape (steps, cells) are needed, found shape {values.shape}")
    return values


def trains(values: np.ndarray) -> np.ndarray:
    """Spikes (steps, n) as bool. StudyError for other shapes and for what is neither 0 nor 1."""
    values = np.asarray(values)
    if values.ndim != 2 or 0 in values.shape or not np.isin(values, (0, 1)).all():
        raise StudyError(f"spikes of shape (steps, cells), 0 or 1, are needed, found shape {values.shape}")
    return values.astype(bool)


def require_bounded(voltage: np.ndarray, dt: float) -> None:
    """StudyError where a voltage (mV) is not finite or below LOWEST: the step dt (ms) is too long."""
    if not np.isfinite(voltage).all() or voltage.min() < LOWEST:
        raise StudyError(f"the voltage leaves the range of cells: a step of {dt:g} ms is too long, take a smaller one")
