"""Circuits of recurrent networks: a row of five panels per network."""

import numpy as np
import pandas as pd

from repdyn.circuits.motifs import TRIADS
from repdyn.figures.frame import framed
from repdyn.figures.panels import say, share_down
from repdyn.figures.populations import EXCITES, INHIBITS, draw_populations
from repdyn.figures.steps import step_axis
from repdyn.figures.style import OKABE_ITO, message_figure, styled

NULL = "#888888"
FROM_TO = (("E", "E"), ("I", "E"), ("E", "I"), ("I", "I"))  # of "block"
KINDS = {"pure": OKABE_ITO[5], "linear": OKABE_ITO[2], "nonlinear": OKABE_ITO[4]}
EDGES = {1: "o", 2: "s", 3: "^"}  # markers by edges per unit
SHOWN = 0.25  # of the largest weight, from which one is drawn


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """Quantities as in `toolkit.circuits.measure`; graphs, motifs and events of the first seed, the rest of all."""
    if table.empty:
        return message_figure("No recurrent network was trained.")
    networks = list(table.groupby("experiment", sort=False, observed=True))
    figure, rows = framed([name for name, _ in networks], 5, _keys())
    for (name, runs), panels in zip(networks, rows, strict=True):
        seed = runs["seed"].min()
        arrays = maps.get(f"{name}/{seed}", {})
        _circuit(panels[0], runs[runs["seed"] == seed], arrays)
        _selectivity(panels[1], runs)
        _motifs(panels[2], arrays)
        _signs(panels[3], runs)
        _events(panels[4], arrays)
    share_down(rows, (1, 2))
    return figure


def _circuit(axes, run: pd.DataFrame, arrays: dict[str, np.ndarray]) -> None:
    if "latent_weights" not in arrays:
        axes.set_title("latent circuit", loc="left")
        say(axes, "not evaluable")
        return
    r2, agreement = (run[run["quantity"] == name]["value"].iloc[0] for name in ("latent_r2", "latent_agreement"))
    axes.set_title(f"R² {r2:.2f}, agreement {agreement:.2f}", loc="left")
    weights, inputs = arrays["latent_weights"], len(arrays["latent_gains"])
    angle = np.pi / 2 - 2 * np.pi * np.arange(len(weights)) / len(weights)
    places = np.stack([np.cos(angle), np.sin(angle)], 1)
    largest = np.abs(weights).max()
    for to, of in zip(*np.nonzero(np.abs(weights) >= SHOWN * largest), strict=True):
        weight = weights[to, of]
        look = {"color": EXCITES if weight > 0 else INHIBITS, "linewidth": 2.5 * abs(weight) / largest}
        if to == of:
            axes.plot(*(1.28 * places[of]), marker="o", markersize=7, markerfacecolor="none", linestyle="",
                      markeredgecolor=look["color"], markeredgewidth=look["linewidth"])  # fmt: skip
            continue
        axes.annotate("", xy=places[to], xytext=places[of], arrowprops={
            "arrowstyle": "-|>", "mutation_scale": 7, "shrinkA": 7, "shrinkB": 7, "connectionstyle": "arc3,rad=0.12", **look,
        })  # fmt: skip
    for node, place in enumerate(places):
        axes.plot(*place, marker="o", markersize=11, markerfacecolor="white", markeredgecolor="black", linestyle="")
        label = f"i{node + 1}" if node < inputs else f"f{node - inputs + 1}"
        axes.text(*place, label, ha="center", va="center", fontsize=6)
    axes.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")
    axes.axis("off")


def _selectivity(axes, runs: pd.DataFrame) -> None:
    axes.set_title("units by selectivity", loc="left")
    rows = runs[runs["value"].notna()]
    if not (rows["quantity"] == "interaction_share").any():
        say(axes, "not evaluable")
        return
    for quantity, colour in [("interaction_share", "black"), *((f"units_{kind}", KINDS[kind]) for kind in KINDS)]:
        for _, run in rows[rows["quantity"] == quantity].sort_values("step").groupby("seed", observed=True):
            axes.plot(run["step"], run["value"], color=colour, marker="o", markersize=2, linewidth=0.9)
    axes.set(ylim=(-0.05, 1.05), xlabel="training step", ylabel="share")
    step_axis(axes, int(runs["step"].max()))


def _motifs(axes, arrays: dict[str, np.ndarray]) -> None:
    axes.set_title("triads against rewired", loc="left")
    if not any(f"z_{number}" in arrays for number in EDGES):
        say(axes, "not evaluable")
        return
    axes.axhspan(-2, 2, color="#EEEEEE", zorder=0)
    for number, marker in EDGES.items():
        if f"z_{number}" in arrays:
            axes.plot(arrays[f"z_{number}"], color=OKABE_ITO[0], marker=marker, markersize=3, linestyle="", alpha=0.8)
    axes.set_xticks(range(len(TRIADS)), list(TRIADS), rotation=90, fontsize=6)
    axes.set_ylabel("z", labelpad=0)


def _signs(axes, runs: pd.DataFrame) -> None:
    axes.set_title("signs of units", loc="left")
    last = runs[(runs["step"] == runs["step"].max()) & runs["value"].notna()]
    blocks = last.loc[last["quantity"] == "block", "value"].to_numpy()
    if len(blocks):
        draw_populations(axes, {"E": (-1, 0), "I": (1, 0)}, dict(zip(FROM_TO, blocks[:4], strict=True)))
        return
    rows = last[last["quantity"] == "sign_consistency"]
    if rows.empty:
        say(axes, "not evaluable")
        return
    places = np.arange(len(rows))
    axes.errorbar(places, rows["null_mean"], 2 * rows["null_sd"], color=NULL, linestyle="", capsize=4, linewidth=1)
    axes.plot(places, rows["value"], color=OKABE_ITO[0], marker="o", markersize=4, linestyle="")
    axes.axhline(1, color="black", linestyle="--", linewidth=0.8)
    axes.set_xticks(places, rows["seed"].astype(str))
    axes.set(ylim=(0, 1.08), xlabel="seed", xlim=(-0.6, len(rows) - 0.4))


def _events(axes, arrays: dict[str, np.ndarray]) -> None:
    axes.set_title("events in the states", loc="left")
    if "events" not in arrays:
        say(axes, "not evaluable")
        return
    axes.plot(
        arrays["events"][:, 1], arrays["events"][:, 0], marker="|", markersize=9, linestyle="", color=OKABE_ITO[0]
    )
    axes.plot(arrays["true"][:, 1], arrays["true"][:, 0] - 0.3, marker=".", markersize=3, linestyle="", color="black")
    axes.set(xlabel="time step", ylabel="trial", yticks=range(5))


def _keys() -> list[list]:
    from matplotlib.lines import Line2D

    def line(colour, label, **look):
        return Line2D([], [], color=colour, label=label, **look)

    first = [line(EXCITES, "excites"), line(INHIBITS, "inhibits"), line("black", "share of the interaction")]
    first += [
        line(KINDS[kind], f"{name} units")
        for kind, name in (("pure", "pure"), ("linear", "linear"), ("nonlinear", "non-linear"))
    ]
    edges = [
        line(OKABE_ITO[0], f"{number} per unit", marker=marker, linestyle="", markersize=4)
        for number, marker in EDGES.items()
    ]
    return [first, [line("white", "edges:"), *edges, line(NULL, "shuffled signs")]]
