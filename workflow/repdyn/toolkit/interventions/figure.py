"""Sets of units against random sets, kinds of ablation, do-responses, and steering against random directions."""

import numpy as np
import pandas as pd

from repdyn.figures.panels import RUN, key_above, panel_grid, say
from repdyn.figures.style import MARKERS, OKABE_ITO, message_figure, styled
from repdyn.toolkit.interventions.grid import DOSES, QUANTILES, SHARES

RHOS = {
    "zero_mean_rho": "zero,\nmean",
    "zero_resample_rho": "zero,\nresample",
    "mean_resample_rho": "mean,\nresample",
    "split_rho": "training,\nheld-out",
}
LESIONS = {
    "attention_loss": "attention",
    "feedforward_loss": "feed-forward",
    "head_loss": "one head",
    "earlier_unit_loss": "one unit",
}
ERASED = {
    "erased_probe/leace": "probe,\nLEACE",
    "erased_probe/inlp": "probe,\nINLP",
    "erased_accuracy/leace": "network,\nLEACE",
    "erased_accuracy/inlp": "network,\nINLP",
    "interchange": "parity\nexchanged",
}
LINEAR = 0.1  # nats up to which the scale of lesions is linear
KEY_COLUMNS = 3


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """Eight panels at the last step, an experiment a colour and a marker, a run a line or a column of marks.

    Fall in accuracy with ranked sets of units ablated and (dotted) random ones, mean over layers; Spearman
    correlations over units, a mark per layer; response of the most moved logit to the first unit of the last layer,
    with its interval; share of rows read as the target under steering and (dotted) random directions, in the middle of
    the steered layers; Shapley values of the first units against what each costs alone; rise of the loss without a
    layer, a head or a unit, a mark for each; what is left of the class after it was erased, and what exchanging part of a
    layer gives, with (grey) random directions; and what setting a unit does against what is seen with it.
    """
    if table.empty:
        return message_figure("No intervention was measured: no network in this study has such layers.")
    looks = experiment_looks(table)
    rows = -(-len(looks) // KEY_COLUMNS) + 1
    figure, panels = panel_grid(4, 2, width=3.7, height=2.6, top=0.42 + 0.19 * rows, left=0.7)
    figure.subplots_adjust(wspace=0.24, hspace=0.42)  # each panel has labels of its own
    last = table[table["step"] == table.groupby(RUN, observed=True)["step"].transform("max")]
    sets, rhos, curves, steering, shares, lesions, concepts, units = panels.ravel()
    _curves(sets, last, "ranked_set_accuracy", SHARES, looks, _mean_of_layers)
    sets.set(title="Units ablated together", xlabel="share of a layer's units", ylabel="fall in accuracy", xscale="log")
    sets.set_xticks(SHARES, [f"1/{round(1 / share)}" for share in SHARES], minor=False)
    sets.set_xticks([], minor=True)
    _correlations(rhos, last, looks)
    _responses(curves, maps, looks)
    _curves(steering, last, "steering_dose", DOSES, looks, _middle_layer)
    steering.set(
        title="Steering", xlabel="push / difference of class means", ylabel="share read as the target", xscale="log"
    )
    steering.set_xticks(DOSES, [f"{dose:g}" for dose in DOSES], minor=False)
    steering.set_xticks([], minor=True)
    _shapley(shares, last, looks)
    _lesions(lesions, last, looks)
    _concepts(concepts, last, looks)
    _units(units, last, looks)
    key_above(figure, _key(looks))
    return figure


def _concepts(axes, last: pd.DataFrame, looks) -> None:
    axes.set(title="Class erased, and exchanged", ylabel="share")
    drawn = [last[last["quantity"] == name] for name in ERASED]
    if not any(rows["value"].notna().any() for rows in drawn):
        say(axes, "not evaluable:\nno linear read-out")
        return
    for place, rows in enumerate(drawn):
        for number, row in enumerate(rows.itertuples()):
            colour, marker = looks[str(row.experiment)]
            x = place + 0.12 * (number - (len(rows) - 1) / 2)
            axes.vlines(
                x, row.null_mean - 2 * row.null_sd, row.null_mean + 2 * row.null_sd, color="#BBBBBB", linewidth=4
            )
            axes.plot(x, row.value, marker=marker, color=colour, markersize=4)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xticks(range(len(ERASED)), list(ERASED.values()), fontsize=7)


def _units(axes, last: pd.DataFrame, looks) -> None:
    axes.set(title="Units, seen and done", xlabel="logit seen, high less low", ylabel="logit done")
    rows = last[last["quantity"].isin(["unit_seen", "unit_done"])]
    if not rows["value"].notna().any():
        say(axes, "not evaluable:\nno linear read-out")
        return
    for (experiment, _), run in rows.groupby(RUN, observed=True, sort=False):
        colour, marker = looks[str(experiment)]
        sides = [run[run["quantity"] == name].sort_values("unit")["value"] for name in ("unit_seen", "unit_done")]
        axes.plot(*sides, linestyle="none", marker=marker, color=colour, markersize=3)
    span = np.array(axes.get_xlim())
    axes.plot(span, span, color="black", linestyle=":", linewidth=0.8, scaley=False, scalex=False)
    axes.axhline(0, color="#BBBBBB", linewidth=0.6, zorder=0)


def experiment_looks(table: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """{experiment: (colour, marker)} in the order of the table."""
    names = table["experiment"].astype(str).unique()
    return {name: (OKABE_ITO[i % len(OKABE_ITO)], MARKERS[i % len(MARKERS)]) for i, name in enumerate(names)}


def _mean_of_layers(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.groupby("unit")[["value", "null_mean"]].mean()


def _middle_layer(rows: pd.DataFrame) -> pd.DataFrame:
    layers = rows["layer"].astype(str).drop_duplicates().tolist()
    return rows[rows["layer"] == layers[len(layers) // 2]].set_index("unit")[["value", "null_mean"]]


def _curves(axes, table: pd.DataFrame, quantity: str, places, looks: dict, chosen) -> None:
    rows = table[(table["quantity"] == quantity) & table["value"].notna()]
    if rows.empty:
        say(axes, "not evaluable")
        return
    for (experiment, _), run in rows.groupby(RUN, observed=True, sort=False):
        colour, marker = looks[experiment]
        curve = chosen(run)
        x = [places[int(unit)] for unit in curve.index]
        axes.plot(x, curve["value"], color=colour, marker=marker, markersize=4, label=experiment)
        axes.plot(x, curve["null_mean"], color=colour, linestyle=":", marker=marker, markersize=2, label="null")
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0), max(high, 0.05))


def _side_by_side(axes, rows: pd.DataFrame, quantities: dict[str, str], looks: dict):
    """Dots of the experiments beside each other, a place per quantity; yields the x, width and rows of each."""
    width = 0.8 / len(looks)
    for place, quantity in enumerate(quantities):
        for number, (experiment, (colour, marker)) in enumerate(looks.items()):
            chosen = rows[(rows["quantity"] == quantity) & (rows["experiment"] == experiment)]
            if chosen.empty:
                continue
            x = place - 0.4 + width * (number + 0.5)
            axes.scatter(
                [x] * len(chosen),
                chosen["value"],
                14,
                color=colour,
                marker=marker,
                linewidth=0,
                zorder=2,
                label=experiment,
            )
            yield x, width, chosen
    axes.axhline(0, color="black", linewidth=0.5, zorder=1)
    axes.set_xticks(range(len(quantities)), quantities.values())


def _correlations(axes, table: pd.DataFrame, looks: dict) -> None:
    rows = table[table["quantity"].isin(list(RHOS)) & table["value"].notna()]
    axes.set(title="Agreement on which units matter", ylabel="Spearman correlation over units")
    if rows.empty:
        say(axes, "not evaluable")
        return
    for x, width, chosen in _side_by_side(axes, rows, RHOS, looks):
        band = 2 * chosen["null_sd"].max()
        axes.bar(x, 2 * band, width * 0.9, -band, color="#DDDDDD", linewidth=0, zorder=0)
    axes.set_ylim(top=1.05)


def _shapley(axes, table: pd.DataFrame, looks: dict) -> None:
    axes.set(title="First units, sharing out their joint effect", xlabel="rise of the loss without it alone (nats)")
    axes.set_ylabel("Shapley value (nats)")
    keys = [*RUN, "layer", "unit"]
    both = table[table["quantity"] == "unit_shapley"].merge(
        table[table["quantity"] == "unit_resample_loss"], on=keys, suffixes=("", "_alone")
    )
    if not both["value"].notna().any():
        say(axes, "not evaluable")
        return
    for experiment, rows in both.groupby("experiment", observed=True, sort=False):
        colour, marker = looks[str(experiment)]
        axes.plot(
            rows["value_alone"],
            rows["value"],
            linestyle="",
            color=colour,
            marker=marker,
            markersize=4,
            label=experiment,
        )
    low, high = both[["value", "value_alone"]].min().min(), both[["value", "value_alone"]].max().max()
    axes.plot([low, high], [low, high], color="black", linewidth=0.5, zorder=0)


def _lesions(axes, table: pd.DataFrame, looks: dict) -> None:
    axes.set(title="Layers, heads and units of transformers", ylabel="rise of the loss (nats)")
    rows = table[table["quantity"].isin(list(LESIONS)) & table["value"].notna()]
    if rows.empty:
        say(axes, "no attention and no feed-forward layers")
        return
    for x, _, chosen in _side_by_side(axes, rows, LESIONS, looks):
        band = 2 * chosen["null_sd"].max()
        axes.vlines(x, -band, band, color="#DDDDDD", linewidth=4, zorder=0)
    axes.set_xlim(-0.5, len(LESIONS) - 0.5)
    axes.set_yscale("symlog", linthresh=LINEAR)  # a layer is worth a hundred units


def _responses(axes, maps: dict, looks: dict) -> None:
    axes.set(title="First unit of the last layer, held at a value", ylabel="logit less its own value")
    drawn = False
    for key, arrays in maps.items():
        experiment = key.rsplit("/", 1)[0]
        if "sweep_mean" not in arrays or experiment not in looks or not np.ptp(arrays["sweep_values"]):
            continue
        colour, marker = looks[experiment]
        values, logit = arrays["sweep_values"], int(arrays["sweep_class"])
        mean, low, high = (arrays[f"sweep_{name}"][:, logit] for name in ("mean", "low", "high"))
        x = (values - values[0]) / np.ptp(values)
        axes.fill_between(x, low, high, color=colour, alpha=0.25, linewidth=0)
        axes.plot(x, mean, color=colour, marker=marker, markersize=4, label=experiment)
        drawn = True
    if not drawn:
        say(axes, "not evaluable")
        return
    axes.axhline(0, color="black", linewidth=0.5, zorder=0)
    ends = [f"{round(100 * QUANTILES[0])} %", f"{round(100 * QUANTILES[-1])} %"]
    axes.set_xticks([0, 1], [f"low ({ends[0]} quantile)", f"high ({ends[1]})"])
    for label, side in zip(axes.get_xticklabels(), ("left", "right"), strict=True):
        label.set_horizontalalignment(side)


def _key(looks: dict) -> list[list]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    entries = [
        Line2D([], [], color=colour, marker=marker, markersize=4, label=name)
        for name, (colour, marker) in looks.items()
    ]
    nulls = [
        Line2D([], [], color="black", linestyle=":", label="random sets, random directions (mean)"),
        Patch(color="#DDDDDD", label="permuted units, random signs (2 sd)"),
    ]
    return [entries[i : i + KEY_COLUMNS] for i in range(0, len(entries), KEY_COLUMNS)] + [nulls]
