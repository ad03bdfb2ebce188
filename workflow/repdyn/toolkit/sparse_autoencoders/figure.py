"""Sparse autoencoders while networks learn: a row of panels per run."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import RUN, say, share_down
from repdyn.figures.style import OKABE_ITO, message_figure, styled

FEATURES, ALONG, BASELINE, MODELS, NULL = OKABE_ITO[0], OKABE_ITO[3], OKABE_ITO[2], OKABE_ITO[1], "#777777"
COLUMNS = ("variance explained", "likeness of features", "held-out F1 of classes", "share of loss recovered")
LIKENESS = {"mmcs_seeds": (FEATURES, "-"), "mmcs_end": (ALONG, "-"), "models_alike": (MODELS, "-")}


@styled
def draw(table: pd.DataFrame, _maps: dict):
    """table: experiment, seed and `measures.table.COLUMNS` of all runs."""
    table = table.assign(quantity=table["quantity"].astype(str))
    runs = table[RUN].drop_duplicates().to_numpy().tolist()
    if not runs:
        return message_figure("No sparse autoencoder was fitted in this study.")
    seeds = (table["quantity"] == "models_alike").any()
    figure, rows = framed([f"{experiment}, seed {seed}" for experiment, seed in runs], len(COLUMNS), _key(seeds))
    for panels, (experiment, seed) in zip(rows, runs, strict=True):
        chosen = table[(table["experiment"] == experiment) & (table["seed"] == seed)]
        for axes, title in zip(panels, COLUMNS, strict=True):
            axes.set_title(title, loc="left")
            axes.set_xlabel("training step", labelpad=1)
        panels[0].set_xlabel("active features", labelpad=1)
        _variance(panels[0], chosen[chosen["step"] == chosen["step"].max()], chosen)
        _over_steps(panels[1], chosen, LIKENESS, ("mmcs_random", "black"))
        _over_steps(panels[2], chosen, {"class_f1": (FEATURES, "-")}, ("unit_class_f1", BASELINE))
        _over_steps(panels[3], chosen, {"loss_recovered": (FEATURES, "-")}, ("pca_loss_recovered", BASELINE))
    share_down(rows, range(4))
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
