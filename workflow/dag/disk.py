"""Whether results can be written, before and after a study runs."""

import shutil
from pathlib import Path

# Less than the smallest job writes.
ROOM = 2**16


def full(folder: str) -> bool:
    """Whether the disk of a folder has no room left; its logs then may be empty."""
    return Path(folder).exists() and shutil.disk_usage(folder).free < ROOM
