"""Arrays of a user's own become a dataset, or an error that names what would do."""

import numpy as np
import pytest
import torch

from repdyn.datasets.arrays import from_user
from repdyn.errors import StudyError


def arrays(shape=(5,), kind=float, classes=3):
    rng = np.random.default_rng(0)
    made = {}
    for split, count in (("train", 40), ("probe", 12), ("test", 12)):
        values = rng.uniform(0, 1, (count, *shape))
        made[f"{split}_inputs"] = values.astype(kind) if kind is float else rng.integers(1, 9, (count, *shape))
        made[f"{split}_labels"] = np.arange(count, dtype=np.uint8) % classes
    return made


def refused(changes, kind="vector", **options):
    with pytest.raises(StudyError) as caught:
        from_user("own", kind, arrays() | changes, **options)
    return str(caught.value)


def test_numbers_are_converted_and_keep_their_values():
    given = arrays()
    dataset = from_user("own", "vector", given)
    assert dataset.classes == ("0", "1", "2") and dataset.shape == (5,) and dataset.vocabulary == ()
    for split in ("train", "probe", "test"):
        assert dataset.inputs[split].dtype == np.float32 and dataset.labels[split].dtype == np.int64
        np.testing.assert_array_equal(dataset.inputs[split], given[f"{split}_inputs"].astype(np.float32))
        np.testing.assert_array_equal(dataset.labels[split], given[f"{split}_labels"])


def test_images_and_texts_are_taken():
    assert from_user("own", "image", arrays((1, 4, 4)), ["a", "b", "c"], size=4).classes == ("a", "b", "c")
    text = from_user("own", "text", arrays((6,), int))
    assert len(text.vocabulary) == 1 + max(values.max() for values in text.inputs.values())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"valid_inputs": np.zeros(3)}, "test_labels, valid_inputs; train_inputs, train_labels, probe_inputs"),
        ({"probe_inputs": np.zeros((12, 4))}, "split probe: inputs of shape (12, 4) do not fit"),
        ({"probe_inputs": np.zeros(12)}, "probe_inputs have shape (12,); vector data are (examples, features)"),
        ({"test_inputs": np.full((12, 5), np.nan)}, "split test: input 0 is not finite"),
        ({"train_inputs": np.full((40, 5), 1e300)}, "split train: input 0 is not finite"),
        ({"train_inputs": np.full((40, 5), "a")}, "train_inputs are <U1; numbers are needed"),
        ({"train_labels": np.zeros(40)}, "train_labels are float64 of shape (40,); whole numbers of shape (examples,)"),
        ({"train_labels": np.full(40, -1)}, "split train: label -1 at index 0 is outside 0..2"),
        ({"train_labels": np.zeros(30, int)}, "labels are int64 (30,); int64 (40,) is needed"),
        ({"test_labels": np.zeros(12, int)}, "split test has 0 examples of class 1 (1); every class needs two or more"),
        (
            {"train_labels": np.r_[np.arange(39) % 3, 10**12]},
            "label 1000000000000 makes more classes than the 40 training",
        ),
        (
            {"train_labels": np.full(40, 2**63, np.uint64)},
            "train_labels hold 9223372036854775808; whole numbers of 63 bits",
        ),
        ({"train_inputs": [[1, 2, 3, 4, 5]] * 39 + [[1]]}, "train_inputs is no array of numpy, nor can it be made one"),
        ({"train_inputs": torch.zeros(40, 5, requires_grad=True)}, "train_inputs is no array of numpy"),
        ({"train_inputs": torch.zeros(40, 5, dtype=torch.bfloat16)}, "train_inputs is no array of numpy"),
        ({"train_inputs": torch.zeros(40, 5).to_sparse()}, "train_inputs is no array of numpy"),
        ({"train_inputs": np.ma.masked_all((40, 5))}, "train_inputs is masked"),
        ({"train_inputs": np.zeros((40, 0))}, "shape (40, 0): an example holds no numbers"),
        ({3: np.zeros(3)}, "test_labels, 3; train_inputs, train_labels"),
    ],
)
def test_what_will_not_do_is_named(changes, expected):
    assert "dataset own" in (message := refused(changes)) and expected in message


def test_labels_beyond_the_named_classes_are_refused():
    assert "label 2 at index 2 is outside 0..1" in refused({}, classes=["a", "b"])


@pytest.mark.parametrize("classes", ["abc", 3, ["a", "a", "b"], ["1", 1, 2]])
def test_classes_are_a_list_of_names(classes):
    assert "a list of names is needed, each once" in refused({}, classes=classes)


def test_ids_of_words_are_limited():
    given = arrays((6,), int)
    given["train_inputs"][0, 0] = 10**12
    assert "the id 1000000000000 of a word is too large" in refused(given, "text")
    given["train_inputs"] = np.full((40, 6), 2**63, np.uint64)
    assert "train_inputs hold 9223372036854775808" in refused(given, "text")
    assert "kind 'sound' is none of" in refused({}, "sound")


def test_an_image_of_another_size_is_refused():
    with pytest.raises(StudyError, match="images of train_inputs are 4 x 4 pixels; its size is 8"):
        from_user("own", "image", arrays((1, 4, 4)), size=8)
    with pytest.raises(StudyError, match=r"shape \(40, 3, 4, 4\); image data are \(examples, 1, size, size\)"):
        from_user("own", "image", arrays((3, 4, 4)))


def test_words_are_whole_numbers():
    with pytest.raises(StudyError, match="train_inputs are float64; whole numbers, the ids of words, are needed"):
        from_user("own", "text", arrays((6,)))
