"""Jump detectors on measured trajectories: steps planted there, their agreement, and the verdict of the battery."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from common.files import read_parquet, readable_errors, write_parquet
from common.runs import run_folders
from repdyn.detectors import detectors
from repdyn.detectors.validity import agreement_pairs, planted_in_real, sample_series, verdicts
from repdyn.seeds import derive


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--battery", type=Path, required=True, help="file written by battery.py")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all runs")
    parser.add_argument("--sheet", type=Path, required=True, help="sample sheet, config/experiments.tsv")
    parser.add_argument("--seeds", type=int, required=True)
    parser.add_argument("--metric", required=True)
    parser.add_argument("--draws", type=int, required=True, help="measured series, and steps planted in them per size")
    parser.add_argument("--level", type=float, required=True, help="of the default detector")
    parser.add_argument("--validity", type=Path, required=True, help="Parquet to write, as are the next two")
    parser.add_argument("--verdicts", type=Path, required=True)
    parser.add_argument("--agreement", type=Path, required=True)
    arguments = parser.parse_args()
    tried = detectors(arguments.level)
    columns = ["step", "layer", "depth", arguments.metric]
    folders = run_folders(arguments.runs, arguments.sheet, arguments.seeds)
    trajectories = [read_parquet(folder / "trajectory.parquet", columns=columns) for folder in folders]
    rng = np.random.default_rng(derive("validity", arguments.metric))
    real = sample_series(trajectories, arguments.metric, arguments.draws, rng)
    print(f"{len(real)} measured series of {len(trajectories)} runs, {arguments.metric}")
    table = read_parquet(arguments.battery)
    if real:
        planted = pd.DataFrame(planted_in_real(real, derive("validity"), arguments.draws, tried))
        table = pd.concat([table, planted.assign(series=len(real))], ignore_index=True)
    found = {name: [detect(series) for series in real] for name, detect in tried.items()}
    write_parquet(arguments.validity, table)
    write_parquet(arguments.verdicts, verdicts(table))
    write_parquet(arguments.agreement, agreement_pairs(found, [len(series) for series in real]))


if __name__ == "__main__":
    with readable_errors():
        main()
