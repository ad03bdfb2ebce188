"""Units that hold a variable are found, others are not."""

import numpy as np
import pytest

from repdyn.errors import StudyError
from repdyn.information.units import information_map


def test_planted_units_are_found_with_their_information():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=(300, 3))
    units = rng.standard_normal((300, 12))
    units[:, 0] += 20 * labels[:, 0]
    units[:, 1] += 20 * labels[:, 1]
    found = information_map(units, labels, rng)
    assert found.information[[0, 1], [0, 1]] == pytest.approx(np.log(2), abs=0.05)
    assert found.there[[0, 1], [0, 1]].all() and found.there.sum() <= 4
    others = np.ones((12, 3), dtype=bool)
    others[[0, 1], [0, 1]] = False
    assert abs(found.information[others].mean()) < 0.02 and abs(found.null.mean()) < 0.02


def test_noise_holds_nothing_and_what_repeats_has_no_value():
    rng = np.random.default_rng(1)
    labels = rng.integers(3, size=(200, 2)) - 1  # -1 has no class
    units = rng.standard_normal((200, 20))
    units[:, 5] = 1.0
    found = information_map(units, labels, rng)
    assert found.there.sum() <= 1
    assert np.isnan(found.information[5]).all() and np.isfinite(np.delete(found.information, 5, 0)).all()
    with pytest.raises(StudyError, match="the same examples"):
        information_map(units, labels[:9], rng)
