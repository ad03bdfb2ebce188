"""The published stable rank beside the true one, on the published trajectories."""

import numpy as np
import pandas as pd

from repdyn.figures.panels import key_above, panel_grid
from repdyn.figures.style import OKABE_ITO, message_figure, styled
from repdyn.timeseries.jumps import change_zscores

THRESHOLD = 2.0  # |z| of the published detector
PUBLISHED, REPAIRED = OKABE_ITO[3], OKABE_ITO[0]


def draw(study):
    return repaired_series(study.tables["series"])


@styled
def repaired_series(series: pd.DataFrame):
    """A column per run: the stable rank as published and as it is, then what was published under a magnifier.

    series: run, layer, step, published_minus_1 (the published stable rank minus 1), stable_rank (recovered from the
    published nuclear-norm ratio and participation ratio). Ticks below a curve are the steps after which the published
    detector, |z| > 2 of the first difference, reports a jump of it.
    """
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    runs = series["run"].unique().tolist()
    if not runs:
        return message_figure("No published series to draw.")
    closest = np.ceil(np.log10(max(series["published_minus_1"].abs().max(), 1e-16)))
    figure, panels = panel_grid(2, len(runs), width=2.95, height=2.1, top=0.85, left=0.75)
    for column, run in enumerate(runs):
        rows = series[series["run"] == run].sort_values("step")
        steps = rows["step"].to_numpy()
        published, true = rows["published_minus_1"].to_numpy(np.float64), rows["stable_rank"].to_numpy(np.float64)
        above, below = panels[0][column], panels[1][column]
        above.set_title(f"{run}\n{rows['layer'].iloc[0]}", loc="left")
        above.plot(steps, true, color=REPAIRED, linewidth=1.0)
        above.plot(steps, 1 + published, color=PUBLISHED, linewidth=1.4)
        _ticks(above, steps, true, REPAIRED)
        unit = 10.0 ** np.floor(np.log10(np.abs(published).max() or 1e-16))
        below.plot(steps, published / unit, color=PUBLISHED, linewidth=0.8)
        _ticks(below, steps, published, PUBLISHED)
        below.text(
            0.98, 1.02, f"x 1e{np.log10(unit):.0f}", ha="right", va="bottom", transform=below.transAxes, fontsize=7.5
        )
        below.set_xlabel("training step")
        for axes in (above, below):
            axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10], integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    panels[0][0].set_ylabel("stable rank")
    panels[1][0].set_ylabel("published - 1, magnified")
    look = {"linestyle": "", "marker": "|", "markersize": 7, "color": "#444444"}
    key_above(
        figure,
        [
            [
                Line2D([], [], color=PUBLISHED, label=f"as published: 1 to within 1e{closest:.0f}"),
                Line2D([], [], color=REPAIRED, label="repaired: spectral norm in place of the Frobenius norm"),
            ],
            [Line2D([], [], label="|z| > 2 of the change, the published detector", **look)],
        ],
    )
    return figure


def jump_steps(steps: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Steps of the first measurement after each change with |z| > THRESHOLD: (T,), (T,) -> (K,)."""
    return steps[1:][np.abs(change_zscores(values[:, None])[:, 0]) > THRESHOLD]


def _ticks(axes, steps: np.ndarray, values: np.ndarray, colour: str) -> None:
    """Ticks along the lower edge, and how many there are."""
    found = jump_steps(steps, values)
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.16 * (high - low), high)
    axes.plot(found, np.full(len(found), 0.035), "|", color=colour, markersize=7, transform=axes.get_xaxis_transform())
    axes.text(0.98, 0.1, f"{len(found)} reported", ha="right", color=colour, fontsize=7.5, transform=axes.transAxes)
