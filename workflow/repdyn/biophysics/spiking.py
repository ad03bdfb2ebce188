"""A network of spiking cells, trained through a stand-in for the slope of a spike."""

from typing import NamedTuple

import torch
from torch import nn

from repdyn.biophysics.checks import require_positive
from repdyn.errors import StudyError

DECAY = 0.9  # of a voltage in a time step
STEPS = 25  # time steps an input is shown for
STEEPNESS = 25.0


class _Spike(torch.autograd.Function):
    @staticmethod
    def forward(context, above):
        context.save_for_backward(above)
        return (above > 0).to(above.dtype)

    @staticmethod
    def backward(context, gradient):
        return gradient * surrogate_slope(*context.saved_tensors)


def surrogate_slope(above: torch.Tensor) -> torch.Tensor:
    """1 / (1 + STEEPNESS |v - threshold|)^2: what the gradient takes for the slope of a spike, which is 0 almost everywhere.

    Zenke & Ganguli 2018, Neural Comput. 30:1514; Neftci, Mostafa & Zenke 2019.
    """
    return (1 + STEEPNESS * above.abs()) ** -2


class Course(NamedTuple):
    """answers (steps, n, outputs): voltages of cells that do not fire; spikes (steps, n, hidden), 0 or 1."""

    answers: torch.Tensor
    spikes: torch.Tensor


def leaky_spikes(drive: torch.Tensor) -> torch.Tensor:
    """Spikes of cells under input (steps, ...): v falls by DECAY a step, fires above 1, and 1 is taken off in the next step.

    What is taken off has no gradient; a spike has `surrogate_slope`.
    """
    voltage = spikes = torch.zeros_like(drive[0])
    found = []
    for now in drive:
        voltage = DECAY * voltage + now - spikes.detach()
        spikes = _Spike.apply(voltage - 1)
        found.append(spikes)
    return torch.stack(found)


def leaky_sum(drive: torch.Tensor) -> torch.Tensor:
    """Voltages (steps, ...) under input (steps, ...) of cells that do not fire."""
    voltage, found = torch.zeros_like(drive[0]), []
    for now in drive:
        voltage = DECAY * voltage + now
        found.append(voltage)
    return torch.stack(found)


class SpikingNetwork(nn.Module):
    """Inputs (n, i) as steady currents, one layer of spiking cells, answers (n, o): mean voltage over STEPS steps.

    As many parameters as a perceptron with one hidden layer of the same width.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int, steps: int = STEPS):
        super().__init__()
        require_positive(inputs=inputs, hidden=hidden, outputs=outputs, steps=steps)
        self.steps = steps
        self.hidden, self.readout = nn.Linear(inputs, hidden), nn.Linear(hidden, outputs)

    def course(self, x: torch.Tensor) -> Course:
        """Spikes and answers step by step."""
        if x.ndim != 2 or not torch.isfinite(x).all():
            raise StudyError(f"finite inputs (n, features) are needed, found shape {tuple(x.shape)}")
        spikes = leaky_spikes(self.hidden(x).expand(self.steps, -1, -1))
        return Course(leaky_sum(self.readout(spikes)), spikes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.course(x).answers.mean(0)


def reordered(network: SpikingNetwork, spikes: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Answers (n, o) where the spikes (steps, n, hidden) of every cell and input come at other times, as many as before."""
    order = torch.rand(spikes.shape, generator=generator).argsort(0)
    with torch.no_grad():
        return leaky_sum(network.readout(spikes.gather(0, order))).mean(0)
