"""The sheet of model organisms: the known solution that each is trained for, and how."""

from collections.abc import Mapping
from pathlib import Path

from dag.task_rows import Readers, checked, none_or_more, one_of, rate, read_rows, whole

TASKS = (
    "addition", "addition_shuffled", "induction", "induction_fixed",
    "features_dense", "features_half_sparse", "features_sparse",
)  # fmt: skip
COLUMNS: Readers = {
    "task": one_of(*TASKS),
    "steps": whole(1, 1_000_000),
    "batch_size": whole(1, 100_000),
    "learning_rate": rate,
    "weight_decay": none_or_more,
    "seeds": whole(1, 100),
    "checkpoint_every": whole(1, 1_000_000),
}


def read_organisms(path: str | Path) -> dict[str, dict]:
    """{organism: its row}, as `task_rows.read_rows`."""
    return read_rows(path, "organism", COLUMNS)


def check_row(where: str, row: Mapping[str, str]) -> dict:
    """A row as what its columns hold, as `task_rows.checked`."""
    return checked(where, row, COLUMNS)
