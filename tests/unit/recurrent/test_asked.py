"""A recurrent network asked once: every sequence has one right answer, and the scores are those of its outputs."""

import numpy as np
import pytest
import torch

from repdyn.recurrent.asked import Asked, questions
from repdyn.recurrent.networks import initialise
from repdyn.recurrent.tasks import TASKS

CLASSES = {"flipflop": 8, "context": 2, "connect4_moves": 7, "connect4_board": 7}


@pytest.mark.parametrize("name", TASKS)
def test_questions_have_one_right_answer_each(name):
    task = TASKS[name]
    inputs, labels = questions(task, 120, np.random.default_rng(0))
    again, same = questions(task, 120, np.random.default_rng(0))
    assert torch.equal(inputs, again) and torch.equal(labels, same)
    assert inputs.shape == (120, task.asked + 1, task.inputs) and labels.dtype == torch.int64
    assert len(task.answers) == CLASSES[name] and set(labels.tolist()) == set(range(CLASSES[name]))


def test_the_answer_is_the_state_of_the_bits_and_the_sign_of_the_evidence():
    inputs, labels = questions(TASKS["flipflop"], 60, np.random.default_rng(1))
    for pulses, label in zip(inputs, labels.tolist(), strict=True):
        last = [bit[bit != 0][-1].item() for bit in pulses.T]
        assert TASKS["flipflop"].answers[label].tolist() == last
    inputs, labels = questions(TASKS["context"], 60, np.random.default_rng(1))
    which = inputs[:, 0, 2:].argmax(1)
    summed = inputs[:, :, :2].sum(1)[torch.arange(60), which]
    assert torch.equal(labels, (summed > 0).long())


def test_in_a_game_the_answer_is_the_only_move_of_the_teacher():
    task, rng = TASKS["connect4_moves"], np.random.default_rng(2)
    inputs, labels = questions(task, 60, rng)
    batch = task.draw(500, np.random.default_rng(2))
    best, on = batch.games.best[:, task.asked], batch.games.moves[:, task.asked] >= 0
    forced = np.flatnonzero((best.sum(1) == 1) & on)[:60]
    assert labels.tolist() == best[forced].argmax(1).tolist()
    assert torch.equal(inputs, batch.inputs[forced, : task.asked + 1])


@pytest.mark.parametrize("name", ["flipflop", "connect4_board"])
def test_scores_are_the_outputs_of_the_network_and_its_weights_are_its_own(name):
    task = TASKS[name]
    network = initialise("gru", task.inputs, 8, task.outputs, ("asked", 0))
    asked, (inputs, _) = Asked(network, task.answers), questions(task, 5, np.random.default_rng(3))
    with torch.no_grad():
        outputs = network(inputs)[:, -1]
        torch.testing.assert_close(asked(inputs), outputs @ torch.tensor(task.answers, dtype=torch.float32).T)
    assert set(asked.state_dict()) == set(network.state_dict())
