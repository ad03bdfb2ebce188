"""CKA and Procrustes distance against pairs of matrices whose relation is known."""

from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.linalg import orthogonal_procrustes

from repdyn.errors import StudyError
from repdyn.measures.similarity import (
    centred,
    cka_null_sd,
    compared,
    debiased_cka,
    debiased_ckas,
    half_difference,
    half_differences,
    measure,
    procrustes_distance,
    unbiased_gram,
)
from repdyn.measures.subject import Subject, Window
from repdyn.models import build

LAYERS = ["hidden.0", "hidden.1", "output"]


def rotation(rng, d):
    return np.linalg.qr(rng.standard_normal((d, d)))[0]


def subject(seeds, grid=(), windows=()):
    """A small MLP whose weights at step s are drawn with seeds[s]."""
    states = {}
    for step, seed in seeds.items():
        torch.manual_seed(seed)
        model = build({"family": "mlp", "hidden": [12, 8]}, kind="vector", shape=(6,), classes=3)
        states[step] = {name: value.clone() for name, value in model.state_dict().items()}
    inputs = torch.randn(40, 6, generator=torch.Generator().manual_seed(9))
    return Subject(model, states, inputs, torch.arange(40) % 3, 3, key=("tiny", 0), grid=grid, windows=windows)


def by_song(x, y):
    """Debiased CKA straight from the unbiased HSIC of Song 2012, on Gram matrices without their diagonal."""

    def hsic(k, m):
        n = len(k)
        last = k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * (k.sum(0) @ m.sum(0))
        return (np.trace(k @ m) + last) / (n * (n - 3))

    k, m = x @ x.T, y @ y.T
    np.fill_diagonal(k, 0)
    np.fill_diagonal(m, 0)
    return hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))


def biased(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    return np.linalg.norm(x.T @ y) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)


def test_cka_is_the_ratio_of_unbiased_hsics():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 5)), rng.standard_normal((30, 50))
    y[:, :5] += 3 * x
    assert debiased_cka(x, y) == pytest.approx(by_song(x, y), abs=1e-12)
    assert 0.2 < debiased_cka(x, y) < 0.9


def test_cka_of_many_pairs_is_that_of_each_and_a_constant_matrix_spoils_its_own_pairs_alone():
    """300 rows are three blocks, the last one smaller."""
    rng = np.random.default_rng(13)
    x = rng.standard_normal((300, 4))
    matrices = [x, x @ rng.standard_normal((4, 400)), np.ones((300, 2)), rng.standard_normal((300, 5))]
    found = debiased_ckas([centred(each) for each in matrices])
    for i, one in enumerate(matrices):
        for j, other in enumerate(matrices):
            assert found[i, j] == pytest.approx(debiased_cka(one, other), abs=1e-12, nan_ok=True)
    assert np.isnan(found).sum() == 7 and found[0, 1] > 0.5
    corners = debiased_ckas([centred(np.eye(12)), centred(rng.standard_normal((12, 3)))])
    assert np.isnan(corners).tolist() == [[True, True], [True, False]]
    with pytest.raises(StudyError, match="at least 4 rows, found 3"):
        debiased_ckas([centred(x[:3])])


def test_cka_of_a_rotated_scaled_and_shifted_copy_is_1():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((100, 20)) * np.arange(1, 21)
    assert debiased_cka(x, 7 * x @ rotation(rng, 20) - 3) == pytest.approx(1, abs=1e-6)
    assert debiased_cka(x.astype(np.float32), np.hstack([x, np.zeros((100, 4))])) == pytest.approx(1, abs=1e-6)


def test_cka_of_independent_data_is_0_where_the_biased_one_is_near_1():
    rng = np.random.default_rng(2)
    draws = [(rng.standard_normal((64, 1000)), rng.standard_normal((64, 1000))) for _ in range(10)]
    assert max(abs(debiased_cka(x, y)) for x, y in draws) < 0.08
    assert abs(np.mean([debiased_cka(x, y) for x, y in draws])) < 0.02
    assert abs(debiased_cka(*draws[0])) < 0.05
    assert biased(*draws[0]) == pytest.approx(0.94, abs=0.005)


def test_cka_is_not_invariant_to_an_invertible_map():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((200, 20))
    assert debiased_cka(x, x @ (rotation(rng, 20) * np.logspace(0, 2, 20))) < 0.9


def test_null_of_cka_is_exact_over_all_permutations():
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((6, 3)), rng.standard_normal((6, 5))
    values = [debiased_cka(x, y[list(order)]) for order in permutations(range(6))]
    assert np.mean(values) == pytest.approx(0, abs=1e-12)
    assert np.std(values) == pytest.approx(cka_null_sd(6), rel=1e-9)
    by_pairs = 2 / 30 + 4 / 120 + 4 / 360
    assert cka_null_sd(6) == pytest.approx(np.sqrt(by_pairs), rel=1e-12)


def test_null_of_cka_agrees_with_random_permutations_of_related_rows():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((50, 4))
    y = np.maximum(x @ rng.standard_normal((4, 80)), 0)
    assert debiased_cka(x, y) > 10 * cka_null_sd(50)
    values = np.array([debiased_cka(x, y[rng.permutation(50)]) for _ in range(2000)])
    assert abs(values.mean()) < 4 * cka_null_sd(50) / np.sqrt(2000)
    # The null has a heavy right tail, hence the wide band for its spread.
    assert values.std() == pytest.approx(cka_null_sd(50), rel=0.15)


@pytest.mark.parametrize("compare", [debiased_cka, procrustes_distance])
@pytest.mark.parametrize("value", [0.0, 5.0, 1e-30, np.nan, np.inf])
def test_a_constant_or_broken_layer_is_nan(compare, value):
    x = np.random.default_rng(6).standard_normal((20, 5))
    assert np.isnan(compare(x, np.full((20, 3), value)))
    assert np.isnan(compare(np.full((20, 3), value), x))


def test_rounding_noise_around_a_constant_is_nan():
    rng = np.random.default_rng(7)
    constant = (5 + 1e-6 * rng.standard_normal((20, 5))).astype(np.float32)
    assert np.isnan(debiased_cka(rng.standard_normal((20, 5)), constant))


def test_rows_at_equal_distances_have_no_structure_to_compare():
    assert np.isnan(debiased_cka(np.eye(12), np.random.default_rng(0).standard_normal((12, 3))))


def test_centring_gives_unit_norm_at_any_scale():
    x = np.random.default_rng(8).standard_normal((30, 4))
    for scale in (1e-30, 1, 1e30):
        assert np.linalg.norm(centred(scale * x + scale)) == pytest.approx(1, rel=1e-12)
        assert np.abs(centred(scale * x + scale).sum(0)).max() < 1e-12
    assert np.linalg.norm(unbiased_gram(x)) == pytest.approx(1, rel=1e-12)


def test_bad_rows_are_refused():
    x = np.random.default_rng(9).standard_normal((20, 5))
    for compare in (debiased_cka, procrustes_distance):
        with pytest.raises(StudyError, match="same rows, found 20 and 19"):
            compare(x, x[1:])
    with pytest.raises(StudyError, match="at least 4 rows, found 3"):
        debiased_cka(x[:3], x[:3])
    with pytest.raises(StudyError, match="shape"):
        procrustes_distance(x[0], x[0])


def test_procrustes_distance_of_known_pairs():
    rng = np.random.default_rng(10)
    x = rng.standard_normal((100, 6)) * np.arange(1, 7)
    assert procrustes_distance(x, 3 * x @ rotation(rng, 6) + 1) == pytest.approx(0, abs=1e-9)
    basis = np.linalg.qr(np.hstack([np.ones((100, 1)), rng.standard_normal((100, 12))]))[0][:, 1:]
    assert procrustes_distance(basis[:, :6], basis[:, 6:]) == pytest.approx(2, abs=1e-9)
    # Half of the variance shared: the nuclear norm is the shared half.
    assert procrustes_distance(basis[:, :6], basis[:, 3:9]) == pytest.approx(1, abs=1e-9)


def test_procrustes_distance_is_what_the_best_rotation_leaves():
    rng = np.random.default_rng(11)
    x, y = centred(rng.standard_normal((50, 8))), centred(rng.standard_normal((50, 8)))
    turn = orthogonal_procrustes(x, y)[0]
    assert procrustes_distance(x, y) == pytest.approx(np.linalg.norm(x @ turn - y) ** 2, rel=1e-9)


def test_halves_agree_on_copies_and_differ_on_noise():
    rng = np.random.default_rng(12)
    x, y = rng.standard_normal((200, 5)), rng.standard_normal((200, 5))
    assert half_difference(x, 2 * x, rng) == pytest.approx(0, abs=1e-9)
    several = half_differences(x, [2 * x, y], np.random.default_rng(1))
    assert several == pytest.approx([half_difference(x, each, np.random.default_rng(1)) for each in (2 * x, y)])
    first, second = np.array_split(np.random.default_rng(1).permutation(200), 2)
    assert several[1] == pytest.approx(abs(debiased_cka(x[first], y[first]) - debiased_cka(x[second], y[second])))
    # Each half of independent data varies by `cka_null_sd(100)`.
    differences = [half_difference(x[rng.permutation(200)], y, rng) for _ in range(300)]
    assert np.sqrt(np.mean(np.square(differences))) == pytest.approx(np.sqrt(2) * cka_null_sd(100), rel=0.2)


def test_pairs_are_ordered_and_named_once():
    windows = (Window("jump", 0, 10, 20), Window("control", 20, 30, 40))
    steps = dict.fromkeys((0, 10, 20, 30, 40), 0)
    expected = [(0, 10), (0, 20), (0, 30), (0, 40), (10, 40), (20, 40), (30, 40)]
    assert compared(subject(steps, grid=(0, 40), windows=windows)) == expected
    inner = (Window("jump", 10, 20, 30),)
    assert (10, 30) in compared(subject(steps, grid=(0, 40), windows=inner))
    assert compared(subject({0: 1})) == []


def test_a_frozen_network_has_no_drift_and_another_one_has():
    table = measure(subject({0: 1, 5: 1, 10: 2}, grid=(0, 10), windows=(Window("jump", 0, 5, 10),)))
    cka = table[table.quantity == "cka"]
    assert len(cka) == 3 * 3
    assert not cka.duplicated(["step", "reference", "layer"]).any()
    assert (cka.reference < cka.step).all()
    frozen = cka[cka.step == 5]
    assert np.allclose(frozen.value, 1, atol=1e-9)
    moved = cka[(cka.step == 10) & (cka.reference == 0)]
    assert sorted(moved.layer) == LAYERS
    assert (moved.value < 0.95).all()
    assert (cka.null_mean == 0).all()
    assert np.allclose(cka.null_sd, np.sqrt(2 / (40 * 37)))
    procrustes = table[table.quantity == "procrustes"]
    assert len(procrustes) == 3 * 3
    assert np.allclose(procrustes[procrustes.step == 5].value, 0, atol=1e-6)
    assert (procrustes[procrustes.step == 10].value > 0.05).all()


def test_table_agrees_with_the_functions_and_has_the_shapes():
    looked_at = subject({0: 1, 5: 3, 10: 2})
    table = measure(looked_at).set_index(["quantity", "layer", "step"])
    x, y = looked_at.representations(0)["hidden.0"], looked_at.representations(10)["hidden.0"]
    cka = table.loc[("cka", "hidden.0", 10)].set_index("reference").value[0]
    assert cka == pytest.approx(debiased_cka(x, y), abs=1e-12)
    distance = table.loc[("procrustes", "hidden.0", 10)].set_index("reference").value[0]
    assert distance == pytest.approx(procrustes_distance(x, y), abs=1e-12)
    assert table.loc["cka_rows"].value.to_dict() == {(layer, 0): 40 for layer in LAYERS}
    assert table.loc["cka_features"].value.to_dict() == {("hidden.0", 0): 12, ("hidden.1", 0): 8, ("output", 0): 3}
    assert table.loc["cka_half_difference"].value.between(0, 0.8).all()


def test_a_dead_layer_is_nan_in_the_table_and_one_step_has_no_pairs():
    looked_at = subject({0: 1, 5: 3})
    looked_at.states[5]["hidden.1.0.bias"] -= 100
    table = measure(looked_at)
    compared_rows = table[table.reference.notna()]
    assert compared_rows[compared_rows.layer == "hidden.0"].value.notna().all()
    assert compared_rows[compared_rows.layer != "hidden.0"].value.isna().all()
    assert set(measure(subject({0: 1})).quantity) == {"cka_rows", "cka_features"}
