"""Dale's law: a network that obeys it, with its blocks, and one that does not."""

import numpy as np
import pytest

from repdyn.circuits.signs import diagram, edges, sign_consistency
from repdyn.errors import StudyError

N, EXCITING = 40, 32
BLOCKS = np.array([[0.3, -1.0], [0.5, -0.7]])  # [to, from], of exciting and inhibiting units


def lawful(seed):
    rng = np.random.default_rng(seed)
    kind = (np.arange(N) >= EXCITING).astype(int)
    weights = BLOCKS[np.ix_(kind, kind)] * rng.lognormal(0, 0.3, (N, N))
    order = rng.permutation(N)
    return weights[np.ix_(order, order)], kind[order] == 0


def test_the_blocks_of_a_lawful_network_are_found():
    weights, excites = lawful(0)
    found = sign_consistency(weights, np.random.default_rng(0))
    assert found.consistency == pytest.approx(1) and found.p < 0.01
    np.testing.assert_array_equal(found.excites, excites)
    drawn = diagram(weights, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.median, BLOCKS, rtol=0.1)
    assert (drawn.p < 0.01).all()
    # The law is of columns, [to, from]: of the rows it says nothing.
    with pytest.raises(StudyError, match="both excite and inhibit"):
        diagram(weights.T, np.random.default_rng(0))


def test_edges_between_layers_are_the_planted_blocks_without_what_is_no_connection():
    rng = np.random.default_rng(0)
    to, of = (np.arange(30) % 3).astype(int), (np.arange(60) >= 48).astype(int)
    blocks = np.array([[0.3, -1.0], [0.5, -0.7], [0.1, -0.2]])
    weights = blocks[np.ix_(to, of)] * rng.lognormal(0, 0.3, (30, 60))
    weights[0, :40] = 50.0
    weights[0] *= np.nan  # else the first median would be far off
    found = edges(weights, to, of, rng)
    np.testing.assert_allclose(found.median, blocks, rtol=0.1)
    # With signs in random order, four of five weights excite, whoever sends them.
    assert (found.null_mean > 0).all() and (found.p < 0.01).all()


def test_edges_of_random_signs_are_at_their_null():
    rng = np.random.default_rng(2)
    kind = (np.arange(N) >= EXCITING).astype(int)
    p = np.array([edges(rng.standard_normal((N, N)), kind, kind, rng).p for _ in range(12)])
    assert 0.3 < p.mean() < 0.7 and (p <= 0.05).mean() < 0.15


def test_random_signs_are_at_the_null_and_have_no_diagram():
    rng = np.random.default_rng(1)
    p = [sign_consistency(rng.standard_normal((N, N)), rng).p for _ in range(12)]
    assert min(p) > 0.01 and 0.2 < np.mean(p) < 0.8
    with pytest.raises(StudyError, match="both excite and inhibit"):
        diagram(rng.standard_normal((N, N)), rng)
    with pytest.raises(StudyError, match="found 40 and 0"):
        diagram(np.abs(rng.standard_normal((N, N))) * np.r_[np.ones(N)], rng)


def test_what_is_no_network_is_refused():
    rng = np.random.default_rng(0)
    for wrong in (np.zeros((2, 3)), np.zeros((2, 2)), np.full((4, 4), np.inf)):
        with pytest.raises(StudyError, match="square and finite"):
            sign_consistency(wrong, rng)
    for weights, said in ((np.zeros((2, 2)), "a population per row"), (np.full((2, 3), np.inf), "found")):
        with pytest.raises(StudyError, match=said):
            edges(weights, np.zeros(2, int), np.zeros(3, int), rng)
    with pytest.raises(StudyError, match="a connection or more"):
        edges(np.zeros((2, 3)), np.zeros(2, int), np.array([0, 2, 2]), rng)
    silent = rng.standard_normal((4, 4))
    silent[[0, 1, 3], 2] = 0
    with pytest.raises(StudyError, match="has no sign"):
        sign_consistency(silent, rng)
