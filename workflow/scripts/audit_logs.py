"""Obtain the published logs and checkpoints from a folder, and what it lacks from the public repository; all verified."""

import argparse
import gzip
import http.client
import urllib.error
import urllib.request
import zlib
from pathlib import Path

import yaml

from common.arguments import to_path
from common.files import atomic, readable_errors
from repdyn.audit.checkpoints import RUN, STEPS
from repdyn.audit.published_logs import parse_log, read_checksums, verify
from repdyn.errors import StudyError

TIMEOUT = 60  # seconds without an answer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=to_path, required=True, help="holds <run>.json or <run>.json.gz, or gets them")
    parser.add_argument("--claims", type=to_path, required=True, help="config/claims.yaml: names the source")
    parser.add_argument("--checksums", type=to_path, required=True, help="SHA-256 of the uncompressed logs")
    parser.add_argument("--checkpoints", type=to_path, required=True, help="SHA-256 of the checkpoints, of either form")
    parser.add_argument("--base", help="address of the folder to fetch from, by default that of the source")
    arguments = parser.parse_args()
    source = yaml.safe_load(arguments.claims.read_text(encoding="utf-8"))["source"]
    checksums = read_checksums(arguments.checksums.read_text(encoding="utf-8"))
    fetched = obtain(arguments.folder, checksums, arguments.base or address(source))
    known = read_checksums(arguments.checkpoints.read_text(encoding="utf-8"))
    weights = obtain_checkpoints(
        arguments.folder, known, arguments.base or address(source | {"folder": source["weights"]})
    )
    print(f"{len(checksums)} published logs in {arguments.folder}, {fetched} of them fetched now")
    print(f"{len(STEPS)} published checkpoints, {weights} of them fetched now")


def address(source: dict) -> str:
    """Where the raw files of the source lie."""
    raw = source["repository"].replace("https://github.com/", "https://raw.githubusercontent.com/")
    return f"{raw}/{source['commit']}/{source['folder']}"


def obtain(folder: Path, checksums: dict[str, str], base: str) -> int:
    """Fetch the logs that `folder` lacks, each whole and verified or not at all; return how many.

    Raises StudyError where one cannot be fetched or is not the recorded one.
    """
    missing = [name for name in checksums if locate(folder, name) is None]
    for done, name in enumerate(missing):
        data = fetch(f"{base}/{name}", folder, len(missing) - done)
        verify(data, checksums[name], f"{base}/{name}")
        with atomic(folder / f"{name}.gz") as temporary:
            temporary.write_bytes(gzip.compress(data, mtime=0))
    return len(missing)


def obtain_checkpoints(folder: Path, checksums: dict[str, str], base: str) -> int:
    """Fetch the checkpoints that `folder` lacks in either form, verified; return how many."""
    missing = [step for step in STEPS if checkpoint(folder, step) is None]
    for done, step in enumerate(missing):
        url, name = f"{base}/checkpoint_step_{step:05d}.pt", f"{RUN}-{step}.pt"
        data = fetch(url, folder, len(missing) - done, "checkpoints")
        verify(data, checksums[name], url)
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        with atomic(folder / "checkpoints" / name) as temporary:
            temporary.write_bytes(data)
    return len(missing)


def checkpoint(folder: Path, step: int) -> Path | None:
    """The file of a checkpoint: its weights alone or, if those are not there, as published."""
    places = [folder / "checkpoints" / f"{RUN}-{step}{end}" for end in (".safetensors", ".pt")]
    return next((path for path in places if path.is_file()), None)


def read_checkpoints(folder: Path, checksums: dict[str, str]) -> dict[int, dict]:
    """Weights by step, float32 arrays by name. Raises StudyError for a missing or changed file."""
    found = {}
    for step in STEPS:
        path = checkpoint(folder, step)
        if path is None:
            raise StudyError(f"{folder}/checkpoints holds no {RUN}-{step}.pt; audit_logs.py fetches it")
        data = path.read_bytes()
        verify(data, checksums[path.name], str(path))
        if path.suffix == ".safetensors":
            from safetensors.numpy import load

            found[step] = load(data)
        else:
            import io

            import torch

            saved = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")["model_state_dict"]
            found[step] = {name: tensor.numpy() for name, tensor in saved.items()}
    return found


def fetch(url: str, folder: Path, missing: int, what: str = "logs") -> bytes:
    """The bytes at an address, or a StudyError that says what else can be done."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            return answer.read()
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise StudyError(
            f"{missing} published {what} are not in {folder}, and {url} could not be fetched "
            f"({getattr(error, 'reason', error)}): run again with a network, or place the files "
            f"(<run>.json or <run>.json.gz) in {folder} by hand."
        ) from None


def locate(folder: Path, name: str) -> Path | None:
    """The file of that name in the folder or in its subfolder trajectories/, plain or gzipped."""
    places = [place / f"{name}{end}" for place in (folder, folder / "trajectories") for end in (".gz", "")]
    return next((path for path in places if path.is_file()), None)


def read_logs(folder: Path, checksums: dict[str, str]) -> dict[str, tuple]:
    """Run name -> parsed log of every recorded name. Raises StudyError for a missing, changed or truncated file."""
    return {name.removesuffix(".json"): parse_log(read_log(folder, name, digest)) for name, digest in checksums.items()}


def read_log(folder: Path, name: str, digest: str) -> bytes:
    """The uncompressed bytes of one log."""
    path = locate(folder, name)
    if path is None:
        raise StudyError(f"{folder} holds no {name} or {name}.gz; audit_logs.py fetches it")
    data = path.read_bytes()
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise StudyError(f"{path} is not a whole gzip file ({error}); delete it and run again") from None
    verify(data, digest, str(path))
    return data


if __name__ == "__main__":
    with readable_errors():
        main()
