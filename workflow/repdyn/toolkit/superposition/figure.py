"""Features in fewer units: their directions, how many are stored, and how degenerate the minimum is."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import quantity_of, say, share_down
from repdyn.figures.steps import step_axis
from repdyn.figures.style import OKABE_ITO, message_figure, styled
from repdyn.toolkit.by_organism import by_organism, last
from repdyn.toolkit.onset_panel import colour

NULL = "#888888"
REACH = 1.45  # of the picture of directions


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """A row of four panels per organism; quantities as in `toolkit.superposition.measure`."""
    if table.empty:
        return message_figure("No toy model was trained.")
    organisms = by_organism(table)
    figure, rows = framed([name for name, _ in organisms], 4, [_key(table["seed"].nunique())])
    for (name, runs), panels in zip(organisms, rows, strict=True):
        _directions(panels[0], maps.get(f"{name}/{runs['seed'].min()}", {}))
        _by_step(panels[1], quantity_of(runs, "stored_features"), "features stored")
        panels[1].set_ylim(-0.2, 5.4)
        _by_step(panels[2], quantity_of(runs, "units_per_feature"), "units per feature")
        _coefficients(panels[3], runs)
    share_down(rows, (1, 2, 3))
    return figure


def _directions(axes, arrays: dict[str, np.ndarray]) -> None:
    axes.set_title("directions of features", loc="left")
    if "weights" not in arrays:
        say(axes, "not evaluable")
        return
    turn = np.linspace(0, 2 * np.pi, 100)
    axes.plot(np.cos(turn), np.sin(turn), color=NULL, linewidth=0.6)
    for number, (x, y) in enumerate(arrays["weights"].T):
        axes.plot([0, x], [0, y], color=OKABE_ITO[number % len(OKABE_ITO)], marker="o", markersize=3, markevery=[1])
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", xlabel="unit 1", ylabel="unit 2")
    axes.set_xticks([-1, 0, 1])
    axes.set_yticks([-1, 0, 1])


def _by_step(axes, rows: pd.DataFrame, title: str) -> None:
    axes.set_title(title, loc="left")
    axes.set_xlabel("training step")
    for number, (_, run) in enumerate(rows.groupby("seed", observed=True)):
        axes.plot(run["step"], run["null_mean"], color=NULL, linestyle=":", linewidth=0.9)
        axes.plot(run["step"], run["value"], color=colour(number))
    axes.set_ylim(bottom=0)
    step_axis(axes, int(rows["step"].max()))


def _coefficients(axes, runs: pd.DataFrame) -> None:
    axes.set_title("learning coefficient", loc="left")
    known, tried = last(runs, "learning_coefficient"), last(runs, "coefficient_by_step")
    for number, (seed, run) in enumerate(tried.groupby("seed", observed=True)):
        there = bool(known.loc[known["seed"] == seed, "value"].notna().all())
        for unit, marker in ((0, "s"), (1, "o")):
            value = run.loc[run["unit"] == unit, "value"]
            face = colour(number) if there else "none"
            axes.plot(
                [number] * len(value),
                value,
                linestyle="",
                marker=marker,
                markersize=4,
                markerfacecolor=face,
                markeredgecolor=colour(number),
            )
    axes.axhline(known["null_mean"].iloc[0], color="black", linestyle="--", linewidth=0.8)
    axes.set_ylim(0, 1.15 * max(tried["value"].max(), known["null_mean"].max()))
    axes.set_xticks(range(tried["seed"].nunique()), [f"seed {seed}" for seed in tried["seed"].unique()])
    axes.set_xlim(-0.5, tried["seed"].nunique() - 0.5)


def _key(seeds: int) -> list:
    from matplotlib.lines import Line2D

    entries = [Line2D([], [], color=colour(number), label=f"seed {number}") for number in range(min(seeds, 4))]
    return [*entries, Line2D([], [], color=NULL, linestyle=":", label="weights in random order")]
