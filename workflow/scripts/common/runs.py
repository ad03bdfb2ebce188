"""Where the runs of a study lie, and one table read from all of them."""

from pathlib import Path

import pandas as pd

from common.files import read_json
from repdyn.roles import with_roles


def run_folder(root: Path, experiment: str, seed: int) -> Path:
    return root / experiment / f"seed{seed}"


def run_folders(root: Path, sheet: Path, seeds: int) -> list[Path]:
    """The folder of every run, experiments in the order of the sample sheet."""
    experiments = pd.read_csv(sheet, sep="\t", comment="#")["experiment"]
    return [run_folder(root, experiment, seed) for experiment in experiments for seed in range(seeds)]


def read_runs(
    root: Path, experiments: pd.DataFrame, name: str, columns: list[str], roles: bool = False
) -> pd.DataFrame:
    """One table of every run, with columns experiment and seed in front, and the roles of its layers if asked for."""
    none = pd.DataFrame(columns=["experiment", "seed", *columns, *(["role"] if roles else [])])
    tables = [none] if experiments.empty else []
    for experiment, seed in zip(experiments["experiment"], experiments["seed"], strict=True):
        folder = run_folder(root, experiment, seed)
        table = pd.read_parquet(folder / name, columns=columns)
        if roles:
            table = with_roles(table, read_json(folder / "run.json")["roles"])
        table.insert(0, "experiment", experiment)
        table.insert(1, "seed", seed)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
