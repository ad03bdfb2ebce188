"""How much of the difference between two classes a patch carries over: by layer, circuit, and place in the network."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import first_seeds, say, share_down
from repdyn.figures.style import FLAGGED_COLOUR, OKABE_ITO, message_figure, styled

DENOISING, NOISING, COMPONENTS, GREEDY, FEATURES = (OKABE_ITO[i] for i in (0, 3, 2, 1, 4))
# A cell is dotted where it is further than this many deviations from its null.
BEYOND = 3
UNDEFINED = "not evaluable:\ntoo few pairs"


@styled
def draw(table: pd.DataFrame, maps: dict):
    """A row of panels per experiment (its first seed) at the last step; R as in `toolkit.patching.measure`.

    R of the top tenth of units and of the leading components by layer; faithfulness of circuits against their share of
    the nodes; and where in the network: denoising by head of transformers, tracing by position of other networks that read
    tokens, parts of the last map of CNNs. Bars and whiskers: 95 % intervals over pairs. Grey: mean and two deviations of
    the null.
    """
    if table.empty:
        return message_figure("Nothing was patched: no experiment was measured.")
    runs = [(name, run[run["step"] == run["step"].max()]) for name, run in first_seeds(table)]
    places = [_place(last) for _, last in runs]
    columns = 3 + any(places)
    figure, rows = framed([_title(*run) for run in runs], columns, _key())
    for (_, last), place, panels in zip(runs, places, rows, strict=True):
        for panel, axes in zip((_top, _components, _circuit, *[place] * (place is not None)), panels, strict=False):
            panel(axes, last)
        if columns == 4 and place is None:
            panels.pop().remove()
    share_down(rows, range(3))
    _one_scale([image for panels in rows for axes in panels for image in axes.images])
    return figure


def _place(last: pd.DataFrame):
    """The panel that says where in the network, None where nothing was patched by place."""
    panels = {"head_direct": _heads, "tracing": _tracing, "position_denoising": _map}
    return next((panel for quantity, panel in panels.items() if (last["quantity"] == quantity).any()), None)


def _one_scale(images: list) -> None:
    limit = max((image.get_clim()[1] for image in images), default=1)
    for image in images:
        image.set_clim(-limit, limit)


def _title(name: str, last: pd.DataFrame) -> str:
    pairs = last.loc[last["quantity"] == "pairs", "value"]
    return name + (f" ({pairs.iloc[0]:.0f} pairs)" if len(pairs) else "")


def _top(axes, last: pd.DataFrame) -> None:
    axes.set_title("top tenth of units, by layer", loc="left")
    _by_layer(axes, last, [("top_denoising", DENOISING, "o", -0.12), ("top_noising", NOISING, "s", 0.12)])
    axes.set_ylabel("R")


def _components(axes, last: pd.DataFrame) -> None:
    axes.set_title("leading components, by layer", loc="left")
    layers = _by_layer(axes, last, [("component_denoising", COMPONENTS, "D", 0)])
    if layers:
        counts = _of(last, "component_count").set_index("layer")["value"]
        axes.set_xticks(range(len(layers)), [f"{_short(layer)}\n{counts[layer]:.0f}" for layer in layers])
        axes.set_xlabel("layer, number of components", labelpad=1)
        feature = _of(last, "feature_denoising").dropna(subset=["value"])
        for row in feature.itertuples():
            low, high = (_of(last, f"feature_denoising_{side}")["value"].iloc[0] for side in ("low", "high"))
            x = layers.index(str(row.layer)) + 0.25
            axes.bar(x, 4 * row.null_sd, 0.2, bottom=row.null_mean - 2 * row.null_sd, color="#CCCCCC", zorder=1)
            axes.vlines(x, low, high, color=FEATURES, linewidth=1)
            axes.plot(x, row.value, "*", color=FEATURES, markersize=5)


def _by_layer(axes, last: pd.DataFrame, drawn: list[tuple]) -> list[str]:
    """R of each quantity, with its colour, marker and shift, by layer; the layers, none where nothing is drawn."""
    layers = last.loc[last["quantity"] == drawn[0][0], "layer"].astype(str).tolist()
    if not layers:
        say(axes, UNDEFINED)
        return []
    for quantity, colour, marker, shift in drawn:
        value, low, high = (_of(last, f"{quantity}{side}") for side in ("", "_low", "_high"))
        x = np.arange(len(layers)) + shift
        mean, sd = value["null_mean"].to_numpy(), value["null_sd"].to_numpy()
        axes.bar(x, 4 * sd, 0.2, bottom=mean - 2 * sd, color="#CCCCCC", zorder=1)
        axes.vlines(x, low["value"], high["value"], color=colour, linewidth=1)
        axes.plot(x, value["value"], marker, color=colour, markersize=4)
    axes.set_xticks(range(len(layers)), [_short(layer) for layer in layers])
    axes.set_xlim(-0.5, len(layers) - 0.5)
    _unit_lines(axes)
    return layers


def _circuit(axes, last: pd.DataFrame) -> None:
    axes.set_title("circuits, by share of nodes", loc="left")
    curve = _of(last, "circuit_faithfulness")
    if not curve["value"].notna().any():
        say(axes, UNDEFINED if curve.empty else "no circuit:\nR is not defined")
        return
    share = curve["unit"].to_numpy(float) / curve["unit"].max()
    mean, sd = curve["null_mean"].to_numpy(), curve["null_sd"].to_numpy()
    axes.fill_between(share, mean - 2 * sd, mean + 2 * sd, color="#CCCCCC", linewidth=0)
    axes.plot(share, mean, color=FLAGGED_COLOUR, linestyle=":")
    low, high = (_of(last, f"circuit_faithfulness_{side}")["value"] for side in ("low", "high"))
    axes.fill_between(share, low, high, color=DENOISING, alpha=0.25, linewidth=0)
    axes.plot(share, curve["value"], color=DENOISING)
    for quantity, colour, style in (("circuit_necessity", NOISING, "-."), ("greedy_faithfulness", GREEDY, "--")):
        other = _of(last, quantity)
        axes.plot(other["unit"].to_numpy(float) / curve["unit"].max(), other["value"], color=colour, linestyle=style)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])  # of two digits, the last would be cut off at the edge
    _unit_lines(axes)
    axes.set_xlabel(f"share of {curve['unit'].max()} nodes", labelpad=1)


def _heads(axes, last: pd.DataFrame) -> None:
    axes.set_title("heads, attention, feed-forward", loc="left")
    cells = _of(last, "denoising")
    heads = cells[cells["unit"].notna()]
    count = heads["unit"].max() + 1
    rows = heads.groupby("layer", sort=False, observed=True).ngroups

    def grid(column):
        values = heads[column].to_numpy(float).reshape(rows, count)
        wholes = cells.loc[cells["unit"].isna(), column].to_numpy(float).reshape(rows, 2)
        return np.hstack([values, wholes])

    _heat(axes, grid("value"), grid("null_mean"), grid("null_sd"))
    axes.set_xticks(range(count + 2), [*(f"h{i}" for i in range(count)), "attn", "ff"])
    axes.set_yticks(range(rows), [f"b{i}" for i in range(rows)])


def _tracing(axes, last: pd.DataFrame) -> None:
    axes.set_title("causal tracing by position", loc="left")
    cells = _of(last, "tracing")
    layers = cells["layer"].astype(str).unique()
    value, mean, sd = (
        cells[column].to_numpy(float).reshape(len(layers), -1) for column in ("value", "null_mean", "null_sd")
    )
    _heat(axes, value, mean, sd)
    axes.set_yticks(range(len(layers)), [_short(layer) for layer in layers], fontsize=6)
    axes.set_xlabel("position", labelpad=1)


def _map(axes, last: pd.DataFrame) -> None:
    cells = _of(last, "position_denoising")
    layer = cells["layer"].astype(str).iloc[-1]
    axes.set_title(f"parts of the map, {_short(layer)}", loc="left")
    cells = cells[cells["layer"].astype(str) == layer]
    wide = int(np.sqrt(len(cells)))
    _heat(axes, *(cells[column].to_numpy(float).reshape(-1, wide) for column in ("value", "null_mean", "null_sd")))
    axes.set_xticks([])
    axes.set_yticks([])


def _heat(axes, value: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> None:
    """R by cell, blue above 0 and red below, dotted where it is beyond its null."""
    from matplotlib.ticker import MaxNLocator

    finite = np.abs(value[np.isfinite(value)])
    limit = finite.max() if finite.size and finite.max() > 0 else 1.0
    image = axes.imshow(value, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
    rows, columns = np.nonzero(np.abs(value - mean) > BEYOND * sd)
    axes.plot(columns, rows, ".", color="black", markersize=2)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.05, pad=0.03)
    bar.locator = MaxNLocator(4)
    bar.update_ticks()
    bar.ax.tick_params(labelsize=6.5, length=2)
    bar.outline.set_visible(False)


def _of(run: pd.DataFrame, quantity: str) -> pd.DataFrame:
    return run[run["quantity"] == quantity]


def _unit_lines(axes) -> None:
    for y in (0, 1):
        axes.axhline(y, color="#BBBBBB", linewidth=0.6, zorder=0)


def _short(layer: str) -> str:
    """ "hidden.0" -> "h0", "blocks.1.feedforward" -> "b1 ff", "embedding" -> "emb"."""
    kind, *rest = layer.split(".")
    if not rest:
        return {"embedding": "emb"}.get(kind, kind)
    inner = {"relu": "", "attention": " attn", "feedforward": " ff"}.get(rest[1], "") if len(rest) > 1 else ""
    letter = "conv " if rest[1:] == ["relu"] else kind[0]
    return f"{letter}{rest[0]}{inner}"


def _key() -> list[list]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def line(colour, label, **look):
        return Line2D([], [], color=colour, label=label, **look)

    return [
        [
            line(DENOISING, "denoising; circuit by attribution", marker="o", markersize=4),
            line(NOISING, "noising", marker="s", markersize=4, linestyle="none"),
            line(NOISING, "circuit's necessity", linestyle="-."),
            line(GREEDY, "circuit by greedy elimination", linestyle="--"),
            line(COMPONENTS, "leading components", marker="D", markersize=4),
            line(FEATURES, "sparse features", marker="*", markersize=5, linestyle="none"),
        ],
        [
            Patch(color="#CCCCCC", label="null: mean and two deviations"),
            line(FLAGGED_COLOUR, "null mean", linestyle=":"),
            line("black", f"beyond {BEYOND} deviations of the null", marker=".", markersize=3, linestyle="none"),
        ],
    ]
