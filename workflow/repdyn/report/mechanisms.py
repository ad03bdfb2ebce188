"""Phase 2 on the page: event windows, measurements and hypotheses as cells of tables."""

import pandas as pd

from repdyn.report.html import run_name
from repdyn.report.quantities import names_of_classes
from repdyn.study.exclusion import learned
from repdyn.study.hypotheses import TOO_FEW
from repdyn.wording.names import family_name, family_order, layer_name, measure_name
from repdyn.wording.numbers import MISSING, interval, plural, short


def window_summary(moments: pd.DataFrame, runs: pd.DataFrame) -> str:
    """How many of the runs that learned are looked at around jumps, of which period, and what the others are looked at for.

    moments: a row per window of every run. runs: the table of runs.
    """
    kept = learned(runs)
    moments = moments.merge(kept[["experiment", "seed"]], on=["experiment", "seed"])
    jumps = moments[moments["kind"] == "jump"]
    controls = int((moments["kind"] == "control").sum())
    placebos = int((moments["kind"] == "placebo").sum())
    having = len(jumps[["experiment", "seed"]].drop_duplicates())
    periods = ", ".join(f"{(jumps['period'] == name).sum()} {name}" for name in ("early", "middle", "late"))
    around = (
        f"Of {plural(len(kept), 'run')} that learned, {having} are looked into around their largest jumps: "
        f"{plural(len(jumps), 'event window')} ({periods}), {controls} of them with a matched control window of the same "
        "period."
        if having
        else f"No run of {len(kept)} that learned has a jump to look into."
    )
    return (
        f"{around} The other {len(kept) - having} keep the fixed grid; {plural(placebos, 'run')} without an early jump are "
        "looked at where early jumps are usual, as a placebo."
    )


def window_rows(moments: pd.DataFrame) -> list[list[str]]:
    """Cells per window: run, kind, period, layer, pair, steps, relative magnitude."""
    return [
        [
            run_name(row.experiment, row.seed),
            row.kind,
            row.period,
            layer_name(row.layer) if isinstance(row.layer, str) else "",
            str(row.pair),
            f"{row.before}, {row.at}, {row.after}",
            short(row.relative_magnitude) if pd.notna(row.relative_magnitude) else "",
        ]
        for row in moments.itertuples()
    ]


def hypothesis_rows(hypotheses: pd.DataFrame) -> list[dict]:
    """One entry per hypothesis and family: its name, the cells of its row, whether it could be tested, and the reason."""
    return [
        {
            "name": f"{row.id}, {family_name(row.family)}",
            "reason": row.reason,
            "tested": row.verdict != TOO_FEW,
            "cells": [
                row.id,
                family_name(row.family),
                row.question,
                row.verdict,
                short(row.experiments),
                interval(row.effect, row.low, row.high),
                short(row.q),
                interval(row.placebo, row.placebo_low, row.placebo_high),
                short(row.placebo_p),
                short(row.planned_power),
                short(row.detectable),
            ],
        }
        for row in hypotheses.itertuples()
    ]


def measurement_tables(measurements: pd.DataFrame) -> list[tuple[str, list[str], list[list[str]]]]:
    """Per family: headings of the phases, and cells per quantity: name, runs, null at the last phase, value at each phase.

    measurements: quantity, family, phase, value, low, high, null_mean, experiments. Quantities that are not measured at the
    last phase are left out: they belong to event windows, or say how another was measured. So are names of classes, of
    which there is no mean.
    """
    tables = []
    for family in family_order(measurements["family"]):
        part = measurements[(measurements["family"] == family) & ~measurements["quantity"].isin(names_of_classes())]
        phases = sorted(part["phase"].unique())
        rows = []
        for quantity, values in part.groupby("quantity", sort=True, observed=True):
            at = values.set_index("phase")
            if phases[-1] not in at.index:
                continue
            cells = [
                interval(at.loc[phase, "value"], at.loc[phase, "low"], at.loc[phase, "high"])
                if phase in at.index
                else MISSING
                for phase in phases
            ]
            rows.append(
                [
                    measure_name(str(quantity)),
                    short(int(at["experiments"].max())),
                    short(at["null_mean"].iloc[-1]),
                    *cells,
                ]
            )
        tables.append((family, [f"fraction {phase:g}" for phase in phases], rows))
    return tables
