"""The small study through Snakemake: it finishes and a second run does nothing."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from common.files import read_json
from helpers.html_reader import Reader
from helpers.project import PLAN, environment
from repdyn.figures.registry import RUN
from repdyn.measures import MODULES
from repdyn.measures.table import COLUMNS
from repdyn.report.quantities import described, is_described
from repdyn.study.event_windows import steps_of
from repdyn.study.findings.answers import NOT_EVALUABLE, QUESTIONS, WORDS
from repdyn.study.hypotheses import VERDICTS

RUNS, CNNS, TRANSFORMERS = 7, 2, 2
RESULTS = "results/small"


def folders(study):
    return sorted(path.parent for path in (study.folder / RESULTS / "runs").glob("*/seed0/run.json"))


def test_every_run_leaves_the_same_files(study):
    expected = {
        "run.json", "trajectory.parquet", "training.parquet", "checkpoints.json", "provenance.json", "convergence.parquet",
        "layers.parquet", "jumps.parquet", "critical.parquet", "phase1.json", "checkpoints", "moments.json",
        "candidates.parquet", "candidate_steps.parquet", "measurements.parquet", "maps.safetensors",
        "phase2_provenance.json",
    }  # fmt: skip
    own = {"mlp": (), "cnn": ("filters",), "transformer": ("attention",)}
    assert len(folders(study)) == RUNS
    for folder in folders(study):
        family = json.loads((folder / "run.json").read_text())["family"]
        figures = ("heatmap", "moments", "similarity", *own[family])
        files = {f"{name}.{kind}" for name in figures for kind in ("png", "svg", "webp")}
        looked_into = {"toolkit"} if folder.parent.name == "mlp_narrow-digits" else set()
        assert {path.name for path in folder.iterdir()} == expected | files | looked_into
        names = sorted(path.name for path in (folder / "checkpoints").glob("step_*"))
        assert names == [f"step_{step:06d}.safetensors" for step in (0, 1, 2, 4, 8, 16, 20, 40, 60)]


def test_every_quantity_of_a_run_is_in_the_table_of_the_page(study):
    known = [quantity for module in MODULES for quantity in described("repdyn.measures", module).quantities]
    names = set()
    for folder in folders(study):
        names |= set(pd.read_parquet(folder / "measurements.parquet", columns=["quantity"])["quantity"])
    assert len(names) > 40 and [name for name in names if not is_described(name, known)] == []


def test_the_table_of_runs_matches_the_runs(study):
    table = pd.read_parquet(study.folder / RESULTS / "study/experiments.parquet").set_index("experiment")
    assert len(table) == RUNS
    for folder in folders(study):
        facts = json.loads((folder / "run.json").read_text())
        row = table.loc[facts["experiment"]]
        assert row["test_accuracy"] == facts["test_accuracy"]
        jumps = pd.read_parquet(folder / "jumps.parquet")
        assert row["jumps"] == (jumps["metric"] == "participation_ratio").sum()
        assert row["layers_searched"] == row["layers_evaluable"] == row["layers"]
        assert row["family"] == facts["family"] == facts["architecture"].split("_")[0]


def test_every_statistic_of_every_metric_stands_beside_its_null(study):
    folder = study.folder / RESULTS / "study"
    table = pd.read_parquet(folder / "statistics.parquet")
    assert set(table["metric"]) == {"participation_ratio", "stable_rank"}
    assert set(table["family"]) == {"mlp", "cnn", "transformer", "all"}
    per_family = table.groupby(["metric", "statistic"])[["runs", "excluded"]]
    for _, part in per_family:
        assert ((part["runs"] + part["excluded"]) <= RUNS).all()
    settled = table[table["statistic"] == "phase of settling"]
    assert settled["value"].dropna().between(0, 1).all()
    assert set(read_json(folder / "jump_types.json")) == {"participation_ratio", "stable_rank"}


def test_every_detector_has_a_verdict(study):
    folder = study.folder / RESULTS / "study"
    verdicts = pd.read_parquet(folder / "validity_verdicts.parquet").set_index("detector")
    assert list(verdicts.index) == ["levelshift", "zscore", "robust_z", "changepoints", "cusum"]
    assert not verdicts.loc["zscore", "passes"] and "random walk" in verdicts.loc["zscore", "reason"]
    table = pd.read_parquet(folder / "validity.parquet")
    real = table[table["scenario"] == "step in real trajectories"]
    assert len(real) == 2 * len(verdicts) and (real["series"] == 5).all()
    agreement = pd.read_parquet(folder / "agreement.parquet")
    assert len(agreement) == 10 and (agreement["series"] == 5).all()


def test_every_question_that_no_claim_asks_has_an_answer_or_what_is_missing(study):
    folder = study.folder / RESULTS
    table = pd.read_parquet(folder / "study/findings.parquet")
    assert set(table["finding"]) == set(QUESTIONS) and set(table["word"]) <= set(WORDS)
    assert (table.loc[table["word"] == NOT_EVALUABLE, "why"] != "").all()
    # 60 steps are too few measurements, and one seed is one.
    short = table[table["finding"].isin(["regrowth", "gradients"])]
    assert set(short["why"]) == {"too few measurements per run"}
    layers = pd.read_parquet(folder / "study/finding_layers.parquet")
    for (experiment, seed), rows in layers.groupby(["experiment", "seed"]):
        trajectory = pd.read_parquet(folder / f"runs/{experiment}/seed{seed}/trajectory.parquet")
        last = trajectory[trajectory["step"] == 60].set_index("layer")["participation_ratio"]
        assert rows["end"].tolist() == last[rows["layer"]].tolist()
    page = Reader((folder / "report/index.html").read_text(encoding="utf-8"))
    assert len(page.tables["finding-table"]) == 1 + len(table)


def test_every_run_has_a_page_that_the_report_links(study):
    folder = study.folder / RESULTS / "report"
    page = (folder / "index.html").read_text()
    for run in folders(study):
        name = f"runs/{run.parent.name}-seed0.html"
        assert f'href="{name}"' in page
        assert "../index.html" in (folder / name).read_text()


def test_the_page_says_what_every_job_before_it_cost(study):
    page = Reader((study.folder / RESULTS / "report/index.html").read_text(encoding="utf-8"))
    stages = {row[0]["text"]: [cell["text"] for cell in row[1:]] for row in page.tables["stage-table"][1:]}
    assert {"Data", "Training", "Phase 1", "Phase 2", "Audit", "Run figures", "Study figures", "Report"} <= set(stages)
    assert stages["Training"][0] == stages["Report"][0] == str(RUNS)
    assert all(jobs.isdigit() and "n/a" not in others for jobs, *others in stages.values()), stages


def test_measurements_of_every_family_have_one_shape_and_every_module(study):
    for folder in folders(study):
        facts = json.loads((folder / "run.json").read_text())
        planned = json.loads((folder / "moments.json").read_text())
        assert planned["grid"] == [0, 3, 30, 60]
        table = pd.read_parquet(folder / "measurements.parquet")
        assert list(table.columns) == ["experiment", "seed", *COLUMNS]
        assert set(table["step"]) == set(steps_of(planned))
        found = set(table["quantity"])
        own = {"mlp": "unit_mean_ablation", "cnn": "filter_overlap", "transformer": "attention_entropy"}
        for family, quantity in own.items():
            assert (quantity in found) == (facts["family"] == family)
        assert {"cka", "subspace_overlap", "weight_cosine", "zero_share", "class_separability"} <= found
        assert not table.duplicated(["step", "reference", "layer", "unit", "quantity"]).any()


def test_measured_on_the_test_split_the_last_step_is_that_of_training(study):
    for folder in folders(study):
        facts = json.loads((folder / "run.json").read_text())
        table = pd.read_parquet(folder / "measurements.parquet")
        last = table[(table["step"] == 60) & (table["quantity"] == "test_accuracy")]["value"].item()
        assert last == pytest.approx(facts["test_accuracy"], abs=1e-12)


def test_every_hypothesis_has_a_verdict_for_every_family(study):
    table = pd.read_parquet(study.folder / RESULTS / "study/hypotheses.parquet")
    assert table["id"].value_counts().to_dict() == {"H1": 1, "H2": 1, "H3": 1, "H4": 3, "H5": 3}
    assert set(table["verdict"]) <= set(VERDICTS) and table["reason"].str.len().min() > 20
    page = (study.folder / RESULTS / "report/index.html").read_text()
    assert all(verdict in page for verdict in table["verdict"])
    ledger = pd.read_parquet(study.folder / RESULTS / "study/ledger.parquet")
    cosine = ledger[ledger["quantity"] == "cosine_1000_2000_all_cnn"].iloc[0]
    assert cosine["runs"] <= CNNS and (cosine["runs"] == 0 or -1 <= cosine["ours"] <= 1)


def test_phase_2_refuses_a_run_of_other_settings(study, tmp_path):
    run = shutil.copytree(study.folder / RESULTS / "runs/mlp_narrow-digits/seed0", tmp_path / "run")
    training = {"steps": 60, "batch_size": 32, "learning_rate": 0.01}
    environ = {**environment(), "PYTHONPATH": str(study.folder / "workflow"), "OMP_NUM_THREADS": "1"}
    done = study.command(
        "workflow/scripts/phase2.py", "--run", str(run), "--data", f"{RESULTS}/data/digits.safetensors",
        "--experiment", "mlp_narrow-digits", "--seed", "0", "--checkpoint-every", "20",
        "--architecture", '{"family": "mlp", "hidden": [32, 32, 32, 32]}',
        "--training", json.dumps(training), *PLAN, environ=environ,
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "another configuration: training was" in done.stderr


def test_the_phase_of_the_last_measurement_is_one(study):
    trajectory = pd.read_parquet(folders(study)[0] / "trajectory.parquet")
    assert trajectory["step"].max() == 60
    jumps = pd.concat([pd.read_parquet(folder / "jumps.parquet") for folder in folders(study)])
    assert (jumps["phase"] == jumps["step"] / 60).all()


def test_a_second_run_does_nothing(study):
    assert study.planned() == {}


def test_snakemake_looks_for_ready_jobs_once_a_job(study):
    """Its own CPU time grows with how often it looks, and a look that nothing has changed for is for nothing."""
    made = [f"results/looked/data/{name}.safetensors" for name in ("digits", "glyphs", "docstrings", "photos")]
    done = study.snakemake(*made, "--verbose", "--cores", "1", "--config", "results=results/looked")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Resources before job selection") <= len(made) + 1


def test_the_slurm_profile_plans_where_no_number_of_cores_is_given(study):
    """What `snakemake --profile slurm` does first; with -n, Snakemake assumes one core and would not notice."""
    done = study.command(
        "-m", "snakemake", "--profile", "slurm", "--summary", "--configfile", "tests/small/config.yaml"
    )
    assert done.returncode == 0, done.stderr
    planned = [line.split("\t") for line in done.stdout.splitlines()[1:]]
    assert len(planned) > 100 and {row[-1] for row in planned} == {"no update"}


def test_snakemake_makes_its_own_report(study, tmp_path):
    """It carries every figure of every run and of the study with its caption and category, and the workflow's graph."""
    target = tmp_path / "report.zip"
    done = study.snakemake("toolkit", "--report", str(target))
    assert done.returncode == 0 and "(ERROR" not in done.stderr, done.stderr
    with zipfile.ZipFile(target) as packed:
        names = packed.namelist()
        page = next(packed.read(name).decode() for name in names if name.endswith("report.html"))
    figures = [path.name for path in (study.folder / RESULTS).rglob("*.webp")]
    assert sorted(Path(name).name for name in names if name.endswith(".webp")) == sorted(figures)
    assert all(
        word in page
        for word in (
            "Tables",
            "Study",
            "Runs",
            "Toolkit",
            "How often, when and by how much",
            "Filters of the first convolution",
        )
    )
    caption = (study.folder / "workflow/repdyn/figures/study/timing/caption.rst").read_text().split(".")[0]
    assert caption in page and "rulegraph" in page


def test_a_failed_experiment_leaves_a_report_that_names_it(study):
    blocked = study.folder / RESULTS / "runs/mlp_medium-digits/seed0/unfinished"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("a file where training wants a folder")
    page = study.folder / RESULTS / "report/index.html"
    with study.edit("tests/small/experiments.tsv", "mlp_medium-digits\tmlp_medium\tdigits\n"):
        done = study.snakemake("--keep-going")
        assert done.returncode == 1 and "add --config partial=True" in done.stderr
        done = study.snakemake("--config", "partial=True")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 experiment of the study did not finish" in page.read_text()
        report = json.loads((page.parent / "integrated_report.json").read_text())
        assert any("mlp_medium-digits" in text for text in report["metadata"]["missing"])
    shutil.rmtree(blocked.parents[1])
    assert study.snakemake().returncode == 0
    assert "did not finish" not in page.read_text() and study.planned() == {}


def test_one_family_alone_makes_a_whole_report(study):
    sheet = study.folder / "one_family.tsv"
    sheet.write_text("experiment\tarchitecture\tdataset\nmlp_narrow-digits\tmlp_narrow\tdigits\n")
    done = study.snakemake("--config", f"experiments={sheet.name}")
    assert done.returncode == 0, done.stdout + done.stderr
    page = (study.folder / RESULTS / "report/index.html").read_text()
    assert "This rests on 1 run of small networks" in page
    assert study.snakemake().returncode == 0 and study.planned() == {}


def test_bad_input_stops_before_any_job_in_one_paragraph(study):
    with study.edit("tests/small/experiments.tsv", "wrong\tcnn_deep\tdocstrings\n"):
        done = study.snakemake()
    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert "experiment 'wrong': a cnn (cnn_deep) cannot read text data (docstrings), only image." in output
    assert "Traceback" not in output and "rule " not in output


ARCHITECTURE = '{"family": "transformer", "width": 64, "heads": 4, "layers": 4}'
TRAIN = [
    "workflow/scripts/train.py", "--experiment", "transformer_narrow-glyphs", "--architecture-name", "transformer_narrow",
    "--architecture", ARCHITECTURE, "--seed", "0",
    "--training", '{"steps": 60, "batch_size": 32, "learning_rate": 0.001}',
    "--tracking", '{"every": 1, "spectrum_every": 20, "token_limit": 200}', "--checkpoint-every", "20",
    "--data", f"{RESULTS}/data/glyphs.safetensors",
]  # fmt: skip


def step(study, *command: str) -> None:
    """A step on the command line that must succeed."""
    settings = {**environment(), "PYTHONPATH": str(study.folder / "workflow"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *command], cwd=study.folder, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def draw(study, name: str, run: str) -> None:
    """A figure of the run in that folder."""
    files = [f"{run}/{file}" for file in RUN[name].files]
    step(study, "workflow/scripts/run_figure.py", "--figure", name, "--files", *files, "--out", f"{run}/{name}")


def test_a_run_that_diverges_is_recorded_and_every_later_step_copes(study):
    out = "results/diverged"
    training = '{"steps": 60, "batch_size": 32, "learning_rate": 1e30}'
    step(study, *[training if part.startswith('{"steps"') else part for part in TRAIN], "--out", out)
    facts = json.loads((study.folder / out / "run.json").read_text())
    assert facts["diverged_at"] == 1 and facts["flags"] == ["loss not finite at step 1"]
    settings = ["--threshold", "2", "--window", "4", "--tolerance", "0.1", "--quantile", "0.9", "--surrogates", "299"]
    settings += ["--level", "0.05"]
    run = [
        "--run", out, "--data", f"{RESULTS}/data/glyphs.safetensors", "--experiment", "transformer_narrow-glyphs", "--seed",
        "0", "--architecture", ARCHITECTURE, "--training", training, "--checkpoint-every", "20",
    ]  # fmt: skip
    searched = ["--metrics", "participation_ratio", "--level", "0.05", "--surrogates", "299", "--every", "1"]
    step(study, "workflow/scripts/jumps.py", *run, *searched, "--token-limit", "200")
    step(study, "workflow/scripts/phase1.py", "--run", out, "--metrics", "participation_ratio", *settings)
    summary = json.loads((study.folder / out / "phase1.json").read_text())
    assert summary["layers_evaluable"] == 0 and summary["jumps"] == 0 and summary["pattern"] == "not evaluable"
    draw(study, "heatmap", out)
    assert (study.folder / out / "heatmap.webp").stat().st_size > 1000
    step(study, "workflow/scripts/phase2.py", *run, *PLAN)
    assert json.loads((study.folder / out / "moments.json").read_text())["grid"] == [0]
    for name in ("moments", "similarity", "attention"):
        draw(study, name, out)
