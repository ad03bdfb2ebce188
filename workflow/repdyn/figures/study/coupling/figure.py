"""Whether critical steps of layers coincide, and whether the loss falls at them: what claims C07 and C08 rest on."""

import numpy as np
import pandas as pd

from repdyn.figures.by_family import (
    ALL,
    ALL_COLOUR,
    by_statistic,
    draw_families,
    head,
    nothing_learned,
    row_of,
    rows_of,
    title_panel,
)
from repdyn.figures.estimates import COLUMNS, draw_estimates
from repdyn.figures.facts import headline
from repdyn.figures.panels import say
from repdyn.figures.style import message_figure, styled
from repdyn.wording.names import family_order
from repdyn.wording.numbers import short

SHARE, CORRELATION = "critical steps with falling loss", "|correlation| with the loss"


def draw(study):
    return coupling(*(study.tables[name] for name in ("experiments", "statistics", "claim_numbers")))


@styled
def coupling(experiments: pd.DataFrame, statistics: pd.DataFrame, numbers: pd.DataFrame):
    """Coincidence of critical steps, falling loss at them beyond what the losses of other runs give, and correlation.

    experiments, statistics: as for `facts.headline`. numbers: claim_numbers.parquet, `audit.columns.OURS` with metric.
    """
    from matplotlib.figure import Figure

    _, facts = headline(experiments, statistics, (SHARE, CORRELATION))
    if not facts["totals"]["runs"]:
        return message_figure(nothing_learned(facts["totals"]))
    numbers = numbers[numbers["metric"] == facts["metric"]].set_index(["claim", "quantity"])
    families = family_order(row["family"] for row in facts["families"])
    table = by_statistic(facts["statistics"])
    figure = Figure(figsize=(9.2, 3.1))
    panels = figure.subplots(1, 3)
    figure.subplots_adjust(left=0.1, right=0.98, top=0.63, bottom=0.16, wspace=0.42)
    title_panel(panels[0], "Layers together", "pairs critical at once, over chance within a window")
    names = [f"coincidence_ratio_{family}" for family in families]
    rows = pd.DataFrame([_number(numbers, "C07", name, 1.0) for name in (*names, "coincidence_ratio")])
    if draw_families(panels[0], rows, families):
        panels[0].set(xlabel="coincident pairs / expected", xlim=(0, 1.05 * panels[0].get_xlim()[1]))
    _excess(panels[1], numbers, row_of(table, SHARE, ALL)["significant"])
    share = row_of(table, CORRELATION, ALL)["significant"]
    note = "no run could be tested" if np.isnan(share) else f"significant in {short(100 * share)} % of runs"
    title_panel(panels[2], "Speed and loss", note)
    if draw_families(panels[2], rows_of(table, CORRELATION, families), families):
        panels[2].set(xlabel="|correlation| with the loss", xlim=(0, 1))
    head(figure, facts, families)
    return figure


def _number(numbers: pd.DataFrame, claim: str, quantity: str, null: float) -> pd.Series:
    """A number of a claim as a row of COLUMNS."""
    if (claim, quantity) not in numbers.index:
        return pd.Series(np.nan, COLUMNS)
    found = numbers.loc[(claim, quantity)]
    return pd.Series([found["ours"], found["ours_low"], found["ours_high"], null, np.nan, np.nan], COLUMNS)


def _excess(axes, numbers: pd.DataFrame, significant: float) -> None:
    """In percentage points, beside what was published of it."""
    note = "no run could be tested" if np.isnan(significant) else f"significant in {short(100 * significant)} % of runs"
    title_panel(axes, "Falling loss at critical steps", note)
    row = 100 * _number(numbers, "C08", "excess", 0.0).astype(np.float64)
    if np.isnan(row["value"]):
        say(axes, "none: no run could be evaluated")
        return
    draw_estimates(axes, pd.DataFrame([row]), [0], [ALL_COLOUR])
    axes.set_yticks([0], ["all runs"])
    axes.tick_params(axis="y", length=0)
    ends = np.nan_to_num(row[["value", "low", "high"]].to_numpy(np.float64))
    axes.set(ylim=(-1, 1), xlim=(min(-1.0, 1.2 * ends.min()), max(5.0, 1.2 * ends.max())))
    axes.set_xlabel("percentage points beyond\nthe losses of other runs")
