"""Draw the first-layer filters of each CNN while it learns."""

from pathlib import Path

import pandas as pd

from files import read_arrays, read_json, readable_errors
from repdyn.figures.filters import OVERLAP, filter_evolution
from run_figures import parser_of_runs, write_figures


def main():
    arguments = parser_of_runs(__doc__).parse_args()
    write_figures(arguments.runs, arguments.name, draw)


def draw(run: Path):
    moments = read_json(run / "moments.json")
    maps, _ = read_arrays(run / "maps.safetensors")
    measurements = pd.read_parquet(
        run / "measurements.parquet",
        columns=["step", "layer", "quantity", "value", "null_mean"],
        filters=[("quantity", "==", OVERLAP)],
    )
    return filter_evolution(maps, moments, measurements, f"{moments['experiment']}, seed {moments['seed']}")


if __name__ == "__main__":
    with readable_errors():
        main()
