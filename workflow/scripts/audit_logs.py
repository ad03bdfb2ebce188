"""Obtain the published logs: from a folder, and what is missing there from the public repository. All are verified."""

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
from repdyn.audit.published_logs import parse_log, read_checksums, verify
from repdyn.errors import StudyError

TIMEOUT = 60  # seconds without an answer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=to_path, required=True, help="holds <run>.json or <run>.json.gz, or gets them")
    parser.add_argument("--claims", type=to_path, required=True, help="config/claims.yaml: names the source")
    parser.add_argument("--checksums", type=to_path, required=True, help="SHA-256 of the uncompressed logs")
    parser.add_argument("--base", help="address of the folder to fetch from, by default that of the source")
    arguments = parser.parse_args()
    source = yaml.safe_load(arguments.claims.read_text(encoding="utf-8"))["source"]
    checksums = read_checksums(arguments.checksums.read_text(encoding="utf-8"))
    fetched = obtain(arguments.folder, checksums, arguments.base or address(source))
    print(f"{len(checksums)} published logs in {arguments.folder}, {fetched} of them fetched now")


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


def fetch(url: str, folder: Path, missing: int) -> bytes:
    """The bytes at an address, or a StudyError that says what else can be done."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
            return answer.read()
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise StudyError(
            f"{missing} published logs are not in {folder}, and {url} could not be fetched "
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
