"""Draw loss or accuracy on the probe set of all runs."""

import argparse
from pathlib import Path

import pandas as pd

from common.figure_files import write_figure
from common.files import readable_errors
from common.runs import read_runs
from repdyn.figures.learning import learning_curves


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=Path, required=True)
    parser.add_argument("--runs-root", type=Path, required=True)
    parser.add_argument("--quantity", choices=("loss", "accuracy"), required=True)
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    experiments = pd.read_parquet(arguments.experiments)
    columns = ["step", "probe_loss", "probe_accuracy"]
    training = read_runs(arguments.runs_root, experiments, "training.parquet", columns)
    write_figure(learning_curves(training, experiments, arguments.quantity), arguments.out)


if __name__ == "__main__":
    with readable_errors():
        main()
