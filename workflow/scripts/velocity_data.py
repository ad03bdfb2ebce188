"""Collect how fast the dimensions of all runs move, and where their critical steps fall."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from common.files import readable_errors, write_parquet
from common.runs import run_folder
from repdyn.figures.data.velocity import bin_indices, of_run, velocity_table
from repdyn.seeds import derive
from repdyn.study.exclusion import learned


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=Path, required=True)
    parser.add_argument("--runs-root", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="Parquet to write")
    arguments = parser.parse_args()
    runs = learned(pd.read_parquet(arguments.experiments))
    measurements = int(runs["measurements"].max()) if len(runs) else 2
    edges = bin_indices(measurements)
    found = []
    for run in runs.itertuples():
        folder = run_folder(arguments.runs_root, run.experiment, run.seed)
        trajectory = pd.read_parquet(folder / "trajectory.parquet", columns=["step", "layer", "depth", run.metric])
        critical = pd.read_parquet(folder / "critical.parquet")
        critical = critical[critical["metric"] == run.metric]
        rng = np.random.default_rng(derive(run.experiment, run.seed, "velocity"))
        found.append(of_run(trajectory, critical, run.metric, edges, rng))
    write_parquet(arguments.out, velocity_table(runs, found, edges, 1 / (measurements - 1)))


if __name__ == "__main__":
    with readable_errors():
        main()
