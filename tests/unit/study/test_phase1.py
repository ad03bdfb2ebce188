"""Phase 1 of a run and of all runs: planted truths are found, noise gives none, and what cannot be evaluated is counted."""

import numpy as np
import pandas as pd
import pytest
import yaml

from helpers.project import ROOT
from repdyn.detectors import scenarios
from repdyn.errors import StudyError
from repdyn.study import pooled
from repdyn.study.candidates import find_candidates
from repdyn.study.phase1 import Settings, analyse, simes

STEPS = np.arange(0, 2005, 5)
N = len(STEPS)
QUICK = Settings(surrogates=299)
KEY = ("planted", 0)


def smooth_noise(seed: int, layers: int) -> np.ndarray:
    """Independent settling curves with autocorrelated noise: (T, L)."""
    rng = np.random.default_rng(seed)
    tau = rng.uniform(20, 100, layers)
    noise = np.stack([scenarios.ar1_noise(rng) for _ in range(layers)], axis=1)
    return 100 + 40 * np.exp(-np.arange(N)[:, None] / tau) + noise


def frames(values: np.ndarray, loss: np.ndarray | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trajectory and training frames of values (T, L), at STEPS."""
    steps, layers = STEPS[: len(values)], values.shape[1]
    trajectory = pd.DataFrame(
        {
            "step": np.repeat(steps, layers),
            "layer": np.tile([f"hidden.{i}" for i in range(layers)], len(steps)),
            "depth": np.tile(np.arange(layers), len(steps)),
            "stable_rank": values.ravel(),
        }
    )
    if loss is None:
        loss = np.random.default_rng(99).standard_normal(len(steps)) + np.exp(-np.arange(len(steps)) / 50)
    return trajectory, pd.DataFrame({"step": steps, "probe_loss": loss})


def phase1(values: np.ndarray, loss: np.ndarray | None = None, settings: Settings = QUICK, key: tuple = KEY):
    trajectory, training = frames(values, loss)
    return analyse(trajectory, training, candidates(trajectory, settings, key), "stable_rank", key, 2000, settings)


def candidates(trajectory: pd.DataFrame, settings: Settings = QUICK, key: tuple = KEY) -> pd.DataFrame:
    """Those of the detector, all of them taken for jumps."""
    found = find_candidates(trajectory, "stable_rank", key, 2000, settings.level, settings.surrogates)
    return found.assign(jump=True)


def test_planted_jumps_are_found_where_they_are():
    values = smooth_noise(0, 5)
    values[101:, 1] += 15
    values[301:, 3] -= 15
    result = phase1(values)
    assert result.jumps["layer"].tolist() == ["hidden.1", "hidden.3"]
    assert (np.abs(result.jumps["step"] - [505, 1505]) <= 5).all()
    assert (result.jumps["p"] < 0.02).all()
    assert result.jumps["change"].to_numpy() == pytest.approx([15, -15], abs=4)
    assert (result.jumps["magnitude"] == result.jumps["change"].abs()).all()
    assert result.jumps["relative_magnitude"].between(0.1, 0.5).all()
    assert result.jumps["direction"].tolist() == ["increase", "decrease"]
    assert result.jumps["phase"].to_numpy() == pytest.approx(result.jumps["step"] / 2000)
    assert result.layers["jumps"].tolist() == [0, 1, 0, 1, 0]
    summary = result.summary
    assert (summary["jumps"], summary["early"], summary["middle"], summary["late"]) == (2, 0, 1, 1)
    assert (summary["layers_with_jumps"], summary["increases"], summary["jumps_per_layer"]) == (2, 1, 0.4)
    assert summary["jumps_per_1000"] == pytest.approx(1000 * 2 / 5 / 400)
    assert summary["z_jumps"] > 50 and summary["z_jumps_null_low"] > 50


def test_independent_noise_has_no_jumps_and_nothing_in_common():
    results = [phase1(smooth_noise(seed, 4), key=("noise", seed)).summary for seed in range(1, 6)]
    assert sum(summary["jumps"] for summary in results) <= 1
    for name in ("coordination_fine_p", "loss_correlation_p"):
        assert sum(summary[name] < 0.05 for summary in results) <= 1, name
    for summary in results:
        assert 0 <= summary["coordination_fine_ratio"] < 2
        assert summary["coordination_null_low"] <= summary["coordination_null"] <= summary["coordination_null_high"]
        assert summary["loss_correlation"] == pytest.approx(summary["loss_correlation_null"], abs=0.06)
        assert summary["z_jumps"] == pytest.approx(summary["z_jumps_null"], rel=0.25)  # D04


def test_shared_shocks_and_a_coupled_loss_are_found():
    rng = np.random.default_rng(3)
    change = rng.standard_normal((N, 4))
    shock = np.zeros(N)
    shock[rng.choice(N, 25, replace=False)] = 6
    loss = -(shock + rng.standard_normal(N)).cumsum()
    result = phase1((change + shock[:, None]).cumsum(axis=0), loss)
    summary = result.summary
    for name in ("coordination_p", "coordination_ratio_p", "coordination_fine_p", "loss_correlation_p"):
        assert summary[name] < 0.05, name
    assert summary["coordination_ratio"] > 1.5 and summary["coordination"] == 1
    assert summary["loss_coupled_layers"] == 4
    assert (result.layers["loss_lag"] == 0).all() and (result.layers["loss_correlation"] < -0.2).all()


def test_staggered_layers_settle_bottom_up():
    scales = np.array([40.0, 80, 120, 160, 200])
    summary = phase1(1 + 10 * np.exp(-STEPS[:, None] / scales)).summary
    assert summary["rho"] == pytest.approx(1) and summary["rho_p"] == pytest.approx(2 / 120)
    assert summary["pattern"] == "bottom-up"
    assert 0 < summary["settled_phase"] < 0.5


def test_layers_that_cannot_be_evaluated_are_counted_and_in_no_statistic():
    values = smooth_noise(0, 4)
    values[:, 1] = 3.0
    values[100, 2] = np.nan
    result = phase1(values)
    assert result.summary["layers_evaluable"] == result.summary["layers_searched"] == 2
    assert result.summary["layers_not_evaluable"] == 2
    assert result.layers["evaluable"].tolist() == [True, False, False, True]
    numbers = result.layers.drop(columns=["metric", "layer", "depth", "evaluable", "searched"])
    assert numbers[1:3].isna().all(axis=None) and numbers.iloc[[0, 3]].notna().all(axis=None)
    assert result.convergence.loc[1:2, ["stabilised_step", "settled_step"]].isna().all(axis=None)
    for table in (result.jumps, result.critical):
        assert not set(table["layer"]) & {"hidden.1", "hidden.2"}


@pytest.mark.parametrize("length", [1, 3, 25, 45, N])
def test_short_dead_and_diverged_runs_have_the_same_tables(length):
    whole = phase1(smooth_noise(0, 3))
    values = smooth_noise(0, 3)[:length] if length < N else np.full((N, 3), np.nan)
    result = phase1(values, np.full(length, np.nan))
    assert result.summary.keys() == whole.summary.keys()
    assert result.summary["measurements"] == length
    for found, expected in zip(result[:4], whole[:4], strict=True):
        assert found.columns.tolist() == expected.columns.tolist()
    assert result.jumps.empty and result.summary["layers_searched"] == 0
    assert np.isnan(result.summary["jumps_per_layer"]) and np.isnan(result.summary["loss_coupling"])
    joined = pd.concat([whole.jumps, result.jumps], ignore_index=True)
    assert len(joined) == len(whole.jumps)


def test_a_run_has_one_answer_and_its_own_surrogates():
    values = smooth_noise(0, 3)
    first, again, other = phase1(values), phase1(values), phase1(values, key=("another", 0))
    for left, right in zip(first[:4], again[:4], strict=True):
        pd.testing.assert_frame_equal(left, right)
    assert first.summary == again.summary
    assert first.summary["coordination_null"] != other.summary["coordination_null"]


def test_frames_that_do_not_belong_together_are_refused():
    trajectory, training = frames(smooth_noise(0, 2))
    with pytest.raises(StudyError, match="not measured at the same steps"):
        analyse(trajectory, training[1:], candidates(trajectory), "stable_rank", KEY, 2000, QUICK)
    with pytest.raises(StudyError, match="lacks layers at step 0"):
        analyse(trajectory[1:], training, candidates(trajectory), "stable_rank", KEY, 2000, QUICK)
    with pytest.raises(StudyError, match="6 layers at alpha 0.05 need 120 surrogates"):
        phase1(smooth_noise(0, 6), settings=QUICK._replace(surrogates=99))


def test_the_level_reaches_the_detector_the_counts_and_the_tables():
    values = smooth_noise(0, 1)
    values[101:, 0] += 3.2
    found = {level: phase1(values, settings=QUICK._replace(level=level)) for level in (0.05, 0.01)}
    (p,) = found[0.05].jumps["p"]
    assert 0.01 < p < 0.05 and found[0.01].jumps.empty
    for level, result in found.items():
        assert result.summary["level"] == result.summary["jumps_null"] == level
        assert result.summary["loss_coupled_layers"] == (result.layers["loss_q"] <= level).sum()


def test_the_defaults_are_those_of_the_configuration():
    configured = yaml.safe_load((ROOT / "config/config.yaml").read_text())["phase1"]
    assert Settings()._asdict() == {name: configured[name] for name in Settings._fields}


def test_simes():
    assert simes(np.array([0.01, 0.5, np.nan])) == pytest.approx(0.02)
    assert simes(np.array([0.04, 0.05])) == pytest.approx(0.05)
    assert np.isnan(simes(np.full(2, np.nan)))


# --- all runs ---


@pytest.fixture(scope="module")
def runs():
    """Two seeds of four experiments, one of them with a jump in layer 0; the last at chance."""
    rows = []
    for number, family in enumerate(["mlp", "mlp", "mlp", "cnn"]):
        for seed in range(2):
            values = smooth_noise(10 * number + seed, 3)
            if number == 1:
                values[201:, 0] += 20
            summary = phase1(values, key=(f"e{number}", seed)).summary
            run = {"experiment": f"e{number}", "seed": seed, "family": family, "excluded": number == 3}
            rows.append(run | summary)
    return pd.DataFrame(rows)


def pool(runs):
    again = [f"{kind}_again{null}" for kind in ("candidates", "jumps") for null in ("", "_null")]
    one_seed = runs.assign(**dict.fromkeys(again, np.nan))
    return pooled.pool(one_seed, np.random.default_rng(0)).set_index(["statistic", "family"])


def test_pooled_means_are_over_experiments_and_leave_out_what_did_not_learn(runs):
    table = pool(runs)
    assert len(table) == len(pooled.STATISTICS) * 3
    row = table.loc[("jumps per layer", "mlp")]
    per_experiment = runs[runs["family"] == "mlp"].groupby("experiment")["jumps_per_layer"].mean()
    assert row["value"] == pytest.approx(per_experiment.mean())
    assert row["low"] < row["value"] < row["high"]
    assert row["null_mean"] == pytest.approx(0.05 / 3)
    assert (row["runs"], row["excluded"]) == (6, 0)
    assert (table.loc[("jumps per layer", "all")][["runs", "excluded"]] == [6, 2]).all()
    nothing = table.loc[("jumps per layer", "cnn")]
    assert nothing["runs"] == 0 and nothing["excluded"] == 2 and np.isnan(nothing["value"])
    share = table.loc[("runs with a jump", "all")]
    assert share["value"] == pytest.approx((runs.loc[~runs["excluded"], "jumps"] > 0).mean())
    assert table.loc[("jumps that increase", "mlp"), "runs"] == (runs.loc[~runs["excluded"], "jumps"] > 0).sum()


def test_pooled_tests_are_corrected_over_runs(runs):
    runs = runs.assign(rho=0.5, rho_p=[0.001, 0.04, 0.9, 0.9, 0.9, 0.9, 0.001, 0.001])
    row = pool(runs).loc[("order of settling (rho)", "all")]
    assert row["significant"] == pytest.approx(1 / 6)  # 0.04 * 6 / 2 exceeds 0.05; excluded runs are no tests
    assert row["value"] == row["low"] == row["high"] == 0.5 and row["null_mean"] == 0


def test_pooled_tests_are_at_the_level_of_the_runs(runs):
    runs = runs.assign(rho=0.5, rho_p=0.03)
    for level, share in ((0.05, 1.0), (0.02, 0.0)):
        table = pool(runs.assign(level=level))
        assert table.loc[("order of settling (rho)", "all"), "significant"] == share
        for name in ("runs with a jump", "layers with critical periods", "layers coupled to the loss"):
            assert table.loc[(name, "mlp"), "null_mean"] == pytest.approx(level)


def jumps_frame(seed: int, centres: np.ndarray, count: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    at = rng.standard_normal((count, 3)) * 0.05 + centres[np.arange(count) % len(centres)]
    return pd.DataFrame({"phase": at[:, 0], "relative_magnitude": np.exp(at[:, 1]), "speed": np.exp(at[:, 2])})


def test_types_that_hang_on_single_jumps_are_not_called_types(monkeypatch):
    monkeypatch.setattr(pooled, "type_stability", lambda *_: 0.5)
    found = pooled.types_of_jumps(jumps_frame(0, np.array([[0.1, -1, -1], [0.8, -3, -2]])), np.random.default_rng(0))
    assert found["k"] == 2 and found["verdict"] == "2 clusters, not stable"


def test_types_of_jumps():
    two = pooled.types_of_jumps(jumps_frame(0, np.array([[0.1, -1, -1], [0.8, -3, -2]])), np.random.default_rng(0))
    assert two["k"] == 2 and two["sizes"] == [60, 60] and two["stability"] > 0.95 and two["verdict"] == "2 types"
    few = pooled.types_of_jumps(jumps_frame(0, np.zeros((1, 3)), 20), np.random.default_rng(0))
    assert few["k"] is None and few["verdict"] == "too few jumps" and few["jumps"] == 20
    none = pooled.types_of_jumps(jumps_frame(0, np.zeros((1, 3)), 0), np.random.default_rng(0))
    assert none["verdict"] == "too few jumps"
