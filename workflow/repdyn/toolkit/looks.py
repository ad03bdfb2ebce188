"""At which checkpoints a tool looks that is too slow for all of them."""

import numpy as np


def looks(steps: list[int], most: int) -> list[int]:
    """`most` of the steps at most, evenly in their order, the first and the last among them."""
    return [steps[i] for i in np.unique(np.linspace(0, len(steps) - 1, most).round().astype(int))]
