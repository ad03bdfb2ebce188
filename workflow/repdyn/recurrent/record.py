"""What is measured while a recurrent network is trained, on examples that are the same for all runs of a task."""

import numpy as np
import pandas as pd
import torch

from repdyn.recurrent.losses import Batch
from repdyn.recurrent.networks import RecurrentNetwork
from repdyn.recurrent.tasks import Task
from repdyn.seeds import derive
from repdyn.spectrum import leading_measures

EXAMPLES = 200
EVERY = 10  # steps
MEASURED = ("participation_ratio", "stable_rank")


def probe_batch(task: Task, name: str) -> Batch:
    """The held-out examples of a task: no batch of any training is drawn from their seed."""
    return task.draw(EXAMPLES, np.random.default_rng(derive("recurrent", name, "probe")))


class Record:
    """Losses of a run as tables; kept and restored as `unfinished.save` and `resume` need it."""

    def __init__(self, network: RecurrentNetwork, task: Task, probe: Batch):
        self.network, self.task, self.probe = network, task, probe
        self.trajectory: list[dict] = []
        self.training: list[dict] = []

    def measure(self, step: int, loss: float) -> None:
        with torch.no_grad():
            states = self.network.cell(self.probe.inputs)[0]
            outputs = self.network.readout(states)
        found = leading_measures(states.flatten(0, 1)[None])
        self.trajectory.append({"step": step, **{name: float(found[name][0]) for name in MEASURED}})
        held_out, right = float(self.task.error(outputs, self.probe)), self.task.accuracy(outputs, self.probe)
        self.training.append({"step": step, "loss": loss, "probe_loss": held_out, "probe_accuracy": right})

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Dimension of the states, and losses, by step."""
        return pd.DataFrame(self.trajectory), pd.DataFrame(self.training)

    def restore(self, trajectory: pd.DataFrame, training: pd.DataFrame) -> None:
        self.trajectory, self.training = trajectory.to_dict("records"), training.to_dict("records")
