"""A recurrent network that is asked once, at the end of a sequence, as tools for classifiers look at networks."""

import numpy as np
import torch
from torch import nn

from repdyn.recurrent.networks import RecurrentNetwork
from repdyn.recurrent.tasks import Task
from repdyn.roles import HIDDEN, OUTPUT

LAYERS = {"state": HIDDEN, "scores": OUTPUT}
DRAWN = 500  # sequences at a time, of which some have no single answer


class Asked(nn.Module):
    """The network after the last time step: inputs (n, T, i) to a score per class (n, classes).

    A score is the product of its outputs with the answer that stands for the class. It has the weights of the network and
    no others, so checkpoints of the one are of the other.
    """

    chunk = 1024

    def __init__(self, network: RecurrentNetwork, answers: np.ndarray):
        super().__init__()
        self.cell, self.state, self.readout, self.scores = network.cell, nn.Identity(), network.readout, nn.Identity()
        self.register_buffer("answers", torch.tensor(answers, dtype=torch.float32), persistent=False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        state = self.state(self.cell(inputs)[0][:, -1])
        return self.scores(self.readout(state) @ self.answers.T)


def questions(task: Task, n: int, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """n sequences up to the time at which the task is asked, inputs (n, T, i), and the class of each, (n,) int64.

    Those with a single right answer: of the flip-flop, all bits have had a pulse; of a game, the teacher has one move.
    """
    answers, last = torch.tensor(task.answers, dtype=torch.float32), task.asked
    inputs: list[torch.Tensor] = []
    labels: list[torch.Tensor] = []
    while sum(len(each) for each in labels) < n:
        batch = task.draw(DRAWN, rng)
        likeness = batch.targets[:, last] @ answers.T
        best = likeness.max(1, keepdim=True).values
        single = ((likeness == best).sum(1) == 1) & batch.counted[:, last].all(1)
        inputs.append(batch.inputs[single, : last + 1])
        labels.append(likeness[single].argmax(1))
    return torch.cat(inputs)[:n], torch.cat(labels)[:n]
