"""What planning knows of our datasets is what their loaders give."""

import pytest

from dag.pairs import OURS
from repdyn.datasets.registry import LOADERS, READERS, load


def test_every_dataset_of_ours_is_known():
    assert OURS.keys() == LOADERS.keys()


@pytest.mark.parametrize("name", [name for name, loader in LOADERS.items() if loader not in READERS])
def test_kind_and_size_are_those_of_the_loaded_data(name):
    dataset = load(name, 0, train=40, probe=20, test=20)
    kind, size = OURS[name]
    assert dataset.kind == kind
    assert size is None if kind != "image" else dataset.shape == (1, size, size)
