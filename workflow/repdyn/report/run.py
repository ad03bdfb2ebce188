"""The page of one run: what it is, its trajectory, its jumps, and what changes inside it."""

import pandas as pd

from repdyn.figures.registry import RUN, run_caption
from repdyn.measures import left_out
from repdyn.report.html import Picture, fill
from repdyn.report.quantities import names_of_classes
from repdyn.wording.names import family_name, layer_name, measure_name, metric_name
from repdyn.wording.numbers import MISSING, short, written


def render(facts: dict, phase1: dict, plan: dict, tables: dict[str, pd.DataFrame], figures: dict[str, Picture]) -> str:
    """The page as HTML.

    facts: content of run.json; phase1: of phase1.json; plan: of moments.json. tables: jumps and measurements of the run.
    figures: by the names in figures.registry.RUN; those that a family does not have are left out.
    """
    metric = phase1["metric"]
    steps, measurements = measurement_rows(tables["measurements"], plan["grid"])
    return fill(
        "run",
        name=f"{facts['experiment']}, seed {facts['seed']}",
        facts=_facts(facts, phase1),
        panels=[(name, panel, figures[name], run_caption(name)) for name, panel in RUN.items() if name in figures],
        metric=metric_name(metric),
        jumps=jump_rows(tables["jumps"], metric),
        moments=window_rows(plan["moments"]),
        own=own_network(facts) if facts["family"] == "module" else "",
        note=plan["note"],
        headings=[f"step {step:,}" for step in steps],
        measurements=measurements,
    )


def _facts(facts: dict, phase1: dict) -> list[tuple[str, str]]:
    return [
        ("Network", facts["architecture"]),
        ("Dataset", facts["dataset"]),
        ("Parameters", written(facts["parameters"], "count")),
        ("Steps", written(facts["steps"], "count")),
        (
            "Test accuracy",
            f"{written(facts['test_accuracy'], 'percent')} (chance {written(facts['chance'], 'percent')})",
        ),
        ("Order in which layers settle", phase1["pattern"] or MISSING),
        ("Flags", "; ".join(facts["flags"]) or "none"),
    ]


def own_network(facts: dict) -> str:
    """Of a network that is none of ours: what is measured, and what is not."""
    layers = ", ".join(layer_name(layer) for layer in facts["roles"])
    others = ", ".join(f"{name} ({_listed(families)})" for name, families in left_out(facts["family"]).items())
    return (
        f"This network is the user's own. Its layers: {layers}; the last is its output. Left out, because they are defined "
        f"for the parts of other families: {others}. It enters neither the published claims nor the hypotheses on jumps."
    )


def _listed(families: tuple[str, ...]) -> str:
    return " and ".join(family_name(family) for family in families)


def jump_rows(jumps: pd.DataFrame, metric: str) -> list[list[str]]:
    """Cells per jump of the metric: layer, step, phase, change, share of the layer's range, p."""
    return [
        [layer_name(row.layer), short(row.step), *map(short, (row.phase, row.change, row.relative_magnitude, row.p))]
        for row in jumps[jumps["metric"] == metric].itertuples()
    ]


def window_rows(moments: list[dict]) -> list[list[str]]:
    """Cells per window: kind, period, layer, steps before, at and after."""
    return [
        [
            moment["kind"],
            moment["period"],
            layer_name(moment["layer"]) if moment.get("layer") else "",
            *(short(moment[when]) if moment[when] else "0" for when in ("before", "at", "after")),
        ]
        for moment in moments
    ]


def measurement_rows(measurements: pd.DataFrame, grid: list[int]) -> tuple[list[int], list[list[str]]]:
    """The steps of the grid that were measured, and cells per quantity: name, null at the last step, mean at each step.

    Means are over units and layers; quantities that compare two steps are shown against initialisation. Those that are not
    measured at the last step are left out: they belong to event windows, or say how another was measured; so are names of
    classes.
    """
    shown = measurements[measurements["step"].isin(grid) & ~measurements["quantity"].isin(names_of_classes())]
    shown = shown[shown["reference"].isna() | (shown["reference"] == min(grid))]
    means = shown.groupby(["quantity", "step"], observed=True)[["value", "null_mean"]].mean().reset_index()
    values = means.pivot(index="quantity", columns="step", values="value")
    values = values[values[max(grid)].notna()] if max(grid) in values else values
    nulls = means.sort_values("step").groupby("quantity", observed=True)["null_mean"].last()
    rows = [
        [measure_name(str(name)), short(float(nulls[name])), *(short(float(value)) for value in row)]
        for name, row in zip(values.index, values.to_numpy(), strict=True)
    ]
    return [int(step) for step in values.columns], rows
