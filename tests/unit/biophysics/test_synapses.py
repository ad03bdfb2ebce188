"""Synapses: the pair rule against its window, drift and trap; use against its formula; competition beside its null."""

import numpy as np
import pytest

from repdyn.biophysics.competition import at_the_ends, compete
from repdyn.biophysics.plasticity import SONG, PairRule, drift, efficacies, pair_changes, steady_efficacy, window
from repdyn.errors import StudyError

FASTER = SONG._replace(growth=4 * SONG.growth, shrinking=4 * SONG.shrinking)


def test_one_pair_changes_a_weight_by_the_window():
    delays = np.arange(-40, 41)
    before, after = np.zeros((2, 101, 81), dtype=bool)
    before[50] = True
    after[50 + delays, np.arange(81)] = True
    found = pair_changes(before, after, 1.0)
    assert found == pytest.approx(window(delays), abs=1e-15) and found[40] == 0
    assert found[60] == pytest.approx(0.005 * np.exp(-1)) and found[20] == pytest.approx(-0.00525 * np.exp(-1))


def test_all_pairs_of_two_trains_add_up():
    rng = np.random.default_rng(0)
    before, after = rng.random((2, 300, 3)) < 0.1
    pairs = [
        sum(window(t - s) for s in np.flatnonzero(before[:, cell]) for t in np.flatnonzero(after[:, cell]))
        for cell in range(3)
    ]
    assert pair_changes(before, after, 1.0) == pytest.approx(pairs)


def test_weights_between_independent_cells_drift_as_the_rule_says():
    rng = np.random.default_rng(0)
    before, after = rng.random((2, 4000, 1000)) < 0.02
    found = pair_changes(before, after, 1.0, PairRule(0.01, 0.03)).mean() / 4
    assert drift(20, 20, PairRule(0.01, 0.03)) == pytest.approx(-0.16) and found == pytest.approx(-0.16, abs=0.015)
    assert drift(20, 20, PairRule(0.01, 0.01)) == 0
    assert pair_changes(before, after, 1.0, PairRule(0.01, 0.01)).mean() / 4 == pytest.approx(0, abs=0.01)


def test_synapses_that_are_active_together_win_and_only_where_they_are_heard():
    found = compete(15, 20, np.random.default_rng(0), FASTER, 0.5)
    first, others = np.split(found.weights, 2)
    assert first.mean() - others.mean() > 0.3 and 20 < found.rates[-5:].mean() < 200
    null = compete(15, 20, np.random.default_rng(0), FASTER, 0.5, unheard=100.0)
    first, others = np.split(null.weights, 2)
    assert abs(first.mean() - others.mean()) < 0.15 and null.rates.mean() == pytest.approx(100, abs=6)
    low, high = at_the_ends(found.weights)
    assert low + high > 0.45 and at_the_ends(np.linspace(0, 1, 1000)) == pytest.approx((0.2, 0.2), abs=0.01)
    assert found.weights.min() >= 0 and found.weights.max() <= 1


@pytest.mark.parametrize("use", [0.5, 0.15])
@pytest.mark.parametrize("rate", [5, 20, 50])
def test_a_synapse_used_for_long_releases_what_the_formula_says(use, rate):
    found = efficacies(np.arange(300) * 1000 / rate, use, 800, 50)
    assert found[0] == use and found[-1] == pytest.approx(float(steady_efficacy(rate, use, 800, 50)), rel=1e-9)


def test_use_against_the_equations_between_spikes():
    """Tsodyks & Markram as differential equations: u falls to 0 and is raised at a spike, x recovers and is taken from."""
    times, use, recovery, facilitation = np.array([0.0, 13, 20, 90, 100]), 0.2, 150.0, 60.0
    u, x, last, expected = 0.0, 1.0, 0.0, []
    for time in times:
        for _ in range(round((time - last) * 1000)):
            u, x = u - 1e-3 * u / facilitation, x + 1e-3 * (1 - x) / recovery
        u += use * (1 - u)
        expected.append(u * x)
        x, last = x - u * x, time
    assert efficacies(times, use, recovery, facilitation) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (lambda: pair_changes(np.zeros((5, 2)), np.zeros((5, 3)), 1.0), "one shape"),
        (lambda: pair_changes(np.zeros((5, 2)), np.zeros((5, 2)), 1.0, PairRule(growth_time=-1)), "growth time = -1"),
        (lambda: pair_changes(np.zeros((5, 2)), np.zeros((5, 2)), 1.0, PairRule(shrinking=-1)), "0 or more"),
        (lambda: efficacies(np.array([3.0, 1.0]), 0.5, 100, 100), "that rise"),
        (lambda: efficacies(np.array([]), 0.5, 100, 100), "found 0.5 and 0 times"),
        (lambda: efficacies(np.array([1.0]), 1.5, 100, 100), "1 or less"),
        (lambda: steady_efficacy(10, 0.5, -100, 100), "recovery = -100"),
        (lambda: compete(-15, 20, np.random.default_rng(0)), "rate = -15"),
        (lambda: compete(15, 20, np.random.default_rng(0), together=2), "0 to 1 is needed"),
    ],
)
def test_what_makes_no_sense_is_refused(refused, said):
    with pytest.raises(StudyError, match=said):
        refused()
