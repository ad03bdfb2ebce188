"""Learning as a path: drift, dimension, emergence, loss and weights of each experiment against the training step."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import first_seeds, say, share_down
from repdyn.figures.steps import step_axis
from repdyn.figures.style import FLAGGED_COLOUR, OKABE_ITO, message_figure, styled
from repdyn.roles import EMBEDDING, OUTPUT

CLASSES, UNITS, LOSS, CHANGE, WEIGHTS = (OKABE_ITO[i] for i in (0, 2, 6, 3, 4))
BAND = "#CCCCCC"


@styled
def draw(table: pd.DataFrame, maps: dict):
    """A row of panels per experiment (its first seed): drift from initialisation, participation ratio, share of classes
    and units that have emerged, held-out loss with change points, and the path of the weights. See `toolkit.dynamics`.
    """
    if table.empty:
        return message_figure("No paths were measured: no experiment was looked into.")
    table = table.assign(quantity=table["quantity"].astype(str), layer=table["layer"].astype(str))
    runs = first_seeds(table)
    figure, rows = framed([name for name, _ in runs], len(PANELS), _key())
    for (name, run), panels in zip(runs, rows, strict=True):
        arrays = maps.get(f"{name}/{run['seed'].iloc[0]}", {})
        for axes, (title, panel) in zip(panels, PANELS.items(), strict=True):
            axes.set_title(title, loc="left")
            panel(axes, run, arrays)
    share_down(rows, [place for place, panel in enumerate(PANELS.values()) if panel is not _weights])
    return figure


def _drift(axes, run: pd.DataFrame, _arrays) -> None:
    rows = _hidden(run[run["quantity"] == "drift_from_init"])
    if not rows["value"].notna().any():
        say(axes, "not evaluable")
        return
    layers = rows["layer"].unique()
    deepest = rows[rows["layer"] == layers[-1]]
    mean, sd = deepest["null_mean"], deepest["null_sd"]
    axes.fill_between(deepest["step"], mean - 2 * sd, mean + 2 * sd, color=BAND, linewidth=0)
    axes.plot(deepest["step"], mean, color=FLAGGED_COLOUR, linestyle=":")
    _by_layer(axes, rows, layers)
    axes.set_ylim(-0.03, max(1.0, float((mean + 2 * sd).max()) * 1.03))
    _steps(axes, run)


def _dimension(axes, run: pd.DataFrame, _arrays) -> None:
    rows = run[run["quantity"] == "participation_ratio"]
    if not rows["value"].notna().any():
        say(axes, "not evaluable")
        return
    _by_layer(axes, rows, rows["layer"].unique())
    signs = run.loc[run["quantity"] == "turn", "value"]
    counted = f"up, down: {(signs == 1).sum()}; down, up: {(signs == -1).sum()}\nneither: {(signs == 0).sum()}"
    axes.set_ylim(0, rows["value"].max() * 1.3)
    axes.text(0.02, 0.98, counted, transform=axes.transAxes, va="top", fontsize=6.5, color="#444444")
    _steps(axes, run)


def _emerged(axes, run: pd.DataFrame, _arrays) -> None:
    last = int(run["step"].max())
    rows = run[run["quantity"] == "unit_emergence"]
    drawn = [(run[run["quantity"] == "class_emergence"], CLASSES, "-")]
    if len(rows):
        deepest = rows["layer"].iloc[-1]
        drawn.append((rows[rows["layer"] == deepest], UNITS, "--"))
        null = run[(run["quantity"] == "units_emerged") & (run["layer"] == deepest)]["null_mean"]
        axes.axhline(null.iloc[0], color=UNITS, linestyle=":")
    for each, colour, style in drawn:
        onsets = np.sort(each["value"].dropna().to_numpy())
        heights = np.arange(len(onsets) + 1) / max(len(each), 1)
        x, y = np.concatenate([[0], onsets, [last]]), np.concatenate([heights, heights[-1:]])
        axes.step(x, y, where="post", color=colour, linestyle=style)
    axes.set_ylim(-0.03, 1.05)
    _steps(axes, run)


def _loss(axes, run: pd.DataFrame, _arrays) -> None:
    loss = run[run["quantity"] == "held_out_loss"]
    axes.plot(loss["step"], loss["value"], color=LOSS, marker="o", markersize=2.5)
    changes = run[run["quantity"] == "phase_change"]
    for change in changes.itertuples():
        axes.axvspan(float(change.reference), change.step, color=CHANGE, alpha=0.3, linewidth=0)
    chance = run.loc[run["quantity"] == "phase_power", "value"]
    known = chance.notna().any()
    said = f"power {chance.iloc[0]:.2f}" if known else "phases: too few measurements"
    axes.text(0.98, 0.98, said, transform=axes.transAxes, va="top", ha="right", fontsize=7, color="#444444")
    axes.set_ylim(0, max(loss["value"].max() * 1.2, 1e-6))
    _steps(axes, run)


def _weights(axes, run: pd.DataFrame, arrays: dict) -> None:
    share = run.loc[run["quantity"] == "pc1_share"]
    if "trajectory" not in arrays or not share["value"].notna().any():
        say(axes, "no path: too few\ncheckpoints")
        return
    for name, colour, style in (("walk", FLAGGED_COLOUR, ":"), ("trajectory", WEIGHTS, "-")):
        x, y = np.asarray(arrays[name]).T
        axes.plot(x, y, color=colour, linestyle=style, marker="o", markersize=2.5)
        axes.plot(x[0], y[0], color=colour, marker="s", markersize=5)
    axes.margins(x=0.08, y=0.22)
    text = f"PC1 {100 * share['value'].iloc[0]:.0f} %, walk {100 * share['null_mean'].iloc[0]:.0f} %"
    axes.text(0.02, 0.98, text, transform=axes.transAxes, va="top", fontsize=7, color="#444444")
    axes.set_xlabel("PC1", labelpad=1)
    axes.set_ylabel("PC2", labelpad=0)


PANELS = {
    "drift from initialisation": _drift,
    "participation ratio": _dimension,
    "emerged, share": _emerged,
    "held-out loss, nats": _loss,
    "weights": _weights,
}


def _hidden(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[~rows["role"].isin([EMBEDDING, OUTPUT])]


def _by_layer(axes, rows: pd.DataFrame, layers) -> None:
    from matplotlib import colormaps

    shades = colormaps["plasma"](np.linspace(0, 0.8, len(layers)))
    for layer, colour in zip(layers, shades, strict=True):
        line = rows[rows["layer"] == layer]
        axes.plot(line["step"], line["value"], color=colour)


def _steps(axes, run: pd.DataFrame) -> None:
    step_axis(axes, max(int(run["step"].max()), 1))
    axes.set_xlabel("training step", labelpad=1)


def _key() -> list[list]:
    from matplotlib import colormaps
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shades = colormaps["plasma"]([0.0, 0.8])
    return [
        [
            Line2D([], [], color=shades[0], label="first hidden layer"),
            Line2D([], [], color=shades[1], label="last"),
            Patch(facecolor=BAND, label="last, to other initialisations"),
            Line2D([], [], color=CLASSES, label="classes"),
            Line2D([], [], color=UNITS, linestyle="--", label="units"),
            Line2D([], [], color=UNITS, linestyle=":", label="units, labels shuffled"),
        ],
        [
            Patch(facecolor=CHANGE, alpha=0.3, label="change point"),
            Line2D([], [], color=WEIGHTS, marker="o", markersize=3, label="weights (square: start)"),
            Line2D([], [], color=FLAGGED_COLOUR, linestyle=":", marker="o", markersize=3, label="random walk"),
        ],
    ]
