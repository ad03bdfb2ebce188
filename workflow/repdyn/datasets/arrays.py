"""A dataset of a user's own: arrays per split, with the conversions that lose nothing."""

from collections.abc import Mapping, Sequence

import numpy as np

from repdyn.datasets import KINDS, SPLITS, Dataset, check
from repdyn.errors import StudyError

NAMES = tuple(f"{split}_{part}" for split in SPLITS for part in ("inputs", "labels"))
MOST_WORDS = 1_000_000
SHAPES = {"image": "(examples, 1, size, size)", "vector": "(examples, features)", "text": "(examples, words)"}


def from_user(
    name: str,
    kind: str,
    arrays: Mapping[str, np.ndarray],
    classes: Sequence[str] | None = None,
    size: int | None = None,
) -> Dataset:
    """A checked dataset of the arrays train_inputs, train_labels, probe_inputs, probe_labels, test_inputs, test_labels.

    kind: as of `datasets.Dataset`; floats of any precision and whole numbers of any width are converted. classes: their
    names; without them "0", "1", ... up to the highest label. size: what the width of an image must be.

    Raises StudyError for arrays that are missing or unknown, of another shape, with values that are not finite, and for
    labels outside of the classes.
    """
    where = f"dataset {name}"
    if kind not in KINDS:
        raise StudyError(f"{where}: kind {kind!r} is none of {', '.join(KINDS)}")
    missing = [array for array in NAMES if array not in arrays]
    unknown = [array for array in arrays if array not in NAMES]
    if missing or unknown:
        held = ", ".join(map(str, arrays)) or "nothing"
        raise StudyError(f"{where}: it holds {held}; {', '.join(NAMES)} are needed, one pair for each split")
    inputs = {split: _inputs(where, kind, split, _array(where, arrays, f"{split}_inputs"), size) for split in SPLITS}
    labels = {split: _labels(where, split, _array(where, arrays, f"{split}_labels")) for split in SPLITS}
    highest = max(int(values.max(initial=0)) for values in labels.values())
    if classes is None:
        if highest >= len(inputs["train"]):
            raise StudyError(
                f"{where}: label {highest} makes more classes than the {len(inputs['train'])} training examples"
            )
        classes = [str(label) for label in range(1 + highest)]
    if isinstance(classes, str) or not isinstance(classes, Sequence) or len({*map(str, classes)}) < len(classes):
        raise StudyError(f"{where}: classes are {classes!r:.80}; a list of names is needed, each once")
    words = 1 + max(int(values.max(initial=1)) for values in inputs.values()) if kind == "text" else 0
    if words > MOST_WORDS:
        raise StudyError(f"{where}: the id {words - 1} of a word is too large; {MOST_WORDS - 1:,} is the highest")
    dataset = check(
        Dataset(name, kind, tuple(map(str, classes)), inputs, labels, vocabulary=tuple(map(str, range(words))))
    )
    _require_every_class(where, dataset)
    return dataset


def _array(where: str, arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """StudyError for what numpy can make no array of, and for one whose values count only in part."""
    if np.ma.is_masked(arrays[name]):
        raise StudyError(f"{where}: {name} is masked; leave those examples out, or fill them in")
    try:
        return np.asarray(arrays[name])
    except (ValueError, TypeError, RuntimeError) as error:
        raise StudyError(f"{where}: {name} is no array of numpy, nor can it be made one ({error})") from error


def _inputs(where: str, kind: str, split: str, values: np.ndarray, size: int | None) -> np.ndarray:
    axes = {"image": 4, "vector": 2, "text": 2}[kind]
    if values.ndim != axes or (kind == "image" and values.shape[1] != 1):
        raise StudyError(f"{where}: {split}_inputs have shape {values.shape}; {kind} data are {SHAPES[kind]}")
    if values.size == 0 and len(values):
        raise StudyError(f"{where}: {split}_inputs have shape {values.shape}: an example holds no numbers")
    if kind == "image" and size and values.shape[2:] != (size, size):
        raise StudyError(
            f"{where}: images of {split}_inputs are {values.shape[2]} x {values.shape[3]} pixels; its size is {size}"
        )
    if values.dtype.kind == "u" and values.size and values.max() > np.iinfo(np.int64).max:
        raise StudyError(f"{where}: {split}_inputs hold {values.max()}; whole numbers of 63 bits are needed")
    whole = np.issubdtype(values.dtype, np.integer)
    if kind == "text" and not whole or not (whole or np.issubdtype(values.dtype, np.floating)):
        needed = "whole numbers, the ids of words," if kind == "text" else "numbers"
        raise StudyError(f"{where}: {split}_inputs are {values.dtype}; {needed} are needed")
    with np.errstate(over="ignore"):
        # What is too large becomes infinite, which `check` names.
        return values.astype(KINDS[kind])


def _labels(where: str, split: str, values: np.ndarray) -> np.ndarray:
    if not np.issubdtype(values.dtype, np.integer) or values.ndim != 1:
        raise StudyError(
            f"{where}: {split}_labels are {values.dtype} of shape {values.shape}; whole numbers of shape (examples,) are "
            "needed, 0 for the first class"
        )
    if values.size and values.max() > np.iinfo(np.int64).max:
        raise StudyError(f"{where}: {split}_labels hold {values.max()}; whole numbers of 63 bits are needed")
    return values.astype(np.int64)


def _require_every_class(where: str, dataset: Dataset) -> None:
    """StudyError for fewer than two classes, and for a class without two examples to learn from and to be tested on."""
    if len(dataset.classes) < 2:
        raise StudyError(f"{where}: it has {len(dataset.classes)} class; two or more are needed")
    for split in ("train", "test"):
        counts = np.bincount(dataset.labels[split], minlength=len(dataset.classes))
        if counts.min() < 2:
            label = int(counts.argmin())
            raise StudyError(
                f"{where}: split {split} has {counts[label]} examples of class {label} ({dataset.classes[label]}); every "
                "class needs two or more"
            )
