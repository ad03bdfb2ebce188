"""Draw when and in which layers the networks of each family jump."""

import argparse
from pathlib import Path

from common.figure_files import write_figure
from common.files import read_json, readable_errors
from repdyn.figures.deep_dive import deep_dive


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="file written by deep_dive_data.py")
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    write_figure(deep_dive(read_json(arguments.data)), arguments.out)


if __name__ == "__main__":
    with readable_errors():
        main()
