"""What is seen in the figures of series: a sentence each, written from the tables by rule; "" where they do not tell."""

import numpy as np
import pandas as pd

from repdyn.report.lookup import Tables, number, of_ours, percent, table
from repdyn.study.exclusion import learned
from repdyn.wording.numbers import interval, plural, short


def repaired(tables: Tables) -> str:
    printed = number(tables, "C02", "total", "as_published")
    if np.isnan(printed):
        return ""
    return (
        f"The published stable rank is 1 whatever the network does: the {short(printed)} jumps counted in it are rounding "
        "errors"
    )


def settled(tables: Tables) -> str:
    patterns = learned(tables["experiments"])["pattern"].dropna()
    known = patterns[patterns != "not evaluable"]
    if known.empty:
        return ""
    up, down = (int((known == name).sum()) for name in ("bottom-up", "top-down"))
    return f"Layers settle from the bottom up in {up} and from the top down in {down} of {plural(len(known), 'run')}"


def order(tables: Tables) -> str:
    """The same beside what the order would be if depth did not matter."""
    said = settled(tables)
    null = {row["pattern"]: row["mean"] for row in tables.get("order", {}).get("pattern_null", ())}
    return f"{said}; by chance in {null['bottom-up']:.1f} and {null['top-down']:.1f}" if said and null else said


def dimension_curves(tables: Tables) -> str:
    layers = table(tables, "finding_layers")
    if layers.empty:
        return ""
    lowest, end = (float((layers[name] / layers["start"]).median()) for name in ("minimum", "end"))
    return (
        f"The dimension of a layer falls to {percent(lowest)} of its first value and ends at {percent(end)} of it, in the "
        f"median of {plural(len(layers), 'layer')}"
    )


def timing(tables: Tables) -> str:
    totals = tables.get("timing", {}).get("totals", {})
    if not totals.get("runs"):
        return ""
    jumps, runs = totals["jumps"], plural(totals["runs"], "run")
    found = f"{plural(jumps, 'jump')} in {totals['runs_with_jumps']} of {runs}" if jumps else f"No jump in {runs}"
    return (
        f"{found}; the published rule marks {totals['z_jumps']:,} points, and {totals['z_jumps_null']:,.0f} in series "
        "that have no jump"
    )


def single_steps(tables: Tables) -> str:
    steps = tables.get("single_steps")
    if steps is None:
        return ""
    candidates = steps.drop_duplicates(["experiment", "seed", "layer", "step"]) if len(steps) else steps
    if candidates.empty:
        return "No layer changes more between two measurements than its null does"
    kept = learned(tables["experiments"])[["experiment", "seed"]]
    counted = candidates.merge(kept, on=["experiment", "seed"], how="left", indicator="where")
    inside = counted["where"] == "both"
    jumps, apart = (int(counted.loc[rows, "jump"].sum()) for rows in (inside, ~inside))
    happen = "none happens" if not jumps else f"{jumps:,} happens" if jumps == 1 else f"{jumps:,} happen"
    said = f"Of {plural(int(inside.sum()), 'candidate')} for jumps, {happen} within one training step"
    if inside.all():
        return said
    do = "none does" if not apart else f"{apart:,} does" if apart == 1 else f"{apart:,} do"
    return f"{said}; of {int((~inside).sum())} more in runs that count nowhere, {do}"


def deep_dive(tables: Tables) -> str:
    """Where most jumps are: the fewest architectures that hold more than half of them."""
    runs = learned(tables["experiments"])
    if runs.empty:
        return ""
    jumps = runs.groupby("architecture", sort=False)["jumps"].sum().sort_values(ascending=False, kind="stable")
    number_of, total = plural(len(jumps), "architecture"), int(jumps.sum())
    if not total:
        return f"No layer of {number_of} jumps, so there is no place of jumps to show"
    first = int((jumps.cumsum() > total / 2).to_numpy().argmax()) + 1
    share = percent(jumps.iloc[:first].sum() / total)
    names = " and ".join(jumps.index[:first])
    return f"{share} of {plural(total, 'jump')} lie in {names}; {int((jumps == 0).sum())} of {number_of} never jump"


def coupling(tables: Tables) -> str:
    ratio, points = number(tables, "C07", "coincidence_ratio", "ours"), points_of_loss(tables)
    if np.isnan(ratio) or not points:
        return ""
    return (
        f"Layers are critical together {of_ours(tables, 'C07', 'coincidence_ratio')} times as often as by chance; the loss "
        f"falls there {points} than at the same steps of other runs"
    )


def points_of_loss(tables: Tables) -> str:
    """By how many percentage points more, or less, often the loss falls at critical steps; nothing without a number."""
    excess = number(tables, "C08", "excess", "ours")
    if np.isnan(excess):
        return ""
    sign = 1.0 if excess >= 0 else -1.0
    ends = sorted(sign * 100 * number(tables, "C08", "excess", f"ours_{end}") for end in ("low", "high"))
    return f"{interval(sign * 100 * excess, *ends)} percentage points {'more' if sign > 0 else 'less'} often"


def velocity(tables: Tables) -> str:
    steps = table(tables, "velocity")
    steps = steps[steps["quantity"] == "critical"] if len(steps) else steps
    if steps.empty:
        return ""

    def mean(rows: pd.DataFrame, column: str) -> float:
        return float(np.average(rows[column], weights=rows["runs"]))

    first, last = (steps[steps["phase_low"] == steps["phase_low"].agg(end)] for end in ("min", "max"))
    early = mean(first, "value") > mean(last, "value")
    return (
        f"Critical steps {'fall' if early else 'do not fall'} early: {percent(mean(first, 'value'))} of layers at first, "
        f"{percent(mean(last, 'value'))} at the end, {percent(mean(last, 'null_mean'))} if they fell anywhere"
    )


def validity(tables: Tables) -> str:
    """How often the default detector, the first of the table, would miss a jump."""
    tried = table(tables, "validity")
    tried = tried[(tried["detector"] == tried["detector"].iloc[0]) & tried["recall"].notna()] if len(tried) else tried
    if tried.empty:
        return ""
    measured = tried[tried["scenario"].str.contains("real trajectories")]
    row = (measured if len(measured) else tried).sort_values("size", kind="stable").iloc[-1]
    where = "planted in measured series" if len(measured) else f"planted ({row['scenario']})"
    return (
        f"Of steps of {row['size']:g} standard deviations {where}, the default detector finds {percent(row['recall'])} and "
        f"misses {percent(1 - row['recall'])}"
    )
