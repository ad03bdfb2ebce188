"""Trainings that are repeated: the budget is matched, deficits act in their windows alone, planted features are needed."""

import numpy as np
import pytest
import torch
from torch import nn

from repdyn.dynamics.retraining import (
    accuracy,
    blurred,
    curriculum,
    example_losses,
    shuffled_order,
    train,
    within,
    without_top,
)
from repdyn.errors import StudyError


def classes(seed, n=300):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    x = rng.standard_normal((n, 10))
    x[:, :2] += 4 * (labels[:, None] - 0.5)
    return torch.from_numpy(x.astype(np.float32)), torch.from_numpy(labels)


def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 2))
    return model, {name: value.clone() for name, value in model.state_dict().items()}


ORDER = shuffled_order(300, 120, 20, np.random.default_rng(0))


def test_an_order_and_its_curricula_show_the_same_examples_equally_often():
    counts = np.bincount(ORDER.reshape(-1), minlength=300)
    assert ORDER.shape == (120, 20) and set(counts) == {8}
    difficulty = np.random.default_rng(1).random(300)
    for sign in (1, -1):
        found = curriculum(ORDER, sign * difficulty)
        assert np.array_equal(np.bincount(found.reshape(-1)), counts)
        assert (np.diff(sign * difficulty[found.reshape(-1)]) >= 0).all()
    assert set(np.bincount(shuffled_order(7, 3, 3, np.random.default_rng(0)).reshape(-1))) == {1, 2}


def test_without_what_tells_the_class_a_training_ends_at_chance_and_without_the_rest_it_does_not():
    (x, labels), (other, told), (model, start) = classes(0), classes(1), network()
    right = np.tile(np.arange(10.0)[::-1], (300, 1))
    for maps, low, high in ((right, 0.4, 0.6), (-right, 0.97, 1.0)):
        sides = [without_top(each, maps, 0.2, torch.zeros(1)) for each in (x, other)]
        train(model, start, sides[0], labels, ORDER, 0.02)
        assert low <= accuracy(model, sides[1], told) <= high
    assert torch.equal(without_top(x, right, 0, torch.zeros(1)), x)
    assert not without_top(x, right, 1, torch.zeros(1)).any()


def test_trainings_start_alike_and_a_deficit_acts_in_its_window_alone():
    (x, labels), (model, start) = classes(0), network()
    train(model, start, x, labels, ORDER, 0.02)
    first = [parameter.clone() for parameter in model.parameters()]
    train(model, start, x, labels, ORDER, 0.02, within(5, 5, torch.neg))
    assert all(torch.equal(*pair) for pair in zip(first, model.parameters(), strict=True))
    seen = []
    train(
        model,
        start,
        x,
        labels,
        ORDER,
        0.02,
        lambda step, values: (seen.append(step), within(0, 120, torch.neg)(step, values))[1],
    )
    assert seen == list(range(120)) and accuracy(model, x, labels) < 0.05 and accuracy(model, -x, labels) > 0.95
    change = within(2, 4, torch.neg)
    assert [torch.equal(change(step, x), x) for step in range(6)] == [True, True, False, False, True, True]


def test_losses_are_those_of_the_labels():
    (x, labels), (model, _) = classes(0), network()
    found = example_losses(model, x, labels)
    assert found.mean() == pytest.approx(nn.functional.cross_entropy(model(x), labels).item(), rel=1e-5)


def test_a_blurred_image_keeps_its_mean_and_loses_what_is_fine():
    grating = torch.tensor([1.0, -1]).repeat(8).expand(1, 1, 16, 16)
    assert blurred(grating, 4).abs().max() < 1e-6
    assert torch.allclose(blurred(torch.full((2, 1, 16, 16), 3.0), 4), torch.tensor(3.0))
    with pytest.raises(StudyError, match="can be blurred"):
        blurred(torch.zeros(3, 4), 2)


def test_what_does_not_fit_is_refused():
    (x, labels), (model, start) = classes(0), network()
    with pytest.raises(StudyError, match="must fit inputs"):
        without_top(x, np.zeros((300, 9)), 0.1, torch.zeros(1))
    with pytest.raises(StudyError, match="not finite at step 0"):
        train(model, start, x * torch.inf, labels, ORDER, 0.02)
