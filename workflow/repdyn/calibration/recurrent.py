"""Recurrent networks along training where the answer is known: gates, ablations, probes, information, pictures of paths."""

import numpy as np
import torch

from repdyn.calibration.trial import Trial
from repdyn.dynamics.embedded_path import embedded_path
from repdyn.information.units import information_map
from repdyn.recurrent.ablations import resampled, with_gate_held, without_recurrence
from repdyn.recurrent.gates import gate_values
from repdyn.recurrent.networks import RecurrentNetwork, initialise
from repdyn.recurrent.probes import probed_by_trial


def _inputs(rng: np.random.Generator) -> torch.Tensor:
    return torch.from_numpy(rng.standard_normal((20, 10, 3)).astype(np.float32))


def _gated(bias: float, heard: float = 0.0) -> RecurrentNetwork:
    """A GRU of one unit that goes to 1, whose update gate has this bias and hears the first input; its state is read out."""
    network = RecurrentNetwork("gru", 3, 1, 1).requires_grad_(False)
    for parameter in network.parameters():
        parameter.zero_()
    network.cell.bias_ih_l0.copy_(torch.tensor([0.0, bias, 12.0]))
    network.cell.weight_ih_l0[1, 0] = heard
    network.readout.weight.fill_(1)
    return network


def openness_of_gates(rng: np.random.Generator) -> Trial:
    def found(bias):
        return float(gate_values(_gated(bias).cell, _inputs(rng))["update"].mean())

    return Trial(
        "a GRU whose update gate has a bias of ln 3 and no weights", "mean update gate", 0.75, 1e-6, [found(np.log(3))],
        "no bias", 0.5, 1e-6, [found(0.0)],
    )  # fmt: skip


def _held(network, x: torch.Tensor):
    return with_gate_held(network, "update", gate_values(network.cell, x)["update"])


def held_gate(rng: np.random.Generator) -> Trial:
    x = _inputs(rng)
    network, still = _gated(np.log(3), 5.0), _gated(np.log(3))
    mean = float(gate_values(network.cell, x)["update"].mean())
    return Trial(
        "a gate that follows the input, held at its mean", "first state", 1 - mean, 1e-5,
        [float(each) for each in _held(network, x)(x)[:5, 0, 0]],
        "a gate without weights: change of the outputs", 0, 1e-6,
        [float((_held(still, x)(x) - still(x)).abs().max())],
    )  # fmt: skip


def no_recurrence(rng: np.random.Generator) -> Trial:
    x = _inputs(rng)
    network = initialise("rnn", 3, 8, 2, ("calibration", 0)).requires_grad_(False)
    network.cell.weight_hh_l0 *= 3
    cell = network.cell
    alone = network.readout(torch.tanh(x @ cell.weight_ih_l0.T + cell.bias_ih_l0 + cell.bias_hh_l0))
    spread = (network(x) - alone).square().mean()
    once = without_recurrence(network)
    return Trial(
        "a recurrent network without its recurrence", "share of what recurrence does that is gone", 1, 1e-5,
        [float((once(x) - network(x)).square().mean() / spread)],
        "the same once more", 0, 1e-9, [float((without_recurrence(once)(x) - once(x)).square().mean())],
    )  # fmt: skip


def resampled_units(rng: np.random.Generator) -> Trial:
    """A unit that copies its input and is read out gives the output of the other trial."""
    network = RecurrentNetwork("rnn", 3, 2, 1).requires_grad_(False)
    for parameter in network.parameters():
        parameter.zero_()
    network.cell.weight_ih_l0[:, 0] = 0.5
    network.readout.weight[0, 0] = 1
    x = _inputs(rng)
    donors = torch.arange(len(x)).roll(1)
    found, whole = resampled(network, x, donors, [0, 1]), network(x)
    scale = (whole[donors] - whole).square().mean()
    return Trial(
        "a unit that alone is read out, resampled", "change of the outputs over that to another trial", 1, 1e-6,
        [float((found[0] - whole).square().mean() / scale)],
        "a unit that nobody hears", 0, 1e-9, [float((found[1] - whole).square().mean() / scale)],
    )  # fmt: skip


def probe_by_trial(rng: np.random.Generator) -> Trial:
    labels = np.repeat(rng.integers(2, size=(100, 1)), 6, axis=1)
    own = np.repeat(rng.standard_normal((100, 1, 40)), 6, axis=1)  # tells trials apart, and nothing of the label
    coded = own + 8 * labels[:, :, None] * rng.standard_normal(40)

    def over_controls(states):
        found, controls = probed_by_trial(states, labels, rng)
        return found - controls.mean()

    return Trial(
        "a code of two classes in 40 units", "accuracy less that of controls", 0.5, 0.08,
        [over_controls(coded) for _ in range(3)], "trials that differ in all but the class", 0, 0.12,
        [over_controls(own) for _ in range(3)],
    )  # fmt: skip


def units_that_know(rng: np.random.Generator) -> Trial:
    labels = rng.integers(2, size=(300, 1))
    units = rng.standard_normal((300, 20))
    known = units + 20 * labels * (np.arange(20) < 5)
    return Trial(
        "five of 20 units that tell a class", "share of units with information", 0.25, 0.06,
        [information_map(known, labels, rng).there.mean()], "none of 20", 0, 0.06,
        [information_map(units, labels, rng).there.mean() for _ in range(3)],
    )  # fmt: skip


def picture_of_a_path(rng: np.random.Generator) -> Trial:
    t = np.arange(1.0, 21)
    stem = np.stack([t, 0 * t, 0 * t], 1)
    arms = [stem[-1] + np.outer(t, direction) for direction in ([0.7, 0.7, 0.2], [0.7, -0.7, -0.2])]
    turn = np.linalg.qr(rng.standard_normal((200, 3)))[0]
    branch = np.vstack([stem, *arms]) @ turn.T
    return Trial(
        "a path of 60 checkpoints that forks", "trustworthiness of its picture", 1, 0.05,
        [embedded_path(list(branch)).trust], "a cloud of 60 points in 200 dimensions", 0.65, 0.12,
        [embedded_path(list(rng.standard_normal((60, 200)))).trust for _ in range(3)],
    )  # fmt: skip
