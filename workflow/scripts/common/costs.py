"""What jobs cost, read from their logs."""

import re
from pathlib import Path

import pandas as pd

# As cost.print_cost writes it.
LINE = re.compile(r"took ([\d.]+) CPU seconds, at most (\d+) MB")


def read_costs(logs: list[Path]) -> pd.DataFrame:
    """cpu_seconds and peak_memory_mb, a row per log; NaN where one does not say it, as of a job that failed.

    A log is written anew by each try of its job. Where Python buffered a step's output, that comes after the cost, which is
    written unbuffered.
    """
    said = [LINE.findall(log.read_text(encoding="utf-8", errors="replace")) for log in logs]
    costs = [tuple(map(float, found[-1])) if found else (float("nan"), float("nan")) for found in said]
    return pd.DataFrame(costs, columns=["cpu_seconds", "peak_memory_mb"], dtype=float)


def logs_of(root: Path, pattern: str, runs: list[tuple[str, int]]) -> list[Path]:
    """The logs of a rule that are there below `root`: those of the runs where the pattern names one, else all."""
    if "{experiment}" in pattern:
        paths = [root / pattern.format(experiment=experiment, seed=seed) for experiment, seed in runs]
        return [path for path in paths if path.is_file()]
    return sorted(root.glob(re.sub(r"\{\w+\}", "*", pattern)))
