"""Try every method of the toolkit where the truth is known and where there is nothing to find, and write how it did."""

import argparse

from common.arguments import to_path
from common.files import readable_errors, write_json, write_parquet
from repdyn.calibration.registry import METHODS
from repdyn.calibration.table import calibrate
from repdyn.training.devices import make_deterministic


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=to_path, required=True, help="a row per method (.parquet)")
    parser.add_argument("--seconds", type=to_path, required=True, help="CPU seconds of each method (.json)")
    arguments = parser.parse_args()
    make_deterministic()
    table, seconds = calibrate(METHODS)
    for row in table[~table["calibrated"]].itertuples():
        print(f"not calibrated here: {row.method} found {row.estimate:.4g} of {row.truth:.4g}, null {row.null:.4g}")
    write_parquet(arguments.table, table)
    write_json(arguments.seconds, {name: round(value, 2) for name, value in seconds.items()})


if __name__ == "__main__":
    with readable_errors():
        main()
