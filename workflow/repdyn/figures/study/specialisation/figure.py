"""How sharply attention heads look, and how far they differ from each other, while transformers learn."""

import pandas as pd

from repdyn.figures.panels import RUN, dataset_entries, flagged_label, key_above, panel_grid
from repdyn.figures.steps import step_axis
from repdyn.figures.style import FAMILY_COLOURS, FLAGGED_COLOUR, dataset_styles, message_figure, styled
from repdyn.study.exclusion import excluded_runs

LABELS = {"attention_entropy": "attention entropy / ln keys", "head_specialisation": "head specialisation (JSD)"}
UNIFORM = 1.0  # normalised entropy of uniform attention


def draw(study):
    columns = ["step", "quantity", "value", "null_mean"]
    measurements = study.of_runs("measurements.parquet", columns, [("quantity", "in", list(LABELS))])
    return specialisation_curves(measurements, study.tables["experiments"])


@styled
def specialisation_curves(measurements: pd.DataFrame, experiments: pd.DataFrame):
    """Attention entropy and head specialisation against the step: a column per transformer architecture, a line per run.

    measurements: experiment, seed, step, quantity, value, null_mean of all runs; drawn are means over heads and layers
    of the quantities in LABELS, with a marker at every measured step. experiments: as for `learning.learning_curves`,
    with steps, the length of the training. Dotted: uniform attention, and the specialisation of independent heads
    (null_mean). Runs that diverged or ended at chance are dashed and grey.
    """
    runs = experiments[experiments["family"] == "transformer"]
    means = mean_curves(measurements[measurements["quantity"].isin(list(LABELS))])
    if runs.empty or means.empty:
        return message_figure("No attention was measured: no transformer in this study.")
    names = runs["architecture"].unique().tolist()
    figure, panels = panel_grid(2, len(names), width=2.4, height=2.1, top=0.75, left=0.8)
    styles = dataset_styles(runs["dataset"])
    grey = excluded_runs(runs)
    for row, (quantity, label) in zip(panels, LABELS.items(), strict=True):
        for axes, architecture in zip(row, names, strict=True):
            for index, run in runs[runs["architecture"] == architecture].iterrows():
                chosen = (means["quantity"] == quantity) & (means["experiment"] == run["experiment"])
                curve = means[chosen & (means["seed"] == run["seed"])]
                _draw_run(axes, curve, styles[run["dataset"]], grey[index])
            if quantity == "attention_entropy":
                axes.axhline(UNIFORM, color="black", linestyle=":", linewidth=0.8)
            step_axis(axes, int(runs["steps"].max()))
        limits = [bound for axes in row for bound in axes.get_ylim()]
        for axes in row:
            axes.set_ylim(min(limits), max(limits))
        row[0].set_ylabel(label)
        for axes in row[1:]:
            axes.tick_params(labelleft=False)
    for axes, architecture in zip(panels[0], names, strict=True):
        axes.set_title(architecture, loc="left", color=FAMILY_COLOURS["transformer"])
    for axes in panels[-1]:
        axes.set_xlabel("training step")
    key_above(figure, [dataset_entries(styles), _entries(int(grey.sum()))])
    return figure


def mean_curves(measurements: pd.DataFrame) -> pd.DataFrame:
    """Means of value and null_mean over all layers and heads: a row per experiment, seed, quantity and step."""
    keys = [*RUN, "quantity", "step"]
    return measurements.groupby(keys, observed=True)[["value", "null_mean"]].mean().reset_index()


def _draw_run(axes, curve: pd.DataFrame, style: tuple[str, str], flagged: bool) -> None:
    colour, marker = style
    look = {"color": FLAGGED_COLOUR, "linestyle": "--"} if flagged else {"color": colour, "linestyle": "-"}
    axes.plot(
        curve["step"], curve["value"], linewidth=0.9, marker=marker, markersize=3,
        markerfacecolor="none" if flagged else colour, **look,
    )  # fmt: skip
    if curve["null_mean"].notna().any():
        axes.plot(curve["step"], curve["null_mean"], linestyle=":", linewidth=0.9, color=look["color"])


def _entries(flagged: int) -> list:
    from matplotlib.lines import Line2D

    label = "uniform attention (above), independent heads (below)"
    entries = [Line2D([], [], color="black", linestyle=":", label=label)]
    if flagged:
        entries.append(Line2D([], [], color=FLAGGED_COLOUR, linestyle="--", label=flagged_label(flagged)))
    return entries
