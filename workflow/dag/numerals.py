"""Numbers of YAML that are not what they look like: 010 is 8, 1:30 is 90 and 1_0 is 10."""

import re
from pathlib import Path

import yaml

from dag.reading import BASE
from dag.sheet import read_text
from repdyn.errors import StudyError

NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
DECIMAL = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", re.IGNORECASE
)


def require_decimals(path: str | Path) -> None:
    """StudyError naming the line of a value that is another number than it looks. For YAML that `parse_yaml` takes."""
    open_ends = [yaml.compose(read_text(path), BASE)]
    seen = set()
    while open_ends:
        node = open_ends.pop()
        if node is None or id(node) in seen:  # an alias is the same node again
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            open_ends += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            open_ends += node.value
        elif node.tag in NUMBERS and not DECIMAL.fullmatch(node.value):
            raise StudyError(
                f"{path}, line {node.start_mark.line + 1}: {node.value} is no decimal number; write it with digits alone, or"
                " as text in quotes"
            )
