"""The quantities of the claims with intervals over runs: one table row per run, then estimates over rows.

The same functions serve the published trajectories (repaired) and our own runs, for any set of jumps.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.audit.runs import FAMILIES, Run
from repdyn.audit.timing import timing
from repdyn.convergence import convergence_order, convergence_pattern, settling_step, stabilisation_step
from repdyn.coordination import jitter, total_pairs
from repdyn.critical import WINDOW, coordination, critical_clustering, critical_steps, loss_coupling, transition_steps
from repdyn.detectors import changepoints, levelshift
from repdyn.errors import StudyError
from repdyn.intervals import MINIMUM_RUNS, mean_interval
from repdyn.jump_types import choose_k, jump_features
from repdyn.jumps import tabulate_jumps, zscore_jumps
from repdyn.seeds import derive

BINS = ("early", "mid", "late")
NEAR = 2  # measurements within which two layers jump together
SURROGATES = 100  # for expectations, not for p values


class Estimate(NamedTuple):
    """A quantity with its 95 % interval over runs (NaN where there are too few) and the number of runs behind it."""

    value: float
    low: float
    high: float
    runs: int


NOTHING = Estimate(np.nan, np.nan, np.nan, 0)


class Quantity(NamedTuple):
    """An estimate, and what it would be without the effect (NaN: no such number) by which null."""

    estimate: Estimate
    reference: float = np.nan
    null: str = ""


# --- Jumps of many runs ---


def zscore_table(runs: list[Run], threshold: float = 2.0) -> pd.DataFrame:
    """Jumps by the published rule, all runs: columns of `describe_jumps` and run, family; layer by column number."""
    return _stacked(
        runs, [zscore_jumps(r.steps, r.values, threshold, r.total_steps, evaluable=r.evaluable) for r in runs]
    )


def detected_table(runs: list[Run]) -> pd.DataFrame:
    """Jumps by the default detector, corrected for the layers of each run; columns as in `zscore_table`."""
    found = [
        tabulate_jumps(run.steps, run.values, levelshift.detect_layers(run.values), run.total_steps) for run in runs
    ]
    return _stacked(runs, found)


def _stacked(runs: list[Run], tables: list[pd.DataFrame]) -> pd.DataFrame:
    frames = [table.assign(run=run.name, family=run.family) for run, table in zip(runs, tables, strict=True)]
    return pd.concat(frames, ignore_index=True)


# --- One row per run ---


def run_table(runs: list[Run], seed: str) -> pd.DataFrame:
    """What does not depend on jumps: convergence, critical steps, coupling to the loss. One row per run.

    seed: names the random draws; a run's numbers depend on that and on its own name only.
    """
    return pd.DataFrame([_identity(run) | _convergence(run) | _critical(run, seed) | _agreement(run) for run in runs])


def jump_table(runs: list[Run], jumps: pd.DataFrame, seed: str) -> pd.DataFrame:
    """What depends on jumps: numbers, timing, loss, layers, company. One row per run, counts and their expectations."""
    parts = dict(list(jumps.groupby("run")))
    none = jumps.iloc[:0]
    rows = []
    for run in runs:
        own = parts.get(run.name, none)
        rows.append(_identity(run) | _timing(run, own) | _loss(run, own) | _place(run, own) | _company(run, own, seed))
    return pd.DataFrame(rows)


def no_jump_table(runs: list[Run]) -> pd.DataFrame:
    """`jump_table` of runs that are too short for the detector: nothing is known."""
    table = jump_table(runs, zscore_table(runs), "none")
    numbers = table.columns.difference(["run", "family", "architecture", "experiment", "seed", "one"])
    return table.assign(**dict.fromkeys(numbers, np.nan))


def _identity(run: Run) -> dict:
    usable = int(run.evaluable.sum())
    return {
        "run": run.name,
        "family": run.family,
        "architecture": run.architecture,
        "experiment": run.experiment or run.name,
        "seed": run.seed,
        "one": 1.0,
        "layers": usable,
        "points": usable * (len(run.steps) - 1),
    }


def _convergence(run: Run) -> dict:
    depth = np.arange(len(run.layers))
    settled = settling_step(run.steps, run.values, evaluable=run.evaluable)
    window = min(20, len(run.steps))
    stable = stabilisation_step(run.steps, run.values, window, evaluable=run.evaluable)
    usable = run.evaluable.any()
    pattern = convergence_pattern(*convergence_order(depth, stable))
    names = ("unclear", "bottom-up", "top-down", "simultaneous", "not evaluable")
    return {
        "settled_at_zero": float((settled[run.evaluable] == run.steps[0]).all()) if usable else np.nan,
        "stable_at_zero": float((stable[run.evaluable] == run.steps[0]).all()) if usable else np.nan,
        "rho": convergence_order(depth, settled)[0],
        **{name: float(pattern == name) for name in names},
    }


def _critical(run: Run, seed: str) -> dict:
    rng = np.random.default_rng(derive("audit", seed, "critical", run.name))
    flags = critical_steps(run.values, evaluable=run.evaluable)
    share = coordination(flags, run.evaluable)
    loss_known = bool(np.isfinite(run.loss).all())
    coupling = loss_coupling(flags, run.loss) if loss_known else np.full(len(run.layers), np.nan)
    coupled = float(np.nanmean(coupling)) if np.isfinite(coupling).any() else np.nan
    falling = window_means((np.diff(run.loss) < 0).astype(np.float64))
    count = flags.sum(axis=0)
    base = (falling @ flags)[count > 0] / count[count > 0]
    bunching = critical_clustering(run.values[:, run.evaluable], rng, SURROGATES)
    bunched = bunching.dispersion / np.where(bunching.expected > 0, bunching.expected, np.nan)
    return {
        "critical": float(flags.sum()),
        "transitions": float(transition_steps(run.values, evaluable=run.evaluable).sum()),
        "coordination": float(share.sum() / len(run.steps)) if run.evaluable.any() else np.nan,
        "strong": float(share.max() > 0.3 and coupled > 0.3) if run.evaluable.any() else np.nan,
        "coincidence": coincidence_ratio(flags, rng),
        "coupling": coupled,
        "coupling_excess": coupled - base.mean() if np.isfinite(coupled) else np.nan,
        "bunching": float(np.nanmean(bunched)) if np.isfinite(bunched).any() else np.nan,
    }


def window_means(x: np.ndarray) -> np.ndarray:
    """Each point of (n,) replaced by the mean of its window of WINDOW points; NaN are left out of the means."""
    place = np.arange(len(x)) // WINDOW
    known = np.isfinite(x)
    total = np.bincount(place, np.where(known, x, 0.0))
    count = np.bincount(place, known)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)[place]


def coincidence_ratio(flags: np.ndarray, rng: np.random.Generator, surrogates: int = SURROGATES) -> float:
    """Pairs of layers critical at the same step over their number under shifts within WINDOW measurements.

    flags bool (T-1, L). NaN where fewer than two layers have critical steps or the run is no longer than a window.
    """
    flags = flags[:, flags.any(axis=0)]
    if flags.shape[1] < 2 or len(flags) < WINDOW:
        return np.nan
    expected = total_pairs(jitter(flags, rng, surrogates, WINDOW), 0).mean()
    first, second = np.triu_indices(flags.shape[1], 1)
    observed = (flags[:, first] & flags[:, second]).sum()
    return float(observed / expected) if expected > 0 else np.nan


def _agreement(run: Run) -> dict:
    """Correlation of the indicators of |z| > 2 and of penalised change points, over all points of all layers."""
    layers = np.flatnonzero(run.evaluable)
    shape = (len(layers), len(run.steps) - 1)
    threshold, change = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    found = zscore_jumps(run.steps, run.values, evaluable=run.evaluable)
    threshold[np.searchsorted(layers, found["layer"]), found["before"]] = True
    for row, layer in enumerate(layers):
        change[row, changepoints.detect(run.values[:, layer])] = True
    return {"agreement": phi(threshold.ravel(), change.ravel())}


def phi(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two indicators (n,); NaN where either is constant."""
    if a.all() or b.all() or not (a.any() and b.any()):
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])


def _timing(run: Run, jumps: pd.DataFrame) -> dict:
    when = timing(jumps["phase"])
    place = pd.Series(run.steps[1:] / run.total_steps)
    points = timing(place)
    usable = int(run.evaluable.sum())
    return {
        "jumps": float(len(jumps)),
        "phase_sum": float(jumps["phase"].sum()),
        "phase_expected": float(len(jumps) * place.mean()),
        **{name: float((when == name).sum()) for name in BINS},
        **{f"{name}_expected": float(len(jumps) * (points == name).mean()) for name in BINS},
        "declared": levelshift.ALPHA * usable,
    }


def _loss(run: Run, jumps: pd.DataFrame) -> dict:
    """Falls and mean changes of the loss from two measurements before a jump to two after, by timing.

    The expectation is that of all measurements of the same window. Sums over jumps, so that runs pool.
    """
    j = jumps["before"].to_numpy(np.int64)
    last = len(run.loss) - 3
    change = np.full(len(run.loss) - 1, np.nan)
    change[2 : last + 1] = run.loss[4:] - run.loss[:-4]
    falls = np.where(np.isfinite(change), change < 0, np.nan)
    usual_change, usual_falls = window_means(change), window_means(falls)
    bins = timing(pd.Series(run.steps[1:] / run.total_steps)).to_numpy()
    row = {}
    for name in BINS:
        at = j[(bins[j] == name) & np.isfinite(change[j])]
        row |= {
            f"{name}_used": float(len(at)),
            f"{name}_falls": float(falls[at].sum()),
            f"{name}_falls_expected": float(usual_falls[at].sum()),
            f"{name}_change": float(change[at].sum()),
            f"{name}_change_expected": float(usual_change[at].sum()),
        }
    return row


def _place(run: Run, jumps: pd.DataFrame) -> dict:
    """Jumps in the first layer and in attention outputs, and how many there would be by the number of layers."""
    usable = np.flatnonzero(run.evaluable)
    attention = np.array([name.endswith(".attention") for name in run.layers])
    tracked = attention[usable].any()
    n, layers = len(jumps), max(len(usable), 1)
    column = jumps["layer"].to_numpy(np.int64)
    return {
        "first": float((column == 0).sum()),
        "first_expected": n / layers if run.evaluable[:1].any() else 0.0,
        "attention": float(attention[column].sum()) if tracked else np.nan,
        "attention_expected": n * attention[usable].sum() / layers if tracked else np.nan,
    }


def _company(run: Run, jumps: pd.DataFrame, seed: str) -> dict:
    """Sum over jumps of the share of other layers that jump within NEAR, and its expectation under shifts in windows."""
    empty = {"together": 0.0, "together_expected": 0.0, "accompanied": 0.0}
    usable = np.flatnonzero(run.evaluable)
    n = len(run.steps) - 1
    if len(usable) < 2 or jumps.empty or n < WINDOW:
        return empty
    events = np.zeros((n, len(run.layers)), dtype=bool)
    events[jumps["before"], jumps["layer"]] = True
    events = events[:, usable]
    rng = np.random.default_rng(derive("audit", seed, "company", run.name))
    null = [company(drawn) for drawn in jitter(events, rng, SURROGATES, WINDOW)]
    return {"together": company(events), "together_expected": float(np.mean(null)), "accompanied": float(events.sum())}


def company(events: np.ndarray) -> float:
    """Sum over events of the share of other layers with an event within NEAR: bool (T, L), L > 1."""
    near = events.copy()
    for lag in range(1, NEAR + 1):
        near[lag:] |= events[:-lag]
        near[:-lag] |= events[lag:]
    others = near.sum(axis=1, keepdims=True) - near
    return float((events * others).sum() / (events.shape[1] - 1))


# --- Estimates over runs ---


def ratio(table: pd.DataFrame, top: str, bottom: str = "one", unit: float = 1.0) -> Estimate:
    """unit * sum of `top` / sum of `bottom` over runs; its interval from linearised residuals of the units.

    Runs with nothing in `bottom` (no events of which to take a share) say nothing and do not count.
    """
    table = table[table[top].notna() & (table[bottom] > 0)]
    if table.empty:
        return NOTHING
    units = table.groupby(_unit(table))[[top, bottom]].mean()
    value = units[top].sum() / units[bottom].sum()
    away = (units[top] - value * units[bottom]) / units[bottom].mean()
    if np.ptp(away) <= 1e-12 * abs(value):
        away *= 0  # equal units; what is left is rounding, of which a bootstrap cannot make an interval
    _, low, high = mean_interval((value + away).to_numpy(), np.random.default_rng(0))
    if (table[top] >= 0).all():
        low = max(low, 0.0) if np.isfinite(low) else low
    return Estimate(unit * value, unit * low, unit * high, len(table))


def total(table: pd.DataFrame, column: str) -> Estimate:
    """Sum over the runs of one study (one seed): the mean run times the number of experiments."""
    mean = ratio(table, column)
    return scaled(mean, table.loc[table[column].notna(), "experiment"].nunique())


def scaled(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(*(factor * number for number in estimate[:3]), estimate.runs)


def within(estimate: Estimate, low: float, high: float) -> Estimate:
    """An interval cut to the numbers that are possible."""
    return Estimate(estimate.value, *(float(np.clip(end, low, high)) for end in estimate[1:3]), estimate.runs)


def percent(table: pd.DataFrame, top: str, bottom: str) -> Estimate:
    """A share of events in percent. All or none in every run: Wilson's interval, with runs as trials."""
    found = within(ratio(table, top, bottom, 100.0), 0.0, 100.0)
    if found.value in (0.0, 100.0) and found.low == found.high:
        from scipy.stats import binomtest

        units = table.loc[table[top].notna() & (table[bottom] > 0), _unit(table)].nunique()
        ends = binomtest(units if found.value else 0, units).proportion_ci(method="wilson")
        return Estimate(found.value, 100 * ends.low, 100 * ends.high, found.runs)
    return found


def difference(a: Estimate, b: Estimate) -> Estimate:
    """a - b of different runs; the half-widths of their intervals add as squares (Zou & Donner 2008)."""
    value = a.value - b.value
    low = value - np.hypot(a.value - a.low, b.high - b.value)
    return Estimate(value, float(low), float(value + np.hypot(a.high - a.value, b.value - b.low)), a.runs + b.runs)


def quotient(a: Estimate, b: Estimate) -> Estimate:
    """a / b of different runs by `difference` of logarithms; without an interval where one reaches 0, NaN for b = 0."""
    if not (a.value >= 0 and b.value > 0):
        return Estimate(np.nan, np.nan, np.nan, a.runs + b.runs)
    if not (a.low > 0 and b.low > 0):
        return Estimate(a.value / b.value, np.nan, np.nan, a.runs + b.runs)
    logs = difference(*(Estimate(*np.log(each[:3]), each.runs) for each in (a, b)))
    return Estimate(*(float(np.exp(number)) for number in logs[:3]), logs.runs)


def _unit(table: pd.DataFrame) -> str:
    """Intervals are over seeds where there are enough of them, else over experiments."""
    return "seed" if table["seed"].nunique() >= MINIMUM_RUNS else "experiment"


# --- Quantities of the claims ---

UNIFORM = "uniform placement, range over runs"
BASE = "what the number of layers gives, subtracted: 0, range over runs"
LOCAL = f"what its window of {WINDOW} measurements gives, subtracted: 0, range over runs"
DECLARED = "at most, by the error that the detector declares"
SHIFTED = f"shifts within {WINDOW} measurements, range over runs"


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


def excess(table: pd.DataFrame, top: str, bottom: str, unit: float = 1.0) -> Estimate:
    """unit * (sum of `top` - sum of what it is expected to be) / sum of `bottom`."""
    return ratio(table.assign(over=table[top] - table[f"{top}_expected"]), "over", bottom, unit)


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
