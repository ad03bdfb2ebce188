"""Phase of training on a logarithmic axis, and counts in its bins beside what uniform placement gives."""

import numpy as np
import pandas as pd

from repdyn.figures.estimates import NULL_BAND, NULL_LINE

MARKS = (0.001, 0.01, 0.1, 0.5, 1.0)  # phases that are labelled; early ends at 0.1, middle at 0.5
PERIOD_ENDS = (0.1, 0.5)
LABEL = "training fraction (step / total steps)"


def phase_axis(axes, first: float, label: str = LABEL) -> None:
    """A logarithmic x axis from phase `first`, the first that was measured, to 1."""
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.set(xscale="log", xlim=(first, 1), xlabel=label)
    axes.xaxis.set_minor_locator(NullLocator())
    ticks = [first] + [mark for mark in MARKS if mark > 1.9 * first]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter("{x:g}" if first >= 0.001 else "{x:.1g}")


def mark_periods(axes) -> None:
    for phase in PERIOD_ENDS:
        axes.axvline(phase, color="#BBBBBB", linewidth=0.6, zorder=0)


def draw_phase_bins(axes, bins: pd.DataFrame, counts: dict[str, np.ndarray], colours: dict[str, str]) -> None:
    """Bars of counts (K,) stacked in the order given, and the uniform expectation as a line with its 95 % band.

    bins: low, high, expected, expected_low, expected_high, as many as counts.
    """
    edges = np.append(bins["low"], bins["high"].iloc[-1])
    axes.stairs(bins["expected_high"], edges, baseline=bins["expected_low"], fill=True, zorder=0.5, **NULL_BAND)
    axes.stairs(bins["expected"], edges, baseline=None, zorder=4, **NULL_LINE)
    below = np.zeros(len(bins))
    for name, count in counts.items():
        axes.bar(
            bins["low"], count, bins["high"] - bins["low"], below, align="edge", color=colours[name], zorder=1,
            edgecolor="white", linewidth=0.5, label=name,
        )  # fmt: skip
        below = below + count
    mark_periods(axes)
    phase_axis(axes, edges[0])


def log_counts(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How many values lie in each bin; those outside are in the outermost."""
    return np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
