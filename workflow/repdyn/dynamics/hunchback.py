"""Does dimension rise and then fall (fitting, then compression), or fall and then rise? A rule and a sign test.

That it rises first and is compressed later is a claim (Shwartz-Ziv & Tishby 2017; contested by Saxe 2019; across layers
Ansuini 2019). The rule was fixed before any run was looked at and treats both directions alike: turned upside down, a series
gets the opposite sign. If neither direction is preferred, signs of runs are a fair coin.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from repdyn.errors import StudyError

# A turn that counts: this share of the value, and this many standard errors of a difference.
LEAST = 0.1
ERRORS = 3.0


class Turn(NamedTuple):
    """sign: 1 rises, then falls; -1 falls, then rises; 0 neither; NaN not evaluable. height: log of the ratio of the peak
    to the higher end, or of the lower end to the trough, whichever is larger; it has the sign of its direction."""

    sign: float
    height: float


class SignTest(NamedTuple):
    """Runs with each sign, and the exact two-sided p; NaN without any."""

    up: int
    down: int
    neither: int
    p: float


def turn(values: np.ndarray, error: float = 0.0) -> Turn:
    """The direction of a series (T,) of positive numbers such as dimensions, on a log scale.

    Peak: largest value above both ends. Trough: smallest below both. The larger of the two counts, if it is more than
    log(1 + LEAST) and more than ERRORS * sqrt(2) * error, where error is the standard error of one log value. A monotone
    series has neither. NaN where a value is missing or not positive. StudyError for fewer than 3 values.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or len(values) < 3:
        raise StudyError(f"to rise and fall takes at least 3 values in a row, found shape {values.shape}")
    if not (np.isfinite(values).all() and (values > 0).all() and np.isfinite(error)):
        return Turn(np.nan, np.nan)
    log = np.log(values)
    ends = log[[0, -1]]
    peak, trough = log.max() - ends.max(), ends.min() - log.min()
    height = peak if peak >= trough else -trough
    least = max(np.log1p(LEAST), ERRORS * np.sqrt(2) * error)
    return Turn(float(np.sign(height)) if abs(height) > least and peak != trough else 0.0, float(height))


def sign_test(signs: np.ndarray) -> SignTest:
    """Signs of independent runs (n,), NaN for those not evaluable; runs with 0 do not count (Dixon & Mood 1946)."""
    signs = np.sign(np.asarray(signs, dtype=np.float64))
    up, down, neither = (int((signs == sign).sum()) for sign in (1, -1, 0))
    p = float(binomtest(up, up + down).pvalue) if up + down else np.nan
    return SignTest(up, down, neither, p)
