"""Draw the dashboard of the study."""

import argparse
from pathlib import Path

from common.figure_files import write_figure
from common.files import read_json, readable_errors
from repdyn.figures.dashboard import dashboard


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="file written by dashboard_data.py")
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    write_figure(dashboard(read_json(arguments.data)), arguments.out)


if __name__ == "__main__":
    with readable_errors():
        main()
