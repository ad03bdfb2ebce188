"""Draw how selective the units of all MLPs and CNNs are before and after training and jumps."""

import argparse
from pathlib import Path

import pandas as pd

from common.figure_files import write_figure
from common.files import read_json, readable_errors
from common.runs import run_folder
from repdyn.figures.selectivity import FAMILIES, QUANTITY, selectivity_before_after

COLUMNS = ["experiment", "seed", "step", "layer", "unit", "quantity", "value", "null_mean"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=Path, required=True)
    parser.add_argument("--runs-root", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    experiments = pd.read_parquet(arguments.experiments)
    tables, moments = [pd.DataFrame(columns=COLUMNS)], {}
    for run in experiments[experiments["family"].isin(FAMILIES)].itertuples():
        folder = run_folder(arguments.runs_root, run.experiment, run.seed)
        path = folder / "measurements.parquet"
        tables.append(pd.read_parquet(path, columns=COLUMNS, filters=[("quantity", "==", QUANTITY)]))
        moments[run.experiment, run.seed] = read_json(folder / "moments.json")
    measurements = pd.concat(tables[1:] or tables, ignore_index=True)
    write_figure(selectivity_before_after(measurements, experiments, moments), arguments.out)


if __name__ == "__main__":
    with readable_errors():
        main()
