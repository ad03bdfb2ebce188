"""The dimension of representations at the end of training."""

import numpy as np
import pandas as pd

from repdyn.figures.panels import architecture_grid, flagged_label, key_above, logarithmic, panel_grid
from repdyn.figures.style import FAMILY_COLOURS, FLAGGED_COLOUR, dataset_styles, message_figure, styled
from repdyn.study.exclusion import excluded_runs
from repdyn.wording.names import metric_name
from repdyn.wording.numbers import plural


def draw(study):
    return final_dimension(study.tables["experiments"])


@styled
def final_dimension(experiments: pd.DataFrame):
    """Dimension at the last step, mean over the layers before the logits: a row per architecture, a marker per run.

    experiments: as for `learning_curves`, with final_participation_ratio and final_stable_rank. Hollow grey markers are
    runs that diverged or ended at chance; runs without a value are counted under the panel.
    """
    import seaborn
    from matplotlib.lines import Line2D

    if experiments.empty:
        return message_figure("No run to draw.")
    names = [name for row in architecture_grid(experiments) for name in row]
    figure, panels = panel_grid(1, 2, width=4.3, height=0.24 * len(names) + 1.0, top=0.75, left=1.6, share=True)
    place = {name: row for row, name in enumerate(reversed(names))}
    families = experiments.drop_duplicates("architecture").set_index("architecture")["family"]
    styles = dataset_styles(experiments["dataset"])
    colours, markers = ({name: style[part] for name, style in styles.items()} for part in (0, 1))
    grey = excluded_runs(experiments)
    for axes, metric in zip(panels[0], ("participation_ratio", "stable_rank"), strict=True):
        values = experiments[f"final_{metric}"].astype(np.float64)
        points = experiments.assign(value=values, row=experiments["architecture"].map(place))[values.notna()]
        shared = {"x": "value", "y": "row", "style": "dataset", "markers": markers, "s": 26, "linewidth": 0.9}
        for flagged, look in ((False, {"hue": "dataset", "palette": colours}), (True, {"color": FLAGGED_COLOUR})):
            chosen = points[grey[points.index] == flagged]
            if chosen.empty:
                continue
            seaborn.scatterplot(chosen, ax=axes, edgecolor="face", legend=False, **shared, **look)
            if flagged:
                axes.collections[-1].set(facecolor="none", edgecolor=FLAGGED_COLOUR)
        logarithmic([axes], values, axis="x")
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.5)
        axes.set_axisbelow(True)
        missing = int(values.isna().sum())
        note = f"\n({plural(missing, 'run')} without a value)" if missing else ""
        axes.set_xlabel(f"final {metric_name(metric)}{note}")
        axes.set(ylim=(-0.6, len(names) - 0.4), ylabel="")
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
        rows.append([Line2D([], [], markersize=5, label=flagged_label(int(grey.sum())), **look)])
    key_above(figure, rows)
    return figure
