"""Two-sided CUSUM of the level (Page 1954), restarted after every alarm."""

import numpy as np

from repdyn.detectors.checks import NONE, level_noise, searchable

SLACK = 0.5  # noise standard deviations: half the smallest shift worth finding
ALARM = 8.0  # noise standard deviations: average run length above 1e4 for white noise of known mean
REFERENCE = 20  # measurements that set the reference level after a start


def detect(values: np.ndarray, slack: float = SLACK, alarm: float = ALARM) -> np.ndarray:
    """Indices at which a cumulative sum that later raised the alarm was last zero: values (T,) -> (K,).

    The reference is the mean since the last change (at most REFERENCE measurements); noise from
    `level_noise`. It assumes a constant level between changes and white noise around it.
    """
    values = searchable(values)
    noise = 0.0 if values is None else level_noise(values)
    if not noise > 0:
        return NONE
    x = (values / noise).tolist()
    found, start = [], 0
    while (change := _first_change(x, start, slack, alarm)) is not None:
        found.append(change)
        start = change + 1
    return np.array(found, dtype=np.int64)


def _first_change(x: list[float], start: int, slack: float, alarm: float) -> int | None:
    """Last index before the first change after `start`, or None."""
    level, count = x[start], 1
    up = down = 0.0
    since_up = since_down = start
    for i in range(start + 1, len(x)):
        # A reference of n points is itself uncertain: deviations are scaled to unit variance.
        away = (x[i] - level) / (1 + 1 / count) ** 0.5
        up, down = max(0.0, up + away - slack), max(0.0, down - away - slack)
        since_up, since_down = (i if up == 0 else since_up), (i if down == 0 else since_down)
        if up > alarm or down > alarm:
            return since_up if up > alarm else since_down
        if count < REFERENCE:
            count += 1
            level += (x[i] - level) / count
    return None
