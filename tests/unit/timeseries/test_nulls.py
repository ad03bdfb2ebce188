"""Statistics with nulls: planted truths are found, and without any the p values are uniform."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from repdyn.detectors.scenarios import ar1_noise
from repdyn.errors import StudyError
from repdyn.statistics import intervals
from repdyn.statistics.fdr import benjamini_hochberg
from repdyn.timeseries import coordination, critical_steps, loss_coupling
from repdyn.timeseries.convergence import convergence_order_test, convergence_pattern, settling_step
from repdyn.timeseries.jump_types import choose_k, count_types, jump_features, jump_types, type_stability
from repdyn.timeseries.jumps import describe_jumps, jump_rates, tabulate_jumps, zscore_jumps

STEPS = np.arange(0, 2005, 5)
N = len(STEPS)


def rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def uniform(p: list[float]) -> float:
    """p value of the Kolmogorov-Smirnov test that p is uniform on [0, 1]."""
    return stats.kstest(p, "uniform").pvalue


# --- coordination ---


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


# --- loss coupling ---


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


# --- convergence order ---


def test_staggered_exponentials_are_bottom_up_with_an_exact_p():
    scales = np.array([40.0, 80, 120, 160, 200])
    when = settling_step(STEPS, 1 + 10 * np.exp(-STEPS[:, None] / scales))
    rho, p = convergence_order_test(np.arange(5), when, rng(0))
    assert rho == pytest.approx(1.0)
    assert p == pytest.approx(2 / 120)  # two of 5! orders are as extreme
    assert convergence_pattern(rho, p) == "bottom-up"
    assert convergence_order_test(np.arange(4), when[:4], rng(0))[1] == pytest.approx(2 / 24)


def test_convergence_order_agrees_with_scipys_permutation_test():
    depth, when = np.arange(9), rng(3).permutation(np.array([1.0, 2, 2, 3, 4, 5, 5, 6, 9]))
    rho, p = convergence_order_test(depth, when, rng(0), permutations=20_000)
    oracle = stats.permutation_test(
        (when,),
        lambda y: stats.spearmanr(depth, y).statistic,
        permutation_type="pairings",
        n_resamples=2000,
        rng=rng(1),
    )
    assert rho == pytest.approx(oracle.statistic)
    assert p == pytest.approx(oracle.pvalue, abs=0.04)


def test_random_orders_have_uniform_p():
    p = []
    for seed in range(200):
        r = rng(seed, 3)
        when = r.random(12)
        p.append(convergence_order_test(np.arange(12), when, r, permutations=300)[1])
    assert uniform(p) > 0.01


def test_convergence_order_of_too_few_layers_is_not_evaluable():
    nan = np.nan
    for when in ([5.0, nan, nan, 10], [3.0, 3, 3, 3], [nan] * 4):
        assert np.isnan(convergence_order_test(np.arange(4), np.array(when), rng(0))).all()


# --- critical periods ---


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


# --- jump types ---


def blobs(seed: int, centres: np.ndarray, n: int = 240) -> tuple[np.ndarray, np.ndarray]:
    truth = np.arange(n) % len(centres)
    return rng(seed).standard_normal((n, 3)) + centres[truth], truth


def test_one_blob_is_one_type():
    for seed, mixing in enumerate((np.eye(3), np.array([[1, 0.9, 0.5], [0, 0.5, 0.3], [0, 0, 0.2]]))):
        points = blobs(seed, np.zeros((1, 3)))[0] @ mixing
        types = choose_k(points, rng(seed), k_max=6)
        assert types.k == 1
        assert types.p > 0.05
    assert np.isnan(type_stability(points, 1, rng(0)))


def test_one_skewed_blob_is_one_type():
    """Exponential tails, as those of the sizes of jumps: with symmetric references alone there are several types."""
    found = [choose_k(rng(seed).standard_exponential((100, 3)), rng(seed), k_max=4).k for seed in range(3)]
    assert found == [1] * 3


def test_the_number_of_types_does_not_depend_on_the_order_of_jumps():
    points, _ = blobs(1, np.array([[0.2, 0, 0], [0.9, 9, 9]]), 100)
    phase, size, speed = points.T
    jumps = pd.DataFrame({"phase": phase, "relative_magnitude": np.exp(size), "speed": np.exp(speed)})
    one, features = count_types(jumps)
    other, again = count_types(jumps.sample(frac=1, random_state=0))
    assert one.k == other.k == 2 and np.array_equal(features, again) and features.shape == (100, 3)
    assert count_types(jumps[:0])[0].k == 0


def test_three_blobs_are_three_stable_types():
    points, truth = blobs(1, np.array([[0.0, 0, 0], [9, 0, 0], [0, 9, 9]]))
    types = choose_k(points, rng(0), k_max=6)
    assert types.k == 3
    assert types.p == pytest.approx(1 / 40)
    assert types.curve["k"].tolist() == [2, 3, 4, 5, 6]
    assert type_stability(points, 3, rng(0)) > 0.9
    assert type_stability(points, 5, rng(0)) < 0.9
    from sklearn.metrics import adjusted_rand_score

    assert adjusted_rand_score(truth, jump_types(points, 3)) > 0.9


def test_too_few_jumps_have_no_number_of_types():
    types = choose_k(blobs(0, np.zeros((1, 3)))[0][:20], rng(0))
    assert types.k == 0 and np.isnan(types.p) and types.curve.empty
    assert choose_k(np.ones((200, 3)), rng(0)).k == 0
    with pytest.raises(StudyError, match="finite"):
        choose_k(np.full((200, 3), np.nan), rng(0))


# --- jump tables ---


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


# --- false discovery, intervals ---


def test_benjamini_hochberg_leaves_out_what_was_not_tested():
    p = rng(0).random(40) ** 2
    with_gaps = np.insert(p, [0, 10], np.nan)
    assert benjamini_hochberg(with_gaps)[~np.isnan(with_gaps)] == pytest.approx(benjamini_hochberg(p))
    assert np.isnan(benjamini_hochberg(with_gaps)).sum() == 2
    assert benjamini_hochberg(np.array([])).size == 0
    for bad in ([1.2], [-0.1], [[0.5]]):
        with pytest.raises(StudyError, match="between 0 and 1"):
            benjamini_hochberg(np.array(bad))


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
