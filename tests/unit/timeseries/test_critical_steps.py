"""Dispersion of critical steps: planted periods are found, and without any the p values are uniform."""

import numpy as np
import pytest

from helpers.series_cases import N, rng, uniform
from repdyn.timeseries import critical_steps


@pytest.mark.parametrize("kind", ["white", "walk", "heavy"])
def test_series_without_critical_periods_have_uniform_p(kind):
    make = {
        "white": lambda r: r.standard_normal(N),
        "walk": lambda r: r.standard_normal(N).cumsum(),
        "heavy": lambda r: r.standard_t(4, N).cumsum(),
    }[kind]
    p = []
    for seed in range(120):
        r = rng(seed, 2)
        p.append(critical_steps.critical_clustering(make(r)[:, None], r, surrogates=100).p[0])
    assert uniform(p) > 0.01
    assert np.mean(np.array(p) < 0.05) <= 0.1


def test_a_planted_critical_period_is_found():
    r = rng(0)
    change = r.standard_normal((N, 2))
    change[150:190, 0] *= 6
    values = np.column_stack([change.cumsum(axis=0), np.ones(N), np.full(N, np.nan)])
    found = critical_steps.critical_clustering(values, rng(1))
    assert found.p[0] == pytest.approx(1 / 1001)
    assert found.p[1] > 0.05
    assert found.dispersion[0] > 3 * found.expected[0]
    assert 140 <= found.start[0] <= 185
    assert found.concentration[0] > 5 > found.concentration[1]
    for column in found:
        assert np.isnan(column[2:]).all()


def test_window_counts_are_those_of_a_plain_loop():
    size = rng(0).random((2, 50))
    counts = critical_steps.window_counts(size, 10, 0.9)
    for row, found in zip(size, counts, strict=True):
        above = row > np.quantile(row, 0.9)
        assert found.tolist() == [above[i : i + 10].sum() for i in range(41)]
