"""The learning coefficient of a network of a task, from its weights as one vector."""

import numpy as np
import torch

from repdyn.dynamics.learning_coefficient import Loss
from repdyn.organisms.tasks import Batch, Task


def loss_of(network: torch.nn.Module, task: Task, batch: Batch) -> Loss:
    """The task's error of a batch as a function of weights (chains, d), in the order of the network's parameters.

    In the network's precision, in which a Langevin step costs what an update does.
    """
    names = [name for name, _ in network.named_parameters()]
    shapes = [parameter.shape for parameter in network.parameters()]
    sizes = [shape.numel() for shape in shapes]

    def loss(weights: torch.Tensor) -> torch.Tensor:
        found = []
        for chain in weights.float():
            parts = (part.view(shape) for part, shape in zip(chain.split(sizes), shapes, strict=True))
            outputs = torch.func.functional_call(network, dict(zip(names, parts, strict=True)), (batch.inputs,))
            found.append(task.error(outputs, batch))
        return torch.stack(found).double()

    return loss


def vector_of(network: torch.nn.Module) -> np.ndarray:
    """The weights of a network as one vector (d,), as `loss_of` takes them."""
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()]).double().numpy()
