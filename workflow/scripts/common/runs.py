"""Where the runs of a study lie."""

from pathlib import Path

from common.checksum import again
from common.files import read_json, require_held, sha256
from dag.sheet import read_experiments
from repdyn.errors import StudyError


def run_folder(root: Path, experiment: str, seed: int) -> Path:
    return root / experiment / f"seed{seed}"


def run_folders(root: Path, sheet: Path, seeds: int) -> list[Path]:
    """The folder of every run, experiments in the order of the sample sheet."""
    return [run_folder(root, experiment, seed) for experiment in read_experiments(sheet) for seed in range(seeds)]


def require_own(runs: list[Path]) -> None:
    """StudyError for a run that holds the files of another: copied by hand, their checksums are right."""
    found: dict[str, Path] = {}
    for run in runs:
        facts = read_json(run / "run.json")
        require_held(run / "run.json", facts, ("experiment", "seed"))
        if (facts["experiment"], f"seed{facts['seed']}") != run.parts[-2:]:
            raise StudyError(
                f"{run / 'run.json'} is that of {facts['experiment']}, seed {facts['seed']}: it was copied here."
                f" {again(run / 'run.json')}"
            )
        path = run / "trajectory.parquet"
        other = found.setdefault(sha256(path), path)
        if other != path:
            raise StudyError(
                f"{path} and {other} are the same file: one was copied. Delete both; the same command makes them again."
            )
