"""Grey patches of scikit-learn's two photographs; the task is which of eight regions they come from."""

import numpy as np
from sklearn.datasets import load_sample_image

from repdyn.datasets import SPLITS, Dataset, balanced_labels, generator, require_counts
from repdyn.errors import StudyError

PHOTOGRAPHS = ("china", "flower")
QUADRANTS = ("upper left", "upper right", "lower left", "lower right")
CLASSES = tuple(f"{photograph} {quadrant}" for photograph in PHOTOGRAPHS for quadrant in QUADRANTS)
PATCH = 28
BLOCK = 64
LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601 weights of red, green, blue


def load(seed: int, train: int = 1504, probe: int = 256, test: int = 504) -> Dataset:
    """Images (1, 28, 28) in [0, 1]; class counts of a split differ by at most one.

    Raises StudyError if a split asks for more patches than its blocks hold.
    """
    counts = dict(zip(SPLITS, (train, probe, test), strict=True))
    require_counts("photos", counts)
    pictures = [grey(photograph) for photograph in PHOTOGRAPHS]
    labels, places = positions(seed, counts)
    inputs = {split: np.stack([cut(pictures, *place) for place in places[split]])[:, None] for split in SPLITS}
    return Dataset("photos", "image", CLASSES, inputs, labels)


def grey(photograph: str) -> np.ndarray:
    """(427, 640) float32 luminance in [0, 1]."""
    colours = load_sample_image(f"{photograph}.jpg") / 255
    return (colours * LUMINANCE).sum(axis=-1).clip(0, 1).astype(np.float32)


def cut(pictures: list[np.ndarray], photograph: int, top: int, left: int) -> np.ndarray:
    """(28, 28) patch whose upper left pixel is (top, left)."""
    return pictures[photograph][top : top + PATCH, left : left + PATCH]


def positions(seed: int, counts: dict[str, int]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Labels (n,) and patch places (n, 3) = photograph, top, left of every split; no place twice."""
    labels, places = {}, {}
    for split, n in counts.items():
        rng = generator(seed, f"photos {split}")
        labels[split] = balanced_labels(rng, n, len(CLASSES))
        places[split] = np.empty((n, 3), dtype=np.int64)
        for region in range(len(CLASSES)):
            rows = np.flatnonzero(labels[split] == region)
            candidates = region_places(region, split)
            if len(rows) > len(candidates):
                raise StudyError(
                    f"dataset photos: {split} = {n} asks for {len(rows)} patches of {CLASSES[region]!r}; "
                    f"its blocks hold {len(candidates)}"
                )
            places[split][rows] = candidates[rng.choice(len(candidates), len(rows), replace=False)]
    return labels, places


def region_places(region: int, split: str, height: int = 427, width: int = 640) -> np.ndarray:
    """(m, 3) every place of a patch that lies in one block of the split within the region.

    The blocks of a quadrant form a grid from its upper left corner; incomplete blocks at its edge are unused.
    """
    photograph, quadrant = divmod(region, len(QUADRANTS))
    rows, columns = height // 2 // BLOCK, width // 2 // BLOCK
    origin = np.array([quadrant // 2 * (height // 2), quadrant % 2 * (width // 2)])
    steps = np.stack(np.meshgrid(*[np.arange(BLOCK - PATCH + 1)] * 2, indexing="ij"), -1).reshape(-1, 2)
    corners = [
        origin + BLOCK * np.array([row, column])
        for row in range(rows)
        for column in range(columns)
        if block_split(row, column) == split
    ]
    corner = np.concatenate([corner + steps for corner in corners])
    return np.column_stack([np.full(len(corner), photograph), corner])


def block_split(row: int, column: int) -> str:
    """Split of a block: of five in a row three train, one probes and one tests; rows are staggered."""
    return ("train", "probe", "train", "test", "train")[(column + 2 * row) % 5]
