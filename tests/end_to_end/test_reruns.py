"""What reruns after an edit: the table in CONTRIBUTING.md, row by row, and modules beyond it."""

import os
import re
from contextlib import contextmanager

import pytest

from helpers.project import ROOT

MLPS, CNNS, TRANSFORMERS = 3, 2, 2
RUNS = MLPS + CNNS + TRANSFORMERS
SHEET = "tests/small/experiments.tsv"
LOCK = "envs/requirements.txt"
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@contextmanager
def changed(study, path, old=None, new="\n# edited\n"):
    """A file of the project with `old` replaced, or `new` added at its end; afterwards as it was."""
    file = study.folder / path
    text = file.read_text()
    assert old is None or text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times"
    file.write_text(text + new if old is None else text.replace(old, new))
    try:
        yield
    finally:
        file.write_text(text)


# The rows of that table by their first words: the file, what is replaced in it and by what.
EDITS = {
    "a detector": ("workflow/repdyn/detectors/levelshift.py",),
    "a metric": ("workflow/repdyn/spectrum.py",),
    "a measure": ("workflow/repdyn/measures/attention.py",),
    "a module that two stages use": ("workflow/repdyn/timeseries/jump_types.py",),
    "a figure of runs": ("workflow/repdyn/figures/run/heatmap/figure.py",),
    "a figure of the study": ("workflow/repdyn/figures/study/final_dimension/figure.py",),
    "a caption": ("workflow/repdyn/figures/run/filters/caption.rst",),
    "a row of the sample sheet, changed": (SHEET, "mlp_narrow-digits\tmlp_narrow\t", "mlp_narrow-digits\tmlp_medium\t"),
    "a row of the sample sheet, added": (SHEET, None, "mlp_medium-digits\tmlp_medium\tdigits\n"),
    "a row of the sample sheet, removed": (SHEET, "mlp_narrow-digits\tmlp_narrow\tdigits\n", ""),
    "a training parameter": ("tests/small/config.yaml", "training: {steps: 60}", "training: {steps: 62}"),
    "the pinned torch": (LOCK, "\ntorch==", "\ntorch==9."),
    "the pinned jinja2": (LOCK, "\nJinja2==", "\nJinja2==9."),
    "the pinned pytest": (LOCK, "\npytest==", "\npytest==9."),
}
CHANGED_ROWS = {"changed": {"mlp_narrow-digits"}, "added": {"mlp_medium-digits"}, "removed": set()}


def table() -> dict[str, tuple[str, str]]:
    """{edit: (what reruns, in the runs of)} of the table; what stands in brackets behind an edit is the file."""
    text = CONTRIBUTING.split("| edited | reruns | in the runs of |\n|---|---|---|\n")[1]
    rows = text.split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {re.sub(r" \(.*\)$", "", edit): (reruns, runs) for edit, reruns, runs in cells}


ROWS = table()


def rules_of(reruns: str, every: set[str]) -> set[str]:
    """The rules that a cell of the table names: `a`, `b`; or all but `a`, `b`; or nothing."""
    named = set(re.findall(r"`(\w+)`", reruns))
    assert named <= every, f"{named - every} are no rules of the study"
    if reruns == "nothing":
        return set()
    return every - named if reruns.startswith("all but ") else named


def runs_of(cell: str, edit: str, study) -> set[str]:
    """The experiments that a cell of the table names."""
    names = {line.split("\t")[0] for line in (study.folder / SHEET).read_text().splitlines()[1:]}
    known = {
        "all experiments": names,
        "none": set(),
        "transformers": {name for name in names if name.startswith("transformer")},
        "CNNs": {name for name in names if name.startswith("cnn")},
        "that row": CHANGED_ROWS.get(edit.rpartition(" ")[2]),
    }
    return known[cell]


@pytest.fixture(scope="module")
def every_rule(study):
    """The rules of a study from its data to its report."""
    done = study.snakemake("-n", "--forceall")
    assert done.returncode == 0, done.stderr
    return set(jobs(done.stdout + done.stderr)[0]) - {"all"}


def jobs(output: str) -> tuple[dict[str, int], set[str]]:
    """Jobs per rule, and the experiments that the messages of jobs name, as `snakemake -n` prints them."""
    if "Nothing to be done" in output:
        return {}, set()
    rows = output.split("Job stats:")[1].split("total")[0].splitlines()[3:]
    counts = {rule: int(count) for rule, count in (line.split() for line in rows if line.strip())}
    return counts, set(re.findall(r"^Job \d+: .* (\S+), seed \d+$", output, re.MULTILINE))


def planned(study) -> tuple[dict[str, int], set[str]]:
    done = study.snakemake("-n")
    assert done.returncode == 0, done.stdout + done.stderr
    return jobs(done.stdout + done.stderr)


def test_every_row_of_the_table_is_tried():
    assert list(ROWS) == list(EDITS)
    for edit, line in zip(ROWS, CONTRIBUTING.split("| edited |")[1].splitlines()[2:], strict=False):
        path = EDITS[edit][0]
        assert path.startswith("tests/small/") or path in line, f"the row {edit!r} does not name {path}"


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_reruns_what_the_table_says(study, every_rule, edit):
    reruns, runs = ROWS[edit]
    with changed(study, *EDITS[edit]):
        found, experiments = planned(study)
    assert set(found) - {"all"} == rules_of(reruns, every_rule)
    assert experiments == runs_of(runs, edit, study)
    own = {rule: count for rule, count in found.items() if rule in ("train", "phase1", "phase2", "heatmap", "run_page")}
    assert all(count == len(experiments) for count in own.values()), own


PAGE = {"report": 1, "all": 1}
PAGES = {"run_page": RUNS, **PAGE}
REPORT = {"integrated_report": 1}
DRAWN = {"timing_data": 1, "figure_timing": 1, "figure_coupling": 1, "figure_filter_change": 1}
CLAIMED = {"claim_numbers": 1, "verdict_errors": 1, "ledger": 1, **DRAWN}
TESTED = {**CLAIMED, "hypotheses": 1, "figure_hypotheses": 1, **REPORT}
INSIDE = {
    "phase2": RUNS, "figure_moments": RUNS, "figure_similarity": RUNS, "figure_filters": CNNS,
    "figure_attention": TRANSFORMERS, **TESTED, "figure_specialisation": 1, "figure_selectivity": 1, **PAGES,
}  # fmt: skip


# Counts of jobs: modules of one dataset or family, and of one stage each.
@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (
            "workflow/repdyn/detectors/validity.py",
            {"battery": 1, "validity": 1, "figure_validity": 1, **REPORT, **PAGE},
        ),
        ("workflow/repdyn/measures/subspace.py", INSIDE),
        ("workflow/repdyn/study/hypotheses.py", {**TESTED, **PAGE}),
        ("workflow/repdyn/study/findings/dips.py", {"findings": 1, "figure_findings": 1, **REPORT, **PAGE}),
        ("workflow/repdyn/figures/run/filters/figure.py", {"figure_filters": CNNS, "run_page": CNNS, **PAGE}),
        ("workflow/repdyn/figures/learning.py", {"figure_loss_curves": 1, "figure_accuracy_curves": 1, **PAGE}),
        ("workflow/repdyn/figures/registry.py", {**REPORT, **PAGES}),
        ("workflow/repdyn/report/index.py", PAGE),
        ("workflow/repdyn/report/templates/run.html.j2", PAGES),
        ("workflow/repdyn/figures/study/timing/caption.rst", PAGE),
        ("workflow/repdyn/figures/study/timing/figure.py", {"figure_timing": 1, **PAGE}),
        ("workflow/repdyn/figures/study/velocity/data.py", {"velocity_data": 1, "figure_velocity": 1, **PAGE}),
        ("workflow/repdyn/audit/claims/c07.py", {**CLAIMED, **REPORT, **PAGE}),
        ("workflow/repdyn/audit/verdict_errors.py", {"verdict_errors": 1, "ledger": 1, **REPORT, **PAGE}),
        ("workflow/repdyn/audit/verdicts.py", {"ledger": 1, **REPORT, **PAGE}),
    ],
)
def test_editing_a_module_reruns_the_stages_that_import_it(study, module, expected):
    with changed(study, module):
        assert planned(study)[0] == expected


def test_editing_one_dataset_reruns_the_runs_on_it(study):
    with changed(study, "workflow/repdyn/datasets/manifold.py"):
        found, experiments = planned(study)
    assert experiments == {"mlp_shallow_2-manifold"}
    assert found["dataset"] == found["train"] == found["phase2"] == 1 and "battery" not in found


def test_a_version_that_a_dataset_is_made_of_reruns_that_dataset(study):
    """Docstrings are those of pandas as installed; no import says so."""
    with changed(study, LOCK, "\nscikit-learn==", "\nscikit-learn==9."):
        done = study.snakemake("-n")
    made = set(re.findall(r"Preparing dataset (\w+)", done.stdout + done.stderr))
    assert made == {"digits", "docstrings", "photos"}


def test_the_settings_of_a_stage_rerun_that_stage(study):
    every = {"phase1": RUNS, "phase2": RUNS}
    for settings, stages in (
        ({"phase1": {"threshold": 3}}, every),
        ({"phase2": {"grid": [0, 0.05, 0.25, 0.5, 1]}}, {"phase2": RUNS}),
        ({"validity": {"draws": 6}}, {}),
        ({"training": {"learning_rate": 0.002}}, {"train": RUNS, **every}),
        ({"seeds": 2}, {"train": RUNS, **every}),
    ):
        found = study.planned(**settings)
        asked = {rule: count for rule, count in found.items() if rule in ("dataset", "train", *every)}
        assert asked == stages, settings
        assert ("battery" in found) == ("validity" in settings)


def test_a_seed_more_adds_four_jobs_a_run_and_pages_for_the_first_only(study):
    two, three, four = (study.planned(seeds=seeds, pages=2) for seeds in (2, 3, 4))
    assert two["run_page"] == RUNS
    for fewer, more in ((two, three), (three, four)):
        added = {rule: count - fewer[rule] for rule, count in more.items() if count != fewer[rule]}
        assert added == {"train": RUNS, "jumps": RUNS, "phase1": RUNS, "phase2": RUNS}


def test_touching_without_changing_reruns_nothing(study):
    for path in ("workflow/repdyn/spectrum.py", "workflow/scripts/train.py", SHEET, LOCK):
        os.utime(study.folder / path)
    assert planned(study) == ({}, set())


def test_losing_the_lists_of_code_reruns_nothing(study):
    for path in (study.folder / ".snakemake/code").iterdir():
        path.unlink()
    assert planned(study) == ({}, set())
