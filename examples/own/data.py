"""Noisy circles and their reflections in the plane, told apart by direction of travel and by speed."""

import numpy as np

CLASSES = 4  # clockwise or not, slow or fast
STEPS = 12


def circles(seed: int, train: int, probe: int, test: int, noise: float = 0.1) -> dict[str, np.ndarray]:
    """Called by the workflow with data_seed and the options of the datasets file; the same seed gives the same arrays."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for split, examples in (("train", train), ("probe", probe), ("test", test)):
        labels = rng.permutation(np.arange(examples) % CLASSES)
        arrays[f"{split}_inputs"] = sequences(rng, labels, noise)
        arrays[f"{split}_labels"] = labels
    return arrays


def sequences(rng: np.random.Generator, labels: np.ndarray, noise: float) -> np.ndarray:
    """(n, STEPS * 2) float32: x and y at each step, from a random place on the circle."""
    direction, speed = np.where(labels % 2, 1, -1), np.where(labels < 2, 0.3, 0.5)
    angle = rng.uniform(0, 2 * np.pi, len(labels))[:, None] + (direction * speed)[:, None] * np.arange(STEPS)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=2)
    return (points + noise * rng.standard_normal(points.shape)).reshape(len(labels), -1).astype(np.float32)


if __name__ == "__main__":
    # How data.npz was made.
    np.savez_compressed("data.npz", **circles(seed=7, train=160, probe=64, test=96))
