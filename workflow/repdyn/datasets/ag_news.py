"""AG News from its original CSV files: which of four sections an article belongs to."""

import csv
import html
import re
from pathlib import Path

import numpy as np

from repdyn.datasets import Dataset, generator, require_counts
from repdyn.datasets.idx import LARGEST_TEST, require_rows
from repdyn.datasets.text import build_vocabulary, encode, words
from repdyn.errors import StudyError

CLASSES = ("World", "Sports", "Business", "Sci/Tech")
# The published files write "&#39;" as " #39;", keep other entities and use a backslash for a line break.
BARE_ENTITY = re.compile(r"(?<!&)#(\d+);")


def load(
    seed: int,
    directory: str | Path,
    train: int = 1500,
    probe: int = 256,
    test: int | None = None,
    vocabulary: int = 2000,
    length: int = 24,
) -> Dataset:
    """Token ids (length,) of title and description, from directory/ag_news/train.csv and test.csv.

    The vocabulary comes from the training examples chosen. Probe and test are disjoint random subsets of
    the test file. Without `test`, what the probe leaves is taken, up to 1,000.
    Raises StudyError for a missing, empty, truncated or malformed file or too few rows.
    """
    require_counts("ag_news", {"train": train, "probe": probe, "vocabulary": vocabulary, "length": length})
    paths = {part: Path(directory) / "ag_news" / f"{part}.csv" for part in ("train", "test")}
    train_labels, train_texts = read_csv(paths["train"])
    held_labels, held_texts = read_csv(paths["test"])
    if test is None:
        test = max(1, min(LARGEST_TEST, len(held_labels) - probe))
    require_counts("ag_news", {"test": test})
    require_rows(paths["train"], len(train_labels), {"train": train})
    require_rows(paths["test"], len(held_labels), {"probe": probe, "test": test})
    chosen = generator(seed, "ag_news train").permutation(len(train_labels))[:train]
    held = generator(seed, "ag_news held out").permutation(len(held_labels))
    rows = {"probe": held[:probe], "test": held[probe : probe + test]}
    texts = {"train": [words(train_texts[row]) for row in chosen]}
    texts |= {split: [words(held_texts[row]) for row in rows[split]] for split in rows}
    table = build_vocabulary((text[:length] for text in texts["train"]), vocabulary)
    return Dataset(
        name="ag_news",
        kind="text",
        classes=CLASSES,
        inputs={split: encode(texts[split], table, length) for split in texts},
        labels={"train": train_labels[chosen]} | {split: held_labels[rows[split]] for split in rows},
        vocabulary=table,
    )


def read_csv(path: Path) -> tuple[np.ndarray, list[str]]:
    """Labels (n,) int64 from 0 and cleaned texts of rows `label(1-4),"title","description"`."""
    if not path.is_file():
        raise StudyError(
            f"no data file {path}; the folder that holds one folder per dataset is set by the config key data_dir"
        )
    labels, texts = [], []
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        try:
            for fields in reader:
                labels.append(parse_label(path, reader.line_num, fields))
                texts.append(clean(f"{fields[1]} {fields[2]}"))
        except (csv.Error, UnicodeDecodeError) as error:
            raise StudyError(
                f"{path} is truncated or malformed near line {reader.line_num}: {error} "
                '(rows label,"title","description" in UTF-8 are expected); fetch it again'
            ) from error
    if not labels:
        raise StudyError(f"{path} is empty: fetch it again")
    return np.array(labels, dtype=np.int64), texts


def parse_label(path: Path, line: int, fields: list[str]) -> int:
    """Class index 0..3 of one row; raises StudyError for a wrong number of fields or a wrong label."""
    if len(fields) != 3:
        raise StudyError(
            f"{path}, line {line}: {len(fields)} fields, 3 are expected (label, title, description); "
            "the file may be truncated"
        )
    label = fields[0].strip()
    if not label.isdecimal():
        raise StudyError(f"{path}, line {line}: label {label!r} is not a number; 1 to {len(CLASSES)} is expected")
    if not 1 <= int(label) <= len(CLASSES):
        raise StudyError(f"{path}, line {line}: label {label} is out of range 1..{len(CLASSES)}")
    return int(label) - 1


def clean(text: str) -> str:
    """The text with line breaks, entities and HTML tags resolved."""
    text = html.unescape(BARE_ENTITY.sub(r"&#\1;", text.replace("\\", " ")))
    return re.sub(r"<[^>]*>", " ", text)
