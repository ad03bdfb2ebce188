"""Networks that were trained for a task, looked into from their checkpoints: what recurrent networks and organisms share."""

from collections.abc import Iterable
from pathlib import Path

from torch import nn

from common.checkpoints import check_loss, check_settings, check_shapes, read_checkpoint
from common.files import read_json, read_parquet, write_arrays, write_parquet
from repdyn.measures.table import combine
from repdyn.toolkit import fits_task, load
from repdyn.training.by_task import probe_loss


def read_states(run: Path, settings: dict, network: nn.Module, task, probe) -> dict:
    """{step: weights} of a run, each checkpoint checked: file, settings, shapes, and the loss that training recorded."""
    check_settings(run, settings)
    listed = read_json(run / "checkpoints.json")
    training = read_parquet(run / "training.parquet", columns=["step", "probe_loss"])
    recorded = training.set_index("step")["probe_loss"]
    states = {}
    for step in sorted(map(int, listed)):
        state = read_checkpoint(run, step, listed)
        check_shapes(run, step, network, state)
        weights = {name.removeprefix("model/"): value for name, value in state.items() if name.startswith("model/")}
        check_loss(run, step, probe_loss(task, network, weights, probe), recorded[step])
        states[step] = weights
    return states


def write_findings(run: Path, tools: Iterable[str], task: str, subject) -> None:
    """What those of the tools that fit a task find in a network that was trained for it; of the others, empty tables.

    subject: has key, (name, seed), and steps.
    """
    for tool in tools:
        table, maps = load(tool, "measure").measure(subject) if fits_task(tool, task) else (combine([]), {})
        name, seed = subject.key
        table.insert(0, "experiment", name)
        table.insert(1, "seed", seed)
        write_parquet(run / f"toolkit/{tool}.parquet", table)
        write_arrays(run / f"toolkit/{tool}.safetensors", maps, {"steps": subject.steps})
