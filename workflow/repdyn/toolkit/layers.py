"""The clouds of points at which shape, topology and information look: the input, the middle and the last hidden layer."""

from collections.abc import Iterator

import numpy as np
import torch

from repdyn.measures.subject import Subject


def looked_at(subject: Subject) -> list[str]:
    """The embedding of a text, the middle hidden layer and the last."""
    inner = [name for name in subject.layers if name not in ("embedding", "output")]
    hidden = [name for name in inner if not name.endswith((".attention", ".feedforward"))]
    embedding = [name for name in subject.layers if name == "embedding" and subject.inputs.dtype == torch.int64]
    return list(dict.fromkeys([*embedding, hidden[(len(hidden) - 1) // 2], hidden[-1]]))


def clouds(subject: Subject) -> Iterator[tuple[int, str, np.ndarray]]:
    """(step, layer, rows (n, d)) at the grid steps; layer "input" of what is no text, at the first step only."""
    if subject.inputs.dtype != torch.int64:
        yield subject.grid[0], "input", subject.inputs.flatten(1).numpy()
    for step in subject.grid:
        examples = subject.examples(step)
        for layer in looked_at(subject):
            yield step, layer, examples[layer]
