"""Write the report page from the table of runs, their provenance, heatmaps and the study's figures."""

import argparse
from pathlib import Path

import pandas as pd

from files import atomic, read_json, readable_errors
from repdyn.page import PANELS, picture, render
from run_files import run_folder


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=Path, required=True)
    parser.add_argument("--runs-root", type=Path, required=True)
    parser.add_argument("--figures-dir", type=Path, required=True)
    parser.add_argument(
        "--evidence", type=Path, nargs="*", default=[], help="tables named like the arguments of the page"
    )
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    experiments = pd.read_parquet(arguments.experiments)
    names = list(zip(experiments["experiment"], experiments["seed"].astype(int), strict=True))
    folders = {(name, seed): run_folder(arguments.runs_root, name, seed) for name, seed in names}
    page = render(
        experiments,
        pictures({name: arguments.figures_dir / f"{name}.webp" for name in PANELS}),
        pictures({run: folder / "heatmap.webp" for run, folder in folders.items()}),
        pd.DataFrame(
            [
                {"experiment": run[0], "seed": run[1], **read_json(folder / "provenance.json")}
                for run, folder in folders.items()
            ]
        ),
        {path.stem: pd.read_parquet(path) for path in arguments.evidence},
    )
    with atomic(arguments.out) as temporary:
        temporary.write_text(page, encoding="utf-8")
    print(f"{arguments.out}: {len(experiments)} runs, {arguments.out.stat().st_size / 1e6:.1f} MB")


def pictures(paths: dict) -> dict:
    """The images that exist; the page says which do not."""
    return {name: picture(path.read_bytes()) for name, path in paths.items() if path.exists()}


if __name__ == "__main__":
    with readable_errors():
        main()
