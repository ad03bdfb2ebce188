"""Dale's law: a network that obeys it, with its blocks, and one that does not."""

import numpy as np
import pytest

from repdyn.circuits.signs import diagram, sign_consistency
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
    np.testing.assert_allclose(diagram(weights, np.random.default_rng(0)), BLOCKS, rtol=0.1)
    # The law is of columns, [to, from]: of the rows it says nothing.
    with pytest.raises(StudyError, match="both excite and inhibit"):
        diagram(weights.T, np.random.default_rng(0))


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
    silent = rng.standard_normal((4, 4))
    silent[[0, 1, 3], 2] = 0
    with pytest.raises(StudyError, match="has no sign"):
        sign_consistency(silent, rng)
