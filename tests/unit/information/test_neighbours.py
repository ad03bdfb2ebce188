"""Mutual information against formulas, scikit-learn and planted answers."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

from repdyn.errors import StudyError
from repdyn.information.bounds import fano_bound
from repdyn.information.intervals import deviation, divisions, shuffled
from repdyn.information.neighbours import class_information, class_informations, entropy, ksg, repeated, tied
from repdyn.information.projections import discriminant_coordinates, principal_coordinates


def pair(rho, n, seed):
    x, noise = np.random.default_rng(seed).standard_normal((2, n))
    return x, rho * x + np.sqrt(1 - rho**2) * noise


@pytest.mark.parametrize(("rho", "truth"), [(0.5, 0.144), (0.8, 0.511), (0.995, 2.304)])
def test_gaussians_have_the_information_of_the_formula(rho, truth):
    x, y = pair(rho, 1500, 1)
    assert truth == pytest.approx(-0.5 * np.log(1 - rho**2), abs=5e-4)
    assert ksg(x, y) == pytest.approx(truth, abs=0.05)
    assert ksg(y, x) == pytest.approx(ksg(x, y)) and ksg(3 * x + 1, 3 * y) == pytest.approx(ksg(x, y))
    # Monotone maps leave the information as it is, the estimate nearly.
    assert ksg(np.arctan(x), y + y**3 / 20) == pytest.approx(truth, abs=0.1)


def test_two_coordinates_add_what_each_shares():
    (a, b), (c, d) = pair(0.8, 1500, 2), pair(0.5, 1500, 3)
    assert ksg(np.c_[a, c], np.c_[b, d]) == pytest.approx(0.511 + 0.144, abs=0.08)


def test_independent_variables_have_none_within_their_interval():
    inside = []
    for seed in range(20):
        x, y = pair(0, 300, seed)
        parts = divisions(np.zeros(300), (2, 3, 4), 4, np.random.default_rng(seed))
        inside.append(abs(ksg(x, y)) <= 1.96 * deviation(lambda rows, x=x, y=y: ksg(x[rows], y[rows]), parts))
    assert np.mean(inside) >= 0.8
    mean, sd = shuffled(lambda order: ksg(x, y[order]), 300, 50, np.random.default_rng(0))
    assert abs(mean) < 0.02 and 0.02 < sd < 0.07


def test_the_deviation_is_that_of_new_samples():
    estimates, deviations = [], []
    for seed in range(30):
        x, y = pair(0.6, 200, seed)
        parts = divisions(np.zeros(200), (2, 3, 4), 4, np.random.default_rng(seed))
        estimates.append(ksg(x, y))
        deviations.append(deviation(lambda rows, x=x, y=y: ksg(x[rows], y[rows]), parts))
    assert np.mean(estimates) == pytest.approx(0.223, abs=0.03)
    assert np.mean(deviations) == pytest.approx(np.std(estimates, ddof=1), rel=0.35)


def test_the_deviation_of_a_mean_is_that_of_the_formula():
    x = np.random.default_rng(0).standard_normal(1200)
    parts = divisions(np.zeros(1200), (2, 3, 4), 200, np.random.default_rng(1))
    assert deviation(lambda rows: x[rows].mean(), parts) == pytest.approx(x.std() / np.sqrt(1200), rel=0.07)
    known = [[np.array([0]), np.array([2])], [np.array([1]), np.array([2]), np.array([6])]]
    # Variances 2 and 7 of two and three parts: (1 * 2 / 2 + 2 * 7 / 3) / 3.
    assert deviation(lambda rows: rows[0], known) == pytest.approx(np.sqrt((1 + 14 / 3) / 3))


def test_divisions_are_disjoint_whole_and_balanced_in_classes():
    labels = np.repeat([0, 1, 2], [20, 13, 7])
    found = divisions(labels, (2, 3), 2, np.random.default_rng(0))
    assert [len(division) for division in found] == [2, 2, 3, 3]
    for division in found:
        assert sorted(np.concatenate(division)) == list(range(40))
        counts = np.array([np.bincount(labels[rows], minlength=3) for rows in division])
        assert np.ptp(counts, axis=0).max() <= 1
    assert any((a != b).any() for a, b in zip(found[0], found[1], strict=True))


def test_the_estimates_are_those_of_scikit_learn():
    for seed in range(3):
        x, y = pair(0.7, 300, seed)
        x, y = x / x.std(), y / y.std()
        # It adds noise of 1e-10, clips at 0 and scales in another way.
        theirs = mutual_info_regression(x[:, None], y, n_neighbors=4, random_state=0)[0]
        assert ksg(x, y, 4) == pytest.approx(theirs, abs=1e-6)
        labels = (x + np.random.default_rng(seed).standard_normal(300) > 0) + np.arange(300) % 2
        theirs = mutual_info_classif(y[:, None], labels, n_neighbors=3, random_state=0)[0]
        assert class_information(y, labels) == pytest.approx(theirs, abs=1e-6)


def test_a_class_that_can_be_read_has_its_entropy_and_another_none():
    rng = np.random.default_rng(0)
    labels = np.arange(600) % 4
    noise = rng.standard_normal((600, 2))
    assert class_information(noise + 20 * np.c_[labels % 2, labels // 2], labels) == pytest.approx(np.log(4), abs=0.01)
    assert class_information(noise + 20 * np.c_[labels % 2, 0 * labels], labels) == pytest.approx(np.log(2), abs=0.03)
    assert abs(class_information(noise, labels)) < 0.06
    uneven = (rng.random(600) < 0.2).astype(int)
    assert class_information(noise + 20 * uneven[:, None], uneven) == pytest.approx(entropy(uneven), abs=0.01)
    assert entropy(labels) == pytest.approx(np.log(4)) and entropy(np.zeros(3)) == 0


def test_two_overlapping_gaussians_have_the_integral():
    rng = np.random.default_rng(1)
    labels = np.arange(3000) % 2
    grid = np.linspace(-8, 9, 20001)
    each = [np.exp(-((grid - mean) ** 2) / 2) / np.sqrt(2 * np.pi) for mean in (0, 1.5)]
    mixed = (each[0] + each[1]) / 2
    truth = sum(0.5 * np.trapezoid(p * np.log(p / mixed), grid) for p in each)
    assert class_information(rng.standard_normal(3000) + 1.5 * labels, labels) == pytest.approx(truth, abs=0.04)


def test_many_labellings_of_one_variable_give_what_each_gives():
    rng = np.random.default_rng(5)
    for n, classes, digits in ((200, 3, 9), (150, 5, 2), (90, 25, 9), (300, 40, 9), (100, 2, 0)):
        x, labels = rng.standard_normal(n).round(digits), np.arange(n) % classes
        if n == 200:
            labels = np.sort(rng.integers(0, 50, n) < 3).astype(int)  # a class so rare that its rows are far apart
        labellings = np.stack([rng.permutation(labels) for _ in range(4)])
        found = class_informations(x, labellings)
        if classes == 25 or digits == 0:  # as few rows of a class as neighbours, or too many alike
            assert np.isnan(found).all()
            with pytest.raises(StudyError):
                class_information(x, labellings[0])
            continue
        assert found.tolist() == [class_information(x, each) for each in labellings]
    for wrong in (np.zeros((2, 9), int), np.arange(20).reshape(2, 10) % 3):
        with pytest.raises(StudyError, match="labellings"):
            class_informations(np.arange(10.0), wrong)


def test_fanos_bound_is_exact_for_a_symmetric_channel_and_0_at_chance():
    labels = np.arange(40) % 4
    assert fano_bound(1.0, labels) == pytest.approx(np.log(4)) and fano_bound(0.25, labels) == pytest.approx(0)
    joint = np.full((4, 4), 0.3 / 12) + (0.7 / 4 - 0.3 / 12) * np.eye(4)
    assert fano_bound(0.7, labels) == pytest.approx((joint * np.log(16 * joint)).sum())
    # Who names the larger class always knows nothing; who is always wrong of two knows all.
    uneven = np.repeat([0, 1], [9, 1])
    assert fano_bound(0.9, uneven) == pytest.approx(0) and fano_bound(0.8, uneven) == 0
    assert fano_bound(0.0, uneven) == pytest.approx(entropy(uneven)) and np.isnan(fano_bound(np.nan, labels))


def test_coordinates_are_those_of_scikit_learn_fitted_on_other_rows():
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    x = rng.standard_normal((90, 6)) * [5, 3, 1, 1, 1, 1] + 9
    x[:, 4] += 2 * (labels == 1)
    x[:, 5] += 4 * (labels == 2)
    read = rng.standard_normal((20, 6)) + 9
    for wide in (False, True):
        rows = np.arange(5) if wide else np.arange(90)
        ours, theirs = principal_coordinates(x[rows], read), PCA(2).fit(x[rows])
        expected = theirs.transform(read) / np.sqrt(theirs.explained_variance_[0])
        assert np.abs(ours) == pytest.approx(np.abs(expected), rel=1e-6)
    ours = discriminant_coordinates(x, labels, read)
    theirs = LinearDiscriminantAnalysis(solver="eigen").fit(x, labels).transform(read)[:, :2]
    for i in range(2):
        assert abs(np.corrcoef(ours[:, i], theirs[:, i])[0, 1]) == pytest.approx(1, abs=1e-4)
    within = discriminant_coordinates(x, labels, x)
    within = within - np.stack([within[labels == label].mean(0) for label in range(3)])[labels]
    assert (within**2).mean(0) == pytest.approx(1, rel=1e-3)
    # Classes differ in directions of little variance: two components miss what two discriminants have.
    assert class_information(discriminant_coordinates(x, labels, x), labels) > 0.4 + class_information(
        principal_coordinates(x, x), labels
    )


def test_coordinates_of_what_does_not_vary_are_not_evaluable():
    x = np.random.default_rng(0).standard_normal((30, 4))
    labels = np.arange(30) % 3
    line = x[:, :1] * np.ones(4)
    broken = x.copy()
    broken[0, 0] = np.nan
    for fitted, read in ((np.ones((30, 4)), x), (line, x), (broken, x), (x, broken)):
        assert np.isnan(principal_coordinates(fitted, read)).all()
        assert np.isnan(discriminant_coordinates(fitted, labels, read)).all()
    assert np.isnan(discriminant_coordinates(x, labels % 2, x)).all()
    assert principal_coordinates(x, x).shape == discriminant_coordinates(x, labels, x).shape == (30, 2)


def test_ties_are_found():
    x = np.arange(20.0)[:, None]
    labels = np.arange(20) % 2
    assert not tied(x, labels)
    x[:8:2] = 1
    assert tied(x, labels) and not tied(x, labels, 4) and not tied(x, np.arange(20) // 2)
    assert tied(np.full((20, 1), np.nan), labels)


BAD = [
    (lambda: ksg(np.arange(9.0), np.arange(8.0)), "9 and 8 rows"),
    (lambda: ksg(np.arange(3.0), np.arange(3.0)), "more than the 3 neighbours"),
    (lambda: ksg(np.ones(9), np.arange(9.0)), "constant"),
    (lambda: ksg(np.arange(9.0) // 5, np.arange(9.0) // 5), "have the value of another row"),
    (lambda: ksg(np.array([np.nan, 1, 2, 3, 4]), np.arange(5.0)), "finite"),
    (lambda: class_information(np.arange(9.0), np.zeros(9)), "two or more classes"),
    (lambda: class_information(np.arange(9.0), np.arange(9) // 6), "more than 3 rows"),
    (lambda: class_information(np.arange(9.0), np.arange(8)), "as many labels"),
    (lambda: class_information(np.arange(10.0) // 5, np.arange(10) // 5), "equal 3 others"),
    (lambda: fano_bound(1.1, np.arange(3)), "accuracy"),
    (lambda: fano_bound(0.5, np.zeros(3)), "two or more classes"),
    (lambda: deviation(lambda rows: 0.0, []), "two parts"),
    (lambda: deviation(lambda rows: 0.0, [[np.arange(3)]]), "two parts"),
    (lambda: principal_coordinates(np.eye(3), np.eye(4)), "same features"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(StudyError, match=message):
        call()


def test_ksg_refuses_a_variable_whose_values_meet():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 1000))
    assert ksg(x, y) == pytest.approx(0, abs=0.06)
    for rounded in (x.round(1), x.round(2), np.maximum(x, 0)):
        for pair in ((rounded, y), (y, rounded)):
            with pytest.raises(StudyError, match="rows of .* have the value of another row"):
                ksg(*pair)
    few = x.copy()
    few[:8] = few[8:16]
    assert repeated(few) == pytest.approx(0.016) and repeated(x) == 0
    few[:4] = x[:4]
    assert ksg(few, y) == pytest.approx(ksg(x, y), abs=0.02)
