"""What the toolkit's page says about each module, computed from its tables; sentences as plain text.

A module has `found(table) -> list[str]`: paragraphs on what was found, against which null, on which experiments. table: the
measurements of all its runs, with experiment and seed before `measures.table.COLUMNS`.
"""

from importlib import import_module


def load(name: str):
    """The findings of a toolkit module by name."""
    return import_module(f"repdyn.findings.{name}")
