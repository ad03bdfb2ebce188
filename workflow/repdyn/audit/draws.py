"""Random draws that the nulls of several claims share.

Each null draws whole studies: a draw is one number for every quantity, from surrogates of all 55 runs. Ranges
are the central 95 % of the draws.
"""

from functools import cached_property

import numpy as np
import pandas as pd

from repdyn.audit.definitions import Column
from repdyn.audit.run_statistics import THRESHOLD
from repdyn.audit.runs import CNN, MLP, TRANSFORMER, Run, names_of
from repdyn.audit.timing import BINS, timing
from repdyn.seeds import derive
from repdyn.timeseries.surrogates import ar_surrogates

DRAWS = 200
NO_JUMPS = "studies of surrogates: trend, local scale, autocorrelation and tails of each series, no jumps"
RULE = "fixed by the top-decile rule for any series"
SHUFFLES = 10
SHUFFLED = "the measurements of every run dealt to its steps at random"
PART_SHIFTS = "circular shifts of the jumps within their part of training"


class Draws:
    """Draws of one column, each kind made where the first claim asks for it, the same for all."""

    def __init__(self, column: Column, number: int = DRAWS):
        self.column, self.number = column, number

    @cached_property
    def jumps(self) -> "JumpDraws":
        return jump_draws(self.column.runs, self.number, self.column.definitions.index_as_step)

    @cached_property
    def noise(self) -> Column:
        """White noise of the same length and number of layers in place of every series, for what a rule fixes."""
        noise = []
        for run in self.column.runs:
            rng = np.random.default_rng(derive("audit", "rule", run.name))
            noise.append(run._replace(values=rng.standard_normal(run.values.shape)))
        return self.column._replace(runs=noise)

    def shuffled(self, draw: int) -> Column:
        """The measurements of every run dealt to its steps at random, layers together."""
        runs = []
        for run in self.column.runs:
            rng = np.random.default_rng(derive("audit", "shuffled", run.name, draw))
            runs.append(run._replace(values=run.values[rng.permutation(len(run.values))]))
        return self.column._replace(runs=runs)

    @cached_property
    def loss(self) -> dict[str, dict[str, np.ndarray]]:
        """`loss_around` of the runs of C09 and C13, by name of the run."""
        runs = self.column.runs
        chosen = {TRANSFORMER, CNN, MLP} | set(names_of(runs, "transformer"))
        return {run.name: loss_around(run, self.column.jumps, self.number) for run in runs if run.name in chosen}


class JumpDraws:
    """|z| > 2 on surrogates without jumps, per layer.

    family, run, layer (L,) of every layer of every run; counts (draws, 3, L) by timing; phases (draws, L), their sum.
    """

    def __init__(self, where: pd.DataFrame, counts: np.ndarray, phases: np.ndarray):
        self.family, self.run, self.layer = (where[name].to_numpy(dtype=object) for name in ("family", "run", "layer"))
        self.counts, self.phases = counts, phases
        self.total = counts.sum(axis=1)

    def number(self, chosen: np.ndarray) -> np.ndarray:
        """Jumps of chosen layers (bool (L,)): (draws,)."""
        return self.total[:, chosen].sum(axis=1)

    def percent(self, chosen: np.ndarray, among: np.ndarray) -> np.ndarray:
        """Share of the jumps `among` layers that lie in `chosen` of them."""
        return 100 * over(self.number(chosen & among), self.number(among))

    def timed(self) -> dict[str, np.ndarray]:
        """Jumps by timing."""
        return dict(zip(BINS, self.counts.sum(axis=2).T, strict=True))


def jump_draws(runs: list[Run], draws: int, index_as_step: bool = False) -> JumpDraws:
    """The rule |z| > 2 applied to surrogates of every layer; phases as `definitions.zscored` takes them."""
    counts, phases = [], []
    where = pd.DataFrame(
        [(run.name, run.family, layer) for run in runs for layer in run.layers], columns=["run", "family", "layer"]
    )
    for run in runs:
        phase = (np.arange(len(run.steps) - 1) if index_as_step else run.steps[1:]) / run.total_steps
        bins = timing(pd.Series(phase)).to_numpy()
        for column in range(len(run.layers)):
            fired = surrogate_jumps(run, column, draws)
            counts.append(np.stack([fired[:, bins == name].sum(axis=1) for name in BINS], axis=1))
            phases.append(fired @ phase)
    return JumpDraws(where, np.stack(counts, axis=2), np.stack(phases, axis=1))


def surrogate_jumps(run: Run, column: int, draws: int) -> np.ndarray:
    """Where |z| > 2 fires on surrogates of one layer: bool (draws, T-1); nowhere if it is not evaluable."""
    if not run.evaluable[column] or np.ptp(run.values[:, column]) == 0:
        return np.zeros((draws, len(run.steps) - 1), dtype=bool)
    rng = np.random.default_rng(derive("audit", "no jumps", run.name, column))
    change = np.diff(ar_surrogates(run.values[:, column], rng, draws), axis=1)
    away = change - change.mean(axis=1, keepdims=True)
    return np.abs(away) > THRESHOLD * change.std(axis=1, keepdims=True)


def loss_around(run: Run, jumps: pd.DataFrame, draws: int) -> dict[str, np.ndarray]:
    """loss[j + 2] - loss[j - 2] at jumps rotated within their part of training, by timing: {early: (draws, jumps)}."""
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


def over(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """top / bottom of each draw (n,), NaN where the bottom is 0."""
    top, bottom = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)
