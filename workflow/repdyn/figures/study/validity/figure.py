"""What each jump detector finds where the truth is known: false positives and recall."""

import numpy as np
import pandas as pd

from repdyn.detectors.validity import MAXIMUM_FALSE, REQUIRED, per_series
from repdyn.figures.panels import key_above
from repdyn.figures.style import MARKERS, OKABE_ITO, message_figure, styled
from repdyn.wording.names import detector_name

WIDTH, LEFT, BETWEEN, RIGHT, TOP, BOTTOM = 9.4, 2.15, 2.65, 0.2, 0.55, 0.55  # inches
ROW = 0.3  # inches: a scenario
LOWEST = 0.1  # false positives per 1,000 points: below, the scale is linear


def draw(study):
    return detector_validity(
        study.tables["validity"], study.tables["validity_verdicts"], MAXIMUM_FALSE / per_series(1.0), REQUIRED
    )


@styled
def detector_validity(validity: pd.DataFrame, verdicts: pd.DataFrame, maximum_false: float, required: dict):
    """Left: false positives per 1,000 points; right: recall; a row per scenario, a marker per detector.

    validity: detector, scenario, kind ("null", "planted", "stress"), size, false_per_1000 with false_low and false_high,
    recall with recall_low and recall_high, bound; verdicts: detector, passes. Lines are 95 % intervals. maximum_false (per
    1,000 points), required ((scenario, size): recall): what the rule asks of a detector, where it asks: scenarios in bold.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    if validity.empty:
        return message_figure("No detector was tried.")
    detectors = list(dict.fromkeys(validity["detector"]))
    passes = verdicts.set_index("detector")["passes"]
    sides = {"false_per_1000": _scenarios(validity, "null"), "recall": _scenarios(validity, "recall")}
    rows = max(map(len, sides.values()))
    height = TOP + rows * ROW + BOTTOM
    figure = Figure(figsize=(WIDTH, height))
    across = (WIDTH - LEFT - BETWEEN - RIGHT) / 2
    looks = {name: (OKABE_ITO[i % 7], MARKERS[i % 7]) for i, name in enumerate(detectors)}
    for number, (quantity, scenarios) in enumerate(sides.items()):
        left = LEFT + number * (across + BETWEEN)
        tall = max(len(scenarios), 1) * ROW
        axes = figure.add_axes((left / WIDTH, (height - TOP - tall) / height, across / WIDTH, tall / height))
        _draw(axes, validity, scenarios, quantity, looks)
        if quantity == "recall":
            axes.set(xlim=(0, 1.02), xlabel="recall of planted steps")
            _asked(axes, validity, scenarios, required)
        else:
            _false_scale(axes)
            axes.axvline(maximum_false, color="black", linestyle=":", linewidth=1.0, zorder=1)
    entries = [
        Line2D([], [], linestyle="", marker=marker, color=colour, markersize=5,
               label=f"{detector_name(name)}: {'passes' if passes.get(name, False) else 'fails'}")
        for name, (colour, marker) in looks.items()
    ]  # fmt: skip
    rule = [
        Line2D([], [], color="black", linestyle=":", label="required of the scenarios in bold"),
        Line2D([], [], color="#999999", marker="|", linestyle="", markersize=10, label="most that can be found"),
    ]
    key_above(figure, [entries, rule])
    return figure


def scenario_name(scenario: str, size: float) -> str:
    return scenario if np.isnan(size) else f"{scenario}, {size:g} sd"


def _scenarios(validity: pd.DataFrame, what: str) -> list[tuple]:
    """(scenario, size, kind) in the order of the table: those without a planted step, or with one."""
    planted = validity["recall"].notna()
    chosen = validity[planted if what == "recall" else ~planted & validity["false_per_1000"].notna()]
    found = chosen[["scenario", "size", "kind"]].drop_duplicates()
    return list(found.itertuples(index=False, name=None))


def _draw(axes, validity: pd.DataFrame, scenarios: list[tuple], quantity: str, looks: dict) -> None:
    places = np.arange(len(scenarios))[::-1]
    low, high = ("recall_low", "recall_high") if quantity == "recall" else ("false_low", "false_high")
    offsets = np.linspace(0.3, -0.3, len(looks)) if len(looks) > 1 else [0.0]
    for place, (scenario, size, _) in zip(places, scenarios, strict=True):
        same = (validity["scenario"] == scenario) & (
            validity["size"].isna() if np.isnan(size) else validity["size"] == size
        )
        rows = validity[same].set_index("detector")
        for (name, (colour, marker)), offset in zip(looks.items(), offsets, strict=True):
            if name not in rows.index:
                continue
            row = rows.loc[name]
            axes.hlines(place + offset, row[low], row[high], color=colour, linewidth=1.0, zorder=2)
            axes.scatter(
                row[quantity], place + offset, 20, color=colour, marker=marker, zorder=3, linewidth=0, clip_on=False
            )
    axes.set_yticks(places, [scenario_name(scenario, size) for scenario, size, _ in scenarios])
    for label, (_, _, kind) in zip(axes.get_yticklabels(), scenarios, strict=True):
        label.set_fontweight("normal" if kind == "stress" else "bold")
    axes.tick_params(axis="y", length=0)
    axes.hlines(places[:-1] - 0.5, 0, 1, color="#DDDDDD", linewidth=0.5, transform=axes.get_yaxis_transform(), zorder=0)
    axes.set_ylim(-0.5, max(len(scenarios), 1) - 0.5)


def _asked(axes, validity: pd.DataFrame, scenarios: list[tuple], required: dict) -> None:
    """What is required of a recall, and the most that can be found where that is known, on the rows concerned."""
    bounds = validity.dropna(subset="bound").set_index(["scenario", "size"])["bound"] if "bound" in validity else {}
    for place, (scenario, size, _) in zip(np.arange(len(scenarios))[::-1], scenarios, strict=True):
        if (scenario, size) in required:
            axes.vlines(required[scenario, size], place - 0.5, place + 0.5, color="black", linestyle=":", zorder=1)
        if (scenario, size) in bounds:
            bound = np.max(bounds[scenario, size])
            axes.scatter(bound, place, 160, color="#999999", marker="|", zorder=1, clip_on=False)


def _false_scale(axes) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.set_xscale("symlog", linthresh=LOWEST, linscale=0.5)
    axes.set(xlim=(0, 1000), xlabel="false positives per 1,000 points")
    axes.xaxis.set_major_locator(FixedLocator([0, 0.1, 1, 10, 100, 1000]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
