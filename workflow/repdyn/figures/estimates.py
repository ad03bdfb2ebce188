"""Estimates with their intervals, a row each, over the range that is expected without the effect."""

import numpy as np
import pandas as pd

from repdyn.wording.names import family_name

NULL_BAND = {"color": "#CFCFCF", "linewidth": 0, "alpha": 0.8}
NULL_LINE = {"color": "black", "linestyle": ":", "linewidth": 1.0}
COLUMNS = ["value", "low", "high", "null_mean", "null_low", "null_high"]


def draw_estimates(axes, rows: pd.DataFrame, places, colours, marker: str = "o") -> None:
    """Horizontal: a marker at the value with a line from low to high; behind it the null as a band and a dotted tick.

    rows: COLUMNS, NaN for what there is not; places (n,) on the y axis, colours (n,). Hollow: no interval, as there are
    too few experiments for one.
    """
    for row, place, colour in zip(rows[COLUMNS].astype(np.float64).itertuples(), places, colours, strict=True):
        if np.isfinite(row.null_low):
            axes.barh(place, row.null_high - row.null_low, 0.62, row.null_low, zorder=1, **NULL_BAND)
        if np.isfinite(row.null_mean):
            axes.vlines(row.null_mean, place - 0.36, place + 0.36, zorder=2, **NULL_LINE)
        if np.isnan(row.value):
            continue
        sure = np.isfinite(row.low)
        if sure:
            axes.hlines(place, row.low, row.high, color=colour, linewidth=1.3, zorder=3)
        look = {"facecolor": colour if sure else "white", "edgecolor": colour}
        axes.scatter(row.value, place, 22, marker=marker, linewidth=1.0, zorder=4, clip_on=False, **look)


def null_entries(line: str, band: str | None = None) -> list:
    """Legend entries of what the dotted line and, if named, the band mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [Line2D([], [], label=line, **NULL_LINE)] + ([Patch(label=band, **NULL_BAND)] if band else [])


def family_entries(families: list[str], colours: dict[str, str]) -> list:
    from matplotlib.patches import Patch

    return [Patch(color=colours[family], label=family_name(family)) for family in families]
