"""Draw how alike the representations of each run are between its measured steps."""

from pathlib import Path

import pandas as pd

from files import read_json, readable_errors
from repdyn.figures.similarity import similarity_matrices
from run_figures import parser_of_runs, write_figures


def main():
    arguments = parser_of_runs(__doc__).parse_args()
    write_figures(arguments.runs, arguments.name, draw)


def draw(run: Path):
    moments = read_json(run / "moments.json")
    measurements = pd.read_parquet(
        run / "measurements.parquet",
        columns=["step", "reference", "layer", "quantity", "value"],
        filters=[("quantity", "==", "cka")],
    )
    layers = read_json(run / "run.json")["layers"]
    return similarity_matrices(measurements, layers, moments, f"{moments['experiment']}, seed {moments['seed']}")


if __name__ == "__main__":
    with readable_errors():
        main()
