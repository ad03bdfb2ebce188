"""Test error against the number of features, with and without a penalty."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import logarithmic
from repdyn.figures.style import OKABE_ITO, message_figure, styled
from repdyn.toolkit.double_descent.findings import errors, over_repeats, rows_of

CURVES = (("value", "least norm", OKABE_ITO[0]), ("null_mean", "ridge penalty", OKABE_ITO[1]))
NULL = "#888888"


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """The curves twice: all of them, and enlarged below the error of the answer 0; quantities as in `measure`."""
    if table.empty:
        return message_figure("No model was fitted.")
    figure, (panels,) = framed([f"{rows_of(table)} rows"], 2, [_key()])
    for axes in panels:
        for column, _, colour in CURVES:
            _curve(axes, errors(table, column), column, colour)
        axes.axvline(rows_of(table), color="black", linestyle="--", linewidth=0.8)
        axes.axhline(1, color=NULL, linestyle=":", linewidth=0.9)
        axes.set_xlabel("random features", labelpad=1)
    panels[0].set_title("test error, share of the variance", loc="left")
    panels[0].set_yscale("log")
    panels[0].yaxis.set_major_formatter("{x:g}")
    panels[1].set_title("the same, up to the answer 0", loc="left")
    panels[1].set_ylim(0, 1.05)
    logarithmic(panels, pd.Series(errors(table).columns.to_numpy(float)), "x")
    return figure


def _curve(axes, found: pd.DataFrame, name: str, colour: str) -> None:
    axes.plot(found.columns, found.to_numpy().T, color=colour, alpha=0.3, linewidth=0.6)
    mean, low, high = np.array([over_repeats(found[count], f"{name} {count}") for count in found]).T
    axes.fill_between(found.columns, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(found.columns, mean, color=colour, marker="o", markersize=3, label=name)


def _key() -> list:
    from matplotlib.lines import Line2D

    return [
        *(Line2D([], [], color=colour, marker="o", markersize=3, label=label) for _, label, colour in CURVES),
        Line2D([], [], color="black", linestyle="--", label="as many features as rows"),
        Line2D([], [], color=NULL, linestyle=":", label="answer 0"),
    ]
