"""Information by layer and step: of the class in two coordinates, beside what a linear probe reads, and of the input."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import first_seeds, quantity_of, say, share
from repdyn.figures.steps import step_axis
from repdyn.figures.style import MARKERS, OKABE_ITO, message_figure, styled
from repdyn.wording.names import layer_name

LOOKS = {
    "class_components": (OKABE_ITO[0], MARKERS[0], "class, in two principal components"),
    "class_discriminants": (OKABE_ITO[1], MARKERS[1], "class, in two discriminants"),
    "probe_information": (OKABE_ITO[2], MARKERS[2], "class, at the least, by the probe of the whole layer"),
    "input_component": (OKABE_ITO[3], MARKERS[3], "leading component of the input, in that of the layer"),
}
WITHIN = 1.96  # deviations of the null
PANELS = 4


@styled
def draw(table: pd.DataFrame, maps: dict):
    """A row of panels per experiment (its first seed): a panel per layer, information against the step with its 95 %
    interval, grey its null, on one scale; and the accuracy of the probe by layer at the last step with that of its controls.
    """
    if table.empty:
        return message_figure("No information was measured in this study.")
    runs = first_seeds(table)
    figure, rows = framed([name for name, _ in runs], PANELS, _key())
    for (_, run), panels in zip(runs, rows, strict=True):
        layers = [layer for layer in run["layer"].astype(str).unique() if layer][: PANELS - 1]
        for axes, layer in zip(panels, layers, strict=False):
            _over_training(axes, run, layer)
        for axes in panels[len(layers) : PANELS - 1]:
            axes.set_axis_off()
        _accuracy(panels[-1], run, layers)
        panels[0].set_ylabel("information (nats)")
    share([axes for panels in rows for axes in panels[: PANELS - 1]])
    return figure


def _over_training(axes, run: pd.DataFrame, layer: str) -> None:
    axes.set_title(layer_name(layer), loc="left")
    end = max(int(run["step"].max()), 1)
    drawn = False
    for shift, (name, (colour, marker, _)) in zip((0.97, 0.99, 1.01, 1.03), LOOKS.items(), strict=True):
        line = quantity_of(run, name, layer)
        if not line["value"].notna().any():
            continue
        drawn = True
        low, high = (quantity_of(run, f"{name}_{side}", layer)["value"].to_numpy() for side in ("low", "high"))
        if len(low):
            axes.vlines(line["step"] * shift, low, high, color=colour, linewidth=1)
            null, spread = line["null_mean"].to_numpy(), WITHIN * line["null_sd"].to_numpy()
            axes.vlines(line["step"] * shift, null - spread, null + spread, color="#999999", linewidth=2.5)
        axes.plot(line["step"] * shift, line["value"], color=colour, marker=marker, markersize=3.5, clip_on=False)
        if len(line) == 1:  # the input: the same at every step
            axes.hlines(line["value"], 0, end, color=colour, linewidth=0.8, alpha=0.6)
    entropy = quantity_of(run, "class_entropy")["value"]
    if len(entropy):
        axes.axhline(entropy.iloc[0], color="black", linestyle=":", linewidth=0.8)
    if not drawn:
        say(axes, "not evaluable")
        return
    axes.axhline(0, color="black", linewidth=0.5)
    step_axis(axes, end)
    axes.set_xlabel("training step", labelpad=1)


def _accuracy(axes, run: pd.DataFrame, layers: list[str]) -> None:
    axes.set_title("probe, last step", loc="left")
    last = [quantity_of(run, "probe_accuracy", layer).tail(1) for layer in layers]
    values = np.array([rows["value"].iloc[0] if len(rows) else np.nan for rows in last])
    if not np.isfinite(values).any():
        say(axes, "not evaluable")
        return
    null = np.array([rows[["null_mean", "null_sd"]].iloc[0].tolist() for rows in last], dtype=float)
    x = np.arange(len(layers))
    colour, marker, _ = LOOKS["probe_information"]
    axes.bar(x, 2 * WITHIN * null[:, 1], 0.3, bottom=null[:, 0] - WITHIN * null[:, 1], color="#BBBBBB")
    axes.plot(x, values, color=colour, marker=marker, markersize=4)
    axes.set_xticks(x, [layer_name(layer).replace(" ", "\n", 1) for layer in layers])
    axes.set(xlim=(-0.4, len(layers) - 0.6), ylim=(0, 1.03), ylabel="accuracy")


def _key() -> list[list]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lines = [
        Line2D([], [], color=colour, marker=marker, markersize=4, label=label)
        for colour, marker, label in LOOKS.values()
    ]
    return [lines[:3], [*lines[3:], Line2D([], [], color="black", linestyle=":", label="entropy of the classes"),
                        Patch(facecolor="#AAAAAA", label="null, 95 %")]]  # fmt: skip
