"""What a recurrent network loses without its recurrence, with a gate held at its mean, or with a unit of another trial."""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from repdyn.errors import StudyError, require_indices
from repdyn.recurrent.gates import GATES, gate_names
from repdyn.recurrent.networks import RecurrentNetwork

EDGE = 1e-6  # mean of a gate, at least and from 1, so that it has a logit


def without_recurrence(network: RecurrentNetwork) -> RecurrentNetwork:
    """A copy whose recurrent weights are 0: units hear the input alone. What a gate carries over of a state stays."""
    changed = copy.deepcopy(network)
    with torch.no_grad():
        changed.cell.weight_hh_l0.zero_()
    return changed


def with_gate_held(network: RecurrentNetwork, gate: str, values: torch.Tensor) -> RecurrentNetwork:
    """A copy with every unit's gate at the mean of its values (n, T, H), of `gate_values`, whatever comes.

    StudyError for no such gate.
    """
    names = gate_names(network.cell)
    if gate not in names or gate in ("candidate", ""):
        raise StudyError(f"{type(network.cell).__name__} has no gate {gate!r}; it has {', '.join(names) or 'none'}")
    means = values.mean((0, 1)).clamp(EDGE, 1 - EDGE)
    changed = copy.deepcopy(network)
    rows = slice(names.index(gate) * len(means), (names.index(gate) + 1) * len(means))
    with torch.no_grad():
        for weight in (changed.cell.weight_ih_l0, changed.cell.weight_hh_l0):
            weight[rows] = 0
        changed.cell.bias_ih_l0[rows] = torch.logit(means)
        changed.cell.bias_hh_l0[rows] = 0
    return changed


def resampled(
    network: RecurrentNetwork, inputs: torch.Tensor, donors: torch.Tensor, units: Sequence[int]
) -> torch.Tensor:
    """Outputs (k, n, T, o) of the network with the states of one of k units at all times replaced by another example's.

    inputs (n, T, i); donors (n,): the example whose states a unit takes. The other units hear what it then says. A unit that
    nobody hears and that is not read out changes nothing. StudyError for a unit that is none, and for a cell with a second
    state (LSTM).
    """
    cell = network.cell
    if type(cell) not in (nn.GRU, nn.RNN):
        raise StudyError(f"units are resampled in a GRU or an RNN, not in {type(cell).__name__}")
    require_indices("units", np.asarray(units), cell.hidden_size)
    k, (n, time, _) = len(units), inputs.shape
    with torch.no_grad():
        own = cell(inputs)[0][donors]
        states = torch.zeros(1, k * n, cell.hidden_size, dtype=inputs.dtype)
        which, rows = torch.as_tensor(np.asarray(units)).repeat_interleave(n), torch.arange(n).repeat(k)
        kept = []
        for t in range(time):
            states = cell(inputs[:, t : t + 1].repeat(k, 1, 1), states)[1]
            states[0, torch.arange(k * n), which] = own[rows, t, which]
            kept.append(network.readout(states[0]))
        return torch.stack(kept, 1).reshape(k, n, time, -1)


def gates_of(network: RecurrentNetwork) -> tuple[str, ...]:
    """The gates that can be held: none of a plain RNN."""
    return tuple(name for name in GATES.get(type(network.cell), ()) if name not in ("candidate", ""))
