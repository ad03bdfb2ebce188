"""Draw a metric of all runs against the step, by family, dataset and depth."""

import argparse
from pathlib import Path

import pandas as pd

from common.figure_files import write_figure
from common.files import readable_errors
from common.runs import read_runs
from repdyn.figures.dimension import dimension_curves


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=Path, required=True)
    parser.add_argument("--runs-root", type=Path, required=True)
    parser.add_argument("--metric", default="participation_ratio")
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    experiments = pd.read_parquet(arguments.experiments)
    columns = ["step", "layer", "depth", arguments.metric]
    trajectories = read_runs(arguments.runs_root, experiments, "trajectory.parquet", columns, roles=True)
    write_figure(dimension_curves(trajectories, experiments, arguments.metric), arguments.out)


if __name__ == "__main__":
    with readable_errors():
        main()
