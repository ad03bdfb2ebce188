"""Where the numbers of a page come from: commits, machines, versions, and what each stage cost."""

import pandas as pd

from repdyn.wording.numbers import MISSING, written


def stage_row(name: str, jobs: pd.DataFrame) -> list[str]:
    """Cells of a stage: its name, number of jobs, CPU time of all and largest memory of one.

    Where some jobs left no record, how many did stands before their number, and the sums are of those.
    """
    known = jobs.dropna()
    count = written(len(jobs), "count")
    if len(known) < len(jobs):
        count = f"{written(len(known), 'count')} of {count}"
    memory = f"{written(float(known['peak_memory_mb'].max()), 'count')} MB" if len(known) else MISSING
    return [name, count, written(float(known["cpu_seconds"].sum(min_count=1)), "seconds"), memory]


def once(provenance: pd.DataFrame, column: str) -> str:
    """All values of a column, each once."""
    if column not in provenance:
        return MISSING
    return ", ".join(sorted({str(value) for value in provenance[column].dropna()})) or MISSING


def sources(provenance: pd.DataFrame) -> list[tuple[str, str]]:
    """(what, values) over all runs: commits, machines, Python and library versions, each value once."""
    found = {}
    for versions in provenance.get("versions", ()):
        for package, version in (versions if isinstance(versions, dict) else {}).items():
            found.setdefault(package, set()).add(str(version))
    libraries = [(package, ", ".join(sorted(values))) for package, values in sorted(found.items())]
    named = [("Commit", "commit"), ("Machine", "machine"), ("Python", "python")]
    return [(what, once(provenance, column)) for what, column in named] + libraries
