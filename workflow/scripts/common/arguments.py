"""What the arguments of steps may be. A step that is run by hand refuses others in a sentence, as the workflow does."""

import json
from argparse import ArgumentTypeError
from collections.abc import Callable
from math import inf, isfinite
from pathlib import Path

from repdyn.errors import StudyError


def to_path(text: str) -> Path:
    if not text or not text.isprintable():
        raise ArgumentTypeError(f"{text!r}; a path is needed, of characters that are printed")
    return Path(text)


def to_name(text: str) -> str:
    """Of an experiment, an architecture or a dataset: it becomes a folder."""
    from dag.sheet import check_name

    return _refused(check_name, "name", text) or text


def whole(least: int) -> Callable[[str], int]:
    """Whole numbers from `least` on."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value < 2**63:
            raise ArgumentTypeError(f"{text!r}; a whole number of at least {least} is needed")
        return value

    return number


def between(low: float, high: float = inf) -> Callable[[str], float]:
    """Numbers from `low` to `high`, finite."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = inf
        if not (isfinite(value) and low <= value <= high):
            limits = f"from {low:g} to {high:g}" if isfinite(high) else f"of at least {low:g}"
            raise ArgumentTypeError(f"{text!r}; a number {limits} is needed")
        return value

    return number


def mapping(text: str) -> dict:
    """A JSON object."""
    value = _json(text)
    if not isinstance(value, dict):
        raise ArgumentTypeError(f"{text!r}; a JSON object is needed")
    return value


def own_dataset(text: str) -> dict | None:
    """Where a user's own dataset comes from as JSON; null for one of ours."""
    value = _json(text)
    if value is not None and not (isinstance(value, dict) and isinstance(value.get("file"), str)):
        raise ArgumentTypeError(f"{text!r}; null or a JSON object with a file is needed")
    return value


def section(*keys: str) -> Callable[[str], dict | list]:
    """JSON that fits a section of the configuration."""
    return _like("config", *(part for key in keys for part in ("properties", key)))


def network(text: str) -> dict:
    """The description of a network as JSON."""
    return _like("architectures", "additionalProperties")(text)


def _like(schema: str, *keys: str) -> Callable:
    """JSON that fits a part of a schema."""

    def checked(text: str):
        from dag.schema import check

        value = _json(text)
        _refused(check, value, schema, "JSON", keys)
        return value

    return checked


def _json(text: str):
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArgumentTypeError(f"{text[:100]!r} is not JSON: {error}") from error


def _refused(check: Callable, *arguments):
    try:
        return check(*arguments)
    except StudyError as error:
        # argparse formats the text.
        raise ArgumentTypeError(str(error).replace("%", "%%")) from error
