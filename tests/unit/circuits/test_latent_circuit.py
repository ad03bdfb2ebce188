"""A planted circuit is recovered from the activity of many units; of inputs of other trials nothing is."""

import numpy as np
import pytest

from repdyn.circuits.latent_circuit import latent_circuit, rectified
from repdyn.errors import StudyError

NODES, INPUTS, UNITS, TRIALS, TIME, LEAK = 8, 4, 50, 256, 30, 0.3


def planted(seed, at_rest=True):
    """Weights and states (trials, T, units) of a circuit whose inputs come and go, seen through an orthonormal map."""
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((NODES, NODES)) * 0.4
    # Each free node is driven by one input and silenced by another, or driven by all and never silent.
    driven = 1.2 * np.eye(INPUTS) - 1.2 * np.roll(np.eye(INPUTS), 1, axis=1)
    weights[INPUTS:, :INPUTS] = driven if at_rest else np.abs(weights[INPUTS:, :INPUTS]) + 0.2
    weights *= min(1.0, 0.9 / np.abs(np.linalg.eigvals(weights)).max())
    inputs = np.repeat(
        rng.random((TRIALS, TIME // 6, INPUTS)) * (rng.random((TRIALS, TIME // 6, INPUTS)) < 0.5), 6, axis=1
    )
    states, nodes = [], np.zeros((TRIALS, NODES))
    for t in range(TIME):
        heard = nodes @ weights.T
        heard[:, :INPUTS] += inputs[:, t]
        nodes = (1 - LEAK) * nodes + LEAK * np.maximum(heard, 0)
        states.append(nodes)
    seen = np.linalg.qr(rng.standard_normal((UNITS, NODES)))[0]
    return weights, seen, np.stack(states, 1) @ seen.T, inputs


def test_a_planted_circuit_is_recovered_and_other_trials_explain_nothing():
    weights, seen, states, inputs = planted(0)
    found = latent_circuit(states, inputs, NODES, LEAK, np.random.default_rng(0))
    order = matched(found.embedding, seen)
    assert found.r2 > 0.99
    assert np.corrcoef(found.weights[np.ix_(order, order)].ravel(), weights.ravel())[0, 1] > 0.9
    np.testing.assert_allclose(found.gains, 1, atol=0.1)
    np.testing.assert_allclose(found.embedding.T @ found.embedding, np.eye(NODES), atol=1e-9)
    assert (np.abs((found.embedding[:, order] * seen).sum(0)) > 0.95).all()
    assert found.agreement > 0.8
    assert found.null_r2 < 0.2 and abs(found.null_agreement) < 0.5


def test_a_good_fit_of_nodes_that_are_never_at_rest_is_not_the_circuit_and_restarts_say_so():
    weights, seen, states, inputs = planted(0, at_rest=False)
    found = latent_circuit(states, inputs, NODES, LEAK, np.random.default_rng(0))
    order = matched(found.embedding, seen)
    assert found.r2 > 0.98
    assert (
        np.corrcoef(found.weights[np.ix_(order, order)].ravel(), weights.ravel())[0, 1] < 0.7 and found.agreement < 0.7
    )


def matched(embedding, seen):
    """Which found node each planted one is; the nodes of inputs keep their places."""
    order = np.abs(seen.T @ embedding).argmax(1)
    assert order[:INPUTS].tolist() == list(range(INPUTS)) and sorted(order) == list(range(NODES))
    return order


def test_signed_inputs_become_two():
    inputs = np.array([[[1.0, 2.0], [-3.0, 0.0]]])
    assert rectified(inputs).tolist() == [[[1, 0, 2], [0, 3, 0]]]


def test_what_is_no_circuit_is_refused():
    rng = np.random.default_rng(0)
    states, inputs = rng.standard_normal((10, 5, 6)), rng.random((10, 5, 2))
    flat = states[:, :, :1] * np.ones(6)
    for arguments, said in [
        ((states, inputs[:9], 3, 0.5), "8 trials or more"),
        ((states, inputs, 1, 0.5), "as many nodes as inputs"),
        ((states, inputs, 7, 0.5), "as many as units"),
        ((states, inputs, 3, 0.0), "the leak is above 0"),
        ((flat, inputs, 3, 0.5), "1 directions, too few for 3 nodes"),
        ((states * np.nan, inputs, 3, 0.5), "finite"),
    ]:
        with pytest.raises(StudyError, match=said):
            latent_circuit(*arguments, rng)
