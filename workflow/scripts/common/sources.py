"""The files that a figure may read, for its module: those that its entry in the registry names, and no others."""

from importlib.resources import files as installed
from pathlib import Path

import pandas as pd

from common.arguments import to_path
from common.files import read_arrays, read_json, read_parquet
from common.runs import run_folder
from repdyn.errors import StudyError
from repdyn.figures.sources import Run, Study


def figures(kind: str, file: str = "figure.py") -> list[str]:
    """Names of the figures of a kind, "study" or "run", that have such a file; from their folders, because a step that reads
    the registry runs again when any figure is added."""
    return sorted(path.parent.name for path in (installed("repdyn.figures") / kind).glob(f"*/{file}"))


def study_source(arguments) -> Study:
    """Of the arguments that `add_source` adds."""
    tables = {path.stem: read_table(path) for path in arguments.tables}
    runs = []
    if arguments.of_runs:
        if "experiments" not in tables:
            raise StudyError(
                f"experiments.parquet is needed among --tables to read {', '.join(arguments.of_runs)} of runs"
            )
        chosen = tables["experiments"]
        chosen = chosen[chosen["family"].isin(arguments.families)]
        runs = list(zip(chosen["experiment"], chosen["seed"], strict=True))

    def read(experiment, seed, file, columns=None, filters=None):
        if file not in arguments.of_runs:
            raise StudyError(f"{file} is none of the files of runs that the figure's entry in the registry names")
        return read_table(run_folder(arguments.runs_root, experiment, seed) / file, columns, filters)

    return Study(tables, read, runs, arguments.metric)


def run_source(files: list[Path], metric: str) -> Run:
    known = {path.name: path for path in files}

    def read(file, columns=None, filters=None):
        if file not in known:
            raise StudyError(f"{file} is none of the files that the figure's entry in the registry names")
        return read_table(known[file], columns, filters)

    return Run(read, metric)


def read_table(path: Path, columns=None, filters=None):
    """A table from Parquet or CSV, a dictionary from JSON, arrays from safetensors."""
    if path.suffix == ".json":
        return read_json(path)
    if path.suffix == ".safetensors":
        return read_arrays(path)[0]
    return pd.read_csv(path) if path.suffix == ".csv" else read_parquet(path, columns=columns, filters=filters)


def add_source(parser) -> None:
    parser.add_argument(
        "--tables", type=to_path, nargs="+", required=True, help="files of the study that the figure reads"
    )
    parser.add_argument("--runs-root", type=to_path, required=True)
    parser.add_argument("--of-runs", nargs="*", default=[], help="names of the files that it reads of every run")
    parser.add_argument("--families", nargs="+", required=True, help="of these runs")
    parser.add_argument("--metric", required=True, help="the first that is configured")
