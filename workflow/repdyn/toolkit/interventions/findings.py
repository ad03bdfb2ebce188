"""What the interventions come to: every number and word from the table."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from repdyn.seeds import derive
from repdyn.statistics.intervals import mean_interval
from repdyn.toolkit.interventions.grid import GREEDY_SHARE, SHAPLEY_UNITS, SHARES
from repdyn.toolkit.over_runs import from_to, joined, told
from repdyn.wording.numbers import interval, plural

BAND = 2  # null standard deviations beyond which a layer differs
CHANCE = float(norm.sf(BAND))  # share of nulls above that band
RUN = ["experiment", "seed"]
SET = SHARES.index(1 / 4)


class Comparison(NamedTuple):
    """Layers above and below the null by BAND deviations, evaluable ones, all; value less null mean over runs, with its
    interval; runs that were evaluable."""

    above: int
    below: int
    layers: int
    asked: int
    mean: float
    low: float
    high: float
    runs: int


NOTHING = "Nothing was evaluable: no network has units to intervene on."


def sentence(table: pd.DataFrame) -> str:
    """Whether the first units are worth more than random ones, and whether classes can be steered into each other."""
    if not table["value"].notna().any():
        return NOTHING
    units, pushed = (
        excess(at(table, name, unit=unit)) for name, unit in (("ranked_set_accuracy", SET), ("steering_success", None))
    )
    statements = (
        "the quarter of a layer's units that ranks first is worth {} accuracy than a random quarter",
        "examples of one class, pushed along its difference to another, are read as that {} often than under random pushes",
    )
    return joined(
        told("interventions", units, "sets", statements[0], "more", "less"),
        told("interventions", pushed, "steering", statements[1], "more", "less"),
    )


def limits(_table: pd.DataFrame) -> str:
    """What changing units and directions cannot say."""
    return (
        "What a unit is worth alone understates it where others back it up. One pair of classes was tried in each network:"
        " what a push does to another is not shown, nor that the network itself uses the direction."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Paragraphs on sets of units, on layers and heads of transformers, if there are any, on the kinds of ablation, and on
    sweeps and steering. A run is the mean of its layers."""
    if not table["value"].notna().any():
        return [NOTHING]
    return [_sets(table), *_lesions(table), _kinds(table), _directions(table), *_concepts(table)]


def _concepts(table: pd.DataFrame) -> list[str]:
    """What erasing and exchanging the class do, and what seeing a unit tells of doing."""
    rows = {name: at(table, name) for name in ("erased_probe/leace", "erased_accuracy/leace", "erased_accuracy/inlp")}
    units = {
        name: at(table, f"unit_{name}").set_index([*RUN, "unit"])["value"] for name in ("seen", "adjusted", "done")
    }
    both = pd.concat(units, axis=1).dropna(subset=["seen", "done"])
    interchange = at(table, "interchange").dropna(subset=["value"])
    if rows["erased_probe/leace"].empty or both.empty:
        return []
    ratio = (both["done"] / both["seen"]).groupby(level=RUN).median()
    adjusted = (both["adjusted"] / both["seen"]).dropna().groupby(level=RUN).median()
    probe = rows["erased_probe/leace"]
    text = (
        f"With the class erased from the last hidden layer in closed form, a linear probe reads it with an accuracy of"
        f" {_spanned(probe)}, with random directions erased {_spanned(probe, 'null_mean')}; the network is right in"
        f" {_spanned(rows['erased_accuracy/leace'])} of cases, after rounds of null-space projection in"
        f" {_spanned(rows['erased_accuracy/inlp'])} ({plural(len(ratio), 'run')} with a linear read-out). Setting a unit"
        f" moves its logit by {from_to(ratio)} of what is seen between examples where it is high and low (median over units)"
    )
    text += f"; adjusted for the class, what is seen is {from_to(adjusted)} of that." if len(adjusted) else "."
    if len(interchange):
        text += (
            f" A part of the layer sought for it gives an example the parity of another's class in {_spanned(interchange)}"
            f" of pairs, random parts in {_spanned(interchange, 'null_mean')}."
        )
    return [text]


def _spanned(rows: pd.DataFrame, column: str = "value") -> str:
    return from_to(rows[column])


def compare(table: pd.DataFrame, quantity: str, end: bool = True, unit: int | None = None) -> Comparison:
    """A quantity at the last or first step of every run, against its null. Correlations are averaged as Fisher's z."""
    rows = at(table, quantity, end, unit)
    known = rows.dropna(subset=["value", "null_mean", "null_sd"])
    off = known["value"] - known["null_mean"]
    above, below = off > BAND * known["null_sd"], -off > BAND * known["null_sd"]
    per_run = off.groupby([known[name] for name in RUN], observed=True).mean()
    to, back = (_fisher, np.tanh) if quantity.endswith("_rho") else (np.asarray, np.asarray)
    interval = back(mean_interval(to(per_run.to_numpy()), np.random.default_rng(derive("interventions findings"))))
    return Comparison(int(above.sum()), int(below.sum()), len(known), len(rows), *interval, len(per_run))


def excess(rows: pd.DataFrame) -> pd.Series:
    """Value less null, the mean over the layers of a run."""
    known = rows.dropna(subset=["value", "null_mean"])
    return (known["value"] - known["null_mean"]).groupby([known[name] for name in RUN], observed=True).mean()


def _fisher(rho: np.ndarray) -> np.ndarray:
    return np.arctanh(np.clip(rho, -1 + 1e-9, 1 - 1e-9))


def at(table: pd.DataFrame, quantity: str, end: bool = True, unit: int | None = None) -> pd.DataFrame:
    """The rows of a quantity at the last or first step of every run; of one unit, where there are several."""
    rows = table[table["quantity"] == quantity]
    steps = table.groupby(RUN, observed=True)["step"].agg("max" if end else "min").rename("wanted")
    rows = rows.join(steps, on=RUN)
    rows = rows[rows["step"] == rows["wanted"]]
    return rows if unit is None else rows[rows["unit"] == unit]


def layers_above(found: Comparison) -> str:
    """In how many layers a value lay above its null."""
    text = f"{found.above} of {plural(found.layers, 'layer')}"
    return text + (f" ({found.asked - found.layers} not evaluable)" if found.asked > found.layers else "")


def difference(found: Comparison, digits: int = 2) -> str:
    """The mean over runs of value less null, and whether its interval excludes 0."""
    if np.isnan(found.mean):
        return "not evaluable"
    if np.isnan(found.low):
        return f"{found.mean:+.{digits}f} in {plural(found.runs, 'run')}, too few for an interval: undecided"
    verdict = "above 0" if found.low > 0 else "below 0" if found.high < 0 else "undecided"
    return interval(found.mean, found.low, found.high, f"{{:+.{digits}f}}".format, verdict)


def _sets(table: pd.DataFrame) -> str:
    end, start = (compare(table, "ranked_set_accuracy", last, SET) for last in (True, False))
    text = (
        f"Losing the quarter of a layer's units that ranked first on training rows cost more held-out accuracy than losing"
        f" random sets of as many in {layers_above(end)} at the end (beyond {BAND} standard deviations of the random sets)"
        f" and in {layers_above(start)} at initialisation; mean difference over {plural(end.runs, 'run')} at the end"
        f" {difference(end)}."
    )
    joint = at(table, "ranked_set_interaction", True, SET).dropna(subset=["value", "null_mean"])
    text += (
        f" Together these units cost more than the sum of what each costs alone in {(joint['value'] > 0).sum()} of"
        f" {plural(len(joint), 'layer')} (random sets on average in {(joint['null_mean'] > 0).sum()}): there, units"
        " back each other up, and single lesions understate them."
    )
    text += _shared(table)
    greedy = compare(table, "greedy_set_loss")
    if not greedy.layers:
        return text + " No layer was small enough for greedy sets."
    keys = [*RUN, "layer"]
    both = at(table, "greedy_set_loss").merge(at(table, "ranked_set_loss", True, GREEDY_SHARE), on=keys)
    larger = (both["value_x"] > both["value_y"]).sum()
    return text + (
        f" Greedy sets of an eighth of the units raised the held-out loss more than random sets in {layers_above(greedy)}"
        f" that are small enough to try, and more than the ranked sets of that size in {larger} of {len(both)}."
    )


def _shared(table: pd.DataFrame) -> str:
    shared = at(table, "unit_shapley").dropna(subset=["value"])
    if shared.empty:
        return ""
    keys = [*RUN, "layer"]
    alone = at(table, "unit_resample_loss").merge(shared, on=[*keys, "unit"], suffixes=("_alone", ""))
    largest = alone.loc[alone.groupby(keys, observed=True)["value"].idxmax()]
    first = alone.groupby(keys, observed=True)["value_alone"].max()
    same = (largest.set_index(keys)["value_alone"] == first.reindex(pd.MultiIndex.from_frame(largest[keys]))).sum()
    beyond = (shared["value"] - shared["null_mean"] > BAND * shared["null_sd"]).sum()
    return (
        f" Of the first {SHAPLEY_UNITS} units of a layer, or all of fewer, {beyond} of {len(shared)} have a Shapley value"
        f" beyond random signs; the largest is that of the unit that costs most alone in {same} of"
        f" {plural(len(largest), 'layer')}."
    )


def _lesions(table: pd.DataFrame) -> list[str]:
    found = {name: compare(table, f"{name}_loss") for name in ("attention", "feedforward", "head")}
    if not found["attention"].layers:
        return []
    attention, feedforward, head = found.values()
    unit = compare(table, "earlier_unit_loss")
    alone = (
        f" Of the units of feed-forward layers before the last, {unit.above} of {unit.layers} raise it alone (by chance"
        f" {100 * CHANCE:.1f} %), on average by {difference(unit, 4)}."
        if unit.layers
        else ""
    )
    return [
        f"Without an attention layer (its output as on another example) the held-out loss of transformers rose beyond random"
        f" signs in {layers_above(attention)}, in nats on average by {difference(attention)}; without a feed-forward layer"
        f" in {layers_above(feedforward)}, by {difference(feedforward)}. One head alone did so in {head.above} of"
        f" {plural(head.layers, 'case')}, by {difference(head)}.{alone}"
    ]


def _kinds(table: pd.DataFrame) -> str:
    parts = []
    named = {
        "zero_mean_rho": "zero and mean ablation",
        "zero_resample_rho": "zero and resample ablation",
        "mean_resample_rho": "mean and resample ablation",
    }
    for quantity, name in named.items():
        parts.append(f"{name} {_rho(table, quantity)}")
    agreeing = compare(table, "split_rho")
    return (
        "How the three kinds of ablation rank a layer's units (Spearman correlation of their effects on the loss, mean over"
        f" layers and runs, at the end): {'; '.join(parts)}. Ranks on training rows returned on held-out rows with"
        f" {_rho(table, 'split_rho')}, beyond permuted units in {layers_above(agreeing)}, reversed in {agreeing.below}; at"
        f" initialisation {_rho(table, 'split_rho', False)}, in {layers_above(compare(table, 'split_rho', False))}."
    )


def _rho(table: pd.DataFrame, quantity: str, end: bool = True) -> str:
    return difference(compare(table, quantity, end))


def _directions(table: pd.DataFrame) -> str:
    slope = compare(table, "do_slope")
    end, start = (compare(table, "steering_success", last) for last in (True, False))
    shift, cost = compare(table, "steering_shift"), compare(table, "steering_cost")
    text = (
        f"The unit that ranked first moved a logit of held-out rows more per standard deviation than other units did in"
        f" {layers_above(slope)} at the end; mean difference in logits {difference(slope)}. Pushed by the difference of two"
        f" class means, held-out rows of the one class were read as the other more often than under random directions of"
        f" equal length in {layers_above(end)} at the end and {layers_above(start)} at initialisation; mean difference in"
        f" the share of rows {difference(end)}. The logits moved towards that class beyond random directions in"
        f" {layers_above(shift)}."
    )
    if cost.layers:
        paid = at(table, "steering_cost")
        text += (
            f" Rows of the other classes, pushed alike, lost {paid['value'].mean():.2f} of their accuracy, under random"
            f" directions {paid['null_mean'].mean():.2f}; mean difference over runs {difference(cost)}."
        )
    return text
