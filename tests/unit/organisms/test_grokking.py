"""Grokking: a rule found long after the table is known by heart, and never without decay or without a rule."""

import numpy as np
import pytest
import torch

from repdyn.errors import StudyError
from repdyn.organisms.grokking import addition, first_step, frequency_share, modular_addition


def test_the_rule_is_found_long_after_the_table_is_known_by_heart():
    found = modular_addition(53, 1.0, 0, 650)
    heart, rule = (first_step(found.steps, each) for each in (found.training, found.test))
    assert heart <= 75 and rule >= 6 * heart
    # Frequencies come before the answers that they give.
    early = found.frequencies[found.steps == 300]
    assert found.test[found.steps == 300] < 0.5 and early > found.frequencies[0] + 0.05
    assert found.frequencies[-1] > 0.45 and found.frequencies[0] < 0.3


@pytest.mark.parametrize(("decay", "shuffled"), [(0.0, False), (1.0, True)])
def test_without_decay_or_a_rule_it_is_known_by_heart_and_no_more(decay, shuffled):
    found = modular_addition(53, decay, 0, 150, shuffled=shuffled)
    assert found.training[-1] == 1 and found.test[-1] < 0.06
    assert np.isnan(first_step(found.steps, found.test)) and found.frequencies[-1] < 0.3


def test_the_answers_are_sums_and_shuffled_they_are_the_same_answers_to_other_pairs():
    for shuffled, share in ((False, 1), (True, 1 / 53)):
        task = addition(("test", 0), shuffled=shuffled)
        pairs, answers = (torch.cat([batch[part] for batch in (task.learnt, task.held_out)]) for part in (0, 1))
        assert len(np.unique(pairs, axis=0)) == 53**2 and np.bincount(answers).tolist() == [53] * 53
        assert (answers == pairs.sum(1) % 53).float().mean().item() == pytest.approx(share, abs=0.01)


def test_the_same_seed_gives_the_same_course():
    one, two = (modular_addition(13, 1.0, 3, 30) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True)) and one.steps.tolist() == [0, 25, 30]


def test_frequencies_of_circles_are_few_and_of_noise_are_not():
    t = 2 * np.pi * np.arange(53) / 53
    circles = np.stack([f(k * t) for k in (3, 7, 20) for f in (np.cos, np.sin)], 1)
    assert frequency_share(circles + 4) == pytest.approx(1)
    noise = np.random.default_rng(0).standard_normal((53, 64))
    assert frequency_share(noise) == pytest.approx(5 / 26, abs=0.06)


BAD = [
    (lambda: modular_addition(12, 1.0, 0), "a prime of 5 or more"),
    (lambda: modular_addition(13, -1.0, 0), "decay of 0 or more"),
    (lambda: frequency_share(np.ones((4, 2))), "13 numbers or more"),
    (lambda: frequency_share(np.ones((14, 2))), "does not vary"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(StudyError, match=message):
        call()
