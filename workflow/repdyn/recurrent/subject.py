"""A recurrent network at the checkpoints of its run, as tools look into it."""

from typing import NamedTuple

import torch

from repdyn.recurrent.losses import Batch
from repdyn.recurrent.networks import RecurrentNetwork
from repdyn.recurrent.tasks import Task


class RecurrentSubject(NamedTuple):
    """network: of the right shapes, with any weights; states: {step: weights}; probe: the held-out examples."""

    network: RecurrentNetwork
    states: dict[int, dict[str, torch.Tensor]]
    task: Task
    probe: Batch
    key: tuple

    @property
    def steps(self) -> list[int]:
        return sorted(self.states)
