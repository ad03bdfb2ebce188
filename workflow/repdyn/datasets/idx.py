"""The MNIST family from its original IDX files, gzipped or plain."""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from repdyn.datasets import Dataset, generator, require_counts
from repdyn.errors import StudyError

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
# Images have three; beyond 64 nothing is an array.
MOST_DIMENSIONS = 4
GZIP_MAGIC = b"\x1f\x8b"
MNIST_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
QMNIST_FILES = {
    "train": ("qmnist-train-images-idx3-ubyte", "qmnist-train-labels-idx2-int"),
    "test": ("qmnist-test-images-idx3-ubyte", "qmnist-test-labels-idx2-int"),
}
FILES = {"mnist": MNIST_FILES, "fashion_mnist": MNIST_FILES, "qmnist": QMNIST_FILES}
DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
CLASSES = {"mnist": DIGITS, "fashion_mnist": CLOTHES, "qmnist": DIGITS}
LARGEST_TEST = 1000


def load(
    seed: int, directory: str | Path, name: str = "mnist", train: int = 1500, probe: int = 256, test: int | None = None
) -> Dataset:
    """Images (1, 28, 28) in [0, 1] from the files in directory/name.

    Training examples are a random subset of the train file; probe and test are disjoint random subsets
    of the test file. Without `test`, what the probe leaves is taken, up to 1,000.
    Raises StudyError for a missing, truncated or wrong file, a label out of range or too few rows.
    """
    require_counts(name, {"train": train, "probe": probe})
    folder = Path(directory) / name
    classes = CLASSES[name]
    train_images, train_labels = read_pair(folder, *FILES[name]["train"], len(classes))
    held_images, held_labels = read_pair(folder, *FILES[name]["test"], len(classes))
    if test is None:
        test = max(1, min(LARGEST_TEST, len(held_labels) - probe))
    require_counts(name, {"test": test})
    require_rows(folder / FILES[name]["train"][0], len(train_labels), {"train": train})
    require_rows(folder / FILES[name]["test"][0], len(held_labels), {"probe": probe, "test": test})
    chosen = generator(seed, f"{name} train").permutation(len(train_labels))[:train]
    held = generator(seed, f"{name} held out").permutation(len(held_labels))
    rows = {"probe": held[:probe], "test": held[probe : probe + test]}
    return Dataset(
        name=name,
        kind="image",
        classes=classes,
        inputs={"train": scale(train_images[chosen])} | {s: scale(held_images[r]) for s, r in rows.items()},
        labels={"train": train_labels[chosen]} | {s: held_labels[r] for s, r in rows.items()},
    )


def scale(images: np.ndarray) -> np.ndarray:
    """(n, h, w) bytes to (n, 1, h, w) float32 in [0, 1]."""
    return images[:, None].astype(np.float32) / 255


def require_rows(path: Path, available: int, counts: dict[str, int]) -> None:
    """Raise StudyError if the splits that one file feeds ask for more rows than it holds."""
    if sum(counts.values()) > available:
        asked = " + ".join(f"{split} {count}" for split, count in counts.items())
        raise StudyError(f"{path} holds {available} rows, but the study asks for {asked}: ask for fewer")


def read_pair(folder: Path, images_name: str, labels_name: str, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, h, w) uint8 and labels (n,) int64 of one pair of files.

    Labels in several columns (QMNIST) are cut to the first, the class.
    """
    images_path, labels_path = locate(folder, images_name), locate(folder, labels_name)
    images, labels = read_idx(images_path), read_idx(labels_path)
    if images.ndim != 3 or images.dtype != np.uint8:
        raise StudyError(f"{images_path} holds {images.dtype} {images.shape}; images (n, h, w) of bytes are needed")
    if labels.ndim not in (1, 2) or labels.dtype.kind not in "ui" or (labels.ndim == 2 and not labels.shape[1]):
        raise StudyError(f"{labels_path} holds {labels.dtype} {labels.shape}; whole-number labels are needed")
    if len(images) != len(labels):
        raise StudyError(
            f"{images_path} holds {len(images)} images but {labels_path} holds {len(labels)} labels: "
            "they do not belong together"
        )
    labels = (labels[:, 0] if labels.ndim == 2 else labels).astype(np.int64)
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        raise StudyError(
            f"{labels_path}: label {labels[wrong[0]]} at index {wrong[0]} is out of range 0..{classes - 1}"
        )
    return images, labels


def locate(folder: Path, name: str) -> Path:
    """The file `name` in the folder, gzipped or plain; raises StudyError naming both if neither is there."""
    candidates = [folder / f"{name}.gz", folder / name]
    for path in candidates:
        if path.is_file():
            return path
    raise StudyError(
        f"no data file: looked for {candidates[0]} and {candidates[1]}; "
        "the folder that holds one folder per dataset is set by the config key data_dir"
    )


def read_idx(path: Path) -> np.ndarray:
    """The array of an IDX file (big-endian header: 0, 0, type code, number of dimensions, sizes).

    Raises StudyError for a truncated or corrupt file or a wrong magic number.
    """
    content = read_bytes(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in DTYPES or content[3] == 0:
        raise StudyError(
            f"{path} is not an IDX file: it starts with {content[:4].hex(' ') or 'nothing'}; "
            "two zero bytes, a type code and the number of dimensions are expected"
        )
    dimensions = content[3]
    if dimensions > MOST_DIMENSIONS:
        raise StudyError(f"{path} is not one of images or labels: its header gives {dimensions} dimensions")
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise StudyError(f"{path} is truncated: {len(content)} bytes, less than its header of {start}")
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    if 0 in shape:
        raise StudyError(f"{path} is empty: its header says {' x '.join(map(str, shape))}")
    dtype = np.dtype(DTYPES[content[2]])
    expected = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if len(content) - start != expected:
        state = "is truncated" if len(content) - start < expected else "has bytes left over"
        raise StudyError(
            f"{path} {state}: its header says {' x '.join(map(str, shape))} = {expected} bytes, "
            f"the file holds {len(content) - start}"
        )
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


def read_bytes(path: Path) -> bytes:
    """The file's bytes, decompressed if it is gzipped, whatever its name."""
    content = path.read_bytes()
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise StudyError(
            f"{path} is truncated or corrupt: its gzip stream does not end properly ({error}); fetch it again"
        ) from error
