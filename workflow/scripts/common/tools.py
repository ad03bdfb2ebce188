"""The files of the toolkit: <run>/toolkit/<tool>.parquet and .safetensors."""

from pathlib import Path

import pandas as pd


def read_tables(files: list[Path]) -> pd.DataFrame:
    """The tables of one tool for several runs as one, experiments in the order of the files."""
    return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)


def run_of(file: Path) -> str:
    """ "experiment/seed" of a file of the toolkit."""
    experiment, seed, _, _ = file.parts[-4:]
    return f"{experiment}/{seed.removeprefix('seed')}"
