"""What every measured quantity means: a table read from the docstrings of the functions that measure.

The docstring of a `measure` describes quantities one by one, in this form, and says before them what all have in common:

    - name, other_name [unit] (unit: head): meaning. Null: what is expected without the effect. Source: who defined it.

In brackets the unit of the value; in parentheses, where a row is not of a whole layer, what the column `unit` counts. A
quantity without a null says nothing of one. <word> in a name stands for several words, such as a method. Files are read as
text, because what measures needs torch and a page does not.
"""

import ast
import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from repdyn.errors import StudyError
from repdyn.measures import MODULES
from repdyn.wording.names import measure_name

NAME = r"[\w<>/]+(?: [\w<>]+)?"
ENTRY = re.compile(
    rf"- (?P<names>{NAME}(?:, {NAME})*) \[(?P<unit>[^\]]+)\](?: \(unit: (?P<rows>[^)]+)\))?: (?P<meaning>.+?)"
    r"(?: Null: (?P<null>.+?))?(?: Source: (?P<source>.+?))?$",
    re.DOTALL,
)
HEADINGS = ("Quantity", "Unit", "What it is", "Null", "Source")


class Quantity(NamedTuple):
    """A line of the table. names: alike but for what the meaning tells apart; rows: what the column `unit` counts, "" where
    a row is a whole layer; null, source: "" where there is none."""

    names: tuple[str, ...]
    unit: str
    rows: str
    meaning: str
    null: str
    source: str


class Described(NamedTuple):
    """The docstring of a `measure`. common: paragraphs that hold for all its quantities."""

    common: list[str]
    quantities: list[Quantity]


@cache
def described(package: str, module: str) -> Described:
    """What `measure` in a module of the library says, such as ("repdyn.measures", "heads"); constants as numbers.

    Raises StudyError where an entry does not have the form.
    """
    tree = ast.parse(files(package).joinpath(f"{module}.py").read_text(encoding="utf-8"))
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "measure")
    text = with_numbers(ast.get_docstring(function), constants(tree))
    blocks = [" ".join(block.split()) for block in re.split(r"\n\s*\n|\n(?=- )", text)]
    where = f"{package}.{module}"
    return Described(
        [plain(block) for block in blocks if not re.match(r"- |[Mm]aps[,:]", block)],
        [entry(block, where) for block in blocks if block.startswith("- ")],
    )


def entry(block: str, where: str) -> Quantity:
    """One entry of a docstring, on one line."""
    found = ENTRY.match(block)
    if not found:
        raise StudyError(f"{where}: {block!r} is not of the form '- name [unit]: meaning. Null: ... Source: ...'")
    parts = {name: plain((value or "").rstrip(".")) for name, value in found.groupdict().items()}
    return Quantity(tuple(parts.pop("names").split(", ")), **parts)


def constants(tree: ast.Module) -> dict[str, str]:
    """The numbers that a module gives names in capitals, as a reader would write them."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and all(isinstance(target, ast.Name | ast.Tuple) for target in node.targets):
            try:
                value = ast.literal_eval(node.value)
            except ValueError:
                continue
            target = node.targets[0]
            pairs = zip(target.elts, value, strict=True) if isinstance(target, ast.Tuple) else [(target, value)]
            found |= {name.id: written(number) for name, number in pairs if isinstance(number, int | float | tuple)}
    return found


def written(value) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value:,}"


def with_numbers(text: str, numbers: dict[str, str]) -> str:
    return re.sub(r"\b[A-Z][A-Z_]+\b", lambda word: numbers.get(word[0], word[0]), text)


def plain(text: str) -> str:
    """As pages write it: values that are not evaluable, no code."""
    return re.sub(r"NaN( \(not evaluable\))?", "not evaluable", text).replace("`", "")


def quantity_names(package: str, module: str) -> set[str]:
    """The names of all quantities that are `described`."""
    return {name for quantity in described(package, module).quantities for name in quantity.names}


@cache
def names_of_classes() -> frozenset[str]:
    """The quantities of phase 2 that name a class: a mean of them means nothing."""
    every = (quantity for module in MODULES for quantity in described("repdyn.measures", module).quantities)
    return frozenset(name for quantity in every if quantity.unit == "class" for name in quantity.names)


def is_described(name: str, quantities: list[Quantity]) -> bool:
    """Whether a quantity of a table of measurements has an entry; _low and _high are the interval of one that has."""
    for known in (known for quantity in quantities for known in quantity.names):
        pattern = re.sub(r"<[^>]+>", "[^/]+", known)
        if re.fullmatch(rf"{pattern}(_low|_high)?", name):
            return True
    return False


def table_of(package: str, module: str) -> dict:
    """`described` as a page shows it: common, the paragraphs, and rows, the cells under HEADINGS."""
    found = described(package, module)
    return {"common": found.common, "rows": [cells(quantity) for quantity in found.quantities]}


def cells(quantity: Quantity) -> list[str]:
    each = f", a row per {quantity.rows}" if quantity.rows else ""
    names = "; ".join(map(measure_name, quantity.names))
    return [names, quantity.unit + each, quantity.meaning, quantity.null or "none", quantity.source]
