"""The files of the toolkit: <run>/toolkit/<tool>.parquet and .safetensors."""

from pathlib import Path

import pandas as pd

from common.files import read_json, read_parquet
from repdyn.errors import StudyError
from repdyn.roles import with_roles


def read_tables(files: list[Path]) -> pd.DataFrame:
    """The tables of one tool for several runs as one, with the roles of layers, experiments in the order of the files."""
    return pd.concat([with_roles(read_parquet(file), roles_of(file)) for file in files], ignore_index=True)


def roles_of(file: Path) -> dict[str, str]:
    """{layer: role} of the run to which a file of the toolkit belongs."""
    return read_json(file.parent.parent / "run.json")["roles"]


def run_of(file: Path) -> str:
    """ "experiment/seed" of a file of the toolkit."""
    if len(file.parts) < 4:
        raise StudyError(f"{file} is no file of the toolkit; <runs>/<experiment>/seed<n>/toolkit/<tool> is needed")
    experiment, seed, _, _ = file.parts[-4:]
    return f"{experiment}/{seed.removeprefix('seed')}"
