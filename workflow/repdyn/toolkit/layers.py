"""The clouds of points at which shape, topology and information look: the input, the middle and the last hidden layer."""

from collections.abc import Iterator

import numpy as np

from repdyn.activations.addresses import Where, tensors
from repdyn.activations.answers import Inputs, array
from repdyn.errors import StudyError
from repdyn.measures.subject import Subject
from repdyn.roles import EMBEDDING, INPUT, layers_with, state_layers


def looked_at(subject: Subject) -> list[Where]:
    """The embedding of a text, the middle hidden layer and the last. StudyError for a text without an embedding."""
    embedding = layers_with(subject.roles, EMBEDDING) if subject.text else []
    if subject.text and not embedding:
        raise StudyError(f"what comes in are words, so a layer with the role {EMBEDDING!r} is needed")
    hidden = state_layers(subject.roles)
    return list(dict.fromkeys([*embedding, hidden[(len(hidden) - 1) // 2], hidden[-1]]))


def clouds(subject: Subject) -> Iterator[tuple[int, Where, np.ndarray]]:
    """(step, layer, rows (n, d)) at the grid steps; layer INPUT of what is no text, at the first step only."""
    layers = looked_at(subject)
    if not subject.text:
        yield subject.grid[0], INPUT, flat(subject.inputs)
    for step in subject.grid:
        examples = subject.examples(step)
        for layer in layers:
            yield step, layer, examples[layer]


def flat(inputs: Inputs) -> np.ndarray:
    """All numbers of an example as one row, several inputs side by side: (n, d)."""
    return np.concatenate([array(each.flatten(1)) for each in tensors(inputs)], axis=1)
