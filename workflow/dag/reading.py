"""Reads YAML as it was written: no key twice, names as text, and errors that name the file and the line."""

from pathlib import Path

import yaml

from dag.sheet import read_text, shown
from repdyn.errors import StudyError

# The parser in C is ten times as fast; without libyaml there is the other.
BASE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(BASE):
    """Safe YAML whose keys are text, also those that look like numbers, and stand once in their mapping."""


def mapping(loader: Loader, node: yaml.MappingNode):
    made = {}
    yield made
    seen = set()
    for name, key in names(node):
        if name in seen:
            raise refusal(f"key {shown(name)} stands twice; remove one", key)
        seen.add(name)
    loader.flatten_mapping(node)
    for (name, _), (_, value) in zip(names(node), node.value, strict=True):
        made[name] = loader.construct_object(value, deep=True)


def names(node: yaml.MappingNode) -> list[tuple[str, yaml.Node]]:
    """The keys of a mapping as written, with their nodes."""
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise refusal("a key is not text", key)
    return [(key.value, key) for key, _ in node.value]


def refusal(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


Loader.add_constructor("tag:yaml.org,2002:map", mapping)


def content(text: str, loader: type = Loader):
    """The content of safe YAML."""
    reader = loader(text)
    try:
        return reader.get_single_data()
    finally:
        reader.dispose()


def parse_yaml(path: str | Path):
    """The content of a YAML file. Raises StudyError naming the file and the line."""
    text = read_text(path)
    try:
        return content(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise StudyError(f"{path} is not valid YAML: line {mark.line + 1 if mark else 1}: {problem}") from error
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise StudyError(f"{path} is not valid YAML: line {line}: {getattr(error, 'reason', error)}") from error
    except RecursionError as error:
        raise StudyError(f"{path} is not valid YAML: it is nested too deeply") from error
    except (ValueError, OverflowError) as error:
        # A date, a number or bytes of the right form and an impossible value.
        raise StudyError(f"{path} is not valid YAML: {error}") from error


def require_file(path: str, key: str) -> None:
    """Raise StudyError unless the path that a key names is one of a file."""
    try:
        there = Path(path).is_file()
    except (OSError, ValueError):
        # A name that is too long, or below a folder that may not be read.
        there = False
    if not there:
        raise StudyError(f"{path} does not exist; key {key!r} must name a file, relative to {Path.cwd()}")
