"""Tables of jumps, by hand."""

import numpy as np
import pandas as pd
import pytest

from helpers.series_cases import STEPS, N
from repdyn.errors import StudyError
from repdyn.timeseries.jump_types import jump_features
from repdyn.timeseries.jumps import describe_jumps, jump_rates, tabulate_jumps, zscore_jumps


def test_jumps_of_any_detector_are_described_alike():
    values = np.stack([np.where(STEPS < 1000, 2.0, 5.0), np.where(STEPS < 400, 8.0, 4.0)], axis=1)
    values[300:, 1] += 1.0
    table = tabulate_jumps(STEPS, values, [np.array([199]), np.array([79, 299])])
    assert table["layer"].tolist() == [0, 1, 1]
    assert table["step"].tolist() == [1000, 400, 1500]
    assert table["phase"].tolist() == [0.5, 0.2, 0.75]
    assert table["relative_magnitude"].tolist() == [1.0, 1.0, 0.25]
    assert table["direction"].tolist() == ["increase", "decrease", "increase"]
    assert table["speed"].tolist() == [3 / 5, 4 / 5, 1 / 5]
    published = zscore_jumps(STEPS, values)
    same = describe_jumps(STEPS, values, published["layer"], published["before"])
    pd.testing.assert_frame_equal(published.drop(columns="z"), same)
    features = jump_features(table)
    assert features[:, 0].tolist() == [0.5, 0.2, 0.75]
    assert features[:, 1] == pytest.approx([0, 0, np.log(0.25)])
    with pytest.raises(StudyError, match="positive size"):
        jump_features(table.assign(relative_magnitude=0.0))
    for outside in (-1, 400):
        with pytest.raises(StudyError, match=f"found {outside}"):
            describe_jumps(STEPS, values, [0], [outside])


def test_jump_rates_tell_quiet_from_not_evaluable():
    values = np.stack([np.where(STEPS < 1000, 2.0, 5.0), STEPS + 0.0, np.ones(N)], axis=1)
    none = np.empty(0, dtype=np.int64)
    table = tabulate_jumps(STEPS, values, [np.array([199]), none, none])
    rates = jump_rates(table, np.array([True, True, False]), N)
    assert np.array_equal(rates["jumps"], [1, 0, np.nan], equal_nan=True)
    assert np.array_equal(rates["per_1000"], [2.5, 0, np.nan], equal_nan=True)
    assert tabulate_jumps(STEPS, values, [none] * 3).empty
