"""Draw the mean attention maps of one transformer before and after its largest jump."""

import argparse
from pathlib import Path

from common.figure_files import write_figure
from common.files import read_arrays, read_json, readable_errors
from repdyn.figures.attention import attention_maps

PAGE_DPI, PAGE_LIMIT = 132, 60 * 1024  # bytes: every run has a page with its figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    moments = read_json(arguments.run / "moments.json")
    maps, _ = read_arrays(arguments.run / "maps.safetensors")
    title = f"{moments['experiment']}, seed {moments['seed']}"
    write_figure(attention_maps(maps, moments, title), arguments.out, PAGE_DPI, PAGE_LIMIT)


if __name__ == "__main__":
    with readable_errors():
        main()
