"""How runs learn: loss and accuracy on the probe set, a line per run."""

import numpy as np
import pandas as pd

from repdyn.figures.panels import (
    RUN,
    architecture_grid,
    dataset_entries,
    flagged_label,
    key_above,
    logarithmic,
    panel_grid,
)
from repdyn.figures.style import FAMILY_COLOURS, FLAGGED_COLOUR, dataset_styles, message_figure, styled
from repdyn.study.exclusion import excluded_runs

LABELS = {"loss": "probe loss (nats)", "accuracy": "probe accuracy"}


@styled
def learning_curves(training: pd.DataFrame, experiments: pd.DataFrame, quantity: str = "accuracy"):
    """Loss or accuracy on the probe set against the step: a panel per architecture, a line per run.

    training: experiment, seed, step, probe_loss, probe_accuracy of all runs; experiments: one row per run with
    experiment, seed, architecture, family, dataset, chance, classes, diverged_at, at_chance. quantity: "loss"
    (logarithmic) or "accuracy". Colour and end marker tell the dataset; dotted lines are chance. Runs that diverged
    or ended at chance are dashed and grey, and do not set the scale.
    """
    from matplotlib.ticker import MaxNLocator

    if experiments.empty:
        return message_figure("No run to draw.")
    grid = architecture_grid(experiments)
    figure, panels = panel_grid(len(grid), max(map(len, grid)), width=2.2, height=1.7, top=0.75)
    styles = dataset_styles(experiments["dataset"])
    grey = excluded_runs(experiments)
    lines = dict(list(training.groupby(RUN)))
    for row, names in zip(panels, grid, strict=True):
        for axes, architecture in zip(row, names, strict=False):
            runs = experiments[experiments["architecture"] == architecture]
            for index, run in runs.iterrows():
                line = lines[run["experiment"], run["seed"]]
                values = line[f"probe_{quantity}"].to_numpy(np.float64)
                _draw_run(axes, line["step"].to_numpy(), values, styles[run["dataset"]], grey[index])
            _draw_chance(axes, runs, styles, quantity)
            axes.set_title(architecture, loc="left", color=FAMILY_COLOURS.get(runs["family"].iloc[0], "black"))
        row[0].set_ylabel(LABELS[quantity])
        for axes in row[1:]:
            axes.tick_params(labelleft=False)
        for axes in row[len(names) :]:
            axes.remove()
    for axes in figure.axes:
        axes.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10], integer=True))
    for axes in panels[-1]:
        axes.set_xlabel("training step")
    _share_scale(figure, training, experiments[~grey], quantity)
    key_above(figure, [dataset_entries(styles), _learning_entries(quantity, int(grey.sum()))])
    return figure


def _draw_run(axes, steps: np.ndarray, values: np.ndarray, style: tuple[str, str], flagged: bool) -> None:
    """One run's line, and a marker at its last finite value."""
    colour, marker = style
    values = np.where(np.isfinite(values), values, np.nan)
    finite = np.flatnonzero(np.isfinite(values))
    look = {"color": FLAGGED_COLOUR, "linestyle": "--"} if flagged else {"color": colour, "linestyle": "-"}
    axes.plot(
        steps, values, linewidth=0.8, marker=marker, markersize=4, markevery=finite[-1:].tolist(),
        markerfacecolor="none" if flagged else colour, **look,
    )  # fmt: skip


def _draw_chance(axes, runs: pd.DataFrame, styles: dict, quantity: str) -> None:
    for run in runs.drop_duplicates("dataset").itertuples():
        level = run.chance if quantity == "accuracy" else np.log(run.classes)
        axes.axhline(level, color=styles[run.dataset][0], linestyle=":", linewidth=0.8, zorder=1)


def _share_scale(figure, training: pd.DataFrame, drawn: pd.DataFrame, quantity: str) -> None:
    """One scale for all panels, set by the runs that learned."""
    if quantity == "accuracy":
        for axes in figure.axes:
            axes.set_ylim(0, 1.02)
        return
    logarithmic(figure.axes, training.merge(drawn[RUN], on=RUN)["probe_loss"])


def _learning_entries(quantity: str, flagged: int) -> list:
    from matplotlib.lines import Line2D

    chance, addition = ("chance", "") if quantity == "accuracy" else ("uniform guess", "; may leave the scale")
    entries = [Line2D([], [], color="black", linestyle=":", label=chance)]
    if flagged:
        label = flagged_label(flagged, addition)
        entries.append(Line2D([], [], color=FLAGGED_COLOUR, linestyle="--", label=label))
    return entries
