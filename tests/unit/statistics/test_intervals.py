"""Means with intervals against scipy, and how often they have the truth in them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.series_cases import rng
from repdyn.errors import StudyError
from repdyn.statistics import intervals


def test_intervals_over_runs_are_scipys():
    many, few = rng(0).gamma(2, size=30), rng(1).normal(size=5)
    mean, low, high = intervals.mean_interval(many, rng(7))
    oracle = stats.bootstrap((many,), np.mean, method="BCa", rng=rng(7)).confidence_interval
    assert (mean, low, high) == pytest.approx((many.mean(), oracle.low, oracle.high))
    mean, low, high = intervals.mean_interval(np.append(few, np.nan), rng(7))
    assert (mean, low, high) == pytest.approx((few.mean(), *stats.ttest_1samp(few, 0).confidence_interval()))


@pytest.mark.parametrize("n", [3, 12])
def test_intervals_cover(n):
    covered = 0
    for seed in range(150):
        _, low, high = intervals.mean_interval(rng(seed, n).standard_normal(n), rng(seed), resamples=499)
        covered += low <= 0 <= high
    assert 0.86 <= covered / 150 <= 0.99


def test_too_few_runs_have_no_interval():
    nan = np.nan
    assert np.array_equal(intervals.mean_interval([1.0, 3.0, nan], rng(0)), [2, nan, nan], equal_nan=True)
    assert np.isnan(intervals.mean_interval([nan, nan], rng(0))).all()
    assert intervals.mean_interval([2.0, 2.0, 2.0], rng(0)) == (2, 2, 2)
    with pytest.raises(StudyError, match="finite"):
        intervals.mean_interval([1.0, np.inf], rng(0))
    runs = pd.DataFrame({"family": ["a"] * 4 + ["b"] * 2, "x": [1.0, 2, 3, nan, 5, 6]})
    table = intervals.family_intervals(runs, "x", rng(0)).set_index("family")
    assert table["runs"].to_dict() == {"a": 3, "b": 2}
    assert table.loc["a", "low"] < 2 < table.loc["a", "high"]
    assert np.isnan(table.loc["b", "low"])
