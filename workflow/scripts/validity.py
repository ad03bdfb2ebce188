"""Jump detectors on measured trajectories: steps planted there, their agreement, and the verdict of the battery."""

import argparse

import numpy as np
import pandas as pd

from common.arguments import between, to_path, whole
from common.files import read_parquet, readable_errors, write_parquet
from common.runs import run_folders
from repdyn.detectors import detectors
from repdyn.detectors.validity import agreement_pairs, planted_in_real, sample_series, verdicts
from repdyn.seeds import derive


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--battery", type=to_path, required=True, help="file written by battery.py")
    parser.add_argument("--runs", type=to_path, required=True, help="folder of all runs")
    parser.add_argument("--sheet", type=to_path, required=True, help="sample sheet, config/experiments.tsv")
    parser.add_argument("--seeds", type=whole(1), required=True)
    parser.add_argument("--metric", required=True)
    parser.add_argument(
        "--draws", type=whole(1), required=True, help="measured series, and steps planted in them per size"
    )
    parser.add_argument("--level", type=between(0, 0.5), required=True, help="of the default detector")
    parser.add_argument("--validity", type=to_path, required=True, help="Parquet to write, as are the next two")
    parser.add_argument("--verdicts", type=to_path, required=True)
    parser.add_argument("--agreement", type=to_path, required=True)
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
