"""Small datasets in the published format."""

import gzip
import struct
from pathlib import Path

import numpy as np

from repdyn.datasets import idx

CODES = {"u1": 0x08, "i4": 0x0C, "f4": 0x0D}


def idx_bytes(array: np.ndarray) -> bytes:
    """IDX file of an array, written from the format's description."""
    header = bytes([0, 0, CODES[array.dtype.str[1:]], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_family(root: Path, name: str = "mnist", n: int = 40) -> Path:
    """A small dataset of images in which image i is filled with i; its label is i modulo 10."""
    folder = root / name
    folder.mkdir(parents=True)
    for images_name, labels_name in idx.FILES[name].values():
        images = np.broadcast_to(np.arange(n, dtype=np.uint8)[:, None, None], (n, 28, 28))
        labels = (np.arange(n) % 10).astype(np.uint8)
        if labels_name.endswith("idx2-int"):
            labels = np.column_stack([labels, *[np.full(n, 99)] * 7]).astype(np.int32)
        (folder / f"{images_name}.gz").write_bytes(gzip.compress(idx_bytes(images)))
        (folder / labels_name).write_bytes(idx_bytes(labels))
    return folder
