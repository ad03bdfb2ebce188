"""The figure of each toolkit module: `draw(table, maps)`.

table: the measurements of all its runs, with experiment and seed before `measures.table.COLUMNS`. maps: {"experiment/seed":
{name: array}}.
"""

from importlib import import_module


def load(name: str):
    """The figure of a toolkit module by name."""
    return import_module(f"repdyn.figures.toolkit.{name}")
