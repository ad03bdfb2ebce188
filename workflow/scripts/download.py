"""Download one original file of a dataset: from the first mirror that has it, continued where it was cut, verified."""

import argparse
import functools
import http.client
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pooch
import yaml
from tqdm import tqdm

from common.arguments import to_path, whole
from common.files import readable_errors, refuse_link
from repdyn.datasets.originals import alternatives
from repdyn.errors import StudyError

TIMEOUT = 60  # seconds without an answer
CHUNK = 1 << 16


class Unavailable(Exception):
    """Why an address did not give the file."""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=to_path, required=True, help="<folder>/<dataset>/<file>")
    parser.add_argument("--sources", type=to_path, required=True, help="config/downloads.yaml: mirrors and SHA-256")
    parser.add_argument("--mirror", default="", help="address of a folder of dataset folders, instead of the mirrors")
    parser.add_argument("--sheet", required=True, help="sample sheet, named in the error")
    parser.add_argument("--experiments", type=whole(0), required=True, help="how many of its rows read the dataset")
    arguments = parser.parse_args()
    name, file = arguments.out.parts[-2:]
    source = yaml.safe_load(arguments.sources.read_text(encoding="utf-8"))[name]
    folders = [f"{arguments.mirror.rstrip('/')}/{name}"] if arguments.mirror else source["mirrors"]
    pooch.get_logger().setLevel("WARNING")
    try:
        address = obtain(arguments.out, source["files"][file], [f"{folder.rstrip('/')}/{file}" for folder in folders])
    except Unavailable as reasons:
        raise StudyError(
            f"{name}/{file} could not be downloaded ({reasons}). Run again with a network, which continues the download; "
            f"or, for this and the other original files of {name}, "
            + alternatives(name, arguments.out.parent, arguments.experiments, arguments.sheet)
        ) from None
    print(f"{arguments.out} from {address}")


def obtain(path: Path, sha256: str, addresses: list[str]) -> str:
    """Put the file under `path`, whole and verified or not at all; return the address that had it.

    Raises Unavailable with the reason of every address.
    """
    reasons = []
    for address in addresses:
        try:
            fetch(address, path, sha256)
            return address
        except Unavailable as reason:
            print(f"{address}: {reason}", flush=True)
            reasons.append(f"{address}: {reason}")
    raise Unavailable("; ".join(reasons))


def fetch(address: str, path: Path, sha256: str) -> None:
    """Put the file at an address under `path`. What arrives is kept beside it until it is whole, and continued."""
    part = path.with_name(f".{path.name}.part")
    refuse_link(part)
    continued = part.exists()
    receiver = functools.partial(receive, part=part)
    try:
        pooch.retrieve(address, f"sha256:{sha256}", fname=path.name, path=path.parent, downloader=receiver)
    except ValueError:
        # Pooch has deleted the wrong bytes. They may be those of an earlier attempt or of another mirror.
        if continued:
            return fetch(address, path, sha256)
        raise Unavailable("what came is not the original file (its SHA-256 is another)") from None


def receive(address: str, target: str, _=None, *, part: Path) -> None:
    """Pooch's downloader: collect the bytes in `part`, reconnecting as long as that brings more, and move it to `target`."""
    held = size(part)
    while True:
        try:
            append(address, part)
            break
        except Unavailable:
            if size(part) <= held:
                raise
            held = size(part)
    part.replace(target)


def append(address: str, part: Path) -> None:
    """Add to `part` what it lacks of the file at an address; all of it where the server cannot send a part."""
    held = size(part)
    answer = connect(address, held)
    if answer is None:
        return
    length = answer.headers.get("Content-Length")
    if not answer.headers.get("Content-Range", "").startswith(f"bytes {held}-"):
        held = 0
    total = held + int(length) if length else None
    with answer, part.open("ab" if held else "wb") as stored, bar(part.parent.name, address, held, total) as shown:
        while chunk := read(answer):
            stored.write(chunk)
            shown.update(len(chunk))
    if total is not None and size(part) < total:
        raise Unavailable(f"the connection ended after {size(part):,} of {total:,} bytes")


def connect(address: str, held: int):
    """The answer from byte `held` on, or None if there is nothing more."""
    try:
        request = urllib.request.Request(address, headers={"Range": f"bytes={held}-"} if held else {})
        return urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if held and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return None
        raise Unavailable(f"the server answers {error.code} {error.reason}") from None
    except ValueError as error:
        raise Unavailable(f"this is no address ({error})") from None
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"no connection: {getattr(error, 'reason', error)}") from None


def read(answer) -> bytes:
    try:
        return answer.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"the connection broke: {error or type(error).__name__}") from None


def bar(name: str, address: str, held: int, total: int | None) -> tqdm:
    """A bar on a terminal, in a log a line now and then."""
    label = f"{name}/{address.rsplit('/', 1)[1]}"
    interval = 0.1 if sys.stderr.isatty() else 10
    return tqdm(desc=label, initial=held, total=total, unit="B", unit_scale=True, mininterval=interval)


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


if __name__ == "__main__":
    with readable_errors():
        main()
