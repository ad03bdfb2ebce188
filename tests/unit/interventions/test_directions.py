"""Do-responses and steering: exact in linear networks, quiet on units and directions that cause nothing."""

import numpy as np
import pytest
import torch
from torch import nn

from repdyn.activations.addresses import Address
from repdyn.errors import StudyError
from repdyn.interventions.dose_response import do_response, mean_curve, slopes, sweep_values
from repdyn.interventions.steering import mean_difference, random_directions, steered

QUANTILES = np.linspace(0.05, 0.95, 9)


def reader(weight):
    readout = nn.Linear(*weight.shape[::-1], bias=False).double()
    readout.weight.data = torch.tensor(weight)
    return nn.Sequential(nn.Identity(), readout)


def case(n=40, m=5, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((classes, m)), torch.from_numpy(rng.standard_normal((n, m)))


def test_in_a_linear_network_the_slope_is_the_weight_with_its_sign_and_the_curve_is_zero_at_the_own_value():
    weight, h = case()
    for unit in (0, 3):
        values = sweep_values(h, unit, QUANTILES)
        assert values == pytest.approx(np.quantile(h[:, unit].numpy(), QUANTILES))
        response = do_response(reader(weight), h, "0", unit, values, chunk=16)
        expected = weight[:, unit] * (values[:, None, None] - h[:, unit].numpy()[:, None])
        assert response == pytest.approx(expected, abs=1e-12)
        assert slopes(values, response) == pytest.approx(np.tile(weight[:, unit], (40, 1)), abs=1e-12)
        curve = mean_curve(response)
        at_mean = [np.interp(h[:, unit].mean(), values, curve.mean[:, c]) for c in range(3)]
        assert at_mean == pytest.approx(np.zeros(3), abs=1e-12)
        assert (np.sign(curve.mean[-1]) == np.sign(weight[:, unit])).all() and (weight[:, unit] < 0).any()
    own = do_response(reader(weight), h[:1], "0", 2, [h[0, 2].item()])
    assert np.array_equal(own, np.zeros((1, 1, 3)))


def test_a_unit_that_is_not_read_does_nothing():
    weight, h = case()
    weight[:, 1] = 0
    assert np.array_equal(do_response(reader(weight), h, "0", 1, [-2.0, 5.0]), np.zeros((2, 40, 3)))


def test_the_interval_of_a_curve_holds_the_truth_as_often_as_it_says():
    weight, _ = case()
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(300):
        h = torch.from_numpy(rng.standard_normal((12, 5)))
        curve = mean_curve(do_response(reader(weight), h, "0", 0, [1.5]))
        truth = 1.5 * weight[:, 0]  # the mean of the unit over all examples is 0
        inside += (curve.low[0, 0] <= truth[0] <= curve.high[0, 0]).item()
    assert 0.92 < inside / 300 < 0.98
    with pytest.raises(StudyError, match="at least two"):
        mean_curve(np.zeros((3, 1, 2)))


def test_slopes_and_values_by_hand():
    assert slopes(np.array([0.0, 1, 2]), np.array([[0.0, 5], [2, 5], [2, 5]])) == pytest.approx([1, 0])
    assert np.isnan(slopes(np.ones(3), np.zeros((3, 2)))).all()
    output = torch.arange(24.0).reshape(2, 4, 3)
    valid = torch.tensor([[True, False, False, False], [True, True, False, False]])
    assert sweep_values(output, 1, np.array([0, 0.5, 1]), valid).tolist() == [1, 13, 16]
    channels = torch.arange(24.0).reshape(2, 3, 2, 2)
    assert sweep_values(channels, 2, np.array([0, 1]), axis=1).tolist() == [8, 23]


def test_in_a_linear_readout_the_logits_shift_by_dose_times_weight_times_direction():
    weight, h = case()
    push = np.array([0.5, -1, 2, 0, 1])
    before, *after = steered(reader(weight), h, "0", [dose * push for dose in (-1.0, 0.5, 3.0)], chunk=16)
    for dose, outputs in zip((-1.0, 0.5, 3.0), after, strict=True):
        assert outputs - before == pytest.approx(np.tile(dose * weight @ push, (40, 1)), abs=1e-12)


@pytest.mark.parametrize("shape", [(6, 4, 5), (6, 5, 3, 2)])
def test_a_push_goes_to_every_token_and_place(shape):
    class Sums(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Identity()

        def forward(self, x):
            output = self.layer(x)
            return output.sum((2, 3)) if output.ndim == 4 else output.sum(1)

    push = np.arange(5.0)
    before, after = steered(Sums(), torch.zeros(shape), Address("layer", units=1 if len(shape) == 4 else -1), [push])
    places = shape[1] if len(shape) == 3 else shape[2] * shape[3]
    assert after - before == pytest.approx(np.tile(places * push, (6, 1)))


def test_the_mean_difference_turns_one_class_into_the_other_and_random_directions_do_not():
    rng = np.random.default_rng(6)
    labels = np.arange(300) % 3
    centres = 4 * np.eye(20)[:3]
    x = centres[labels] + rng.standard_normal((300, 20))
    push = mean_difference(x, labels, 0, 1)
    assert push == pytest.approx(centres[1] - centres[0], abs=0.7)
    norm = float(np.linalg.norm(push))
    others = random_directions(x, (100, 100), norm, 50, rng)
    assert np.linalg.norm(others, axis=1) == pytest.approx(np.full(50, norm))
    model = reader(centres)
    source = torch.from_numpy(x[labels == 0])
    before, *after = steered(model, source, "0", [push, *others])
    read = [(one.argmax(1) == 1).mean() for one in after]
    assert (before.argmax(1) == 1).mean() < 0.05 and read[0] > 0.95
    assert np.mean(read[1:]) < 0.4
    weight = centres[1] - centres[0]
    shifts = np.array([((one - before)[:, 1] - (one - before)[:, 0]).mean() for one in after])
    assert shifts == pytest.approx(np.array([push, *others]) @ weight, abs=1e-9)
    assert abs(shifts[1:].mean()) < 4 * shifts[1:].std() / np.sqrt(50) and shifts[0] > 2 * shifts[1:].std()


def test_random_directions_lie_where_the_data_vary():
    rng = np.random.default_rng(7)
    x = rng.standard_normal((200, 10)) * np.array([3.0, *[0.1] * 9])
    directions = random_directions(x, (30, 50), 1.0, 100, rng)
    assert (directions[:, 0] ** 2).mean() > 0.8
    assert abs(directions[:, 0].mean()) < 0.4
    assert np.isnan(random_directions(np.ones((9, 2)), (3, 3), 1.0, 4, rng)).all()


def test_bad_input_is_refused():
    weight, h = case()
    with pytest.raises(StudyError, match=r"class 7 has no example .* \[0, 1\]"):
        mean_difference(np.zeros((4, 2)), np.array([0, 1, 0, 1]), 0, 7)
    with pytest.raises(StudyError, match="cannot be drawn from 5"):
        random_directions(np.zeros((5, 2)), (3, 3), 1.0, 2, np.random.default_rng(0))
    with pytest.raises(StudyError, match="0 has 5 units; a push of shape"):
        steered(reader(weight), h, "0", [np.zeros(4)])
