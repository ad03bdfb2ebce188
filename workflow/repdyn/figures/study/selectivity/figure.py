"""How selective units of MLPs and CNNs are for classes, before and after training and before and after jumps."""

import numpy as np
import pandas as pd

from repdyn.figures.moments import largest_jump
from repdyn.figures.panels import RUN, architecture_grid, flagged_label, key_above, panel_grid
from repdyn.figures.style import FAMILY_COLOURS, FLAGGED_COLOUR, dataset_styles, message_figure, styled
from repdyn.study.exclusion import excluded_runs
from repdyn.wording.numbers import plural

FAMILIES = ("mlp", "cnn")
QUANTITY = "selectivity"
LANE = 0.13  # inches per experiment


def draw(study):
    columns = ["step", "layer", "unit", "quantity", "value", "null_mean"]
    measurements = study.of_runs("measurements.parquet", columns, [("quantity", "==", QUANTITY)])
    moments = {run: study.read(*run, "moments.json") for run in study.runs}
    return selectivity_before_after(measurements, study.tables["experiments"], moments)


@styled
def selectivity_before_after(measurements: pd.DataFrame, experiments: pd.DataFrame, moments: dict[tuple, dict]):
    """Mean selectivity of units above the label-shuffle null: a lane per experiment, lanes grouped by architecture.

    Left: at the first (hollow) and the last step (filled) of the fixed grid, the bar holding the middle half of the units at
    the last, seeds in one lane. Right, if any run jumps: its change from before to after the largest jump (filled), and over
    the equally long control (hollow). Arguments as for `selectivity_changes`; experiments as for `learning.learning_curves`.
    Runs that diverged or ended at chance are grey.
    """
    runs = experiments[experiments["family"].isin(FAMILIES)].reset_index(drop=True)
    changes = selectivity_changes(measurements, moments)
    if runs.empty or changes.empty:
        return message_figure("No selectivity was measured: no MLP or CNN in this study.")
    runs = runs.merge(changes, on=RUN, how="left")
    names = [name for row in architecture_grid(runs) for name in row]
    runs["lane"] = _lanes(runs, names)
    height = LANE * (runs["lane"].max() + 2)
    jumped = bool(runs["jump_change"].notna().any())
    figure, panels = panel_grid(
        1, 1 + jumped, width=4.3 if jumped else 6.4, height=height + 0.55, top=0.55, left=1.6, share=True
    )
    styles = dataset_styles(runs["dataset"])
    grey = excluded_runs(runs)
    for index, run in runs.iterrows():
        colour, marker = styles[run["dataset"]]
        look = {"marker": marker, "color": FLAGGED_COLOUR if grey[index] else colour}
        _draw_training(panels[0][0], run, look)
        if jumped:
            _draw_jump(panels[0][1], run, look)
    for axes in panels[0]:
        axes.axvline(0, color="#444444", linewidth=0.6, zorder=0)
        axes.set_ylim(runs["lane"].max() + 1, -1)
        axes.tick_params(axis="y", length=0)
        for name in names[1:]:
            first = runs.loc[runs["architecture"] == name, "lane"].min()
            axes.axhline(first - 1, color="#DDDDDD", linewidth=0.5, zorder=0)
    middles = [runs.loc[runs["architecture"] == name, "lane"].mean() for name in names]
    panels[0][0].set_yticks(middles, names)
    families = runs.drop_duplicates("architecture").set_index("architecture")["family"]
    for label in panels[0][0].get_yticklabels():
        label.set_color(FAMILY_COLOURS[families[label.get_text()]])
    without = int(runs["jump_change"].isna().sum())
    panels[0][0].set_xlabel("selectivity minus shuffled labels")
    if jumped:
        note = f"\n({plural(without, 'run')} without a jump)" if without else ""
        panels[0][1].set_xlabel(f"change of it over the largest jump{note}")
    key_above(figure, [_dataset_entries(styles), _state_entries(int(grey.sum()), jumped)])
    return figure


def selectivity_changes(measurements: pd.DataFrame, moments: dict[tuple, dict]) -> pd.DataFrame:
    """Mean over units of selectivity minus its null at the moments of every run, all layers together.

    measurements: experiment, seed, step, layer, unit, quantity, value, null_mean of all runs; "selectivity" is used.
    moments: {(experiment, seed): as for `moments.moment_plan`}. A row per run with: first, last (of the fixed grid), low,
    high (quartiles over units at the last), jump_change, control_change (after minus before, of the largest jump and its
    control; NaN without one). Units without a value (dead ones) are left out of a mean, and of a change units without a
    value at either step, as in `hypotheses.changes`.
    """
    chosen = measurements[measurements["quantity"] == QUANTITY]
    excess = chosen.assign(excess=chosen["value"] - chosen["null_mean"])
    rows = []
    for (experiment, seed), units in excess.groupby(RUN, observed=True):
        plan = moments[experiment, seed]
        first, last = plan["grid"][0], plan["grid"][-1]
        jump = largest_jump(plan)
        control = None
        if jump:
            others = (moment for moment in plan["moments"] if moment["pair"] == jump["pair"] and moment is not jump)
            control = next(others, None)
        by_step = units.pivot(index=["layer", "unit"], columns="step", values="excess")
        rows.append(
            {
                "experiment": experiment,
                "seed": seed,
                "first": by_step[first].mean(),
                "last": by_step[last].mean(),
                "low": by_step[last].quantile(0.25),
                "high": by_step[last].quantile(0.75),
                "jump_change": _change(by_step, jump),
                "control_change": _change(by_step, control),
            }
        )
    return pd.DataFrame(rows, columns=[*RUN, "first", "last", "low", "high", "jump_change", "control_change"])


def _change(by_step: pd.DataFrame, moment: dict | None) -> float:
    return np.nan if moment is None else (by_step[moment["after"]] - by_step[moment["before"]]).mean()


def _lanes(runs: pd.DataFrame, names: list[str]) -> pd.Series:
    """A lane per experiment, architectures in the given order with a free lane between them."""
    order = runs.assign(place=runs["architecture"].map(names.index)).sort_values("place", kind="stable")
    return pd.Series(pd.factorize(order["experiment"])[0] + order["place"].to_numpy(), index=order.index)


def _draw_training(axes, run: pd.Series, look: dict) -> None:
    lane = run["lane"]
    axes.plot(
        [run["low"], run["high"]], [lane] * 2, color=look["color"], alpha=0.15, linewidth=5, solid_capstyle="butt"
    )
    axes.plot([run["first"], run["last"]], [lane] * 2, color=look["color"], linewidth=0.7)
    axes.plot([run["first"]], [lane], markersize=4, markerfacecolor="white", markeredgewidth=0.8, **look)
    axes.plot([run["last"]], [lane], markersize=4, **look)


def _draw_jump(axes, run: pd.Series, look: dict) -> None:
    lane = run["lane"]
    axes.plot([run["control_change"], run["jump_change"]], [lane] * 2, color=look["color"], linewidth=0.7)
    axes.plot([run["control_change"]], [lane], markersize=4, markerfacecolor="white", markeredgewidth=0.8, **look)
    axes.plot([run["jump_change"]], [lane], markersize=4, **look)


def _dataset_entries(styles: dict) -> list:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], linestyle="", marker=marker, color=colour, markersize=5, label=dataset)
        for dataset, (colour, marker) in styles.items()
    ]


def _state_entries(flagged: int, jumped: bool) -> list:
    from matplotlib.lines import Line2D

    look = {"linestyle": "", "marker": "o", "color": "#444444", "markersize": 4}
    entries = [
        Line2D(
            [],
            [],
            markerfacecolor="white",
            label="initialisation; right: control" if jumped else "initialisation",
            **look,
        ),
        Line2D([], [], label="end; right: jump" if jumped else "end", **look),
        Line2D([], [], color="#444444", alpha=0.25, linewidth=5, label="middle half of the units at the end"),
    ]
    if flagged:
        entries.append(Line2D([], [], linestyle="", marker="o", color=FLAGGED_COLOUR, label=flagged_label(flagged)))
    return entries
