"""What the hypotheses about jumps came to: contrasts of experiments, their mean and that of placebo windows."""

import textwrap

import numpy as np
import pandas as pd

from repdyn.figures.style import FAMILY_COLOURS, message_figure, styled
from repdyn.study.hypotheses import TOO_FEW
from repdyn.wording.names import family_name, family_order, metric_name
from repdyn.wording.numbers import plural

PLACEBO_COLOUR = "#777777"

EDGE, LEFT, PANEL, WIDTH = 0.12, 1.05, 3.3, 7.6  # inches
TOP, BOTTOM, LINE_HEIGHT, HEAD = 0.5, 0.1, 0.17, 0.24  # inches: a HEAD names the quantity under the lines of a question
ROW, AXES = 0.72, 0.46  # inches: AXES of a ROW hold the panel, the rest its labels
LINE = 90  # characters of a question in a line
LANES = {"jump": 1.0, "placebo": 0.0}


def draw(study):
    return hypothesis_forest(study.tables["hypotheses"], study.tables["contrasts"])


@styled
def hypothesis_forest(hypotheses: pd.DataFrame, contrasts: pd.DataFrame):
    """A row per hypothesis and family: contrasts of experiments as dots, their mean with its interval, and the verdict.

    hypotheses: id, family, question, quantity, experiments, effect, low, high, q, placebo, placebo_low, placebo_high,
    placebo_experiments, verdict. contrasts: hypothesis, family, experiment, kind ("jump" or "placebo"), contrast. Jumps
    are in the upper lane of a row, placebos, in grey, in the lower. Every row has a scale of its own, which holds 0:
    quantities have different units. A row without an effect says so; those without enough jumps are one line below.
    """
    from matplotlib.figure import Figure

    if hypotheses.empty:
        return message_figure("No hypothesis was tested.")
    few = hypotheses[hypotheses["verdict"] == TOO_FEW]
    untested = "Not enough jumps: " + ", ".join(
        f"{row.id} {family_name(row.family)} ({plural(int(row.experiments), 'experiment')})" for row in few.itertuples()
    )
    hypotheses = hypotheses[hypotheses["verdict"] != TOO_FEW]
    if hypotheses.empty:
        return message_figure(textwrap.fill(f"{untested}.", LINE))
    questions = hypotheses.drop_duplicates("id").set_index("id")
    heads = {number: textwrap.wrap(f"{number}  {row['question']}", LINE) for number, row in questions.iterrows()}
    lines = sum(map(len, heads.values()))
    left_out = textwrap.wrap(f"{untested}.", LINE) if len(few) else []
    height = TOP + LINE_HEIGHT * (lines + len(left_out)) + HEAD * len(heads) + ROW * len(hypotheses) + BOTTOM
    figure = Figure(figsize=(WIDTH, height))
    top = height - TOP
    for number, head in heads.items():
        rows = hypotheses[hypotheses["id"] == number]
        for line in head:
            figure.text(EDGE / WIDTH, top / height, line, va="top", fontsize=8.5, fontweight="bold")
            top -= LINE_HEIGHT
        quantity = metric_name(questions.loc[number, "quantity"])
        figure.text(EDGE / WIDTH, top / height, f"quantity: {quantity}", va="top", fontsize=7.5, color="#555555")
        top -= HEAD
        for family in family_order(rows["family"]):
            row = rows[rows["family"] == family].iloc[0]
            axes = figure.add_axes((LEFT / WIDTH, (top - AXES) / height, PANEL / WIDTH, AXES / height))
            own = (contrasts["hypothesis"] == number) & (contrasts["family"] == family)
            _draw_row(axes, row, contrasts[own])
            top -= ROW
    for line in left_out:
        figure.text(EDGE / WIDTH, top / height, line, va="top", color="#555555")
        top -= LINE_HEIGHT
    _key(figure, height)
    return figure


def _draw_row(axes, row: pd.Series, contrasts: pd.DataFrame) -> None:
    colours = {"jump": FAMILY_COLOURS.get(row["family"], "black"), "placebo": PLACEBO_COLOUR}
    means = {
        "jump": (row["effect"], row["low"], row["high"]),
        "placebo": (row["placebo"], row["placebo_low"], row["placebo_high"]),
    }
    for kind, lane in LANES.items():
        dots = contrasts.loc[contrasts["kind"] == kind, "contrast"].to_numpy(np.float64)
        axes.plot(
            dots, np.full(len(dots), lane - 0.28), linestyle="", marker="o", markersize=3.2, alpha=0.5, markeredgewidth=0,
            color=colours[kind], label=f"{kind} contrasts",
        )  # fmt: skip
        mean, low, high = means[kind]
        axes.plot([low, high], [lane + 0.08] * 2, color=colours[kind], linewidth=1.8, label=f"{kind} interval")
        axes.plot(
            [mean], [lane + 0.08], linestyle="", marker="D", markersize=4.5, color=colours[kind], markeredgecolor="white",
            markeredgewidth=0.5, label=f"{kind} mean",
        )  # fmt: skip
    axes.axvline(0, color="black", linewidth=0.7, zorder=0)
    axes.set(ylim=(-0.55, 1.45), yticks=[])
    axes.spines["left"].set_visible(False)
    _scale(axes, [*contrasts["contrast"], *means["jump"], *means["placebo"]])
    axes.tick_params(axis="x", length=2, pad=1.5, labelsize=7)
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "center", "annotation_clip": False}
    axes.annotate(family_name(row["family"]), (0, 0.5), (-8, 0), ha="right", color=colours["jump"], **place)
    axes.annotate(str(row["verdict"]), (1, 0.5), (10, 8), ha="left", fontweight="bold", **place)
    axes.annotate(_facts(row), (1, 0.5), (10, -6), ha="left", fontsize=7, **place)
    if pd.isna(row["effect"]):
        axes.text(0.02, 0.75, "no contrast", va="center", transform=axes.transAxes, color="#555555")


def _scale(axes, values: list) -> None:
    """A scale that holds 0 and all finite values, with at most five labels."""
    from matplotlib.ticker import MaxNLocator

    known = np.array([0.0, *(value for value in values if pd.notna(value) and np.isfinite(value))])
    low, high = known.min(), known.max()
    if high == low:
        axes.set(xlim=(-1, 1), xticks=[0])
        return
    margin = 0.06 * (high - low)
    axes.set_xlim(low - margin, high + margin)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter("{x:g}")


def _facts(row: pd.Series) -> str:
    numbers = row[["experiments", "placebo_experiments"]].fillna(0).astype(int)
    counted = f"{plural(numbers.iloc[0], 'experiment')}, {plural(numbers.iloc[1], 'placebo')}"
    if pd.isna(row["q"]):
        return counted
    return ("q < 0.001; " if row["q"] < 0.001 else f"q = {row['q']:.3f}; ") + counted


def _key(figure, height: float) -> None:
    from matplotlib.lines import Line2D

    entries = [
        Line2D([], [], linestyle="", marker="o", markersize=3.2, alpha=0.6, color="black", label="one experiment"),
        Line2D(
            [], [], marker="D", markersize=4.5, color="black", linewidth=1.8, label="mean with interval, jumps (upper)"
        ),
        Line2D(
            [], [], marker="D", markersize=4.5, color=PLACEBO_COLOUR, linewidth=1.8, label="placebo windows (lower)"
        ),
    ]
    figure.legend(
        handles=entries, loc="upper left", bbox_to_anchor=(0.1 / WIDTH, 1 - 0.08 / height), ncols=3, borderaxespad=0,
        columnspacing=1.5,
    )  # fmt: skip
