"""Connected components and loops of layers: a diagram, how many are beyond chance, and classes through the layers."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import first_seeds, say, share_down
from repdyn.figures.steps import step_axis
from repdyn.figures.style import DEPTH_COLOURS, MARKERS, OKABE_ITO, message_figure, styled
from repdyn.wording.names import layer_name

PARTS, LOOPS = OKABE_ITO[0], OKABE_ITO[3]
LAYERS = tuple(
    zip(DEPTH_COLOURS.values(), MARKERS, ("first cloud: input or embedding", "middle", "last hidden"), strict=False)
)
ENDS = {"first": ("#888888", "--"), "last": (OKABE_ITO[2], "-")}
WITHIN = 2  # deviations of the null


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """A row of panels per experiment (its first seed); quantities as in `toolkit.topology.measure`.

    The diagram of the last hidden layer at the last step; its longest loop by layer and step, grey the null; bars beyond
    the Gaussian clouds by layer and step; loops of the class clouds over their null, by layer, at both ends of training.
    """
    if table.empty:
        return message_figure("No topology was measured in this study.")
    runs = first_seeds(table)
    figure, rows = framed([name for name, _ in runs], 4, _key())
    for (name, run), panels in zip(runs, rows, strict=True):
        layers = _layers(run)
        _diagram(panels[0], run, layers[-1], maps.get(f"{name}/{run['seed'].iloc[0]}", {}))
        _longest(panels[1], run, layers)
        _beyond(panels[2], run, layers)
        _through(panels[3], run, layers)
    share_down(rows, range(4))
    share_down(rows, [0], "x")
    return figure


def _layers(run: pd.DataFrame) -> list[str]:
    """The layers from the input on, in the order of the table."""
    return run["layer"].astype(str).unique().tolist()


def _of(run: pd.DataFrame, quantity: str, layer: str) -> pd.DataFrame:
    return run[(run["quantity"] == quantity) & (run["layer"].astype(str) == layer)].sort_values(["step", "unit"])


def _diagram(axes, run: pd.DataFrame, layer: str, arrays: dict[str, np.ndarray]) -> None:
    axes.set_title(f"{layer_name(layer)}, last step", loc="left")
    if "last_0" not in arrays:
        say(axes, "not evaluable:\ntoo few distinct rows")
        return
    finite = {d: arrays[f"last_{d}"][np.isfinite(arrays[f"last_{d}"]).all(1)] for d in (0, 1)}
    end = max([bars.max() for bars in finite.values() if len(bars)], default=1.0) * 1.08
    axes.plot([0, end], [0, end], color="black", linewidth=0.6)
    shortest = float(_of(run, "band", layer)["value"].iloc[-1])
    axes.fill_between([0, end], [0, end], [shortest, end + shortest], color="#DDDDDD", linewidth=0)
    for dimension, colour, marker in ((0, PARTS, "o"), (1, LOOPS, "^")):
        bars = finite[dimension]
        axes.plot(bars[:, 0], bars[:, 1], marker, color=colour, markersize=2.5, alpha=0.7, markeredgewidth=0)
    axes.set(xlim=(-0.03 * end, end), ylim=(-0.03 * end, end), xlabel="birth / radius", ylabel="death / radius")


def _longest(axes, run: pd.DataFrame, layers: list[str]) -> None:
    axes.set_title("longest loop, whole cloud", loc="left")
    _by_step(axes, run, layers, "longest_1", null=True)
    axes.set_ylabel("length / radius")


def _beyond(axes, run: pd.DataFrame, layers: list[str]) -> None:
    axes.set_title("loops beyond Gaussians", loc="left")
    _by_step(axes, run, layers, "beyond_1", null=False)
    axes.set_ylabel("count")
    axes.yaxis.get_major_locator().set_params(integer=True)


def _by_step(axes, run: pd.DataFrame, layers: list[str], quantity: str, null: bool) -> None:
    end = int(run["step"].max())
    drawn = False
    for layer, (colour, marker, _) in zip(layers, _looks(layers), strict=True):
        line = _of(run, quantity, layer)
        if not line["value"].notna().any():
            continue
        drawn = True
        if len(line) == 1:
            line = pd.concat([line, line.assign(step=end)])
        axes.plot(line["step"], line["value"], color=colour, marker=marker, markersize=3.5, clip_on=False)
        if null:
            low, high = (line["null_mean"] + sign * WITHIN * line["null_sd"] for sign in (-1, 1))
            axes.fill_between(line["step"], low, high, color=colour, alpha=0.15, linewidth=0)
    if not drawn:
        say(axes, "not evaluable:\ntoo few distinct rows")
        return
    top = axes.get_ylim()[1] if null else max(axes.get_ylim()[1], 1.05)
    axes.set_ylim(-0.04 * top, top)
    step_axis(axes, max(end, 1))
    axes.set_xlabel("training step", labelpad=1)


def _through(axes, run: pd.DataFrame, layers: list[str]) -> None:
    axes.set_title("loops of classes / null", loc="left")
    steps = {"first": run["step"].min(), "last": run["step"].max()}
    drawn = False
    for end, (colour, style) in ENDS.items():
        ratios = []
        for layer in layers:
            rows = _of(run, "class_persistence_1", layer)
            rows = rows[rows["step"] == (steps[end] if (rows["step"] == steps[end]).any() else rows["step"].min())]
            ratios.append((rows["value"] / rows["null_mean"]).to_numpy(float))
        means = [ratio[np.isfinite(ratio)].mean() if np.isfinite(ratio).any() else np.nan for ratio in ratios]
        drawn |= bool(np.isfinite(means).any())
        shift = -0.06 if end == "first" else 0.06
        for position, ratio in enumerate(ratios):
            axes.plot(np.full(len(ratio), position + shift), ratio, ".", color=colour, markersize=2.5, alpha=0.6)
        axes.plot(np.arange(len(layers)) + shift, means, color=colour, linestyle=style, marker="o", markersize=3.5)
    if not drawn:
        say(axes, "not evaluable: classes have\ntoo few distinct rows")
        return
    axes.axhline(1, color="black", linewidth=0.5)
    axes.set_ylim(bottom=0)
    axes.set_xticks(range(len(layers)), [layer_name(layer).replace(" ", "\n", 1) for layer in layers])
    axes.set_xlim(-0.4, len(layers) - 0.6)
    axes.set_ylabel("summed length / null")


def _looks(layers: list[str]) -> list[tuple]:
    return [*LAYERS[: len(layers) - 1], LAYERS[-1]] if len(layers) > 1 else [LAYERS[-1]]


def _key() -> list[list]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    bars = [
        Line2D([], [], color=PARTS, marker="o", linestyle="", markersize=4, label="connected components"),
        Line2D([], [], color=LOOPS, marker="^", linestyle="", markersize=4, label="loops"),
        Patch(facecolor="#DDDDDD", label="band; tinted: Gaussians, 2 sd"),
    ]
    bars += [
        Line2D([], [], color=colour, linestyle=style, marker="o", markersize=4, label=f"{end} step")
        for end, (colour, style) in ENDS.items()
    ]
    lines = [Line2D([], [], color=colour, marker=marker, markersize=4, label=label) for colour, marker, label in LAYERS]
    return [lines, bars]
