"""How much of the way from one answer to another a change goes, over pairs of examples."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError

# Fewer pairs do not carry a bootstrap over them.
MINIMUM_PAIRS = 8
RESAMPLES = 1000


class Recovery(NamedTuple):
    """R and its interval, (s,) each; NaN where it is not defined."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


def recovery(
    changed: np.ndarray, start: np.ndarray, end: np.ndarray, rng: np.random.Generator, confidence: float = 0.95
) -> Recovery:
    """R = mean(changed - start) / mean(end - start) over n pairs: 0 where nothing changed, 1 where all of it did.

    changed: a metric (s, n) after each of s changes; start, end: (n,) without change and with everything changed. For
    denoising start is the corrupted run and end the clean one, for noising the reverse; for a circuit's faithfulness
    start has no node and end has all. R may leave [0, 1]. A ratio of means, since a pair whose two answers are close
    would rule a mean of ratios. Interval: percentile bootstrap over pairs, which must be independent: no example in two
    of them. NaN for fewer than MINIMUM_PAIRS pairs, and where the interval of mean(end - start) holds 0: there is
    nothing to recover then. Raises StudyError for shapes that do not fit.
    """
    changed = np.atleast_2d(changed)
    if start.ndim != 1 or start.shape != end.shape or changed.shape[1:] != start.shape:
        raise StudyError(
            f"A metric of {changed.shape} needs start and end of its pairs, not {start.shape}, {end.shape}."
        )
    nothing = np.full(len(changed), np.nan)
    n = len(start)
    if n < MINIMUM_PAIRS:
        return Recovery(nothing, nothing, nothing)
    span, change = end - start, changed - start
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    weights = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float64)
    spans = weights @ span
    low, high = np.quantile(spans, tails)
    if low <= 0 <= high:
        return Recovery(nothing, nothing, nothing)
    resampled = (weights @ change.T) / np.where(spans == 0, np.nan, spans)[:, None]
    return Recovery(change.sum(1) / span.sum(), *np.nanquantile(resampled, tails, axis=0))


def null_of(changed: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation, (s,) each, of R where the donors are other than the pair's: one donor for each pair.

    The deviation is that of a mean over n pairs, each with a donor drawn for it; the span is taken as known. NaN where
    the two runs are the same.
    """
    change = (changed - start) / ((end - start).mean() or np.nan)
    return change.mean(1), change.std(1, ddof=1) / np.sqrt(change.shape[1])


def drawn(changed: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of R over random draws of what is changed, a metric (draws, n) after each."""
    values = (changed - start).mean(1) / ((end - start).mean() or np.nan)
    return values.mean(), values.std(ddof=1)
