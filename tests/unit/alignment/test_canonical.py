"""Canonical correlations: planted ones are found on held-out rows, independent rows have none, few rows are flagged."""

import numpy as np
import pytest

from repdyn.alignment.canonical import canonical, held_out_cca, pwcca, svcca
from repdyn.errors import StudyError

SHARED = (0.9, 0.6, 0.3)


def pair(seed: int, shared=SHARED, n: int = 2000, p: int = 6, q: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, p)), rng.standard_normal((n, q))
    for column, r in enumerate(shared):
        y[:, column] = r * x[:, column] + np.sqrt(1 - r * r) * y[:, column]
    return x @ rng.standard_normal((p, p)), y @ rng.standard_normal((q, q)) + 3


def test_without_a_ridge_it_is_what_scikit_learn_finds():
    from sklearn.cross_decomposition import CCA

    x, y = pair(0, n=300)
    found = canonical(x, y, 0)
    u, v = CCA(3, max_iter=5000, tol=1e-12).fit(x, y).transform(x, y)
    oracle = [np.corrcoef(u[:, i], v[:, i])[0, 1] for i in range(3)]
    np.testing.assert_allclose(found.correlations[:3], oracle, atol=1e-5)
    np.testing.assert_allclose(np.cov(((x - found.x_mean) @ found.a).T, bias=True), np.eye(5), atol=1e-9)


def test_planted_correlations_are_found_on_rows_that_were_not_fitted():
    found = held_out_cca(*pair(1), np.random.default_rng(0))
    np.testing.assert_allclose(found.correlations[:3], SHARED, atol=0.06)
    assert np.abs(found.correlations[3:]).max() < 0.08
    assert not found.saturated and found.stimuli == 2000


def test_independent_rows_have_none_where_in_sample_they_have_one():
    found = held_out_cca(*pair(2, (), n=100, p=70, q=60), np.random.default_rng(0))
    assert found.saturated and found.in_sample[:3].min() > 0.999
    assert np.abs(found.correlations[:3].mean()) < 0.25


def test_svcca_leaves_small_directions_out_and_pwcca_weighs_by_what_x_carries():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((2, 1500, 2))
    y[:, 0] = 0.8 * x[:, 0] + 0.6 * y[:, 0]
    assert pwcca(x * [5, 1], y, np.random.default_rng(0)) == pytest.approx(0.8 * 5 / 6, abs=0.05)
    assert pwcca(x * [1, 5], y, np.random.default_rng(0)) == pytest.approx(0.8 / 6, abs=0.06)
    assert svcca(x * [30, 1], y * [30, 1], np.random.default_rng(0)) == pytest.approx(0.8, abs=0.05)
    assert svcca(x, y, np.random.default_rng(0)) == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (np.ones((30, 2)), np.eye(30), "does not vary"),
        (np.eye(30), np.eye(29), "row per stimulus"),
        (np.full((30, 2), np.nan), np.eye(30), "finite"),
        (np.eye(9), np.eye(9), "9 stimuli are too few for 5 folds; 15 are needed"),
    ],
)
def test_what_cannot_be_correlated_is_said(x, y, said):
    with pytest.raises(StudyError, match=said):
        held_out_cca(x, y, np.random.default_rng(0))
