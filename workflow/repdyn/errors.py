"""The one exception whose message is written for the person at the keyboard."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# The project, and Python's own library with the packages installed in it.
OTHERS = (Path(__file__).parents[1], Path(os.__file__).parent)


class StudyError(Exception):
    """Bad input: the message says what was wrong, where, and what would be right."""


def require_indices(what: str, numbers: Any, count: int) -> None:
    """StudyError unless all numbers lie in 0 .. count - 1. Python would take -1 for the last without a word."""
    found = np.asarray(numbers)
    if found.size and not 0 <= found.min() <= found.max() < count:
        wrong = found.min() if found.min() < 0 else found.max()
        raise StudyError(f"{what} must lie in 0..{count - 1}, found {wrong}")


def require_labels(rows: Any, labels: Any) -> None:
    """StudyError unless rows are (n, d) and there is a label for each."""
    if np.ndim(rows) != 2 or np.shape(labels) != np.shape(rows)[:1]:
        raise StudyError(f"rows (n, d) need labels (n,), found {np.shape(rows)} and {np.shape(labels)}")


def attempt(where: str, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What somebody else's function returns. StudyError that begins with `where`, and names the line, if it raises."""
    try:
        return function(*arguments, **options)
    except Exception as error:
        raise StudyError(f"{where}: {type(error).__name__}: {error}{raised_at(error)}") from error


def raised_at(error: BaseException) -> str:
    """ " (line 12 of network.py)": the innermost line that is neither of this project nor of Python or a package."""
    lines: list[tuple[Path, int | None]] = []
    traceback = error.__traceback__
    while traceback:
        lines.append((Path(traceback.tb_frame.f_code.co_filename), traceback.tb_lineno))
        traceback = traceback.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        lines.append((Path(error.filename), error.lineno))
    own = [(file.name, line) for file, line in lines if _is_own(file)]
    return f" (line {own[-1][1]} of {own[-1][0]})" if own else ""


def _is_own(file: Path) -> bool:
    others = any(file.is_relative_to(folder) for folder in OTHERS) or "site-packages" in file.parts
    return file.is_file() and not others
