"""Seeing against doing, erasure of a label, and interchange of a variable: planted answers, nulls, and what is refused."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from repdyn.errors import StudyError
from repdyn.interventions.erasure import erased, inlp, leace, random_eraser
from repdyn.interventions.interchange import aligned_subspace, interchange_accuracy, interchanged, random_subspace
from repdyn.interventions.structural_models import back_door, sampled, seen

N = 40000


def drawn(p, rng):
    return (rng.random(N) < p).astype(float)


MODEL = {
    "z": lambda _, rng: drawn(0.5, rng),
    "x": lambda v, rng: drawn(0.2 + 0.6 * v["z"], rng),
    "y": lambda v, rng: drawn(0.1 + 0.3 * v["x"] + (0.2 + 0.3 * v["x"]) * v["z"], rng),
}


def test_what_is_seen_is_not_what_setting_does_and_the_back_door_formula_is():
    rng = np.random.default_rng(0)
    rows = sampled(MODEL, N, rng)
    assert seen(rows["x"], rows["y"], 1) == pytest.approx(0.8, abs=0.015)
    assert sampled(MODEL, N, rng, {"x": 1})["y"].mean() == pytest.approx(0.65, abs=0.015)
    assert back_door(rows["x"], rows["y"], rows["z"], 1) == pytest.approx(0.65, abs=0.015)
    set_aside = MODEL | {"x": lambda v, rng: drawn(0.5, rng)}
    rows = sampled(set_aside, N, rng)
    assert seen(rows["x"], rows["y"], 1) == pytest.approx(back_door(rows["x"], rows["y"], rows["z"], 1), abs=0.015)
    # What x causes is no confounder: weighting by it is wrong.
    chain = {"z": lambda _, r: drawn(0.5, r), "x": lambda v, r: v["z"], "m": lambda v, r: drawn(0.2 + 0.6 * v["x"], r)}
    chain["y"] = lambda v, r: drawn(0.1 + 0.8 * v["m"], r)
    rows = sampled(chain, N, rng)
    assert seen(rows["x"], rows["y"], 1) == pytest.approx(0.74, abs=0.015)
    assert back_door(rows["x"], rows["y"], rows["m"], 1) == pytest.approx(0.5, abs=0.02)


def planted(n=600, units=32, seed=0, classes=2):
    """Correlated noise, and classes apart in one direction (of two classes) that is not the noise's."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    noise = rng.standard_normal((n, units)) @ rng.standard_normal((units, units)) / 4
    means = rng.standard_normal((classes, units))
    return noise + 4 * means[labels] / np.linalg.norm(means[1] - means[0]), labels


def accuracy(x, labels):
    """Of another kind of read-out than the one that erased, on the other half."""
    middle = len(x) // 2
    probe = LogisticRegression(C=1.0, max_iter=200).fit(x[:middle], labels[:middle])
    return probe.score(x[middle:], labels[middle:])


def test_leace_leaves_no_linear_trace_and_changes_the_least():
    x, labels = planted(classes=3)
    eraser = leace(x, labels)
    after = erased(x, eraser)
    # No covariance with the class is left, so no linear read-out beats a constant.
    one_hot = np.eye(3)[labels]
    assert np.abs((after - after.mean(0)).T @ (one_hot - one_hot.mean(0))).max() < 1e-8 * len(x)
    assert accuracy(x, labels) > 0.9 and accuracy(after, labels) < 0.45
    assert np.linalg.matrix_rank(np.eye(32) - eraser.matrix) == 2
    assert erased(after, eraser) == pytest.approx(after, abs=1e-8)
    assert after.mean(0) == pytest.approx(x.mean(0)) and np.abs(x.mean(0)).max() > 0.1
    # To take the same covariance away by orthogonal directions changes more, in units of the noise and else.
    means = np.stack([x[labels == c].mean(0) - x.mean(0) for c in range(3)])
    basis = np.linalg.svd(means, full_matrices=False)[2][:2]
    orthogonal = x - (x - x.mean(0)) @ basis.T @ basis
    assert np.abs((orthogonal - orthogonal.mean(0)).T @ (one_hot - one_hot.mean(0))).max() < 1e-8 * len(x)
    for scale in (np.eye(32), np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T):
        assert np.sum(((after - x) @ scale) ** 2) < np.sum(((orthogonal - x) @ scale) ** 2)


def test_one_round_of_null_space_projection_is_not_enough_and_more_are():
    x, labels = planted(1200)
    before = accuracy(x, labels)
    rounds = inlp(x, labels, 12)
    read = [accuracy(erased(x, each), labels) for each in rounds]
    assert before > 0.9 and read[0] > 0.65 and read[-1] < 0.58
    assert [np.linalg.matrix_rank(each.matrix) for each in rounds] == [31 - i for i in range(12)]
    random = accuracy(erased(x, random_eraser(x, 1, np.random.default_rng(0))), labels)
    assert random > before - 0.04
    several = random_eraser(x, 5, np.random.default_rng(0))
    assert np.linalg.matrix_rank(several.matrix) == 27 and several.matrix == pytest.approx(
        several.matrix @ several.matrix
    )
    assert erased(x, several).mean(0) == pytest.approx(x.mean(0))


def test_rounds_end_where_nothing_is_left():
    x, labels = planted(200, 3)
    assert len(inlp(x, labels, 9)) <= 3
    label = np.c_[labels * 2.0, np.zeros(200)]
    assert len(inlp(label, labels, 9)) == 1
    assert np.ptp(erased(label, inlp(label, labels, 1)[0]), axis=0).max() < 1e-9


def two_signs(seed, n=200):
    """8 turned units that hold two signs; the read-out answers with their combination."""
    rng = np.random.default_rng(seed)
    turn = torch.from_numpy(np.linalg.qr(np.random.default_rng(9).standard_normal((8, 8)))[0])

    def rest(states):
        a, b = (states @ turn[:, i] for i in (0, 1))
        return 3 * torch.stack([-a - b, -a + b, a - b, a + b], 1)

    signs = rng.choice([-1.0, 1.0], (2, n, 2))
    bases, sources = torch.from_numpy(np.concatenate([signs, rng.standard_normal((2, n, 6))], 2)) @ turn.T
    expected = torch.from_numpy((signs[1, :, 0] > 0) * 2 + (signs[0, :, 1] > 0) * 1)
    return rest, bases, sources, expected, turn.numpy()


def test_the_right_subspace_is_the_variable_and_a_wrong_one_is_not():
    rest, bases, sources, expected, turn = two_signs(0)
    assert interchange_accuracy(rest, bases, sources, expected, turn[:, :1]) == 1
    wrong = interchange_accuracy(rest, bases, sources, expected, turn[:, 1:2])
    assert wrong == pytest.approx(0.25, abs=0.1)
    # Where nothing is interchanged, half of the pairs agree in the sign anyway.
    assert interchange_accuracy(rest, bases, sources, expected, turn[:, 2:3]) == pytest.approx(0.5, abs=0.12)
    whole = interchange_accuracy(rest, bases, sources, expected, np.eye(8))
    assert whole == pytest.approx(0.5, abs=0.12)
    moved = interchanged(bases, sources, torch.from_numpy(turn[:, :1]))
    assert (moved @ turn)[:, 0].numpy() == pytest.approx((sources @ turn)[:, 0].numpy())
    assert (moved @ turn)[:, 1:].numpy() == pytest.approx((bases @ turn)[:, 1:].numpy())


def test_the_subspace_is_found_on_some_pairs_and_holds_on_others():
    rest, *pairs, turn = two_signs(0)
    found = aligned_subspace(rest, *pairs, 1, 0)
    assert abs(found[:, 0] @ turn[:, 0]) > 0.95
    _, *others, _ = two_signs(1)
    assert interchange_accuracy(rest, *others, found) > 0.98
    rng = np.random.default_rng(0)
    random = [interchange_accuracy(rest, *others, random_subspace(8, 1, rng)) for _ in range(20)]
    assert max(random) < 0.98 and np.mean(random) < 0.7 and len(set(random)) > 5
    # Expectations that no variable gives are met on the pairs of the search only as far as chance goes.
    nothing = torch.from_numpy(np.random.default_rng(3).integers(0, 4, 200))
    searched = aligned_subspace(rest, *pairs[:2], nothing, 1, 0)
    assert interchange_accuracy(rest, *others[:2], nothing, searched) < 0.4


X, LABELS = planted(40)
PAIR = (torch.zeros(3, 2), torch.zeros(3, 2), torch.zeros(3, dtype=torch.int64))
BAD = [
    (lambda: sampled(MODEL, N, np.random.default_rng(0), {"w": 1}), "has no w to set"),
    (lambda: sampled(MODEL, 5, np.random.default_rng(0)), "must have 5 values"),
    (lambda: seen(np.zeros(3), np.zeros(3), 1), "no row has the value"),
    (lambda: back_door(np.zeros(2), np.zeros(2), np.zeros(3), 0), "of the same rows"),
    (lambda: back_door(np.array([0, 1]), np.zeros(2), np.array([0, 1]), 1), "is not in the rows"),
    (lambda: leace(X, np.zeros(40)), "two or more classes"),
    (lambda: leace(X, LABELS[1:]), "labels"),
    (lambda: inlp(X, LABELS, 0), "one round or more"),
    (lambda: random_eraser(X, 33, np.random.default_rng(0)), "1 to 32 directions"),
    (lambda: erased(X[:, :3], leace(X, LABELS)), "takes rows"),
    (lambda: interchange_accuracy(lambda h: h, *PAIR, np.ones((2, 1))), "orthonormal"),
    (lambda: interchange_accuracy(lambda h: h, *PAIR, np.eye(3)), "subspace"),
    (lambda: aligned_subspace(lambda h: h, *PAIR, 3, 0), "k <= d"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(StudyError, match=message):
        call()
