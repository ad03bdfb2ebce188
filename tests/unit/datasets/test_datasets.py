"""The dataset contract and what it promises for every dataset that needs no download."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier

from repdyn import datasets
from repdyn.datasets import SPLITS, Dataset
from repdyn.datasets.registry import load
from repdyn.errors import StudyError

EMBEDDED = ("digits", "glyphs", "photos", "docstrings", "manifold")
COUNTS = {
    "digits": (1085, 256, 456),
    "glyphs": (1500, 256, 500),
    "photos": (1504, 256, 504),
    "docstrings": (2000, 256, 600),
    "manifold": (1500, 256, 500),
}
SHAPES = {"digits": (1, 16, 16), "glyphs": (1, 28, 28), "photos": (1, 28, 28), "docstrings": (24,), "manifold": (64,)}
CLASSES = {"digits": 10, "glyphs": 10, "photos": 8, "docstrings": 4, "manifold": 10}
LEARNABLE = {"digits": 0.9, "glyphs": 0.5, "photos": 0.2, "docstrings": 0.4, "manifold": 0.3}


@pytest.fixture(scope="module")
def loaded() -> dict[str, Dataset]:
    return {name: load(name, 0) for name in EMBEDDED}


def tiny(**changes) -> Dataset:
    inputs = {split: np.full((4, 3), index, dtype=np.float32) for index, split in enumerate(SPLITS)}
    labels = {split: np.array([0, 1, 1, 1]) for split in SPLITS}
    return replace(Dataset("tiny", "vector", ("a", "b"), inputs, labels), **changes)


def tiny_text(row: list[int]) -> Dataset:
    tokens = {split: np.array([row] * 4) for split in SPLITS}
    return tiny(kind="text", inputs=tokens, vocabulary=("<pad>", "<unk>", "word"))


def features(dataset: Dataset, split: str) -> np.ndarray:
    """Flattened inputs; for text the presence of each word of the vocabulary."""
    inputs = dataset.inputs[split]
    if dataset.kind != "text":
        return inputs.reshape(len(inputs), -1)
    bag = np.zeros((len(inputs), len(dataset.vocabulary)), dtype=np.float32)
    np.put_along_axis(bag, inputs, 1, axis=1)
    return bag[:, 2:]


def linear_accuracy(dataset: Dataset, labels: np.ndarray) -> float:
    """Test accuracy of a ridge classifier trained with the given labels."""
    model = RidgeClassifier(alpha=10.0).fit(features(dataset, "train"), labels)
    return model.score(features(dataset, "test"), dataset.labels["test"])


@pytest.mark.parametrize("name", EMBEDDED)
def test_shapes_counts_and_classes(loaded, name):
    dataset = loaded[name]
    assert tuple(len(dataset.inputs[split]) for split in SPLITS) == COUNTS[name]
    assert dataset.shape == SHAPES[name]
    assert len(dataset.classes) == len(set(dataset.classes)) == CLASSES[name]
    assert dataset.name == name


@pytest.mark.parametrize("name", EMBEDDED)
def test_classes_are_balanced(loaded, name):
    for split in SPLITS:
        counts = np.bincount(loaded[name].labels[split], minlength=CLASSES[name])
        # The 1,797 digits are not balanced themselves: 174 to 183 of a class.
        assert np.ptp(counts) <= (6 if name == "digits" else 1)


@pytest.mark.parametrize("name", EMBEDDED)
def test_no_row_is_in_two_splits(loaded, name):
    rows = [{row.tobytes() for row in loaded[name].inputs[split]} for split in SPLITS]
    assert len(set.union(*rows)) == sum(len(part) for part in rows)


@pytest.mark.parametrize("name", EMBEDDED)
def test_equal_seeds_give_equal_bytes_and_others_do_not(loaded, name):
    first, _ = datasets.to_arrays(loaded[name])
    again, _ = datasets.to_arrays(load(name, 0))
    other, _ = datasets.to_arrays(load(name, 1))
    for key in first:
        assert first[key].tobytes() == again[key].tobytes()
        assert first[key].tobytes() != other[key].tobytes()


@pytest.mark.parametrize("name", EMBEDDED)
def test_loading_leaves_the_global_random_state_alone(name):
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002
    load(name, 2)
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002


@pytest.mark.parametrize("name", EMBEDDED)
def test_a_linear_classifier_beats_chance(loaded, name):
    dataset = loaded[name]
    assert linear_accuracy(dataset, dataset.labels["train"]) > LEARNABLE[name] > 1.5 * dataset.chance


@pytest.mark.parametrize("name", EMBEDDED)
def test_shuffled_labels_teach_nothing(loaded, name):
    dataset = loaded[name]
    shuffled = np.random.default_rng(0).permutation(dataset.labels["train"])
    noise = np.sqrt(dataset.chance / len(dataset.labels["test"]))
    assert abs(linear_accuracy(dataset, shuffled) - dataset.chance) < 5 * noise


@pytest.mark.parametrize("name", EMBEDDED)
def test_storing_and_reading_back_changes_nothing(loaded, name):
    arrays, metadata = datasets.to_arrays(loaded[name])
    assert metadata["chance"] == loaded[name].chance
    assert metadata["shape"] == list(SHAPES[name])
    back = datasets.from_arrays(arrays, json.loads(json.dumps(metadata)))
    again, metadata_again = datasets.to_arrays(back)
    assert metadata_again == metadata
    assert back.classes == loaded[name].classes
    for key in arrays:
        np.testing.assert_array_equal(arrays[key], again[key])


def test_a_stored_dataset_that_lacks_a_part_is_refused(loaded):
    arrays, metadata = datasets.to_arrays(loaded["manifold"])
    with pytest.raises(StudyError, match="probe.labels"):
        datasets.from_arrays({key: arrays[key] for key in arrays if key != "probe.labels"}, metadata)


def test_chance_is_the_share_of_the_most_frequent_class():
    assert tiny().chance == 0.75


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(StudyError, match=r"'digit'.*digits, glyphs.*ag_news"):
        load("digit", 0)


def test_an_unknown_option_lists_the_known_ones():
    with pytest.raises(StudyError, match="digits has no option 'trian'; it has train, probe, test"):
        load("digits", 0, trian=5)


def test_a_published_dataset_without_a_folder_names_the_key():
    with pytest.raises(StudyError, match="mnist.*data_dir"):
        load("mnist", 0)


@pytest.mark.parametrize("count", [0, -3, 2.5, "many", True])
@pytest.mark.parametrize("name", EMBEDDED)
def test_a_count_that_is_no_count_is_refused(name, count):
    with pytest.raises(StudyError, match=f"{name}: probe = {count!r}"):
        load(name, 0, probe=count)


@pytest.mark.parametrize(
    ("name", "message"),
    [("digits", "1000000.*1797"), ("photos", "china upper left.*hold"), ("docstrings", "numpy.*ask for fewer")],
)
def test_more_examples_than_there_are_is_refused(name, message):
    with pytest.raises(StudyError, match=message):
        load(name, 0, train=1_000_000 - 712)


def with_split(part: dict, split: str, array: np.ndarray) -> dict:
    return {**part, split: array}


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (tiny(kind="sound"), "kind 'sound'"),
        (tiny(labels={"train": np.zeros(4, dtype=np.int64)}), r"splits \['train'\]"),
        (tiny(labels=with_split(tiny().labels, "probe", np.array([0, 1, 2, 1]))), "probe: label 2 at index 2"),
        (tiny(labels=with_split(tiny().labels, "probe", np.array([0, -1, 1, 1]))), "label -1 at index 1"),
        (tiny(labels=with_split(tiny().labels, "test", np.zeros(3, dtype=np.int64))), r"test: labels.*\(3,\)"),
        (tiny(labels=with_split(tiny().labels, "test", np.zeros(4, dtype=np.int32))), "test: labels are int32"),
        (tiny(inputs=with_split(tiny().inputs, "train", np.zeros((0, 3), np.float32))), "train: it holds no"),
        (tiny(inputs=with_split(tiny().inputs, "train", np.zeros((4, 3)))), "train: inputs are float64"),
        (tiny(inputs=with_split(tiny().inputs, "test", np.zeros((4, 2), np.float32))), r"test:.*\(4, 2\)"),
        (tiny(inputs=with_split(tiny().inputs, "probe", np.full((4, 3), np.nan, np.float32))), "not finite"),
        (tiny(kind="image"), r"shape \(4, 3\) do not fit kind 'image'"),
        (tiny(kind="image", inputs={s: np.full((4, 1, 2, 2), 2, np.float32) for s in SPLITS}), "pixels span 2"),
        (tiny_text([2, 3, 0]), "token ids span 0 to 3"),
        (tiny_text([2, 0, 1]), "padding stands before a word"),
        (tiny_text([0, 0, 0]), "fills a whole row"),
    ],
)
def test_a_broken_contract_is_named(broken, message):
    with pytest.raises(StudyError, match=message):
        datasets.check(broken)


def test_a_kept_contract_passes():
    assert datasets.check(tiny()).name == "tiny"
    assert datasets.check(tiny_text([2, 1, 0])).kind == "text"
