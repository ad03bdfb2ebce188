"""The measures of phase 2: what is inside a network at chosen steps, each measure in a file of its own.

A measure has a function `measure(subject) -> table` and, where it has pictures, `with_maps(subject) -> (table, arrays)`,
which looks at the network once for both; `subject` is a `subject.Subject`, the table has the columns of `table.COLUMNS`. The
functions below it take arrays and serve any notebook. The docstring of `measure` describes every quantity in the form of
`report.quantities`, from which the page takes unit, null and source.
"""

from importlib import import_module

from repdyn.families import FAMILIES as ALL

# Measure -> the families it fits. A new measure is a new file and a line here.
MODULES = {
    "behaviour": ALL,
    "similarity": ALL,
    "subspace": ALL,
    "weights": ALL,
    "sparsity": ALL,
    "separability": ALL,
    "probes": ALL,
    "attention": ("transformer",),
    "heads": ("transformer",),
    "filters": ("cnn",),
    "selectivity": ("mlp", "cnn"),
    "units": ("mlp",),
}


def modules_for(family: str) -> list[str]:
    """The names of the measures that fit a family."""
    return [name for name, families in MODULES.items() if family in families]


def left_out(family: str) -> dict[str, tuple[str, ...]]:
    """{module: the families it is for} of the modules that do not fit a family."""
    return {name: families for name, families in MODULES.items() if family not in families}


def load(name: str):
    """A measure by name."""
    return import_module(f"repdyn.measures.{name}")
