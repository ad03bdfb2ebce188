"""Arguments of steps that are described by the schemas of the configuration: apart from `arguments`, so that a step without
them does not run again when a schema is read otherwise."""

import json
from argparse import ArgumentTypeError
from collections.abc import Callable

from repdyn.errors import StudyError


def to_name(text: str) -> str:
    """Of an experiment, an architecture or a dataset: it becomes a folder."""
    from dag.sheet import check_name

    return _refused(check_name, "name", text) or text


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


def recurrent(text: str) -> dict:
    """A row of the sheet of recurrent networks as a JSON object."""
    from dag.recurrent import check_row

    return _refused(check_row, "JSON", {name: str(value) for name, value in mapping(text).items()})


def organism(text: str) -> dict:
    """A row of the sheet of model organisms as a JSON object."""
    from dag.organisms import check_row

    return _refused(check_row, "JSON", {name: str(value) for name, value in mapping(text).items()})


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
