"""Estimates over runs: their units, intervals, differences and quotients."""

import numpy as np
import pandas as pd
import pytest

from repdyn.audit import estimates


def test_intervals_are_over_seeds_where_there_are_several():
    table = pd.DataFrame({"experiment": list("aabbcc") * 2, "seed": [0, 1] * 6, "x": np.arange(12.0), "one": 1.0})
    over_experiments = estimates.ratio(table, "x")
    table["seed"] = [0, 1, 2, 3] * 3
    over_seeds = estimates.ratio(table, "x")
    assert over_experiments.value == over_seeds.value == 5.5
    assert (over_seeds.low, over_seeds.high) != (over_experiments.low, over_experiments.high)
    assert np.isnan(estimates.ratio(table[:2], "x").low)
    assert estimates.total(table, "x").value == 5.5 * 3


def test_ratio_interval_covers():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        points = rng.integers(50, 150, 30).astype(float)
        events = rng.poisson(0.1 * points).astype(float)
        table = pd.DataFrame({"experiment": np.arange(30), "seed": 0, "top": events, "bottom": points})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(estimates, "mean_interval", lambda x, rng: statistics_mean(x))
            found = estimates.ratio(table, "top", "bottom")
        hits += found.low <= 0.1 <= found.high
    assert 180 <= hits <= 200


def statistics_mean(x: np.ndarray) -> tuple[float, float, float]:
    """A t interval: the bootstrap is tested with `intervals`."""
    half = 2.045 * x.std(ddof=1) / np.sqrt(len(x))
    return x.mean(), x.mean() - half, x.mean() + half


def test_differences_and_quotients_of_estimates():
    a, b = estimates.Estimate(6, 4, 8, 5), estimates.Estimate(2, 1, 3, 7)
    assert estimates.difference(a, b)[:3] == pytest.approx((4, 4 - 5**0.5, 4 + 5**0.5))
    found = estimates.quotient(a, b)
    assert found.value == pytest.approx(3) and found.low < 3 < found.high and found.runs == 12
    assert np.isnan(estimates.quotient(a, estimates.Estimate(0, 0, 0, 7)).value)
