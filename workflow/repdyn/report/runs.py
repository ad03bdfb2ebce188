"""The runs of a study as tables of the page."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.report.html import run_link
from repdyn.study.exclusion import excluded_runs
from repdyn.wording.names import family_name, family_order
from repdyn.wording.numbers import MISSING, plural, written


class Column(NamedTuple):
    """A column of the table of runs: heading, column of the frame, and how its values are written."""

    heading: str
    name: str
    style: str  # "text", "count", "percent", "number" or "seconds"


# Columns that are numbers even where no run has a value and the frame holds only None.
MEASURED = ("test_accuracy", "final_participation_ratio", "final_stable_rank", "jumps", "candidates")

COLUMNS = (
    Column("Family", "family", "text"),
    Column("Dataset", "dataset", "text"),
    Column("Seed", "seed", "count"),
    Column("Parameters", "parameters", "count"),
    Column("Accuracy", "test_accuracy", "percent"),
    Column("Chance", "chance", "percent"),
    Column("Final participation ratio", "final_participation_ratio", "number"),
    Column("Final stable rank", "final_stable_rank", "number"),
    Column("Candidates", "candidates", "count"),
    Column("Jumps", "jumps", "count"),
    Column("Wall time", "wall_seconds", "seconds"),
    Column("Flags", "flags", "text"),
)


def with_clocks(experiments: pd.DataFrame, provenance: pd.DataFrame) -> pd.DataFrame:
    """The table of runs with wall_seconds and cpu_seconds; NaN for a run without a record."""
    known = {(record["experiment"], record["seed"]): record for record in provenance.to_dict("records")}
    records = [known.get(run, {}) for run in zip(experiments["experiment"], experiments["seed"], strict=True)]
    clocks = {
        name: np.array([record.get(name, np.nan) for record in records], dtype=np.float64)
        for name in ("wall_seconds", "cpu_seconds")
    }
    return experiments.assign(**clocks)


def by_family(runs: pd.DataFrame) -> list[dict]:
    """Per family: how many runs, medians over those that learned, their jumps, and the seconds of all."""
    table = []
    for family in family_order(runs["family"]):
        chosen = runs[runs["family"] == family]
        learned = chosen[~excluded_runs(chosen)]
        table.append(
            {
                "family": family,
                "runs": len(chosen),
                "learned": len(learned),
                "accuracy": float(learned["test_accuracy"].median()),
                "participation_ratio": float(learned["final_participation_ratio"].median()),
                "stable_rank": float(learned["final_stable_rank"].median()),
                "candidates": float(learned["candidates"].sum(min_count=1)),
                "jumps": float(learned["jumps"].sum(min_count=1)),
                "wall_seconds": float(chosen["wall_seconds"].sum(min_count=1)),
                "cpu_seconds": float(chosen["cpu_seconds"].sum(min_count=1)),
            }
        )
    return table


def flagged_note(runs: pd.DataFrame) -> str:
    """Which runs the figures draw apart, as a sentence."""
    apart = runs[excluded_runs(runs)]
    if apart.empty:
        return "No run diverged or ended at chance."
    names = ", ".join(f"{run.experiment} (seed {run.seed})" for run in apart.itertuples())
    return f"Grey and dashed or hollow, because they diverged or ended at chance, and in no median: {names}."


def run_row(run: dict, pages: int) -> dict:
    """A run as the table shows it: what is written in each cell and what the cell sorts by."""
    cells = []
    for column in COLUMNS:
        value = run[column.name]
        if column.name == "family":
            text, key = family_name(value), value
        elif column.name == "flags":
            number = len(flags_of(run))
            text, key = plural(number, "flag") if number else "none", str(number)
        else:
            text = written(value, column.style)
            key = "" if text == MISSING else str(value)
        cells.append({"text": text, "key": key, "number": column.style != "text", "name": column.name})
    return {
        "experiment": run["experiment"],
        "seed": run["seed"],
        "family": run["family"],
        "page": run_link(run["experiment"], run["seed"], pages),
        "flags": flags_of(run),
        "cells": cells,
    }


def flags_of(run: dict) -> list[str]:
    """The flags of a run as sentences."""
    return [flag for flag in run["flags"].split("; ") if flag] if isinstance(run.get("flags"), str) else []
