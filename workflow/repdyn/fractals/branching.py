"""How close activity is to the point at which one event causes one other, also where few units are seen."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError

LAGS = 20
LEAST = 500  # bins of time


class Branching(NamedTuple):
    """ratio: events that an event causes; naive: the same by the regression at lag 1, too low where few units are seen;
    slopes (lags,): of the regression at every lag; amplitude: share of the activity that is seen, times a constant."""

    ratio: float
    naive: float
    slopes: np.ndarray
    amplitude: float


def branching_ratio(activity: np.ndarray, lags: int = LAGS) -> Branching:
    """Branching ratio of activity (T,) >= 0, a number of events per bin, by multistep regression.

    The slopes of A(t + k) on A(t) fall as b m^k, whatever share of units is seen. Raises StudyError for fewer than LEAST
    bins, and for activity without a correlation at lag 1 that noise could not give (twice 1 / sqrt T): then there is no m.
    Source: Wilting & Priesemann 2018, Nature Communications 9:2325.
    """
    from scipy.optimize import least_squares

    activity = np.asarray(activity, dtype=np.float64)
    if activity.ndim != 1 or len(activity) < max(LEAST, 10 * lags) or not np.isfinite(activity).all():
        raise StudyError(f"a branching ratio needs a finite series of at least {max(LEAST, 10 * lags)} bins")
    if (activity < 0).any() or np.ptp(activity) == 0:
        raise StudyError("a branching ratio needs numbers of events, not negative, that vary")
    centred = activity - activity.mean()
    slopes = np.array([centred[:-k] @ centred[k:] / (centred[:-k] @ centred[:-k]) for k in range(1, lags + 1)])
    if slopes[0] < 2 / np.sqrt(len(activity)):
        raise StudyError(
            "the activity has no correlation from bin to bin: it does not branch, or too few units are seen"
        )
    k = np.arange(1, lags + 1)
    fit = least_squares(lambda p: p[0] * p[1] ** k - slopes, [slopes[0], 0.9], bounds=([0, 0], [2, 1.2]))
    return Branching(float(fit.x[1]), float(slopes[0]), slopes, float(fit.x[0]))
