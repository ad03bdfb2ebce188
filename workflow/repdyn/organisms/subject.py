"""An organism at the checkpoints of its run, as tools look into it."""

from typing import Any, NamedTuple

import torch

from repdyn.organisms.tasks import Task


class OrganismSubject(NamedTuple):
    """network: of the right shapes, with any weights; states: {step: weights}; name: of its task; key: of its run."""

    network: Any
    states: dict[int, dict[str, torch.Tensor]]
    task: Task
    name: str
    key: tuple

    @property
    def steps(self) -> list[int]:
        return sorted(self.states)

    def at(self, step: int) -> Any:
        """The network with the weights of a step."""
        self.network.load_state_dict(self.states[step])
        return self.network
