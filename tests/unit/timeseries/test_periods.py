"""The periods of training, at their boundaries."""

import numpy as np

from repdyn.timeseries.periods import period


def test_middle_holds_both_its_ends():
    labels = period(np.array([0, 0.0999, 0.1, 0.5, 0.5001, 1]))
    assert labels.tolist() == ["early", "early", "middle", "middle", "late", "late"]
    assert period(np.empty(0)).size == 0


def test_one_phase_has_one_label():
    assert {"early": 1, "middle": 2, "late": 3}[period(0.3)] == 2
