"""Simulated brains by run: what predicts them, how often a wrong layer is picked, and distances between stimuli."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import first_seeds, quantity_of, say
from repdyn.figures.style import OKABE_ITO, message_figure, styled
from repdyn.roles import INPUT

RIGHT, WRONG, SEEN = OKABE_ITO[0], "#9DBFD9", "#E0C080"
BAND, WITHIN = "#CCCCCC", 1.96
METHODS = {"encoding": ("encoding", OKABE_ITO[0], "o"), "similarity": ("distances", OKABE_ITO[3], "s")}


@styled
def draw(table: pd.DataFrame, _maps: dict):
    """A row of panels per experiment (its first seed). See `toolkit.alignment.measure`."""
    if table.empty:
        return message_figure("No simulated brain was looked at in this study.")
    runs = first_seeds(table)
    figure, rows = framed([name for name, _ in runs], 3, _key())
    for (_, run), panels in zip(runs, rows, strict=True):
        run = run.assign(layer=run["layer"].astype(str))
        _encoding(panels[0], run)
        _picks(panels[1], run)
        _similarity(panels[2], run)
    return figure


def scores(run: pd.DataFrame, quantity: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows of a quantity after training, of the untrained network in the same order of layers, and of the input."""
    rows = run[run["quantity"] == quantity]
    layers, last = rows[rows["layer"] != INPUT], run["step"].max()
    after = layers[layers["step"] == last].set_index("layer")
    before = layers[layers["step"] != last].set_index("layer").reindex(after.index)
    return after, before, rows[rows["layer"] == INPUT]


def _ceiling(run: pd.DataFrame, quantity: str) -> float:
    return float(next(iter(quantity_of(run, quantity)["value"]), np.nan))


def _colours(run: pd.DataFrame, layers) -> list[str]:
    rows = quantity_of(run, "made_from")
    right = rows.loc[rows["value"] == 1, "layer"].tolist()
    return [RIGHT if layer in right else WRONG for layer in layers]


def _encoding(axes, run: pd.DataFrame) -> None:
    axes.set_title("encoding", loc="left")
    after, before, seen = scores(run, "encoding")
    if not after["value"].notna().any():
        say(axes, "not evaluable")
        return
    places, width = np.arange(len(after)), 0.38
    colours = _colours(run, after.index)
    axes.bar(places - width / 2, after["value"], width, color=colours)
    axes.bar(places + width / 2, before["value"], width, facecolor="none", edgecolor=colours, linewidth=1)
    axes.bar(len(after), seen["value"], width, color=SEEN)
    rows = pd.concat([after, before, seen])
    mean, reach = rows["null_mean"].mean(), WITHIN * rows["null_sd"].mean()
    axes.axhspan(mean - reach, mean + reach, color=BAND, linewidth=0, zorder=0)
    axes.axhline(_ceiling(run, "encoding_ceiling"), color="black", linestyle="--")
    axes.set_ylim(min(0, mean - reach) - 0.02, 1.02)
    _by_layer(axes, len(after))
    axes.set_ylabel("correlation", labelpad=1)


def _picks(axes, run: pd.DataFrame) -> None:
    axes.set_title("a wrong layer predicts best", loc="left")
    drawn, ratios = False, run[run["quantity"] == "signal_to_noise"].sort_values("unit")["value"].to_numpy()
    for method, (_, colour, marker) in METHODS.items():
        for suffix, fill in (("", colour), ("_others", "white")):
            rows = run[run["quantity"] == f"wrong_{method}{suffix}"].sort_values("unit")
            if rows["value"].notna().any():
                drawn = True
                axes.plot(ratios, rows["value"], color=colour, marker=marker, markerfacecolor=fill, markersize=4)
                axes.axhline(rows["null_mean"].iloc[0], color="#777777", linestyle=":")
    if not drawn:
        say(axes, "not evaluable: no other layer")
        return
    axes.set(xscale="log", ylim=(-0.04, 1.04))
    axes.set_xticks(ratios, [f"{ratio:g}" for ratio in ratios])
    axes.minorticks_off()
    axes.set_xlabel("signal-to-noise ratio of a repeat", labelpad=1)
    axes.set_ylabel("share of brains", labelpad=1)


def _similarity(axes, run: pd.DataFrame) -> None:
    axes.set_title("distances between stimuli", loc="left")
    after, before, seen = scores(run, "similarity")
    if not after["value"].notna().any():
        say(axes, "not evaluable")
        return
    low, high = (scores(run, f"similarity_{end}")[0]["value"].reindex(after.index) for end in ("low", "high"))
    axes.axhspan(*(_ceiling(run, f"similarity_ceiling_{end}") for end in ("lower", "upper")), color=BAND, linewidth=0)
    for place, (value, bottom, top, colour) in enumerate(
        zip(after["value"], low, high, _colours(run, after.index), strict=True)
    ):
        axes.plot([place, place], [bottom, top], color=colour)
        axes.plot(place, value, color=colour, marker="s", markersize=5)
    axes.plot(
        np.arange(len(after)), before["value"], color="#555555", marker="s", markerfacecolor="white", linestyle=""
    )
    axes.plot([len(after)], seen["value"], color=SEEN, marker="s", markersize=5, linestyle="")
    axes.set_ylim(min(-0.05, rows_min(before, seen)), 1.02)
    _by_layer(axes, len(after))
    axes.set_ylabel("rank correlation", labelpad=1)


def rows_min(*tables: pd.DataFrame) -> float:
    """The smallest value of several tables, a little less."""
    return float(np.nanmin([table["value"].min() for table in tables])) - 0.05


def _by_layer(axes, layers: int) -> None:
    axes.set_xticks(range(layers + 1), [*map(str, range(1, layers + 1)), "input"])
    axes.set_xlabel("layer", labelpad=1)


def _key() -> list[list]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        [
            Patch(facecolor=RIGHT, label="right layer"),
            Patch(facecolor=WRONG, label="wrong layer"),
            Patch(facecolor="white", edgecolor="#555555", label="untrained network"),
            Patch(facecolor=SEEN, label="input"),
            Line2D([], [], color="black", linestyle="--", label="ceiling"),
            Patch(facecolor=BAND, label="shuffled stimuli, 95 %; on the right, ceiling"),
        ],
        [
            *(
                Line2D([], [], color=colour, marker=marker, markersize=4, label=f"picked by {word}")
                for word, colour, marker in METHODS.values()
            ),
            Line2D(
                [],
                [],
                color="#555555",
                marker="o",
                markerfacecolor="white",
                label="from units that the brain does not mix",
            ),
            Line2D([], [], color="#777777", linestyle=":", label="picked at random"),
        ],
    ]
