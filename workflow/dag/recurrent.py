"""The sheet of recurrent networks: what each is trained for, and how."""

from collections.abc import Callable, Mapping
from pathlib import Path

from dag.sheet import check_name, read_text, shown
from repdyn.errors import StudyError

CELLS = ("gru", "rnn")
TASKS = ("flipflop", "context", "connect4_moves", "connect4_board")


def one_of(*words: str) -> Callable[[str], str]:
    def word(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)} is needed")
        return text

    return word


def whole(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most):
            raise ValueError(f"a whole number from {least:,} to {most:,} is needed")
        return int(text)

    return number


def rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 10:
        raise ValueError("a number above 0, at most 10, is needed")
    return value


COLUMNS: dict[str, Callable[[str], str | int | float]] = {
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
    """{network: its row} of a sheet of tab-separated columns: network and COLUMNS.

    Raises StudyError naming the file, the row and the column.
    """
    lines = [line for line in read_text(path).splitlines() if line.strip() and not line.startswith("#")]
    header, *rows = [line.split("\t") for line in lines or [""]]
    if header != ["network", *COLUMNS]:
        raise StudyError(
            f"{path}: the columns are {shown(header)}; network, {', '.join(COLUMNS)} are needed, separated by tabs"
        )
    networks: dict[str, dict] = {}
    for number, row in enumerate(rows, start=1):
        where = f"{path}, row {number}"
        if len(row) != len(header):
            raise StudyError(f"{where}: {shown(row[0])} needs exactly {len(header)} values separated by tabs")
        check_name(where, row[0])
        if row[0] in networks:
            raise StudyError(f"{where}: network {row[0]!r} is listed twice; remove or rename one")
        networks[row[0]] = check_row(where, dict(zip(COLUMNS, row[1:], strict=True)))
    if not networks:
        raise StudyError(f"{path} lists no networks; one row each is needed")
    return networks


def check_row(where: str, row: Mapping[str, str]) -> dict:
    """A row as what its columns hold. StudyError naming the first column that is missing, unknown or wrong."""
    if set(row) != set(COLUMNS):
        raise StudyError(f"{where}: found {shown(sorted(row))}; {', '.join(COLUMNS)} are needed")
    found = {}
    for column, read in COLUMNS.items():
        try:
            found[column] = read(row[column])
        except ValueError as error:
            raise StudyError(f"{where}: {column} is {shown(row[column])}; {error}") from error
    return found
