"""The validity battery: every jump detector where the truth is known."""

import argparse

from common.arguments import between, to_path, whole
from common.files import readable_errors, write_parquet
from repdyn.detectors import detectors
from repdyn.detectors.validity import battery
from repdyn.seeds import derive


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=whole(1), required=True, help="series of every scenario")
    parser.add_argument("--level", type=between(0, 0.5), required=True, help="of the default detector")
    parser.add_argument("--out", type=to_path, required=True)
    arguments = parser.parse_args()
    write_parquet(arguments.out, battery(derive("battery"), arguments.draws, detectors(arguments.level)))


if __name__ == "__main__":
    with readable_errors():
        main()
