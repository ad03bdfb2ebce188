"""Which experiments have finished, for a report on those where others failed."""

from collections.abc import Iterable
from pathlib import Path

# What the last jobs of a run write.
LAST = ("phase1.json", "measurements.parquet")


def finished(results: str, experiments: Iterable[str], seeds: int) -> list[str]:
    """The experiments of which every run has been trained, analysed and looked into."""
    runs = Path(results, "runs")
    return [
        name
        for name in experiments
        if all((runs / name / f"seed{seed}" / file).is_file() for seed in range(seeds) for file in LAST)
    ]


def write_sheet(path: str, experiments: dict[str, tuple[str, str]]) -> None:
    """A sample sheet of {experiment: (architecture, dataset)}."""
    rows = [("experiment", "architecture", "dataset"), *((name, *pair) for name, pair in experiments.items())]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
