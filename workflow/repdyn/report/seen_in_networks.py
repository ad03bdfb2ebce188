"""What is seen in the figures of whole networks: a sentence each, written from tables by rule; "" where they do not tell."""

import numpy as np
import pandas as pd

from repdyn.report.lookup import Tables, number, of_ours, percent, table
from repdyn.study.exclusion import excluded_runs, learned
from repdyn.study.findings.answers import SHOWN
from repdyn.study.hypotheses import TOO_FEW
from repdyn.wording.names import family_name, family_order, metric_name
from repdyn.wording.numbers import plural, short, two_decimals, written


def findings(tables: Tables) -> str:
    answers = table(tables, "findings")
    if answers.empty:
        return ""
    shown = answers[answers["word"] == SHOWN].sort_values("q", kind="stable")
    verb = "is" if len(shown) == 1 else "are"
    said = f"{len(shown)} of {plural(len(answers), 'answer')} to questions beyond the claims {verb} shown"
    if shown.empty:
        return said
    first = shown.iloc[0]
    numbers = f"{two_decimals(first['value'])}, where {two_decimals(first['null_mean'])} is expected"
    return f"{said}, most surely ({first['subject']}) {first['says']}: {numbers}"


def hypotheses(tables: Tables) -> str:
    tested = table(tables, "hypotheses")
    if tested.empty:
        return ""
    counts = tested["verdict"].value_counts()
    if set(counts.index) == {TOO_FEW}:
        return f"What changes at jumps cannot be said: none of {plural(len(tested), 'test')} has enough of them"
    words = ", ".join(f"{word} {count}" for word, count in counts.items())
    return f"What changes at jumps, in {plural(len(tested), 'test')}: {words}"


def filter_change(tables: Tables) -> str:
    names = ("cosine_100_1000_all_cnn", "cosine_1000_2000_all_cnn")
    if np.isnan([number(tables, "C16", name, "ours") for name in names]).any():
        return ""
    first, later = (of_ours(tables, "C16", name) for name in names)
    return (
        f"First filters have a cosine of {first} with themselves from a twentieth to half of training, and of {later} from "
        "there to the end"
    )


def ends_of(tables: Tables, quantity: str) -> pd.DataFrame:
    """A row per family: value and null_mean of a quantity at the first and last phase."""
    measured = table(tables, "measurements")
    if measured.empty:
        return measured
    rows = measured[measured["quantity"] == quantity].sort_values("phase")
    ends = rows.groupby("family", observed=True)[["value", "null_mean"]].agg(["first", "last"])
    return ends.set_axis(["first", "last", "null_first", "null_last"], axis=1)


def specialisation(tables: Tables) -> str:
    entropy = ends_of(tables, "attention_entropy")
    if entropy.empty:
        return ""
    first, last = entropy[["first", "last"]].mean()
    narrows = "narrows" if last < first else "does not narrow"
    return f"Attention {narrows}: its entropy goes from {percent(first)} of the largest possible to {percent(last)}"


def selectivity(tables: Tables) -> str:
    units = ends_of(tables, "selectivity")
    if units.empty:
        return ""
    changes = [
        f"{family_name(family)} from {two_decimals(units.loc[family, 'first'] - units.loc[family, 'null_first'])} to "
        f"{two_decimals(units.loc[family, 'last'] - units.loc[family, 'null_last'])}"
        for family in family_order(units.index)
    ]
    return f"Selectivity of units for classes, beyond shuffled labels: {', '.join(changes)}"


def loss_curves(tables: Tables) -> str:
    runs = tables["experiments"]
    if runs.empty:
        return ""
    diverged = int(runs["diverged_at"].notna().sum())
    chance = int(excluded_runs(runs).sum()) - diverged
    return f"{len(runs) - diverged - chance} of {plural(len(runs), 'run')} learn; {chance} end at chance, {diverged} diverge"


def accuracy_curves(tables: Tables) -> str:
    accuracy = learned(tables["experiments"])["test_accuracy"].astype(np.float64)
    if accuracy.isna().all():
        return ""
    low, middle, high = (written(float(accuracy.quantile(q)), "percent") for q in (0, 0.5, 1))
    return f"Test accuracy of the runs that learned is {middle} in the median ({low} to {high})"


def final_dimension(tables: Tables) -> str:
    runs = learned(tables["experiments"])
    medians = runs.groupby("family")["final_participation_ratio"].median().dropna().sort_values()
    if medians.empty:
        return ""
    said = [f"{family_name(family)} {short(float(medians[family]))}" for family in medians.index]
    return f"The last {metric_name('participation_ratio')} of layers, in the median of runs: {', '.join(said)}"
