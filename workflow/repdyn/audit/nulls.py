"""What the repaired numbers would be without the effect that they are said to show, one function per null.

Each null draws whole studies: a draw is one number for every quantity, from surrogates of all 55 runs. Ranges
are the central 95 % of the draws.
"""

import numpy as np
import pandas as pd

from repdyn.audit import claims
from repdyn.audit.runs import CNN, FAMILIES, MLP, TRANSFORMER, Run, names_of
from repdyn.audit.timing import BINS, timing
from repdyn.seeds import derive
from repdyn.statistics.permutation import permuted_rank_correlations
from repdyn.timeseries.convergence import convergence_order, convergence_pattern, stabilisation_step
from repdyn.timeseries.critical_steps import critical_steps, loss_coupling
from repdyn.timeseries.surrogates import ar_surrogates

DRAWS = 200
NO_JUMPS = f"{DRAWS} studies of surrogates: trend, local scale, autocorrelation and tails of each series, no jumps"
ORDERS = f"{DRAWS} permutations of the times over the layers of each run"
RULE = "fixed by the top-decile rule for any series"
LAYER_SHIFTS = f"{DRAWS} circular shifts of every layer"
RUN_SHIFTS = f"{DRAWS} circular shifts of the layers of a run against its loss"
PART_SHIFTS = f"{DRAWS} circular shifts of the jumps within their part of training"
# Why a repaired number stands without a null.
WITHOUT = {
    ("C01", "runs_stable_at_zero"): "none: any series that varies little in its first 20 measurements counts as stable",
    "C05": "none: k = 5 is an input (D15); the number of types is tested instead",
    ("C01", "settled_at_zero_percent"): "none: each layer is measured against its own end and range",
    ("C02", "per_1000"): "none: that of the total, as a rate",
    ("C17", "measurements"): "none: a count of points",
}


def nulls(runs: list[Run], jumps: pd.DataFrame, draws: int = DRAWS) -> pd.DataFrame:
    """Nulls of the |z| > 2 statistics of `repaired`: claim, quantity, null, null_mean, null_low, null_high.

    runs, jumps: as `repaired` uses them (jumps of `timing.true_jumps`).
    """
    parts = [
        (NO_JUMPS, jump_draws(runs, draws)),
        (ORDERS, order_draws(runs, draws)),
        (RULE, rule_draws(runs)),
        (LAYER_SHIFTS, strong_draws(runs, draws)),
        (RUN_SHIFTS, coupling_draws(runs, draws)),
        (PART_SHIFTS, loss_draws(runs, jumps, draws)),
    ]
    return pd.concat([summary(name, drawn) for name, drawn in parts], ignore_index=True)


def summary(name: str, drawn: dict[tuple[str, str], np.ndarray]) -> pd.DataFrame:
    """Mean and central 95 % of draws (n,) per (claim, quantity); draws without a value do not count."""
    rows = []
    for (claim, quantity), values in drawn.items():
        values = np.asarray(values, dtype=np.float64)
        values = values[np.isfinite(values)]
        low, mean, high = (np.nan,) * 3
        if len(values):
            (low, high), mean = np.quantile(values, (0.025, 0.975)), values.mean()
        rows.append((claim, quantity, name, mean, low, high))
    return pd.DataFrame(rows, columns=["claim", "quantity", "null", "null_mean", "null_low", "null_high"])


def jump_draws(runs: list[Run], draws: int) -> dict[tuple[str, str], np.ndarray]:
    """C02..C04, C10..C12 and C15 on surrogates without jumps: the rule |z| > 2 applied to each."""
    counts, phases = [], []  # per layer: (draws, 3) by timing, (draws,) sum of phases
    where = pd.DataFrame(
        [(run.name, run.family, layer) for run in runs for layer in run.layers], columns=["run", "family", "layer"]
    )
    for run in runs:
        phase = run.steps[1:] / run.total_steps
        bins = timing(pd.Series(phase)).to_numpy()
        for column in range(len(run.layers)):
            fired = surrogate_jumps(run, column, draws)
            counts.append(np.stack([fired[:, bins == name].sum(axis=1) for name in BINS], axis=1))
            phases.append(fired @ phase)
    return study_numbers(where, np.stack(counts, axis=2), np.stack(phases, axis=1))


def surrogate_jumps(run: Run, column: int, draws: int) -> np.ndarray:
    """Where |z| > 2 fires on surrogates of one layer: bool (draws, T-1); nowhere if it is not evaluable."""
    if not run.evaluable[column]:
        return np.zeros((draws, len(run.steps) - 1), dtype=bool)
    rng = np.random.default_rng(derive("audit", "no jumps", run.name, column))
    change = np.diff(ar_surrogates(run.values[:, column], rng, draws), axis=1)
    away = change - change.mean(axis=1, keepdims=True)
    return np.abs(away) > 2 * change.std(axis=1, keepdims=True)


def study_numbers(where: pd.DataFrame, counts: np.ndarray, phases: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
    """The quantities of jumps from their numbers: where (L rows), counts (draws, 3, L), phases (draws, L)."""
    n = counts.sum(axis=1)
    family = {each: (where["family"] == each).to_numpy() for each in FAMILIES}
    one = {name: (where["run"] == name).to_numpy() for name in (TRANSFORMER, CNN, MLP)}
    first = (where["layer"] == claims.FIRST_CONVOLUTION).to_numpy()
    kind = where["layer"].str.rpartition(".")[2].to_numpy()
    total = {each: n[:, family[each]].sum(axis=1) for each in FAMILIES}
    layers = {each: family[each].sum() for each in FAMILIES}
    timed = dict(zip(BINS, counts.sum(axis=2).T, strict=True))
    everything = n.sum(axis=1)

    def share(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
        return 100 * _over(n[:, top & bottom].sum(axis=1), n[:, bottom].sum(axis=1))

    numbers = {("C02", "total"): everything, ("C15", "late_jumps"): timed["late"]}
    numbers |= {("C03", name): timed[name] for name in BINS}
    numbers |= {("C03", f"{name}_percent"): 100 * _over(timed[name], everything) for name in BINS}
    for each in FAMILIES:
        here = family[each]
        numbers["C02", each] = total[each]
        numbers["C04", f"early_percent_{each}"] = 100 * _over(counts[:, 0, here].sum(axis=1), total[each])
        numbers["C04", f"mean_phase_{each}"] = _over(phases[:, here].sum(axis=1), total[each])
    for label, part in (("run", one[TRANSFORMER]), ("family", family["transformer"])):
        for layer in ("linear2", "linear1"):
            numbers["C10", f"{layer}_percent_all_jumps_{label}"] = share(kind == layer, part)
    numbers["C11", "first_convolution_percent"] = share(first, one[CNN])
    numbers["C11", "first_convolution_percent_all_cnn"] = share(first, family["cnn"])
    cnn, mlp = n[:, one[CNN]].sum(axis=1), n[:, one[MLP]].sum(axis=1)
    rates = {each: total[each] / max(layers[each], 1) for each in ("cnn", "mlp")}
    return numbers | {
        ("C12", "cnn_jumps"): cnn,
        ("C12", "mlp_jumps"): mlp,
        ("C12", "ratio"): _over(cnn, mlp),
        ("C12", "ratio_all_runs"): _over(total["cnn"], total["mlp"]),
        ("C12", "ratio_per_layer_all_runs"): _over(rates["cnn"], rates["mlp"]),
    }


def order_draws(runs: list[Run], draws: int) -> dict[tuple[str, str], np.ndarray]:
    """C01: runs by pattern when every run's stabilisation times are dealt to its layers at random."""
    names = (*claims.PATTERNS, "not evaluable")
    found = np.zeros((draws, len(names)))
    for run in runs:
        when = stabilisation_step(run.steps, run.values, window=20, tolerance=0.1, evaluable=run.evaluable)
        rng = np.random.default_rng(derive("audit", "orders", run.name))
        for draw, (rho, p) in enumerate(_permuted_orders(when, rng, draws)):
            found[draw, names.index(convergence_pattern(rho, p))] += 1
    return {
        ("C01", name.replace("-", "_").replace(" ", "_")): found[:, column]
        for column, name in enumerate(names)
        if name != "not evaluable"
    }


def _permuted_orders(when: np.ndarray, rng: np.random.Generator, draws: int):
    """(rho, p) of `convergence_order` for permutations of when (L,), in one go."""
    from scipy.stats import t as student

    rho, _ = convergence_order(np.arange(len(when)), when)
    if not np.isfinite(rho):
        return [(np.nan, np.nan)] * draws
    timed = when[np.isfinite(when)]
    n = len(timed)
    rho = permuted_rank_correlations(np.arange(n), timed, rng, draws)
    with np.errstate(divide="ignore"):
        statistic = np.abs(rho) * np.sqrt((n - 2) / np.maximum(1 - rho**2, 0))
    return list(zip(rho, 2 * student.sf(statistic, n - 2), strict=True))


def rule_draws(runs: list[Run]) -> dict[tuple[str, str], np.ndarray]:
    """C06, mean of C07: what the rule gives for white noise of the same length and number of layers."""
    noise = []
    for run in runs:
        rng = np.random.default_rng(derive("audit", "rule", run.name))
        noise.append(run._replace(values=rng.standard_normal(run.values.shape)))
    numbers = {("C06", name): value for name, value in claims.c06_critical_periods(noise).items()}
    numbers |= {("C07", name): value for name, value in claims.c07_coordination(noise).items() if name != "strong_runs"}
    return {key: np.array([value]) for key, value in numbers.items()}


def strong_draws(runs: list[Run], draws: int) -> dict[tuple[str, str], np.ndarray]:
    """C07: runs with a "strong" moment when every layer's critical steps are rotated on their own."""
    strong = np.zeros(draws)
    for run in runs:
        flags = critical_steps(run.values, evaluable=run.evaluable)
        rng = np.random.default_rng(derive("audit", "layer shifts", run.name))
        for draw in range(draws):
            shifted = _rotated(flags, rng.integers(len(flags), size=flags.shape[1]))
            coupling = np.nan_to_num(loss_coupling(shifted, run.loss)).mean()
            strong[draw] += shifted.mean(axis=1).max() > 0.3 and coupling > 0.3
    return {("C07", "strong_runs"): strong}


def coupling_draws(runs: list[Run], draws: int) -> dict[tuple[str, str], np.ndarray]:
    """C08: the share of critical steps with falling loss when all layers of a run are rotated together."""
    coupling = np.empty((draws, len(runs)))
    for column, run in enumerate(runs):
        flags = critical_steps(run.values, evaluable=run.evaluable)
        falling = (np.diff(run.loss) < 0).astype(np.float64)
        count = flags.sum(axis=0)
        shift = np.random.default_rng(derive("audit", "run shifts", run.name)).integers(len(flags), size=draws)
        turned = falling[(np.arange(len(falling)) + shift[:, None]) % len(falling)]
        coupling[:, column] = (turned @ flags / np.maximum(count, 1)).mean(axis=1)
    family = np.array([run.family for run in runs])
    means = {("C08", "mean"): coupling.mean(axis=1)}
    return means | {("C08", f"mean_{each}"): coupling[:, family == each].mean(axis=1) for each in FAMILIES}


def loss_draws(runs: list[Run], jumps: pd.DataFrame, draws: int) -> dict[tuple[str, str], np.ndarray]:
    """C09 and C13: the loss around jumps that are rotated within their part of training, run by run."""
    chosen = {TRANSFORMER, CNN, MLP} | set(names_of(runs, "transformer"))
    around = {run.name: _loss_around(run, jumps, draws) for run in runs if run.name in chosen}
    numbers = {}
    for name in BINS:
        shares = [_mean_rows(around[run][name] < 0, around[run][name]) for run in (TRANSFORMER, CNN, MLP)]
        shares = [share for share in shares if share is not None]
        if shares:
            numbers["C09", f"{name}_percent"] = 100 * np.mean(shares, axis=0)
        for label, members in (("run", [TRANSFORMER]), ("family", names_of(runs, "transformer"))):
            pooled = np.concatenate([around[run][name] for run in members], axis=1)
            mean = _mean_rows(pooled, pooled)
            if mean is not None:
                numbers["C13", f"{name}_all_jumps_{label}"] = mean
    return numbers


def _loss_around(run: Run, jumps: pd.DataFrame, draws: int) -> dict[str, np.ndarray]:
    """loss[j + 2] - loss[j - 2] at the rotated jumps of one run, by timing: {early: (draws, jumps)}."""
    change = np.full(len(run.loss), np.nan)
    change[3:-2] = run.loss[5:] - run.loss[1:-4]  # j > 2 and j + 2 < T, as in the statistic
    rng = np.random.default_rng(derive("audit", "part shifts", run.name))
    before = jumps.loc[jumps["run"] == run.name, "before"].to_numpy()
    bins = timing(pd.Series(run.steps[1:] / run.total_steps)).to_numpy()
    result = {}
    for name in BINS:
        usable = np.flatnonzero((bins == name) & np.isfinite(change[:-1]))
        place = np.searchsorted(usable, before[np.isin(before, usable)])
        shift = rng.integers(max(len(usable), 1), size=(draws, 1))
        result[name] = change[usable[(place + shift) % max(len(usable), 1)]] if len(place) else np.empty((draws, 0))
    return result


def _mean_rows(values: np.ndarray, like: np.ndarray) -> np.ndarray | None:
    return values.mean(axis=1) if like.shape[1] else None


def _rotated(flags: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Every column of (T, L) rotated by its own shift (L,)."""
    rows = (np.arange(len(flags))[:, None] - shift) % len(flags)
    return np.take_along_axis(flags, rows, axis=0)


def _over(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    top, bottom = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)
