"""The published checkpoints of one network: how alike its filters are at different steps (C16)."""

import numpy as np

RUN = "cnn_deep_mnist2"
STEPS = (100, 1000, 2000)
# Suffix of the quantities of each layer: the claim is about the first convolution.
LAYERS = {"conv_layers.0": "", "conv_layers.3": "_second", "conv_layers.6": "_third", "fc": "_output"}
PAIRS = ((100, 1000), (1000, 2000), (100, 2000))


def filter_cosines(weights: dict[int, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Cosine of each filter with itself at a later step: {quantity: (filters,)}, e.g. cosine_100_1000_second.

    weights: of STEPS, tensors by name, filters along the first axis.
    """
    return {
        f"cosine_{early}_{late}{suffix}": (
            _directions(weights[early][f"{layer}.weight"]) * _directions(weights[late][f"{layer}.weight"])
        ).sum(axis=1)
        for layer, suffix in LAYERS.items()
        for early, late in PAIRS
    }


def _directions(tensor: np.ndarray) -> np.ndarray:
    """Filters as unit vectors: (m, ...) -> (m, d)."""
    rows = np.asarray(tensor, dtype=np.float64).reshape(len(tensor), -1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
