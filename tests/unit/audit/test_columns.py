"""Nulls are quiet on null data, estimates find planted numbers, and the tables in git are those of the logs."""

import gzip
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from common.csv_tables import write_csv
from helpers.project import ROOT
from repdyn.audit import ledger
from repdyn.audit.claims import CLAIMS as CLAIMS_OF_OURS
from repdyn.audit.claims import c02, c03, c06, c07, c08, c09, c12, c13
from repdyn.audit.columns import deciding, nulls, ours, own_tables, quantities
from repdyn.audit.definitions import REPAIRED, Column, column
from repdyn.audit.draws import Draws
from repdyn.audit.jump_table import co_occurrence
from repdyn.audit.jumps import detected_table, zscore_table
from repdyn.audit.own import as_detected, own_run, own_runs
from repdyn.audit.published_logs import parse_log, read_checksums, verify
from repdyn.audit.run_statistics import computed
from repdyn.audit.run_table import phi
from repdyn.audit.runs import Run
from repdyn.roles import ATTENTION, HIDDEN

CLAIMS = yaml.safe_load((ROOT / "config/claims.yaml").read_text())
STEPS = np.arange(0, 2000, 5)
LEVEL = 0.05


def run(name: str, family: str, values: np.ndarray, seed: int, layers: list[str] | None = None, **facts) -> Run:
    """A run with the given series and a loss that is noise around a falling curve."""
    rng = np.random.default_rng(seed)
    loss = np.exp(-STEPS / 600) + 0.05 * rng.standard_normal(len(STEPS))
    layers = layers or [f"layer.{i}" for i in range(values.shape[1])]
    usable = np.ptp(values, axis=0) > 0
    return Run(name, family, STEPS, 2000, layers, values, usable, loss, **facts)


def walks(seed: int, layers: int = 4) -> np.ndarray:
    return 100 + np.cumsum(np.random.default_rng(seed).standard_normal((len(STEPS), layers)), axis=0)


NAMES = [("transformer_deep_mnist", "transformer"), ("cnn_deep_mnist", "cnn"), ("mlp_narrow_mnist", "mlp")]
NAMES += [(f"{family}_{i}", family) for i in range(3) for family in ("transformer", "cnn", "mlp")]


@pytest.fixture(scope="module")
def null_runs() -> list[Run]:
    """Random walks without jumps, layers and loss independent."""
    return [run(name, family, walks(seed), seed) for seed, (name, family) in enumerate(NAMES)]


@pytest.fixture(scope="module")
def null_column(null_runs) -> Column:
    return column(null_runs, REPAIRED)


@pytest.fixture(scope="module")
def null_table(null_column) -> pd.DataFrame:
    return nulls(Draws(null_column, 100)).set_index(["claim", "quantity"])


NONE = pd.DataFrame()


def found_in(runs: list[Run], *claims: str) -> dict:
    """Quantities of claims with intervals over runs; the jumps of |z| > 2 stand for those of the default detector too."""
    statistics = [computed(each, np.random.default_rng(0)) for each in runs]
    tables = own_tables(runs, statistics, zscore_table(runs), LEVEL, NONE, NONE)
    return {(name, key): found for name in claims for key, found in CLAIMS_OF_OURS[name].ours(tables).items()}


def test_nulls_contain_what_null_data_give(null_column, null_table):
    found = {("C02", "total"): c02.repaired(null_column)["total"], ("C08", "mean"): c08.repaired(null_column)["mean"]}
    found |= {("C03", name): value for name, value in c03.repaired(null_column).items() if name.endswith("percent")}
    found |= {("C09", name): value for name, value in c09.repaired(null_column).items()}
    found |= {("C13", name): value for name, value in c13.repaired(null_column).items()}
    found["C07", "strong_runs"] = c07.repaired(null_column)["strong_runs"]
    found["C12", "ratio_per_layer_all_runs"] = c12.repaired(null_column)["ratio_per_layer_all_runs"]
    inside = [
        null_table.loc[key, "null_low"] <= value <= null_table.loc[key, "null_high"] for key, value in found.items()
    ]
    # Seventeen ranges of 95 %: more than two outside has a chance of about 5 %.
    assert len(inside) == 17 and np.sum(np.logical_not(inside)) <= 2


def test_the_rule_fixes_the_number_of_critical_steps(null_column, null_table):
    for quantity in ("critical", "transitions", "critical_mlp"):
        row = null_table.loc["C06", quantity]
        assert row["null_low"] == row["null_mean"] == row["null_high"]
        assert row["null_mean"] == c06.repaired(null_column)[quantity]


def test_a_planted_effect_leaves_its_null(null_runs):
    shared = []
    for number, each in enumerate(null_runs):
        values = each.values.copy()
        at = np.random.default_rng(number).choice(np.arange(20, 390), 12, replace=False)
        for i in at:
            values[i:] += 25
        loss = each.loss.copy()
        for i in sorted(at):
            loss[i:] -= 1
        shared.append(each._replace(values=values, loss=loss))
    planted = column(shared, REPAIRED)
    drawn = Draws(planted, 100)
    (coupling,), (falls,) = c08.null(drawn).values(), c09.null(drawn).values()
    assert c08.repaired(planted)["mean"] > np.quantile(coupling["mean"], 0.975)
    assert c09.repaired(planted)["mid_percent"] > np.quantile(falls["mid_percent"], 0.975)
    found = found_in(shared, "C07", "C08")
    for key in (("C07", "coincidence_ratio"), ("C08", "excess")):
        assert found[key].estimate.low > found[key].reference


def test_statistics_of_null_runs_lie_at_their_references(null_runs):
    found = found_in(null_runs, "C01", "C03", "C04", "C06", "C07", "C08", "C09", "C13")
    for key in (
        ("C06", "bunching_ratio"),
        ("C07", "coincidence_ratio"),
        ("C08", "excess"),
        ("C01", "rho_depth_settling"),
        ("C03", "early_percent"),
        ("C04", "mean_phase_mlp"),
        ("C09", "mid_excess_percent"),
        ("C13", "late_excess"),
    ):
        estimate, reference, _ = found[key]
        half = (estimate.high - estimate.low) / 2
        assert abs(estimate.value - reference) < 2 * half


# --- Our own column ---


def tables(experiment: str, seed: int, family: str, jumps_at: list[int], **facts) -> tuple:
    """A run in the format of the workflow: every layer of noise, shifted by 50 noise units at the given measurements."""
    rng = np.random.default_rng(hash_of(experiment, seed))
    steps = np.arange(0, 2005, 5)
    names = {"transformer": ["embedding", "blocks.0.attention", "blocks.0", "output"]}.get(
        family, ["a", "b", "c", "output"]
    )
    values = 20 + 0.1 * rng.standard_normal((len(steps), 4))
    for at in jumps_at:
        values[at:, 1] += 5
    trajectory = pd.DataFrame(
        {
            "step": np.repeat(steps, 4),
            "layer": np.tile(names, len(steps)),
            "depth": np.tile(np.arange(4), len(steps)),
            "participation_ratio": values.ravel(),
        }
    )
    training = pd.DataFrame({"step": steps, "probe_loss": 2 - steps / 2000 + 0.01 * rng.standard_normal(len(steps))})
    facts = {"diverged_at": None, "at_chance": False} | facts
    architecture = experiment.split("-")[0]
    roles = {name: ATTENTION if family == "transformer" and place == 1 else HIDDEN for place, name in enumerate(names)}
    known = {"experiment": experiment, "seed": seed, "family": family, "architecture": architecture, "steps": 2000}
    known["dataset"] = experiment.split("-")[1]
    known["roles"] = roles
    return trajectory, training, known | facts


def hash_of(experiment: str, seed: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{experiment}{seed}".encode(), digest_size=4).digest(), "little")


PLAN = [
    *((f"transformer_deep-{i}", "transformer", [100, 300]) for i in range(4)),
    *((f"cnn_deep-{i}", "cnn", [20, 250, 350]) for i in range(4)),
    *((f"mlp_narrow-{i}", "mlp", [250]) for i in range(4)),
]


@pytest.fixture(scope="module")
def planned() -> list[Run]:
    return own_runs([tables(name, 0, family, at) for name, family, at in PLAN], "participation_ratio")[0]


@pytest.fixture(scope="module")
def searched(planned) -> pd.DataFrame:
    return detected_table(planned, LEVEL)


@pytest.fixture(scope="module")
def planted(planned, searched) -> pd.DataFrame:
    """Our column from the planted jumps alone; the false positives of the detector have tests of their own."""
    statistics = [computed(each, np.random.default_rng(0)) for each in planned]
    jumps = searched[searched["layer"] == 1]
    found = quantities(own_tables(planned, statistics, jumps, LEVEL, NONE, NONE))
    return ours(found).set_index(["claim", "quantity"])


def test_the_default_detector_finds_every_planted_jump(searched):
    found = searched[searched["layer"] == 1].groupby("run")["before"].agg(list)
    assert found.to_dict() == {f"{name}/seed0": [i - 1 for i in at] for name, _, at in PLAN}


def test_own_column_finds_what_was_planted(planted):
    row = planted.loc[("C02", "total_detected")]
    assert row["ours"] == 4 * (2 + 3 + 1) and row["ours_low"] < 24 < row["ours_high"] and row["runs"] == 12
    low, high = planted.loc[("C02", "cnn_detected"), ["ours_low", "ours_high"]]
    assert planted.loc[("C02", "cnn_detected"), "ours"] == 12 and 4 < low < 12 < high < 40  # as uncertain as counts are
    expected = {
        ("C03", "early_percent"): 100 * 4 / 24,
        ("C15", "late_percent"): 100 * 16 / 24,
        ("C04", "mean_phase_mlp"): 250 / 400,
        ("C04", "early_percent_cnn"): 100 / 3,
        ("C04", "early_percent_cnn_minus_transformer"): 100 / 3,
        ("C10", "attention_percent"): 100,
        ("C10", "attention_excess_percent"): 75,
        ("C11", "first_convolution_percent"): 0,
        ("C11", "first_convolution_excess_percent"): -25,
        ("C12", "ratio_per_layer_same_depth"): (12 + 0.5) / (4 + 0.5),
        ("C14", "together_percent_family"): 0,
    }
    found = {(claim, name): planted.loc[(claim, f"{name}_detected"), "ours"] for claim, name in expected}
    assert found == pytest.approx(expected)
    assert planted.loc[("C05", "types_found_detected"), "runs"] == 0  # 24 jumps are too few
    assert planted.loc[("C02", "total"), "ours"] > 100  # the published rule fires on noise


def test_phase_is_that_of_the_run():
    found = own_run(*tables("mlp_narrow-0", 0, "mlp", [250]), "participation_ratio")
    assert found.steps[-1] == found.total_steps == 2000
    assert zscore_table([found])["phase"].max() <= 1


def test_jumps_of_phase_1_stand_for_a_search(planned, searched, planted):
    chosen = searched[searched["layer"] == 1]
    stored = {
        each.name: part.assign(layer=np.array(each.layers)[part["layer"]])
        for each, part in ((run, chosen[chosen["run"] == run.name]) for run in planned)
    }
    pd.testing.assert_frame_equal(as_detected(stored, planned).reset_index(drop=True), chosen.reset_index(drop=True))


def test_bad_runs_are_left_out_and_counted():
    good = [tables(*PLAN[0][:1], 0, "transformer", [])]
    bad = [tables("mlp_wide-0", 0, "mlp", [], diverged_at=40), tables("mlp_wide-1", 0, "mlp", [], at_chance=True)]
    runs, excluded = own_runs(good + bad, "participation_ratio")
    assert [each.experiment for each in runs] == ["transformer_deep-0"]
    assert excluded == {"diverged": 1, "at chance": 1}
    assert ours({}).empty and deciding({}, {}).empty


def test_indicators_that_agree_correlate():
    assert phi(np.array([True, False, True]), np.array([True, False, True])) == pytest.approx(1)
    assert np.isnan(phi(np.ones(3, dtype=bool), np.array([True, False, True])))


def test_the_level_is_what_the_detector_declares(planned, searched):
    statistics = [computed(each, np.random.default_rng(0)) for each in planned]
    for level in (0.05, 0.01):
        found = c02.ours(own_tables(planned, statistics, searched, level, NONE, NONE))
        layers = sum(int(each.evaluable.sum()) for each in planned)
        assert found["total_detected"].reference == pytest.approx(level * layers)
        assert np.isnan(found["total"].reference)


def test_company_counts_other_layers_nearby():
    events = np.zeros((40, 3), dtype=bool)
    events[10, 0] = events[12, 1] = events[30, 2] = True
    assert co_occurrence(events) == pytest.approx(2 * 0.5)


# --- The tables in git ---


def test_the_tables_in_git_name_their_source():
    source = json.loads((ROOT / "data/published/source.json").read_text())
    assert source["commit"] == CLAIMS["source"]["commit"]
    checksums = (ROOT / "config/published_logs.sha256").read_bytes()
    assert source["checksums_sha256"] == hashlib.sha256(checksums).hexdigest()
    assert source["logs"] == len(read_checksums(checksums.decode()))
    for name in ("ledger.csv", "series.csv"):
        text = (ROOT / "data/published" / name).read_text()
        assert len(text) < 300_000 and "-0," not in text.replace("e-0", "")


def test_the_tables_in_git_are_those_of_the_logs(tmp_path):
    """Published, as published and repaired by |z| > 2, and the series; the whole audit is compared end to end."""
    folder = Path(os.environ.get("REPDYN_PUBLISHED", ROOT.parent / "shared/published"))
    files = sorted((folder / "trajectories").glob("*.json.gz"))
    if not files:
        pytest.skip(f"no published logs in {folder} (set REPDYN_PUBLISHED)")
    checksums = read_checksums((ROOT / "config/published_logs.sha256").read_text())
    logs = {}
    for path in files:
        data = gzip.decompress(path.read_bytes())
        verify(data, checksums[path.name.removesuffix(".gz")], path.name)
        logs[path.name.removesuffix(".json.gz")] = parse_log(data)
    write_csv(tmp_path / "series.csv", ledger.published_series(logs))
    assert (tmp_path / "series.csv").read_text() == (ROOT / "data/published/series.csv").read_text()
    stored = pd.read_csv(ROOT / "data/published/ledger.csv").set_index(["claim", "quantity"])
    now = ledger.ledger(logs).set_index(["claim", "quantity"])
    for side in ("as_published", "repaired"):
        known = now[side].dropna()
        np.testing.assert_allclose(stored.loc[known.index, side], known, rtol=1e-5, atol=1e-12)
    printed = ledger.printed(CLAIMS).set_index(["claim", "quantity"])["published"]
    np.testing.assert_array_equal(stored.loc[printed.index, "published"], printed)
    assert stored["published"].notna().sum() == len(printed)


def test_the_terminal_table_names_every_claim_within_its_width():
    stored = pd.read_csv(ROOT / "data/published/ledger.csv").fillna({"null": "", "note": ""})
    text = ledger.terminal(stored, CLAIMS)
    assert all(len(line) <= 140 for line in text.splitlines())
    for claim in CLAIMS["claims"]:
        assert f"\n{claim['id']}  {claim['claim']}" in text
        for quantity in claim["published"]:
            assert quantity in text
