"""Mixed selectivity of units that are additive, mixed, or neither, and of noise."""

import numpy as np
import pytest
from scipy.stats import f

from repdyn.circuits.selectivity import KINDS, balanced, condition_variances, f_ratios, kinds, mixed_selectivity
from repdyn.errors import StudyError

A, B, REPEATS = 4, 4, 20


def planted(kind):
    """Means (A, B) of a unit, of unit variance over conditions."""
    first, second = np.meshgrid(np.arange(A) - 1.5, np.arange(B) - 1.5, indexing="ij")
    crossed = np.sign(first) * np.sign(second)
    additive = (first + second) / np.std(first + second)
    return {"additive": additive, "crossed": crossed, "half": (additive + crossed) / np.sqrt(2)}[kind]


def draw(kind, noise, rng, units=1, repeats=REPEATS):
    return planted(kind)[:, :, None, None] + noise * rng.standard_normal((A, B, repeats, units))


@pytest.mark.parametrize(("kind", "truth"), [("additive", 0), ("crossed", 1), ("half", 0.5)])
def test_the_share_of_the_interaction_is_free_of_noise(kind, truth):
    rng = np.random.default_rng(0)
    responses = draw(kind, 3, rng, units=400)
    variances = condition_variances(responses)
    assert variances[2].sum() / variances.sum() == pytest.approx(truth, abs=0.03)
    assert variances[:2].sum(0).mean() == pytest.approx(1 - truth, abs=0.05)
    naive = np.stack([each.var(axis=(0, 1)) for each in parts_of_means(responses)])
    if kind == "additive":
        # What means taken for the truth would say.
        assert (naive[2] / naive.sum(0)).mean() > 0.05


def parts_of_means(responses):
    means = responses.mean(2)
    first, second = means.mean(1, keepdims=True), means.mean(0, keepdims=True)
    return first, second, means - first - second


def test_the_ratios_are_those_of_nested_regressions():
    rng = np.random.default_rng(1)
    responses = draw("half", 1, rng)
    a, b, _ = np.indices(responses.shape[:3])
    y = responses.ravel()

    def left(*factors):
        design = np.stack(
            [np.ones(y.size), *(np.equal(each.ravel(), v) for each in factors for v in np.unique(each)[1:])], 1
        ).astype(float)
        return ((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2).sum()

    cell = a * B + b
    noise = left(cell) / (A * B * (REPEATS - 1))
    oracle = [(left(b) - left(a, b)) / (A - 1), (left(a) - left(a, b)) / (B - 1),
              (left(a, b) - left(cell)) / ((A - 1) * (B - 1))]  # fmt: skip
    np.testing.assert_allclose(f_ratios(responses)[:, 0], np.array(oracle) / noise)
    quiet = rng.standard_normal((A, B, REPEATS, 30))
    freedom = np.array([A - 1, B - 1, (A - 1) * (B - 1)])[:, None]
    theirs = f.sf(f_ratios(quiet), freedom, A * B * (REPEATS - 1))
    np.testing.assert_allclose(mixed_selectivity(quiet, rng).p, theirs, atol=0.05)


def test_units_are_sorted_by_kind_and_noise_is_none():
    rng = np.random.default_rng(2)
    first = (np.arange(A) - 1.5)[:, None, None, None] + 0.5 * rng.standard_normal((A, B, REPEATS, 1))
    noise = rng.standard_normal((A, B, REPEATS, 40))
    responses = np.concatenate([noise, first, draw("additive", 0.5, rng), draw("crossed", 0.5, rng)], 3)
    found = mixed_selectivity(responses, rng)
    names = [KINDS[i] for i in kinds(found.p)]
    assert names[40:] == ["pure", "linear", "non-linear"] and names[:40].count("none") >= 38
    assert found.shares[41] == pytest.approx(0, abs=0.02) and found.shares[42] == pytest.approx(1, abs=0.02)
    quiet = mixed_selectivity(noise, rng)
    assert 0.2 < quiet.p[2].mean() < 0.8
    np.testing.assert_allclose(quiet.variances, 0, atol=0.1)
    assert np.isnan(mixed_selectivity(np.ones((2, 2, 2, 1)), rng).population)


def test_trials_are_drawn_in_equal_numbers():
    rng = np.random.default_rng(3)
    first, second = rng.integers(2, size=300), rng.choice([0, 2, 5], 300)
    values = np.stack([first, second, np.arange(300)], 1)
    found = balanced(values, first, second, rng)
    assert found.shape[:2] == (2, 3) and found.shape[2] >= 30
    assert (found[1, :, :, 0] == 1).all() and (found[:, 2, :, 1] == 5).all()
    assert len(np.unique(found[..., 2])) == found[..., 2].size
    with pytest.raises(StudyError, match="the rarest has 0"):
        balanced(values[:2], np.array([0, 1]), np.array([0, 1]), rng)
    with pytest.raises(StudyError, match="as many labels"):
        balanced(values, first[:5], second, rng)
    for wrong in (np.zeros((2, 2, 1, 3)), np.zeros((4, 4)), np.full((2, 2, 2, 1), np.nan)):
        with pytest.raises(StudyError, match="two repeats"):
            mixed_selectivity(wrong, rng)
