"""What the information plane shows: whether layers come to say less of the input and more of the class."""

from functools import partial

import numpy as np
import pandas as pd

from repdyn.figures.panels import RUN
from repdyn.toolkit.over_runs import difference, direction, from_to, joined, told
from repdyn.wording.numbers import plural, two_decimals

_interval, _verdict = partial(difference, "information plane"), partial(direction, "information plane")

SAID = ("it says more of the input, no compression", "it says less of the input, a compression")
NEAR = 0.5  # nats below ln n from which information on the input is too near to what it cannot exceed
BEYOND = 3  # standard errors of a rise


def sentence(table: pd.DataFrame) -> str:
    """Whether training takes away what the last hidden layer says of the input, and adds to what it says of the class."""
    now = _at(table, "input_information", "last")
    if not now.notna().any():
        return _not_evaluable(table)
    change = now - _at(table, "input_information", "first")
    gain = _at(table, "class_information", "last") - _at(table, "class_information", "first")
    statement = "under noise as strong as its units the last hidden layer comes to say {} of the input"
    return joined(
        told("information plane", change, "input", statement, "more", "less"),
        told("information plane", gain, "class", "it comes to say {} of the class", "more", "less"),
    )


def limits(_table: pd.DataFrame) -> str:
    """What an information plane cannot say."""
    return (
        "Without noise the information of these networks on their input is infinite: what is measured belongs to the layer"
        " and the noise together, and another noise, or one inside the network, gives other numbers. All but the information"
        " on the input are lower bounds, and how far below the truth they lie is not known; a change of a bound need not be"
        " one of what it bounds."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Paragraphs: the plane of the last hidden layer, what bins make of it, bounds by critics, data processing, groups of
    cells; the run is the replicate."""
    asked = len(table[RUN].drop_duplicates())
    now = _at(table, "input_information", "last")
    n = int(now.notna().sum())
    if n == 0:
        return [_not_evaluable(table)]
    missing = f" ({plural(asked - n, 'run')} not evaluable)" if asked > n else ""
    return [_plane(table, now, n, missing), _bins(table), _critics(table), _processing(table), _codes(table)]


def _not_evaluable(table: pd.DataFrame) -> str:
    asked = len(table[RUN].drop_duplicates())
    return f"The information plane was not evaluable in any of {plural(asked, 'run')}: no layer varies."


def _plane(table: pd.DataFrame, now: pd.Series, n: int, missing: str) -> str:
    known, change = _at(table, "class_information", "last"), now - _at(table, "input_information", "first")
    gain = known - _at(table, "class_information", "first")
    null = _at(table, "class_information", "last", "null_mean")
    full = int((now > _at(table, "most_information", "first", layer=False) - NEAR).sum())
    return (
        f"Under noise as strong as its units the last hidden layer says {from_to(now)} nats of the"
        f" input and at least {from_to(known)} of the class (shuffled labels: {from_to(null)}) after training, in"
        f" {plural(n, 'run')}{missing}. Training changed the first by {_interval(change, 'input')}:"
        f" {_verdict(change, 'input', *SAID)};"
        f" and the second by {_interval(gain, 'class')}: {_verdict(gain, 'class', 'a gain', 'a loss')}. In"
        f" {full} of {n} the first lies within {two_decimals(NEAR)} nats of the logarithm of the number of examples, which"
        " it cannot exceed: there it is a lower bound, and a change may not show."
    )


def _bins(table: pd.DataFrame) -> str:
    names = _names(table, "binned_information")
    other = [
        (name.split("/")[1], _interval(_at(table, name, "last") - _at(table, name, "first"), name))
        for name in _names(table, "input_information_at")
    ]
    few, many = (_at(table, name, "last") for name in (names[0], names[-1]))
    most = _at(table, "most_information", "first", layer=False)
    return (
        f"Without noise binning gives the same layers {from_to(few)} nats on the input with {names[0].split('/')[1]} bins"
        f" per unit and {from_to(many)} with {names[-1].split('/')[1]}, where {from_to(most)}, the"
        f" logarithm of the number of"
        " examples, is all there can be: the bins decide, not the network. The noise is a choice too, but a stated one: with"
        f" {' and '.join(noise for noise, _ in other)} times as much training changes the information on the input by"
        f" {' and '.join(said for _, said in other)}."
    )


def _names(table: pd.DataFrame, quantity: str) -> list[str]:
    """The quantities "<quantity>/<number>" of a table, by number."""
    names = (name for name in table["quantity"].astype(str).unique() if name.startswith(f"{quantity}/"))
    return sorted(names, key=lambda name: float(name.split("/")[1]))


def _critics(table: pd.DataFrame) -> str:
    mine, fitted = _at(table, "class_mine", "last"), _at(table, "class_mine_fitted", "last")
    entropy = _at(table, "class_entropy", "first", layer=False)
    if not mine.notna().any():
        return "Bounds by critics were not evaluable in any run: too few examples."
    above = int((fitted > entropy).sum())
    null = _at(table, "class_mine", "last", "null_mean")
    excess = fitted - mine
    return (
        f"A critic bounds the information of that layer on the class from below by {from_to(mine)} nats (MINE) and"
        f" {from_to(_at(table, 'class_infonce', 'last'))} (InfoNCE), read on examples that it has not seen; of shuffled"
        f" pairs by {from_to(null)}. On the examples that it was fitted to MINE gives"
        f" {_interval(excess, 'fitted')} more, which"
        f" is no bound: in {above} of {plural(int(mine.notna().sum()), 'run')} it exceeds the entropy of the classes. On the"
        f" input the bounds are {from_to(_at(table, 'input_mine', 'last'))} and"
        f" {from_to(_at(table, 'input_infonce', 'last'))} nats."
    )


def _processing(table: pd.DataFrame) -> str:
    rise = _at(table, "class_rise", "last", layer=False)
    beyond, n = int((rise > BEYOND).sum()), int(np.isfinite(rise).sum())
    return (
        f"From a layer to a later one information on the class rises by more than {BEYOND} standard errors in {beyond} of"
        f" {plural(n, 'run')} after training. Nothing computed from a layer can know more than the layer, so such a rise"
        " is not information that comes in: classes move apart in units of the noise, which is added where a layer is read."
    )


def _codes(table: pd.DataFrame) -> str:
    """Of the first code, which has as many groups as there are classes."""
    first = table[table["unit"].isna() | (table["unit"] == 0)]
    told, most = _at(first, "code_information", "last"), _at(first, "code_most", "last")
    if not told.notna().any():
        return "Groups of cells were not evaluable in any run: too few examples, or a layer that does not vary."
    missing, random = most - told, _at(first, "code_information", "last", "null_mean")
    change = missing - (_at(first, "code_most", "first") - _at(first, "code_information", "first"))
    wider, narrower = (f"neighbours come to tell {how} of the class" for how in ("less", "more"))
    return (
        "Cells of the last hidden layer, merged by distance into as many groups as there are classes, say"
        f" {from_to(told)} nats of the class (merged at random: {from_to(random)}). That is {from_to(missing)} less than the"
        " information bottleneck allows a code that keeps as much of the cells, in"
        f" {plural(int(told.notna().sum()), 'run')}. Training changes what is missing by {_interval(change, 'codes')}:"
        f" {_verdict(change, 'codes', wider, narrower)}."
    )


def _at(table: pd.DataFrame, quantity: str, step: str, column: str = "value", layer: bool = True) -> pd.Series:
    """One number per run: of the last layer with that quantity (of none), at the first or the last step."""
    values = {}
    for run, rows in table.groupby(RUN, observed=True, sort=False):
        rows = rows[(rows["quantity"] == quantity) & ((rows["layer"].astype(str) != "") == layer)]
        rows = rows[rows["step"] == (rows["step"].min() if step == "first" else rows["step"].max())]
        values[run] = rows[column].iloc[-1] if len(rows) else np.nan
    return pd.Series(values, dtype=float)
