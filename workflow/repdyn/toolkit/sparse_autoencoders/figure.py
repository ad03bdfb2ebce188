"""Sparse autoencoders while networks learn: a row of panels per run."""

import numpy as np
import pandas as pd

from repdyn.figures.panels import RUN, key_above, panel_grid, say
from repdyn.figures.style import OKABE_ITO, message_figure, styled

FEATURES, ALONG, BASELINE, MODELS, NULL = OKABE_ITO[0], OKABE_ITO[3], OKABE_ITO[2], OKABE_ITO[1], "#777777"
COLUMNS = (
    "variance explained at the end\nover active features",
    "likeness of features\nover step",
    "held-out F1 of classes\nover step",
    "share of loss recovered\nover step",
    "rise of a class's loss, nats,\nby class, at the end",
    "features by share of rows\nin which they are active",
)
LIKENESS = {"mmcs_seeds": (FEATURES, "-"), "mmcs_end": (ALONG, "-"), "models_alike": (MODELS, "-")}
RAREST = 1e-4  # shares below it, and features that are never active, fall into the first bin


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """table: experiment, seed and `measures.table.COLUMNS` of all runs; maps: {"experiment/seed": as by the module}."""
    table = table.assign(quantity=table["quantity"].astype(str))
    runs = table[RUN].drop_duplicates().to_numpy().tolist()
    if not runs:
        return message_figure("No sparse autoencoder was fitted in this study.")
    figure, panels = panel_grid(len(runs), len(COLUMNS), width=2.0, height=1.6, top=1.15, left=0.5)
    for row, (experiment, seed) in zip(panels, runs, strict=True):
        chosen = table[(table["experiment"] == experiment) & (table["seed"] == seed)]
        end = chosen[chosen["step"] == chosen["step"].max()]
        row[0].set_title(f"{experiment}, seed {seed}", loc="left", fontweight="bold")
        _variance(row[0], end, chosen)
        _over_steps(row[1], chosen, LIKENESS, ("mmcs_random", "black"))
        _over_steps(row[2], chosen, {"class_f1": (FEATURES, "-")}, ("unit_class_f1", BASELINE))
        _over_steps(row[3], chosen, {"loss_recovered": (FEATURES, "-")}, ("pca_loss_recovered", BASELINE))
        _effects(row[4], end)
        _densities(row[5], maps.get(f"{experiment}/{seed}", {}))
    height = figure.get_figheight()
    for axes, text in zip(panels[0], COLUMNS, strict=True):
        figure.text(axes.get_position().x0, 1 - 0.87 / height, text, ha="left", va="bottom")
    key_above(figure, _key((table["quantity"] == "models_alike").any()))
    return figure


def _values(table: pd.DataFrame, quantity: str, column: str = "value") -> pd.Series:
    chosen = table[table["quantity"] == quantity].dropna(subset=column)
    return chosen.set_index("step")[column].sort_index()


def _variance(axes, end: pd.DataFrame, chosen: pd.DataFrame) -> None:
    by_penalty = {name: _values(end, f"penalty_{name}").to_numpy() for name in ("l0", "explained_variance")}
    value, active = _values(end, "explained_variance"), _values(chosen, "active")
    if value.empty:
        say(axes, "not evaluable")
        return
    nested = end[end["quantity"] == "nested_explained_variance"].sort_values("unit")
    features = end[end["quantity"] == "nested_features"].sort_values("unit")["value"]
    if len(nested):
        # On an axis of its own, of the features that there are.
        above = axes.twiny()
        above.plot(features, nested["value"], color=MODELS, marker="D", markersize=3, linestyle=":")
        above.plot(features, nested["null_mean"], color=NULL, marker="D", markersize=3, linestyle=":")
        above.set_xscale("log", base=2)
        above.tick_params(labelsize=6, colors=MODELS, pad=1)
        above.set_xticks(features.to_numpy(), [f"{size:.0f}" for size in features])
        above.minorticks_off()
    order = np.argsort(by_penalty["l0"])
    axes.plot(
        by_penalty["l0"][order], by_penalty["explained_variance"][order], color=FEATURES, marker="o", markersize=3
    )
    pca = _values(end, "penalty_pca_explained_variance").to_numpy()
    axes.plot(by_penalty["l0"][order], pca[order], color=BASELINE, marker="^", markersize=3)
    at = float(active.iloc[0])
    look = {"linestyle": "", "markersize": 6}
    axes.plot([at], value, marker="*", color=FEATURES, **look)
    axes.plot([at], _values(end, "explained_variance", "null_mean"), marker="*", color=NULL, **look)
    sizes = _values(end, "expansion_explained_variance")
    for size, each in enumerate(sizes):
        axes.plot(
            [at], [each], marker="*", color=FEATURES, markerfacecolor="none", linestyle="", markersize=3 + 2 * size
        )
    axes.plot([at], _values(end, "pca_explained_variance"), marker="^", color=BASELINE, linestyle="", markersize=4)
    axes.set_xlim(0, None)
    axes.set_ylim(None, 1.02)


def _over_steps(axes, chosen: pd.DataFrame, lines: dict, reference: tuple[str, str]) -> None:
    """The quantities over the grid steps, equally spaced, each with its null in grey, and one to compare with, dashed."""
    steps = sorted(chosen["step"].unique())
    drawn = False
    for quantity, (colour, style) in {**lines, reference[0]: (reference[1], "--")}.items():
        values = _values(chosen, quantity).reindex(steps)
        if values.notna().any():
            drawn = True
            axes.plot(range(len(steps)), values, color=colour, linestyle=style, marker="o", markersize=3)
        null = _values(chosen, quantity, "null_mean").reindex(steps)
        if null.notna().any():
            axes.plot(range(len(steps)), null, color=NULL, linestyle=":" if quantity == "mmcs_end" else "-", zorder=1)
    if not drawn:
        say(axes, "not evaluable")
        return
    axes.set_xticks(range(len(steps)), [f"{step:,}" for step in steps])
    axes.set_xlim(-0.25, len(steps) - 0.75)
    low, high = axes.get_ylim()
    # Shares of loss lie close to 1: from 0 nothing would be seen, and on a scale of their own too much.
    axes.set_ylim(min(low, 0.9) if reference[0] == "pca_loss_recovered" else min(low, 0), max(high, 1.05))


def _effects(axes, end: pd.DataFrame) -> None:
    effects = end[end["quantity"] == "class_effect"]
    if effects.empty:
        say(axes, "not evaluable")
        return
    classes = effects["unit"].to_numpy(dtype=float)
    axes.errorbar(
        classes,
        effects["null_mean"],
        2 * effects["null_sd"],
        color=NULL,
        linestyle="",
        marker="_",
        markersize=5,
        zorder=1,
    )
    axes.plot(classes, effects["value"], color=FEATURES, linestyle="", marker="o", markersize=3.5)
    axes.axhline(0, color="#444444", linewidth=0.5, zorder=0)
    axes.set_xticks(classes[:: max(1, len(classes) // 5)].astype(int))


def _densities(axes, arrays: dict[str, np.ndarray]) -> None:
    steps = [int(name.split()[-1]) for name in arrays if name.startswith("density ")]
    if not steps:
        say(axes, "not evaluable")
        return
    edges = np.linspace(np.log10(RAREST), 0, 17)
    for name, colour in ((f"null density {max(steps)}", NULL), (f"density {max(steps)}", FEATURES)):
        share = np.log10(np.maximum(arrays[name], RAREST))
        axes.stairs(np.histogram(share, edges)[0], edges, color=colour)
    axes.set_xticks([-4, -3, -2, -1, 0], ["0", "0.1 %", "1 %", "10 %", "all"])


def _key(seeds: bool) -> list[list]:
    from matplotlib.lines import Line2D

    def entry(colour, label, **look):
        return Line2D([], [], color=colour, label=label, **look)

    star = {"marker": "*", "linestyle": "", "markersize": 6}
    return [
        [
            entry(FEATURES, "features (first panel: ReLU)", marker="o", markersize=3),
            entry(FEATURES, "first panel: TopK, as elsewhere", **star),
            entry(ALONG, "features of a step and the end", marker="o", markersize=3),
            entry("black", "random directions", linestyle="--"),
        ],
        [
            entry(NULL, "null: Gaussian match, shuffled labels, other features"),
            entry(NULL, "null of a step and the end", linestyle=":"),
            entry(BASELINE, "principal components, own units", linestyle="--", marker="^", markersize=3),
            *([entry(MODELS, "of networks of two seeds, correlation", marker="o", markersize=3)] if seeds else []),
        ],
    ]
