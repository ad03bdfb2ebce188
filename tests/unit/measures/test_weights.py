"""Changes of weights that were planted."""

import numpy as np
import pytest
import torch

from repdyn.errors import StudyError
from repdyn.measures.subject import Subject, Window
from repdyn.measures.weights import cosine_null_sd, measure, spectral_norm, weight_change, weight_cosine
from repdyn.models import build


def subject(model, changes, **options):
    """The network at step s with its weights as they are plus changes(s, name, weight)."""
    states = {
        step: {name: value + change(name, value) for name, value in model.state_dict().items()}
        for step, change in changes.items()
    }
    return Subject(model, states, torch.rand(8, 1, 8, 8), torch.arange(8) % 2, 2, key=("tiny", 0), **options)


def test_cosine_and_change_of_known_tensors():
    weight = np.random.default_rng(0).standard_normal((4, 3, 2))
    assert weight_cosine(weight, 5 * weight) == pytest.approx(1, abs=1e-12)
    assert weight_cosine(weight, -weight) == pytest.approx(-1, abs=1e-12)
    assert weight_cosine(np.eye(2), 1 - np.eye(2)) == 0
    assert weight_change(weight, weight) == 0
    assert weight_change(np.zeros((3, 4)), np.full((3, 4), 2.0)) == pytest.approx(np.sqrt(48))
    assert np.isnan(weight_cosine(np.zeros((2, 2)), np.eye(2)))
    with pytest.raises(StudyError, match=r"\(2, 3\) and \(3, 2\)"):
        weight_change(np.ones((2, 3)), np.ones((3, 2)))


@pytest.mark.parametrize("shape", [(5, 40), (40, 5), (7, 7), (1, 9), (6, 3, 3, 3)])
def test_spectral_norm_is_the_largest_singular_value(shape):
    rng = np.random.default_rng(1)
    for scale in (1e-200, 1, 1e200):
        weight = scale * rng.standard_normal(shape)
        expected = np.linalg.svd(weight.reshape(shape[0], -1), compute_uv=False)[0]
        assert spectral_norm(weight) == pytest.approx(expected, rel=1e-12)
    assert spectral_norm(np.zeros(shape)) == 0
    assert np.isnan(spectral_norm(np.full(shape, np.nan)))


def test_cosine_of_random_directions_stays_in_the_null_band():
    rng = np.random.default_rng(2)
    cosines = [weight_cosine(*rng.standard_normal((2, 8, 9))) for _ in range(3000)]
    assert np.std(cosines) == pytest.approx(cosine_null_sd(72), rel=0.05)
    assert abs(np.mean(cosines)) < 4 * cosine_null_sd(72) / np.sqrt(3000)


def test_planted_changes_of_every_tensor_are_recovered():
    torch.manual_seed(0)
    model = build({"family": "cnn", "channels": [4, 6]}, kind="image", shape=(1, 8, 8), classes=2)
    windows = (Window("jump", 10, 20, 30), Window("control", 0, 10, 20))
    changes = {
        0: lambda name, value: torch.zeros_like(value),
        10: lambda name, value: 0.5 * value,
        20: lambda name, value: -2.0 * value,
        30: lambda name, value: 3.0 * value,
    }
    table = measure(subject(model, changes, grid=(0, 20, 30), windows=windows))
    assert list(table.layer.unique()) == ["blocks.0.conv", "blocks.1.conv", "output"]
    norm = float(model.blocks[1].conv.weight.detach().double().norm())
    rows = table[table.layer == "blocks.1.conv"].drop(columns="layer")
    norms = rows[rows.quantity == "weight_norm"]
    assert np.allclose(norms.value, norm * np.array([1, 1.5, 1, 4]), rtol=1e-6)
    pairs = rows[rows.quantity != "weight_norm"].pivot(index=["reference", "step"], columns="quantity", values="value")
    assert list(pairs.index) == [(0, 10), (0, 20), (0, 30), (10, 30), (20, 30)]
    assert np.allclose(pairs.weight_cosine, [1, -1, 1, 1, -1])
    assert np.allclose(pairs.weight_change, norm * np.array([0.5, 2, 3, 2.5, 5]), rtol=1e-6)
    assert np.allclose(pairs.relative_weight_change, [0.5, 2, 3, 2.5 / 1.5, 5], rtol=1e-6)
    assert np.allclose(pairs.spectral_weight_change, [0.5, 2, 3, 2.5 / 1.5, 5], rtol=1e-6)
    assert np.allclose(pairs.weight_change_per_step, norm * np.array([0.05, 0.1, 0.1, 0.125, 0.5]), rtol=1e-6)
    null = rows[rows.quantity == "weight_cosine"].null_sd
    assert np.allclose(null, 1 / np.sqrt(6 * 4 * 9))
    assert rows[rows.quantity != "weight_cosine"].null_sd.isna().all()


def test_a_change_along_one_direction_shows_in_the_spectral_ratio_only():
    model = build({"family": "mlp", "hidden": [64]}, kind="image", shape=(1, 8, 8), classes=2)
    model.hidden[0][0].weight.data = torch.eye(64)
    single = torch.zeros(64, 64)
    single[0, 0] = 1

    def along_one(name, value):
        return single if name == "hidden.0.0.weight" else torch.zeros_like(value)

    table = measure(subject(model, {0: lambda name, value: torch.zeros_like(value), 1: along_one}))
    first = table[table.layer == "hidden.0.0"].set_index("quantity").value
    assert first["spectral_weight_change"] == pytest.approx(1)
    assert first["relative_weight_change"] == pytest.approx(1 / 8)
    frozen = table[(table.layer == "output") & table.reference.notna()].set_index("quantity").value
    assert frozen["weight_cosine"] == pytest.approx(1, abs=1e-9)
    assert (frozen.drop("weight_cosine") == 0).all()


def test_every_matrix_of_a_transformer_is_covered_and_no_vector():
    torch.manual_seed(0)
    architecture = {"family": "transformer", "width": 8, "heads": 2, "layers": 1}
    model = build(architecture, kind="image", shape=(1, 8, 8), classes=2)
    still = {step: lambda name, value: torch.zeros_like(value) for step in (0, 5)}
    layers = ["positions", "project", *(f"blocks.0.{part}" for part in ("attention.qkv", "attention.out_proj"))]
    layers += ["blocks.0.feedforward.0", "blocks.0.down", "output"]
    table = measure(subject(model, still))
    assert list(table.layer.unique()) == layers
    assert len(table) == len(layers) * (2 + 5)
    model.output.weight.data.zero_()
    rows = measure(subject(model, still))
    rows = rows[(rows.layer == "output") & rows.reference.notna()].set_index("quantity").value
    undefined = ["weight_cosine", "relative_weight_change", "spectral_weight_change"]
    assert rows[undefined].isna().all()
    assert rows["weight_change"] == 0
