"""The 1,797 handwritten digits of scikit-learn, upsampled so that four 2x2 poolings fit."""

import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

from repdyn.datasets import SPLITS, Dataset, generator, require_counts
from repdyn.errors import StudyError


def load(seed: int, train: int = 1085, probe: int = 256, test: int = 456) -> Dataset:
    """Images (1, 16, 16) in [0, 1] of the digits 0 to 9, every split stratified by class.

    Raises StudyError if more than the 1,797 examples are asked for.
    """
    counts = dict(zip(SPLITS, (train, probe, test), strict=True))
    require_counts("digits", counts)
    images, labels = load_digits(return_X_y=True)
    if sum(counts.values()) > len(labels):
        raise StudyError(
            f"dataset digits: train + probe + test = {sum(counts.values())} examples; there are {len(labels)}"
        )
    images = upsample(images.reshape(-1, 8, 8) / 16.0)[:, None]
    rows = stratified(generator(seed, "digits"), labels, counts)
    return Dataset(
        name="digits",
        kind="image",
        classes=tuple("0123456789"),
        inputs={split: images[rows[split]] for split in SPLITS},
        labels={split: labels[rows[split]].astype(np.int64) for split in SPLITS},
    )


def upsample(images: np.ndarray) -> np.ndarray:
    """(n, h, w) to (n, 2h, 2w) float32, bilinear with pixel centres aligned."""
    return zoom(images, (1, 2, 2), order=1, mode="nearest", grid_mode=True).clip(0, 1).astype(np.float32)


def stratified(rng: np.random.Generator, labels: np.ndarray, counts: dict[str, int]) -> dict[str, np.ndarray]:
    """Disjoint row indices per split, in random order, with exact totals and class shares kept.

    Rows are ordered by their random rank within their class relative to its size, so that any
    contiguous stretch of the order holds the classes in proportion.
    """
    quantile = np.empty(len(labels))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        quantile[rows] = (rng.permutation(len(rows)) + 0.5) / len(rows)
    order = np.argsort(quantile, kind="stable")
    ends = np.cumsum(list(counts.values()))
    parts = np.split(order[: ends[-1]], ends[:-1])
    return {split: rng.permutation(part) for split, part in zip(counts, parts, strict=True)}
