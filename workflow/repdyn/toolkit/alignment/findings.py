"""What simulated brains say: how near the right layer comes to its ceiling, what controls reach, and how often a pick is
wrong."""

from functools import partial

import numpy as np
import pandas as pd

from repdyn.figures.panels import RUN
from repdyn.roles import INPUT
from repdyn.toolkit.over_runs import difference, direction, from_to, joined, told
from repdyn.wording.numbers import plural

_interval, _verdict = partial(difference, "alignment"), partial(direction, "alignment")


def sentence(table: pd.DataFrame) -> str:
    """Whether training makes the right layer predict better, and how often a wrong one predicts best."""
    found, wrong = _values(table, "encoding"), _wrong(table, "encoding")
    better = told(
        "alignment", found["right"] - found["untrained"], "training",
        "the layer that a simulated brain is made from predicts it {} than the same layer untrained", "better", "worse",
    )  # fmt: skip
    if wrong.empty:
        return joined(better, "how often a wrong layer predicts best is not evaluable")
    others = _wrong(table, "encoding_others")
    return joined(
        better,
        f"the share of brains that a wrong layer predicts best is {from_to(wrong['value'])}, and"
        f" {from_to(others['value'])} where the units that they mix are not seen (at random {from_to(wrong['null_mean'])})",
    )


def limits(_table: pd.DataFrame) -> str:
    """What a simulated brain cannot say."""
    return (
        "These brains are linear mixtures of a layer of the same network with independent noise, the easiest case there is:"
        " a method that errs here errs on recordings, one that does not may. That a layer predicts a brain does not say"
        " that the brain computes it: read a correlation beside its ceiling, the untrained network and the input."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Paragraphs on encoding, on distances and canonical correlations, on picks, and on what subjects share."""
    return [_encoding(table), _similarity(table), _picks(table), _subjects(table)]


def _values(table: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """By run, NaN where not evaluable: right, best_wrong, untrained (the right layer before training), input, shuffled and
    ceiling of a quantity."""
    table = table.assign(layer=table["layer"].astype(str))
    rows = table[table["quantity"] == quantity]
    made = table[table["quantity"] == "made_from"].set_index([*RUN, "layer"])["value"]
    rows = rows.assign(right=made.reindex(pd.MultiIndex.from_frame(rows[[*RUN, "layer"]])).to_numpy() == 1)
    after = rows["step"] == rows.groupby(RUN, observed=True)["step"].transform("max")
    hidden = rows["layer"] != INPUT
    runs = table[RUN].drop_duplicates().set_index(RUN).index

    def best(which, column="value") -> pd.Series:
        return rows[which].groupby(RUN, observed=True)[column].max().reindex(runs)

    ceilings = table[table["quantity"] == f"{quantity}_ceiling"].set_index(RUN)["value"].reindex(runs)
    return pd.DataFrame(
        {
            "right": best(after & rows["right"]),
            "best_wrong": best(after & hidden & ~rows["right"]),
            "untrained": best(~after & rows["right"]),
            "input": best(~hidden),
            "shuffled": best(after & rows["right"], "null_mean"),
            "ceiling": ceilings,
        }
    )


def _wrong(table: pd.DataFrame, method: str) -> pd.DataFrame:
    """Shares of wrong picks by run, at the signal-to-noise ratio that is shown."""
    ratios = table[table["quantity"] == "signal_to_noise"]
    places = ratios.loc[ratios["value"] == _design(table, "signal_to_noise_shown"), "unit"].unique()
    rows = table[(table["quantity"] == f"wrong_{method}") & table["unit"].isin(places)]
    return rows.dropna(subset=["value"])


def _design(table: pd.DataFrame, quantity: str) -> float:
    """A number that all runs share, such as how many subjects there are; NaN where no run was evaluable."""
    return float(next(iter(table.loc[table["quantity"] == quantity, "value"]), np.nan))


def _encoding(table: pd.DataFrame) -> str:
    found = _values(table, "encoding")
    known = found.dropna(subset=["right"])
    if known.empty:
        return (
            f"Encoding was not evaluable in any of {plural(len(found), 'run')}: layers too narrow, or too few stimuli."
        )
    n = table.loc[table["quantity"] == "stimuli", "value"].astype(int)
    stimuli = f"{n.min()}" if n.min() == n.max() else f"{n.min()} to {n.max()}"
    gain, beside = known["right"] - known["untrained"], known["right"] - known["best_wrong"]
    return (
        f"{plural(len(known), 'run')}{_missing(len(found), len(known))}, {stimuli} stimuli,"
        f" {_design(table, 'subjects'):g} subjects, {_design(table, 'repeats'):g} repeats at a signal-to-noise ratio of"
        f" {_design(table, 'signal_to_noise_shown'):g}: the right layer predicts responses with correlations of"
        f" {from_to(known['right'])}, under a ceiling of {from_to(known['ceiling'])}; the best wrong layer"
        f" {from_to(known['best_wrong'])}, the right layer untrained {from_to(known['untrained'])}, the input"
        f" {from_to(known['input'])}, shuffled stimuli {from_to(known['shuffled'])}. It exceeds the untrained layer by"
        f" {_interval(gain, 'gain')}: {_verdict(gain, 'gain', 'better', 'worse')}; the best wrong layer by"
        f" {_interval(beside, 'beside')}: {_verdict(beside, 'beside', 'better', 'worse')}. By partial least squares it"
        f" predicts {from_to(_values(table, 'partial_least_squares')['right'].dropna())}."
    )


def _similarity(table: pd.DataFrame) -> str:
    found, cca = (_values(table, name).dropna(subset=["right"]) for name in ("similarity", "cca"))
    if found.empty or cca.empty:
        return "Distances between stimuli and canonical correlations were not evaluable in any run."
    lower, upper = (
        table.loc[table["quantity"] == f"similarity_ceiling_{end}", "value"].dropna() for end in ("lower", "upper")
    )
    beside = found["right"] - found["best_wrong"]
    return (
        f"Distances between stimuli correlate with those in the brain by {from_to(found['right'])} in the right layer"
        f" (lower ceiling {from_to(lower)}, upper {from_to(upper)}), by {from_to(found['best_wrong'])} in the best wrong"
        f" one, by {from_to(found['untrained'])} untrained, by {from_to(found['input'])} in the input and by"
        f" {from_to(found['shuffled'])} with shuffled stimuli. The right layer exceeds the best wrong one by"
        f" {_interval(beside, 'distances')}: {_verdict(beside, 'distances', 'better', 'worse')}. Canonical correlations of"
        f" the right layer are {from_to(cca['right'])} on held-out stimuli (ceiling {from_to(cca['ceiling'].dropna())},"
        f" shuffled {from_to(cca['shuffled'])})."
    )


def _picks(table: pd.DataFrame) -> str:
    if _wrong(table, "encoding").empty:
        return "Whether the right layer is picked was not evaluable: there is one layer to pick, or none."
    told_of = {
        "encoding": "by encoding",
        "similarity": "by distances",
        "encoding_others": "by encoding from units that the brain does not mix",
        "similarity_others": "by distances between these",
    }
    brains = table.loc[table["quantity"] == "brains", "value"]
    parts = [f"{words} {from_to(_wrong(table, method)['value'])}" for method, words in told_of.items()]
    return (
        f"Of {int(np.sum(brains))} brains, made from each layer in turn, a wrong layer predicts best at a signal-to-noise"
        f" ratio of {_design(table, 'signal_to_noise_shown'):g} in shares of: {'; '.join(parts)}; at random"
        f" {from_to(_wrong(table, 'encoding')['null_mean'])}."
    )


def _subjects(table: pd.DataFrame) -> str:
    before, after = (
        table[table["quantity"] == name].dropna(subset=["value"]) for name in ("subjects_alike", "subjects_aligned")
    )
    if after.empty:
        return "What subjects share was not evaluable in any run."
    return (
        f"Responses of different subjects, unit by unit, correlate by {from_to(before['value'])}; after hyperalignment, on"
        f" other stimuli, by {from_to(after['value'])} (aligned to shuffled stimuli {from_to(after['null_mean'])})."
    )


def _missing(asked: int, n: int) -> str:
    return f" ({plural(asked - n, 'run')} not evaluable)" if asked > n else ""
