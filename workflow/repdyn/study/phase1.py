"""Phase 1: every statistic of one metric of one run, each beside its null.

A run's layers are tested together: p values of layers are corrected by Benjamini-Hochberg ("q"), and one p value
for the run is theirs by Simes (1986).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.detectors import evaluable as is_searchable
from repdyn.errors import StudyError
from repdyn.seeds import derive
from repdyn.statistics.fdr import benjamini_hochberg
from repdyn.timeseries import convergence, critical_steps
from repdyn.timeseries.coordination import coordination_test
from repdyn.timeseries.jumps import change_zscores, jump_rates, zscore_jumps
from repdyn.timeseries.loss_coupling import falling_share_test, loss_coupling_test
from repdyn.timeseries.periods import period
from repdyn.timeseries.series import evaluable as is_evaluable
from repdyn.timeseries.series import layer_series
from repdyn.timeseries.surrogates import ar_surrogates, circular_shifts

Array = np.ndarray
Generator = np.random.Generator

COUNTED_SURROGATES = 100  # per layer: enough for the mean of a count


class Settings(NamedTuple):
    """threshold: |z| of the published detector. window, tolerance, quantile: as in `convergence` and `critical`.

    surrogates: of every null. level: chance of any jump in a layer without one, and false-discovery rate over layers.
    The defaults, for use without a study, are those of config/config.yaml, by test.
    """

    threshold: float = 2.0
    window: int = 20
    tolerance: float = 0.1
    quantile: float = 0.9
    surrogates: int = 1000
    level: float = 0.05


class Phase1(NamedTuple):
    """Tables of one metric, all with the column metric in front, and its numbers.

    convergence  a row per layer: layer, depth, evaluable, stabilised_step, settled_step
    layers       a row per layer: the statistics that are tested layer by layer, see `analyse`
    jumps        a row per candidate that is a jump: the columns of `candidates.verify`
    critical     a row per layer and critical step or transition: layer, step, kind
    """

    convergence: pd.DataFrame
    layers: pd.DataFrame
    jumps: pd.DataFrame
    critical: pd.DataFrame
    summary: dict


def analyse(
    trajectory: pd.DataFrame,
    training: pd.DataFrame,
    candidates: pd.DataFrame,
    metric: str,
    key: tuple,
    total_steps: int,
    settings: Settings,
) -> Phase1:
    """Convergence, jumps, critical periods, coordination and loss coupling of one metric of one run.

    trajectory as for `series.layer_series`; training with columns step, probe_loss, a row per measurement; candidates of
    this metric as `candidates.verify` gives them: those that are jumps are the jumps of the run. key names the run for its
    seeds, e.g. ("mlp_wide-digits", 0): every statistic draws its surrogates from a seed of its own.
    A layer that is constant or NaN at some measurement is not evaluable: it is counted, and in no statistic.
    The summary names the level and the threshold that it was made with. Columns of `layers`, NaN where not evaluable:
      layer, depth, evaluable
      searched          whether jumps could be looked for (`detectors.evaluable`)
      jumps, per_1000   within one training step; z_jumps of the published detector, z_jumps_null its mean on surrogates
      dispersion, dispersion_null, clustering_p, clustering_q, concentration, densest_step
                        dispersion of critical steps (`critical_steps.Clustering`); step at which the densest window starts
      loss_correlation, loss_correlation_null, loss_lag, loss_p, loss_q
                        `loss_coupling.Coupling` with the loss on the probe set; lag in steps, positive if the layer
                        moves first; the null is that of the magnitude
      falling_share, falling_p, falling_q
                        share of critical steps over which the loss falls (`loss_coupling.falling_share_test`)
    Raises StudyError where training and trajectory were not measured at the same steps, the trajectory is broken
    (`series.layer_series`), or there are too few surrogates to correct for the layers.
    """
    steps, names, values = layer_series(trajectory, metric)
    loss = training.sort_values("step")["probe_loss"].to_numpy(np.float64)
    if not np.array_equal(np.sort(training["step"].to_numpy()), steps):
        raise StudyError("training and trajectory were not measured at the same steps")
    measurements = len(steps)
    shortest = max(settings.window, 4)
    if measurements < shortest:
        # A run that diverged at once is one without evaluable layers, of a length that every statistic accepts.
        steps, loss = np.arange(shortest), np.full(shortest, np.nan)
        values = np.full((shortest, len(names)), np.nan)

    def rng(statistic: str) -> Generator:
        return np.random.default_rng(derive(*key, metric, statistic))

    usable = is_evaluable(values)
    layers = pd.DataFrame({"layer": names, "depth": range(len(names)), "evaluable": usable})
    order, order_summary = _convergence(steps, values, usable, total_steps, settings, rng("convergence"))
    jumps, jump_columns, jump_summary = _jumps(steps, values, names, candidates, total_steps, settings, rng)
    events = critical_steps.critical_steps(values, settings.quantile, usable)
    transitions = critical_steps.transition_steps(values, settings.quantile, usable)
    period_columns, period_summary = _clustering(steps, values, settings, rng("critical"))
    loss_columns, loss_summary = _loss(steps, values, events, loss, settings, rng("loss"))
    summary = {
        "metric": metric,
        "threshold": settings.threshold,
        "level": settings.level,
        "measurements": measurements,
        "layers": len(names),
        "layers_evaluable": int(usable.sum()),
        "layers_not_evaluable": int((~usable).sum()),
        **jump_summary,
        **order_summary,
        "critical": int(events.sum()),
        "transitions": int(transitions.sum()),
        **period_summary,
        **_coordination(events[:, usable], settings, rng("coordination")),
        **loss_summary,
    }
    periods = pd.concat([periods_of(events, steps[1:], "critical"), periods_of(transitions, steps[2:], "transition")])
    tables = [
        layers.assign(**order),
        layers.assign(**jump_columns, **period_columns, **loss_columns),
        *(table.assign(layer=np.array(names, dtype=object)[table["layer"]]) for table in (jumps, periods)),
    ]
    for table in tables:
        if "metric" not in table:
            table.insert(0, "metric", metric)
    return Phase1(*tables, summary)


def simes(p: Array) -> float:
    """One p value that none of the hypotheses is false (Simes 1986): the smallest Benjamini-Hochberg p; NaN for none."""
    adjusted = benjamini_hochberg(p)
    return float(np.nanmin(adjusted)) if np.isfinite(adjusted).any() else np.nan


def periods_of(flags: Array, steps: Array, kind: str) -> pd.DataFrame:
    """One row per flagged step and layer: flags bool (T, L), steps (T,) -> layer (column), step, kind."""
    when, layer = np.nonzero(flags)
    return pd.DataFrame({"layer": layer, "step": steps[when], "kind": kind})


def mean(x: Array) -> float:
    """Mean of what is not NaN; NaN if nothing is."""
    x = np.asarray(x, dtype=np.float64)
    return float(np.nanmean(x)) if np.isfinite(x).any() else np.nan


def _convergence(
    steps: Array, values: Array, usable: Array, total_steps: int, settings: Settings, rng: Generator
) -> tuple[dict, dict]:
    stabilised = convergence.stabilisation_step(steps, values, settings.window, settings.tolerance)
    settled = convergence.settling_step(steps, values, settings.tolerance)
    rho, p = convergence.convergence_order_test(np.arange(len(usable)), settled, rng)
    columns = {"stabilised_step": stabilised, "settled_step": settled}
    return columns, {
        "settled_phase": mean(settled) / total_steps,
        "rho": rho,
        "rho_p": p,
        "pattern": convergence.convergence_pattern(rho, p),
    }


def _jumps(
    steps: Array,
    values: Array,
    names: list[str],
    candidates: pd.DataFrame,
    total_steps: int,
    settings: Settings,
    rng: Callable[[str], Generator],
) -> tuple[pd.DataFrame, dict, dict]:
    searched = is_searchable(values)
    jumps = candidates[candidates["jump"]].reset_index(drop=True)
    jumps = jumps.assign(layer=jumps["layer"].map({name: depth for depth, name in enumerate(names)}).astype(np.int64))
    rates = jump_rates(jumps, searched, len(steps))
    usual = zscore_jumps(steps, values, settings.threshold, total_steps)
    null = _zscore_null(values, searched, settings, rng("zscore"))
    when = period(jumps["phase"])
    of_layers = {
        "searched": searched,
        "jumps": rates["jumps"].to_numpy(),
        "per_1000": rates["per_1000"].to_numpy(),
        "z_jumps": jump_rates(usual, is_evaluable(values), len(steps))["jumps"].to_numpy(),
        "z_jumps_null": null.mean(axis=0),
    }
    known = searched.any()
    low, high = np.quantile(null[:, searched].sum(axis=1), [0.025, 0.975]) if known else (np.nan, np.nan)
    return jumps, of_layers, {
        "layers_searched": int(searched.sum()),
        "jumps": len(jumps),
        "jumps_null": settings.level if known else np.nan,
        "jumps_per_layer": mean(of_layers["jumps"]),
        "jumps_per_1000": mean(of_layers["per_1000"]),
        "layers_with_jumps": int((of_layers["jumps"] > 0).sum()),
        **{name: int((when == name).sum()) for name in ("early", "middle", "late")},
        "candidates": len(candidates),
        "increases": int((jumps["change"] > 0).sum()),
        "relative_magnitude": float(jumps["relative_magnitude"].median()) if len(jumps) else np.nan,
        "z_jumps": len(usual),
        "z_jumps_null": float(null[:, searched].mean(axis=0).sum()) if known else np.nan,
        "z_jumps_null_low": float(low),
        "z_jumps_null_high": float(high),
    }  # fmt: skip


def _zscore_null(values: Array, searched: Array, settings: Settings, rng: Generator) -> Array:
    """Jumps of the published detector on surrogates without jumps: (S, L), NaN for a layer that was not searched."""
    count = min(settings.surrogates, COUNTED_SURROGATES)
    null = np.full((count, len(searched)), np.nan)
    for layer in np.flatnonzero(searched):
        z = change_zscores(ar_surrogates(values[:, layer], rng, count).T)
        null[:, layer] = (np.abs(z) > settings.threshold).sum(axis=0)
    return null


def _clustering(steps: Array, values: Array, settings: Settings, rng: Generator) -> tuple[dict, dict]:
    found = critical_steps.critical_clustering(values, rng, settings.surrogates, quantile=settings.quantile)
    q = benjamini_hochberg(found.p)
    known = np.isfinite(found.start)
    columns = {
        "dispersion": found.dispersion,
        "dispersion_null": found.expected,
        "clustering_p": found.p,
        "clustering_q": q,
        "concentration": found.concentration,
        "densest_step": np.where(known, steps[np.where(known, found.start, 0).astype(np.int64) + 1], np.nan),
    }
    return columns, {
        "dispersion": mean(found.dispersion),
        "dispersion_null": mean(found.expected),
        "clustering_p": simes(found.p),
        "clustering_tested": int(known.sum()),
        "clustering_layers": int((q <= settings.level).sum()),
    }


def _coordination(events: Array, settings: Settings, rng: Generator) -> dict:
    """events: bool (T, L), critical steps of the evaluable layers."""
    whole = coordination_test(events, rng, settings.surrogates)
    fine, fine_p, largest, null, low, high, p = (np.nan,) * 7
    if len(events) >= critical_steps.WINDOW:
        test = coordination_test(events, rng, settings.surrogates, window=critical_steps.WINDOW)
        fine, fine_p = test.ratio, test.p
    if events.shape[1]:
        largest = float(critical_steps.coordination(events).max())
    if events.shape[1] > 1:
        shifted = sum(circular_shifts(layer.astype(np.int16), rng, settings.surrogates) for layer in events.T)
        shares = shifted.max(axis=1) / events.shape[1]
        null, (low, high) = float(shares.mean()), np.quantile(shares, [0.025, 0.975])
        p = float((1 + (shares >= largest - 1e-12).sum()) / (1 + settings.surrogates))
    return {
        "coordination": largest,
        "coordination_null": null,
        "coordination_null_low": float(low),
        "coordination_null_high": float(high),
        "coordination_p": p,
        "coordination_ratio": whole.ratio,
        "coordination_ratio_p": whole.p,
        "coordination_fine_ratio": fine,
        "coordination_fine_p": fine_p,
    }


def _loss(
    steps: Array, values: Array, events: Array, loss: Array, settings: Settings, rng: Generator
) -> tuple[dict, dict]:
    """A loss that is not finite throughout leaves nothing to couple to: NaN."""
    coupling = loss_coupling_test(values, loss, rng, surrogates=settings.surrogates)
    share, base, share_p = np.full(values.shape[1], np.nan), np.nan, np.full(values.shape[1], np.nan)
    if np.isfinite(loss).all():
        share, base, share_p = falling_share_test(events, loss)
    q = benjamini_hochberg(coupling.p)
    columns = {
        "loss_correlation": coupling.correlation,
        "loss_correlation_null": coupling.expected,
        "loss_lag": coupling.lag * (steps[1] - steps[0]),
        "loss_p": coupling.p,
        "loss_q": q,
        "falling_share": share,
        "falling_p": share_p,
        "falling_q": benjamini_hochberg(share_p),
    }
    return columns, {
        "loss_coupling": mean(share),
        "loss_falls": base,
        "loss_coupling_p": simes(share_p),
        "loss_correlation": mean(np.abs(coupling.correlation)),
        "loss_correlation_null": mean(coupling.expected),
        "loss_correlation_p": simes(coupling.p),
        "loss_tested": int(np.isfinite(coupling.p).sum()),
        "loss_coupled_layers": int((q <= settings.level).sum()),
    }
