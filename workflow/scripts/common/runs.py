"""Where the runs of a study lie."""

from pathlib import Path

from dag.sheet import read_experiments


def run_folder(root: Path, experiment: str, seed: int) -> Path:
    return root / experiment / f"seed{seed}"


def run_folders(root: Path, sheet: Path, seeds: int) -> list[Path]:
    """The folder of every run, experiments in the order of the sample sheet."""
    return [run_folder(root, experiment, seed) for experiment in read_experiments(sheet) for seed in range(seeds)]
