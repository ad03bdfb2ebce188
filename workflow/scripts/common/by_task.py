"""Training for a task whose solution is known: what the steps for recurrent networks and for organisms share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import nn

from common.files import write_json, write_parquet
from common.progress import Progress
from common.provenance import Stopwatch, provenance
from common.unfinished import claim, discard, finish, resume, save, signature
from repdyn.errors import StudyError
from repdyn.training.adam import Adam
from repdyn.training.by_task import Record
from repdyn.training.loop import Recipe, checkpoint_steps


class Job(NamedTuple):
    """steps(start) yields (step, loss) from a step on; measured every so many steps and at the checkpoints, which are
    every `checkpoint_every` steps and denser before."""

    recipe: Recipe
    network: nn.Module
    optimizer: Adam
    record: Record
    steps: Callable[[int], Iterator[tuple[int, float]]]
    measure_every: int
    checkpoint_every: int


def train_into(out: Path, script: Path, settings: dict, facts: dict, job: Job) -> None:
    """Train, or continue where a killed job stopped, and write a run; facts go into run.json."""
    watch = Stopwatch()
    lock = claim(out)
    name, seed = job.recipe.key
    grid = checkpoint_steps(job.recipe.steps, job.checkpoint_every)
    unfinished = out / "unfinished"
    # The examples are drawn by the project's code, which is in the signature.
    start = resume(unfinished, signature(settings, script, []), job.network, job.optimizer, job.record)
    progress = Progress(f"{name} seed {seed}", job.recipe.steps, start)
    for step, loss in job.steps(start):
        if not np.isfinite(loss):
            raise StudyError(f"{name}, seed {seed}: the loss is {loss} at step {step}; lower its learning_rate")
        # A resumed step was measured before it was saved.
        if (step % job.measure_every == 0 or step in grid) and (step > start or step == 0):
            job.record.measure(step, loss)
        if step in grid and (step > start or step == 0):
            tables = step % job.checkpoint_every == 0
            save(unfinished, step, job.network, job.optimizer, job.record, tables=tables)
        progress.update(step, loss)

    trajectory, training = job.record.tables()
    write_parquet(out / "trajectory.parquet", trajectory)
    write_parquet(out / "training.parquet", training)
    described = {
        "experiment": name,
        "seed": seed,
        "parameters": sum(parameter.numel() for parameter in job.network.parameters()),
        "test_loss": training["probe_loss"].iloc[-1],
        "test_accuracy": training["probe_accuracy"].iloc[-1],
        **facts,
        "roles": {},
    }
    write_json(out / "run.json", described)
    finish(unfinished, out)
    write_json(
        out / "provenance.json", provenance(settings, watch) | {"device": "cpu", "resumed_at_step": start or None}
    )
    discard(unfinished, lock)
