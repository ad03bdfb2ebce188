"""Coupling of layers with the loss: planted lags are found, and without any the p values are uniform."""

import numpy as np
import pytest

from helpers.series_cases import N, rng, uniform
from repdyn.detectors.scenarios import ar1_noise
from repdyn.errors import StudyError
from repdyn.timeseries import loss_coupling


@pytest.mark.parametrize("lag", [-7, 0, 4])
@pytest.mark.parametrize("level", [True, False])  # noise around a level, or a random walk
def test_a_planted_lag_is_recovered(lag, level):
    r = rng(lag + 50, level)
    shared = r.standard_normal((N + 20, 1))
    layer = shared[10 : 10 + N] + 0.7 * r.standard_normal((N, 1))
    loss = -shared[10 - lag : 10 - lag + N, 0] + 0.7 * r.standard_normal(N)
    if not level:
        layer, loss = layer.cumsum(axis=0), loss.cumsum()
    trend = np.exp(-np.arange(N) / 60)
    found = loss_coupling.loss_coupling_test(20 * trend[:, None] + layer, 5 * trend + loss, rng(0))
    assert found.lag[0] == lag
    assert found.correlation[0] < -0.4
    assert found.p[0] < 0.005


@pytest.mark.parametrize("kind", ["white", "ar", "walk"])
def test_uncoupled_curves_that_both_settle_have_uniform_p(kind):
    make = {"white": lambda r: r.standard_normal(N), "ar": ar1_noise, "walk": lambda r: r.standard_normal(N).cumsum()}[
        kind
    ]
    trend = 30 * np.exp(-np.arange(N) / 50)
    p = []
    for seed in range(120):
        r = rng(seed, 1)
        p.append(loss_coupling.loss_coupling_test((trend + make(r))[:, None], trend + make(r), r, surrogates=200).p[0])
    assert uniform(p) > 0.01
    assert np.mean(np.array(p) < 0.05) <= 0.1


def test_cross_correlation_is_numpys():
    r = rng(0)
    x, y = r.standard_normal(60), r.standard_normal((2, 60))
    found = loss_coupling.cross_correlation(x, y, 5)
    for row, own in zip(y, found, strict=True):
        a, b = (x - x.mean()) / x.std(), (row - row.mean()) / row.std()
        full = np.correlate(b, a, "full") / 60
        assert own == pytest.approx(full[59 - 5 : 59 + 6])


def test_loss_coupling_that_cannot_be_evaluated():
    values = np.stack([rng(0).standard_normal(N), np.ones(N), np.full(N, np.nan)], axis=1)
    loss = rng(1).standard_normal(N)
    found = loss_coupling.loss_coupling_test(values, loss, rng(0), surrogates=50)
    for column in found:
        assert np.isfinite(column).tolist() == [True, False, False]
    assert np.isnan(loss_coupling.loss_coupling_test(values, np.full(N, np.nan), rng(0)).p).all()
    assert np.isnan(loss_coupling.loss_coupling_test(values[:40], loss[:40], rng(0)).p).all()
    with pytest.raises(StudyError, match="must agree"):
        loss_coupling.loss_coupling_test(values, loss[:-1], rng(0))


def test_falling_share_against_all_rotations():
    critical_at = rng(0).random((60, 2)) < 0.2
    critical_at[:, 1] = False
    loss = rng(1).standard_normal(61).cumsum()
    share, base, p = loss_coupling.falling_share_test(critical_at, loss)
    falling = np.diff(loss) < 0
    rotations = [falling[np.roll(critical_at[:, 0], s)].mean() for s in range(60)]
    assert share[0] == pytest.approx(rotations[0])
    assert base == pytest.approx(falling.mean())
    assert p[0] == pytest.approx(np.mean(np.abs(np.array(rotations) - base) >= abs(share[0] - base) - 1e-12))
    assert np.isnan(share[1]) and np.isnan(p[1])
    share, _, p = loss_coupling.falling_share_test(falling[:, None], loss)
    assert share[0] == 1 and p[0] == pytest.approx(1 / 60)
    with pytest.raises(StudyError, match="finite loss of length T"):
        loss_coupling.falling_share_test(critical_at, np.full(61, np.nan))
