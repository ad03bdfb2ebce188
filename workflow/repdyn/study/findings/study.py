"""All questions asked of all runs of a study."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from repdyn.seeds import derive
from repdyn.study.findings import accuracy, early, gradients, regrowth, variance
from repdyn.study.findings.answers import judge
from repdyn.study.findings.layers import FACTS, LAYER, SECTION, Measured

WORDS = ("experiment", "architecture", "dataset", "family", "layer")


def answer_all(measured: Sequence[Measured], facts: Sequence[dict], level: float) -> pd.DataFrame:
    """A row per answer, as `answers.judge` gives them. measured, facts (run.json): of runs that learned, in one order."""
    layers = together([run.layers for run in measured], LAYER)
    sections = together([run.sections for run in measured], SECTION)
    shifted = {(run["experiment"], run["seed"]): each.shifted for run, each in zip(facts, measured, strict=True)}

    def rng(finding):
        return np.random.default_rng(derive("findings", finding))

    found = [
        *regrowth.answers(layers, level),
        *early.answers(sections, max((run["steps"] for run in facts), default=0), rng(early.FINDING)),
        *gradients.answers(layers, shifted, rng(gradients.FINDING)),
        *variance.answers(sections, layers, rng(variance.FINDING)),
        *accuracy.answers(ends(sections, facts), rng(accuracy.FINDING)),
    ]
    return judge(found, level)


def together(tables: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """The rows of all tables, those of runs without any left out; numbers as numbers where there is no row at all."""
    filled = [table for table in tables if len(table)]
    if filled:
        return pd.concat(filled, ignore_index=True)
    return pd.DataFrame({name: pd.Series(dtype=object if name in WORDS else np.float64) for name in columns})


def ends(sections: pd.DataFrame, facts: Sequence[dict]) -> pd.DataFrame:
    """FACTS, test_accuracy and the mean logarithm of the dimension at the end over the layers of each run."""
    columns = [*FACTS, "test_accuracy"]
    runs = pd.DataFrame([{name: run[name] for name in columns} for run in facts], columns=columns)
    if sections.empty:
        return runs.assign(dimension=np.nan)
    final = sections[sections["step"] == sections["step"].max()]
    means = final.groupby(["experiment", "seed"])["value"].mean().rename("dimension").reset_index()
    return runs.merge(means, on=["experiment", "seed"], how="left")
