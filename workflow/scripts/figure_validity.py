"""Draw recall and false positives of each jump detector."""

import argparse
from pathlib import Path

import pandas as pd

from common.figure_files import write_figure
from common.files import readable_errors
from repdyn.detectors.validity import MAXIMUM_FALSE, MINIMUM_RECALL
from repdyn.figures.validity import detector_validity


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--validity", type=Path, required=True)
    parser.add_argument("--verdicts", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    validity, verdicts = pd.read_parquet(arguments.validity), pd.read_parquet(arguments.verdicts)
    write_figure(detector_validity(validity, verdicts, MAXIMUM_FALSE, MINIMUM_RECALL), arguments.out)


if __name__ == "__main__":
    with readable_errors():
        main()
