"""Reading and writing what steps exchange: every file appears whole under its name or not at all."""

import hashlib
import json
import os
import sys
from contextlib import contextmanager
from glob import escape
from pathlib import Path

import numpy as np

from common.cost import print_cost
from repdyn.errors import StudyError


@contextmanager
def atomic(path: Path):
    """Yield a temporary path beside `path`; it takes the name of `path` when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files of `path` whose processes were killed."""
    for left in path.parent.glob(f".{escape(path.name)}.*.part"):
        try:
            os.kill(int(left.suffixes[-2].removeprefix(".")), 0)
        except ProcessLookupError:
            left.unlink(missing_ok=True)
        except PermissionError:
            # Somebody else's process has this number.
            continue


def write_json(path: Path, content: dict) -> None:
    """JSON with numbers that are not finite as null."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(_plain(content), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def write_parquet(path: Path, frame) -> None:
    with atomic(path) as temporary:
        frame.to_parquet(temporary, index=False)


def write_arrays(path: Path, arrays: dict[str, np.ndarray], metadata: dict) -> None:
    """Arrays and JSON metadata as one safetensors file."""
    from safetensors.numpy import save_file

    write_safetensors(path, save_file, arrays, {"json": json.dumps(metadata)})


def write_safetensors(path: Path, save_file, tensors: dict, metadata: dict | None = None) -> None:
    """Tensors with the `save_file` of their library, whole or not at all."""
    from safetensors import SafetensorError

    with atomic(path) as temporary:
        try:
            save_file(tensors, temporary, metadata)
        except SafetensorError as error:
            # The library hides the system's error in its text.
            raise StudyError(
                f"{path} could not be written ({error}). Nothing half-written is left; run again."
            ) from error


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """Inverse of `write_arrays`; StudyError for a file that is not whole."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as stored:
            arrays = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (not a dict)
            return arrays, json.loads(stored.metadata()["json"])
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise StudyError(f"{path} is not a whole data file ({error}); delete it and run again") from error


def sha256(path: Path) -> str:
    with path.open("rb") as stored:
        return hashlib.file_digest(stored, "sha256").hexdigest()


@contextmanager
def readable_errors():
    """Print bad input and a full or read-only disk as one paragraph, and end with status 1; else print what it cost."""
    try:
        yield
        print_cost()
    except StudyError as error:
        sys.exit(f"\nError: {error}")
    except OSError as error:
        # Libraries raise it with a text alone.
        said = f"{error.strerror}: {error.filename or 'while writing'}" if error.strerror else error
        sys.exit(f"\nError: {said}. Nothing half-written is left; run again.")


def _plain(content):
    if isinstance(content, dict):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, np.generic):
        content = content.item()
    return None if isinstance(content, float) and not np.isfinite(content) else content
