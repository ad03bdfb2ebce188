"""The place of jumps in training."""

import numpy as np
import pandas as pd

from repdyn.timeseries.periods import EARLY, MIDDLE, period

BINS = ("early", "mid", "late")


def timing(phase: pd.Series) -> pd.Series:
    """`periods.period` of each phase, in the published words of BINS."""
    labels = period(phase)
    return pd.Series(np.where(labels == "middle", "mid", labels), index=phase.index)


def later_timing(phase: pd.Series) -> pd.Series:
    """The bins of a later published table, (0, 0.1], (0.1, 0.5], (0.5, 1]: phase 0 drops out as "" (D14)."""
    labels = np.select([phase <= 0, phase <= EARLY, phase <= MIDDLE], ["", "early", "mid"], "late")
    return pd.Series(labels, index=phase.index)
