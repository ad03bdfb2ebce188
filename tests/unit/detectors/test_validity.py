"""The battery counts correctly, and its rule separates detectors that know their error from those that do not."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import toeplitz
from scipy.stats import binomtest, kurtosis, norm

from repdyn.detectors import detectors, levelshift, scenarios, validity
from repdyn.errors import StudyError

DRAWS = 12
DETECTORS = detectors(0.05)
QUICK = DETECTORS | {"levelshift": partial(levelshift.detect, alpha=0.05, surrogates=199)}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    real = [np.cumsum(np.random.default_rng(s).standard_normal(401)) for s in range(3)]
    return validity.battery(5, DRAWS, QUICK, [*real, np.ones(401)])


def value(table: pd.DataFrame, detector: str, scenario: str, column: str) -> float:
    (found,) = table[(table["detector"] == detector) & (table["scenario"] == scenario)][column]
    return found


def test_generators_are_what_they_are_called():
    rng = np.random.default_rng(0)
    ar = np.stack([scenarios.ar1_noise(rng) for _ in range(200)])
    assert ar.std() == pytest.approx(1, abs=0.03)
    assert (ar[:, 1:] * ar[:, :-1]).mean() == pytest.approx(0.8, abs=0.03)
    assert scenarios.white_noise(rng).shape == (401,)
    assert np.diff(scenarios.random_walk(rng, 20_000)).std() == pytest.approx(1, abs=0.03)
    assert kurtosis(np.diff(scenarios.heavy_walk(rng, 20_000))) > 1
    smooth = scenarios.NULLS["smooth exponential, no noise"](rng)
    ratio = np.diff(smooth)[1:50] / np.diff(smooth)[:49]
    assert np.ptp(ratio) < 1e-6 and 0 < ratio[0] < 1
    drift = scenarios.NULLS["smooth drift, no noise"](rng)
    assert np.abs(np.diff(drift)).max() < 20 * 2 * np.pi * 2 / 401 + 1e-9


def test_planted_steps_lie_where_they_are_said_to():
    planted = scenarios.plant(np.zeros(10), np.array([2, 5]), np.array([1.0, -3.0]))
    assert planted.tolist() == [0, 0, 0, 1, 1, 1, -2, -2, -2, -2]
    for seed in range(20):
        values, at, sizes = scenarios.several_steps(np.random.default_rng(seed))
        assert sorted(np.abs(sizes)) == sorted(scenarios.SEVERAL)
        assert at[0] >= scenarios.MARGIN and at[-1] < scenarios.LENGTH - scenarios.MARGIN
        assert np.diff(at).min() >= scenarios.SPACING
        assert values[at[0] + 1 : at[0] + 20].mean() - values[: at[0]].mean() == pytest.approx(sizes[0], abs=1.5)


def test_matching_is_one_to_one_and_nearest_first():
    distance, false = validity.match(np.array([10, 12, 50, 103]), np.array([11, 100, 200]))
    assert np.array_equal(distance, [1, 3, np.nan], equal_nan=True)
    assert false == 2  # 12 is a second report of the same step, 50 is nowhere near
    distance, false = validity.match(np.array([104]), np.array([100]))
    assert np.isnan(distance).all() and false == 1
    distance, false = validity.match(np.array([], dtype=int), np.array([100]))
    assert np.isnan(distance).all() and false == 0
    assert validity.match(np.array([1, 2]), np.array([]))[1] == 2


@pytest.mark.parametrize(("hits", "trials"), [(0, 20), (3, 20), (20, 20), (117, 200)])
def test_wilson_is_that_of_scipy(hits, trials):
    expected = binomtest(hits, trials).proportion_ci(method="wilson")
    assert validity.wilson(hits, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert np.isnan(validity.wilson(0, 0)).all()


def test_rate_intervals_cover_and_never_claim_certainty():
    rng = np.random.default_rng(0)
    assert validity.rate_interval(np.zeros(50), 400, rng) == (0.0, 0.0, 1000 * 3 / 20_000)
    covered = 0
    for _ in range(100):
        rate, low, high = validity.rate_interval(rng.poisson(2.0, size=60), 400, rng, 500)
        covered += low <= 5.0 <= high
        assert low <= rate <= high
    assert covered >= 87  # nominal 95


def test_the_battery_covers_every_scenario_for_every_detector(table):
    per_detector = table.groupby("detector").size()
    assert set(per_detector.index) == set(DETECTORS)
    steps = len(scenarios.STEPS) * len(validity.STEP_SIZES) + len(scenarios.EXTRA_STEPS)
    expected = len(scenarios.NULLS) + steps
    assert (per_detector == expected + 1 + len(scenarios.SEVERAL) + len(validity.REAL_SIZES)).all()
    assert (table["draws"] == DRAWS).all()
    planted = table["size"].notna()
    assert table.loc[planted, "recall"].between(0, 1).all()
    assert table.loc[~planted, "recall"].isna().all()
    for low, middle, high in (("recall_low", "recall", "recall_high"), ("false_low", "false_per_1000", "false_high")):
        known = table[middle].notna()
        assert (table.loc[known, low] <= table.loc[known, middle] + 1e-12).all()
        assert (table.loc[known, middle] <= table.loc[known, high] + 1e-12).all()


def test_the_published_detector_fires_on_everything(table):
    for null in ("white noise", "AR(1) noise", "random walk"):
        assert 40 < value(table, "zscore", null, "false_per_1000") < 50  # D04
        assert value(table, "zscore", null, "affected") == 1.0


def test_the_rule_passes_the_default_and_fails_the_others(table):
    verdicts = validity.verdicts(table).set_index("detector")
    assert verdicts["passes"].to_dict() == {
        "levelshift": True,
        "zscore": False,
        "robust_z": False,
        "changepoints": False,
        "cusum": False,
    }
    assert "random walk" in verdicts.loc["changepoints", "failed"]
    assert "smooth exponential" in verdicts.loc["robust_z", "failed"]
    assert verdicts.loc["levelshift", "failed"] == ""


def test_the_rule_at_its_thresholds(table):
    good = table[table["detector"] == "levelshift"].copy()
    limit = validity.MAXIMUM_FALSE / validity.per_series(1.0)
    good.loc[good["kind"] == "null", "false_low"] = limit
    for (scenario, size), least in validity.REQUIRED.items():
        good.loc[(good["scenario"] == scenario) & (good["size"] == size), "recall"] = least
    assert validity.verdicts(good)["passes"].all()
    good.loc[good["scenario"] == "random walk", "false_low"] += 1e-6
    assert validity.verdicts(good)["failed"].tolist() == ["random walk"]
    good.loc[(good["scenario"] == "step in AR(1) noise") & (good["size"] == 10), "recall"] = np.nan
    assert validity.verdicts(good)["failed"].tolist() == ["step in AR(1) noise, 10 sd; random walk"]
    with pytest.raises(StudyError, match="lacks white noise"):
        validity.verdicts(good[good["scenario"] != "white noise"])


def test_the_bound_is_the_power_of_the_likelihood_ratio_test():
    # A walk of unit increments: the increment itself, against the largest of 400.
    assert scenarios.best_recall(5.0, 1.0) == pytest.approx(norm.sf(norm.isf(0.05 / 400 / 2) - 5))
    assert 0.87 < scenarios.best_recall(5.0, 1.0) < 0.89
    # White noise: the difference of the means of 200 and 201 points.
    z = 0.3 * np.sqrt(200 * 201 / 401)
    assert scenarios.best_recall(0.3, 0.0) == pytest.approx(norm.sf(norm.isf(0.05 / 400 / 2) - z))
    # AR(1): generalised least squares, written out.
    covariance = toeplitz(0.8 ** np.arange(401)) / (1 - 0.64)
    design = np.stack([np.ones(401), np.arange(401) >= 200], axis=1)
    information = design.T @ np.linalg.solve(covariance, design)
    z = 1.0 / np.sqrt(np.linalg.inv(information)[1, 1])
    assert scenarios.best_recall(1.0, 0.8) == pytest.approx(norm.sf(norm.isf(0.05 / 400 / 2) - z), rel=1e-6)


def test_no_detector_finds_more_steps_in_a_walk_than_can_be_found(table):
    walks = table[(table["scenario"] == "step in random walk") & (table["detector"] == "levelshift")]
    assert (walks["recall_low"] <= walks["bound"] + 1e-9).all()
    assert walks.set_index("size").loc[10.0, "recall"] == 1


def test_draws_do_not_depend_on_which_detectors_run():
    one = validity.battery(5, 3, {"zscore": DETECTORS["zscore"]})
    two = validity.battery(5, 3, {"robust_z": DETECTORS["robust_z"], "zscore": DETECTORS["zscore"]})
    two = two[two["detector"] == "zscore"].reset_index(drop=True)
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(validity.battery(6, 3, {"zscore": DETECTORS["zscore"]}))


def test_a_detector_that_fires_everywhere_finds_nothing_in_real_series():
    real = [np.cumsum(np.random.default_rng(s).standard_normal(401)) for s in range(3)]
    everywhere = {"all": lambda values: np.arange(len(values) - 1), "none": lambda values: np.arange(0)}
    rows = pd.DataFrame(validity.planted_in_real(real, 0, 5, everywhere))
    assert (rows["recall"] == 0).all()
    with pytest.raises(StudyError, match="no real series"):
        validity.planted_in_real([np.ones(401)], 0, 5, everywhere)


def test_agreement_is_the_phi_coefficient():
    rng = np.random.default_rng(0)
    a, b = (np.sort(rng.choice(400, 40, replace=False)) for _ in range(2))
    found = {"a": [a, a], "b": [a, b], "shifted": [a + 1, a + 1], "silent": [a[:0], a[:0]]}
    exact = validity.agreement(found, [401, 401], tolerance=0)
    n11 = 40 + len(np.intersect1d(a, b))
    expected = (n11 * 800 - 80 * 80) / (80 * 720)  # both flag 80 of 800 points
    assert exact.loc["a", "b"] == pytest.approx(expected)
    assert exact.loc["a", "a"] == pytest.approx(1)
    assert exact.loc["silent"].isna().all() and exact["silent"].isna().all()
    assert exact.loc["a", "shifted"] < 0.2
    assert validity.agreement(found, [401, 401], tolerance=3).loc["a", "shifted"] > 0.7
    with pytest.raises(StudyError, match="1 series searched, 2 expected"):
        validity.agreement({"a": [a]}, [401, 401])


def test_agreement_as_a_table():
    found = {"a": [np.array([10])], "b": [np.array([11])], "silent": [np.array([], dtype=int)]}
    table = validity.agreement_pairs(found, [401]).set_index(["first", "second"])
    assert list(table.index) == [("a", "b"), ("a", "silent"), ("b", "silent")]
    assert table.loc[("a", "b"), "phi"] > 0.7 and table.loc[("a", "b"), "phi_exact"] < 0
    assert np.isnan(table.loc[("a", "silent"), "phi"])
    assert (table["series"] == 1).all() and (table["points"] == 400).all()
    nothing = validity.agreement_pairs({"a": [], "b": []}, [])
    assert nothing["phi"].isna().all() and nothing["series"].tolist() == [0]


def test_a_sample_of_measured_series_holds_only_what_can_be_searched():
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.standard_normal((401, 3)).cumsum(axis=0), np.ones(401), np.full(401, np.nan)])
    layers = values.shape[1]
    trajectory = pd.DataFrame(
        {
            "step": np.repeat(np.arange(401), layers),
            "layer": np.tile(list("abcde"), 401),
            "depth": np.tile(np.arange(layers), 401),
            "stable_rank": values.ravel(),
        }
    )
    found = validity.sample_series([trajectory], "stable_rank", 10, np.random.default_rng(0))
    assert len(found) == 3
    assert all(np.array_equal(series, values[:, i]) for i, series in enumerate(found))
    two = [validity.sample_series([trajectory], "stable_rank", 2, np.random.default_rng(1)) for _ in range(2)]
    assert len(two[0]) == 2 and all(np.array_equal(a, b) for a, b in zip(*two, strict=True))


def test_a_failed_detector_is_told_why(table):
    reasons = validity.verdicts(table).set_index("detector")["reason"]
    assert reasons["levelshift"] == ""
    assert "false jumps per series of random walk, at most 0.08 allowed" in reasons["zscore"]
    bad = table[table["detector"] == "levelshift"].copy()
    bad.loc[(bad["scenario"] == "step in AR(1) noise") & (bad["size"] == 10), "recall"] = 0.5
    reason = "finds 50% of steps in AR(1) noise of 10 standard deviations, needs 95%"
    assert validity.verdicts(bad)["reason"].tolist() == [reason]
