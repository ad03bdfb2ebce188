"""A jump happens within one training step; what is spread over several is none, however fast."""

import numpy as np
import pytest

from repdyn.errors import StudyError
from repdyn.timeseries.single_steps import NEIGHBOURHOOD, single_step, steps_around

STEPS = np.arange(90, 116)  # the interval 100..105 and ten steps on each side


def looked_at(values, extent=10.0):
    return single_step(STEPS, values, 100, 105, extent)


def noise(seed, size=0.02):
    return size * np.random.default_rng(seed).standard_normal(len(STEPS)).cumsum()


@pytest.mark.parametrize("seed", range(5))
def test_a_discontinuity_is_a_jump_and_is_dated_to_the_step(seed):
    values = 5 + 0.01 * STEPS + noise(seed)
    found = looked_at(values + np.where(STEPS >= 103, -2.0, 0.0))
    assert found.jump and found.step == 103
    assert found.change == pytest.approx(-2, abs=0.1) and found.share == pytest.approx(1, abs=0.1)
    assert found.beside > 20


@pytest.mark.parametrize("width", [1.5, 3.0, 10.0])
def test_a_fast_smooth_change_is_none(width):
    for middle in (100.0, 102.5, 104.0):
        found = looked_at(10 / (1 + np.exp(-(STEPS - middle) / width)))
        assert not found.jump, (width, middle, found)


def test_equal_steps_have_equal_shares():
    found = looked_at(np.clip(STEPS - 100.0, 0, 5))
    assert found.share == pytest.approx(0.2) and not found.jump


def test_the_beginning_of_an_exponential_is_none():
    steps = np.arange(0, 16)
    for tau in (3.0, 5.0, 20.0):
        assert not single_step(steps, 100 * np.exp(-steps / tau), 0, 5, 100.0).jump


def test_walks_that_happen_to_move_far_are_seldom_jumps():
    # Of 20,000 Gaussian walks, those that a detector would look at: five steps that together move by more than 4 of theirs.
    rng = np.random.default_rng(0)
    walks = rng.standard_normal((20_000, len(STEPS))).cumsum(axis=1)
    moved = np.abs(walks[:, 15] - walks[:, 10]) > 4 * np.sqrt(5) * 0.75
    found = [single_step(STEPS, walk, 100, 105, 1.0).jump for walk in walks[moved]]
    assert len(found) > 30 and np.mean(found) <= 0.05


@pytest.mark.parametrize(
    ("size", "extent", "jump"), [(2.0, 10.0, True), (0.09, 10.0, False), (0.11, 10.0, True), (2.0, 201.0, False)]
)
def test_a_jump_has_a_smallest_size(size, extent, jump):
    values = np.where(STEPS >= 101, size, 0.0)
    assert looked_at(values, extent).jump is jump


def test_half_of_the_change_must_be_in_one_step():
    for share, jump in ((0.45, False), (0.55, True)):
        values = share * (STEPS >= 102) + (1 - share) / 4 * np.clip(STEPS - 100 - (STEPS >= 102), 0, 4)
        found = looked_at(values, 1.0)
        assert found.share == pytest.approx(share) and found.jump is jump


def test_what_its_neighbourhood_does_too_is_none():
    values = np.where(STEPS >= 103, 1.0, 0.0)
    assert looked_at(values).jump
    values = values + np.where(STEPS >= 95, 0.6, 0.0)
    found = looked_at(values)
    assert found.beside == pytest.approx(1 / 0.6) and not found.jump


def test_a_spike_that_reverts_within_the_interval_is_none():
    assert not looked_at(np.where(STEPS == 102, 5.0, 0.0)).jump


def test_steps_around_a_candidate_stay_within_the_run():
    assert list(steps_around(0, 5, 2000)) == list(range(0, 5 + NEIGHBOURHOOD + 1))
    assert steps_around(1995, 2000, 2000)[-1] == 2000
    with pytest.raises(StudyError, match="every step around 100..105"):
        single_step(STEPS[::2], np.zeros(13), 100, 105, 1.0)
