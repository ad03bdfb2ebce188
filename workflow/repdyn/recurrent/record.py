"""When and on what a recurrent network is measured while it is trained: the same examples for all runs of a task."""

import numpy as np

from repdyn.recurrent.losses import Batch
from repdyn.recurrent.tasks import Task
from repdyn.seeds import derive

EXAMPLES = 200
EVERY = 10  # steps


def probe_batch(task: Task, name: str) -> Batch:
    """The held-out examples of a task: no batch of any training is drawn from their seed."""
    return task.draw(EXAMPLES, np.random.default_rng(derive("recurrent", name, "probe")))
