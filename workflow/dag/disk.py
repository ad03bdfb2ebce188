"""What may have happened to a study's files: a full disk, a clock that was set back, links to elsewhere."""

import shutil
import time
from collections.abc import Iterable
from pathlib import Path

# Less than the smallest job writes.
ROOM = 2**16
# Seconds that clocks of one network may differ by: waiting mends that.
SKEW = 60


def full(folder: str) -> bool:
    """Whether the disk of a folder has no room left; its logs then may be empty."""
    return Path(folder).exists() and shutil.disk_usage(folder).free < ROOM


def from_the_future(folders: Iterable[str]) -> list[Path]:
    """Files dated later than now. Snakemake refuses whatever is made from them, because that would look outdated."""
    latest = time.time() + SKEW
    return sorted(path for folder in folders for path in Path(folder).rglob("*") if path.lstat().st_mtime > latest)


def links(folder: str) -> list[Path]:
    """Symbolic links below a folder: jobs would write and delete through them. The folder itself may be one."""
    return sorted(path for path in Path(folder).rglob("*") if path.is_symlink())
