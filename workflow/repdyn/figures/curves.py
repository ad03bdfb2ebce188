"""How runs learn and how the dimension of their representations moves: a line per run, nothing averaged in silence."""

import numpy as np
import pandas as pd

from .heatmap import metric_name
from .style import (
    DATASETS,
    DEPTH_COLOURS,
    FAMILY_COLOURS,
    FLAGGED_COLOUR,
    dataset_styles,
    family_name,
    family_order,
    message_figure,
    plural,
    styled,
    untrained,
)

RUN = ["experiment", "seed"]
COLUMNS = 4  # panels in a row of the learning curves
KEY_ROW = 0.19  # inches
LABELS = {"loss": "probe loss (nats)", "accuracy": "probe accuracy"}


def architecture_grid(experiments: pd.DataFrame, columns: int = COLUMNS) -> list[list[str]]:
    """Rows of at most `columns` architectures: every family starts a row, inside it in the order of the frame."""
    rows = []
    for family in family_order(experiments["family"]):
        names = experiments.loc[experiments["family"] == family, "architecture"].unique().tolist()
        rows += [names[start : start + columns] for start in range(0, len(names), columns)]
    return rows


def dataset_order(datasets) -> list[str]:
    """The given datasets without repeats: the study's own in their order, then any others by name."""
    present = set(datasets)
    return [name for name in DATASETS if name in present] + sorted(present - set(DATASETS))


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
    figure, panels = _panels(len(grid), max(map(len, grid)), width=2.2, height=1.7, top=0.75)
    styles = dataset_styles(experiments["dataset"])
    grey = untrained(experiments)
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
        axes.set_xlabel("SGD step")
    _share_scale(figure, training, experiments[~grey], quantity)
    _key_above(figure, [_dataset_entries(styles), _learning_entries(quantity, int(grey.sum()))])
    return figure


def depth_groups(trajectories: pd.DataFrame, metric: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A metric averaged over the layers in each third of a run's relative depth, logits left out.

    trajectories: experiment, seed, step, layer, depth and `metric` of all runs. Relative depth is 0 at the first
    tracked layer and 1 at the last before the logits. Only layers measured throughout (at every step at
    which the run has any value) are averaged, so that a layer that dies does not bend the mean; the others come back
    in the second frame (experiment, seed, layer). The first frame has experiment, seed, step, group, value.
    """
    inner = trajectories[trajectories["layer"] != "output"]
    known = inner.assign(known=np.isfinite(inner[metric]))
    known = known[known.groupby([*RUN, "step"])["known"].transform("any")]
    whole = known.groupby([*RUN, "layer", "depth"], sort=False)["known"].all().reset_index()
    span = whole.groupby(RUN)["depth"]
    deepest = (span.transform("max") - span.transform("min")).replace(0, np.nan)
    relative = ((whole["depth"] - span.transform("min")) / deepest).fillna(0.5)
    thirds = np.minimum((relative * 3).astype(int), 2)
    whole["group"] = np.array(list(DEPTH_COLOURS))[thirds]
    kept = known.merge(whole.loc[whole["known"], [*RUN, "layer", "group"]], on=[*RUN, "layer"])
    means = kept.groupby([*RUN, "step", "group"])[metric].mean().rename("value").reset_index()
    return means, whole.loc[~whole["known"], [*RUN, "layer"]].reset_index(drop=True)


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
    means = means.merge(experiments[[*RUN, "family", "dataset"]].assign(grey=untrained(experiments)), on=RUN)
    families, datasets = family_order(experiments["family"]), dataset_order(experiments["dataset"])
    figure, panels = _panels(len(families), len(datasets), width=2.0, height=1.9, top=0.9)
    for row, family in zip(panels, families, strict=True):
        for axes, dataset in zip(row, datasets, strict=True):
            chosen = (experiments["family"] == family) & (experiments["dataset"] == dataset)
            axes.set_title(f"{family_name(family)}, {dataset}", loc="left")
            if not chosen.any():
                _say(axes, "not in this study")
                continue
            panel = means[(means["family"] == family) & (means["dataset"] == dataset)]
            _draw_groups(axes, panel)
            if panel.empty:
                _say(axes, "no layer could\nbe evaluated")
        row[0].set_ylabel(metric_name(metric))
    _logarithmic(figure.axes, means.loc[~means["grey"], "value"])
    for axes in figure.axes:
        if axes.lines:
            axes.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10], integer=True))
    for axes in panels[-1]:
        axes.set_xlabel("SGD step" if axes.lines else "")
    _key_above(figure, _group_entries(int(untrained(experiments).sum()), len(left_out)))
    return figure


@styled
def final_dimension(experiments: pd.DataFrame):
    """Dimension at the last step, mean over the layers before the logits: a row per architecture, a marker per run.

    experiments: as for `learning_curves`, with final_participation_ratio and final_stable_rank. Hollow grey markers are
    runs that diverged or ended at chance; runs without a value are counted under the panel.
    """
    from matplotlib.lines import Line2D

    if experiments.empty:
        return message_figure("No run to draw.")
    names = [name for row in architecture_grid(experiments) for name in row]
    figure, panels = _panels(1, 2, width=4.3, height=0.24 * len(names) + 1.0, top=0.75, left=1.6, share=True)
    place = {name: row for row, name in enumerate(reversed(names))}
    families = experiments.drop_duplicates("architecture").set_index("architecture")["family"]
    styles = dataset_styles(experiments["dataset"])
    grey = untrained(experiments)
    for axes, metric in zip(panels[0], ("participation_ratio", "stable_rank"), strict=True):
        values = experiments[f"final_{metric}"].astype(np.float64)
        for dataset, (colour, marker) in styles.items():
            for flagged in (False, True):
                runs = experiments[(experiments["dataset"] == dataset) & (grey == flagged) & values.notna()]
                look = {"facecolor": "none", "edgecolor": FLAGGED_COLOUR} if flagged else {"facecolor": colour}
                rows = runs["architecture"].map(place)
                axes.scatter(values[runs.index], rows, 26, marker=marker, linewidth=0.9, label=dataset, **look)
        _logarithmic([axes], values, axis="x")
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.5)
        axes.set_axisbelow(True)
        missing = int(values.isna().sum())
        note = f"\n({plural(missing, 'run')} without a value)" if missing else ""
        axes.set_xlabel(f"final {metric_name(metric)}{note}")
        axes.set(ylim=(-0.6, len(names) - 0.4))
        for before, after in zip(names, names[1:], strict=False):
            if families[before] != families[after]:
                axes.axhline(place[before] - 0.5, color="#444444", linewidth=0.6)
    panels[0][0].set_yticks(range(len(names)), list(reversed(names)))
    for label in panels[0][0].get_yticklabels():
        label.set_color(FAMILY_COLOURS.get(families[label.get_text()], "black"))
    rows = [
        [
            Line2D([], [], linestyle="", marker=marker, color=colour, markersize=5, label=dataset)
            for dataset, (colour, marker) in styles.items()
        ]
    ]
    if grey.any():
        look = {"linestyle": "", "marker": "o", "markerfacecolor": "none", "color": FLAGGED_COLOUR}
        rows.append([Line2D([], [], markersize=5, label=_flagged_label(int(grey.sum())), **look)])
    _key_above(figure, rows)
    return figure


def _panels(rows: int, columns: int, width: float, height: float, top: float, left: float = 0.75, share=False):
    """A figure and its panels, each cell of the given inches (so that labels never depend on how many there are)."""
    from matplotlib.figure import Figure

    bottom, gap_x, gap_y = 0.65 if share else 0.5, 0.35, 0.55
    across = max(left + columns * width, 6.0)
    up = top + rows * height + bottom - gap_y
    figure = Figure(figsize=(across, up))
    panels = figure.subplots(rows, columns, squeeze=False, sharey=share)
    figure.subplots_adjust(
        left=left / across,
        right=(left + columns * width - 0.2) / across,
        top=1 - top / up,
        bottom=bottom / up,
        wspace=gap_x / (width - gap_x),
        hspace=gap_y / (height - gap_y),
    )
    return figure, panels


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
    _logarithmic(figure.axes, training.merge(drawn[RUN], on=RUN)["probe_loss"])


def _logarithmic(panels: list, values: pd.Series, axis: str = "y") -> None:
    """A logarithmic scale with round labels that holds all finite positive values."""
    from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

    values = values[np.isfinite(values) & (values > 0)]
    low, high = (values.min() / 1.15, values.max() * 1.15) if len(values) else (0.9, 11.0)
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for within in ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 5), (1,)):
        ticks = [n * 10.0**d for d in decades for n in within if low <= n * 10.0**d <= high]
        if len(ticks) <= 7:
            break
    for axes in panels:
        line = axes.yaxis if axis == "y" else axes.xaxis
        axes.set(**{f"{axis}scale": "log", f"{axis}lim": (low, high)})
        line.set_major_locator(FixedLocator(ticks))
        line.set_major_formatter("{x:g}")
        line.set_minor_locator(NullLocator())
        line.set_minor_formatter(NullFormatter())


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


def _say(axes, message: str) -> None:
    axes.text(0.5, 0.5, message, ha="center", va="center", transform=axes.transAxes, color="#555555")
    axes.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
    axes.spines[:].set_visible(False)


def _flagged_label(number: int, addition: str = "") -> str:
    return f"diverged or at chance ({plural(number, 'run')}{addition})"


def _dataset_entries(styles: dict) -> list:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=colour, marker=marker, markersize=5, label=dataset)
        for dataset, (colour, marker) in styles.items()
    ]


def _learning_entries(quantity: str, flagged: int) -> list:
    from matplotlib.lines import Line2D

    chance, addition = ("chance", "") if quantity == "accuracy" else ("uniform guess", "; may leave the scale")
    entries = [Line2D([], [], color="black", linestyle=":", label=chance)]
    if flagged:
        label = _flagged_label(flagged, addition)
        entries.append(Line2D([], [], color=FLAGGED_COLOUR, linestyle="--", label=label))
    return entries


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
        label = _flagged_label(flagged, "; in no median")
        kinds.append(Line2D([], [], color=FLAGGED_COLOUR, linestyle="--", label=label))
    rows = [depths, kinds]
    if layers_left_out:
        rows.append(
            [Line2D([], [], linestyle="", label=f"left out: {plural(layers_left_out, 'layer')} dead at some step")]
        )
    return rows


def _key_above(figure, rows: list[list]) -> None:
    """Legend entries along the top edge, row by row."""
    across, up = figure.get_size_inches()
    for number, entries in enumerate(rows):
        anchor = (0.1 / across, 1 - (0.06 + KEY_ROW * number) / up)
        figure.legend(
            handles=entries, loc="upper left", bbox_to_anchor=anchor, ncols=len(entries), borderaxespad=0,
            columnspacing=1.5,
        )  # fmt: skip
