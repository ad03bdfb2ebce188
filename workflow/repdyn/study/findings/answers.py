"""An answer to a question beside its null, and the one rule of its word.

Shown: the p of the question's null, corrected over all answers of a study together (Benjamini & Hochberg 1995), is at most
the level, and the interval lies above the null. Not evaluable: there is no p or no interval, and `why` says what is missing.
Else not shown, which is no proof of the contrary: the interval says what remains possible.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.statistics.fdr import benjamini_hochberg

# In the order of the page; each id is the FINDING of a module of this room.
QUESTIONS = {
    "regrowth": "Does the dimension of a layer collapse and grow again?",
    "early": "Is the final dimension set early?",
    "gradients": "Does a layer change more where the batch gradient is large?",
    "variance": "What does the final dimension vary with?",
    "accuracy": "Do seeds that end at a larger dimension end more accurate?",
}
SHOWN, NOT_SHOWN, NOT_EVALUABLE = WORDS = ("shown", "not shown", "not evaluable")


class Answer(NamedTuple):
    """finding: one of QUESTIONS. subject: what of it, such as a step or a family. says: what the number is, in words.

    value, with its 95 % interval low to high, in `unit`, over `runs` of `experiments`; number of `things` (layers, runs)
    behind it. null_mean, null_low, null_high: what there would be without the effect, and the middle 95 % of it. p:
    one-sided. why: what is missing, if the answer is not evaluable. more: a sentence on what else was seen.
    """

    finding: str
    subject: str
    says: str
    unit: str
    things: str
    number: int = 0
    runs: int = 0
    experiments: int = 0
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    null: str = ""
    null_mean: float = np.nan
    null_low: float = np.nan
    null_high: float = np.nan
    p: float = np.nan
    why: str = ""
    more: str = ""


def judge(answers: Sequence[Answer], level: float) -> pd.DataFrame:
    """A row per answer: its fields, q and word."""
    table = pd.DataFrame(answers, columns=Answer._fields)
    missing = table[["p", "low"]].isna().any(axis=1)
    p = table["p"].where(~missing).astype(np.float64)
    table["q"] = benjamini_hochberg(p.to_numpy())
    shown = (table["q"] <= level) & (table["low"] > table["null_mean"])
    table["word"] = np.select([missing, shown], [NOT_EVALUABLE, SHOWN], NOT_SHOWN)
    why = table["why"].where(table["why"] != "", "too little varies for an interval")
    table["why"] = why.where(missing, "")
    return table
