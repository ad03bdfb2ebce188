"""Induction: sequences whose next token is known, attention that is planted, heads that are learnt, one period, a trap."""

import numpy as np
import pytest
import torch

from repdyn.errors import StudyError
from repdyn.organisms.induction import (
    FIXED,
    HEADS,
    HELD_OUT,
    LAYERS,
    PERIODS,
    TIME,
    TOKENS,
    induction,
    prefix_matching,
    previous_token,
    sequences,
    unrepeated,
)
from repdyn.organisms.tasks import initialise
from repdyn.organisms.training import train_steps
from repdyn.training.adam import Adam
from repdyn.training.loop import Recipe

ALL = np.repeat(np.arange(PERIODS[0], PERIODS[1] + 1), HELD_OUT)


def test_the_target_is_what_followed_the_token_before_and_nothing_counts_before():
    rng = np.random.default_rng(0)
    batch = sequences(np.array([6, 20]), rng)
    for tokens, targets, period in zip(batch.inputs.tolist(), batch.targets.tolist(), (6, 20), strict=True):
        assert len(set(tokens[:period])) == period and targets[:period] == [-1] * period
        for position in range(period, TIME):
            place = tokens.index(tokens[position])
            assert targets[position] == tokens[(place + 1) % period]
    assert sorted(unrepeated(3, rng)[0, :TOKENS].tolist()) == list(range(TOKENS))


def planted(distance, periods):
    back = torch.arange(TIME)[:, None] - torch.arange(TIME)
    return torch.stack([(back == distance(period)).float() for period in periods.tolist()])[:, None]


def test_attention_that_is_planted_is_measured_and_other_attention_is_not():
    periods = np.array([7, 11, 20])
    assert prefix_matching(planted(lambda period: period - 1, periods), periods) == pytest.approx([1])
    assert prefix_matching(planted(lambda period: period, periods), periods) == pytest.approx([0])
    # Two blocks back, where there are two: 29 of the 35 positions that count.
    assert prefix_matching(planted(lambda period: 2 * period - 1, periods[:1]), periods[:1]) == pytest.approx([29 / 35])
    assert previous_token(planted(lambda period: 1, periods), periods) == pytest.approx([1])
    even = torch.full((3, 1, TIME, TIME), 1.0).tril() / torch.arange(1, TIME + 1)[:, None]
    assert 0.03 < prefix_matching(even, periods)[0] < 0.12


def trained(fixed, steps):
    key = ("test", 0)
    task = induction(key, fixed)
    network = initialise(task, key)
    for _ in train_steps(network, Adam(network.parameters(), 0.005), task, Recipe(key, steps, 32, 0.005)):
        pass
    with torch.no_grad():
        matching = prefix_matching(network.attended(task.held_out.inputs)[2][1], ALL)
        null = prefix_matching(network.attended(unrepeated(len(ALL), np.random.default_rng(0)))[2][1], ALL)
        right = {
            name: task.accuracy(network(batch.inputs), batch)
            for name, batch in (("all", task.held_out), ("own", task.learnt))
            if batch
        }
    return network, task, matching, null, right


def test_with_drawn_periods_heads_look_for_the_last_token_and_a_whole_layer_is_needed():
    network, task, matching, null, right = trained(False, 250)
    assert right["all"] > 0.85 and matching.mean() > 0.5 and (null < 0.2).all()
    with torch.no_grad():
        for layer in range(LAYERS):
            heads = [(layer, head) for head in range(HEADS)]
            assert task.accuracy(network(task.held_out.inputs, heads), task.held_out) < 0.3
        # Heads of the second layer stand in for one another.
        alone = [task.accuracy(network(task.held_out.inputs, [(1, head)]), task.held_out) for head in range(HEADS)]
    assert min(alone) > right["all"] - 0.1


def test_with_a_fixed_period_the_distance_is_learnt_and_no_induction():
    _, _, matching, _, right = trained(True, 200)
    assert right["own"] > 0.9 and right["all"] < 0.8 and matching.mean() < 0.5


BAD = [
    (lambda: sequences(np.array([1]), np.random.default_rng(0)), "periods"),
    (lambda: sequences(np.array([TOKENS]), np.random.default_rng(0)), "periods"),
    (lambda: prefix_matching(torch.ones(2, 1, 5, 5), np.array([3])), "a period each"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    assert PERIODS[0] <= FIXED <= PERIODS[1]
    with pytest.raises(StudyError, match=message):
        call()
