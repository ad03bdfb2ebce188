"""The contract that every dataset fulfils: each loader returns a `Dataset` fixed by a seed."""

import zlib
from dataclasses import dataclass, field

import numpy as np

from repdyn.errors import StudyError

SPLITS = ("train", "probe", "test")
KINDS = {"image": "float32", "vector": "float32", "text": "int64"}


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


def generator(seed: int, purpose: str) -> np.random.Generator:
    """Random generator of one purpose: streams of different purposes are independent at the same seed."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def balanced_labels(rng: np.random.Generator, n: int, classes: int) -> np.ndarray:
    """(n,) int64 labels in random order whose class counts differ by at most one."""
    return rng.permutation(np.arange(n, dtype=np.int64) % classes)


def require_counts(name: str, counts: dict[str, int]) -> None:
    """Raise StudyError unless every count of examples is an integer of at least one."""
    for split, count in counts.items():
        if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
            raise StudyError(f"dataset {name}: {split} = {count!r}; a whole number from 1 up is needed")


def check(dataset: Dataset) -> Dataset:
    """Return the dataset unchanged, or raise StudyError saying where it breaks the contract."""
    if dataset.kind not in KINDS:
        raise StudyError(f"dataset {dataset.name}: kind {dataset.kind!r} is none of {', '.join(KINDS)}")
    for part in (dataset.inputs, dataset.labels):
        if set(part) != set(SPLITS):
            raise StudyError(f"dataset {dataset.name}: splits {sorted(part)}; {', '.join(SPLITS)} are needed")
    for split in SPLITS:
        where = f"dataset {dataset.name}, split {split}"
        _check_inputs(where, dataset, dataset.inputs[split])
        _check_labels(where, dataset, dataset.labels[split], len(dataset.inputs[split]))
    return dataset


def _check_inputs(where: str, dataset: Dataset, inputs: np.ndarray) -> None:
    if len(inputs) == 0:
        raise StudyError(f"{where}: it holds no examples")
    if inputs.dtype != KINDS[dataset.kind]:
        raise StudyError(f"{where}: inputs are {inputs.dtype}, {KINDS[dataset.kind]} is needed")
    well_shaped = inputs.ndim == 4 and inputs.shape[1] == 1 if dataset.kind == "image" else inputs.ndim == 2
    if not well_shaped or inputs.shape[1:] != dataset.shape:
        raise StudyError(
            f"{where}: inputs of shape {inputs.shape} do not fit kind {dataset.kind!r} and the other splits"
        )
    if not np.isfinite(inputs).all():
        raise StudyError(f"{where}: input {np.argwhere(~np.isfinite(inputs))[0][0]} is not finite")
    if dataset.kind == "image" and (inputs.min() < 0 or inputs.max() > 1):
        raise StudyError(f"{where}: pixels span {inputs.min()} to {inputs.max()}; 0 to 1 is needed")
    if dataset.kind == "text":
        _check_tokens(where, inputs, len(dataset.vocabulary))


def _check_tokens(where: str, tokens: np.ndarray, words: int) -> None:
    if tokens.min() < 0 or tokens.max() >= words:
        raise StudyError(f"{where}: token ids span {tokens.min()} to {tokens.max()}; the vocabulary has {words}")
    padding = tokens == 0
    if padding[:, 0].any() or (padding[:, :-1] & ~padding[:, 1:]).any():
        raise StudyError(f"{where}: padding stands before a word or fills a whole row")


def _check_labels(where: str, dataset: Dataset, labels: np.ndarray, n: int) -> None:
    if labels.shape != (n,) or labels.dtype != np.int64:
        raise StudyError(f"{where}: labels are {labels.dtype} {labels.shape}; int64 ({n},) is needed")
    wrong = np.flatnonzero((labels < 0) | (labels >= len(dataset.classes)))
    if len(wrong):
        raise StudyError(
            f"{where}: label {labels[wrong[0]]} at index {wrong[0]} is outside 0..{len(dataset.classes) - 1}"
        )


def to_arrays(dataset: Dataset) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays keyed "<split>.inputs" and "<split>.labels", and metadata that JSON can hold."""
    arrays = {}
    for split in SPLITS:
        arrays[f"{split}.inputs"] = np.ascontiguousarray(dataset.inputs[split])
        arrays[f"{split}.labels"] = np.ascontiguousarray(dataset.labels[split])
    metadata = {
        "name": dataset.name,
        "kind": dataset.kind,
        "classes": list(dataset.classes),
        "vocabulary": list(dataset.vocabulary),
        "truth": dataset.truth,
        "shape": list(dataset.shape),
        "dtype": str(dataset.inputs["train"].dtype),
        "chance": dataset.chance,
    }
    return arrays, metadata


def require_size(dataset: Dataset, size: int) -> None:
    """StudyError unless images are `size` pixels wide and high."""
    if dataset.kind == "image" and dataset.shape[1:] != (size, size):
        found = " x ".join(map(str, dataset.shape[1:]))
        raise StudyError(f"dataset {dataset.name}: its images are {found} pixels; key 'size' is {size}")


def from_arrays(arrays: dict[str, np.ndarray], metadata: dict) -> Dataset:
    """Inverse of `to_arrays`; raises StudyError if the contract is broken or something is missing."""
    try:
        dataset = Dataset(
            name=metadata["name"],
            kind=metadata["kind"],
            classes=tuple(metadata["classes"]),
            inputs={split: arrays[f"{split}.inputs"] for split in SPLITS},
            labels={split: arrays[f"{split}.labels"] for split in SPLITS},
            vocabulary=tuple(metadata["vocabulary"]),
            truth=metadata["truth"],
        )
    except KeyError as error:
        raise StudyError(f"stored dataset lacks {error}: build it again") from error
    return check(dataset)
