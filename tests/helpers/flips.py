"""One flipped bit in a file of a finished study, its dates kept, and what the reader of that file makes of it."""

import math
import os
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from common.checkpoints import read_checkpoint
from common.checksum import check
from common.costs import read_cost
from common.files import read_arrays, read_json, read_parquet, read_picture
from repdyn.errors import StudyError

READERS = {
    ".json": read_json,
    ".parquet": read_parquet,
    ".safetensors": read_arrays,
    ".webp": read_picture,
    ".log": read_cost,
}


def files_of(results: Path) -> list[Path]:
    """All that jobs have written, their logs too."""
    return sorted(path for path in results.rglob("*") if path.is_file() and path.name != ".snakemake_timestamp")


@contextmanager
def flipped(path: Path, chance):
    """The file with one bit of it flipped; put back at the end."""
    whole, dates = path.read_bytes(), path.stat()
    content = bytearray(whole)
    bit = chance.randrange(8 * len(content))
    content[bit // 8] ^= 1 << bit % 8
    for each in (content, whole):
        path.write_bytes(each)
        os.utime(path, ns=(dates.st_atime_ns, dates.st_mtime_ns))
        if each is content:
            yield bit


def reader(path: Path):
    """What the steps that use the file read it with; of a page or a picture that none uses, what `snakemake verify` does."""
    if path.parent.name == "checkpoints":
        step = int(path.stem.removeprefix("step_"))
        return partial(read_checkpoint, path.parents[1], step, read_json(path.parents[1] / "checkpoints.json"))
    return partial(READERS.get(path.suffix, check), path)


def outcome(path: Path, chance) -> str:
    """noticed, without effect, silent or a traceback."""
    read = reader(path)
    before = read()
    with flipped(path, chance) as bit:
        try:
            after = read()
        except StudyError as error:
            said = str(error)
            return "noticed" if str(path) in said and "elete " in said and "\n" not in said else f"unclear: {said}"
        except Exception as error:
            return f"a traceback: {path}, bit {bit}: {type(error).__name__}: {error}"
    return "without effect" if same(before, after) else f"silent: {path}, bit {bit}"


def same(before, after) -> bool:
    """Whether a reader gave the same. `check` gives nothing: a flipped bit that it lets pass is one that nobody notices."""
    if isinstance(before, pd.DataFrame):
        return before.equals(after)
    if isinstance(before, np.ndarray | torch.Tensor):
        return bytes(memoryview(np.asarray(before))) == bytes(memoryview(np.asarray(after)))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(same(before[name], after[name]) for name in before)
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(same, before, after))
    if isinstance(before, float) and math.isnan(before):  # the cost of a job whose log does not say it
        return isinstance(after, float) and math.isnan(after)
    return before is not None and before == after
