"""The toolkit's page: a section for every tool with what it found, on which runs, its figure and its numbers."""

import pandas as pd

from repdyn.report.html import Picture, fill, run_link
from repdyn.report.quantities import HEADINGS, table_of
from repdyn.toolkit import TOOLS, caption, load
from repdyn.wording.numbers import short


def render(tables: dict[str, pd.DataFrame], figures: dict[str, Picture], pages: int) -> str:
    """The page as HTML.

    tables: {tool: the measurements of all its runs}, with experiment and seed before `measures.table.COLUMNS`; figures:
    {tool: picture}; tools by the names in `toolkit.TOOLS`, a tool without a table is left out. pages: how many seeds of
    an experiment, the first, have a page of their own.
    """
    sections = [
        {
            "name": name,
            "title": TOOLS[name].title,
            "alt": TOOLS[name].alt,
            "paragraphs": load(name, "findings").found(tables[name]),
            "picture": figures.get(name),
            "caption": caption(name),
            "runs": runs_of(tables[name], pages),
            "rows": quantity_rows(tables[name]),
            "described": table_of(f"repdyn.toolkit.{name}", "measure"),
        }
        for name in TOOLS
        if name in tables
    ]
    return fill("toolkit", sections=sections, quantity_headings=HEADINGS)


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
