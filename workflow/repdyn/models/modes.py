"""The modes of the modules of a network."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, the mode of every module as before after it."""
    switched = [module for module in model.modules() if module.training]
    # Straight into the instance: nn.Module's own attribute setter is slow enough to show in the cost of tracking.
    for module in switched:
        vars(module)["training"] = False
    try:
        yield
    finally:
        for module in switched:
            vars(module)["training"] = True
