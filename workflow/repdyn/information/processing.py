"""Data processing: what is computed from a variable alone knows no more than it (Cover & Thomas 2006, 2.8)."""

import numpy as np

from repdyn.errors import StudyError


def largest_rise(values: np.ndarray, errors: np.ndarray) -> float:
    """The largest rise from an earlier of k estimates to a later one, in standard errors of their difference.

    values, errors (k,): of variables each computed from the one before alone. Above 3 or so the estimates contradict that,
    or are no estimates: bounds may rise, and so may information read through noise that is not in the computation. -inf for
    errors of 0 where nothing rises. NaN values are left out, NaN for fewer than two. StudyError for shapes that differ.
    """
    values, errors = (np.asarray(each, dtype=np.float64) for each in (values, errors))
    if values.ndim != 1 or values.shape != errors.shape or (errors < 0).any():
        raise StudyError(f"values (k,) need errors (k,), none below 0, found {values.shape} and {errors.shape}")
    known = np.isfinite(values) & np.isfinite(errors)
    values, errors = values[known], errors[known]
    if len(values) < 2:
        return float("nan")
    first, second = np.triu_indices(len(values), 1)
    rise, error = values[second] - values[first], np.hypot(errors[first], errors[second])
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(rise == 0, 0.0, rise / error)
    return float(found.max())
