"""What a job cost: the last line of its log, and that line read again."""

import re
import resource
import sys
import time
from pathlib import Path

import pandas as pd

LINE = re.compile(r"took ([\d.]+) CPU seconds, at most (\d+) MB")


def print_cost() -> None:
    """CPU seconds of this process since it started, and the most memory it held."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"took {time.process_time():.2f} CPU seconds, at most {memory:.0f} MB", file=sys.stderr)


def read_costs(logs: list[Path]) -> pd.DataFrame:
    """cpu_seconds and peak_memory_mb, a row per log; NaN where a log is missing or does not end with its cost."""
    rows = [LINE.fullmatch(_last_line(log)) for log in logs]
    costs = [(float(found[1]), float(found[2])) if found else (float("nan"), float("nan")) for found in rows]
    return pd.DataFrame(costs, columns=["cpu_seconds", "peak_memory_mb"], dtype=float)


def logs_of(root: Path, pattern: str, runs: list[tuple[str, int]]) -> list[Path]:
    """The logs of a rule below `root`: one for each run where the pattern names one, else all that are there."""
    if "{experiment}" in pattern:
        return [root / pattern.format(experiment=experiment, seed=seed) for experiment, seed in runs]
    return sorted(root.glob(re.sub(r"\{\w+\}", "*", pattern)))


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    return lines[-1] if lines else ""
