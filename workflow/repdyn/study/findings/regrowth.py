"""Does the dimension of a layer collapse and grow again? The share of layers with a dip that no monotone drift explains.

Null: a layer without a dip has one by the test of `dips` with a probability of at most `level`.
"""

import pandas as pd

from repdyn.statistics.two_way_mean import two_way_mean
from repdyn.study.findings.answers import Answer
from repdyn.study.findings.families import by_family

FINDING = "regrowth"


def answers(layers: pd.DataFrame, level: float) -> list[Answer]:
    """layers: as `layers.measure_run` gives them, of all runs. For all of them, then for each family."""
    return [_answer(rows, subject, level) for subject, rows in by_family(layers)]


def _answer(rows: pd.DataFrame, subject: str, level: float) -> Answer:
    tested = rows[rows["p"].notna()]
    dips = tested["p"] <= level
    found = two_way_mean(tested.assign(dip=dips.astype(float)), "dip", least=level, share=True)
    why = "too few measurements per run" if tested.empty else "fewer than three experiments"
    return Answer(
        FINDING, subject, "share of layers that fall and rise again beyond what monotone drift with noise does",
        "share of layers (0 to 1)", "layer", len(tested), found.runs, found.experiments, found.value, found.low, found.high,
        "level of the test of each layer", level, p=found.p, why=why, more=_seen(tested, dips),
    )  # fmt: skip


def _seen(tested: pd.DataFrame, dips: pd.Series) -> str:
    """How many layers have any interior minimum, and when and how deep the dips are."""
    if tested.empty:
        return ""
    interior = 100 * tested["interior"].mean()
    said = f"Any minimum between start and end, which noise gives too: {interior:.0f} % of the layers."
    deepest = tested[dips]
    if deepest.empty:
        return said
    of_start, of_end = (100 * (deepest["minimum"] / deepest[name]).median() for name in ("start", "end"))
    return (
        f"{said} Medians over the dips: at step {deepest['minimum_step'].median():,.0f}, at {of_start:.0f} % of the first"
        f" and {of_end:.0f} % of the last value."
    )
