"""What the sparse autoencoders found: against a Gaussian match, against PCA and the network's own units, and causally."""

import numpy as np
import pandas as pd

from repdyn.seeds import derive
from repdyn.statistics.intervals import mean_interval
from repdyn.toolkit.over_runs import difference, direction, from_to, joined, told
from repdyn.wording.numbers import interval, plural

# Times a feature is active on average among the training rows, below which rows are too few: a planted dictionary of 64 in
# 32 dimensions is recovered to a cosine of .89 with 14 and of .73 with 7 (TopK).
FEWEST = 20

RUN = ["experiment", "seed"]


NOTHING = "No layer carried a sparse autoencoder: all were constant or had too few rows. Not evaluable."


def sentence(table: pd.DataFrame) -> str:
    """Whether the features are more than the covariance, and whether they detect classes better than units do."""
    if not _evaluable(table):
        return NOTHING
    ends, _ = _ends(table)
    beyond = _of(ends, "explained_variance") - _of(ends, "explained_variance", "null_mean")
    better = _of(ends, "class_f1") - _of(ends, "unit_class_f1")
    statements = (
        "sparse features describe the last hidden layer {} than they describe noise of its covariance",
        "the best of them tell a class from the others {} than single units do",
    )
    return joined(
        told("sparse autoencoders", beyond, "variance", statements[0], "better", "worse"),
        told("sparse autoencoders", better, "classes", statements[1], "better", "worse"),
    )


def found(table: pd.DataFrame) -> list[str]:
    """Paragraphs on variance, stability, and classes; "undecided" where the interval over runs holds 0."""
    if not _evaluable(table):
        return [NOTHING]
    ends, starts = _ends(table)
    return [
        f"{_variance(ends, starts)}{_nested(ends)}",
        f"{_stability(ends, starts)} {_models(ends, starts)}",
        _classes(ends),
    ]


def _nested(ends: pd.DataFrame) -> str:
    """What the leading group of a nested dictionary holds, and whether the other features live within it."""
    first = ends[(ends["quantity"] == "nested_explained_variance") & (ends["unit"] == 0)].dropna(subset=["value"])
    if first.empty:
        return ""
    gain = first.set_index(RUN)["value"] - first.set_index(RUN)["null_mean"]
    inside = ends[ends["quantity"] == "nested_containment"].set_index(RUN)
    beyond = inside["value"] - inside["null_mean"]
    name = "sparse autoencoders"
    more = direction(name, gain, "nested", "more", "less")
    kin = direction(name, beyond, "contained", "features come in families", "they avoid each other")
    return (
        f" In a nested dictionary the first eighth of the features explains {from_to(first['value'])} of the variance alone,"
        f" beside the best eighth of a flat one a difference of {difference(name, gain, 'nested')}; {more}. Its other"
        f" features are active within one of that eighth in {from_to(inside['value'].dropna())} of their rows,"
        f" {difference(name, beyond, 'contained')} beyond shuffled rows; {kin}."
    )


def limits(table: pd.DataFrame) -> str:
    """What a layer's features cannot say, and how few rows there are."""
    one = (
        "One layer of each network is looked at: that features are found in it does not show that the network computes"
        " with them."
    )
    uses, rows = _of(table, "uses"), _of(table, "rows")
    if not rows.notna().any():
        return one
    few = int((uses < FEWEST).sum())
    return (
        f"{one} Rows are few, {rows.min():,.0f} to {rows.max():,.0f}, and those of one example are not independent; a"
        f" feature is active in {uses.min():,.0f} to {uses.max():,.0f} of them on average, which is too few for a dictionary"
        f" (fewer than {FEWEST}) in {few} of {plural(len(uses), 'run')}."
    )


def _evaluable(table: pd.DataFrame) -> bool:
    return bool(table.loc[table["quantity"] == "explained_variance", "value"].notna().any())


def _ends(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the last and of the first step of every run."""
    table = table.assign(quantity=table["quantity"].astype(str))
    steps = table.groupby(RUN)["step"]
    return table[table["step"] == steps.transform("max")], table[table["step"] == steps.transform("min")]


def _variance(ends, starts) -> str:
    value, null = _of(ends, "explained_variance"), _of(ends, "explained_variance", "null_mean")
    pca, longer = _of(ends, "pca_explained_variance"), _of(ends, "explained_variance_longer")
    early = _of(starts, "explained_variance") - _of(starts, "explained_variance", "null_mean")
    sparsest, components = (
        _sparsest(ends, "penalty_explained_variance"),
        _sparsest(ends, "penalty_pca_explained_variance"),
    )
    share, pca_share = _of(ends, "loss_recovered"), _of(ends, "pca_loss_recovered")
    return (
        f"At the end of training the features explain {_mean(value)} of the held-out variance, those of a Gaussian match"
        f" (same mean and covariance) {_mean(null)}: {_compared(value - null, 'more', 'less')}. From initialisation to the"
        f" end this difference {_change(value - null - early)}. As many principal components explain {_mean(pca)}:"
        f" {_compared(value - pca, 'the features more', 'the features less')}; of the sparsest ReLU autoencoders, with"
        f" {_mean(_sparsest(ends, 'penalty_l0'), 1)} features active, {_mean(sparsest)} against {_mean(components)}:"
        f" {_compared(sparsest - components, 'the features more', 'the features less')}. Longer training of the autoencoder"
        f" adds {_mean(longer - value)} to the variance explained. Active features fall as the penalty grows in"
        f" {_falling(ends)}. Spliced into the network, a reconstruction keeps {_mean(share)} of the loss that the layer's"
        f" mean would cost, as many principal components {_mean(pca_share)}{_not_evaluable(share)}."
    )


def _stability(ends, starts) -> str:
    seeds, null = _of(ends, "mmcs_seeds"), _of(ends, "mmcs_seeds", "null_mean")
    first, first_null = _of(starts, "mmcs_end"), _of(starts, "mmcs_end", "null_mean")
    return (
        f"Two seeds find features with a mean largest cosine of {_mean(seeds)}, on the Gaussian match {_mean(null)}:"
        f" {_compared(seeds - null, 'more alike', 'less alike')}; random directions reach {_mean(_of(ends, 'mmcs_random'))}."
        f" Features at initialisation and at the end have {_mean(first)}, on the Gaussian matches {_mean(first_null)}:"
        f" {_compared(first - first_null, 'more alike', 'less alike')}.{_sizes(ends)}"
    )


def _sizes(ends) -> str:
    """Likeness of seeds by the size of the dictionary, less that of random directions."""
    rows = ends[ends["quantity"] == "expansion_mmcs_seeds"].dropna(subset=["value"])
    if rows.empty:
        return ""
    beyond = (
        (rows["value"] - rows["null_mean"]).groupby([*(rows[name] for name in RUN), rows["unit"]]).first().unstack()
    )
    variance = ends[ends["quantity"] == "expansion_explained_variance"].set_index([*RUN, "unit"])["value"].unstack()
    first, last = beyond.columns[0], beyond.columns[-1]
    return (
        f" From the smallest dictionary to the largest, the variance explained changes by"
        f" {_mean(variance[last] - variance[first])}, and the cosine of two seeds, less that of as many random directions,"
        f" by {_mean(beyond[last] - beyond[first])}: {_compared(beyond[last] - beyond[first], 'more alike', 'less alike')}."
    )


def _models(ends, starts) -> str:
    """Likeness between networks, each experiment once: its pairs share the network of the first seed."""
    value, null, early = (
        _of(side, "models_alike", column).groupby("experiment").mean()
        for side, column in ((ends, "value"), (ends, "null_mean"), (starts, "value"))
    )
    if value.isna().all():
        return "Whether networks of other seeds have these features is not evaluable: one seed."
    return (
        f"Matched one to one with those of the first seed, the features of networks of other seeds correlate by"
        f" {_mean(value)} over the same held-out rows, with rows shuffled within their class by {_mean(null)}:"
        f" {_compared(value - null, 'more alike', 'less alike', 'experiment')}. At initialisation they correlate by"
        f" {_mean(early)}; over training this {_change(value - early)}."
    )


def _classes(ends) -> str:
    f1, null, units = _of(ends, "class_f1"), _of(ends, "class_f1", "null_mean"), _of(ends, "unit_class_f1")
    chosen = ends[ends["quantity"] == "class_effect"].dropna(subset=["value", "null_mean"])
    effect = chosen.groupby(RUN)["value"].mean() - chosen.groupby(RUN)["null_mean"].mean()
    beyond = int((chosen["value"] > chosen["null_mean"] + 2 * chosen["null_sd"]).sum())
    return (
        f"The best feature of a class detects it with a held-out F1 of {_mean(f1)}, with shuffled labels {_mean(null)}:"
        f" {_compared(f1 - null, 'better', 'worse')}. The best of as many units and their negatives does with"
        f" {_mean(units)}: {_compared(f1 - units, 'features better', 'features worse')}. Losing that feature, the error"
        f" kept, raises the loss on its class by {_mean(effect)} nats more than losing as much along other features:"
        f" {_compared(effect, 'more', 'less')}; it is beyond two standard deviations of them for {beyond} of {len(chosen)}"
        " classes, all runs together."
    )


def _sparsest(ends: pd.DataFrame, quantity: str) -> pd.Series:
    """The value at the largest penalty of each run."""
    chosen = ends[ends["quantity"] == quantity].sort_values("unit")
    return chosen.groupby(RUN)["value"].last()


def _falling(ends: pd.DataFrame) -> str:
    active = ends[ends["quantity"] == "penalty_l0"].sort_values("unit").groupby(RUN)["value"]
    falls = active.agg(lambda values: bool((np.diff(values) < 0).all()))
    return f"{int(falls.sum())} of {plural(len(falls), 'run')}"


def _of(table: pd.DataFrame, quantity: str, column: str = "value") -> pd.Series:
    """Of every run the value of a quantity that has one: run -> number."""
    return table[table["quantity"] == quantity].groupby(RUN)[column].first()


def _interval(values: pd.Series) -> tuple[float, float, float]:
    return mean_interval(values.to_numpy(dtype=float), np.random.default_rng(derive("sparse autoencoders")))


def _mean(values: pd.Series, digits: int = 3) -> str:
    """Mean over runs and, with enough of them, its interval."""
    mean, low, high = _interval(values)
    if np.isnan(mean):
        return "(not evaluable)"
    return interval(mean, low, high, f"{{:.{digits}f}}".format)


def _verdict(differences: pd.Series, above: str, below: str) -> str:
    mean, low, high = _interval(differences)
    if np.isnan(mean):
        return "not evaluable"
    if np.isnan(low):
        return "undecided, too few runs"
    return above if low > 0 else below if high < 0 else "undecided"


def _compared(differences: pd.Series, above: str, below: str, of: str = "run") -> str:
    """The verdict on a difference that is 0 without effect, and in how many runs, or what else there is, it is above 0."""
    differences = differences.dropna()
    return (
        f"{_verdict(differences, above, below)} (above in {(differences > 0).sum()} of {plural(len(differences), of)})"
    )


def _change(differences: pd.Series) -> str:
    verdict = _verdict(differences, "grows", "shrinks")
    return verdict if verdict in ("grows", "shrinks") else f"does not change clearly ({verdict})"


def _not_evaluable(values: pd.Series) -> str:
    missing = int(values.isna().sum())
    return f" (not evaluable in {plural(missing, 'run')}, where the mean does no harm)" if missing else ""
