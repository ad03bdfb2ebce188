"""Coordination and coincidences of layers: planted ones are found, and without any the p values are uniform."""

import numpy as np
import pytest

from helpers.series_cases import N, rng, uniform
from repdyn.detectors.scenarios import ar1_noise
from repdyn.errors import StudyError
from repdyn.timeseries import coordination, critical_steps


def shocked(seed: int, layers: int = 6, shared: bool = True) -> np.ndarray:
    """Random walks with 20 shocks of 8 standard deviations each, at common or at own times: (T, L)."""
    r = rng(seed)
    change = r.standard_normal((N, layers))
    common = r.choice(N - 1, 20, replace=False) + 1
    for layer in range(layers):
        when = common if shared else r.choice(N - 1, 20, replace=False) + 1
        change[when, layer] += 8
    return change.cumsum(axis=0)


def test_shared_shocks_are_coordinated_and_own_shocks_are_not():
    shared = coordination.coordination_test(critical_steps.critical_steps(shocked(0)), rng(0))
    assert shared.p < 0.01
    assert shared.ratio > 3
    assert shared.layers == 6
    own = [
        coordination.coordination_test(critical_steps.critical_steps(shocked(s, shared=False)), rng(s), 200).p
        for s in range(20)
    ]
    assert sum(p < 0.05 for p in own) <= 4


def test_coordination_of_independent_layers_has_uniform_p():
    for options in ({}, {"tolerance": 1}, {"window": 20}):
        p = []
        for seed in range(150):
            values = np.stack([ar1_noise(rng(seed, layer)) for layer in range(8)], axis=1)
            p.append(coordination.coordination_test(critical_steps.critical_steps(values), rng(seed), 200, **options).p)
        assert uniform(p) > 0.01, options


def test_layers_that_are_all_active_early_are_coordinated_only_coarsely():
    fast = np.exp(-np.arange(N) / 40)[:, None]
    coarse, fine = [], []
    for seed in range(40):
        values = (rng(seed).standard_normal((N, 6)) * fast).cumsum(axis=0)
        events = critical_steps.critical_steps(values)
        coarse.append(coordination.coordination_test(events, rng(seed), 200).p)
        fine.append(coordination.coordination_test(events, rng(seed), 200, window=20).p)
    assert np.mean(np.array(coarse) < 0.01) > 0.9
    assert np.mean(np.array(fine) < 0.05) < 0.2
    exact = coordination.coordination_test(critical_steps.critical_steps(shocked(0)), rng(0), window=20)
    assert exact.p < 0.01


def test_coincidences_are_counted_as_defined():
    events = rng(0).random((50, 3)) < 0.2
    counts = coordination.pair_counts(events)
    wide = coordination.pair_counts(events, tolerance=2)
    for shift in (0, 7, 49):
        moved = np.roll(events[:, 0], shift)
        assert counts[0, 1, shift] == (moved & events[:, 1]).sum()
        near = sum((moved & np.roll(events[:, 1], lag)).sum() for lag in range(-2, 3))
        assert wide[0, 1, shift] == near
    for tolerance, pair in ((0, counts), (2, wide)):
        total = sum(pair[i, j, 0] for i, j in ((0, 1), (0, 2), (1, 2)))
        assert coordination.total_pairs(events[None], tolerance).tolist() == [total]
    result = coordination.coordination_test(events, rng(0))
    pairs = [(0, 1), (0, 2), (1, 2)]
    assert result.observed == sum((events[:, i] & events[:, j]).sum() for i, j in pairs)
    total = events.sum(axis=0)
    expected = sum(total[i] * total[j] for i, j in pairs) / 50
    assert result.expected == pytest.approx(expected, rel=0.05)


def test_jitter_keeps_every_window_and_spreads_within_it():
    events = np.zeros((45, 2), dtype=bool)
    events[[3, 4, 25, 42], 0] = events[[10, 44], 1] = True
    drawn = coordination.jitter(events, rng(0), 2000, 20)
    for low, high in ((0, 20), (20, 40), (40, 45)):
        assert (drawn[:, low:high].sum(axis=1) == events[low:high].sum(axis=0)).all()
    where = drawn[:, :, 0].mean(axis=0)
    assert where[:20] == pytest.approx(np.full(20, 2 / 20), abs=0.03)
    assert where[40:] == pytest.approx(np.full(5, 1 / 5), abs=0.04)
    together = drawn[:, :20, 0] & np.roll(drawn[:, :20, 0], 1, axis=1)
    assert (together.sum(axis=1) == 1).all()  # neighbours stay neighbours


def test_coordination_of_fewer_than_two_active_layers_is_not_evaluable():
    events = np.zeros((100, 3), dtype=bool)
    events[5, 0] = True
    result = coordination.coordination_test(events, rng(0))
    assert np.isnan(result[:4]).all() and result.layers == 1
    with pytest.raises(StudyError, match="must be bool"):
        coordination.coordination_test(events.astype(float), rng(0))
    with pytest.raises(StudyError, match="window must exceed 7"):
        coordination.coordination_test(events, rng(0), tolerance=3, window=7)
