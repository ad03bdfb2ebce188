"""Any step of a finished run from its checkpoints, refusing those that are not what the run wrote."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

from common.files import read_json, read_parquet, sha256
from common.run_setup import Setup
from repdyn.errors import StudyError
from repdyn.training.replay import materialise
from repdyn.training.tracker import evaluate

# Recorded and recomputed losses are equal to the bit on the CPU that trained; other processors and GPUs round otherwise.
TOLERANCE = 1e-4


def replayed(run: Path, setup: Setup, steps: Iterable[int], settings: dict) -> dict[int, dict[str, torch.Tensor]]:
    """{step: state_dict} of a run's network, as `replay_through`. The states are on the CPU."""
    return {
        step: {name: value.to("cpu", copy=True) for name, value in setup.model.state_dict().items()}
        for step in replay_through(run, setup, steps, settings)
    }


def replay_through(run: Path, setup: Setup, steps: Iterable[int], settings: dict) -> Iterator[int]:
    """Bring the network of `setup` to each of `steps` of a run in ascending order, and yield the step.

    Each is checked against the probe loss, where training recorded one. settings: those the run must have been trained
    with, its kind of device among them.
    """
    check_settings(run, settings)
    listed = read_json(run / "checkpoints.json")
    recorded = read_parquet(run / "training.parquet", columns=["step", "probe_loss"]).set_index("step")["probe_loss"]

    def load(step):
        state = read_checkpoint(run, step, listed)
        check_shapes(run, step, setup.model, state)
        return state

    grid = map(int, listed)
    for step in materialise(setup.model, setup.optimizer, grid, load, steps, *setup.splits["train"], setup.recipe):
        if step in recorded.index:
            check_loss(run, step, evaluate(setup.model, *setup.splits["probe"])[0], recorded[step])
        yield step


def read_checkpoint(run: Path, step: int, listed: dict) -> dict[str, torch.Tensor]:
    """The state saved at a step. listed: content of checkpoints.json. StudyError for a file that is missing or changed."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = run / "checkpoints" / listed[str(step)]["file"]
    if not path.is_file():
        raise StudyError(f"{path} is missing; {again(run)}")
    if sha256(path) != listed[str(step)]["sha256"]:
        raise StudyError(
            f"{path} is not the file that training wrote: its SHA-256 differs from that in checkpoints.json "
            f"({path.stat().st_size:,} bytes; truncated or changed); {again(run)}"
        )
    try:
        return load_file(path)
    except SafetensorError as error:
        raise StudyError(f"{path} is not a safetensors file ({error}); {again(run)}") from error


def check_settings(run: Path, settings: dict) -> None:
    """StudyError unless the run was trained with these settings, naming the first that differs."""
    trained = read_json(run / "provenance.json")["settings"]
    for name, value in settings.items():
        if trained.get(name) != value:
            raise StudyError(
                f"{run} holds checkpoints of another configuration: {name} was {trained.get(name)!r} when they were "
                f"trained and is {value!r} now; {again(run)}"
            )


def check_shapes(run: Path, step: int, model: torch.nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """StudyError unless the checkpoint has the weights of this network, naming the first that does not fit."""
    wanted = {f"model/{name}": tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in tensors.items() if name.startswith("model/")}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise StudyError(
                f"{run}, checkpoint of step {step}, is of another architecture: {name.removeprefix('model/')} is "
                f"{found.get(name, 'absent')} there and {wanted.get(name, 'absent')} in the network; {again(run)}"
            )


def check_loss(run: Path, step: int, loss: float, recorded: float) -> None:
    """StudyError where the probe loss of a materialised step is not the one recorded while training."""
    if not abs(loss - recorded) <= TOLERANCE * abs(recorded):
        raise StudyError(
            f"{run}, step {step}: the probe loss is {loss:.6g} now and was {recorded:.6g} in training; checkpoints, data or "
            f"code are not those of the run; {again(run)}"
        )


def again(run: Path) -> str:
    return f"delete {run} and run again"
