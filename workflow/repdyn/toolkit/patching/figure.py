"""How much of the difference between two classes a patch carries over: by layer, step, head, position and circuit."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import first_seeds, say
from repdyn.figures.steps import step_axis
from repdyn.figures.style import FLAGGED_COLOUR, OKABE_ITO, message_figure, styled

DENOISING, NOISING, COMPONENTS, GREEDY, DIRECT, FEATURES = (OKABE_ITO[i] for i in (0, 3, 2, 1, 6, 4))
# A cell is dotted where it is further than this many deviations from its null.
BEYOND = 3
UNDEFINED = "not evaluable:\ntoo few pairs"


@styled
def draw(table: pd.DataFrame, maps: dict):
    """A row of panels per experiment (its first seed), for transformers and CNNs a second; R as in
    `toolkit.patching.measure`.

    First row: R of the top tenth of units by layer at the last step; its mean over layers against the step; R of the
    leading components by layer; faithfulness of circuits against their share of the nodes. Second row: denoising by head
    and component, by position, causal tracing by position, and total and direct effect of heads; of CNNs, parts of the
    maps of the first and the last layer; of transformers a third with edges, of texts one with swapped words. Bars and
    whiskers: 95 % intervals over pairs. Grey: mean and two deviations of the null.
    """
    if table.empty:
        return message_figure("Nothing was patched: no experiment was measured.")
    rows = [(name, run, kind) for name, run in first_seeds(table) for kind in _kinds(run)]
    figure, framed_rows = framed([_title(*row) for row in rows], max(len(kind) for *_, kind in rows), _key())
    for (_, run, kind), panels in zip(rows, framed_rows, strict=True):
        last = run[run["step"] == run["step"].max()]
        for panel, axes in zip(kind, panels, strict=False):
            panel(axes, last if panel is not _over_training else run)
        for axes in panels[len(kind) :]:
            axes.remove()
    return figure


def _title(name: str, run: pd.DataFrame, kind: tuple) -> str:
    pairs = run.loc[run["quantity"] == "pairs", "value"]
    return name + NAMED.get(kind, "") + (f" ({pairs.iloc[0]:.0f} pairs)" if len(pairs) else "")


def _kinds(run: pd.DataFrame) -> list[tuple]:
    there = set(run["quantity"])
    tokens = _SECOND if "head_direct" in there else _TOKENS
    streams = _EDGES if "edge_noising" in there else _LOGITS
    kinds = (
        [(tokens, "tracing"), (streams, "direct_logits"), (_WORDS, "swap_denoising")]
        if "tracing" in there
        else [(_MAPS, "position_denoising")]
    )
    return [_FIRST, *(kind for kind, quantity in kinds if quantity in there)]


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


def _over_training(axes, run: pd.DataFrame) -> None:
    axes.set_title("mean over layers, by step", loc="left")
    if _of(run, "top_denoising").empty:
        say(axes, UNDEFINED)
        return
    for quantity, colour, marker in (("top_denoising", DENOISING, "o"), ("component_denoising", COMPONENTS, "D")):
        means = _of(run, quantity).groupby("step")[["value", "null_mean"]].mean()
        axes.plot(means.index, means["value"], color=colour, marker=marker, markersize=4)
        axes.plot(means.index, means["null_mean"], color=colour, linestyle=":")
    _unit_lines(axes)
    step_axis(axes, int(run["step"].max()))
    axes.set_xlabel("training step", labelpad=1)


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


def _positions(axes, last: pd.DataFrame) -> None:
    axes.set_title("clean value at one position", loc="left")
    _by_position(axes, _of(last, "position_denoising"))


def _tracing(axes, last: pd.DataFrame) -> None:
    axes.set_title("causal tracing by position", loc="left")
    _by_position(axes, _of(last, "tracing"))


def _by_position(axes, cells: pd.DataFrame) -> None:
    layers = cells["layer"].astype(str).unique()
    value, mean, sd = (
        cells[column].to_numpy(float).reshape(len(layers), -1) for column in ("value", "null_mean", "null_sd")
    )
    _heat(axes, value, mean, sd)
    axes.set_yticks(range(len(layers)), [_short(layer) for layer in layers], fontsize=6)
    axes.set_xlabel("position", labelpad=1)


def _direct(axes, last: pd.DataFrame) -> None:
    axes.set_title("heads: total and direct R", loc="left")
    total, below, above = (_of(last, f"denoising{side}") for side in ("", "_low", "_high"))
    total, below, above = (side[side["unit"].notna()] for side in (total, below, above))
    direct, low, high = (_of(last, f"head_direct{side}") for side in ("", "_low", "_high"))
    x = np.arange(len(total))
    axes.vlines(x + 0.15, low["value"], high["value"], color=DIRECT, linewidth=1)
    axes.vlines(x - 0.15, below["value"], above["value"], color=DENOISING, linewidth=1)
    axes.plot(x - 0.15, total["value"], "o", color=DENOISING, markersize=4)
    axes.plot(x + 0.15, direct["value"], "^", color=DIRECT, markersize=4)
    count = total["unit"].max() + 1
    for edge in range(count, len(total), count):
        axes.axvline(edge - 0.5, color="#DDDDDD", linewidth=0.6)
    axes.set_xticks(
        np.arange(0, len(total), count) + (count - 1) / 2, [f"block {i}" for i in range(len(total) // count)]
    )
    axes.tick_params(axis="x", length=0)
    axes.axhline(0, color="#BBBBBB", linewidth=0.6, zorder=0)


def _first_map(axes, last: pd.DataFrame) -> None:
    _map(axes, last, 0)


def _last_map(axes, last: pd.DataFrame) -> None:
    _map(axes, last, -1)


def _map(axes, last: pd.DataFrame, place: int) -> None:
    cells = _of(last, "position_denoising")
    layer = cells["layer"].astype(str).unique()[place]
    axes.set_title(f"parts of the map, {_short(layer)}", loc="left")
    cells = cells[cells["layer"].astype(str) == layer]
    wide = int(np.sqrt(len(cells)))
    _heat(axes, *(cells[column].to_numpy(float).reshape(-1, wide) for column in ("value", "null_mean", "null_sd")))
    axes.set_xticks([])
    axes.set_yticks([])


def _words(axes, last: pd.DataFrame) -> None:
    span = _of(last, "swap_span").iloc[0]
    axes.set_title(f"one word swapped: {span['value']:.2f} logits, random {span['null_mean']:.2f}", loc="left")
    cells = _of(last, "swap_denoising")
    layers = cells["layer"].astype(str).unique()
    if not cells["value"].notna().any():
        say(axes, "not evaluable:\nthe word tells nothing")
        return
    for unit, colour, marker in ((0, DENOISING, "o"), (1, NOISING, "s")):
        rows = cells[cells["unit"] == unit]
        low, high = (_of(last, f"swap_denoising_{side}") for side in ("low", "high"))
        axes.vlines(
            range(len(layers)),
            low.loc[low["unit"] == unit, "value"],
            high.loc[high["unit"] == unit, "value"],
            color=colour,
            linewidth=1,
        )
        axes.plot(range(len(layers)), rows["value"], color=colour, marker=marker, markersize=4)
        axes.plot(range(len(layers)), rows["null_mean"], color=colour, linestyle=":")
    axes.set_xticks(range(len(layers)), [_short(layer) for layer in layers], rotation=45, fontsize=6, ha="right")
    axes.set_xlabel("blue: at the word; red: elsewhere", labelpad=1)
    _unit_lines(axes)


def _edge_matrix(axes, last: pd.DataFrame) -> None:
    axes.set_title("one edge corrupted", loc="left")
    sender, receiver, value, low, high = (
        _of(last, f"edge_{name}").sort_values("unit")["value"].to_numpy()
        for name in ("sender", "receiver", "noising", "noising_low", "noising_high")
    )
    sides = int(receiver.max()) + 1
    cells, dotted = (np.full((sides, sides), np.nan) for _ in range(2))
    at = sender.astype(int), receiver.astype(int)
    cells[at] = value
    # Dotted where the interval over pairs leaves 0 out: an edge has no other null.
    dotted[at] = (low > 0) | (high < 0)
    _heat(axes, cells[:-1, 1:], np.zeros_like(cells)[:-1, 1:], np.where(dotted == 1, 0, np.inf)[:-1, 1:])
    axes.set_facecolor("#EEEEEE")
    axes.set_xticks([0, sides - 2], ["1", "output"])
    axes.set_yticks([0, sides - 2], ["0", f"{sides - 1}"])
    axes.set_xlabel("receiver", labelpad=1)
    axes.set_ylabel("sender (0: embedding)")


def _edge_circuit(axes, last: pd.DataFrame) -> None:
    axes.set_title("circuits, by share of edges", loc="left")
    curve = _of(last, "edge_faithfulness")
    if not curve["value"].notna().any():
        say(axes, "no circuit:\nR is not defined")
        return
    edges = curve["unit"].max()
    share = curve["unit"].to_numpy(float) / edges
    mean, sd = curve["null_mean"].to_numpy(), curve["null_sd"].to_numpy()
    axes.fill_between(share, mean - 2 * sd, mean + 2 * sd, color="#CCCCCC", linewidth=0)
    axes.plot(share, mean, color=FLAGGED_COLOUR, linestyle=":")
    low, high = (_of(last, f"edge_faithfulness_{side}")["value"] for side in ("low", "high"))
    axes.fill_between(share, low, high, color=DENOISING, alpha=0.25, linewidth=0)
    axes.plot(share, curve["value"], color=DENOISING, marker="o", markersize=3)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    _unit_lines(axes)
    axes.set_xlabel(f"share of {edges} edges", labelpad=1)


def _direct_logits(axes, last: pd.DataFrame) -> None:
    axes.set_title("straight to the logits, by part", loc="left")
    rows = _of(last, "direct_logits").sort_values("unit")
    x = np.arange(len(rows))
    mean, sd = rows["null_mean"].to_numpy(), rows["null_sd"].to_numpy()
    axes.bar(x, 4 * sd, 0.9, bottom=mean - 2 * sd, color="#CCCCCC", zorder=1)
    axes.vlines(x, 0, rows["value"], color=DIRECT, linewidth=1.5, zorder=2)
    axes.plot(x, rows["value"], "^", color=DIRECT, markersize=4, zorder=3)
    axes.axhline(0, color="#BBBBBB", linewidth=0.6, zorder=0)
    axes.set_xticks([0, len(rows) - 1], ["embedding", "biases"])
    axes.set_xlabel("parts in their order", labelpad=1)
    axes.set_ylabel("logits")


_FIRST = (_top, _over_training, _components, _circuit)
_SECOND = (_heads, _positions, _tracing, _direct)
_TOKENS = (_positions, _tracing)
_MAPS = (_first_map, _last_map)
_WORDS = (_words,)
_EDGES = (_edge_matrix, _edge_circuit, _direct_logits)
_LOGITS = (_direct_logits,)
NAMED = {
    _EDGES: ", edges",
    _LOGITS: ", parts",
    _SECOND: ", heads and positions",
    _TOKENS: ", positions",
    _MAPS: ", positions",
    _WORDS: ", words",
}


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
            line("black", "null mean (in its quantity's colour)", linestyle=":"),
            line(DIRECT, "direct path to the logits", marker="^", markersize=4, linestyle="none"),
            line("black", f"beyond {BEYOND} deviations of the null", marker=".", markersize=3, linestyle="none"),
        ],
    ]
