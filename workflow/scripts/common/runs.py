"""Where the runs of a study lie, and one table read from all of them."""

from pathlib import Path

import pandas as pd


def run_folder(root: Path, experiment: str, seed: int) -> Path:
    return root / experiment / f"seed{seed}"


def run_folders(root: Path, sheet: Path, seeds: int) -> list[Path]:
    """The folder of every run, experiments in the order of the sample sheet."""
    experiments = pd.read_csv(sheet, sep="\t", comment="#")["experiment"]
    return [run_folder(root, experiment, seed) for experiment in experiments for seed in range(seeds)]


def read_runs(root: Path, experiments: pd.DataFrame, name: str, columns: list[str]) -> pd.DataFrame:
    """One table of every run, with columns experiment and seed in front."""
    tables = [pd.DataFrame(columns=["experiment", "seed", *columns])] if experiments.empty else []
    for experiment, seed in zip(experiments["experiment"], experiments["seed"], strict=True):
        table = pd.read_parquet(run_folder(root, experiment, seed) / name, columns=columns)
        table.insert(0, "experiment", experiment)
        table.insert(1, "seed", seed)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
