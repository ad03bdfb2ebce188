"""The workflow as a module of another one, in another folder: as the Snakemake workflow catalogue deploys it."""

import subprocess
import sys

import pytest
import yaml

from helpers.project import ROOT, copy_project, environment

CONFIG = """{"experiments": "sheet.tsv", "training": {"steps": 20}, "tracking": {"every": 1, "spectrum_every": 20},
         "checkpoints": {"every": 10}, "phase1": {"window": 4, "surrogates": 99}, "phase2": {"window": 2}}"""
OUTER = """
module repdyn:
    snakefile:
        {snakefile}
    config:
        {config}
{prefix}

use rule * from repdyn as repdyn_*


rule mine:
    default_target: True
    input:
        "{below}results/runs/mlp_narrow-digits/seed0/phase1.json",
        "{below}results/study/experiments.parquet",
    output:
        "mine.txt",
    shell:
        "cat {{input[0]}} > {{output}}"
"""


@pytest.fixture
def outer(tmp_path):
    """A folder with a sample sheet, and a function that writes its Snakefile."""
    (tmp_path / "workflow").mkdir()
    (tmp_path / "sheet.tsv").write_text("experiment\tarchitecture\tdataset\nmlp_narrow-digits\tmlp_narrow\tdigits\n")

    def write(snakefile, prefix=""):
        stated = f'    prefix:\n        "{prefix}"\n' if prefix else ""
        below = f"{prefix}/" if prefix else ""
        text = OUTER.format(snakefile=snakefile, config=CONFIG, prefix=stated, below=below)
        (tmp_path / "workflow/Snakefile").write_text(text)
        return tmp_path

    return write


def snakemake(folder, *arguments):
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment())


def test_another_workflow_includes_it_with_a_prefix(outer):
    folder = outer(f'"{ROOT}/workflow/Snakefile"', "inner")
    done = snakemake(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"metrics"' in (folder / "mine.txt").read_text()
    assert {path.name for path in folder.iterdir()} == {".snakemake", "workflow", "sheet.tsv", "inner", "mine.txt"}
    done = snakemake(folder, "-n")
    assert "Nothing to be done" in done.stdout + done.stderr
    done = snakemake(folder, "-n", "repdyn_all")
    assert done.returncode == 0 and "repdyn_report" in done.stdout, done.stderr


def test_it_is_included_from_a_git_repository(outer, tmp_path_factory):
    repository = copy_project(tmp_path_factory.mktemp("repository"))
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "All"], ["tag", "v1.0"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    folder = outer(f'gitfile("{repository}", path="workflow/Snakefile", tag="v1.0")')
    done = snakemake(folder, "-n", "--quiet", "rules")
    assert done.returncode == 0 and "repdyn_phase1" in done.stdout + done.stderr, done.stderr
    (checked_out,) = (folder / ".snakemake/repdyn").iterdir()
    assert (checked_out / "workflow/scripts/train.py").read_bytes() == (ROOT / "workflow/scripts/train.py").read_bytes()


def test_it_stands_where_the_catalogue_looks():
    assert (ROOT / "workflow/Snakefile").is_file() and (ROOT / "config/README.md").is_file()
    shown = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())
    assert shown["usage"]["software-stack-deployment"]["conda"] is True


def test_snakemake_alone_makes_the_report_with_either_snakefile(project):
    assert project.planned()["all"] == 1
    done = project.snakemake("-n", "--snakefile", "workflow/Snakefile", "--quiet", "rules")
    assert done.returncode == 0 and "integrated_report" in done.stdout + done.stderr
