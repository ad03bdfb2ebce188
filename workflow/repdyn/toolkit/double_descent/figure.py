"""Test error against the number of features, with and without a penalty."""

import numpy as np
import pandas as pd

from repdyn.figures.panels import logarithmic
from repdyn.figures.style import OKABE_ITO, message_figure, styled
from repdyn.toolkit.double_descent.findings import errors, over_seeds, rows_of

CURVES = (("value", "least norm", OKABE_ITO[0]), ("null_mean", "ridge penalty", OKABE_ITO[1]))


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """One panel; quantities as in `toolkit.double_descent.measure`."""
    from matplotlib.figure import Figure

    if table.empty:
        return message_figure("No model was fitted.")
    figure = Figure(figsize=(6.0, 3.2), layout="constrained")
    axes = figure.subplots()
    for column, label, colour in CURVES:
        found = errors(table, column)
        axes.plot(found.columns, found.to_numpy().T, color=colour, alpha=0.3, linewidth=0.6)
        mean, low, high = np.array([over_seeds(found[count], f"{column} {count}") for count in found]).T
        axes.fill_between(found.columns, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(found.columns, mean, color=colour, marker="o", markersize=3, label=label)
    axes.axvline(rows_of(table), color="black", linestyle="--", linewidth=0.8, label="as many features as rows")
    axes.axhline(1, color="#888888", linestyle=":", linewidth=0.9, label="answer 0")
    logarithmic([axes], pd.Series(errors(table).columns.to_numpy(float)), "x")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("random features")
    axes.set_ylabel("test error, share of the variance")
    axes.legend(loc="upper right")
    return figure
