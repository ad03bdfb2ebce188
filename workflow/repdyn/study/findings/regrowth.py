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
    deepest = tested[dips]
    seen = (
        f"; of those that do, half have it by step {deepest['minimum_step'].median():,.0f}, at"
        f" {100 * (deepest['minimum'] / deepest['start']).median():.0f} % of the first and"
        f" {100 * (deepest['minimum'] / deepest['end']).median():.0f} % of the last value in the median"
        if len(deepest)
        else ""
    )
    says = (
        f"an interior minimum, which noise alone gives too, is in {100 * tested['interior'].mean():.0f} % of the layers; the"
        f" share of layers that fall and rise again beyond monotone drift with noise{seen}"
    )
    return Answer(
        FINDING, subject, says if len(tested) else "the share of layers that fall and rise again", "share of layers", "layer",
        len(tested), found.runs, found.experiments, found.value, found.low, found.high,
        "level of the test of each layer", level, p=found.p, why=why,
    )  # fmt: skip
