"""Collect what the architecture deep dive draws from the tables of all runs."""

import argparse
from pathlib import Path

import pandas as pd

from common.files import readable_errors, write_json
from common.runs import read_runs
from repdyn.figures.data.deep_dive import deep_dive


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=Path, required=True)
    parser.add_argument("--runs-root", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="JSON to write")
    arguments = parser.parse_args()
    experiments = pd.read_parquet(arguments.experiments)
    jumps = read_runs(arguments.runs_root, experiments, "jumps.parquet", ["metric", "phase"])
    layers = read_runs(arguments.runs_root, experiments, "layers.parquet", ["metric", "layer", "searched", "jumps"])
    write_json(arguments.out, deep_dive(experiments, jumps, layers))


if __name__ == "__main__":
    with readable_errors():
        main()
