"""The readers of the published formats: excerpts of the real files, and every kind of bad file."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers.idx_files import idx_bytes, write_family
from helpers.project import ROOT
from repdyn import datasets
from repdyn.datasets import ag_news, idx
from repdyn.datasets.registry import load
from repdyn.errors import StudyError

EXCERPTS = Path(os.environ.get("REPDYN_DATASETS", ROOT.parent / "shared" / "datasets"))
needs_excerpts = pytest.mark.skipif(
    not (EXCERPTS / "mnist").is_dir(), reason=f"no excerpts in {EXCERPTS}; set REPDYN_DATASETS to their folder"
)
ROWS = {"mnist": (8000, 2000), "fashion_mnist": (2000, 557), "ag_news": (6600, 1000)}


def small(root: Path, name: str = "mnist") -> datasets.Dataset:
    return load(name, 0, directory=root, train=20, probe=15, test=10)


@needs_excerpts
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "ag_news"])
def test_excerpts_load_with_their_published_shapes(name):
    dataset = load(name, 0, directory=EXCERPTS)
    sizes = [len(dataset.labels[split]) for split in datasets.SPLITS]
    assert sizes == [1500, 256, min(1000, ROWS[name][1] - 256)]
    assert dataset.shape == ((24,) if name == "ag_news" else (1, 28, 28))
    for split in datasets.SPLITS:
        assert set(dataset.labels[split]) == set(range(len(dataset.classes)))
    again = load(name, 0, directory=EXCERPTS)
    assert dataset.inputs["test"].tobytes() == again.inputs["test"].tobytes()
    other = load(name, 1, directory=EXCERPTS)
    assert dataset.inputs["test"].tobytes() != other.inputs["test"].tobytes()


@needs_excerpts
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_nearest_class_mean_reads_the_excerpts(name):
    dataset = load(name, 0, directory=EXCERPTS)
    images = {split: dataset.inputs[split].reshape(-1, 784) for split in ("train", "test")}
    means = np.stack([images["train"][dataset.labels["train"] == label].mean(axis=0) for label in range(10)])
    nearest = ((images["test"][:, None] - means) ** 2).sum(axis=-1).argmin(axis=1)
    assert (nearest == dataset.labels["test"]).mean() > 0.6


@needs_excerpts
def test_ag_news_excerpt_is_cleaned_and_complete():
    labels, texts = ag_news.read_csv(EXCERPTS / "ag_news" / "train.csv")
    assert len(labels) == len(texts) == ROWS["ag_news"][0]
    assert texts[0].startswith("Fears for T N pension after talks Unions representing workers at Turner")
    assert labels[0] == 2
    assert not any("\\" in text or "#36;" in text or "&lt;" in text for text in texts)
    vocabulary = load("ag_news", 0, directory=EXCERPTS).vocabulary
    assert len(vocabulary) == 2002
    assert {"oil", "microsoft", "iraq"} <= set(vocabulary)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "qmnist"])
def test_images_keep_their_labels_and_splits_are_disjoint(tmp_path, name):
    write_family(tmp_path, name)
    dataset = small(tmp_path, name)
    for split in datasets.SPLITS:
        numbers = np.round(dataset.inputs[split][:, 0, 5, 7] * 255).astype(int)
        np.testing.assert_array_equal(numbers % 10, dataset.labels[split])
        assert len(set(numbers)) == len(numbers)
    probe, test = (set(dataset.inputs[split][:, 0, 0, 0]) for split in ("probe", "test"))
    assert not probe & test


def test_reading_files_imports_nothing_heavy():
    code = (
        "import sys, repdyn.datasets.idx, repdyn.datasets.ag_news; "
        "print([m for m in ('torch', 'sklearn', 'scipy', 'pandas', 'matplotlib') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(datasets.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("dtype", ["u1", "i4", "f4"])
@pytest.mark.parametrize("shape", [(5,), (3, 2), (2, 3, 4)])
def test_idx_arrays_of_each_type_are_read(tmp_path, dtype, shape):
    expected = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    (tmp_path / "plain").write_bytes(idx_bytes(expected))
    (tmp_path / "zipped").write_bytes(gzip.compress(idx_bytes(expected)))
    for name in ("plain", "zipped"):
        found = idx.read_idx(tmp_path / name)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_a_missing_file_names_both_paths_and_the_key(tmp_path):
    with pytest.raises(StudyError) as caught:
        small(tmp_path)
    folder = tmp_path / "mnist"
    for part in (f"{folder / 'train-images-idx3-ubyte.gz'} and", f"{folder / 'train-images-idx3-ubyte'};", "data_dir"):
        assert part in str(caught.value)


def test_a_truncated_gzip_file_is_named(tmp_path):
    path = write_family(tmp_path) / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(StudyError, match="train-images-idx3-ubyte.gz is truncated or corrupt"):
        small(tmp_path)


def test_a_corrupt_gzip_file_is_named(tmp_path):
    path = write_family(tmp_path) / "train-images-idx3-ubyte.gz"
    content = bytearray(path.read_bytes())
    content[-6] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(StudyError, match="train-images-idx3-ubyte.gz is truncated or corrupt"):
        small(tmp_path)


@pytest.mark.parametrize(
    ("keep", "message"), [(40, "= 40 bytes, the file holds 32"), (6, "6 bytes, less than its header")]
)
def test_truncated_data_gives_both_sizes(tmp_path, keep, message):
    path = write_family(tmp_path) / "train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(StudyError, match=f"train-labels-idx1-ubyte is truncated.*{message}"):
        small(tmp_path)


def test_bytes_left_over_are_refused(tmp_path):
    path = write_family(tmp_path) / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes() + b"\0\0")
    with pytest.raises(StudyError, match="t10k-labels-idx1-ubyte has bytes left over.*holds 42"):
        small(tmp_path)


@pytest.mark.parametrize("content", [b"<html>not found</html>", b"", b"\0\0\x07\x01\0\0\0\0"])
def test_a_wrong_magic_number_is_named(tmp_path, content):
    (write_family(tmp_path) / "train-labels-idx1-ubyte").write_bytes(content)
    with pytest.raises(StudyError, match="train-labels-idx1-ubyte is not an IDX file"):
        small(tmp_path)


def test_swapped_files_are_refused(tmp_path):
    folder = write_family(tmp_path)
    (folder / "train-images-idx3-ubyte.gz").write_bytes((folder / "train-labels-idx1-ubyte").read_bytes())
    with pytest.raises(StudyError, match=r"train-images-idx3-ubyte.gz holds uint8 \(40,\)"):
        small(tmp_path)


def test_unequal_counts_of_images_and_labels_are_given(tmp_path):
    path = write_family(tmp_path) / "train-labels-idx1-ubyte"
    path.write_bytes(idx_bytes(np.zeros(39, np.uint8)))
    with pytest.raises(StudyError, match="holds 40 images but .*train-labels-idx1-ubyte holds 39 labels"):
        small(tmp_path)


def test_a_label_out_of_range_is_located(tmp_path):
    labels = np.zeros(40, np.uint8)
    labels[[17, 30]] = 10, 200
    (write_family(tmp_path) / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    with pytest.raises(StudyError, match="t10k-labels-idx1-ubyte: label 10 at index 17 is out of range 0..9"):
        small(tmp_path)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"train": 41, "probe": 5, "test": 5}, "train-images.* holds 40 rows, .*train 41"),
        ({"train": 5, "probe": 25, "test": 16}, "t10k-images.* holds 40 rows, .*probe 25 \\+ test 16"),
        ({"train": 5, "probe": 40}, "t10k-images.* holds 40 rows, .*probe 40 \\+ test 1"),
        ({"train": 0}, "train = 0"),
    ],
)
def test_too_few_rows_are_refused(tmp_path, counts, message):
    write_family(tmp_path)
    with pytest.raises(StudyError, match=message):
        load("mnist", 0, directory=tmp_path, **counts)


def write_csv(root: Path, rows: list[str]) -> Path:
    """AG News files with ten good rows each; `rows` are added to train.csv."""
    folder = root / "ag_news"
    folder.mkdir()
    good = [
        f'"{i % 4 + 1}","Title {"abcdefghij"[i]}","Word ""quoted"", a\\ \\b #39;s &amp; <b>end</b>"' for i in range(10)
    ]
    (folder / "train.csv").write_text("\n".join([*good, *rows]), encoding="utf-8")
    (folder / "test.csv").write_text("\n".join(good), encoding="utf-8")
    return folder / "train.csv"


def small_news(root: Path) -> datasets.Dataset:
    return load("ag_news", 0, directory=root, train=10, probe=4, test=6)


def test_csv_rows_keep_their_labels(tmp_path):
    labels, texts = ag_news.read_csv(write_csv(tmp_path, []))
    assert labels.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    assert ag_news.words(texts[2]) == ["title", "c", "word", "quoted", "a", "b", "end"]
    dataset = small_news(tmp_path)
    letters = [dataset.vocabulary[row[1]] for row in dataset.inputs["train"]]
    assert [ord(letter) % 97 % 4 for letter in letters] == dataset.labels["train"].tolist()


def test_the_vocabulary_comes_from_train_only(tmp_path):
    path = write_csv(tmp_path, [])
    with (path.parent / "test.csv").open("a") as stream:
        stream.write("\n".join(["", *['"1","unseen unseen","unseen"'] * 10]))
    dataset = load("ag_news", 0, directory=tmp_path, train=10, probe=10, test=10)
    assert "unseen" not in dataset.vocabulary
    assert (dataset.inputs["probe"][:, :3] == 1).all(axis=1).any()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('"3","Cut off","in the mid', "truncated or malformed near line 11: unexpected end of data"),
        ('"3","Cut off"', "line 11: 2 fields, 3 are expected"),
        ('"3","One","too","many"', "line 11: 4 fields, 3 are expected"),
        ('"5","Title","Text"', r"line 11: label 5 is out of range 1\.\.4"),
        ('"0","Title","Text"', r"line 11: label 0 is out of range 1\.\.4"),
        ('"-1","Title","Text"', "line 11: label '-1' is not a number"),
        ('"World","Title","Text"', "line 11: label 'World' is not a number"),
        ('"1"x,"Title","Text"', "truncated or malformed near line 11"),
    ],
)
def test_a_bad_csv_row_is_located(tmp_path, row, message):
    write_csv(tmp_path, [row])
    with pytest.raises(StudyError, match=f"train.csv.*{message}"):
        small_news(tmp_path)


def test_a_csv_file_in_another_encoding_is_refused(tmp_path):
    path = write_csv(tmp_path, [])
    path.write_bytes(path.read_bytes() + b'\n"1","caf\xe9","text"')
    with pytest.raises(StudyError, match="train.csv is truncated or malformed.*UTF-8"):
        small_news(tmp_path)


def test_an_empty_csv_file_is_named(tmp_path):
    write_csv(tmp_path, []).write_text("")
    with pytest.raises(StudyError, match="train.csv is empty"):
        small_news(tmp_path)


def test_a_missing_csv_file_names_the_path_and_the_key(tmp_path):
    with pytest.raises(StudyError) as caught:
        small_news(tmp_path)
    assert f"no data file {tmp_path / 'ag_news' / 'train.csv'}" in str(caught.value)
    assert "data_dir" in str(caught.value)


def test_too_few_csv_rows_are_refused(tmp_path):
    write_csv(tmp_path, [])
    with pytest.raises(StudyError, match="train.csv holds 10 rows, .*train 11"):
        load("ag_news", 0, directory=tmp_path, train=11, probe=4, test=6)
