"""Our column rests on what phase 1 wrote with the settings of the study; the published one on the published rules."""

import json

import numpy as np
import pandas as pd
import pytest

from repdyn.audit import run_statistics
from repdyn.audit.columns import ours, own_tables, quantities
from repdyn.audit.own import own_run
from repdyn.audit.runs import Run
from repdyn.study.candidates import find_candidates
from repdyn.study.phase1 import Settings, analyse
from repdyn.timeseries.critical_steps import critical_steps

PUBLISHED = Settings(threshold=2.0, window=20, tolerance=0.1, quantile=0.9, surrogates=299, level=0.05)
OTHER = Settings(threshold=3.0, window=10, tolerance=0.3, quantile=0.8, surrogates=299, level=0.05)
METRIC = "stable_rank"


def frames() -> tuple[pd.DataFrame, pd.DataFrame, dict]:
    """Curves that settle at different times, one layer that does not vary, and a falling loss."""
    rng = np.random.default_rng(0)
    steps = np.arange(0, 2005, 5)
    values = (
        20 + 5 * np.exp(-steps[:, None] / np.array([50.0, 200, 400])) + rng.standard_normal((401, 3)).cumsum(0) / 50
    )
    values = np.column_stack([values, np.ones(401)])
    names = ["a", "b", "c", "output"]
    trajectory = pd.DataFrame(
        {"step": np.repeat(steps, 4), "layer": names * 401, "depth": [0, 1, 2, 3] * 401, METRIC: values.ravel()}
    )
    training = pd.DataFrame({"step": steps, "probe_loss": 2 - steps / 2000 + 0.01 * rng.standard_normal(401)})
    facts = {"experiment": "e", "seed": 0, "family": "mlp", "architecture": "mlp_narrow", "steps": 2000, "roles": {}}
    facts["dataset"] = "d"
    return trajectory, training, facts


def written(settings: Settings) -> tuple[Run, run_statistics.RunStatistics]:
    """The run, and its statistics after a phase 1 with these settings; the summary goes through JSON as in the study."""
    trajectory, training, facts = frames()
    run = own_run(trajectory, training, facts, METRIC)
    found = find_candidates(trajectory, METRIC, ("e", 0), 2000, settings.level, settings.surrogates).assign(jump=True)
    result = analyse(trajectory, training, found, METRIC, ("e", 0), 2000, settings)
    nulls = {name: None if value != value else value for name, value in result.summary.items()}
    summary = json.loads(json.dumps(nulls))
    shuffled = [table.sample(frac=1, random_state=0) for table in (result.convergence, result.layers, result.critical)]
    return run, run_statistics.read(run, *shuffled, summary)


def test_with_the_published_settings_phase_1_writes_what_is_computed_here():
    run, found = written(PUBLISHED)
    expected = run_statistics.computed(run, np.random.default_rng(0))
    for name in ("stabilised", "settled", "rho", "critical", "transitions", "coupling", "threshold"):
        assert np.array_equal(getattr(found, name), getattr(expected, name), equal_nan=True), name
    for name in ("dispersion", "coincidence"):  # other surrogates
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=0.1)


def test_other_settings_of_phase_1_reach_our_column():
    rows = {}
    for settings in (PUBLISHED, OTHER):
        run, found = written(settings)
        assert np.array_equal(found.critical, critical_steps(run.values, settings.quantile, run.evaluable))
        nothing = pd.DataFrame(columns=["run", "layer", "before", "step", "phase", "relative_magnitude", "speed"])
        runs, statistics = [], []
        for seed in range(3):
            runs.append(run._replace(name=f"e/seed{seed}", seed=seed))
            statistics.append(found)
        found_here = quantities(own_tables(runs, statistics, nothing, 0.05, pd.DataFrame(), pd.DataFrame()))
        table = ours(found_here).set_index(["claim", "quantity"])["ours"]
        rows[settings.quantile] = table
        assert table["C06", "critical"] == found.critical.sum()
    usual, other = rows.values()
    assert other["C06", "critical"] == 2 * usual["C06", "critical"]
    assert other["C02", "total"] < usual["C02", "total"] / 2  # |z| > 3 instead of 2
