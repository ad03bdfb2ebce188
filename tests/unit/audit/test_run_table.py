"""What C08 rests on: 0 for layers that know nothing of the loss, whatever both have in common, else the planted share."""

import numpy as np
import pytest

from repdyn.audit.run_statistics import RunStatistics
from repdyn.audit.run_table import coupling_excess, window_means
from repdyn.audit.runs import Run

T, LAYERS, RUNS = 401, 4, 40


def study(coupled: float) -> tuple[list[Run], list[RunStatistics]]:
    """Runs whose losses fall most, and whose layers are critical most, at the start of each window of 20 measurements.

    Of the critical steps a share `coupled` is moved to a step of its window at which the loss of the run falls.
    """
    rng = np.random.default_rng(0)
    place = np.arange(T - 1) % 20
    runs, statistics = [], []
    for number in range(RUNS):
        falls = rng.random(T - 1) < 0.9 - 0.04 * place
        loss = np.concatenate([[0.0], np.cumsum(np.where(falls, -1.0, 1.0))])
        critical = rng.random((T - 1, LAYERS)) < (0.3 - 0.014 * place)[:, None]
        for step, layer in np.argwhere(critical):
            free = np.flatnonzero(falls & ~critical[:, layer] & (np.arange(T - 1) // 20 == step // 20))
            if len(free) and rng.random() < coupled:
                critical[step, layer] = False
                critical[rng.choice(free), layer] = True
        known = np.ones(LAYERS, dtype=bool)
        name = f"e{number}"
        runs.append(
            Run(name, "mlp", np.arange(T), T - 1, [*"abcd"], np.zeros((T, LAYERS)), known, loss, experiment=name)
        )
        nothing = np.zeros(LAYERS)
        statistics.append(RunStatistics(nothing, nothing, 0.0, critical, 0, 0.0, 0.0, 0.0, 2.0))
    return runs, statistics


def naive(runs: list[Run], statistics: list[RunStatistics]) -> float:
    """The share of critical steps with falling loss, less that of all steps of the same window."""
    falls = [(np.diff(run.loss) < 0).astype(float) for run in runs]
    return float(
        np.mean(
            [(f - window_means(f))[np.nonzero(s.critical)[0]].mean() for f, s in zip(falls, statistics, strict=True)]
        )
    )


def test_layers_that_know_nothing_of_the_loss_have_no_excess():
    runs, statistics = study(0.0)
    found = np.array(coupling_excess(runs, statistics))
    error = found.std(ddof=1) / np.sqrt(RUNS)
    assert abs(found.mean()) < 3 * error and error < 0.01
    # What is subtracted is there: without it both fall early in a window and seem to go together.
    assert naive(runs, statistics) > 5 * error


@pytest.mark.parametrize("coupled", [0.2, 0.6])
def test_a_planted_share_is_found(coupled):
    quiet = np.mean(coupling_excess(*study(0.0)))
    found = np.mean(coupling_excess(*study(coupled)))
    # A step that is moved falls surely, where about half of them fell before.
    assert found - quiet == pytest.approx(coupled * 0.4, abs=coupled * 0.15)


def test_without_another_experiment_of_the_family_there_is_no_number():
    runs, statistics = study(0.0)
    seeds = [run._replace(experiment="e0", seed=seed) for seed, run in enumerate(runs[:3])]
    assert np.isnan(coupling_excess(seeds, statistics[:3])).all()
    other = [runs[0], runs[1]._replace(family="cnn")]
    assert np.isnan(coupling_excess(other, statistics[:2])).all()
