"""Gates whose openness is set by hand, and what a network loses without a part of it."""

import pytest
import torch
from torch import nn

from repdyn.errors import StudyError
from repdyn.recurrent.ablations import gates_of, resampled, with_gate_held, without_recurrence
from repdyn.recurrent.gates import components, gate_names, gate_values
from repdyn.recurrent.networks import initialise


def inputs(n=5, time=7, size=3):
    return torch.randn(n, time, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("kind", "gates"), [(nn.GRU, ["reset", "update"]), (nn.LSTM, ["input", "forget", "output"])])
def test_gates_without_weights_are_as_open_as_their_bias(kind, gates):
    cell = kind(3, 4, batch_first=True)
    bias = torch.linspace(-2, 2, cell.bias_ih_l0.numel())
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        cell.bias_ih_l0.copy_(bias)
    found = gate_values(cell, inputs())
    assert list(found) == gates
    rows = dict(zip(gate_names(cell), bias.split(4), strict=True))
    for gate, values in found.items():
        assert values.shape == (5, 7, 4)
        torch.testing.assert_close(values, torch.sigmoid(rows[gate]).expand(5, 7, 4))


def test_the_gates_of_a_gru_make_its_next_state():
    cell = initialise("gru", 3, 6, 2, ("gates", 0)).cell
    states, x = cell(inputs())[0].detach(), inputs()
    before = torch.cat([torch.zeros(5, 1, 6), states[:, :-1]], 1)
    gates = gate_values(cell, x)
    heard = x @ cell.weight_ih_l0[12:].T + cell.bias_ih_l0[12:]
    said = before @ cell.weight_hh_l0[12:].T + cell.bias_hh_l0[12:]
    candidate = torch.tanh(heard + gates["reset"] * said).detach()
    torch.testing.assert_close((1 - gates["update"]) * candidate + gates["update"] * before, states)


def test_components_are_all_weights_of_the_cell_once():
    for kind in (nn.GRU, nn.LSTM, nn.RNN):
        cell = kind(3, 4)
        state = {f"cell.{name}": value for name, value in cell.state_dict().items()}
        parts = components(cell, state)
        assert sum(part.numel() for part in parts.values()) == sum(each.numel() for each in state.values())
        assert parts.get("input, update", parts.get("input, forget", parts.get("input"))).shape == (4, 4)
        first = parts["recurrent" if kind is nn.RNN else f"recurrent, {gate_names(cell)[0]}"]
        torch.testing.assert_close(first[:, :4], cell.weight_hh_l0[:4])
    for wrong in (nn.GRU(3, 4, num_layers=2), nn.GRU(3, 4, bidirectional=True), nn.Linear(2, 2)):
        with pytest.raises(StudyError, match="of one layer and direction"):
            gate_names(wrong)
    with pytest.raises(StudyError, match="without gates"):
        gate_values(nn.RNN(3, 4, batch_first=True), inputs())


def test_a_held_gate_is_at_its_mean_and_nothing_else_changes():
    network = initialise("gru", 3, 6, 2, ("held", 0))
    values = gate_values(network.cell, inputs())["update"]
    changed, mean = with_gate_held(network, "update", values), values.mean((0, 1))
    torch.testing.assert_close(gate_values(changed.cell, 5 * inputs())["update"], mean.expand(5, 7, 6))
    for name, part in components(network.cell, network.state_dict()).items():
        same = torch.equal(part, components(changed.cell, changed.state_dict())[name])
        assert same == ("update" not in name)
    # A gate that has no weights is at its mean already.
    again = with_gate_held(changed, "update", gate_values(changed.cell, inputs())["update"])
    torch.testing.assert_close(again(inputs()), changed(inputs()))
    assert gates_of(network) == ("reset", "update") and gates_of(initialise("rnn", 3, 6, 2, ("x", 0))) == ()
    for gate in ("forget", "candidate"):
        with pytest.raises(StudyError, match="GRU has no gate"):
            with_gate_held(network, gate, values)


def test_without_recurrence_units_hear_the_input_alone():
    network = initialise("rnn", 3, 6, 2, ("alone", 0))
    before = [each.clone() for each in network.parameters()]
    changed = without_recurrence(network)
    x = inputs()
    alone = torch.tanh(x @ network.cell.weight_ih_l0.T + network.cell.bias_ih_l0 + network.cell.bias_hh_l0)
    torch.testing.assert_close(changed(x), network.readout(alone))
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


@pytest.mark.parametrize("kind", ["gru", "rnn"])
def test_a_resampled_unit_acts_as_in_the_other_trial_and_an_unused_one_not_at_all(kind):
    network = initialise(kind, 3, 6, 2, ("resampled", 0))
    with torch.no_grad():
        network.cell.weight_hh_l0[:, 4] = 0
        network.readout.weight[:, 4] = 0
    x, donors = inputs(), torch.tensor([1, 2, 3, 4, 0])
    found, whole = resampled(network, x, donors, range(6)), network(x)
    assert found.shape == (6, 5, 7, 2)
    torch.testing.assert_close(found[4], whole)
    assert (found[[0, 1, 2, 3, 5]] - whole).abs().amax((1, 2, 3)).min() > 1e-3
    torch.testing.assert_close(resampled(network, x, torch.arange(5), range(6)), whole.expand(6, -1, -1, -1))
    # By hand: one unit at one time.
    states, other = torch.zeros(1, 1, 6), network.cell(x)[0][1]
    for t in range(7):
        states = network.cell(x[:1, t : t + 1], states)[1].detach()
        states[0, 0, 2] = other[t, 2]
        torch.testing.assert_close(found[2, 0, t], network.readout(states[0, 0]))
    with pytest.raises(StudyError, match="units"):
        resampled(network, x, donors, [6])
    network.cell = nn.LSTM(3, 6, batch_first=True)
    with pytest.raises(StudyError, match="not in LSTM"):
        resampled(network, x, donors, [0])
