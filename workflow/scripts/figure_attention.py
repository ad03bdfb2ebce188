"""Draw the mean attention maps of each transformer before and after its largest jump."""

from pathlib import Path

from files import read_arrays, read_json, readable_errors
from repdyn.figures.attention import attention_maps
from run_figures import parser_of_runs, write_figures


def main():
    arguments = parser_of_runs(__doc__).parse_args()
    write_figures(arguments.runs, arguments.name, draw)


def draw(run: Path):
    moments = read_json(run / "moments.json")
    maps, _ = read_arrays(run / "maps.safetensors")
    return attention_maps(maps, moments, f"{moments['experiment']}, seed {moments['seed']}")


if __name__ == "__main__":
    with readable_errors():
        main()
