"""Drift of representations, with its two floors: nothing changed, and everything drawn anew."""

import numpy as np
import pytest
import torch

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.dynamics.drift import drift, drift_matrix, halves, independent_state, retest_error
from repdyn.errors import StudyError
from repdyn.measures.similarity import debiased_cka
from repdyn.models import build
from repdyn.training.tracker import evaluating


def test_what_is_only_rotated_has_not_drifted_and_what_is_unrelated_has():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 10))
    rotation = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    assert drift(x, x) == pytest.approx(0, abs=1e-12)
    assert drift(x, 3 * x @ rotation + 5) == pytest.approx(0, abs=1e-9)
    y = rng.standard_normal((200, 7))
    assert drift(x, y) == pytest.approx(1, abs=0.05)
    nearer = x + 0.5 * rng.standard_normal(x.shape)
    assert 0.1 < drift(x, nearer) < drift(x, x + 2 * rng.standard_normal(x.shape)) < 1
    assert drift(x, nearer) == pytest.approx(1 - debiased_cka(x, nearer))
    table = drift_matrix([x, y, nearer])
    assert table[0, 2] == pytest.approx(drift(x, nearer)) and np.allclose(table, table.T)
    assert np.isnan(drift(x, np.ones((200, 3))))


def test_bad_input():
    with pytest.raises(StudyError, match=r"same rows, found \[5, 6\]"):
        drift(np.eye(5), np.eye(6))
    with pytest.raises(StudyError, match="at least 4 rows"):
        drift(np.eye(3), np.eye(3))
    with pytest.raises(StudyError, match="two halves"):
        retest_error(np.ones((4, 3)))


def test_the_error_of_a_retest_is_that_of_new_examples():
    """The error of a mean over n rows is known, and halves estimate it."""
    rng = np.random.default_rng(1)
    x = 2 * rng.standard_normal(400)
    pairs = halves(400, 200, rng)
    assert all(len(a) == len(b) == 200 and not set(a) & set(b) for a, b in pairs)
    values = np.array([[x[a].mean(), x[b].mean()] for a, b in pairs])
    assert retest_error(values) == pytest.approx(2 / np.sqrt(400), rel=0.12)
    assert [len(half) for half in halves(7, 1, rng)[0]] == [3, 3]


@pytest.mark.parametrize("family", NETWORKS)
def test_shuffled_entries_are_another_initialisation(family):
    """Oracle: networks that are really initialised anew are as far from the first as those with its entries shuffled."""
    inputs = data(60, 3)[0]

    def seen(model):
        with torch.inference_mode(), evaluating(model):
            return model(inputs).numpy()

    with torch.random.fork_rng():
        torch.manual_seed(5)
        model, *fresh = (build(NETWORKS[family], **SHAPE) for _ in range(21))
    first, own = seen(model), {name: value.clone() for name, value in model.state_dict().items()}
    anew = [drift(first, seen(other)) for other in fresh]
    shuffled = []
    for i in range(20):
        state = independent_state(own, np.random.default_rng(i))
        assert all(torch.equal(state[name].flatten().sort()[0], own[name].flatten().sort()[0]) for name in own)
        model.load_state_dict(state)
        shuffled.append(drift(first, seen(model)))
    error = np.sqrt((np.var(anew, ddof=1) + np.var(shuffled, ddof=1)) / 20)
    assert abs(np.mean(anew) - np.mean(shuffled)) < 3 * error
    assert np.mean(shuffled) > 0.05
    again = independent_state(own, np.random.default_rng(19))
    assert all(torch.equal(again[name], model.state_dict()[name]) for name in own)
