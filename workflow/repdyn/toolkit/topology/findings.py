"""What persistent homology found: connected components, loops, and whether topology simplifies through the layers."""

from functools import partial

import pandas as pd

from repdyn.figures.panels import RUN
from repdyn.toolkit.over_runs import difference, direction, joined, told
from repdyn.wording.numbers import plural

_interval, _verdict = partial(difference, "topology"), partial(direction, "topology")


def sentence(table: pd.DataFrame) -> str:
    """Whether the cloud has parts or loops, and whether those of a class get fewer through the layers."""
    if not _evaluable(table):
        return _not_evaluable(table)
    parts, loops = (_at(table, name, "last", "last") for name in ("betti_0", "betti_1"))
    more, n = int(((parts > 1) | (loops > 0)).sum()), int(parts.notna().sum())
    statement = (
        "the loops of a class {} from the input to the last hidden layer, next to those of noise of its covariance"
    )
    return joined(
        f"after training the last hidden layer has a second part or a loop, beyond noise, in {more} of {plural(n, 'run')}"
        if more
        else f"nothing was found: as far as noise lets see, the last hidden layer is one part without a loop in all of"
        f" {plural(n, 'run')}",
        told("topology", _through_layers(table, "last"), "ratio", statement, "grow", "shrink"),
    )


def limits(table: pd.DataFrame) -> str:
    """What homology of so few points cannot say."""
    points = table.loc[table["quantity"] == "class_points", "value"].dropna()
    sizes = f"{points.min():.0f} to {points.max():.0f}" if len(points) else "few"
    return (
        f"Clouds of classes have {sizes} distinct points, too few to see a small loop, and nothing here counts voids."
        " Lengths are in units of the root mean square distance to the mean; what a Gaussian has, covariance explains."
        " The runs differ in architecture and data, so an interval over them is of the study and not of one network."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Paragraphs: connected components and loops of the cloud at the last step; the claim that topology simplifies
    through the layers, with the run as replicate."""
    if not _evaluable(table):
        return [_not_evaluable(table)]
    return [_whole(table, len(table[RUN].drop_duplicates())), *_simplifies(table)]


def _evaluable(table: pd.DataFrame) -> bool:
    return bool(table.loc[table["quantity"] == "betti_1", "value"].notna().any())


def _not_evaluable(table: pd.DataFrame) -> str:
    runs = table[RUN].drop_duplicates()
    return f"Topology was not evaluable in any of {plural(len(runs), 'run')}: the clouds have too few distinct rows."


def _whole(table: pd.DataFrame, asked: int) -> str:
    """Of the last hidden layer, at the ends of training."""
    parts, loops, beyond, wide = (
        _at(table, name, "last", "last") for name in ("betti_0", "betti_1", "beyond_1", "beyond_0")
    )
    before = _at(table, "beyond_1", "last", "first")
    excess = _at(table, "longest_1", "last", "last", excess=True)
    more = int((parts > 1).sum())
    n = int(parts.notna().sum())
    missing = f" ({plural(asked - n, 'run')} not evaluable)" if asked > n else ""
    return (
        f"Of {plural(n, 'run')}{missing}, {more} {_have(more)} more than one part beyond the confidence band in the last"
        f" hidden layer after training, and {int((loops > 0).sum())} a loop: at this number of examples the band, which"
        " noise widens, leaves no more. Against clouds of Gaussians of the same covariance, a weaker test at 5 % per cloud,"
        f" {int((beyond > 0).sum())} of {plural(n, 'run')} have a loop longer than any of theirs, at initialisation"
        f" {int((before > 0).sum())} of {int(before.notna().sum())}, and {int((wide > 0).sum())} a part farther off than any"
        f" of theirs (by chance: {0.05 * n:.1f} each). The longest loop is longer than in the Gaussians by"
        f" {_interval(excess, 'longest')} radii on average; {_verdict(excess, 'longest', 'longer', 'shorter')}."
    )


def _simplifies(table: pd.DataFrame) -> list[str]:
    classes = sum(_at(table, f"class_betti_{d}", "last", "last") for d in (0, 1))
    if not classes.notna().any():
        return ["That topology simplifies through the layers is not evaluable: classes have too few distinct rows."]
    change = classes - sum(_at(table, f"class_betti_{d}", "first", "last") for d in (0, 1))
    ratio, before = (_through_layers(table, step) for step in ("last", "first"))
    learned = ratio - before
    n = int(change.notna().sum())
    counted = (
        f"every class is one part without a loop beyond the band in the first and the last layer in all of"
        f" {plural(n, 'run')}, so there is nothing that could simplify; undecided"
        if _simple(table)
        else f"connected components and loops of a class beyond the band change by {_interval(change, 'betti')}"
        " from the first cloud to"
        f" the last hidden layer; {_verdict(change, 'betti', 'more complex', 'simpler')}"
    )
    return [
        f"That the topology of a class simplifies through the layers (Naitzat 2020): {counted}. Without a band, the summed"
        f" length of the loops of a class, over that of Gaussians of its covariance, changes by"
        f" {_interval(ratio, 'ratio')} from the first cloud to the last hidden layer of trained networks;"
        f" {_verdict(ratio, 'ratio', 'more complex', 'simpler')}. At initialisation it changes by"
        f" {_interval(before, 'untrained')},"
        f" so training adds {_interval(learned, 'learned')}; {_verdict(learned, 'learned', 'more complex', 'simpler')}."
    ]


def _through_layers(table: pd.DataFrame, step: str) -> pd.Series:
    """Summed length of a class's loops over that of Gaussians: in the last layer, less in the first."""
    last, first = (_at(table, "class_persistence_1", layer, step, ratio=True) for layer in ("last", "first"))
    return last - first


def _simple(table: pd.DataFrame) -> bool:
    ends = [(d, layer) for d in (0, 1) for layer in ("first", "last")]
    return all(
        (_at(table, f"class_betti_{d}", layer, "last").dropna() == (1 if d == 0 else 0)).all() for d, layer in ends
    )


def _at(table, quantity: str, layer: str, step: str, excess: bool = False, ratio: bool = False) -> pd.Series:
    """One number per run, the mean over classes: of the first or last layer, at the first or last step that it has.

    excess: less the null; ratio: over the null.
    """
    values = {}
    for run, rows in table.groupby(RUN, observed=True, sort=False):
        layers = rows.loc[rows["layer"].astype(str) != "", "layer"].astype(str).unique()
        rows = rows[
            (rows["quantity"] == quantity) & (rows["layer"].astype(str) == layers[0 if layer == "first" else -1])
        ]
        rows = rows[rows["step"] == (rows["step"].min() if step == "first" else rows["step"].max())]
        value = rows["value"] - rows["null_mean"] if excess else rows["value"]
        if ratio:
            value = (rows["value"] / rows["null_mean"]).where(rows["null_mean"] > 0)
        values[run] = value.mean()
    return pd.Series(values, dtype=float)


def _have(number: int) -> str:
    return "has" if number == 1 else "have"
