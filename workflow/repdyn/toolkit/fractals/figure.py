"""Scales by run: variances by rank, their exponent against the training step, and the fluctuations of the loss."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import first_seeds, say, share_down
from repdyn.figures.steps import step_axis
from repdyn.figures.style import OKABE_ITO, message_figure, styled
from repdyn.fractals.eigenvalues import FIRST

BAND, LOSS, WITHIN = "#CCCCCC", OKABE_ITO[6], 1.96


@styled
def draw(table: pd.DataFrame, maps: dict):
    """A row of panels per experiment (its first seed). See `toolkit.fractals.measure`."""
    if table.empty:
        return message_figure("No scales were measured in this study.")
    runs = first_seeds(table)
    figure, rows = framed([name for name, _ in runs], 3, _key())
    for (name, run), panels in zip(runs, rows, strict=True):
        arrays = maps.get(f"{name}/{run['seed'].iloc[0]}", {})
        exponents = run[run["quantity"] == "variance_exponent"].assign(layer=run["layer"].astype(str))
        layers = exponents["layer"].unique()
        _variances(panels[0], arrays, layers)
        _exponents(panels[1], exponents, layers)
        _fluctuations(panels[2], run, arrays)
    share_down(rows, (1, 2))
    share_down(rows, [0], "x")
    return figure


def _variances(axes, arrays: dict, layers) -> None:
    axes.set_title("variances by rank, last step", loc="left")
    drawn = {layer: np.asarray(arrays.get(f"variances/{layer}", []), dtype=float) for layer in layers}
    drawn = {
        layer: values[values > 1e-8 * np.nanmax(values)] for layer, values in drawn.items() if np.isfinite(values).any()
    }
    if not drawn:
        say(axes, "not evaluable")
        return
    for layer, colour in zip(layers, _shades(len(layers)), strict=True):
        if layer in drawn:
            axes.plot(np.arange(1, len(drawn[layer]) + 1), drawn[layer] / drawn[layer][0], color=colour)
    axes.axvline(FIRST, color="black", linestyle=":", linewidth=0.8)
    axes.set(xscale="log", yscale="log", ylim=(1e-6, 2))
    axes.set_xlabel("rank", labelpad=1)
    axes.set_ylabel("share of the first", labelpad=1)


def _exponents(axes, rows: pd.DataFrame, layers) -> None:
    axes.set_title("exponent of variances", loc="left")
    if not rows["value"].notna().any():
        say(axes, "not evaluable")
        return
    deepest = rows[rows["layer"] == layers[-1]]
    mean, reach = deepest["null_mean"], WITHIN * deepest["null_sd"]
    axes.fill_between(deepest["step"], mean - reach, mean + reach, color=BAND, linewidth=0)
    axes.plot(deepest["step"], mean, color="#777777", linestyle=":")
    for layer, colour in zip(layers, _shades(len(layers)), strict=True):
        line = rows[rows["layer"] == layer]
        axes.plot(line["step"], line["value"], color=colour, marker="o", markersize=2.5)
    axes.set_ylim(0, np.nanmax([rows["value"].max(), (mean + reach).max()]) * 1.08)
    step_axis(axes, max(int(rows["step"].max()), 1))
    axes.set_xlabel("training step", labelpad=1)


def _fluctuations(axes, run: pd.DataFrame, arrays: dict) -> None:
    axes.set_title("fluctuations of the loss", loc="left")
    if "scales" not in arrays:
        say(axes, "not evaluable")
        return
    scales, found, low, high = (
        np.asarray(arrays[name], dtype=float)
        for name in ("scales", "fluctuations", "fluctuations_low", "fluctuations_high")
    )
    axes.fill_between(scales, low, high, color=BAND, linewidth=0)
    axes.plot(scales, found, color=LOSS, marker="o", markersize=3)
    row = run[run["quantity"] == "loss_memory"].iloc[0]
    text = f"slope {row['value']:.2f}; shuffled {row['null_mean']:.2f}"
    axes.text(0.03, 0.97, text, transform=axes.transAxes, va="top", fontsize=7, color="#444444")
    axes.set(xscale="log", yscale="log", ylim=(min(low.min(), found.min()) * 0.8, max(high.max(), found.max()) * 1.7))
    ticks = [tick for tick in (10, 20, 40, 80) if scales[0] <= tick <= scales[-1]]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("measurements", labelpad=1)
    axes.set_ylabel("deviation", labelpad=1)


def _shades(number: int) -> np.ndarray:
    from matplotlib import colormaps

    return colormaps["plasma"](np.linspace(0, 0.8, number))


def _key() -> list[list]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    first, last = _shades(2)
    return [
        [
            Line2D([], [], color=first, label="first hidden layer"),
            Line2D([], [], color=last, label="last"),
            Line2D([], [], color="#777777", linestyle=":", label="last, units in orders of their own"),
            Line2D([], [], color=LOSS, marker="o", markersize=3, label="increments of ln loss"),
            Patch(facecolor=BAND, label="null, 95 %"),
        ]
    ]
