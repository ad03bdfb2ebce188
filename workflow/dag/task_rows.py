"""Sheets of networks that are trained for a task: a row each, a function per column that reads it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from dag.sheet import check_name, read_text, shown
from repdyn.errors import StudyError

Readers = Mapping[str, Callable[[str], str | int | float]]


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


def none_or_more(text: str) -> float:
    try:
        return 0.0 if text in ("0", "0.0") else rate(text)
    except ValueError as error:
        raise ValueError(f"0, or {error}") from error


def read_rows(path: str | Path, kind: str, columns: Readers) -> dict[str, dict]:
    """{name: its row} of a sheet of tab-separated columns: the name, under the heading `kind`, and `columns`.

    Raises StudyError naming the file, the row and the column.
    """
    lines = [line for line in read_text(path).splitlines() if line.strip() and not line.startswith("#")]
    header, *rows = [line.split("\t") for line in lines or [""]]
    if header != [kind, *columns]:
        raise StudyError(
            f"{path}: the columns are {shown(header)}; {kind}, {', '.join(columns)} are needed, separated by tabs"
        )
    found: dict[str, dict] = {}
    for number, row in enumerate(rows, start=1):
        where = f"{path}, row {number}"
        if len(row) != len(header):
            raise StudyError(f"{where}: {shown(row[0])} needs exactly {len(header)} values separated by tabs")
        check_name(where, row[0])
        if row[0] in found:
            raise StudyError(f"{where}: {kind} {row[0]!r} is listed twice; remove or rename one")
        found[row[0]] = checked(where, dict(zip(columns, row[1:], strict=True)), columns)
    if not found:
        raise StudyError(f"{path} lists no {kind}s; one row each is needed")
    return found


def checked(where: str, row: Mapping[str, str], columns: Readers) -> dict:
    """A row as what its columns hold. StudyError naming the first column that is missing, unknown or wrong."""
    if set(row) != set(columns):
        raise StudyError(f"{where}: found {shown(sorted(row))}; {', '.join(columns)} are needed")
    found = {}
    for column, read in columns.items():
        try:
            found[column] = read(row[column])
        except ValueError as error:
            raise StudyError(f"{where}: {column} is {shown(row[column])}; {error}") from error
    return found
