"""Where the runs of a study lie."""

from pathlib import Path

import pandas as pd


def run_folder(root: Path, experiment: str, seed: int) -> Path:
    return root / experiment / f"seed{seed}"


def run_folders(root: Path, sheet: Path, seeds: int) -> list[Path]:
    """The folder of every run, experiments in the order of the sample sheet."""
    experiments = pd.read_csv(sheet, sep="\t", comment="#")["experiment"]
    return [run_folder(root, experiment, seed) for experiment in experiments for seed in range(seeds)]
