"""Draw attention entropy and head specialisation of all transformers."""

import argparse
from pathlib import Path

import pandas as pd

from common.figure_files import write_figure
from common.files import readable_errors
from common.runs import run_folder
from repdyn.figures.specialisation import LABELS, specialisation_curves

COLUMNS = ["experiment", "seed", "step", "quantity", "value", "null_mean"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=Path, required=True)
    parser.add_argument("--runs-root", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    experiments = pd.read_parquet(arguments.experiments)
    tables = [pd.DataFrame(columns=COLUMNS)]
    for run in experiments[experiments["family"] == "transformer"].itertuples():
        path = run_folder(arguments.runs_root, run.experiment, run.seed) / "measurements.parquet"
        tables.append(pd.read_parquet(path, columns=COLUMNS, filters=[("quantity", "in", list(LABELS))]))
    measurements = pd.concat(tables[1:] or tables, ignore_index=True)
    write_figure(specialisation_curves(measurements, experiments), arguments.out)


if __name__ == "__main__":
    with readable_errors():
        main()
