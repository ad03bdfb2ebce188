"""The published logs: bad ones are refused, and the good ones give every published number digit for digit."""

import copy
import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
import yaml

from audit_logs import read_checkpoints
from helpers.project import ROOT
from repdyn.audit import columns, picks, timing
from repdyn.audit import ledger as ledger_table
from repdyn.audit import runs as audit_runs
from repdyn.audit.checkpoints import filter_cosines
from repdyn.audit.claims import c08, c10, c14
from repdyn.audit.definitions import AS_PUBLISHED, REPAIRED, column_of, zscored
from repdyn.audit.published_logs import natural_order, parse_log, read_checksums, verify
from repdyn.errors import StudyError

CLAIMS = yaml.safe_load((ROOT / "config/claims.yaml").read_text())
FOLDER = Path(os.environ.get("REPDYN_PUBLISHED", ROOT.parent / "shared/published"))
CHECKSUMS = read_checksums((ROOT / "config/published_logs.sha256").read_text())
PUBLISHED = {
    (claim["id"], quantity): (printed["value"], printed["decimals"], claim["derivable"])
    for claim in CLAIMS["claims"]
    for quantity, printed in claim["published"].items()
}


# --- A log in the published format, made here ---


def metrics(singular: np.ndarray) -> dict:
    """What the published code logs for singular values s (its stable rank is the degenerate one)."""
    energy = (singular**2).sum()
    return {
        "stable_rank": energy / (energy + 1e-10),
        "participation_ratio": singular.sum() ** 2 / energy,
        "effective_rank_90": float((np.cumsum(singular**2) / energy < 0.9).sum() + 1),
        "nuclear_norm_ratio": singular.sum() / singular[0],
    }


SPECTRUM = np.array([4.0, 2.0, 2.0, 1.0])
LOG = {
    "arch_name": "mlp_narrow",
    "dataset_name": "mnist",
    "num_steps": 2000,
    "measurement_interval": 5,
    "final_accuracy": 0.9,
    "elapsed_time": 12.5,
    "architecture_params": {"num_params": 1234},
    "measurements": [
        {
            "step": step,
            "epoch": 1,
            "loss": 2.0,
            "grad_norm": 1.0,
            "layer_metrics": {name: metrics(SPECTRUM) for name in ("network.10", "network.2")},
        }
        for step in range(0, 2000, 5)
    ],
}


@pytest.fixture
def log() -> dict:
    return copy.deepcopy(LOG)


def test_log_becomes_our_trajectory_format(log):
    trajectory, training, facts = parse_log(json.dumps(log))
    assert list(trajectory.columns[:3]) == ["step", "layer", "depth"]
    assert trajectory["layer"].tolist()[:2] == ["network.2", "network.10"]
    assert trajectory["depth"].tolist()[:2] == [0, 1]
    assert len(trajectory) == 800
    expected = ["step", "loss", "grad_norm", "weight_norm", "probe_loss", "probe_accuracy"]
    assert list(training.columns) == expected
    assert training["step"].tolist() == list(range(0, 2000, 5))
    assert facts["experiment"] == "mlp_narrow_mnist"
    assert facts["family"] == "mlp"
    assert facts["total_steps"] == 2000
    assert parse_log(json.dumps(log).encode())[0].equals(parse_log(log)[0])


def test_true_stable_rank_is_recovered_and_bounds_the_participation_ratio(log):
    row = parse_log(log)[0].iloc[0]
    assert row["stable_rank_uncentred"] == pytest.approx(25 / 16, rel=1e-12)
    assert row["rank_90_uncentred"] == 3  # 16, 20, 24 of 25
    assert row["nuclear_norm_ratio_uncentred"] == 9 / 4
    true_participation_ratio = 25**2 / (SPECTRUM**4).sum()
    assert row["stable_rank_uncentred"] <= true_participation_ratio <= row["published_participation_ratio"]
    assert "participation_ratio_uncentred" not in row and "stable_rank" not in row


def test_truncated_and_garbled_text():
    text = json.dumps(LOG)
    with pytest.raises(StudyError, match="not JSON"):
        parse_log(text[: len(text) // 2])
    with pytest.raises(StudyError, match="not JSON"):
        parse_log(b"\x1f\x8b\x08")
    with pytest.raises(StudyError, match="JSON object"):
        parse_log("[]")


def drop_last(log):
    log["measurements"].pop()


def drop_middle(log):
    del log["measurements"][200]


def repeat_step(log):
    log["measurements"][3]["step"] = 10


def shift_step(log):
    log["measurements"][3]["step"] = 16


def nan_metric(log):
    log["measurements"][7]["layer_metrics"]["network.2"]["stable_rank"] = float("nan")


def failed_metric(log):
    log["measurements"][7]["layer_metrics"]["network.2"]["participation_ratio"] = 0.0


def text_metric(log):
    log["measurements"][7]["layer_metrics"]["network.2"]["nuclear_norm_ratio"] = "2.0"


def missing_metric(log):
    del log["measurements"][7]["layer_metrics"]["network.2"]["stable_rank"]


def missing_layer(log):
    del log["measurements"][7]["layer_metrics"]["network.2"]


def infinite_loss(log):
    log["measurements"][9]["loss"] = float("inf")


def other_interval(log):
    log["measurement_interval"] = 10


def other_family(log):
    log["arch_name"] = "resnet18"


def no_measurements(log):
    del log["measurements"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (drop_last, "expected 400 measurements, found 399"),
        (drop_middle, "expected 400 measurements, found 399"),
        (repeat_step, "step 10 is measured more than once"),
        (shift_step, "expected a measurement at step 15, found step 16"),
        (nan_metric, "stable_rank at step 35 must be a valid number, found nan"),
        (failed_metric, "participation_ratio at step 35 must be a valid number, found 0.0"),
        (text_metric, "nuclear_norm_ratio at step 35 must be a valid number, found '2.0'"),
        (missing_metric, "network.2: no entry 'stable_rank'"),
        (missing_layer, "layers at step 35 differ from step 0: network.2"),
        (infinite_loss, "loss at step 45 must be a valid number, found inf"),
        (other_interval, "expected 2000 steps measured every 5, found 2000 every 10"),
        (other_family, "must be one of mlp, cnn, transformer, found 'resnet18'"),
        (no_measurements, "no entry 'measurements'"),
    ],
)
def test_damaged_logs_are_refused(log, damage, message):
    damage(log)
    with pytest.raises(StudyError, match=message):
        parse_log(log)


def test_tampered_bytes_are_refused():
    data = json.dumps(LOG).encode()
    digest = "3b5d5c3712955042212316173ccf37be800f7fd3a1d6c0a7d5f1f9d3f6a0a111"
    with pytest.raises(StudyError, match="run.json: checksum .* is not the recorded 3b5d5c371295"):
        verify(data, digest, "run.json")
    verify(b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "empty")


def test_checksum_file_lists_the_55_logs():
    assert len(CHECKSUMS) == 55
    with pytest.raises(StudyError, match="expected '<sha256>  <name>'"):
        read_checksums("abc  run.json\n")


def test_natural_order():
    ordered = ["input_proj", "transformer.layers.9.linear1", "transformer.layers.9.linear2"]
    ordered += ["transformer.layers.10.linear1", "fc"]
    assert natural_order(sorted(ordered)) == ordered


# --- The 55 published logs ---


@pytest.fixture(scope="module")
def texts() -> dict[str, bytes]:
    folder = FOLDER
    files = sorted((folder / "trajectories").glob("*.json.gz"))
    if not files:
        pytest.skip(f"no published logs in {folder} (set REPDYN_PUBLISHED)")
    return {path.name.removesuffix(".gz"): gzip.decompress(path.read_bytes()) for path in files}


@pytest.fixture(scope="module")
def logs(texts) -> dict[str, tuple]:
    return {name.removesuffix(".json"): parse_log(data) for name, data in texts.items()}


@pytest.fixture(scope="module")
def ledger(logs):
    checksums = read_checksums((ROOT / "config/published_checkpoints.sha256").read_text())
    filters = filter_cosines(read_checkpoints(FOLDER, checksums))
    return ledger_table.ledger(logs, filters).set_index(["claim", "quantity"])


@pytest.fixture(scope="module")
def runs(logs) -> list[audit_runs.Run]:
    return column_of(logs, AS_PUBLISHED).runs


@pytest.fixture(scope="module")
def jumps(runs):
    return zscored(runs, index_as_step=True)


def test_all_logs_are_the_published_ones(texts):
    assert texts.keys() == CHECKSUMS.keys()
    for name, data in texts.items():
        verify(data, CHECKSUMS[name], name)
    name, data = next(iter(texts.items()))
    with pytest.raises(StudyError, match="changed or cut off"):
        verify(data[:-1], CHECKSUMS[name], name)


def test_logged_layer_order_is_the_module_order(texts, logs):
    for name, data in texts.items():
        logged = list(json.loads(data)["measurements"][0]["layer_metrics"])
        trajectory, _, facts = logs[name.removesuffix(".json")]
        assert trajectory["layer"].tolist()[: len(logged)] == logged
        assert facts["experiment"] == name.removesuffix(".json")


def test_grid_and_accuracy_at_chance_on_text(logs):
    facts = [facts for *_, facts in logs.values()]
    families = [each["family"] for each in facts]
    assert [families.count(name) for name in ("mlp", "cnn", "transformer")] == [32, 9, 14]
    text = [each["final_accuracy"] for each in facts if each["dataset"] == "ag_news"]
    assert len(text) == 11
    assert f"{np.mean(text):.3f}" == "0.268"  # D09


def test_recovered_stable_rank_is_a_stable_rank(logs):
    for trajectory, _, _ in logs.values():
        rank = trajectory["stable_rank_uncentred"]
        assert (rank > 1 - 1e-6).all()
        assert (rank < trajectory["published_participation_ratio"] * (1 + 1e-6)).all()
        assert (trajectory["published_stable_rank"] - 1).abs().max() < 1e-7  # D01


@pytest.mark.parametrize(("claim", "quantity"), PUBLISHED)
def test_published_number_digit_for_digit(ledger, claim, quantity):
    value, decimals, derivable = PUBLISHED[claim, quantity]
    row = ledger.loc[(claim, quantity)]
    if derivable:
        assert f"{row['as_published']:.{decimals}f}" == f"{value:.{decimals}f}"
    else:
        assert np.isnan(row["as_published"])
        assert row["note_published"].startswith("not derivable: ")


def test_numbers_of_the_published_summaries(runs, jumps):
    """Numbers that the source's PHASE1_SUMMARY.md and PHASE2_SUMMARY.md print beyond the claims."""
    sizes = np.bincount(picks.five_types(jumps)).tolist()
    assert sorted(sizes) == sorted([2104, 13, 437, 6, 431])
    when = timing.later_timing(jumps["phase"])
    table = when.groupby([jumps["family"], when]).size()
    assert table["transformer"].to_dict() == {"": 97, "early": 1023, "mid": 478}
    assert table["cnn"].to_dict() == {"": 27, "early": 270}
    assert table["mlp"].to_dict() == {"": 128, "early": 948, "mid": 20}
    cnn, mlp = (jumps[jumps["run"] == name] for name in (audit_runs.CNN, audit_runs.MLP))
    assert cnn["layer"].value_counts().head(2).to_dict() == {"conv_layers.0": 23, "conv_layers.3": 14}
    assert mlp["layer"].value_counts().head(2).to_dict() == {"network.8": 5, "network.6": 4}
    assert (f"{cnn['phase'].mean():.3f}", f"{mlp['phase'].mean():.3f}") == ("0.014", "0.001")
    assert (f"{cnn['magnitude'].mean():.2e}", f"{mlp['magnitude'].mean():.2e}") == ("2.28e-13", "1.95e-13")
    coupling = dict(zip([run.name for run in runs], c08.loss_couplings(runs), strict=True))
    assert f"{coupling['mlp_narrow_mnist']:.2f}" == "0.94"


def test_the_five_picked_jumps_are_the_published_ones(jumps):
    picked = picks.picked_jumps(jumps, picks.five_types(jumps))
    by_kind = picked.groupby("kind")
    assert by_kind["before"].apply(sorted).to_dict() == {"early": [343, 367], "late": [395, 396], "mid": [111, 111]}
    assert f"{by_kind['phase'].mean()['early']:.3f}" == "0.177"
    assert f"{by_kind['phase'].mean()['late']:.3f}" == "0.198"
    fixed = picked.loc[picked["kind"] != "mid", "layer"].str.removeprefix("transformer.layers.")
    assert sorted(fixed) == ["2.linear2", "5.linear2", "5.linear2", "5.linear2"]


def test_claims_on_picked_jumps_under_every_draw(runs, jumps):
    """The unseeded draw decides only whether linear2 is 100 or 80 %."""
    types = picks.five_types(jumps)
    second = np.argsort(-np.bincount(types))[1]
    candidates = jumps[(types == second) & (jumps["run"] == audit_runs.TRANSFORMER)]
    run = audit_runs.run_named(runs, audit_runs.TRANSFORMER)
    assert len(candidates) == 58
    assert candidates["layer"].str.endswith("linear2").sum() == 47
    for index in candidates["before"].unique():
        picked = picks.picked_jumps(jumps, types, drawn=index)
        shares = c10.picked_percent(picked)
        assert shares["linear1_percent"] == 0
        assert 80 <= shares["linear2_percent"] <= 100
        assert c14.picked_percent(picked, run)["coordination_percent"] == 0
    with pytest.raises(StudyError, match="lacks the jumps"):
        picks.picked_jumps(jumps, types, drawn=-1)


def test_repaired_phase_and_dimension(logs, ledger):
    runs, jumps = column_of(logs, REPAIRED)[:2]
    assert all(run.evaluable.all() for run in runs)
    assert jumps["phase"].between(5 / 2000, 1995 / 2000).all()
    repaired = ledger["repaired"]
    assert repaired["C03", "late"] == repaired["C15", "late_jumps"] > 0
    assert repaired["C07", "mean"] == pytest.approx(0.1)  # D06: 40 of 400 by construction
    assert repaired["C06", "critical"] == pytest.approx(16_000 / 55)  # 40 for each of 400 layers
    assert repaired["C02", "total"] == 7025
    patterns = ("unclear", "bottom_up", "top_down", "simultaneous", "not_evaluable")
    assert sum(repaired["C01", name] for name in patterns) == 55


def test_ledger_names_all_claims_once(ledger):
    assert ledger.index.is_unique
    assert ledger.index.get_level_values("claim").unique().tolist() == [f"C{i:02d}" for i in range(1, 18)]
    empty = ledger["as_published"].isna() & ledger["repaired"].isna()
    assert (ledger.loc[empty, "note_published"] != "").all()


def test_audit_says_which_runs_it_lacks(logs):
    few = {name: log for name, log in logs.items() if name != audit_runs.MLP}
    with pytest.raises(StudyError, match="the audit needs the runs mlp_narrow_mnist"):
        columns.as_published(few)


def test_claims_file_covers_defects():
    assert [claim["id"] for claim in CLAIMS["claims"]] == [f"C{i:02d}" for i in range(1, 18)]
    assert list(CLAIMS["defects"]) == [f"D{i:02d}" for i in range(1, 17)]
    assert {d for claim in CLAIMS["claims"] for d in claim["defects"]} == set(CLAIMS["defects"])
    assert all("reason" in claim for claim in CLAIMS["claims"] if not claim["derivable"])
