"""The exponent of a spectrum over a band that is declared."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError

LEAST_SEGMENTS, LEAST_FREQUENCIES = 4, 8


class Exponent(NamedTuple):
    """Power falls as f^-beta within the band; low, high: 95 %, from the segments."""

    beta: float
    low: float
    high: float


def spectral_exponent(x: np.ndarray, band: tuple[float, float], segment: int) -> Exponent:
    """Slope of the spectrum of x (n,) in the band (cycles per sample), by segments of `segment` points.

    Hann windows that overlap by half (Welch 1967); least squares of log power on log frequency. The interval is a jackknife
    over segments (Thomson & Chave 1991). Raises StudyError for a band that the segments do not resolve, and for fewer than
    LEAST_SEGMENTS of them.
    """
    from scipy.signal import spectrogram
    from scipy.stats import t

    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 1 or not np.isfinite(x).all() or np.ptp(x) == 0:
        raise StudyError("a spectrum needs a finite series that varies")
    low, high = band
    if not 0 < low < high <= 0.5:
        raise StudyError(f"a band lies between 0 and 0.5 cycles per sample, found {low} to {high}")
    if len(x) < segment * (LEAST_SEGMENTS + 1) / 2:
        raise StudyError(f"{LEAST_SEGMENTS} segments of {segment} points need a longer series than {len(x)} points")
    frequency, _, power = spectrogram(x, window="hann", nperseg=segment, noverlap=segment // 2, detrend="linear")
    inside = (frequency >= low) & (frequency <= high)
    if inside.sum() < LEAST_FREQUENCIES or 1 / segment > low:
        raise StudyError(f"segments of {segment} points do not resolve the band {low} to {high}")
    logarithm = np.log(frequency[inside])
    power = power[inside]
    total, number = power.sum(axis=1), power.shape[1]
    beta = _slope(logarithm, total)
    without = np.array([_slope(logarithm, total - power[:, i]) for i in range(number)])
    error = np.sqrt((number - 1) / number * ((without - without.mean()) ** 2).sum())
    # Segments that overlap by half count for less than their number: half of them are independent.
    reach = t.ppf(0.975, max(number // 2 - 1, 1)) * error
    return Exponent(beta, beta - reach, beta + reach)


def _slope(logarithm: np.ndarray, power: np.ndarray) -> float:
    return float(-np.polyfit(logarithm, np.log(power), 1)[0])
