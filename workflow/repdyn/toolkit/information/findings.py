"""What mutual information found: how much two coordinates say of the class, and what a probe reads beyond them."""

from functools import partial

import pandas as pd

from repdyn.figures.panels import RUN
from repdyn.toolkit.over_runs import difference, direction, from_to, joined, told
from repdyn.wording.numbers import plural, two_decimals

_interval, _verdict = partial(difference, "information"), partial(direction, "information")

BEYOND = 2  # deviations of the null from which a single run counts as above it


def sentence(table: pd.DataFrame) -> str:
    """Whether two coordinates tell of the class, and what training did to that."""
    now = _at(table, "class_components", "last")
    if not now.notna().any():
        return _not_evaluable(table)
    beyond, change = (
        now - _at(table, "class_components", "last", "null_mean"),
        now - _at(table, "class_components", "first"),
    )
    statement = "two coordinates of the last hidden layer tell {} of the class than chance"
    return joined(
        told("information", beyond, "beyond", statement, "more", "less"),
        told("information", change, "change", "training {} that", "raised", "lowered"),
    )


def limits(_table: pd.DataFrame) -> str:
    """What the information of two coordinates cannot say."""
    return (
        "Two coordinates say less than the layer: of all its coordinates together the information of a deterministic network"
        " is infinite or rests on the bins. The estimate has a bias that the interval does not know, and that a quantity can"
        " be read does not say that the network uses it."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Paragraphs: information on the class in the last hidden layer, over training and against its null, beside the
    probe; information on the input; the run is the replicate."""
    asked = len(table[RUN].drop_duplicates())
    now = _at(table, "class_components", "last")
    n = int(now.notna().sum())
    if n == 0:
        return [_not_evaluable(table)]
    return [_of_class(table, now, n, asked), _of_input(table)]


def _not_evaluable(table: pd.DataFrame) -> str:
    asked = len(table[RUN].drop_duplicates())
    return (
        f"Mutual information was not evaluable in any of {plural(asked, 'run')}: coordinates that do not vary, equal"
        " rows or too few examples of a class."
    )


def _of_class(table: pd.DataFrame, now: pd.Series, n: int, asked: int) -> str:
    change = now - _at(table, "class_components", "first")
    null, spread = (_at(table, "class_components", "last", column) for column in ("null_mean", "null_sd"))
    entropy = _at(table, "class_entropy", "last", layer=False)
    probe = _at(table, "probe_information", "last")
    discriminants = _at(table, "class_discriminants", "last")
    beyond = probe - now
    linear = discriminants - now
    missing = f" ({plural(asked - n, 'run')} not evaluable)" if asked > n else ""
    above = int((now > null + BEYOND * spread).sum())
    return (
        f"After training the two leading principal components of the last hidden layer hold {from_to(now)} nats on the"
        f" class, {from_to(now / entropy)} of its entropy, in {plural(n, 'run')}{missing}; in {above} of {n} that is more"
        f" than {BEYOND} deviations above shuffled labels (mean {two_decimals(null.mean())}). Training changed it by"
        f" {_interval(change, 'change')}; {_verdict(change, 'change', 'a gain', 'a loss')}. Two linear discriminants,"
        f" chosen for the class on training examples, hold {_interval(linear, 'linear')} more;"
        f" {_verdict(linear, 'linear', 'more', 'less')}. By Fano's bound a linear probe of the whole layer shows"
        f" {_interval(beyond, 'probe')} more than the components;"
        f" {_verdict(beyond, 'probe', 'the layer holds what its two components do not', 'the bound is the weaker one')}"
        f" (its accuracy is {from_to(_at(table, 'probe_accuracy', 'last'))}, of control labellings"
        f" {from_to(_at(table, 'probe_accuracy', 'last', 'null_mean'))})."
    )


def _of_input(table: pd.DataFrame) -> str:
    now = _at(table, "input_component", "last")
    if not now.notna().any():
        return "What remains of the input's leading component is not evaluable in any run."
    change = now - _at(table, "input_component", "first")
    null, spread = (_at(table, "input_component", "last", column) for column in ("null_mean", "null_sd"))
    above = int((now > null + BEYOND * spread).sum())
    return (
        f"The leading component of the last hidden layer shares {from_to(now)} nats with the leading component of the"
        f" input (of a text, of its embedding at initialisation), more than shuffled examples by {BEYOND}"
        f" deviations in {above} of"
        f" {plural(int(now.notna().sum()), 'run')}; training changed that by {_interval(change, 'input')};"
        f" {_verdict(change, 'input', 'a gain', 'a loss')}."
    )


def _at(table: pd.DataFrame, quantity: str, step: str, column: str = "value", layer: bool = True) -> pd.Series:
    """One number per run: of the last hidden layer (of none), at the first or the last step."""
    values = {}
    for run, rows in table.groupby(RUN, observed=True, sort=False):
        layers = rows.loc[rows["layer"].astype(str) != "", "layer"].astype(str).unique()
        rows = rows[(rows["quantity"] == quantity) & (rows["layer"].astype(str) == (layers[-1] if layer else ""))]
        rows = rows[rows["step"] == (rows["step"].min() if step == "first" else rows["step"].max())]
        values[run] = rows[column].mean()
    return pd.Series(values, dtype=float)
