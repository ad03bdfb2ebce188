"""The toolkit's pages: contents, and of each family of tools a page with a section for every tool."""

import pandas as pd

from repdyn.report.guide import questions_of
from repdyn.report.html import Picture, fill, run_link
from repdyn.report.quantities import HEADINGS, table_of
from repdyn.toolkit import ALL_TOOLS, PAGES, TOOLS, caption, load, tools_on
from repdyn.wording.names import measure_name
from repdyn.wording.numbers import interval, plural, short

CALIBRATION = ("Method", "System", "Truth", "Found", "Null", "Expected there", "Found there", "CPU s", "Verdict")


def contents(tables: dict[str, pd.DataFrame], calibration: pd.DataFrame, seconds: dict[str, float]) -> str:
    """The first page as HTML: how the methods did where the truth is known, then a sentence per tool.

    tables: {tool: the measurements of all its runs}, with experiment and seed before `measures.table.COLUMNS`; tools by the
    names in `toolkit.ALL_TOOLS`, one without a table is left out. calibration: `calibration.table.COLUMNS`;
    seconds: of its methods. Of a tool with a method that missed, no finding is shown.
    """
    pages = [
        {
            "name": page,
            "title": title,
            "tools": [
                {"name": name, "title": tool.title, "sentence": said(calibration, name, tables[name])}
                for name, tool in tools_on(page).items()
                if name in tables
            ],
        }
        for page, title in PAGES.items()
    ]
    return fill(
        "toolkit",
        pages=[page for page in pages if page["tools"]],
        calibrated=calibrated(calibration),
        missed=calibration.loc[~calibration["calibrated"].astype(bool), "method"].tolist(),
        calibration=calibration_rows(calibration, seconds),
        calibration_headings=CALIBRATION,
        seconds=round(sum(seconds.values())),
    )


def family(
    page: str,
    tables: dict[str, pd.DataFrame],
    figures: dict[str, Picture],
    pages: int,
    calibration: pd.DataFrame,
    seconds: dict[str, float],
) -> str:
    """The page of a family of tools, a name in `toolkit.PAGES`, as HTML. It lies in a folder beside the contents.

    figures: {tool: picture}; tables, calibration, seconds: as for `contents`, of other tools too. pages: how many seeds of
    an experiment, the first, have a page of their own.
    """
    return fill(
        "toolkit_page",
        title=PAGES[page],
        sections=[
            section(name, tables[name], figures.get(name), pages, calibration, seconds)
            for name in tools_on(page)
            if name in tables
        ],
        calibration_headings=CALIBRATION,
        quantity_headings=HEADINGS,
    )


def section(
    name: str,
    table: pd.DataFrame,
    figure: Picture | None,
    pages: int,
    calibration: pd.DataFrame,
    seconds: dict[str, float],
) -> dict:
    """What the page of its family says of a tool."""
    tool = ALL_TOOLS[name]
    own = methods_of(calibration, name)
    findings = load(name, "findings")
    return {
        "name": name,
        "title": tool.title,
        "alt": tool.alt,
        "sentence": said(calibration, name, table),
        "calibrated": calibrated(own),
        "calibration": calibration_rows(own, seconds),
        "paragraphs": [] if not_calibrated(calibration, name) else findings.found(table),
        "limits": findings.limits(table),
        "picture": figure,
        "caption": caption(name),
        "runs": runs_of(table, pages if name in TOOLS else 0),
        "rows": quantity_rows(table),
        "described": table_of(f"repdyn.toolkit.{name}", "measure"),
        "questions": [(place, question.asks) for place, question in questions_of(name).items()],
    }


def said(calibration: pd.DataFrame, tool: str, table: pd.DataFrame) -> str:
    """What a tool found, in a sentence; or that a method of it missed its tolerance."""
    return " ".join(not_calibrated(calibration, tool)) or load(tool, "findings").sentence(table)


def calibrated(calibration: pd.DataFrame) -> str:
    """How many of some methods met their tolerance."""
    return f"{int(calibration['calibrated'].sum())} of {plural(len(calibration), 'method')}"


def methods_of(calibration: pd.DataFrame, tool: str) -> pd.DataFrame:
    """The rows of a tool's methods, and of those that it borrows."""
    return calibration[calibration["tool"].isin([tool, *ALL_TOOLS[tool].borrows])]


def not_calibrated(calibration: pd.DataFrame, tool: str) -> list[str]:
    """What stands in the place of a tool's findings where a method of it missed its tolerance; empty where none did."""
    return [
        f"Not calibrated here: {row.method} found {short(row.estimate)} where the truth is {short(row.truth)}, tolerance"
        f" {short(row.tolerance)} ({row.system}), and {short(row.null)} where {short(row.null_truth)} is expected, tolerance"
        f" {short(row.null_tolerance)} ({row.null_system}). No finding of this tool is shown."
        for row in methods_of(calibration[~calibration["calibrated"].astype(bool)], tool).itertuples()
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
    """(name, page if it has one) of the runs in a table, in its order; from the folder of the toolkit's pages."""
    runs = table[["experiment", "seed"]].drop_duplicates()
    links = [run_link(run.experiment, run.seed, pages) for run in runs.itertuples()]
    return [
        (f"{run.experiment}, seed {run.seed}", link and f"../{link}")
        for run, link in zip(runs.itertuples(), links, strict=True)
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
        rows.append([measure_name(str(quantity)), experiment, short(int(last["step"].iloc[0])), *numbers, counted])
    return rows
