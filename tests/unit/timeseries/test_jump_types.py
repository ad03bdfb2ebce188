"""Types of jumps: as many as there are blobs, one of them being a possible answer."""

import numpy as np
import pandas as pd
import pytest

from helpers.series_cases import rng
from repdyn.errors import StudyError
from repdyn.timeseries.jump_types import choose_k, count_types, jump_types, type_stability


def blobs(seed: int, centres: np.ndarray, n: int = 240) -> tuple[np.ndarray, np.ndarray]:
    truth = np.arange(n) % len(centres)
    return rng(seed).standard_normal((n, 3)) + centres[truth], truth


def test_one_blob_is_one_type():
    for seed, mixing in enumerate((np.eye(3), np.array([[1, 0.9, 0.5], [0, 0.5, 0.3], [0, 0, 0.2]]))):
        points = blobs(seed, np.zeros((1, 3)))[0] @ mixing
        types = choose_k(points, rng(seed), k_max=6)
        assert types.k == 1
        assert types.p > 0.05
    assert np.isnan(type_stability(points, 1, rng(0)))


def test_one_skewed_blob_is_one_type():
    """Exponential tails, as those of the sizes of jumps: with symmetric references alone there are several types."""
    found = [choose_k(rng(seed).standard_exponential((100, 3)), rng(seed), k_max=4).k for seed in range(3)]
    assert found == [1] * 3


def test_the_number_of_types_does_not_depend_on_the_order_of_jumps():
    points, _ = blobs(1, np.array([[0.2, 0, 0], [0.9, 9, 9]]), 100)
    phase, size, speed = points.T
    jumps = pd.DataFrame({"phase": phase, "relative_magnitude": np.exp(size), "speed": np.exp(speed)})
    one, features = count_types(jumps)
    other, again = count_types(jumps.sample(frac=1, random_state=0))
    assert one.k == other.k == 2 and np.array_equal(features, again) and features.shape == (100, 3)
    assert count_types(jumps[:0])[0].k == 0


def test_three_blobs_are_three_stable_types():
    points, truth = blobs(1, np.array([[0.0, 0, 0], [9, 0, 0], [0, 9, 9]]))
    types = choose_k(points, rng(0), k_max=6)
    assert types.k == 3
    assert types.p == pytest.approx(1 / 40)
    assert types.curve["k"].tolist() == [2, 3, 4, 5, 6]
    assert type_stability(points, 3, rng(0)) > 0.9
    assert type_stability(points, 5, rng(0)) < 0.9
    from sklearn.metrics import adjusted_rand_score

    assert adjusted_rand_score(truth, jump_types(points, 3)) > 0.9


def test_too_few_jumps_have_no_number_of_types():
    types = choose_k(blobs(0, np.zeros((1, 3)))[0][:20], rng(0))
    assert types.k == 0 and np.isnan(types.p) and types.curve.empty
    assert choose_k(np.ones((200, 3)), rng(0)).k == 0
    with pytest.raises(StudyError, match="finite"):
        choose_k(np.full((200, 3), np.nan), rng(0))
