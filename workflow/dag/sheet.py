"""The sample sheet, and the names that experiments, architectures and datasets may have: read as text, nothing converted.

The one reader, for the planning process and for the steps.
"""

import csv
import re
from pathlib import Path

from repdyn.errors import StudyError

COLUMNS = ["experiment", "architecture", "dataset"]
# Names become folders, files and arguments of commands.
NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", re.DOTALL)
MOST = 10_000


def read_experiments(path: str | Path) -> dict[str, tuple[str, str]]:
    """{experiment: (architecture, dataset)} of a sheet of tab-separated columns of those names.

    Raises StudyError naming the file and the row.
    """
    lines = [line for line in read_text(path).splitlines() if line.strip() and not line.startswith("#")]
    try:
        header, *rows = csv.reader(lines or [""], delimiter="\t", quoting=csv.QUOTE_NONE)
    except csv.Error as error:
        raise StudyError(f"{path} is not a table of tab-separated values: {error}") from error
    if header != COLUMNS:
        raise StudyError(f"{path}: the columns are {shown(header)}; {', '.join(COLUMNS)} are needed, separated by tabs")
    experiments = {}
    for number, row in enumerate(rows, start=1):
        where = f"{path}, row {number}"
        if len(row) != len(COLUMNS) or not all(row):
            raise StudyError(f"{where}: {shown(row[0])} needs exactly three values separated by tabs")
        for value in row:
            check_name(where, value)
        name, architecture, dataset = row
        if name in experiments:
            raise StudyError(f"{where}: experiment {name!r} is listed twice; remove or rename one")
        experiments[name] = (architecture, dataset)
    if not experiments:
        raise StudyError(f"{path} lists no experiments; one row each is needed")
    if len(experiments) > MOST:
        raise StudyError(f"{path} lists {len(experiments):,} experiments; at most {MOST:,} are planned together")
    return experiments


def check_name(where: str, name: str) -> None:
    """Raise StudyError for a name that could not be a folder and an argument of a command everywhere."""
    if not NAME.fullmatch(name):
        raise StudyError(
            f"{where}: {shown(name)}: letters, digits, '_', '-' and '.' make a name, of at most 100 characters that start "
            "with a letter, a digit or '_' and hold no '..'"
        )


def read_text(path: str | Path) -> str:
    """The text of a file in UTF-8, without the byte-order mark that some editors put first.

    Raises StudyError naming the file, and the line of a byte that is not UTF-8.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror}; make it a readable file") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StudyError(
            f"{path}, line {line}: byte {content[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        ) from error


def shown(value) -> str:
    """A value in an error, shortened where it is long."""
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:80]}... ({len(text):,} characters)"
