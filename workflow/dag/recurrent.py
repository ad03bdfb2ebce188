"""The sheet of recurrent networks: what each is trained for, and how."""

from collections.abc import Mapping
from pathlib import Path

from dag.task_rows import Readers, checked, one_of, rate, read_rows, whole

CELLS = ("gru", "rnn")
TASKS = ("flipflop", "context", "connect4_moves", "connect4_board")
COLUMNS: Readers = {
    "task": one_of(*TASKS),
    "cell": one_of(*CELLS),
    "hidden": whole(2, 512),
    "steps": whole(1, 1_000_000),
    "batch_size": whole(1, 100_000),
    "learning_rate": rate,
    "seeds": whole(1, 100),
    "checkpoint_every": whole(1, 1_000_000),
}


def read_recurrent(path: str | Path) -> dict[str, dict]:
    """{network: its row}, as `task_rows.read_rows`."""
    return read_rows(path, "network", COLUMNS)


def check_row(where: str, row: Mapping[str, str]) -> dict:
    """A row as what its columns hold, as `task_rows.checked`."""
    return checked(where, row, COLUMNS)
