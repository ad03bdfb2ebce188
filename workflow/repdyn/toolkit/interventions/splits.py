"""The rows of a split on which units are chosen or judged."""

from typing import NamedTuple

import numpy as np
import torch

from repdyn.activations.answers import Inputs, rows_of
from repdyn.measures.subject import Subject
from repdyn.seeds import derive


class Split(NamedTuple):
    """Rows of a split: inputs, labels, which tokens count (None where all do), and how many go through at once."""

    inputs: Inputs
    labels: np.ndarray
    valid: torch.Tensor | None
    chunk: int


def split_of(subject: Subject, count: int, purpose: str) -> Split:
    """At most `count` rows, at random."""
    rng = np.random.default_rng(derive(*subject.key, "interventions", purpose))
    rows = np.sort(rng.permutation(len(subject.labels))[:count])
    valid = None if subject.counted is None else subject.counted[torch.from_numpy(rows)]
    return Split(rows_of(subject.inputs, rows), subject.labels[rows], valid, subject.chunk)
