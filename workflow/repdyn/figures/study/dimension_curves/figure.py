"""How the dimension of representations moves while runs learn."""

import numpy as np
import pandas as pd

from repdyn.figures.panels import RUN, dataset_order, flagged_label, key_above, logarithmic, panel_grid, say
from repdyn.figures.style import DEPTH_COLOURS, FLAGGED_COLOUR, message_figure, styled
from repdyn.roles import OUTPUT
from repdyn.study.depth import third_of_depth
from repdyn.study.exclusion import excluded_runs
from repdyn.wording.names import family_name, family_order, metric_name
from repdyn.wording.numbers import plural


def draw(study):
    trajectories = study.of_runs("trajectory.parquet", ["step", "layer", "depth", study.metric], roles=True)
    return dimension_curves(trajectories, study.tables["experiments"], study.metric)


@styled
def dimension_curves(trajectories: pd.DataFrame, experiments: pd.DataFrame, metric: str = "participation_ratio"):
    """A metric against the step: a panel per family and dataset, a thin line per run and third of its depth.

    The bold lines are medians over the panel's runs, at steps that all of them have; runs that diverged or ended at
    chance are dashed and grey and in no median. Frames as in `depth_groups` and `learning_curves`.
    """
    from matplotlib.ticker import MaxNLocator

    if experiments.empty or trajectories.empty:
        return message_figure("No trajectory to draw.")
    means, left_out = depth_groups(trajectories, metric)
    means = means.merge(experiments[[*RUN, "family", "dataset"]].assign(grey=excluded_runs(experiments)), on=RUN)
    families, datasets = family_order(experiments["family"]), dataset_order(experiments["dataset"])
    figure, panels = panel_grid(len(families), len(datasets), width=2.0, height=1.9, top=0.9)
    for row, family in zip(panels, families, strict=True):
        for axes, dataset in zip(row, datasets, strict=True):
            chosen = (experiments["family"] == family) & (experiments["dataset"] == dataset)
            axes.set_title(f"{family_name(family)}, {dataset}", loc="left")
            if not chosen.any():
                say(axes, "not in this study")
                continue
            panel = means[(means["family"] == family) & (means["dataset"] == dataset)]
            _draw_groups(axes, panel)
            if panel.empty:
                say(axes, "no layer could\nbe evaluated")
        row[0].set_ylabel(metric_name(metric))
    logarithmic(figure.axes, means.loc[~means["grey"], "value"])
    for axes in figure.axes:
        if axes.lines:
            axes.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10], integer=True))
    for axes in panels[-1]:
        axes.set_xlabel("training step" if axes.lines else "")
    key_above(figure, _group_entries(int(excluded_runs(experiments).sum()), len(left_out)))
    return figure


def depth_groups(trajectories: pd.DataFrame, metric: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A metric averaged over the layers in each third of a run's relative depth, logits left out.

    trajectories: experiment, seed, step, layer, role, depth and `metric` of all runs. Relative depth is 0 at the first
    tracked layer and 1 at the last before the logits. Only layers measured throughout (at every step at
    which the run has any value) are averaged, so that a layer that dies does not bend the mean; the others come back
    in the second frame (experiment, seed, layer). The first frame has experiment, seed, step, group, value.
    """
    inner = trajectories[trajectories["role"] != OUTPUT]
    known = inner.assign(known=np.isfinite(inner[metric]))
    known = known[known.groupby([*RUN, "step"])["known"].transform("any")]
    whole = known.groupby([*RUN, "layer", "depth"], sort=False)["known"].all().reset_index()
    thirds = whole.groupby(RUN)["depth"].transform(third_of_depth)
    whole["group"] = np.array(list(DEPTH_COLOURS))[thirds]
    kept = known.merge(whole.loc[whole["known"], [*RUN, "layer", "group"]], on=[*RUN, "layer"])
    means = kept.groupby([*RUN, "step", "group"])[metric].mean().rename("value").reset_index()
    return means, whole.loc[~whole["known"], [*RUN, "layer"]].reset_index(drop=True)


def _draw_groups(axes, panel: pd.DataFrame) -> None:
    for group, colour in DEPTH_COLOURS.items():
        table = panel[panel["group"] == group].pivot(index="step", columns=RUN, values="value")
        grey = panel.drop_duplicates(RUN).set_index(RUN)["grey"].reindex(table.columns)
        for run in table:
            look = {"color": FLAGGED_COLOUR, "linestyle": "--"} if grey[run] else {"color": colour, "alpha": 0.45}
            line = table[run].dropna()
            axes.plot(line.index, line, linewidth=0.6, label=f"{group} of {run[0]}", **look)
        learned = table.loc[:, ~grey.to_numpy(bool)].dropna()
        if not learned.empty:
            axes.plot(learned.index, learned.median(axis=1), color=colour, linewidth=1.8, label=f"median, {group}")


def _group_entries(flagged: int, layers_left_out: int) -> list[list]:
    from matplotlib.lines import Line2D

    depths = [
        Line2D([], [], color=colour, linewidth=1.8, label=f"{group} of depth")
        for group, colour in DEPTH_COLOURS.items()
    ]
    kinds = [
        Line2D([], [], color="#444444", linewidth=1.8, label="median over runs"),
        Line2D([], [], color="#444444", linewidth=0.6, label="one run"),
    ]
    if flagged:
        label = flagged_label(flagged, "; in no median")
        kinds.append(Line2D([], [], color=FLAGGED_COLOUR, linestyle="--", label=label))
    rows = [depths, kinds]
    if layers_left_out:
        rows.append(
            [Line2D([], [], linestyle="", label=f"left out: {plural(layers_left_out, 'layer')} dead at some step")]
        )
    return rows
