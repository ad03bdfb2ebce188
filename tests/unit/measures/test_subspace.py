"""Principal subspaces against planted ones, and against random ones."""

import numpy as np
import pytest
import torch

from repdyn.errors import StudyError
from repdyn.measures.subject import Subject, Window
from repdyn.measures.subspace import (
    directions,
    measure,
    overlap,
    overlap_null,
    principal_directions,
    variance_inside,
    variance_inside_null,
)
from repdyn.models import build


def in_directions(rng, columns, d, n=300, scale=10.0):
    """(n, d) with large variance along the named axes and little elsewhere."""
    x = 0.1 * rng.standard_normal((n, d))
    x[:, columns] += scale * rng.standard_normal((n, len(columns)))
    return x + 5


def test_overlap_counts_shared_directions():
    rng = np.random.default_rng(0)
    x = in_directions(rng, [0, 1, 2, 3], 20)
    assert overlap(x, x, 4) == pytest.approx(1, abs=1e-12)
    assert overlap(x, in_directions(rng, [0, 1, 2, 3], 20), 4) == pytest.approx(1, abs=0.01)
    assert overlap(x, in_directions(rng, [2, 3, 4, 5], 20), 4) == pytest.approx(0.5, abs=0.01)
    assert overlap(x, in_directions(rng, [4, 5, 6, 7], 20), 4) == pytest.approx(0, abs=0.01)


def test_overlap_ignores_order_and_scale_inside_the_subspace_but_not_a_rotation_out_of_it():
    rng = np.random.default_rng(1)
    x = in_directions(rng, [0, 1, 2], 10)
    mixed = x.copy()
    mixed[:, :3] = x[:, [2, 0, 1]] @ np.array([[3.0, 1, 0], [0, 1, 2], [1, 0, 1]])
    assert overlap(x, mixed, 3) == pytest.approx(1, abs=0.01)
    assert overlap(x, np.roll(x, 5, axis=1), 3) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(("d", "k"), [(4, 1), (10, 5), (24, 10), (64, 10)])
def test_null_of_overlap_agrees_with_random_subspaces(d, k):
    rng = np.random.default_rng(2)
    random = np.linalg.qr(rng.standard_normal((4000, d, k)))[0]
    values = (random[:, :k] ** 2).sum((1, 2)) / k
    mean, sd = overlap_null(d, k)
    assert values.mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(4000))
    assert values.std() == pytest.approx(sd, rel=0.05)


def test_overlap_of_unrelated_data_stays_in_the_null_band():
    rng = np.random.default_rng(3)
    mean, sd = overlap_null(40, 10)
    z = [(overlap(*rng.standard_normal((2, 200, 40)), 10) - mean) / sd for _ in range(100)]
    assert abs(np.mean(z)) < 0.4
    assert 0.8 < np.std(z) < 1.2
    assert np.abs(z).max() < 4.5


def test_variance_inside_is_the_planted_share():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((5000, 6)) * np.sqrt([8, 4, 2, 1, 1, 0])
    axes = np.eye(6)
    assert variance_inside(x, axes[:, :2]) == pytest.approx(12 / 16, abs=0.01)
    assert variance_inside(x, axes[:, 5:]) == pytest.approx(0, abs=1e-12)
    assert variance_inside(x + 100, axes) == pytest.approx(1, abs=1e-9)
    assert variance_inside(x, principal_directions(x, 2)) >= variance_inside(x, axes[:, :2])


def test_null_of_variance_inside_agrees_with_random_subspaces():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((100, 12)) * np.exp(-np.arange(12) / 2)
    mean, sd = variance_inside_null(x, 4)
    random = np.linalg.qr(rng.standard_normal((4000, 12, 4)))[0]
    values = [variance_inside(x, basis) for basis in random]
    assert np.mean(values) == pytest.approx(mean, abs=4 * sd / np.sqrt(4000))
    assert np.std(values) == pytest.approx(sd, rel=0.05)
    isotropic = np.vstack([np.eye(12), -np.eye(12)])
    assert variance_inside_null(isotropic, 4) == pytest.approx((1 / 3, 0), abs=1e-7)


def test_directions_leave_room_for_other_subspaces():
    assert [directions(100, d) for d in (1, 2, 3, 4, 10, 20, 512)] == [0, 1, 1, 2, 5, 10, 10]
    assert directions(6, 512) == 5


def test_layers_without_enough_variance_are_nan():
    rng = np.random.default_rng(6)
    x = rng.standard_normal((50, 8))
    flat = rng.standard_normal((50, 2)) @ rng.standard_normal((2, 8))
    assert np.isnan(overlap(x, flat, 3))
    assert not np.isnan(overlap(x, flat, 2))
    assert np.isnan(overlap(x, np.ones((50, 8)), 3))
    assert np.isnan(variance_inside(np.ones((50, 8)), np.eye(8)))
    assert np.isnan(variance_inside_null(np.ones((50, 8)), 3)).all()
    with pytest.raises(StudyError, match="1 to 8 principal directions, not 9"):
        principal_directions(x, 9)


def test_a_network_that_moves_its_variance_leaves_the_subspace_of_initialisation():
    torch.manual_seed(0)
    model = build({"family": "mlp", "hidden": [8]}, kind="vector", shape=(4,), classes=3)
    torch.nn.init.constant_(model.hidden[0][0].bias, 50)
    weight = torch.zeros(8, 4)
    weight[:4] = torch.eye(4)
    states = {}
    for step, moved in ((0, weight), (5, 2 * weight), (10, weight.roll(4, 0))):
        states[step] = {name: value.clone() for name, value in model.state_dict().items()}
        states[step]["hidden.0.0.weight"] = moved
    inputs = torch.randn(60, 4, generator=torch.Generator().manual_seed(1))
    windows = (Window("jump", 5, 5, 10), Window("control", 0, 5, 5))
    looked_at = Subject(model, states, inputs, torch.arange(60) % 3, 3, key=("tiny", 0), grid=(0, 10), windows=windows)
    table = measure(looked_at)
    hidden = table[table.layer == "hidden.0"].set_index(["quantity", "step"])
    assert hidden.loc[("subspace_directions", 0), "value"].item() == 4
    shares = hidden.loc["variance_in_init_subspace"]
    assert np.allclose(shares.value, [1, 1, 0], atol=1e-6)
    assert (shares.reference == 0).all()
    assert np.allclose(shares.null_mean, 0.5)
    assert np.allclose(hidden.loc["variance_in_own_subspace"].value, 1, atol=1e-6)
    overlaps = hidden.loc["subspace_overlap"].reset_index()
    found = dict(zip(zip(overlaps.reference, overlaps.step, strict=True), overlaps.value, strict=True))
    assert found == {(0, 5): pytest.approx(1), (0, 10): pytest.approx(0), (5, 10): pytest.approx(0)}
    assert np.allclose(overlaps.null_sd, overlap_null(8, 4)[1])
    assert set(table[table.quantity == "subspace_directions"].layer) == {"hidden.0", "output"}


def test_a_layer_of_one_feature_has_no_subspace():
    model = build({"family": "mlp", "hidden": [1]}, kind="vector", shape=(4,), classes=3)
    states = {step: model.state_dict() for step in (0, 5)}
    table = measure(Subject(model, states, torch.rand(20, 4), torch.arange(20) % 3, 3))
    assert set(table.layer) == {"output"}
