"""The state of a training job on disk, from which a killed job continues."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file, save_file

from files import atomic, sha256, write_json, write_parquet, write_safetensors
from repdyn.training import get_state, set_state


def signature(settings: dict, data: Path) -> str:
    """Changes with whatever a run depends on: settings, data, code and torch."""
    code = sorted(
        module.__file__ for name, module in sys.modules.items() if name.startswith("repdyn") and module.__file__
    )
    parts = [json.dumps(settings, sort_keys=True), sha256(data), torch.__version__, sha256(Path(__file__))]
    parts += [sha256(Path(path)) for path in code]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def resume(unfinished: Path, wanted: str, model, optimizer, tracker) -> int:
    """Load the last saved state and return its step; 0 if there is none, or if it belongs to another signature."""
    mark = unfinished / "signature"
    if not mark.exists() or mark.read_text() != wanted:
        shutil.rmtree(unfinished, ignore_errors=True)
        (unfinished / "checkpoints").mkdir(parents=True)
        with atomic(mark) as temporary:
            temporary.write_text(wanted)
        return 0
    saved = sorted(unfinished.glob("tables_*/training.parquet"))
    if not saved:
        return 0
    step = int(saved[-1].parent.name.removeprefix("tables_"))
    set_state(model, optimizer, load_file(checkpoint_path(unfinished, step)))
    tracker.restore(pd.read_parquet(saved[-1].with_name("trajectory.parquet")), pd.read_parquet(saved[-1]))
    print(f"continuing at step {step}", file=sys.stderr)
    return step


def save(unfinished: Path, step: int, model, optimizer, tracker, tables: bool) -> None:
    """Write the checkpoint of a step and, where a killed job may continue, the tables up to it."""
    write_safetensors(checkpoint_path(unfinished, step), save_file, get_state(model, optimizer))
    if tables and step > 0:
        trajectory, training = tracker.tables()
        folder = unfinished / f"tables_{step:06d}"
        write_parquet(folder / "trajectory.parquet", trajectory)
        write_parquet(folder / "training.parquet", training)


def finish(unfinished: Path, out: Path) -> None:
    """Give the checkpoints their place and list them with their checksums."""
    target = out / "checkpoints"
    shutil.rmtree(target, ignore_errors=True)
    (unfinished / "checkpoints").rename(target)
    listed = {int(path.stem.removeprefix("step_")): path for path in sorted(target.glob("step_*.safetensors"))}
    checksums = {str(step): {"file": path.name, "sha256": sha256(path)} for step, path in listed.items()}
    write_json(out / "checkpoints.json", checksums)


def checkpoint_path(folder: Path, step: int) -> Path:
    return folder / "checkpoints" / f"step_{step:06d}.safetensors"
