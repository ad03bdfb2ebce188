"""All questions asked of all runs of a study."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from repdyn.seeds import derive
from repdyn.study.findings import accuracy, early, gradients, regrowth, variance
from repdyn.study.findings.answers import judge
from repdyn.study.findings.layers import FACTS, Measured

QUESTIONS = {
    regrowth.FINDING: "Does the dimension of a layer collapse and grow again?",
    early.FINDING: "Is the final dimension set early?",
    gradients.FINDING: "Does a layer change more where the batch gradient is large?",
    variance.FINDING: "What does the final dimension vary with?",
    accuracy.FINDING: "Do seeds that end at a larger dimension end more accurate?",
}


def answer_all(measured: Sequence[Measured], facts: Sequence[dict], level: float) -> pd.DataFrame:
    """A row per answer, as `answers.judge` gives them. measured, facts (run.json): of the runs that learned, in equal order."""
    layers, sections = (
        pd.concat([getattr(run, name) for run in measured], ignore_index=True) for name in ("layers", "sections")
    )
    shifted = {(run["experiment"], run["seed"]): each.shifted for run, each in zip(facts, measured, strict=True)}

    def rng(finding):
        return np.random.default_rng(derive("findings", finding))

    found = [
        *regrowth.answers(layers, level),
        *early.answers(sections, max(run["steps"] for run in facts), rng(early.FINDING)),
        *gradients.answers(layers, shifted, rng(gradients.FINDING)),
        *variance.answers(sections, layers, rng(variance.FINDING)),
        *accuracy.answers(ends(sections, facts), rng(accuracy.FINDING)),
    ]
    return judge(found, level)


def ends(sections: pd.DataFrame, facts: Sequence[dict]) -> pd.DataFrame:
    """FACTS, test_accuracy and the mean logarithm of the dimension at the end over the layers of each run."""
    runs = pd.DataFrame([{name: run[name] for name in (*FACTS, "test_accuracy")} for run in facts])
    final = sections[sections["step"] == sections["step"].max()]
    means = final.groupby(["experiment", "seed"])["value"].mean().rename("dimension").reset_index()
    return runs.merge(means, on=["experiment", "seed"], how="left")
