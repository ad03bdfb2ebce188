"""What the figures of all runs draw, against counts made by hand."""

import json

import numpy as np
import pandas as pd
import pytest

from common.files import write_json, write_parquet
from helpers.study_cases import (
    JUMPS,
    LAYERS,
    METRIC,
    TYPES,
    convergence_of,
    experiments_of,
    jumps_of,
    layers_of,
    numbers_of,
    statistics_of,
)
from repdyn.errors import StudyError
from repdyn.figures.phase_bins import counted, first_phase, phase_bins, phase_edges
from repdyn.figures.registry import STUDY
from repdyn.figures.study.deep_dive.data import deep_dive, layer_rates
from repdyn.figures.study.order.data import order, pattern_null, permuted_orders
from repdyn.figures.study.timing.data import SHOWN, timing, timing_null
from repdyn.figures.study.velocity.data import bin_indices, event_shares, motion, of_run, velocity_table
from repdyn.study.exclusion import learned


def facts_of(experiments: pd.DataFrame, jumps: dict = JUMPS) -> dict:
    statistics = statistics_of(sorted(set(experiments["family"])))
    return timing(experiments, statistics, TYPES, numbers_of(), jumps_of(jumps))


def test_edges_follow_the_first_measurement_and_hold_the_periods():
    assert phase_edges(0.0025).tolist() == [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]
    assert phase_edges(1 / 60)[0] == 0.01
    for first in (1e-4, 0.003, 0.07, 0.1, 0.2, 1.0):
        edges = phase_edges(first)
        assert edges[0] <= first and {0.1, 0.5, 1.0} <= set(edges) and (np.diff(edges) > 0).all()


def test_a_jump_at_a_boundary_lies_in_the_bin_of_its_period():
    edges = phase_edges(0.0025)
    # early is below 0.1; the middle holds 0.1 and 0.5; 1 is late.
    assert counted(np.array([0.0975, 0.1, 0.5, 0.5025, 1.0]), edges).tolist() == [0, 0, 0, 0, 1, 1, 1, 2]


def test_uniform_expectation_counts_measurements():
    runs = experiments_of()
    jumps = jumps_of()[lambda rows: rows["metric"] == METRIC]
    bins = phase_bins(jumps, runs, phase_edges(first_phase(runs)))
    assert bins["jumps"].tolist() == [1, 1, 3, 0, 0, 1, 1, 1]
    # 400 places: 1, 2, 6, 10, 20, then 0.1 ... 0.2475, 0.25 ... 0.5, 0.5025 ... 1
    assert bins["expected"].to_numpy() == pytest.approx(8 * np.array([1, 2, 6, 10, 20, 60, 101, 200]) / 400)
    assert (bins["expected_low"] <= bins["expected"]).all() and (bins["expected"] <= bins["expected_high"] + 0.2).all()
    assert bins["expected_high"].iloc[-1] == 7  # 97.5 % of a binomial of 8 at 0.5


def test_timing_counts_only_what_learned_and_the_headline_metric():
    experiments = experiments_of()
    experiments.loc[experiments["experiment"] == "transformer_0", "diverged_at"] = 100.0
    experiments.loc[experiments["experiment"] == "mlp_1", "at_chance"] = True
    facts = facts_of(experiments)
    totals = facts["totals"]
    assert (totals["runs"], totals["excluded"], totals["jumps"], totals["runs_with_jumps"]) == (8, 2, 6, 3)
    assert totals["z_jumps"] == 8 * 90 and totals["z_jumps_null"] == 8 * 95.5
    assert totals["jumps_null"] == pytest.approx(8 * 0.05)
    assert totals["median_phase"] == pytest.approx(np.median([0.0025, 0.005, 0.1, 0.02, 0.5, 0.02]))
    assert [row["jumps"] for row in facts["timing"]] == [4, 2, 0]
    assert sum(row["jumps"] for row in facts["bins"]) == len(facts["jumps"]) == 6
    assert facts["families"] == [
        {"family": "cnn", "runs": 4},
        {"family": "mlp", "runs": 2},
        {"family": "transformer", "runs": 2},
    ]


def test_statistics_are_passed_on_as_they_are():
    facts = facts_of(experiments_of())
    table = pd.DataFrame(facts["statistics"])
    expected = statistics_of(["cnn", "mlp", "transformer"])
    expected = expected[expected["statistic"].isin(SHOWN)][table.columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(table, expected)


def test_timing_without_a_jump_or_a_run_is_still_one():
    experiments = experiments_of({"mlp": [[], []]})
    facts = facts_of(experiments, {"mlp": [[], []]})
    assert facts["totals"]["jumps"] == 0 and np.isnan(facts["totals"]["median_phase"]) and facts["jumps"] == []
    assert all(row["jumps"] == 0 for row in facts["bins"] + facts["timing"])
    assert facts_of(experiments.assign(at_chance=True))["totals"] == {"runs": 0, "excluded": 2}
    assert facts_of(experiments_of({}), {})["totals"] == {"runs": 0, "excluded": 0}


def test_timing_null_is_that_of_uniform_placement():
    runs = pd.DataFrame({"jumps": [40, 60, 0], "early": 0, "middle": 0, "late": [40, 60, 0]})
    null = timing_null(runs).set_index("period")
    assert null["jumps"].tolist() == [0, 0, 100]
    for period, share in (("early", 0.1), ("middle", 0.4), ("late", 0.5)):
        half = 1.96 * np.sqrt(share * (1 - share) / 100)
        low, high = null.loc[period, ["null_low", "null_high"]]
        assert low == pytest.approx(share - half, abs=0.012) and high == pytest.approx(share + half, abs=0.012)
    assert timing_null(runs[runs["jumps"] == 0])["null_low"].isna().all()


def test_shares_of_jumps_are_the_numbers_of_the_claims():
    """One number of each, wherever it stands: C03's and C04's."""
    numbers = numbers_of().set_index("quantity")["ours"]
    shares = {(row["period"], row["family"]): row["value"] for row in facts_of(experiments_of())["shares"]}
    assert shares == {
        ("early", "all"): numbers["early_percent_detected"] / 100,
        ("middle", "all"): numbers["mid_percent_detected"] / 100,
        ("late", "all"): numbers["late_percent_detected"] / 100,
        **{("early", name): numbers[f"early_percent_{name}_detected"] / 100 for name in JUMPS},
    }


def test_order_counts_runs_by_pattern_and_family():
    experiments = experiments_of()
    facts = order(experiments, statistics_of(sorted(JUMPS)), convergence_of(experiments), np.random.default_rng(0))
    assert {(row["family"], row["pattern"]): row["runs"] for row in facts["patterns"]} == {
        ("mlp", "unclear"): 3, ("cnn", "unclear"): 4, ("transformer", "unclear"): 3
    }  # fmt: skip


def test_pattern_null_of_four_layers_can_only_be_unclear_or_simultaneous():
    times = np.array([5.0, 10.0, 20.0, 40.0])
    null = pattern_null([times] * 10, np.random.default_rng(0)).set_index("pattern")
    assert null.loc[["bottom-up", "top-down", "not evaluable"], "mean"].tolist() == [0, 0, 0]
    # Of the 24 orders of four layers 6 have |rho| < 0.3: rho = 0 in 2, |rho| = 0.2 in 4.
    assert null.loc["simultaneous", "mean"] == pytest.approx(10 * 6 / 24, abs=0.2)
    assert null["mean"].sum() == pytest.approx(10)


def test_pattern_null_of_many_layers_finds_an_order_at_its_error_rate():
    null = pattern_null([np.arange(16.0)] * 20, np.random.default_rng(1)).set_index("pattern")
    # |rho| > 0.6 of 16 layers has p < 0.014: less often than 5 %.
    assert 0.05 < null.loc["bottom-up", "mean"] < 0.3
    assert null.loc["bottom-up", "low"] == 0 and null.loc["bottom-up", "high"] <= 2


def test_permuted_orders_match_the_definition():
    from scipy.stats import spearmanr

    times = np.array([5.0, 5.0, np.nan, 10.0, 30.0])
    rho, p = permuted_orders(times, np.random.default_rng(0), 2000)
    assert set(np.round(rho, 6)) <= {round(spearmanr(range(4), order)[0], 6) for order in _orders([1, 1, 2, 3])} | {0.0}
    assert p.min() > 0 and p[np.abs(rho).argmax()] == pytest.approx((np.abs(rho) >= np.abs(rho).max() - 1e-9).mean())
    assert np.isnan(permuted_orders(np.full(5, 3.0), np.random.default_rng(0), 10)[0]).all()


def _orders(values: list) -> list:
    import itertools

    return list(itertools.permutations(values))


def test_layer_rates_are_jumps_per_run_of_networks_that_have_the_layer():
    runs = learned(experiments_of())
    layers = layers_of()
    layers = layers[~((layers["experiment"] == "mlp_2") & (layers["layer"] == "hidden.1"))]
    layers.loc[(layers["experiment"] == "mlp_1") & (layers["layer"] == "hidden.0"), "searched"] = False
    rates = layer_rates(layers, runs).set_index(["family", "layer"])
    assert rates.loc[("mlp", "hidden.1"), ["runs", "jumps", "rate"]].tolist() == [2, 1, 0.5]
    assert rates.loc[("mlp", "hidden.0"), ["runs", "jumps", "rate"]].tolist() == [2, 1, 0.5]
    assert rates.loc[("cnn", "hidden.0"), ["runs", "jumps", "rate"]].tolist() == [4, 2, 0.5]
    assert rates["null_mean"].to_numpy() == pytest.approx(0.01)  # 0.05 over five layers
    assert rates.loc[("mlp", "hidden.1"), ["low", "high"]].isna().all()  # two experiments carry no interval
    low, high = rates.loc[("cnn", "hidden.0"), ["low", "high"]]
    assert low == 0 < 0.5 < high
    order = rates.loc["cnn", "rate"].tolist()
    assert order == sorted(order, reverse=True)


def test_deep_dive_sums_to_the_jumps():
    facts = deep_dive(experiments_of(), jumps_of(), layers_of())
    assert {row["family"]: row["jumps"] for row in facts["families"]} == {"mlp": 4, "cnn": 3, "transformer": 1}
    bins = pd.DataFrame(facts["bins"])
    assert bins.groupby("family")["jumps"].sum().to_dict() == {"mlp": 4, "cnn": 3, "transformer": 1}
    assert bins.groupby("family")["expected"].sum().to_dict() == pytest.approx({"mlp": 4, "cnn": 3, "transformer": 1})
    assert pd.DataFrame(facts["positions"])["jumps"].sum() == 8
    assert deep_dive(experiments_of({}), jumps_of({}), layers_of({}))["families"] == []


def test_bins_of_velocity_hold_at_least_one_measurement_and_all_of_them():
    edges = bin_indices(401)
    assert edges[0] == 1 and edges[-1] == 401 and (np.diff(edges) >= 1).all()
    assert bin_indices(2).tolist() == [1, 2]


def test_motion_is_a_share_of_the_range():
    ramp = np.arange(11.0)
    values = np.stack([ramp, 100 * ramp, -(ramp**2)], axis=1)
    edges = np.array([1, 2, 5, 11])
    speed = motion(values, 1, edges)
    assert speed[:, :2] == pytest.approx(0.1)
    assert speed[:, 2] == pytest.approx([0.01, np.mean([3, 5, 7]) / 100, np.mean([9, 11, 13, 15, 17, 19]) / 100])
    acceleration = motion(values, 2, edges)
    assert np.isnan(acceleration[0]).all()  # no second difference at the first measurement
    assert acceleration[1:, 2] == pytest.approx(0.02) and acceleration[1:, :2] == pytest.approx(0, abs=1e-12)


def test_event_shares_stand_out_where_events_bunch_and_not_elsewhere():
    edges = np.array([1, 41, 401])
    flags = np.zeros((401, 3), dtype=bool)
    flags[1:41] = True
    observed, null = event_shares(flags, 1, edges, np.random.default_rng(0))
    assert observed.tolist() == [1, 0]
    assert null.shape == (1000, 2) and null.mean(axis=0) == pytest.approx([0.1, 0.1], abs=0.02)
    # A rotated run keeps its events: 40 of 400 steps in every surrogate.
    assert 40 * null[:, 0] + 360 * null[:, 1] == pytest.approx(40)
    even = np.zeros((401, 1), dtype=bool)
    even[1::10] = True
    observed, null = event_shares(even, 1, edges, np.random.default_rng(0))
    assert observed == pytest.approx([0.1, 0.1]) and np.ptp(null[:, 0]) == 0


def _run(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two layers, the second constant; critical steps at measurements 1 and 2 of the first."""
    steps = np.arange(0, 2005, 5)
    values = np.stack([np.exp(-steps / 100.0) + seed, np.ones(len(steps))], axis=1)
    trajectory = pd.DataFrame(
        {"step": np.repeat(steps, 2), "layer": ["hidden.0", "hidden.1"] * len(steps), "depth": [0, 1] * len(steps),
         METRIC: values.ravel()}
    )  # fmt: skip
    critical = pd.DataFrame({"layer": "hidden.0", "step": [5, 10], "kind": ["critical", "critical"]})
    return trajectory, critical


def test_velocity_table_leaves_out_what_is_not_evaluable_and_names_phases():
    edges = bin_indices(401)
    runs = pd.DataFrame({"experiment": ["a", "b", "c"], "family": "mlp"})
    found = [of_run(*_run(seed), METRIC, edges, np.random.default_rng(seed)) for seed in range(3)]
    table = velocity_table(runs, found, edges, 1 / 400)
    assert set(table["quantity"]) == {"velocity", "acceleration", "critical", "transition"}
    assert (table["layers"] == 3).all() and (table["runs"] == 3).all()
    events = table[table["quantity"] == "critical"]
    assert events["phase_low"].iloc[0] == 0.0025 and events["phase_high"].iloc[-1] == 1
    assert events["value"].tolist()[:3] == [1, 1, 0]
    width = (events["phase_high"] - events["phase_low"]) * 400
    width.iloc[-1] += 1  # the last bin holds phase 1 as well
    assert (events["value"] * width).sum() == pytest.approx(2)
    assert events["null_mean"].to_numpy() == pytest.approx(2 / 400, abs=0.004)
    speed = table[table["quantity"] == "velocity"]
    assert (speed["value"].diff().dropna() < 0).all()
    assert speed["value"].iloc[0] == pytest.approx((1 - np.exp(-0.05)) / (1 - np.exp(-20)))


def test_velocity_table_of_nothing_has_its_columns():
    edges = bin_indices(401)
    table = velocity_table(pd.DataFrame({"experiment": [], "family": []}), [], edges, 1 / 400)
    assert table.empty and "null_mean" in table
    constant = _run(0)[0].assign(**{METRIC: 1.0})
    assert of_run(constant, _run(0)[1], METRIC, edges, np.random.default_rng(0)) == {}
    with pytest.raises(StudyError, match="equally often"):
        of_run(*_run(0), METRIC, bin_indices(101), np.random.default_rng(0))


def test_scripts_write_equal_bytes_from_the_files_of_runs(tmp_path, monkeypatch):
    """Each data step on files as the workflow leaves them, twice."""
    import study_data

    experiments = experiments_of({"mlp": [[0.1], [], []]})
    found, layers, convergence = (
        jumps_of({"mlp": [[0.1], [], []]}),
        layers_of({"mlp": [[0.1], [], []]}),
        convergence_of(experiments),
    )
    tables = {"jumps": found, "layers": layers, "convergence": convergence}
    for number, name in enumerate(experiments["experiment"]):
        folder = tmp_path / "runs" / name / "seed0"
        folder.mkdir(parents=True)
        for stem, table in tables.items():
            own = table[table["experiment"] == name].drop(columns=["experiment", "seed"])
            write_parquet(folder / f"{stem}.parquet", own)
        trajectory, critical = _run(number)
        write_parquet(folder / "trajectory.parquet", trajectory)
        write_parquet(folder / "critical.parquet", critical.assign(metric=METRIC))
    write_parquet(tmp_path / "experiments.parquet", experiments)
    write_parquet(tmp_path / "statistics.parquet", statistics_of(["mlp"]))
    write_json(tmp_path / "jump_types.json", TYPES)
    monkeypatch.chdir(tmp_path)
    write_parquet(tmp_path / "claim_numbers.parquet", numbers_of())
    for name in ("order", "timing", "deep_dive", "velocity"):
        figure = STUDY[name]
        arguments = ["--figure", name, "--tables", *figure.tables, "--runs-root", "runs", "--of-runs", *figure.runs]
        arguments += ["--families", *figure.families, "--metric", METRIC, "--out", figure.data]
        written = []
        for _ in range(2):
            monkeypatch.setattr("sys.argv", ["step", *arguments])
            study_data.main()
            written.append((tmp_path / figure.data).read_bytes())
        assert written[0] == written[1]
    assert json.loads((tmp_path / "timing.json").read_text())["totals"]["jumps"] == 1
    assert pd.DataFrame(json.loads((tmp_path / "deep_dive.json").read_text())["positions"])["layer"].tolist() == LAYERS
    assert len(pd.read_parquet(tmp_path / "velocity.parquet"))
