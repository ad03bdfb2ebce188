"""The information plane of every experiment, what bins make of its last layer, bounds by critics, and groups of cells."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import first_seeds, quantity_of, say, share_down
from repdyn.figures.style import MARKERS, OKABE_ITO, message_figure, styled
from repdyn.wording.names import layer_name

NULL = "#BBBBBB"
WITHIN = 1.96  # deviations of the null
CRITICS = {
    "mine": (OKABE_ITO[0], MARKERS[0], "MINE, held out"),
    "infonce": (OKABE_ITO[1], MARKERS[1], "InfoNCE, held out"),
    "mine_fitted": (OKABE_ITO[3], MARKERS[3], "MINE on what it was fitted to: no bound"),
}
BINNED = OKABE_ITO[4]
CODES = OKABE_ITO[5]


@styled
def draw(table: pd.DataFrame, maps: dict):
    """Per experiment (its first seed): the plane, bins of the last layer, bounds on the class, groups of cells."""
    if table.empty:
        return message_figure("No information plane was measured in this study.")
    runs = first_seeds(table)
    figure, rows = framed([name for name, _ in runs], 4, _key())
    for (_, run), panels in zip(runs, rows, strict=True):
        layers = run.loc[run["quantity"] == "input_information", "layer"].astype(str).unique().tolist()
        _plane(panels[0], run, layers)
        _bins(panels[1], run, layers[-1])
        _bounds(panels[2], run)
        _codes(panels[3], run)
    share_down(rows, range(4))
    share_down(rows, [0], "x")
    for plane in (panels[0] for panels in rows if panels[0].has_data()):
        look = {"frameon": True, "edgecolor": "none", "framealpha": 0.8}
        plane.legend(loc="best", fontsize=6.5, handletextpad=0.1, borderaxespad=0.2, **look)
    return figure


def _once(run: pd.DataFrame, quantity: str) -> float:
    return float(quantity_of(run, quantity)["value"].iloc[0])


def _plane(axes, run: pd.DataFrame, layers: list[str]) -> None:
    axes.set_title("information plane", loc="left")
    drawn = False
    for layer, colour, marker in zip(layers, OKABE_ITO, MARKERS, strict=False):
        x, y = quantity_of(run, "input_information", layer)["value"], quantity_of(run, "class_information", layer)
        known = np.isfinite(x.to_numpy()) & np.isfinite(y["value"].to_numpy())
        if not known.any():
            continue
        drawn = True
        x, value, null = (each.to_numpy()[known] for each in (x, y["value"], y["null_mean"]))
        axes.plot(x, null, color=NULL, linewidth=0.6)
        axes.plot(x, value, color=colour, linewidth=0.8)
        for i, dark in enumerate(np.linspace(0.25, 1, len(x))):
            axes.plot(
                x[i], value[i], color=colour, marker=marker, markersize=4.5, alpha=dark, linestyle="",
                label=layer_name(layer) if i == len(x) - 1 else None,
            )  # fmt: skip
    if not drawn:
        say(axes, "not evaluable")
        return
    axes.axhline(_once(run, "class_entropy"), color="black", linestyle=":", linewidth=0.8)
    axes.axvline(_once(run, "most_information"), color="black", linestyle=":", linewidth=0.8)
    axes.set_xlabel("on the input (nats)", labelpad=1)
    axes.set_ylabel("on the class (nats)")
    axes.set_ylim(top=_once(run, "class_entropy") * 1.08)


def _bins(axes, run: pd.DataFrame, layer: str) -> None:
    axes.set_title("bins, last layer and step", loc="left")
    quantities = run["quantity"].astype(str)
    binned = run[quantities.str.startswith("binned_information/") & (run["layer"].astype(str) == layer)]
    binned = binned[binned["step"] == binned["step"].max()]
    noisy = quantity_of(run, "input_information", layer)["value"].iloc[-1]
    if not binned["value"].notna().any():
        say(axes, "not evaluable")
        return
    counts = binned["quantity"].astype(str).str.split("/").str[1].astype(int)
    axes.plot(counts, binned["value"], color=BINNED, marker=MARKERS[4])
    axes.axhline(noisy, color=OKABE_ITO[2])
    axes.axhline(_once(run, "most_information"), color="black", linestyle=":", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.minorticks_off()
    axes.set_xlabel("bins per unit", labelpad=1)
    axes.set(ylabel="on the input (nats)", ylim=(0, _once(run, "most_information") * 1.08))


def _bounds(axes, run: pd.DataFrame) -> None:
    axes.set_title("bounds on the class", loc="left")
    drawn = False
    for shift, (name, (colour, marker, _)) in zip((-0.12, 0, 0.12), CRITICS.items(), strict=True):
        line = quantity_of(run, f"class_{name}")
        if not line["value"].notna().any():
            continue
        drawn = True
        x = np.arange(len(line)) + shift
        null, spread = line["null_mean"].to_numpy(), WITHIN * line["null_sd"].to_numpy()
        axes.vlines(x, null - spread, null + spread, color=NULL, linewidth=4)
        axes.plot(x, line["value"], color=colour, marker=marker, markersize=4.5, linestyle="")
        axes.set_xticks(np.arange(len(line)), [f"step {step:,}" for step in line["step"]])
        axes.set_xlim(-0.5, len(line) - 0.5)
    if not drawn:
        say(axes, "not evaluable")
        return
    axes.axhline(_once(run, "class_entropy"), color="black", linestyle=":", linewidth=0.8)
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_ylabel("on the class (nats)")


def _codes(axes, run: pd.DataFrame) -> None:
    axes.set_title("groups of cells, last layer", loc="left")
    kept, told, most = (quantity_of(run, f"code_{name}") for name in ("kept", "information", "most"))
    if not told["value"].notna().any():
        say(axes, "not evaluable")
        return
    first, last = run["step"].min(), run["step"].max()
    for step, shade in ((first, 0.35), (last, 1.0)):
        x, y, top = (each[each["step"] == step] for each in (kept, told, most))
        order = np.argsort(x["value"].to_numpy())
        axes.plot(x["value"].iloc[order], top["value"].iloc[order], color="black", linewidth=0.8, alpha=shade)
        axes.plot(x["value"], y["value"], color=CODES, marker=MARKERS[5], markersize=4.5, linestyle="", alpha=shade)
        null = y["null_mean"], WITHIN * y["null_sd"]
        axes.vlines(x["value"], null[0] - null[1], null[0] + null[1], color=NULL, linewidth=4, zorder=0)
    axes.set_xlabel("kept of the cells (nats)", labelpad=1)
    axes.set(ylabel="on the class (nats)", ylim=(0, None))


def _key() -> list[list]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    critics = [
        Line2D([], [], color=colour, marker=marker, markersize=4.5, linestyle="", label=label)
        for colour, marker, label in CRITICS.values()
    ]
    return [
        [*critics, Patch(facecolor=NULL, label="shuffled, merged at random")],
        [
            Line2D([], [], color=BINNED, marker=MARKERS[4], markersize=4, label="in bins"),
            Line2D([], [], color=OKABE_ITO[2], label="under noise"),
            Line2D(
                [],
                [],
                color=CODES,
                marker=MARKERS[5],
                markersize=4.5,
                linestyle="",
                label="merged by distance (light: untrained)",
            ),
            Line2D([], [], color="black", linewidth=0.8, label="bottleneck"),
            Line2D([], [], color="black", linestyle=":", label="the most there can be"),
        ],
    ]
