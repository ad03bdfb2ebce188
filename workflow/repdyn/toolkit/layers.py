"""The clouds of points at which shape, topology and information look: the input, the middle and the last hidden layer."""

from collections.abc import Iterator

import numpy as np
import torch

from repdyn.measures.subject import Subject
from repdyn.roles import EMBEDDING, INPUT, layers_with, state_layers


def looked_at(subject: Subject) -> list[str]:
    """The embedding of a text, the middle hidden layer and the last."""
    embedding = layers_with(subject.roles, EMBEDDING) if subject.inputs.dtype == torch.int64 else []
    hidden = state_layers(subject.roles)
    return list(dict.fromkeys([*embedding, hidden[(len(hidden) - 1) // 2], hidden[-1]]))


def clouds(subject: Subject) -> Iterator[tuple[int, str, np.ndarray]]:
    """(step, layer, rows (n, d)) at the grid steps; layer INPUT of what is no text, at the first step only."""
    if subject.inputs.dtype != torch.int64:
        yield subject.grid[0], INPUT, subject.inputs.flatten(1).numpy()
    for step in subject.grid:
        examples = subject.examples(step)
        for layer in looked_at(subject):
            yield step, layer, examples[layer]
