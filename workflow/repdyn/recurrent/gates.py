"""The gates of a recurrent cell: which of its weights belong to which, and how open each is."""

import torch
from torch import nn

from repdyn.errors import StudyError

# In the order in which torch stacks their rows; "candidate" is what a gate lets in.
GATES = {nn.GRU: ("reset", "update", "candidate"), nn.LSTM: ("input", "forget", "candidate", "output"), nn.RNN: ("",)}


def components(cell: nn.RNNBase, state: dict[str, torch.Tensor], prefix: str = "cell.") -> dict[str, torch.Tensor]:
    """The weights of a cell by what they do: {"input, update": (H, i + 1), ..., "recurrent, update": (H, H + 1), ...}.

    state: weights of a network whose cell has the names that begin with `prefix`; biases are a last column. A cell without
    gates has "input" and "recurrent". StudyError for another cell, and for more than one layer.
    """
    names = gate_names(cell)
    found = {}
    for side, suffix in (("input", "ih"), ("recurrent", "hh")):
        whole = state[f"{prefix}weight_{suffix}_l0"]
        if f"{prefix}bias_{suffix}_l0" in state:
            whole = torch.cat([whole, state[f"{prefix}bias_{suffix}_l0"][:, None]], 1)
        for name, rows in zip(names, whole.split(cell.hidden_size), strict=True):
            found[f"{side}, {name}" if name else side] = rows
    return found


def gate_names(cell: nn.RNNBase) -> tuple[str, ...]:
    """The gates of a cell in the order of its rows. StudyError unless it is a GRU, an LSTM or an RNN of one layer."""
    if type(cell) not in GATES or cell.num_layers != 1 or cell.bidirectional:
        raise StudyError(f"a GRU, LSTM or RNN of one layer and direction is needed, found {cell}")
    return GATES[type(cell)]


def gate_values(cell: nn.RNNBase, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
    """How open every gate of a cell is under inputs (n, T, i), batch first: {gate: (n, T, H)}, from 0 to 1.

    StudyError for a cell without gates.
    """
    names = gate_names(cell)
    if names == ("",):
        raise StudyError("a cell without gates has none that are open")
    with torch.no_grad():
        states = cell(inputs)[0]
        before = torch.cat([torch.zeros_like(states[:, :1]), states[:, :-1]], 1)
        weights = dict(cell.named_parameters())
        heard = nn.functional.linear(inputs, weights["weight_ih_l0"], weights.get("bias_ih_l0"))
        heard = heard + nn.functional.linear(before, weights["weight_hh_l0"], weights.get("bias_hh_l0"))
        parts = heard.split(cell.hidden_size, 2)
        return {name: torch.sigmoid(part) for name, part in zip(names, parts, strict=True) if name != "candidate"}
