"""The quantities of the claims from tables of one row per run, each beside what it would be without the effect.

The same functions serve the published trajectories (repaired) and our own runs, for any set of jumps.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.audit.estimates import Estimate, difference, excess, percent, quotient, ratio, total, within
from repdyn.audit.run_table import SURROGATES
from repdyn.audit.runs import FAMILIES
from repdyn.audit.timing import BINS
from repdyn.errors import StudyError
from repdyn.seeds import derive
from repdyn.timeseries.critical_steps import WINDOW
from repdyn.timeseries.jump_types import choose_k, jump_features

UNIFORM = "uniform placement, range over runs"
BASE = "what the number of layers gives, subtracted: 0, range over runs"
LOCAL = f"what its window of {WINDOW} measurements gives, subtracted: 0, range over runs"
DECLARED = "at most, by the error that the detector declares"
SHIFTED = f"shifts within {WINDOW} measurements, range over runs"


class Quantity(NamedTuple):
    """An estimate, and what it would be without the effect (NaN: no such number) by which null."""

    estimate: Estimate
    reference: float = np.nan
    null: str = ""


def run_quantities(table: pd.DataFrame) -> dict[tuple[str, str], Quantity]:
    """Quantities that do not depend on jumps, from `run_table`: C01, C06, C07, C08, C17."""
    families = _families(table)
    stationary = f"stationary surrogates ({SURROGATES}), range over runs"
    quantities = {
        ("C01", "runs_stable_at_zero"): Quantity(total(table, "stable_at_zero")),
        **{
            ("C01", name.replace("-", "_").replace(" ", "_")): Quantity(total(table, name))
            for name in ("unclear", "bottom-up", "top-down", "simultaneous", "not evaluable")
        },
        ("C01", "settled_at_zero_percent"): Quantity(percent(table, "settled_at_zero", "one")),
        ("C01", "rho_depth_settling"): Quantity(ratio(table, "rho"), 0.0, "no order of layers: 0, range over runs"),
        ("C06", "bunching_ratio"): Quantity(ratio(table, "bunching"), 1.0, stationary),
        ("C07", "strong_runs"): Quantity(total(table, "strong")),
        ("C07", "coincidence_ratio"): Quantity(ratio(table, "coincidence"), 1.0, SHIFTED),
        ("C08", "excess"): Quantity(ratio(table, "coupling_excess"), 0.0, LOCAL),
        ("C17", "correlation"): Quantity(ratio(table, "agreement"), 0.0, "independent detectors: 0, range over runs"),
        ("C17", "measurements"): Quantity(total(table, "points")),
    }
    for claim, name, column in (
        ("C06", "critical", "critical"),
        ("C06", "transitions", "transitions"),
        ("C07", "mean", "coordination"),
        ("C08", "mean", "coupling"),
    ):
        most = 1.0 if name == "mean" else np.inf
        for label, part in ((name, table), *((f"{name}_{each}", families[each]) for each in FAMILIES)):
            quantities[claim, label] = Quantity(within(ratio(part, column), 0.0, most))
    for each in FAMILIES:
        quantities["C07", f"coincidence_ratio_{each}"] = Quantity(ratio(families[each], "coincidence"), 1.0, SHIFTED)
    return quantities


def jump_quantities(table: pd.DataFrame, suffix: str = "") -> dict[tuple[str, str], Quantity]:
    """Quantities of one set of jumps, from `jump_table`; `suffix` is appended to their names."""
    families = _families(table)
    deep = {name: table[table["architecture"] == name] for name in ("transformer_deep", "cnn_deep", "mlp_narrow")}
    transformer, cnn, mlp = (families[each] for each in FAMILIES)
    early = {each: percent(families[each], "early", "jumps") for each in FAMILIES}
    per_run = {name: ratio(part, "jumps") for name, part in deep.items()}

    def declared(number: float) -> float:
        return number if suffix else np.nan  # |z| > 2 declares no error

    quantities = {
        ("C02", "per_1000"): Quantity(
            ratio(table, "jumps", "points", 1000.0),
            declared(ratio(table, "declared", "points", 1000.0).value),
            DECLARED,
        ),
        **{
            ("C02", label): Quantity(total(part, "jumps"), declared(part["declared"].sum()), DECLARED)
            for label, part in (("total", table), *families.items())
        },
        **{("C03", name): Quantity(total(table, name)) for name in BINS},
        **{
            ("C03", f"{name}_percent"): Quantity(
                percent(table, name, "jumps"), percent(table, f"{name}_expected", "jumps").value, UNIFORM
            )
            for name in BINS
        },
        **{
            ("C04", f"early_percent_{each}"): Quantity(
                early[each], percent(families[each], "early_expected", "jumps").value, UNIFORM
            )
            for each in FAMILIES
        },
        **{
            ("C04", f"mean_phase_{each}"): Quantity(
                within(ratio(families[each], "phase_sum", "jumps"), 0.0, 1.0),
                ratio(families[each], "phase_expected", "jumps").value,
                UNIFORM,
            )
            for each in FAMILIES
        },
        **{
            ("C04", f"early_percent_{each}_minus_transformer"): Quantity(
                difference(early[each], early["transformer"]), 0.0, "no difference: 0, range over runs"
            )
            for each in ("cnn", "mlp")
        },
        **{("C09", f"{name}_percent"): Quantity(percent(table, f"{name}_falls", f"{name}_used")) for name in BINS},
        **{
            ("C09", f"{name}_excess_percent"): Quantity(
                excess(table, f"{name}_falls", f"{name}_used", 100.0), 0.0, LOCAL
            )
            for name in BINS
        },
        ("C10", "attention_percent"): Quantity(
            percent(transformer, "attention", "jumps"),
            percent(transformer, "attention_expected", "jumps").value,
            "share of attention outputs among layers",
        ),
        ("C10", "attention_excess_percent"): Quantity(excess(transformer, "attention", "jumps", 100.0), 0.0, BASE),
        ("C11", "first_convolution_percent"): Quantity(percent(deep["cnn_deep"], "first", "jumps")),
        ("C11", "first_convolution_percent_all_cnn"): Quantity(
            percent(cnn, "first", "jumps"), percent(cnn, "first_expected", "jumps").value, "share of layers"
        ),
        ("C11", "first_convolution_excess_percent"): Quantity(excess(cnn, "first", "jumps", 100.0), 0.0, BASE),
        ("C11", "first_layer_excess_percent_mlp"): Quantity(excess(mlp, "first", "jumps", 100.0), 0.0, BASE),
        ("C12", "cnn_jumps"): Quantity(per_run["cnn_deep"]),
        ("C12", "mlp_jumps"): Quantity(per_run["mlp_narrow"]),
        ("C12", "ratio"): Quantity(quotient(per_run["cnn_deep"], per_run["mlp_narrow"]), 1.0, "equal numbers: 1"),
        ("C12", "ratio_all_runs"): Quantity(quotient(total(cnn, "jumps"), total(mlp, "jumps"))),
        ("C12", "ratio_per_layer_all_runs"): Quantity(
            quotient(ratio(cnn, "jumps", "layers"), ratio(mlp, "jumps", "layers")),
            1.0,
            "equal rates: 1, range over runs",
        ),
        **{
            ("C13", f"{name}_all_jumps_{label}"): Quantity(ratio(part, f"{name}_change", f"{name}_used"))
            for label, part in (("run", deep["transformer_deep"]), ("family", transformer))
            for name in BINS
        },
        **{
            ("C13", f"{name}_excess"): Quantity(excess(transformer, f"{name}_change", f"{name}_used"), 0.0, LOCAL)
            for name in ("early", "late")
        },
        **{
            ("C14", f"together_percent_{label}"): Quantity(
                percent(part, "together", "accompanied"),
                percent(part, "together_expected", "accompanied").value,
                SHIFTED,
            )
            for label, part in (("run", deep["transformer_deep"]), ("family", transformer))
        },
        ("C14", "together_excess_percent"): Quantity(excess(transformer, "together", "accompanied", 100.0), 0.0, LOCAL),
        **{
            ("C15", f"{name}_falls_excess_percent"): Quantity(
                excess(table, f"{name}_falls", f"{name}_used", 100.0), 0.0, LOCAL
            )
            for name in ("early", "late")
        },
        ("C15", "late_jumps"): Quantity(total(table, "late")),
        ("C15", "late_percent"): Quantity(
            percent(table, "late", "jumps"), percent(table, "late_expected", "jumps").value, UNIFORM
        ),
    }
    return {(claim, name + suffix): quantity for (claim, name), quantity in quantities.items()}


def types_found(jumps: pd.DataFrame, seed: str, sample: int = 500) -> tuple[int, float]:
    """Number of jump types by silhouette against single blobs, and p of a single blob; 0, NaN if there are too few."""
    if len(jumps) == 0:
        return 0, np.nan
    try:
        features = jump_features(jumps)
    except StudyError:
        return 0, np.nan
    found = choose_k(features, np.random.default_rng(derive("audit", seed, "types")), sample=sample)
    return found.k, found.p


def _families(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {each: table[table["family"] == each] for each in FAMILIES}
