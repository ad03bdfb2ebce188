"""Datasets behind one contract: each loader returns a `Dataset` fixed by a seed."""

from dataclasses import dataclass, field

import numpy as np

SPLITS = ("train", "probe", "test")


@dataclass(frozen=True)
class Dataset:
    """A classification task in three disjoint splits.

    kind "image": inputs (n, 1, H, W) float32 in [0, 1]; "vector": (n, d) float32;
    "text": (n, T) int64 token ids, 0 = padding (only at the end), 1 = unknown word.
    Labels are (n,) int64 in 0..len(classes)-1.
    """

    name: str
    kind: str
    classes: tuple[str, ...]
    inputs: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    vocabulary: tuple[str, ...] = ()
    truth: dict = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return self.inputs["train"].shape[1:]

    @property
    def chance(self) -> float:
        """Accuracy on the test split of always answering its most frequent class."""
        return float(np.bincount(self.labels["test"]).max() / len(self.labels["test"]))
