"""The toolkit's page: a section for every tool with what it found, on which runs, its figure and its numbers."""

import pandas as pd

from repdyn.report.html import Picture, fill, run_link
from repdyn.report.quantities import HEADINGS, table_of
from repdyn.toolkit import RECURRENT, TOOLS, caption, load
from repdyn.wording.numbers import interval, plural, short

CALIBRATION = ("Method", "System", "Truth", "Found", "Null", "Expected there", "Found there", "CPU s", "Verdict")


def render(
    tables: dict[str, pd.DataFrame],
    figures: dict[str, Picture],
    pages: int,
    calibration: pd.DataFrame,
    seconds: dict[str, float],
) -> str:
    """The page as HTML: calibration, then the tools. Of a tool with a method that missed, no finding is shown.

    tables: {tool: the measurements of all its runs}, with experiment and seed before `measures.table.COLUMNS`; figures:
    {tool: picture}; tools by the names in `toolkit.TOOLS` and RECURRENT, a tool without a table is left out. pages: how
    many seeds of an experiment, the first, have a page of their own. calibration:
    `calibration.table.COLUMNS`; seconds: of its methods.
    """
    sections = [
        {
            "name": name,
            "title": tool.title,
            "alt": tool.alt,
            "paragraphs": not_calibrated(calibration, name) or load(name, "findings").found(tables[name]),
            "picture": figures.get(name),
            "caption": caption(name),
            "runs": runs_of(tables[name], pages if name in TOOLS else 0),
            "rows": quantity_rows(tables[name]),
            "described": table_of(f"repdyn.toolkit.{name}", "measure"),
        }
        for name, tool in (TOOLS | RECURRENT).items()
        if name in tables
    ]
    return fill(
        "toolkit",
        sections=sections,
        quantity_headings=HEADINGS,
        calibrated=f"{int(calibration['calibrated'].sum())} of {plural(len(calibration), 'method')}",
        calibration=calibration_rows(calibration, seconds),
        calibration_headings=CALIBRATION,
        seconds=round(sum(seconds.values())),
    )


def not_calibrated(calibration: pd.DataFrame, tool: str) -> list[str]:
    """What stands in the place of a tool's findings where a method of it missed its tolerance; empty where none did."""
    return [
        f"Not calibrated here: {row.method} found {short(row.estimate)} where the truth is {short(row.truth)}, tolerance"
        f" {short(row.tolerance)} ({row.system}), and {short(row.null)} where {short(row.null_truth)} is expected, tolerance"
        f" {short(row.null_tolerance)} ({row.null_system}). No finding of this tool is shown."
        for row in calibration[(calibration["tool"] == tool) & ~calibration["calibrated"].astype(bool)].itertuples()
    ]


def calibration_rows(calibration: pd.DataFrame, seconds: dict[str, float]) -> list[list[str]]:
    """Cells per method, under CALIBRATION; an answer of NaN is "not evaluable", which may be the right one."""
    return [
        [
            row.method,
            f"{row.quantity}: {row.system}",
            f"{short(row.truth)} ± {short(row.tolerance)}",
            _answer(row.estimate) if pd.isna(row.low) else interval(row.estimate, row.low, row.high),
            row.null_system,
            f"{_answer(row.null_truth)} ± {short(row.null_tolerance)}" if pd.notna(row.null_truth) else "not evaluable",
            _answer(row.null),
            f"{seconds[row.method]:.1f}",
            "calibrated" if row.calibrated else "not calibrated here",
        ]
        for row in calibration.itertuples()
    ]


def _answer(value: float) -> str:
    return "not evaluable" if pd.isna(value) else short(value)


def runs_of(table: pd.DataFrame, pages: int) -> list[tuple[str, str | None]]:
    """(name, page if it has one) of the runs in a table, in its order."""
    runs = table[["experiment", "seed"]].drop_duplicates()
    return [
        (f"{run.experiment}, seed {run.seed}", run_link(run.experiment, run.seed, pages)) for run in runs.itertuples()
    ]


def quantity_rows(table: pd.DataFrame) -> list[list[str]]:
    """Cells per quantity and run at the last step it was measured: quantity, experiment, step, mean, mean of its null.

    Means are over layers and units, values that are not evaluable left out; how many there are of both is the last cell.
    """
    rows = []
    for (quantity, experiment, _), part in table.groupby(["quantity", "experiment", "seed"], observed=True, sort=True):
        last = part[part["step"] == part["step"].max()]
        counted = f"{int(last['value'].notna().sum())} of {len(last)}"
        numbers = (short(float(last["value"].mean())), short(float(last["null_mean"].mean())))
        rows.append([str(quantity).replace("_", " "), experiment, short(int(last["step"].iloc[0])), *numbers, counted])
    return rows
