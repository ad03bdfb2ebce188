"""What the figure and report steps share: the tables of all runs, and a figure in its three formats."""

from pathlib import Path

import pandas as pd

from files import atomic
from repdyn.figures.style import to_png_bytes, to_svg_bytes, to_webp_bytes


def run_folder(root: Path, experiment: str, seed: int) -> Path:
    return root / experiment / f"seed{seed}"


def read_runs(root: Path, experiments: pd.DataFrame, name: str, columns: list[str]) -> pd.DataFrame:
    """One table of every run, with columns experiment and seed in front."""
    tables = [pd.DataFrame(columns=["experiment", "seed", *columns])] if experiments.empty else []
    for experiment, seed in zip(experiments["experiment"], experiments["seed"], strict=True):
        table = pd.read_parquet(run_folder(root, experiment, seed) / name, columns=columns)
        table.insert(0, "experiment", experiment)
        table.insert(1, "seed", seed)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def write_figure(figure, stem: Path, dpi: int = 190, limit: int | None = None) -> None:
    """`stem`.png at 300 dpi, `stem`.svg, and `stem`.webp for the page: at `dpi`, at most `limit` bytes."""
    for suffix, content in (
        (".png", to_png_bytes(figure)),
        (".svg", to_svg_bytes(figure)),
        (".webp", to_webp_bytes(figure, dpi, limit)),
    ):
        with atomic(stem.with_name(stem.name + suffix)) as temporary:
            temporary.write_bytes(content)
