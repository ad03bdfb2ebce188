"""Which rows of which layer a dictionary describes."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from repdyn.activations.addresses import Where, address
from repdyn.activations.answers import array, count
from repdyn.activations.axes import unit_axis
from repdyn.measures.subject import Subject
from repdyn.roles import state_layers
from repdyn.seeds import derive
from repdyn.sparse_autoencoders.spliced import as_rows


class Rows(NamedTuple):
    """Activations as rows (rows, d), and the example each belongs to, (rows,)."""

    values: np.ndarray
    owner: np.ndarray


def layer_of(subject: Subject) -> Where:
    """The last layer through which everything passes; of our CNNs, whose channels are pooled, after the pooling."""
    last = state_layers(subject.roles)[-1]
    if not subject.declared:
        return last
    outer = last.rpartition(".")[0]
    block = subject.network.get_submodule(outer)
    pooled = isinstance(block, nn.Sequential) and isinstance(block[-1], nn.MaxPool2d)
    return outer if pooled else last


def rows_of(subject: Subject, step: int, layer: str) -> Rows:
    """All rows of a layer on all examples, padding left out."""
    outputs = subject.capture(step, [layer])[layer]
    axis = unit_axis(subject.network, address(layer), outputs[0])
    values = array(torch.cat([as_rows(output, axis) for output in outputs]))
    n = count(subject.inputs)
    owner = np.repeat(np.arange(n), len(values) // n)
    if subject.counted is not None and outputs[0].ndim == 3:
        valid = subject.counted.flatten().numpy()
        values, owner = values[valid], owner[valid]
    return Rows(values, owner)


def chosen(count: int, most: int, key: tuple) -> np.ndarray:
    """At most so many rows of `count`, drawn by the key of a run, rising."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(derive(*key, "autoencoder rows")).choice(count, most, replace=False))


def probed(count: int, most: int) -> np.ndarray:
    """At most so many rows of `count`, rising. Not drawn by the key of a run: other seeds look at the same rows."""
    return np.sort(np.random.default_rng(derive("probed rows")).permutation(count)[:most])
