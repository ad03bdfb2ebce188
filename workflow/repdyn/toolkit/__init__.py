"""Measurement modules that look into trained networks: features, causes, attribution, geometry, topology, dynamics.

A module is a file here with `measure(held_out, training) -> (table, maps)`: two `measures.subject.Subject` of one run with
the same states, of the test and of the training split; a table with `measures.table.COLUMNS`; and numeric arrays for
its figure. Its figure is `figures/toolkit/<name>.py`, what the page says of it `findings/<name>.py`, its caption
`report/captions/toolkit/<name>.rst`. What it measures with are plain functions on arrays and modules, for any network.
"""

from importlib import import_module
from typing import NamedTuple

ALL = ("mlp", "cnn", "transformer")


class Module(NamedTuple):
    """The title of a module's section, the families it fits, and the alternative text of its figure."""

    title: str
    families: tuple[str, ...]
    alt: str


# In the order of the page. A new module is the files named above and a line here.
MODULES = {
    "sparse_autoencoders": Module(
        "Sparse autoencoders",
        ALL,
        "For every run: variance explained by sparse features, how alike they are between seeds and steps, which classes"
        " they detect, what a network loses with them, and how often they are active, each beside its null",
    ),
    "interventions": Module(
        "Interventions on units and directions",
        ALL,
        "Accuracy lost with sets of units, agreement of three kinds of ablation, do-responses, and steering by dose",
    ),
    "patching": Module(
        "Patching and circuits",
        ALL,
        "Per experiment: how much of the difference between two classes patched units, heads and components carry over, by"
        " layer and step, and how faithful circuits of growing size are; of transformers also by position and by path",
    ),
    "attribution": Module(
        "Attribution",
        ALL,
        "Maps of several attribution methods on held-out examples, their deletion curves beside random orders, their"
        " gain over training, and their similarity to maps of networks with redrawn weights",
    ),
    "geometry": Module(
        "Geometry of representations",
        ALL,
        "Intrinsic dimension, geodesic ratio, curvature and class capacity of three layers against the training step",
    ),
    "topology": Module(
        "Topology of representations",
        ALL,
        "Per experiment: a persistence diagram of the last hidden layer, its longest loop and the number of loops beyond"
        " Gaussian clouds by layer and step, and the loops of the clouds of classes through the layers",
    ),
    "information": Module(
        "Mutual information",
        ALL,
        "Information that two coordinates of three layers hold on the class and on the input, against the training step,"
        " beside what a linear probe of the whole layer reads",
    ),
    "dynamics": Module(
        "Dynamics of training",
        ALL,
        "Per experiment against the training step: drift of layers from their initialisation, their dimension, the share of"
        " classes and units that have emerged, the held-out loss with change points, and the path of the weights beside"
        " that of a random walk",
    ),
}


def modules_for(family: str) -> list[str]:
    """The names of the modules that fit a family."""
    return [name for name, module in MODULES.items() if family in module.families]


def load(name: str):
    """A module by name."""
    return import_module(f"repdyn.toolkit.{name}")
