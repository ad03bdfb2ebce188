"""Dale's law: every cell excites all that it reaches, or inhibits it."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import softplus

from repdyn.errors import StudyError

INHIBITORY = 0.2  # share of the cells
STRONGER = 4.0  # how much larger their weights are at first: then both kinds weigh alike


def signs_of(cells: int, inhibitory: float = INHIBITORY) -> np.ndarray:
    """+1 and -1 (cells,), the last `inhibitory` of them -1. StudyError unless there is a cell of both kinds."""
    number = round(inhibitory * cells)
    if not 0 < number < cells:
        raise StudyError(f"{cells} cells of which {inhibitory:g} inhibit have no cell of one kind")
    return np.repeat([1.0, -1.0], [cells - number, number])


def signed_weights(
    rows: int, signs: np.ndarray, rng: np.random.Generator, mean: float, stronger: float = STRONGER
) -> np.ndarray:
    """Random weights (rows, cells), [to, from], of cells with these signs: sizes exponential with this mean, of cells that
    inhibit `stronger` times as large.

    With all rows alike in the mean one eigenvalue of a square matrix stands out, at the mean sum of a row (Rajan & Abbott
    2006): 0 where excitation and inhibition are balanced.
    """
    if mean <= 0 or stronger <= 0 or not np.isin(signs, (-1, 1)).all():
        raise StudyError(f"sizes above 0 and signs of 1 and -1 are needed, found {mean:g} and {stronger:g}")
    return rng.exponential(mean, (rows, len(signs))) * np.where(signs > 0, 1.0, -stronger)


class SignedLinear(nn.Module):
    """A linear layer whose columns, what a cell sends, keep one sign: softplus of free parameters, times the signs.

    As many parameters as nn.Linear. inputs is the number of cells that send; INHIBITORY of them inhibit.
    """

    signs: torch.Tensor

    def __init__(self, inputs: int, outputs: int, rng: np.random.Generator):
        super().__init__()
        signs = signs_of(inputs)
        # Of exponential sizes the mean square is 2 mean^2: the weights have a variance of about 2 / inputs (He 2015).
        mean = float(inputs * np.mean(np.where(signs > 0, 1, STRONGER**2))) ** -0.5
        sizes = np.abs(signed_weights(outputs, signs, rng, mean))
        self.free = nn.Parameter(torch.from_numpy(sizes + np.log(-np.expm1(-sizes))).float())
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("signs", torch.from_numpy(signs).float())

    @property
    def weight(self) -> torch.Tensor:
        return softplus(self.free) * self.signs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(x, self.weight, self.bias)


class SignedRecurrent(nn.Module):
    """Rectified cells that excite or inhibit one another, from state 0: h(t) = ReLU(W h(t - 1) + V x(t) + b), W of signs.

    Reads an image (rows * inputs) row by row; a linear read-out of the last state. Input and read-out have free signs.
    """

    def __init__(self, rows: int, inputs: int, cells: int, outputs: int, rng: np.random.Generator):
        super().__init__()
        self.shape = (rows, inputs)
        self.heard = nn.Linear(inputs, cells, bias=False)
        self.recurrent = SignedLinear(cells, cells, rng)
        self.readout = nn.Linear(cells, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        heard = self.heard(x.unflatten(1, self.shape)) + self.recurrent.bias
        weight = self.recurrent.weight
        state = torch.relu(heard[:, 0])
        for now in heard[:, 1:].unbind(1):
            state = torch.relu(now + state @ weight.T)
        return self.readout(state)
