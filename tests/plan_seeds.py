"""What planning the default study costs with more seeds: python tests/plan_seeds.py [SEEDS ...]; 1, 10 and 100 if not told.

Run it in a clone without results, on a quiet machine. Prints, keeps nothing.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main():
    print(f"{'seeds':>5} {'runs':>6} {'jobs':>7} {'CPU s':>7} {'MB':>6} {'ms a job':>9}")
    for seeds in [int(argument) for argument in sys.argv[1:]] or [1, 10, 100]:
        print(row(seeds), flush=True)


def row(seeds: int) -> str:
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all", "--cores", "2", "--config", f"seeds={seeds}"]
    planning = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    counted = {
        line.split()[0]: int(line.split()[1]) for line in planning.stdout if line.split()[1:2] and is_count(line)
    }
    _, status, usage = os.wait4(planning.pid, 0)
    if status:
        sys.exit(f"snakemake -n with {seeds} seeds failed; run it by hand: {' '.join(command)}")
    seconds, megabytes = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    jobs, runs = counted["total"], counted["train"]
    return f"{seeds:5} {runs:6} {jobs:7} {seconds:7.1f} {megabytes:6.0f} {1000 * seconds / jobs:9.2f}"


def is_count(line: str) -> bool:
    """A line of Snakemake's table of jobs: a rule and how many jobs it has."""
    words = line.split()
    return len(words) == 2 and words[1].isdigit()


if __name__ == "__main__":
    main()
