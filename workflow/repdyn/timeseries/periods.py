"""The three periods of training, early, middle and late, in which jumps are counted."""

import numpy as np

EARLY, MIDDLE = 0.1, 0.5  # phases up to which training is early, and in the middle


def period(phase: np.ndarray | float) -> np.ndarray | str:
    """early: phase < EARLY; middle: EARLY to MIDDLE, both included; late: after that.

    phase: share of training that has passed, as `series.phase` gives it: (n,) -> labels (n,), one number -> one label.
    """
    phase = np.asarray(phase)
    # [()] makes a string of an array without dimensions and leaves any other array as it is.
    return np.select([phase < EARLY, phase <= MIDDLE], ["early", "middle"], "late")[()]
