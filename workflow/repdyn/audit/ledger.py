"""The ledger: every claim with its columns side by side, as a table, as a file and on a terminal."""

import json
import textwrap

import numpy as np
import pandas as pd

from repdyn.audit.columns import (
    NULL_COLUMNS,
    TESTED,
    as_published,
    deciding,
    defects,
    repaired,
    repaired_with_nulls,
)  # fmt: skip
from repdyn.audit.deciding import asked, decided_by, deciding_quantities
from repdyn.audit.definitions import AS_PUBLISHED, column_of
from repdyn.audit.definitions import REPAIRED as REPAIRED_DEFINITIONS
from repdyn.audit.type_errors import type_errors
from repdyn.audit.verdict_errors import COLUMNS, verdict_errors
from repdyn.audit.verdicts import decide_all
from repdyn.wording.numbers import interval, short

KEY = ["claim", "quantity"]
REPAIRED = ["repaired_low", "repaired_high", "repaired_se", "repaired_df", "scale", "repaired_runs"]
DEFECT = ["defect", "defect_mean", "defect_low", "defect_high"]
AUDIT_COLUMNS = [
    *KEY, "published", "as_published", *DEFECT[1:], "repaired", *REPAIRED, "null_mean", "null_low", "null_high", "null",
    "defect", "note",
]  # fmt: skip
LEDGER_COLUMNS = [
    "claim", "title", "quantity", "published", "as_published", *DEFECT, "repaired", *REPAIRED, "null", "null_mean",
    "null_low", "null_high", "ours", "ours_low", "ours_high", "ours_se", "ours_df", "runs", "decides", "evidence", "holds",
    "parts", "evidence_reason", "reason", "note",
]  # fmt: skip
# One layer of one run of each family: few series, enough to show the published metric beside the repaired one.
SERIES = {
    "transformer_deep_mnist": "transformer.layers.5.linear2",
    "cnn_deep_mnist": "conv_layers.0",
    "mlp_narrow_mnist": "network.4",
}


def ledger(logs: dict[str, tuple], filters: dict | None = None) -> pd.DataFrame:
    """as_published and repaired side by side: claim, quantity, as_published, repaired, note_published, note_repaired."""
    return _join(as_published(logs, filters), repaired(logs))


def audit(
    logs: dict[str, tuple], claims: dict, level: float, filters: dict | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The audit of the published logs, and `verdict_errors` of their design.

    AUDIT_COLUMNS, claims in order, printed quantities first.

    logs: run name -> what `published_logs.parse_log` returned for it. claims: config/claims.yaml. level: of the
    jump detector. filters: of the published checkpoints. Numbers are in the units in which they were printed.
    """
    mended, found = repaired_with_nulls(logs, level, filters)
    table = _join(as_published(logs, filters), mended)
    table = table.merge(defects(logs, filters), on=KEY, how="left").merge(printed(claims), on=KEY, how="left")
    table = table.rename(columns={name: f"repaired_{name}" for name in TESTED if name != "scale"})
    table = table.assign(unprinted=table["published"].isna()).sort_values(["claim", "unprinted"], kind="stable")
    notes = table[["note_published", "note_repaired"]].fillna("").to_numpy()
    table["note"] = ["; ".join(dict.fromkeys(filter(None, pair))) for pair in notes]
    table[["null", "defect", "scale"]] = table[["null", "defect", "scale"]].fillna("")
    errors = verdict_errors(deciding(found, deciding_quantities(claims)), claims["claims"], seeds=1, designs=())
    errors = pd.concat([errors, _of_published_types(claims)]).sort_values("claim", kind="stable", ignore_index=True)
    return table[AUDIT_COLUMNS].reset_index(drop=True), errors


def _of_published_types(claims: dict) -> pd.DataFrame:
    """Rows of `verdict_errors` with as many jumps as were published, of the published types and of types of equal size."""
    rows = []
    for claim in claims["claims"]:
        if claim["verdict"]["rule"] == "equals":
            sizes = [size["value"] for size in claim["published"].values()]
            jumps = sum(sizes)
            for part, each in (("", sizes), (", types of equal size", [1] * len(sizes))):
                rows += type_errors(claim["id"], f"{jumps:,} jumps{part}", 1, jumps, each)
    return pd.DataFrame(rows, columns=COLUMNS)


def printed(claims: dict) -> pd.DataFrame:
    """The numbers as printed: claim, quantity, published."""
    rows = [
        (claim["id"], quantity, float(number["value"]))
        for claim in claims["claims"]
        for quantity, number in claim["published"].items()
    ]
    return pd.DataFrame(rows, columns=[*KEY, "published"])


def with_ours(
    audited: pd.DataFrame,
    ours: pd.DataFrame,
    claims: dict,
    errors: pd.DataFrame | None = None,
    published_errors: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The whole ledger: LEDGER_COLUMNS, a row per claim and quantity, what is said of the claim repeated.

    audited: `audit`, possibly read from its file. ours: `columns.ours`. errors: `verdict_errors` of the design of ours,
    published_errors: of that of the published runs.
    """
    table = audited.merge(ours, on=KEY, how="outer", sort=False, suffixes=("", "_ours"))
    table["scale"] = (
        table["scale"].fillna(table["scale_ours"]).fillna("").where(table["scale"].ne(""), table["scale_ours"])
    )
    table["scale"] = table["scale"].fillna("")
    # What was printed in the order of the configuration, the most telling first; then as in the audit; then as
    # claims give ours, which the merge has in no order.
    first = [(claim["id"], quantity) for claim in claims["claims"] for quantity in claim["published"]]
    keys = [*first, *(key for part in (audited, ours) for key in map(tuple, part[KEY].to_numpy()))]
    order = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    table["order"] = [order[key] for key in map(tuple, table[KEY].to_numpy())]
    table = table.sort_values(["claim", "order"], kind="stable").drop(columns="order")
    found = decide_all(table, claims["claims"], errors, published_errors)
    rules = {claim["id"]: decided_by(claim["verdict"]) for claim in claims["claims"]}
    table["decides"] = [row.quantity in rules[row.claim] for row in table.itertuples()]
    titles = {claim["id"]: claim["claim"] for claim in claims["claims"]}
    table["title"] = table["claim"].map(titles)
    for column in ("evidence", "holds", "evidence_reason", "reason"):
        table[column] = table["claim"].map({claim: getattr(verdict, column) for claim, verdict in found.items()})
    table["parts"] = table["claim"].map({claim: json.dumps(verdict.parts) for claim, verdict in found.items()})
    table[["null", "note", "defect"]] = table[["null", "note", "defect"]].fillna("")
    table["runs"] = table["runs"].fillna(0).astype(np.int64)
    return table[LEDGER_COLUMNS].reset_index(drop=True)


def published_series(logs: dict[str, tuple]) -> pd.DataFrame:
    """A few series under both metrics: run, layer, step, published_minus_1, stable_rank."""
    rows = []
    true = {run.name: run for run in column_of(logs, REPAIRED_DEFINITIONS).runs}
    for run in column_of(logs, AS_PUBLISHED).runs:
        if run.name in SERIES:
            at = run.layers.index(SERIES[run.name])
            columns = (run.steps, run.values[:, at] - 1, true[run.name].values[:, at])
            rows += [(run.name, SERIES[run.name], *numbers) for numbers in zip(*columns, strict=True)]
    return pd.DataFrame(rows, columns=["run", "layer", "step", "published_minus_1", "stable_rank"])


def terminal(table: pd.DataFrame, claims: dict, width: int = 140) -> str:
    """The ledger for a terminal: a heading per claim, then its printed quantities and those of its verdict's rule.

    table: AUDIT_COLUMNS or LEDGER_COLUMNS.
    """
    with_runs = "ours" in table
    heads = ["quantity", "published", "as published", "repaired", "null"] + (["ours"] if with_runs else [])
    lines = []
    for claim in claims["claims"]:
        rows = table[table["claim"] == claim["id"]]
        rows = rows[rows["published"].notna() | rows["quantity"].isin(asked(claim["verdict"]))]
        verdict = f": {words(rows.iloc[0])}" if with_runs and len(rows) else ""
        lines += ["", f"{claim['id']}  {claim['claim']}{verdict}"[:width]]
        marks = {} if with_runs else dict(zip(dict.fromkeys(filter(None, rows["null"])), "abcdefgh", strict=False))
        lines += [_line(row, with_runs, marks.get(row.null, "")) for row in rows.itertuples()]
        lines += [f"    {mark}  {null}" for null, mark in marks.items()]
        if with_runs and len(rows):
            for heading, column in (("published evidence", "evidence_reason"), ("our runs", "reason")):
                lines += [f"    {part}" for part in textwrap.wrap(f"{heading}: {rows[column].iloc[0]}", width - 4)]
        elif not claim["derivable"]:
            lines.append(f"    {claim['reason']}")
    return "\n".join(line.rstrip() for line in [_cells(heads), *lines])


def words(row) -> str:
    """Both words of a claim, and of its parts where it has several."""
    return f"the published evidence: {row['evidence']}; in our runs: {row['holds']}"


def _line(row, with_runs: bool, mark: str) -> str:
    ends = (row.null_low, row.null_high) if row.null_low < row.null_high else (np.nan, np.nan)
    null = interval(row.null_mean, *ends) if np.isfinite(row.null_mean) or not mark else "none"
    null += f" {mark:1}" if not with_runs else ""
    cells = [row.quantity, short(row.published), short(row.as_published), short(row.repaired), null]
    if with_runs:
        cells.append(interval(row.ours, row.ours_low, row.ours_high))
    return _cells(cells)


def _cells(cells: list[str]) -> str:
    widths = (44, 10, 13, 10, 27, 26)
    return "    " + " ".join(
        f"{cell:<{size}}" if i == 0 else f"{cell:>{size}}"
        for i, (cell, size) in enumerate(zip(cells, widths, strict=False))
    )


def _join(published: pd.DataFrame, mended: pd.DataFrame) -> pd.DataFrame:
    """All quantities in the order in which the claims list them; an outer merge would sort them."""
    published = published.rename(columns={"value": "as_published", "note": "note_published"})
    mended = mended.rename(columns={"value": "repaired", "note": "note_repaired"})
    rows = pd.concat([published[KEY], mended[KEY]]).drop_duplicates().sort_values("claim", kind="stable")
    rows = rows.merge(published, on=KEY, how="left").merge(mended, on=KEY, how="left")
    rows = rows.fillna({"note_published": "", "note_repaired": ""})
    further = [name for name in (*NULL_COLUMNS[2:], *TESTED) if name in rows]
    return rows[[*KEY, "as_published", "repaired", *further, "note_published", "note_repaired"]]
