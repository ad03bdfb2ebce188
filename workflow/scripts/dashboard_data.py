"""Collect what the dashboard draws from the tables of all runs."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from common.files import read_json, readable_errors, write_json
from common.runs import read_runs
from repdyn.figures.data.dashboard import dashboard
from repdyn.seeds import derive


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=Path, required=True)
    parser.add_argument("--statistics", type=Path, required=True)
    parser.add_argument("--types", type=Path, required=True, help="study/jump_types.json")
    parser.add_argument("--runs-root", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="JSON to write")
    arguments = parser.parse_args()
    experiments = pd.read_parquet(arguments.experiments)
    jumps = read_runs(arguments.runs_root, experiments, "jumps.parquet", ["metric", "phase", "relative_magnitude"])
    columns = ["metric", "depth", "settled_step"]
    convergence = read_runs(arguments.runs_root, experiments, "convergence.parquet", columns)
    statistics, types = pd.read_parquet(arguments.statistics), read_json(arguments.types)
    rng = np.random.default_rng(derive("dashboard"))
    write_json(arguments.out, dashboard(experiments, statistics, types, jumps, convergence, rng))


if __name__ == "__main__":
    with readable_errors():
        main()
