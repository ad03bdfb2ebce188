"""Arrays of a user's own become a dataset, or an error that names what would do."""

import numpy as np
import pytest

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
    ],
)
def test_what_will_not_do_is_named(changes, expected):
    assert "dataset own" in (message := refused(changes)) and expected in message


def test_labels_beyond_the_named_classes_are_refused():
    assert "label 2 at index 2 is outside 0..1" in refused({}, classes=["a", "b"])


def test_an_image_of_another_size_is_refused():
    with pytest.raises(StudyError, match="images of train_inputs are 4 x 4 pixels; its size is 8"):
        from_user("own", "image", arrays((1, 4, 4)), size=8)
    with pytest.raises(StudyError, match=r"shape \(40, 3, 4, 4\); image data are \(examples, 1, size, size\)"):
        from_user("own", "image", arrays((3, 4, 4)))


def test_words_are_whole_numbers():
    with pytest.raises(StudyError, match="train_inputs are float64; whole numbers, the ids of words, are needed"):
        from_user("own", "text", arrays((6,)))
