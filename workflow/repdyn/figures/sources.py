"""What a figure is drawn from: tables of the study and of its runs, which a step reads for it from files."""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from repdyn.roles import with_roles


class Run(NamedTuple):
    """One run. read: (file, columns, filters) -> a table, the content of JSON, or arrays by name; columns and filters are
    those of `pandas.read_parquet`, all by default. metric: the first that is configured."""

    read: Callable
    metric: str


class Study(NamedTuple):
    """The whole study. tables: the files of the study that the figure reads, by their names without suffix. read:
    (experiment, seed, file, columns, filters), as that of `Run`. runs: (experiment, seed) of the families that the figure
    shows. metric: the first that is configured."""

    tables: dict[str, pd.DataFrame | dict]
    read: Callable
    runs: list[tuple[str, int]]
    metric: str

    def of_runs(self, file: str, columns: list[str], filters: list[tuple] | None = None, roles: bool = False):
        """One table of every run, with columns experiment and seed in front, and the roles of its layers if asked for."""
        none = pd.DataFrame(columns=["experiment", "seed", *columns, *(["role"] if roles else [])])
        tables = [] if self.runs else [none]
        for experiment, seed in self.runs:
            table = self.read(experiment, seed, file, columns, filters)
            if roles:
                table = with_roles(table, self.read(experiment, seed, "run.json", None, None)["roles"])
            table.insert(0, "experiment", experiment)
            table.insert(1, "seed", seed)
            tables.append(table)
        return pd.concat(tables, ignore_index=True)


def run_title(moments: dict) -> str:
    """A run as its figures are headed. moments: content of moments.json."""
    return f"{moments['experiment']}, seed {moments['seed']}"
