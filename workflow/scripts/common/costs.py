"""What jobs cost, read from their logs."""

import re
import zlib
from pathlib import Path

import pandas as pd

from repdyn.errors import StudyError

# As cost.print_cost writes it, and what is left of that in a log that was damaged.
LINE = re.compile(r"(took ([\d.]+) CPU seconds, at most (\d+) MB) \(checksum ([0-9a-f]{8})\)")
PARTS = re.compile(r"took [\d.]+ CPU seconds, at most|\(checksum [0-9a-f]{8}\)")


def read_costs(logs: list[Path]) -> pd.DataFrame:
    """cpu_seconds and peak_memory_mb, a row per log; NaN where one does not say it, as of a job that failed.

    A log is written anew by each try of its job. Where Python buffered a step's output, that comes after the cost, which is
    written unbuffered.
    """
    return pd.DataFrame(map(read_cost, logs), columns=["cpu_seconds", "peak_memory_mb"], dtype=float)


def read_cost(log: Path) -> tuple[float, float]:
    """Of one log. StudyError where the line that says it is not as it was written."""
    text = log.read_text(encoding="utf-8", errors="replace")
    said = LINE.findall(text)
    wrong = any(zlib.crc32(cost.encode()) != int(checksum, 16) for cost, _, _, checksum in said)
    if wrong or PARTS.search(LINE.sub("", text)):
        raise StudyError(
            f"{log} does not say what its job cost as it was written. Delete {log}; the same command goes on without that"
            " cost."
        )
    return (float(said[-1][1]), float(said[-1][2])) if said else (float("nan"), float("nan"))


def logs_of(root: Path, pattern: str, runs: list[tuple[str, int]]) -> list[Path]:
    """The logs of a rule that are there below `root`: those of the runs where the pattern names one, else all."""
    if "{experiment}" in pattern:
        paths = [root / pattern.format(experiment=experiment, seed=seed) for experiment, seed in runs]
        return [path for path in paths if path.is_file()]
    return sorted(root.glob(re.sub(r"\{\w+\}", "*", pattern)))
