"""The checksum that a file carries: the SHA-256 of the file itself with zeros in the place of the digest.

It lies in the file (a key of JSON, metadata of Parquet and safetensors, a last line of pages and pictures), so that a file
and its checksum appear, move and disappear together.
"""

import hashlib
import mmap
from pathlib import Path

from repdyn.errors import StudyError

MARK = b"sha256-of-this-file:"
ZEROS = b"0" * 64
# What a writer puts into the file, once; `seal` fills it in.
PLACE = (MARK + ZEROS).decode()


def seal(path: Path) -> None:
    """Fill in the digest of a file that holds PLACE once. StudyError where its content has the mark of one too."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        at, digest = find(content)
        if at is None:
            raise StudyError(
                f"what is to be written holds {MARK.decode()!r}, which marks the checksum of a file; leave it out"
            )
        content[at : at + len(ZEROS)] = digest


def check(path: Path) -> None:
    """StudyError unless the file is, to the bit, what a step wrote."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise StudyError(f"{path} is empty. {again(path)}")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            at, digest = find(content)
            if at is None:
                raise StudyError(
                    f"{path} carries no checksum: it is damaged, or no step of this version wrote it. {again(path)}"
                )
            if content[at : at + len(ZEROS)] != digest:
                raise StudyError(
                    f"{path} is not the file that was written: its checksum differs (damaged on the disk, cut, or edited by"
                    f" hand). {again(path)}"
                )


def find(content) -> tuple[int | None, bytes]:
    """Where the digest of a file lies, and what it has to be; None unless there is exactly one place for it."""
    at = content.find(MARK)
    if at < 0 or content.find(MARK, at + 1) >= 0:
        return None, b""
    at += len(MARK)
    with memoryview(content) as whole, whole[:at] as before, whole[at + len(ZEROS) :] as after:
        digest = hashlib.sha256(before)
        digest.update(ZEROS)
        digest.update(after)
    return at, digest.hexdigest().encode()


def again(path: Path) -> str:
    return f"Delete {path}; the same command makes it again."
