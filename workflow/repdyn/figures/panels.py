"""Small multiples: the grid of panels, their scales and their key."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from repdyn.figures.style import DATASETS
from repdyn.wording.names import family_order
from repdyn.wording.numbers import plural

RUN = ["experiment", "seed"]
COLUMNS = 4  # panels in a row of architectures
KEY_ROW = 0.19  # inches


def panel_grid(rows: int, columns: int, width: float, height: float, top: float, left: float = 0.75, share=False):
    """A figure and its panels, each cell of the given inches (so that labels never depend on how many there are)."""
    from matplotlib.figure import Figure

    bottom, gap_x, gap_y = 0.65 if share else 0.5, 0.35, 0.55
    across = max(left + columns * width, 6.0)
    up = top + rows * height + bottom - gap_y
    figure = Figure(figsize=(across, up))
    panels = figure.subplots(rows, columns, squeeze=False, sharey=share)
    figure.subplots_adjust(
        left=left / across,
        right=(left + columns * width - 0.2) / across,
        top=1 - top / up,
        bottom=bottom / up,
        wspace=gap_x / (width - gap_x),
        hspace=gap_y / (height - gap_y),
    )
    return figure, panels


def architecture_grid(experiments: pd.DataFrame, columns: int = COLUMNS) -> list[list[str]]:
    """Rows of at most `columns` architectures: every family starts a row, inside it in the order of the frame."""
    rows = []
    for family in family_order(experiments["family"]):
        names = experiments.loc[experiments["family"] == family, "architecture"].unique().tolist()
        rows += [names[start : start + columns] for start in range(0, len(names), columns)]
    return rows


def dataset_order(datasets) -> list[str]:
    """The given datasets without repeats: the study's own in their order, then any others by name."""
    present = set(datasets)
    return [name for name in DATASETS if name in present] + sorted(present - set(DATASETS))


def logarithmic(panels: list, values: pd.Series, axis: str = "y") -> None:
    """A logarithmic scale with round labels that holds all finite positive values."""
    from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

    values = values[np.isfinite(values) & (values > 0)]
    low, high = (values.min() / 1.15, values.max() * 1.15) if len(values) else (0.9, 11.0)
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for within in ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 5), (1,)):
        ticks = [n * 10.0**d for d in decades for n in within if low <= n * 10.0**d <= high]
        if len(ticks) <= 7:
            break
    for axes in panels:
        line = axes.yaxis if axis == "y" else axes.xaxis
        axes.set(**{f"{axis}scale": "log", f"{axis}lim": (low, high)})
        line.set_major_locator(FixedLocator(ticks))
        line.set_major_formatter("{x:g}")
        line.set_minor_locator(NullLocator())
        line.set_minor_formatter(NullFormatter())


def say(axes, message: str) -> None:
    axes.text(0.5, 0.5, message, ha="center", va="center", transform=axes.transAxes, color="#555555")
    axes.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
    axes.spines[:].set_visible(False)


def first_seeds(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """(experiment, rows of its first seed), in the order of the table."""
    first = table[table["seed"] == table.groupby("experiment", observed=True)["seed"].transform("min")]
    return [(str(name), run) for name, run in first.groupby("experiment", sort=False, observed=True)]


def quantity_of(run: pd.DataFrame, quantity: str, layer: str | None = None) -> pd.DataFrame:
    """Rows of a quantity by step, of one layer if it is named."""
    rows = run[run["quantity"] == quantity]
    return (rows if layer is None else rows[rows["layer"].astype(str) == layer]).sort_values("step")


def named_row(figure, name: str, bottom: float, above: float, lefts: list[float], width: float, height: float) -> list:
    """Axes of width x height side by side at `lefts`, all at `bottom`, and a name at the left edge `above` them; inches."""
    across, up = figure.get_size_inches()
    figure.text(0.12 / across, (bottom + height + above) / up, name, fontweight="bold", fontsize=8.5)
    return [figure.add_axes((left / across, bottom / up, width / across, height / up)) for left in lefts]


def share_down(rows: list[list], columns: Iterable[int], axis: str = "y") -> None:
    """One scale for the panels of each of these columns, so that runs can be compared; panels of words keep theirs."""
    for column in columns:
        share([row[column] for row in rows], axis)


def share(panels: list, axis: str = "y") -> None:
    """One scale of y, or of x, for these panels, wide enough for all; panels of words keep theirs."""
    drawn = [axes for axes in panels if axes.has_data()]
    ends = [getattr(axes, f"get_{axis}lim")() for axes in drawn]
    for axes in drawn:
        axes.set(**{f"{axis}lim": (min(low for low, _ in ends), max(high for _, high in ends))})


def key_above(figure, rows: list[list]) -> None:
    """Legend entries along the top edge, row by row."""
    across, up = figure.get_size_inches()
    for number, entries in enumerate(rows):
        anchor = (0.1 / across, 1 - (0.06 + KEY_ROW * number) / up)
        figure.legend(
            handles=entries, loc="upper left", bbox_to_anchor=anchor, ncols=len(entries), borderaxespad=0,
            columnspacing=1.5,
        )  # fmt: skip


def dataset_entries(styles: dict) -> list:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=colour, marker=marker, markersize=5, label=dataset)
        for dataset, (colour, marker) in styles.items()
    ]


def flagged_label(number: int, addition: str = "") -> str:
    return f"diverged or at chance ({plural(number, 'run')}{addition})"
