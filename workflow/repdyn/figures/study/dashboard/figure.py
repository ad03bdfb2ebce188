"""The study at a glance: ten panels of one metric, each beside what is expected without the effect."""

import numpy as np
import pandas as pd

from repdyn.figures.estimates import COLUMNS, NULL_BAND, NULL_LINE, draw_estimates, family_entries, null_entries
from repdyn.figures.panels import key_above, say
from repdyn.figures.phases import draw_phase_bins, log_counts, mark_periods, phase_axis
from repdyn.figures.style import FAMILY_COLOURS, message_figure, styled
from repdyn.wording.names import family_name, family_order, metric_name
from repdyn.wording.numbers import interval, plural, short, two_decimals

ALL, ALL_COLOUR = "all", "black"
WIDTH, TOP, BOTTOM, LEFT, RIGHT = 9.6, 0.95, 0.1, 0.95, 0.12  # inches
PANEL, BETWEEN, TABLE = 1.55, 1.0, 1.65  # inches: height of a panel, from one to the next, height of the table
ACROSS, EDGE = 0.98, 0.15  # inches: between panels; left of the table
PATTERNS = ("bottom-up", "top-down", "simultaneous", "unclear", "not evaluable")
PERIODS = {"early": "jumps that are early", "middle": "jumps in the middle", "late": "jumps that are late"}
MAGNITUDE_EDGES = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0])
NO_JUMPS = "no jumps were found"


def draw(study):
    return dashboard(study.tables["dashboard"])


@styled
def dashboard(facts: dict):
    """Ten panels: facts is what `figure_data.dashboard` collects.

    Coloured: families; black: all runs, with 95 % intervals over experiments. Dotted lines and grey bands are nulls: their
    mean and the range that holds 95 % of it. A panel without data says what it lacks.
    """
    from matplotlib.figure import Figure

    totals = facts["totals"]
    if not totals["runs"]:
        return message_figure(
            f"No run to draw: {totals['excluded']} of {totals['excluded']} diverged or ended at chance."
            if totals["excluded"]
            else "No run to draw."
        )
    families = family_order(row["family"] for row in facts["families"])
    colours = _colours(families)
    height = TOP + 3 * PANEL + 3 * BETWEEN + TABLE + BOTTOM
    figure = Figure(figsize=(WIDTH, height))
    grid = figure.add_gridspec(
        3, 3, left=LEFT / WIDTH, right=1 - RIGHT / WIDTH, top=1 - TOP / height,
        bottom=(BOTTOM + TABLE + BETWEEN) / height, wspace=ACROSS / ((WIDTH - LEFT - RIGHT - 2 * ACROSS) / 3),
        hspace=BETWEEN / PANEL,
    )  # fmt: skip
    statistics = _statistics(facts)
    panels = [figure.add_subplot(grid[place]) for place in range(9)]
    jumps = pd.DataFrame(facts["jumps"], columns=["family", "phase", "relative_magnitude"])
    _patterns(panels[0], facts, families, colours)
    _timing(panels[1], facts, statistics, families, colours)
    _rates(panels[2], totals, statistics, families, colours)
    _coordination(panels[3], statistics, families, colours)
    _phases(panels[4], facts, jumps, families, colours)
    _phase_by_family(panels[5], facts, jumps, families, colours)
    _magnitudes(panels[6], jumps, statistics, families, colours)
    _types(panels[7], facts["types"])
    _loss(panels[8], statistics, families, colours)
    table = figure.add_axes((EDGE / WIDTH, BOTTOM / height, 1 - 2 * EDGE / WIDTH, TABLE / height))
    _key_statistics(table, key_statistics(facts, statistics))
    entries = family_entries(families, colours)
    heading = f"{metric_name(facts['metric']).capitalize()}, {plural(totals['runs'], 'run')}"
    if totals["excluded"]:
        heading += f" ({totals['excluded']} more diverged or ended at chance)"
    figure.text(0.1 / WIDTH, 1 - 0.08 / height, heading, va="top", fontsize=10)
    key_above(figure, [[], [*entries, *_dot_entries(), *null_entries("null: mean", "null: 95 %")]])
    return figure


def key_statistics(facts: dict, statistics: pd.DataFrame) -> list[tuple[str, str, str]]:
    """What, observed, and expected without the effect, in words; statistics: as in facts, by statistic and family."""
    totals = facts["totals"]
    types = facts["types"]
    found, runs = totals["jumps"], totals["runs"]

    def row(name: str, statistic: str, write) -> tuple[str, str, str]:
        value = _row(statistics, statistic)
        seen = "none" if np.isnan(value["value"]) else interval(value["value"], value["low"], value["high"], write)
        return name, seen, "" if np.isnan(value["null_mean"]) else write(value["null_mean"])

    median = short(totals["median_phase"]) if found else "none"
    return [
        ("jumps (default detector)", f"{found:,} in {totals['runs_with_jumps']} of {plural(runs, 'run')}",
         f"{short(totals['jumps_null'])} false ones"),
        (f"|z| > {totals['threshold']:g} (published rule)", f"{totals['z_jumps']:,}",
         f"{totals['z_jumps_null']:,.0f} on surrogates"),
        ("layers searched", f"{totals['layers_searched']:,} of {totals['layers']:,}", ""),
        row("jumps per layer", "jumps per layer", short),
        ("median training fraction of jumps", median, "0.5"),
        row("jumps before training fraction 0.1", "jumps that are early", _percent),
        row("jumps that increase the dimension", "jumps that increase", _percent),
        row("layers with critical periods", "layers with critical periods", _percent),
        row("coincident critical steps / expected", "coincident critical steps / expected", two_decimals),
        row("the same within windows of time", "coincident within windows / expected", two_decimals),
        row("critical steps with falling loss", "critical steps with falling loss", _percent),
        row("|correlation| with the loss", "|correlation| with the loss", two_decimals),
        row("order of settling (rho with depth)", "order of settling (rho)", two_decimals),
        ("types of jumps", types.get("verdict", "none"), ""),
    ]  # fmt: skip


def _colours(families: list[str]) -> dict[str, str]:
    return {family: FAMILY_COLOURS.get(family, "#999999") for family in families} | {ALL: ALL_COLOUR}


def _dot_entries() -> list:
    from matplotlib.lines import Line2D

    look = {"color": ALL_COLOUR, "marker": "o", "markersize": 4.5}
    return [
        Line2D([], [], linewidth=1.3, label="all runs; line: 95 % interval", **look),
        Line2D([], [], linestyle="", markerfacecolor="white", label="too few for an interval", **look),
    ]


def _statistics(facts: dict) -> pd.DataFrame:
    """By statistic and family, numbers as floats."""
    table = pd.DataFrame(facts["statistics"], columns=["statistic", "family", *COLUMNS, "significant", "runs"])
    table = table.astype(dict.fromkeys([*COLUMNS, "significant"], np.float64))
    return table.set_index(["statistic", "family"])


def _row(statistics: pd.DataFrame, name: str, family: str = ALL) -> pd.Series:
    if (name, family) in statistics.index:
        return statistics.loc[(name, family)]
    return pd.Series(np.nan, [*COLUMNS, "significant", "runs"])


def _rows(statistics: pd.DataFrame, name: str, families: list[str]) -> pd.DataFrame:
    """A row per family and then all."""
    return pd.DataFrame([_row(statistics, name, family) for family in (*families, ALL)])


def _percent(share: float) -> str:
    return f"{short(100 * share)} %"


def _title(axes, title: str, note: str) -> None:
    axes.set_title(title, loc="left", pad=17, fontweight="bold")
    axes.annotate(note, (0, 1), (0, 5), xycoords="axes fraction", textcoords="offset points", fontsize=7.5,
                  color="#444444")  # fmt: skip


def _family_axis(axes, families: list[str]) -> np.ndarray:
    """Families and "all runs" from top to bottom: their places."""
    names = [family_name(family) for family in families] + ["all runs"]
    places = np.arange(len(names))[::-1]
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.6, len(names) - 0.4)
    return places


def _family_estimates(axes, rows: pd.DataFrame, families: list[str], colours: dict) -> bool:
    """Draw them if there is any; whether there was."""
    if rows["value"].isna().all():
        say(axes, "none: no run could be evaluated")
        return False
    places = _family_axis(axes, families)
    draw_estimates(axes, rows, places, [colours[name] for name in (*families, ALL)])
    for place, value in zip(places, rows["value"], strict=True):
        if np.isnan(value):
            axes.text(0.02, place, "none", va="center", color="#555555", transform=axes.get_yaxis_transform())
    return True


def _patterns(axes, facts: dict, families: list[str], colours: dict) -> None:
    found = pd.DataFrame(facts["patterns"], columns=["pattern", "family", "runs"])
    null = pd.DataFrame(facts["pattern_null"]).set_index("pattern").astype(np.float64)
    shown = [name for name in PATTERNS if name != "not evaluable" or name in set(found["pattern"])]
    _title(axes, "a  Order of convergence", "runs by pattern, from the settling of their layers")
    places = np.arange(len(shown))[::-1]
    for place, pattern in zip(places, shown, strict=True):
        left = 0
        for family in families:
            runs = int(found.loc[(found["pattern"] == pattern) & (found["family"] == family), "runs"].sum())
            axes.barh(place, runs, 0.5, left, color=colours[family], zorder=3)
            left += runs
        # Whether a run can be evaluated at all is no outcome of a permutation.
        end = left
        if pattern != "not evaluable":
            low, high = null.loc[pattern, ["low", "high"]]
            end = max(left, high)
            axes.barh(place, high - low, 0.78, low, zorder=1, **NULL_BAND)
            axes.vlines(null.loc[pattern, "mean"], place - 0.42, place + 0.42, zorder=4, **NULL_LINE)
        axes.annotate(f"{left}", (end, place), (4, 0), textcoords="offset points", va="center", fontsize=7.5)
    axes.set_yticks(places, shown)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 1.12 * max(axes.get_xlim()[1], 1))
    axes.set_xlabel("runs")
    _whole_numbers(axes.xaxis)


def _whole_numbers(axis) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(4, integer=True))


def _timing(axes, facts: dict, statistics: pd.DataFrame, families: list[str], colours: dict) -> None:
    timing = pd.DataFrame(facts["timing"]).set_index("period")
    total = facts["totals"]["jumps"]
    note = "share of a run's jumps: early < 0.1, late > 0.5"
    _title(axes, "b  Timing of jumps", note)
    if not total:
        say(axes, NO_JUMPS)
        return
    names = [*families, ALL]
    centres = np.arange(len(PERIODS)) * (len(names) + 1.5)
    for centre, (period, statistic) in zip(centres, PERIODS.items(), strict=True):
        rows = _rows(statistics, statistic, families)
        half = len(names) / 2 + 0.2
        low, high = timing.loc[period, ["null_low", "null_high"]].astype(np.float64)
        axes.bar(centre, high - low, 2 * half, low, zorder=1, **NULL_BAND)
        axes.hlines(rows["null_mean"].iloc[-1], centre - half, centre + half, zorder=2, **NULL_LINE)
        for offset, (family, row) in enumerate(zip(names, rows.itertuples(), strict=True)):
            place, colour = centre + offset - (len(names) - 1) / 2, colours[family]
            sure = np.isfinite(row.low)
            axes.vlines(place, row.low, row.high, color=colour, linewidth=1.3, zorder=3)
            look = {"facecolor": colour if sure else "white", "edgecolor": colour, "clip_on": False}
            axes.scatter(place, row.value, 22, zorder=4, linewidth=1.0, **look)
    counts = [f"{period}\n{timing.loc[period, 'jumps']} of {total}" for period in PERIODS]
    axes.set_xticks(centres, counts)
    axes.tick_params(axis="x", length=0)
    axes.set(ylim=(0, 1.02), ylabel="share of jumps")


def _rates(axes, totals: dict, statistics: pd.DataFrame, families: list[str], colours: dict) -> None:
    _title(axes, "c  Jumps by family", f"{totals['jumps']:,} jumps; false ones expected: {short(totals['jumps_null'])}")
    if _family_estimates(axes, _rows(statistics, "jumps per layer", families), families, colours):
        axes.set(xlabel="jumps per layer of a run", xlim=(0, 1.03 * max(axes.get_xlim()[1], 0.05)))


def _coordination(axes, statistics: pd.DataFrame, families: list[str], colours: dict) -> None:
    whole, within = (
        _row(statistics, f"coincident {name} / expected")["value"] for name in ("critical steps", "within windows")
    )
    note = "no two layers of a run could be compared"
    if np.isfinite(whole):
        note = f"coincident pairs: {whole:.1f}x expected, {within:.1f}x within windows"
    _title(axes, "d  Coordination of layers", note)
    rows = _rows(statistics, "largest share of layers critical at once", families)
    if _family_estimates(axes, rows, families, colours):
        axes.set(xlabel="largest share of layers critical at once", xlim=(0, 1.02))


def _phases(axes, facts: dict, jumps: pd.DataFrame, families: list[str], colours: dict) -> None:
    if jumps.empty:
        _title(
            axes, "e  Training fraction of jumps", "jumps in bins of the training fraction, against uniform placement"
        )
        say(axes, NO_JUMPS)
        return
    _title(
        axes,
        "e  Training fraction of jumps",
        f"median {short(facts['totals']['median_phase'])}; null: uniform placement",
    )
    bins = pd.DataFrame(facts["bins"])
    edges = np.append(bins["low"], bins["high"].iloc[-1])
    edges[edges == 0.5] = np.nextafter(0.5, 1)  # phase 0.5 belongs to the middle
    counts = {
        family: log_counts(jumps.loc[jumps["family"] == family, "phase"].to_numpy(), edges) for family in families
    }
    draw_phase_bins(axes, bins, counts, colours)
    axes.set(ylabel="jumps")
    _whole_numbers(axes.yaxis)


def _phase_by_family(axes, facts: dict, jumps: pd.DataFrame, families: list[str], colours: dict) -> None:
    _title(axes, "f  Phase by family", "a point is a jump; bar: median")
    if jumps.empty:
        say(axes, NO_JUMPS)
        return
    places = np.arange(len(families))[::-1]
    axes.barh(places, 0.975 - 0.025, 0.8, 0.025, zorder=1, **NULL_BAND)
    axes.vlines(np.full(len(places), 0.5), places - 0.42, places + 0.42, zorder=2, **NULL_LINE)
    for place, family in zip(places, families, strict=True):
        phases = jumps.loc[jumps["family"] == family, "phase"].to_numpy(np.float64)
        axes.scatter(
            phases, place + spread(phases), 9, color=colours[family], alpha=0.7, linewidth=0, zorder=3, clip_on=False
        )
        if len(phases):
            axes.vlines(np.median(phases), place - 0.4, place + 0.4, color=colours[family], linewidth=2, zorder=4)
        else:
            axes.text(0.02, place, "none", va="center", color="#555555", transform=axes.get_yaxis_transform())
    counts = [int((jumps["family"] == family).sum()) for family in families]
    axes.set_yticks(
        places, [f"{family_name(name)}\n{plural(n, 'jump')}" for name, n in zip(families, counts, strict=True)]
    )
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.6, len(families) - 0.4)
    mark_periods(axes)
    phase_axis(axes, facts["bins"][0]["low"])


def spread(values: np.ndarray, half: float = 0.3) -> np.ndarray:
    """Offsets (n,) in [-half, half] that set equal values apart, evenly and without chance."""
    offsets = np.zeros(len(values))
    for value in np.unique(values):
        same = np.flatnonzero(values == value)
        if len(same) > 1:
            offsets[same] = np.linspace(-1, 1, len(same)) * half * min(1, len(same) / 8)
    return offsets


def _magnitudes(axes, jumps: pd.DataFrame, statistics: pd.DataFrame, families: list[str], colours: dict) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    value = _row(statistics, "relative magnitude of jumps")
    note = "black: mean over experiments; no null"
    _title(axes, "g  Size of jumps", note)
    sizes = jumps["relative_magnitude"].to_numpy(np.float64)
    if not len(sizes):
        say(axes, NO_JUMPS)
        return
    below = np.zeros(len(MAGNITUDE_EDGES) - 1)
    for family in families:
        count = log_counts(sizes[jumps["family"] == family], MAGNITUDE_EDGES)
        axes.bar(
            MAGNITUDE_EDGES[:-1], count, np.diff(MAGNITUDE_EDGES), below, align="edge", color=colours[family],
            edgecolor="white", linewidth=0.5, label=family,
        )  # fmt: skip
        below = below + count
    top = 1.22 * below.max()
    draw_estimates(axes, pd.DataFrame([value]), [1.1 * below.max()], [ALL_COLOUR])
    axes.annotate(f"{value['value']:.2f}", (value["value"], 1.1 * below.max()), (-22, 0), textcoords="offset points",
                  va="center", ha="right", fontsize=7.5)  # fmt: skip
    axes.set(xscale="log", xlim=(MAGNITUDE_EDGES[0], 1), ylim=(0, top), ylabel="jumps")
    axes.xaxis.set_major_locator(FixedLocator(MAGNITUDE_EDGES))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("size / range of the layer")
    _whole_numbers(axes.yaxis)


def _types(axes, types: dict) -> None:
    curve = {int(k): score for k, score in (types.get("silhouette") or {}).items()}
    if not curve:
        _title(axes, "h  Types of jumps", "clusters of training fraction, size and speed")
        say(axes, types.get("verdict", "none") + f": {types.get('jumps', 0)}")
        return
    stability = types["stability"]
    note = types["verdict"] + ("" if stability is None else f" (Rand index {stability:.2f})")
    _title(axes, "h  Types of jumps", note)
    axes.plot(list(curve), list(curve.values()), color=ALL_COLOUR, marker="o", markersize=3.5)
    chosen = types["k"]
    if chosen in curve:
        axes.scatter(chosen, curve[chosen], 60, facecolor="none", edgecolor="#D55E00", linewidth=1.5, zorder=4)
    sizes = ", ".join(f"{size:,}" for size in types["sizes"])
    axes.text(0.98, 0.96, f"chosen: {chosen}, p = {short(types['p'])}\nsizes {sizes}", ha="right", va="top",
              transform=axes.transAxes, fontsize=7.5)  # fmt: skip
    axes.set(xlabel="number of clusters", ylabel="silhouette", ylim=(0, 1.35 * max(curve.values())))
    axes.set_xticks(list(curve))


def _loss(axes, statistics: pd.DataFrame, families: list[str], colours: dict) -> None:
    """Two blocks: the published share against its base rate, and the correlation against resampled losses."""
    measures = ("critical steps with falling loss", "|correlation| with the loss")
    blocks = [_rows(statistics, name, families) for name in measures]
    shares = [_row(statistics, name)["significant"] for name in measures]
    if all(rows["value"].isna().all() for rows in blocks):
        _title(axes, "i  Coupling to the loss", "none")
        say(axes, "none: no run could be evaluated")
        return
    written = ["none" if np.isnan(share) else _percent(share) for share in shares]
    _title(axes, "i  Coupling to the loss", f"runs significant: \u25cf {written[0]}, \u25a0 {written[1]}")
    places = _family_axis(axes, families)
    for rows, marker in zip(blocks, ("o", "s"), strict=True):
        draw_estimates(axes, rows, places, [colours[name] for name in (*families, ALL)], marker)
    axes.set(xlabel="\u25cf share with falling loss    \u25a0 |correlation|", xlim=(0, 1.02))


def _key_statistics(axes, rows: list[tuple[str, str, str]]) -> None:
    """Two columns of what was found, and what is expected without the effect."""
    _title(axes, "j  Key statistics", "mean over experiments with 95 % interval; grey: expected without the effect")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.axis("off")
    half = -(-len(rows) // 2)
    for number, (name, seen, expected) in enumerate(rows):
        column, place = divmod(number, half)
        left, y = 0.525 * column, 1 - (place + 0.7) / half
        axes.text(left, y, name)
        axes.text(left + 0.215, y, seen)
        axes.text(left + 0.39, y, expected, color="#777777")
