"""Surrogates keep what they promise to keep and destroy the rest."""

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from repdyn.errors import StudyError
from repdyn.timeseries.surrogates import (
    ORDER,
    ar_surrogates,
    autoregress,
    block_length,
    circular_shifts,
    fit_increments,
    levinson,
    smooth_basis,
    stationary_bootstrap,
    student_logpdf,
    tail_weight,
)


def ar1(seed: int, phi: float, n: int = 401) -> np.ndarray:
    return lfilter([1.0], [1.0, -phi], np.random.default_rng(seed).standard_normal(n + 100))[100:]


def autocorrelation(x: np.ndarray, lag: int) -> np.ndarray:
    x = x - x.mean(axis=-1, keepdims=True)
    return (x[..., lag:] * x[..., :-lag]).sum(axis=-1) / (x * x).sum(axis=-1)


def test_levinson_solves_the_yule_walker_equations():
    x = np.random.default_rng(0).standard_normal((5, 60)).cumsum(axis=1)
    covariance = np.stack([(x[:, k:] * x[:, : 60 - k]).sum(axis=1) for k in range(ORDER + 1)], axis=1)
    a, variance = levinson(covariance)
    for row, found, left in zip(covariance, a, variance, strict=True):
        solution = solve_toeplitz(row[:-1], row[1:])
        assert found[0] == 1
        assert found[1:] == pytest.approx(-solution)
        assert left == pytest.approx(row[0] - solution @ row[1:])


def test_fit_recovers_an_autoregression_and_its_scale():
    increments = 3 * np.stack([ar1(seed, 0.5) for seed in range(200)])
    model = fit_increments(increments)
    # The trend takes some of the slow variance with it: both estimates are a little low.
    assert model.ar[:, 1].mean() == pytest.approx(-0.5, abs=0.08)
    assert np.abs(model.ar[:, 2:].mean(axis=0)).max() < 0.08
    assert model.scale.mean() == pytest.approx(3 / np.sqrt(1 - 0.25), rel=0.08)


def test_one_large_increment_hardly_moves_the_fit():
    increments = np.random.default_rng(0).standard_normal((50, 400))
    shifted = increments.copy()
    shifted[:, 200] += 30
    before, after = fit_increments(increments), fit_increments(shifted)
    assert np.abs(after.trend - before.trend).max() < 1.0  # plain least squares: above 2
    assert (after.scale / before.scale).max() < 1.3
    assert np.abs(after.ar - before.ar).max() < 0.15


@pytest.mark.parametrize(("tau", "error"), [(1, 2e-3), (2, 1e-3), (5, 5e-4), (50, 1e-5)])
def test_the_trend_follows_exponentials(tau, error):
    increments = np.diff(np.exp(-np.arange(401) / tau))
    basis = smooth_basis(400)
    assert np.abs(increments - (increments @ basis) @ basis.T).max() < error


def test_tail_weight_tells_normal_from_heavy():
    rng = np.random.default_rng(0)
    normal = [tail_weight(rng.standard_normal(400)) for _ in range(40)]
    heavy = [tail_weight(5 * rng.standard_t(3, 400)) for _ in range(40)]
    assert np.median(normal) >= 20
    assert 2.5 <= np.median(heavy) <= 4
    contaminated = rng.standard_normal(400)
    contaminated[:4] = 1e6  # 1 %: only their number counts
    assert tail_weight(contaminated) >= 8


def test_ar_surrogates_keep_trend_scale_and_autocorrelation():
    time = np.arange(401)
    scale = 0.2 + 2 * np.exp(-time / 80)
    start, loudness, correlation = [], [], []
    for seed in range(20):
        values = 50 * np.exp(-time / 60) + np.cumsum(ar1(seed, 0.6) * scale)
        drawn = ar_surrogates(values, np.random.default_rng(seed), 50)
        assert drawn.shape == (50, 401)
        assert (drawn[:, 0] == values[0]).all()
        for x in (np.diff(drawn, axis=1), np.diff(values)[None]):
            start.append(x[:, :20].mean())
            loudness.append((x[:, 20:80].std(axis=1) / x[:, -80:].std(axis=1)).mean())
            correlation.append(autocorrelation(x[:, -200:], 1).mean())
    for kept, tolerance in ((start, 0.15), (loudness, 0.15), (correlation, 0.15)):
        assert np.mean(kept[0::2]) == pytest.approx(np.mean(kept[1::2]), rel=tolerance)


def test_ar_surrogates_are_seeded_and_checked():
    values = ar1(0, 0.9)
    first, again = (ar_surrogates(values, np.random.default_rng(7), 3) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, ar_surrogates(values, np.random.default_rng(8), 3))
    with pytest.raises(StudyError, match="more than 32 per series, found 19"):
        ar_surrogates(values[:20], np.random.default_rng(0), 3)
    with pytest.raises(StudyError, match="finite"):
        ar_surrogates(np.append(values, np.nan), np.random.default_rng(0), 3)


def test_block_length_grows_with_autocorrelation():
    short, long = (np.mean([block_length(ar1(s, phi)) for s in range(30)]) for phi in (0.0, 0.9))
    assert short < 6
    # For an AR(1) the optimum is (2 phi / (1 - phi^2))^(2/3) n^(1/3) (Politis & White 2004).
    assert long == pytest.approx((1.8 / 0.19) ** (2 / 3) * 401 ** (1 / 3), rel=0.4)
    assert block_length(np.ones(50)) == 1.0


def test_stationary_bootstrap_keeps_values_and_autocorrelation():
    x = ar1(3, 0.8)
    drawn = stationary_bootstrap(x, np.random.default_rng(0), 300)
    assert drawn.shape == (300, 401)
    assert np.isin(drawn, x).all()
    assert autocorrelation(drawn, 1).mean() == pytest.approx(autocorrelation(x, 1), abs=0.1)
    # Within a block the next value follows, around the end too; a block ends with probability 1 / length.
    successor = dict(zip(x, np.roll(x, -1), strict=True))
    kept = np.mean([successor[a] == b for row in drawn[:20] for a, b in zip(row, row[1:], strict=False)])
    assert kept == pytest.approx(1 - 1 / block_length(x), abs=0.02)
    independent = stationary_bootstrap(x, np.random.default_rng(0), 300, block=1)
    assert abs(autocorrelation(independent, 1).mean()) < 0.02


def test_stationary_bootstrap_has_the_variance_of_a_mean():
    # The long-run standard deviation of an AR(1) mean is 1 / (1 - phi) / sqrt n: what independent draws get wrong.
    spread = [
        stationary_bootstrap(ar1(s, 0.5, 2000), np.random.default_rng(s), 200).mean(axis=1).std() for s in range(10)
    ]
    assert np.mean(spread) == pytest.approx(2 / np.sqrt(2000), rel=0.15)


def test_circular_shifts_rotate_uniformly():
    x = np.arange(50)
    drawn = circular_shifts(x, np.random.default_rng(0), 4000, minimum=5)
    assert np.array_equal(np.sort(drawn, axis=1), np.tile(x, (4000, 1)))
    assert np.isin(np.diff(drawn, axis=1), (1, -49)).all()
    shift = (-drawn[:, 0]) % 50
    assert shift.min() == 5 and shift.max() == 45
    assert stats.chisquare(np.bincount(shift)[5:46]).pvalue > 0.001
    with pytest.raises(StudyError, match="shifts of at least 25"):
        circular_shifts(x, np.random.default_rng(0), 1, minimum=25)


def test_what_is_done_without_scipy_stats_is_what_scipy_gives():
    rng = np.random.default_rng(3)
    innovations, ar = rng.standard_normal((20, 90)), np.array([1, -0.5, 0.3, -0.1, 0.05])
    np.testing.assert_array_equal(autoregress(innovations, ar), lfilter([1.0], ar, innovations, axis=1))
    freedom = np.array([2.5, 8, 1e6])[:, None]
    values = 3 * rng.standard_normal((3, 50))
    np.testing.assert_array_equal(student_logpdf(values, freedom), stats.t.logpdf(values, freedom))
