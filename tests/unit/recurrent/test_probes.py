"""Probes of states by trial: a planted code is read, labels of other trials are not, and leaks between halves are closed."""

import numpy as np
import pytest

from repdyn.circuits.selectivity import balanced, condition_variances
from repdyn.errors import StudyError
from repdyn.recurrent.probes import CONTROLS, probed_by_trial
from repdyn.recurrent.record import probe_batch
from repdyn.recurrent.tasks import TASKS
from repdyn.recurrent.variables import events_of, variables_of

TRIALS, TIME, UNITS = 80, 10, 12


def test_a_planted_code_is_read_and_noise_is_at_its_controls():
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=(TRIALS, TIME))
    code = 3 * np.eye(3)[labels] @ rng.standard_normal((3, UNITS))
    found, controls = probed_by_trial(code + 0.1 * rng.standard_normal(code.shape), labels, rng)
    assert found == 1 and controls.shape == (CONTROLS,) and controls.mean() == pytest.approx(1 / 3, abs=0.05)
    found, controls = probed_by_trial(rng.standard_normal(code.shape), labels, rng)
    assert abs(found - controls.mean()) < 3.5 * controls.std()


def test_what_tells_trials_apart_is_not_read_as_their_label():
    """Every trial has a place of its own and a label by chance: split by time steps it is read, by trials it cannot be."""
    rng = np.random.default_rng(1)
    states = np.repeat(rng.standard_normal((TRIALS, 1, 60)), TIME, axis=1) + 0.01 * rng.standard_normal(
        (TRIALS, TIME, 60)
    )
    labels = np.repeat(rng.integers(2, size=(TRIALS, 1)), TIME, axis=1)
    found, _ = probed_by_trial(states, labels, rng)
    assert 0.3 < found < 0.7
    times = rng.permutation(TRIALS * TIME).reshape(TRIALS, TIME)  # the same rows, told apart as trials of one row
    leaked, _ = probed_by_trial(
        states.reshape(-1, 60)[times.ravel()][:, None], labels.reshape(-1)[times.ravel()][:, None], rng
    )
    assert leaked > 0.8


def test_variables_are_those_of_the_task():
    for name, task in TASKS.items():
        batch = probe_batch(task, name)
        found = variables_of(task, batch)
        assert all(each.shape == batch.inputs.shape[:2] for each in found.values())
    batch = probe_batch(TASKS["flipflop"], "flipflop")
    bits = variables_of(TASKS["flipflop"], batch)
    signs = np.stack(list(bits.values()), 2)
    np.testing.assert_array_equal(signs >= 0, batch.counted.numpy())
    np.testing.assert_array_equal((signs > 0)[signs >= 0], (batch.targets.numpy() > 0)[signs >= 0])
    flips = events_of(TASKS["flipflop"], batch)
    trial, time = next((trial, time) for trial, time in flips if time)
    assert (batch.targets[trial, time] != batch.targets[trial, time - 1]).any()
    assert 3 < len(flips) / len(batch.targets) < 9
    batch = probe_batch(TASKS["context"], "context")
    assert events_of(TASKS["context"], batch).shape == (0, 2)
    found = variables_of(TASKS["context"], batch)
    np.testing.assert_array_equal(found["relevant evidence"] > 0, batch.targets.numpy()[..., 0] > 0)
    assert 0.3 < (found["other evidence"] == found["relevant evidence"]).mean() < 0.7
    # A network that adds up all its inputs mixes nothing.
    sums = batch.inputs.double().cumsum(1)[:, -1].numpy() @ np.random.default_rng(0).standard_normal((4, 10))
    pairs = {}
    for other in ("evidence in channel 1", "relevant evidence"):
        responses = balanced(sums, found["context"][:, -1], found[other][:, -1], np.random.default_rng(1))
        pairs[other] = condition_variances(responses)[2].sum() / condition_variances(responses).sum()
    assert abs(pairs["evidence in channel 1"]) < 0.01 < pairs["relevant evidence"]
    assert variables_of(TASKS["context"]._replace(draw=lambda n, rng: None), batch) == {}


def test_the_variables_of_a_position_are_those_of_the_record_of_its_game():
    batch = probe_batch(TASKS["connect4_moves"], "connect4_moves")
    found, games = variables_of(TASKS["connect4_moves"], batch), batch.games
    for game in range(20):
        length = int((games.moves[game] >= 0).sum())
        middle = np.flatnonzero(games.moves[game] == 3)
        for name, number in (("cell d2", 1), ("cell d3", 2)):
            labels = found[name][game]
            taken = middle[number] if len(middle) > number else length
            # Who moves at ply t made the moves of the plies t - 2, t - 4, ...
            expected = [0 if t <= taken else 1 if (t - taken) % 2 == 0 else 2 for t in range(length)]
            assert labels[:length].tolist() == expected and (labels[length:] == -1).all()
        assert found["whose turn"][game, :length].tolist() == [t % 2 for t in range(length)]
    # The teacher wins where it can: most games end with a move that was there to be made.
    last = (games.moves >= 0).sum(1) - 1
    assert found["a move wins"][np.arange(len(last)), last].mean() > 0.8 > 0.3 > found["a move wins"][:, 8].mean()


def test_what_cannot_be_probed_is_refused():
    rng = np.random.default_rng(2)
    with pytest.raises(StudyError, match="8 trials or more"):
        probed_by_trial(np.zeros((7, 2, 3)), np.zeros((7, 2)), rng)
    with pytest.raises(StudyError, match="8 trials or more"):
        probed_by_trial(np.zeros((9, 2, 3)), np.zeros((9, 3)), rng)
    with pytest.raises(StudyError, match="1 trials have a label at every time step"):
        probed_by_trial(np.zeros((9, 2, 3)), np.r_[np.zeros((1, 2)), -np.ones((8, 2))].astype(int), rng)
    with pytest.raises(StudyError, match="all labels are 1"):
        probed_by_trial(np.zeros((9, 2, 3)), np.ones((9, 2), dtype=int), rng)
