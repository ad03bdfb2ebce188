"""Compares content with a schema, and says in a sentence where it does not fit and what would do."""

import difflib
from math import isfinite
from pathlib import Path

from jsonschema import Draft202012Validator, validators

from dag.reading import BASE
from dag.reading import content as parsed
from dag.sheet import shown
from repdyn.errors import StudyError

SCHEMAS = Path(__file__).parent.parent / "schemas"
# More than any study needs; a few lines of YAML that repeat each other can stand for billions.
VALUES, DEPTH = 200_000, 50
# JSON counts 1.0 as an integer, Python's range does not.
Validator = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int),
)
LIMITS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}


def check(content, schema: str, what: str, part: tuple[str, ...] = ()) -> None:
    """Raise StudyError for the first place where `content` is not finite, or does not fit the schema of that name.

    part: the keys under which the part of the schema lies that is meant.
    """
    check_finite(content, what)
    rules = parsed((SCHEMAS / f"{schema}.schema.yaml").read_text(encoding="utf-8"), BASE)
    shared = rules.get("$defs", {})
    for key in part:
        rules = rules[key]
    rules = {"$defs": shared, **rules}
    errors = sorted(Validator(rules).iter_errors(content), key=lambda error: list(map(str, error.path)))
    if errors:
        raise StudyError(f"{what}: {explain(errors[0])}")


def check_finite(content, what: str) -> None:
    """Raise StudyError for a number that is not finite, naming its key, and for content without an end."""
    left, count = [((), content)], 0
    while left:
        path, value = left.pop()
        count += 1
        if count > VALUES or len(path) > DEPTH:
            raise StudyError(f"{what}: more than {VALUES:,} values, or nested more than {DEPTH} deep; write less")
        if isinstance(value, dict):
            left += [((*path, str(key)), inner) for key, inner in value.items()]
        elif isinstance(value, list | tuple | set):
            left += [((*path, str(place)), inner) for place, inner in enumerate(value)]
        elif isinstance(value, float) and not isfinite(value):
            raise StudyError(f"{what}: key {'.'.join(path)!r} is {value}; a finite number is needed")


def explain(error) -> str:
    """A schema error as a sentence: where, what was found, what would do."""
    key = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        allowed = list(error.schema["properties"])
        unknown = next(name for name in error.instance if name not in allowed)
        close = difflib.get_close_matches(str(unknown)[:100], allowed, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known keys are {', '.join(allowed)}."
        return f"unknown key {shown('.'.join(filter(None, (key, str(unknown)))))}; {hint}"
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return (
            f"key {'.'.join(filter(None, (key, missing)))!r} is missing; {wanted(error.schema['properties'][missing])}."
        )
    if error.validator in ("oneOf", "anyOf") and error.context:
        return explain(min(error.context, key=lambda inner: (inner.validator == "const", len(inner.path) == 0)))
    if "propertyNames" in error.absolute_schema_path:
        return f"{f'key {key!r}: ' if key else ''}name {shown(error.instance)}; {wanted(error.schema)}."
    if not key:
        return f"its content is {shown(error.instance)}; {wanted(error.schema)}."
    return f"key {key!r} is {shown(error.instance)}; {wanted(error.schema)}."


def wanted(schema: dict) -> str:
    """What a schema asks for, in words."""
    if "description" in schema:
        return schema["description"]
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))} is needed"
    sort = {"object": "of keys and values"}.get(schema.get("type"), f"of type {schema.get('type', 'any')}")
    limits = " and ".join(f"{word} {schema[key]}" for key, word in LIMITS.items() if key in schema)
    return f"a value {sort} is needed {'of ' if limits.startswith('at') else ''}{limits}".rstrip()
