"""Write the loss, accuracy and dimension of every run with a page against the step, for those who compare runs."""

import argparse

import pandas as pd

from common.arguments import to_path, whole
from common.files import read_json, read_parquet, readable_errors, write_parquet
from common.runs import run_folder
from repdyn.report.explorer import QUANTITIES, curves_of


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=to_path, required=True, help="table of runs")
    parser.add_argument("--runs-root", type=to_path, required=True)
    parser.add_argument("--metric", required=True, help="of the dimension")
    parser.add_argument("--pages", type=whole(1), required=True, help="how many seeds of an experiment have a page")
    parser.add_argument("--out", type=to_path, required=True, help="Parquet to write")
    arguments = parser.parse_args()
    experiments = read_parquet(arguments.experiments)
    shown = experiments.loc[experiments["seed"] < arguments.pages, ["experiment", "seed"]]
    tables = [pd.DataFrame(columns=["experiment", "seed", "step", *QUANTITIES])]
    for experiment, seed in shown.itertuples(index=False, name=None):
        folder = run_folder(arguments.runs_root, experiment, seed)
        trajectory = read_parquet(folder / "trajectory.parquet", columns=["step", "layer", "depth", arguments.metric])
        training = read_parquet(folder / "training.parquet", columns=["step", "probe_loss", "probe_accuracy"])
        curves = curves_of(trajectory, training, read_json(folder / "run.json")["roles"], arguments.metric)
        tables.append(curves.assign(experiment=experiment, seed=seed)[tables[0].columns])
    write_parquet(arguments.out, pd.concat([table for table in tables if len(table)] or tables, ignore_index=True))


if __name__ == "__main__":
    with readable_errors():
        main()
