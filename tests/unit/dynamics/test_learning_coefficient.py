"""The learning coefficient of minima of known shape, and where it has none."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from repdyn.dynamics import learning_coefficient as module
from repdyn.dynamics.learning_coefficient import learning_coefficient
from repdyn.errors import StudyError

N = 2000
HEAT = N / np.log(N)


def power(p):
    return lambda weights: (weights.abs() ** p).sum(1)


@pytest.mark.parametrize("d", [2, 5])
def test_a_regular_minimum_has_half_of_its_parameters(d):
    found = learning_coefficient(power(2), np.zeros(d), N, 0, 1e-3, 600, 32)
    assert found.value == pytest.approx(d / 2, rel=0.08) and found.drift < 0.2


def test_a_flat_minimum_has_less_and_equals_the_integral():
    def mean(of, p):
        def whole(of):
            return quad(lambda w: of(w) * np.exp(-HEAT * w**p - w**2 / 2), -5, 5, limit=200, points=[0])[0]

        return whole(of) / whole(lambda w: 1)

    found = learning_coefficient(power(4), np.zeros(1), N, 0, 5e-3, 1500, 64)
    assert found.value == pytest.approx(HEAT * mean(lambda w: w**4, 4), abs=0.02)
    assert found.value == pytest.approx(0.25, abs=0.03)


def test_a_place_that_is_no_minimum_and_chains_that_have_not_settled_are_not_evaluable():
    no_minimum = learning_coefficient(power(2), np.full(2, 2.0), N, 0, 1e-3, 200, 8)
    assert np.isnan(no_minimum.value) and min(no_minimum.by_step) < 0
    slow = learning_coefficient(power(2), np.zeros(2), N, 0, 1e-6, 200, 8)
    assert np.isnan(slow.value)
    # Too long a step: the pair disagrees, or runs away.
    coarse = learning_coefficient(power(2), np.zeros(2), N, 0, 6e-3, 300, 32)
    assert np.isnan(coarse.value) and coarse.by_step[0] > 1.2 * coarse.by_step[1]
    assert np.isnan(learning_coefficient(power(4), np.ones(1), N, 0, 1.0, 50, 4).value)


def test_a_pull_as_strong_as_the_loss_halves_what_a_regular_minimum_has():
    pulled = learning_coefficient(power(2), np.zeros(4), N, 0, 2e-4, 300, 32, localisation=2 * HEAT)
    assert pulled.value == pytest.approx(1, rel=0.08)


def test_steps_that_agree_while_the_draws_still_change_are_not_evaluable(monkeypatch):
    for drifts, values, evaluable in (
        ((0.1, 0.1), (2.0, 2.1), True), ((0.1, 0.3), (2.0, 2.1), False), ((0.3, 0.1), (2.0, 2.1), False),
        ((0.1, 0.1), (2.0, 2.6), False), ((0.1, 0.1), (-2.0, -2.1), False),
    ):  # fmt: skip
        given = iter(zip(drifts, values, strict=True))
        monkeypatch.setattr(module, "_draw", lambda *_, given=given: next(given))
        found = learning_coefficient(power(2), np.zeros(2), N, 0, 1e-3)
        assert found.by_step == values and found.drift == max(drifts)
        assert found.value == values[1] if evaluable else np.isnan(found.value)


def test_the_same_seed_gives_the_same_bits_and_bad_input_is_named():
    one, two = (learning_coefficient(power(2), np.zeros(2), N, 3, 1e-3, 50, 4) for _ in range(2))
    assert one.by_step == two.by_step
    with pytest.raises(StudyError, match="step above 0"):
        learning_coefficient(power(2), np.zeros(2), N, 0, 0.0)
    with pytest.raises(StudyError, match="not finite"):
        learning_coefficient(lambda w: torch.log(-w.square().sum(1)), np.zeros(2), N, 0, 1e-3)
