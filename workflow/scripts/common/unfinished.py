"""The state of a training job on disk, from which a killed job continues."""

import fcntl
import hashlib
import json
import os
import shutil
import sys
from itertools import takewhile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from common.files import read_json, read_parquet, refuse_link, sha256, write_json, write_parquet, write_safetensors
from repdyn.errors import StudyError
from repdyn.training.loop import get_state, set_state

# {"signature": ..., "files": {name: SHA-256}} of all that was saved, in the order of saving.
MANIFEST = "saved.json"


def claim(out: Path):
    """Wait until no other process trains into the folder `out`, and keep others waiting until this one ends.

    A killed Snakemake leaves its jobs running; the same job, started again, must not write between their files.
    """
    path = out / "unfinished.lock"
    for place in (out, path, out / "unfinished", out / "checkpoints"):
        refuse_link(place)
    out.mkdir(parents=True, exist_ok=True)
    while True:
        lock = path.open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting until another process has ended that trains into {out}", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            print(f"{path} cannot be locked ({error.strerror}): run no second training into {out}", file=sys.stderr)
            return lock
        # The process that held it may have removed it.
        if path.exists() and os.path.samestat(path.stat(), os.fstat(lock.fileno())):
            return lock
        lock.close()


def discard(unfinished: Path, lock) -> None:
    """Remove the state of a run that has been finished, and the lock made by `claim`."""
    shutil.rmtree(unfinished)
    Path(lock.name).unlink()
    lock.close()


def signature(settings: dict, data: Path, own: list[Path]) -> str:
    """Changes with whatever a run depends on: settings, data, code and torch. own: files of a user's network."""
    code = sorted(
        module.__file__ for name, module in sys.modules.items() if name.startswith("repdyn") and module.__file__
    )
    parts = [json.dumps(settings, sort_keys=True), sha256(data), torch.__version__, sha256(Path(__file__))]
    parts += [sha256(Path(path)) for path in [*code, *own]]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def resume(unfinished: Path, wanted: str, model, optimizer, tracker) -> int:
    """Load the last state that is whole and return its step; 0 if there is none, or if it belongs to another signature."""
    saved = saved_files(unfinished, wanted)
    whole = list(takewhile(lambda name: is_whole(unfinished / name, saved[name]), saved))
    if len(whole) < len(saved):
        damaged = unfinished / list(saved)[len(whole)]
        print(f"{damaged} is missing or not what was saved; only what was saved before it is used", file=sys.stderr)
    tables = [name for name in whole if name.endswith("/training.parquet")]
    kept = whole[: whole.index(tables[-1]) + 1] if tables else []
    write_json(unfinished / MANIFEST, {"signature": wanted, "files": {name: saved[name] for name in kept}})
    remove_others(unfinished, {unfinished / name for name in (MANIFEST, *kept)})
    if not tables:
        return 0
    folder = unfinished / Path(tables[-1]).parent
    step = int(folder.name.removeprefix("tables_"))
    set_state(model, optimizer, load_file(checkpoint_path(unfinished, step)))
    tracker.restore(read_parquet(folder / "trajectory.parquet"), read_parquet(folder / "training.parquet"))
    print(f"continuing at step {step}", file=sys.stderr)
    return step


def save(unfinished: Path, step: int, model, optimizer, tracker, tables: bool) -> None:
    """Write the checkpoint of a step and, where a killed job may continue, the tables up to it."""
    written = [checkpoint_path(unfinished, step)]
    write_safetensors(written[0], save_file, get_state(model, optimizer))
    if tables and step > 0:
        folder = unfinished / f"tables_{step:06d}"
        for name, table in zip(("trajectory", "training"), tracker.tables(), strict=True):
            written.append(folder / f"{name}.parquet")
            write_parquet(written[-1], table)
    manifest = read_json(unfinished / MANIFEST)
    manifest["files"] |= {path.relative_to(unfinished).as_posix(): sha256(path) for path in written}
    write_json(unfinished / MANIFEST, manifest)


def finish(unfinished: Path, out: Path) -> None:
    """Give the checkpoints their place and list them with the checksums that they had when they were saved."""
    saved = read_json(unfinished / MANIFEST)["files"]
    target = out / "checkpoints"
    shutil.rmtree(target, ignore_errors=True)
    (unfinished / "checkpoints").rename(target)
    listed = {int(path.stem.removeprefix("step_")): path.name for path in sorted(target.glob("step_*.safetensors"))}
    checksums = {str(step): {"file": name, "sha256": saved[f"checkpoints/{name}"]} for step, name in listed.items()}
    write_json(out / "checkpoints.json", checksums)


def saved_files(unfinished: Path, wanted: str) -> dict[str, str]:
    """{name: SHA-256} of what an earlier process saved; empty if there is nothing or not of the wanted signature."""
    path = unfinished / MANIFEST
    if not path.exists():
        return {}
    try:
        manifest = read_json(path)
        if manifest["signature"] == wanted:
            return dict(manifest["files"])
        reason = "of other settings, data or code"
    except StudyError:
        reason = "damaged"
    print(f"{unfinished} is {reason}; starting over", file=sys.stderr)
    return {}


def is_whole(path: Path, checksum: str) -> bool:
    return path.is_file() and sha256(path) == checksum


def remove_others(folder: Path, kept: set[Path]) -> None:
    """Remove what a killed process left half-written, and what is not to be used."""
    for path in [path for path in folder.rglob("*") if path.is_file() and path not in kept]:
        path.unlink()


def checkpoint_path(folder: Path, step: int) -> Path:
    return folder / "checkpoints" / f"step_{step:06d}.safetensors"
