"""Of each recording: the linear field, predicted beside real spikes, and how well each model does, beside chance."""

import numpy as np
import pandas as pd

from repdyn.alignment.recording import NO_CEILING
from repdyn.figures.panels import first_seeds, key_above, named_row, say
from repdyn.figures.style import OKABE_ITO, message_figure, styled
from repdyn.toolkit.receptors.findings import CUTOFFS, NOTHING, recordings, rows

WIDTH, LEFT, HEIGHT, ROW, TOP = 10.4, 0.62, 1.5, 2.5, 0.35  # inches: of a ROW the panels have HEIGHT
PANELS = ((0.0, 1.75), (2.3, 3.3), (6.2, 1.6), (8.4, 1.3))  # inches: left edge and width
RATE, SPIKE, BAND, WITHIN = OKABE_ITO[3], "#333333", "#CCCCCC", 1.96
MODELS = {"level": "now", "field": "linear", "quadratic": "quadratic", "untrained": "untrained", "states": "trained"}
COLOURS = {
    "level": OKABE_ITO[1],
    "field": OKABE_ITO[0],
    "quadratic": OKABE_ITO[0],
    "untrained": "white",
    "states": OKABE_ITO[2],
}


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """A row of four panels per recording; quantities and arrays as in `toolkit.receptors.measure`."""
    from matplotlib.figure import Figure

    if table.empty:
        return message_figure(NOTHING)
    (_, run), *_ = first_seeds(table)
    names, arrays = recordings(run), next(iter(maps.values()))
    up = TOP + ROW * len(names)
    figure = Figure(figsize=(WIDTH, up))
    for number, name in enumerate(names):
        bottom = up - TOP - ROW * number - HEIGHT - 0.42
        panels = []
        for start, width in PANELS:
            words = f"{name}: {CUTOFFS[name]}; {NO_CEILING}" if start == 0 else ""
            panels += named_row(figure, words, bottom, 0.27, [LEFT + start], width, HEIGHT)
        _kernel(panels[0], arrays.get(f"kernel/{name}"))
        _spikes(panels[1], arrays.get(f"counts/{name}"), arrays.get(f"rate/{name}"))
        for axes, quantity, title in ((panels[2], "accuracy", "correlation"), (panels[3], "bits", "bits per spike")):
            _models(axes, run, name, quantity, title)
    key_above(figure, [_key()])
    return figure


def _kernel(axes, kernel) -> None:
    axes.set_title("linear field, by ms before", loc="left")
    if kernel is None:
        say(axes, "not evaluable")
        return
    axes.axhline(0, color=BAND, linewidth=0.8)
    axes.plot(np.arange(len(kernel)), 1000 * np.asarray(kernel), color=OKABE_ITO[0])
    axes.set_xlabel("ms", labelpad=1)
    axes.set_ylabel("spikes/s per dB", labelpad=1)


def _spikes(axes, counts, rate) -> None:
    axes.set_title("rate by the quadratic model, held out", loc="left")
    if counts is None or rate is None:
        say(axes, "not evaluable")
        return
    times, rate = np.arange(len(rate)), 1000 * np.asarray(rate)
    axes.fill_between(times, rate, color=RATE, alpha=0.7, linewidth=0)
    fired, top = np.flatnonzero(counts), rate.max()
    axes.vlines(fired, 1.06 * top, 1.2 * top, color=SPIKE, linewidth=0.8)
    axes.set(xlim=(0, len(rate)), ylim=(0, 1.26 * top))
    axes.set_xlabel("ms", labelpad=1)
    axes.set_ylabel("spikes/s", labelpad=1)


def _models(axes, run: pd.DataFrame, name: str, quantity: str, title: str) -> None:
    axes.set_title(title, loc="left")
    found = {model: rows(run, f"{model}_{quantity}", name) for model in MODELS}
    if not any(each["value"].notna().any() for each in found.values()):
        say(axes, "not evaluable")
        return
    for place, (model, each) in enumerate(found.items()):
        values = each["value"].to_numpy(float)
        mean, reach = each["null_mean"].mean(), WITHIN * each["null_sd"].mean()
        axes.fill_between([place - 0.45, place + 0.45], mean - reach, mean + reach, color=BAND, linewidth=0, zorder=0)
        edge = OKABE_ITO[2] if model == "untrained" else COLOURS[model]
        axes.bar(place, values.mean(), 0.7, facecolor=COLOURS[model], edgecolor=edge, linewidth=1, alpha=0.85)
        if len(values) > 1:
            axes.plot(np.full(len(values), place), values, ".", color="black", markersize=3)
    axes.set_xticks(range(len(MODELS)), list(MODELS.values()), rotation=40, ha="right", rotation_mode="anchor")


def _key() -> list:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        Line2D([], [], color=SPIKE, marker="|", linestyle="none", markersize=6, label="spike"),
        Patch(color=RATE, alpha=0.7, label="predicted rate"),
        Line2D([], [], color="black", marker=".", linestyle="none", markersize=4, label="a network"),
        Patch(color=BAND, label="spikes shifted in a circle, 95 %"),
    ]
