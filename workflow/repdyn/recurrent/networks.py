"""Recurrent networks with a linear read-out, and the map that they are while their input is held."""

import copy
from collections.abc import Sequence

import torch
from torch import nn

from repdyn.dynamical_systems.maps import Map
from repdyn.errors import StudyError
from repdyn.seeds import derive

CELLS = {"gru": nn.GRU, "rnn": nn.RNN}  # of Cho et al. 2014; tanh, of Elman 1990


class RecurrentNetwork(nn.Module):
    """A layer of recurrent units, from state 0, and a linear read-out: inputs (n, T, i) to outputs (n, T, o)."""

    def __init__(self, cell: str, inputs: int, hidden: int, outputs: int):
        super().__init__()
        if cell not in CELLS:
            raise StudyError(f"cell {cell!r} is not known; one of {', '.join(CELLS)} is needed")
        self.cell = CELLS[cell](inputs, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, outputs)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.readout(self.cell(inputs)[0])

    def observed(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The states at all time steps (n T, h), and the outputs."""
        states = self.cell(inputs)[0]
        return states.flatten(0, 1), self.readout(states)


def initialise(cell: str, inputs: int, hidden: int, outputs: int, key: tuple) -> RecurrentNetwork:
    """The network of a run at step 0, drawn from its key."""
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(derive(*key, "init"))
        return RecurrentNetwork(cell, inputs, hidden, outputs)


def with_weights(network: RecurrentNetwork, state: dict[str, torch.Tensor]) -> RecurrentNetwork:
    """A copy with these weights, in float64: fixed points are found to its precision."""
    found = copy.deepcopy(network)
    found.load_state_dict(state)
    return found.double().requires_grad_(False)


def held(network: RecurrentNetwork, vector: tuple[float, ...]) -> Map:
    """The map of states (n, hidden) to the next while the input is this vector (i,)."""
    values = torch.tensor(vector, dtype=network.readout.weight.dtype)

    def step(states: torch.Tensor) -> torch.Tensor:
        return network.cell(values.expand(len(states), 1, -1), states[None])[1][0]

    return step


def side_by_side(networks: Sequence[RecurrentNetwork], vectors: Sequence[tuple[float, ...]]) -> Map:
    """The maps of k networks of one shape, each with its input held: of states (k n, hidden), n of each in turn.

    As `held` of each alone, in one call: with few states a call costs more than what it computes.
    """
    equations = [_equations(*each) for each in zip(networks, vectors, strict=True)]
    weights, heard, also = (torch.stack(part) for part in zip(*equations, strict=True))
    weights, heard, also = weights.mT, heard[:, None], also[:, None]
    size = networks[0].cell.hidden_size
    gated = isinstance(networks[0].cell, nn.GRU)

    def step(states: torch.Tensor) -> torch.Tensor:
        each = states.view(len(networks), -1, size)
        said = torch.baddbmm(also, each, weights)
        if not gated:
            return torch.tanh(heard + said).view_as(states)
        gates = torch.sigmoid(heard[..., : 2 * size] + said[..., : 2 * size])
        candidate = torch.tanh(torch.addcmul(heard[..., 2 * size :], gates[..., :size], said[..., 2 * size :]))
        return torch.lerp(candidate, each, gates[..., size:]).view_as(states)

    return step


def _equations(network: RecurrentNetwork, vector: tuple[float, ...]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Recurrent weights (g, hidden), what the held input adds (g,), and what the recurrent bias adds (g,)."""
    cell = network.cell
    heard = cell.weight_ih_l0 @ torch.tensor(vector, dtype=cell.weight_ih_l0.dtype) + cell.bias_ih_l0
    return cell.weight_hh_l0, heard, cell.bias_hh_l0


def driven(network: RecurrentNetwork, inputs: torch.Tensor) -> list[Map]:
    """A map for each time step of inputs (T, i), the same input for all states."""
    return [held(network, tuple(row.tolist())) for row in inputs]
