"""What patching found: where the difference between two classes is, and how few nodes carry it."""

from functools import partial

import pandas as pd

from repdyn.figures.panels import RUN
from repdyn.toolkit.over_runs import difference, direction, from_to, joined, told
from repdyn.wording.numbers import plural

_interval, _verdict = partial(difference, "patching"), partial(direction, "patching")

# Quantity: what it is of, what its null is, both as sentences need them.
SETS = {
    "top_denoising": ("the tenth of a layer's units that attribution puts first", "random sets of units"),
    "component_denoising": ("as many principal components as a layer's participation ratio", "random directions"),
}


def sentence(table: pd.DataFrame) -> str:
    """Whether few units carry the difference between two classes, and few nodes the answer."""
    last = _last(table)
    if not (last["quantity"] == "span").any():
        return _not_evaluable(table)
    units = last[last["quantity"] == "top_denoising"]
    share = last[last["quantity"] == "circuit_share"].set_index(RUN)
    carried, saved = _per_run(units, "value") - _per_run(units, "null_mean"), share["null_mean"] - share["value"]
    statements = (
        "the tenth of a layer's units that attribution puts first carries {} of the difference between two classes than a"
        " random tenth",
        "a circuit that gives the network's answer needs {} nodes than one grown in random order",
    )
    return joined(
        told("patching", carried, "top_denoising", statements[0], "more", "less"),
        told("patching", saved, "circuit_share", statements[1], "fewer", "more"),
    )


def limits(_table: pd.DataFrame) -> str:
    """What a patch cannot say."""
    return (
        "R depends on the two classes and on the pairs, which are those the network gets right at its last step; units"
        " that are enough need not be needed, and another set may do as well. Pairs say how sure R is for one network,"
        " runs of different architectures and data how far it holds beyond; neither says why training led there."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Paragraphs: how many runs and pairs; units and components against random ones, at the ends of training; circuits;
    transformers; sparse features, parts of maps and words, where there are any. A mean over the layers of a run is one
    number, and intervals are over runs."""
    pairs = _per_run(table[table["quantity"] == "pairs"], "value")
    span = table[table["quantity"] == "span"]
    if span.empty:
        return [_not_evaluable(table)]
    last = _last(table)
    first = table[table["step"] == table.groupby(RUN, observed=True)["step"].transform("min")]
    return [
        " ".join([_pairs(pairs, span), *(_carried(name, first, last) for name in SETS)]),
        " ".join([*_circuits(last), *_edges(last), *_direct(last), *_heads(last)]),
        *_finer(last),
    ]


def _last(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["step"] == table.groupby(RUN, observed=True)["step"].transform("max")]


def _not_evaluable(table: pd.DataFrame) -> str:
    runs = table[RUN].drop_duplicates()
    return f"Patching was not evaluable in any of {plural(len(runs), 'run')}: too few pairs of the two classes."


def _pairs(pairs: pd.Series, span: pd.DataFrame) -> str:
    measured = span.groupby(RUN, observed=True).ngroups
    used = pairs[pairs.index.isin(pd.MultiIndex.from_frame(span[RUN].drop_duplicates()))]
    numbers = f"{used.min():.0f}" if used.min() == used.max() else f"{used.min():.0f} to {used.max():.0f}"
    missing = len(pairs) - measured
    return f"{plural(measured, 'run')}, each with {numbers} held-out pairs of two classes" + (
        f"; not evaluable in {plural(missing, 'run')} for want of pairs." if missing else "."
    )


def _carried(quantity: str, first: pd.DataFrame, last: pd.DataFrame) -> str:
    what, null = SETS[quantity]
    at_end, before = (part[part["quantity"] == quantity] for part in (last, first))
    value, random = _per_run(at_end, "value"), _per_run(at_end, "null_mean")
    excess = value - random
    start = _per_run(before, "value") - _per_run(before, "null_mean")
    change = (excess - start).dropna()
    sentence = (
        f"At the last step {what}, patched into the other class, carried over R = {_mean(value)} of the difference"
        f" between the classes, {null} {_mean(random)}: a difference of {_interval(excess, quantity)};"
        f" {_verdict(excess, quantity, 'more', 'less')}."
    )
    noising = last[last["quantity"] == quantity.replace("denoising", "noising")]
    if len(noising):
        sentence += f" In the other direction, noising, they carry over {_mean(_per_run(noising, 'value'))}."
    if change.empty:
        return f"{sentence} Whether training changed that cannot be said: at initialisation, R is defined in no run."
    return (
        f"{sentence} From the first step to the last that difference changed by {_interval(change, quantity)} in the"
        f" {plural(len(change), 'run')} in which R is defined at initialisation;"
        f" {_verdict(change, quantity, 'a rise', 'a fall')}."
    )


def _circuits(last: pd.DataFrame) -> list[str]:
    share = last[last["quantity"] == "circuit_share"].set_index(RUN)
    saved = share["null_mean"] - share["value"]
    rho = _per_run(last[last["quantity"] == "attribution_rho"], "value")
    lines = []
    if saved.notna().any():
        fewer = int((saved > 2 * share["null_sd"]).sum())
        lines.append(
            f"Circuits chosen on training pairs stay faithful (0.9 or more on held-out pairs) from"
            f" {_mean(share['value'])} of the nodes on, random circuits from {_mean(share['null_mean'])};"
            f" a difference of {_interval(saved, 'circuit_share')}; {_verdict(saved, 'circuit_share', 'fewer', 'more')}."
            f" It is more than two deviations of random orders in {fewer} of {plural(int(saved.notna().sum()), 'run')}."
        )
    else:
        lines.append("No circuit could be judged: the class difference does not pass through the nodes.")
    if rho.notna().any():
        lines.append(
            f"Attribution, which chose them, ranks nodes as patching them one by one does with a Spearman correlation of"
            f" {rho.min():.2f} to {rho.max():.2f}."
        )
    greedy = last[last["quantity"] == "greedy_share"].set_index(RUN)["value"].dropna()
    if len(greedy):
        same = share["value"].reindex(greedy.index)
        lines.append(
            f"Greedy elimination needs {_mean(greedy)} of the nodes where attribution needs {_mean(same)}"
            f" ({plural(len(greedy), 'run')} with few enough nodes)."
        )
    return lines


def _edges(last: pd.DataFrame) -> list[str]:
    share = last[last["quantity"] == "edge_share"].set_index(RUN)
    saved = (share["null_mean"] - share["value"]).dropna()
    rho = _per_run(last[last["quantity"] == "edge_rho"], "value").dropna()
    lines = []
    if len(saved):
        lines.append(
            f"Circuits on edges, from node to node, stay faithful from {_mean(share['value'])} of the edges on, random ones"
            f" from {_mean(share['null_mean'])} ({plural(len(saved), 'run')} with a stream and few enough edges);"
            f" {_verdict(saved, 'edge_share', 'fewer', 'more')}."
        )
    if len(rho):
        lines.append(
            f"Attribution ranks edges as corrupting them one by one does with a Spearman correlation of {from_to(rho)}."
        )
    return lines


def _direct(last: pd.DataFrame) -> list[str]:
    rows = last[last["quantity"] == "direct_logits"]
    if rows.empty:
        return []
    parts = rows.groupby(RUN, observed=True)
    share = parts["value"].apply(lambda values: values.abs().max() / values.abs().sum())
    heads = rows[rows["null_mean"].notna()]
    beyond = (heads["value"] - heads["null_mean"]).abs() > 2 * heads["null_sd"]
    gap = 100 * last[last["quantity"] == "direct_gap"]["value"].max()
    return [
        f"Straight to the logits, the largest part (embedding, a head, a feed-forward layer) adds {from_to(share)} of all"
        f" that parts add ({plural(len(share), 'run')}); {int(beyond.sum())} of {plural(len(heads), 'head')} add more or"
        f" less than projected as another head of their layer. The parts miss their sum by {gap:.2g} % at most."
    ]


def _heads(last: pd.DataFrame) -> list[str]:
    lines = []
    direct = last[last["quantity"] == "head_direct"]
    total = last[
        (last["quantity"] == "denoising") & last["unit"].notna() & last["layer"].isin(direct["layer"].unique())
    ]
    sums = [part.groupby(RUN, observed=True)["value"].sum(min_count=1) for part in (direct, total)]
    for run, whole in sums[1].dropna().items():
        lines.append(
            f"{run[0]} (seed {run[1]}): heads patched one by one carry R = {whole:.2f} in all, {sums[0][run]:.2f} of it"
            f" straight to the logits; {_traced(last[(last['experiment'] == run[0]) & (last['seed'] == run[1])])}."
        )
    return lines


def _finer(last: pd.DataFrame) -> list[str]:
    lines = [*_features(last), *_places(last), *_words(last)]
    return [" ".join(lines)] if lines else []


def _features(last: pd.DataFrame) -> list[str]:
    some, whole = (last[last["quantity"] == name] for name in ("feature_denoising", "dictionary_denoising"))
    value, random = _per_run(some, "value"), _per_run(some, "null_mean")
    excess = (value - random).dropna()
    if excess.empty:
        return []
    return [
        f"A tenth of the sparse features of the last hidden layer, those that attribution puts first, carried over R ="
        f" {_mean(value)}, random features {_mean(random)}: a difference of {_interval(excess, 'feature_denoising')};"
        f" {_verdict(excess, 'feature_denoising', 'more', 'less')}. All features of the dictionary carry"
        f" {_mean(_per_run(whole, 'value'))}, the rest is in what it leaves out."
    ]


def _places(last: pd.DataFrame) -> list[str]:
    parts = last[(last["quantity"] == "position_denoising") & ~_traced_runs(last)].dropna(subset=["value"])
    if parts.empty:
        return []
    best = parts.groupby([*RUN, "layer"], observed=True, sort=False)["value"].max()
    first, final = (best.groupby(RUN, observed=True).nth(place) for place in (0, -1))
    return [
        f"One part of a channel's map carried R = {_mean(first)} at most in the first layer of a CNN and {_mean(final)} in"
        f" the last ({plural(len(first), 'run')})."
    ]


def _traced_runs(rows: pd.DataFrame) -> pd.Series:
    return (rows["quantity"] == "tracing").groupby([rows[name] for name in RUN], observed=True).transform("any")


def _words(last: pd.DataFrame) -> list[str]:
    spans = last[last["quantity"] == "swap_span"]
    lines = []
    for row in spans.itertuples():
        run = last[(last["experiment"] == row.experiment) & (last["seed"] == row.seed)]
        here = run[(run["quantity"] == "swap_denoising") & (run["unit"] == 0)].dropna(subset=["value"])
        beyond = "more" if row.value - row.null_mean > 2 * row.null_sd else "no more"
        line = (
            f"{row.experiment} (seed {row.seed}): one telling word swapped takes {row.value:.2f} logits, {beyond} than"
            f" random swaps ({row.null_mean:.2f})"
        )
        if len(here):
            line += f"; of that, the state at the word carries {here['value'].iloc[0]:.2f} in the embedding and"
            line += f" {here['value'].iloc[-1]:.2f} after the last block"
        lines.append(line + ".")
    return lines


def _traced(run: pd.DataFrame) -> str:
    traced = run[run["quantity"] == "tracing"]
    if not traced["value"].notna().any():
        return "noise on the embedding takes nothing that tracing could bring back"
    total = run.loc[run["quantity"] == "tracing_total", "value"].iloc[0]
    best = traced.loc[traced["value"].idxmax()]
    beyond = int((traced["value"] - traced["null_mean"] > 3 * traced["null_sd"]).sum())
    return (
        f"noise on the embedding takes {total:.2f} from the probability of the right class, of which one clean state"
        f" brings back {best['value']:.2f} at most ({best['layer']}, position {best['unit']}), and {beyond} of"
        f" {len(traced)} states more than their null by three deviations"
    )


def _per_run(rows: pd.DataFrame, column: str) -> pd.Series:
    """Mean over layers (and steps) of each run, by experiment and seed."""
    return rows.groupby(RUN, observed=True)[column].mean()


def _mean(values: pd.Series) -> str:
    return f"{values.mean():.2f}"
