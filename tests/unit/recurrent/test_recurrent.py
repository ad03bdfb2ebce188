"""Recurrent networks: tasks with known answers, training that can be replayed, and maps that are the network."""

import numpy as np
import pytest
import torch

from repdyn.dynamical_systems.fixed_points import fixed_points, unstable_directions
from repdyn.dynamical_systems.maps import trajectory
from repdyn.errors import StudyError
from repdyn.recurrent.losses import Batch, right_signs, squared_error
from repdyn.recurrent.networks import driven, held, initialise, side_by_side, with_weights
from repdyn.recurrent.record import probe_batch
from repdyn.recurrent.tasks import TASKS, task_of
from repdyn.recurrent.training import rate_at, train_steps
from repdyn.training.adam import Adam
from repdyn.training.by_task import Record
from repdyn.training.loop import Recipe, get_state, set_state

ROW = {"flipflop": ("gru", 8), "context": ("rnn", 8), "connect4_moves": ("gru", 8), "connect4_board": ("gru", 8)}


def by_hand(pulses):
    """The flip-flop's answer, bit by bit and step by step."""
    state, answers = [0.0] * 3, []
    for step in pulses.tolist():
        state = [pulse or kept for pulse, kept in zip(step, state, strict=True)]
        answers.append(list(state))
    return answers


def test_the_answer_of_the_flip_flop_is_the_last_pulse_of_each_bit():
    batch = TASKS["flipflop"].draw(50, np.random.default_rng(0))
    for inputs, targets, counted in zip(*batch[:3], strict=True):
        assert targets.tolist() == by_hand(inputs)
        assert torch.equal(counted, targets != 0)
    assert float((batch.inputs != 0).float().mean()) == pytest.approx(0.1, abs=0.01)
    assert float(batch.inputs.mean()) == pytest.approx(0, abs=0.01)


def test_the_context_says_which_channel_is_summed():
    batch = TASKS["context"].draw(400, np.random.default_rng(1))
    which = batch.inputs[:, 0, 2:].argmax(1)
    assert torch.equal(batch.inputs[:, :, 2:].sum(2), torch.ones(400, 40)) and 150 < int(which.sum()) < 250
    relevant = batch.inputs[:, :, :2].cumsum(1)[torch.arange(400), :, which]
    torch.testing.assert_close(batch.targets[..., 0], torch.tanh(relevant / 2), atol=1e-5, rtol=0)
    # Known optimum: an ideal integrator is right. One of the other channel is at chance.
    assert right_signs(relevant[..., None], batch) == 1
    other = batch.inputs[:, :, :2].cumsum(1)[torch.arange(400), :, 1 - which]
    assert right_signs(other[..., None], batch) == pytest.approx(0.5, abs=0.08)
    assert not batch.counted[:, :20].any() and batch.counted[:, 20:].all()


def test_error_and_accuracy_look_at_what_counts():
    batch = Batch(torch.zeros(1, 2, 1), torch.tensor([[[1.0], [-1.0]]]), torch.tensor([[[True], [False]]]))
    outputs = torch.tensor([[[0.5], [7.0]]])
    assert squared_error(outputs, batch) == 0.25 and right_signs(outputs, batch) == 1
    with pytest.raises(StudyError, match="one of flipflop, context, connect4_moves"):
        task_of("flip")
    with pytest.raises(StudyError, match="one of gru, rnn"):
        initialise("lstm", 1, 2, 1, ("x", 0))


def test_the_rate_rises_and_falls_as_torchs_one_cycle():
    recipe = Recipe(("x", 0), 100, 1, 0.02)
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], 1.0)
    oracle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, 101, pct_start=31 / 101, final_div_factor=1e4)
    theirs = []
    for _ in range(101):
        theirs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        oracle.step() if len(theirs) < 101 else None
    np.testing.assert_allclose([rate_at(step, recipe) for step in range(101)], theirs, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", TASKS)
def test_any_step_is_replayed_to_the_bit_from_a_state_before_it(name):
    task, recipe = TASKS[name], Recipe((name, 3), 12, 16, 0.01)
    cell, hidden = ROW[name]

    def made():
        network = initialise(cell, task.inputs, hidden, task.outputs, recipe.key)
        return network, Adam(network.parameters(), recipe.learning_rate)

    network, optimizer = made()
    states, losses = {}, {}
    for step, loss in train_steps(network, optimizer, task, recipe):
        states[step], losses[step] = get_state(network, optimizer), loss
    assert losses[12] < losses[0]
    again, other = made()
    set_state(again, other, states[5])
    for step, loss in train_steps(again, other, task, recipe, 5):
        assert loss == losses[step]
        assert all(torch.equal(value, states[step][key]) for key, value in get_state(again, other).items())
    elsewhere = initialise(cell, task.inputs, hidden, task.outputs, (name, 4))
    assert not torch.equal(elsewhere.readout.weight, made()[0].readout.weight)


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_the_maps_of_a_network_are_the_network(cell):
    network = with_weights(net := initialise(cell, 3, 6, 2, ("map", 0)), net.state_dict())
    inputs = torch.randn(9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        states = network.cell(inputs[None])[0][0].numpy()
    np.testing.assert_allclose(trajectory(driven(network, inputs), np.zeros((1, 6)))[1:, 0], states, atol=1e-12)
    alone = held(network, (0.0, 0.0, 0.0))(torch.zeros(1, 6, dtype=torch.float64))
    with torch.no_grad():
        torch.testing.assert_close(alone[0], network.cell(torch.zeros(1, 1, 3, dtype=torch.float64))[0][0, 0])


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_networks_side_by_side_go_where_each_goes_alone(cell):
    networks = [initialise(cell, 3, 6, 2, ("side", seed)).double().requires_grad_(False) for seed in range(3)]
    vectors = [(0.0, 0.0, 0.0), (1.0, -2.0, 0.5), (0.0, 3.0, 0.0)]
    states = torch.randn(12, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    alone = [held(*each)(part) for *each, part in zip(networks, vectors, states.split(4), strict=True)]
    torch.testing.assert_close(side_by_side(networks, vectors)(states), torch.cat(alone), rtol=0, atol=1e-14)


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_an_untrained_network_has_one_attractor(cell):
    network = with_weights(net := initialise(cell, 3, 24, 3, ("untrained", 1)), net.state_dict())
    found = fixed_points(held(network, (0.0, 0.0, 0.0)), np.random.default_rng(0).uniform(-1, 1, (32, 24)))
    assert unstable_directions(found.eigenvalues).tolist() == [0]


def test_a_record_is_measured_on_the_same_examples_and_restored():
    task = TASKS["flipflop"]
    network = initialise("gru", 3, 8, 3, ("record", 0))
    first, second = (Record(network, task, probe_batch(task, "flipflop")) for _ in range(2))
    first.measure(0, 1.0)
    second.restore(*first.tables())
    for record in (first, second):
        record.measure(10, 0.5)
    for ours, theirs in zip(first.tables(), second.tables(), strict=True):
        assert ours.equals(theirs) and ours["step"].tolist() == [0, 10]
    assert first.tables()[1]["probe_loss"].nunique() == 1
    assert 1 < first.tables()[0]["participation_ratio"].iloc[0] < 8
