"""Phase-1 statistics on series whose truth was planted."""

import numpy as np
import pandas as pd
import pytest

from repdyn.errors import StudyError
from repdyn.timeseries.convergence import convergence_order, convergence_pattern, settling_step, stabilisation_step
from repdyn.timeseries.critical_steps import coordination, critical_steps, loss_coupling, transition_steps
from repdyn.timeseries.jump_types import jump_types, standardise, type_sizes
from repdyn.timeseries.jumps import change_zscores, jump_counts, zscore_jumps
from repdyn.timeseries.series import as_columns, evaluable, layer_series, phase

STEPS = np.arange(0, 2005, 5)  # 401 measurements, the last at the end of a run of 2,000 steps


def trajectory(steps=(0, 5, 10), layers=("a", "b")) -> pd.DataFrame:
    rows = [(s, name, d, 10 * i + d) for i, s in enumerate(steps) for d, name in enumerate(layers)]
    return pd.DataFrame(rows, columns=["step", "layer", "depth", "stable_rank"])


def noise(columns: int, seed: int = 0) -> np.ndarray:
    return 5 + np.random.default_rng(seed).normal(size=(len(STEPS), columns))


# --- series ---


def test_layer_series_orders_rows_by_step_and_depth():
    shuffled = trajectory().sample(frac=1, random_state=1)
    steps, layers, values = layer_series(shuffled, "stable_rank")
    assert steps.tolist() == [0, 5, 10]
    assert layers == ["a", "b"]
    assert values.tolist() == [[0, 1], [10, 11], [20, 21]]
    assert values.dtype == np.float64


def test_layer_series_rejects_broken_trajectories():
    good = trajectory()
    with pytest.raises(StudyError, match="no column 'rank'"):
        layer_series(good, "rank")
    with pytest.raises(StudyError, match="no rows"):
        layer_series(good.iloc[:0], "stable_rank")
    with pytest.raises(StudyError, match="layer a at step 0 more than once"):
        layer_series(pd.concat([good, good.iloc[:1]]), "stable_rank")
    with pytest.raises(StudyError, match="lacks layers at step 5: 1 measured, 2 expected"):
        layer_series(good.drop(index=2), "stable_rank")
    with pytest.raises(StudyError, match="one depth"):
        layer_series(good.assign(depth=[0, 1, 0, 1, 1, 0]), "stable_rank")


def test_missing_and_repeated_steps_are_errors():
    values = np.arange(4.0)
    with pytest.raises(StudyError, match="missing after 5"):
        as_columns(np.array([0, 5, 15, 20]), values)
    with pytest.raises(StudyError, match="step 5 is repeated"):
        as_columns(np.array([0, 5, 5, 10]), values)
    with pytest.raises(StudyError, match=r"\(T,\) or \(T, L\)"):
        as_columns(np.array([0, 5, 10]), values)


def test_constant_nan_and_rounding_noise_are_not_evaluable():
    values = noise(4)
    values[:, 1] = 3.0
    values[7, 2] = np.nan
    values[:, 3] = 1 + 1e-12 * values[:, 3]  # what the published "stable rank" looks like
    assert evaluable(values).tolist() == [True, False, False, False]


def test_last_measurement_has_phase_one():
    assert phase(STEPS)[-1] == 1.0
    assert phase(STEPS)[0] == 0.0
    assert phase(np.arange(0, 2000, 5), total_steps=2000)[-1] == 0.9975  # the published runs stop at 1995
    with pytest.raises(StudyError, match=r"0\.\.1000"):
        phase(STEPS, total_steps=1000)


# --- jumps ---


def test_one_step_is_exactly_one_jump():
    values = np.where(STEPS < 1000, 2.0, 5.0)
    (jump,) = zscore_jumps(STEPS, values).to_dict("records")
    assert jump["before"] == 199
    assert jump["step"] == 1000
    assert jump["phase"] == 0.5
    assert jump["change"] == jump["magnitude"] == 3.0
    assert jump["direction"] == "increase"
    assert jump["speed"] == 3.0 / 5
    assert jump["z"] == pytest.approx(np.sqrt(399))  # one of 400 differences: (1 - 1/400) / sqrt(399) * 400


def test_jump_at_the_very_end_has_phase_one_and_a_cut_window():
    values = np.zeros((len(STEPS), 2))
    values[-1, 0] = -4.0
    values[1:, 1] = 6.0
    jumps = zscore_jumps(STEPS, values)
    assert jumps["layer"].tolist() == [0, 1]
    assert jumps["phase"].tolist() == [1.0, 5 / 2000]
    assert jumps["direction"].tolist() == ["decrease", "increase"]
    assert jumps["speed"].tolist() == [4.0 / 4, 6.0 / 3]  # 397..400 and 0..2


def test_threshold_is_strict_and_sides_are_both_seen():
    values = np.cumsum([0.0, 1, -1, 1, -1])  # differences +-1: every |z| is exactly 1
    steps = np.arange(5)
    assert len(zscore_jumps(steps, values, threshold=1.0)) == 0
    assert len(zscore_jumps(steps, values, threshold=0.999)) == 4


def test_zscores_do_not_depend_on_the_other_layers():
    values = 1 + 1e-12 * noise(6)  # the published magnitudes: every digit counts
    together = change_zscores(values)
    for layer in range(6):
        change = np.diff(values[:, layer])
        assert np.array_equal(together[:, layer], (change - change.mean()) / change.std())


def test_constant_layer_has_no_count_rather_than_zero():
    values = np.stack([np.ones(len(STEPS)), np.where(STEPS < 1000, 2.0, 5.0), STEPS + 0.0], axis=1)
    values[3, 2] = np.nan
    jumps = zscore_jumps(STEPS, values)
    counts = jump_counts(jumps, evaluable(values))
    assert np.array_equal(counts, [np.nan, 1, np.nan], equal_nan=True)


def test_z_above_two_fires_on_white_noise():
    # D04: P(|z| > 2) = 4.55 % whatever the noise; 200 series of 400 differences.
    rate = len(zscore_jumps(STEPS, noise(200))) / 200
    assert 17 < rate < 20


# --- convergence ---


def test_staggered_exponentials_are_bottom_up():
    scales = np.array([40.0, 80, 120, 160, 200])
    values = 1 + 10 * np.exp(-STEPS[:, None] / scales)
    for rule in (stabilisation_step, settling_step):
        when = rule(STEPS, values)
        assert (np.diff(when) > 0).all()
        rho, p = convergence_order(np.arange(5), when)
        assert rho == pytest.approx(1.0)
        assert convergence_pattern(rho, p) == "bottom-up"
        rho, p = convergence_order(np.arange(5), when[::-1])
        assert rho == pytest.approx(-1.0)
        assert convergence_pattern(rho, p) == "top-down"


def test_settling_step_is_where_an_exponential_says():
    # exp(-t / 100) < 0.1 for the first time at t = 230.26, measured every 5 steps; its end value is exp(-20).
    assert settling_step(STEPS, np.exp(-STEPS / 100), tolerance=0.1)[0] == 235
    assert settling_step(STEPS, np.where(STEPS < 1000, 2.0, 5.0))[0] == 1000


def test_stabilisation_step_is_the_start_of_the_first_quiet_window():
    values = np.where(STEPS < 1000, np.where(STEPS // 5 % 2, 1.0, 9.0), 5.0)  # std 4, then 0
    # std < 0.5 needs at most 0 of 20 alternating points: the window that starts with the plateau.
    assert stabilisation_step(STEPS, values, window=20, tolerance=0.1)[0] == 1000
    assert np.isnan(stabilisation_step(STEPS, values, window=250)[0])
    with pytest.raises(StudyError, match="window must be"):
        stabilisation_step(STEPS, values, window=500)


def test_constant_layers_have_no_convergence_time():
    values = np.stack([np.ones(len(STEPS)), np.exp(-STEPS / 100)], axis=1)
    for rule in (stabilisation_step, settling_step):
        assert np.isnan(rule(STEPS, values)).tolist() == [True, False]
    everything = np.ones(2, dtype=bool)  # the published definitions do evaluate constants: stable at once
    assert stabilisation_step(STEPS, values, evaluable=everything)[0] == 0


def test_convergence_order_without_an_order_is_not_evaluable():
    nan = np.nan
    for when in ([0.0, 0, 0, 0], [5.0, nan, nan, 10]):
        rho, p = convergence_order(np.arange(4), np.array(when))
        assert np.isnan(rho) and np.isnan(p)
        assert convergence_pattern(rho, p) == "not evaluable"


@pytest.mark.parametrize(
    ("rho", "p", "pattern"),
    [
        (0.7, 0.01, "bottom-up"),
        (-0.7, 0.01, "top-down"),
        (0.7, 0.2, "unclear"),
        (0.6, 0.01, "unclear"),
        (0.3, 0.5, "unclear"),
        (-0.29, 0.5, "simultaneous"),
    ],
)
def test_convergence_patterns_at_their_thresholds(rho, p, pattern):
    assert convergence_pattern(rho, p) == pattern


# --- critical steps ---


def test_top_decile_is_a_tenth_of_any_series():
    values = noise(7)
    assert critical_steps(values).sum(axis=0).tolist() == [40] * 7  # of 400 differences
    assert transition_steps(values).sum(axis=0).tolist() == [40] * 7  # of 399
    assert critical_steps(values).shape == (400, 7)
    assert transition_steps(values).shape == (399, 7)


def test_constant_layers_are_never_critical_and_not_counted():
    values = noise(3)
    values[:, 1] = 2.0
    critical = critical_steps(values)
    assert critical.sum(axis=0).tolist() == [40, 0, 40]
    assert coordination(critical, evaluable(values)).mean() == pytest.approx(0.1)
    assert np.isnan(coordination(critical, np.zeros(3, dtype=bool))).all()
    assert np.isnan(loss_coupling(critical, np.linspace(2, 1, len(STEPS)))).tolist() == [False, True, False]


def test_shared_shocks_are_coordinated():
    shocks = np.zeros((400, 5))
    shocks[10::10] = 10.0  # 39 differences, shared by all layers
    values = np.cumsum(np.vstack([np.zeros((1, 5)), shocks + 0.01 * noise(5)[1:]]), axis=0)
    score = coordination(critical_steps(values))
    assert (score[10::10] == 1.0).all()
    assert score.mean() == pytest.approx(0.1)


def test_loss_coupling_is_the_share_of_falling_losses():
    critical = np.array([[True, False], [True, True], [False, False], [True, False]])
    loss = np.array([3.0, 2.0, 2.5, 1.0, 0.5])  # falls, rises, falls, falls
    assert loss_coupling(critical, loss).tolist() == [2 / 3, 0.0]
    with pytest.raises(StudyError, match="loss of length T"):
        loss_coupling(critical, loss[:-1])
    with pytest.raises(StudyError, match="not finite at measurement 2"):
        loss_coupling(critical, np.array([3.0, 2.0, np.nan, 1.0, 0.5]))


# --- jump types ---


def test_three_blobs_are_three_types():
    rng = np.random.default_rng(0)
    sizes = (50, 30, 20)
    truth = np.repeat(range(3), sizes)
    scale = np.array([1.0, 1e-12, 1e-9])  # features of very different magnitude
    features = (rng.normal(scale=0.05, size=(100, 3)) + np.eye(3)[truth]) * scale
    labels = jump_types(features, k=3)
    assert type_sizes(labels) == list(sizes)
    assert all(len(set(labels[truth == blob])) == 1 for blob in range(3))


def test_standardise_and_bad_features():
    scaled = standardise(np.array([[1.0, 7.0], [3.0, 7.0]]))
    assert scaled.tolist() == [[-1, 0], [1, 0]]
    with pytest.raises(StudyError, match="finite"):
        jump_types(np.array([[1.0, np.nan]]), k=1)
    with pytest.raises(StudyError, match=r"k must be 1\.\.2"):
        jump_types(np.ones((2, 3)), k=5)
