"""Sparsity against activations whose zeros are planted."""

import numpy as np
import pytest
import torch
from torch import nn

from repdyn.measures.activity import active_units, rectified
from repdyn.measures.sparsity import hoyer, measure, treves_rolls
from repdyn.measures.subject import Subject
from repdyn.models import build

ARCHITECTURES = {
    "mlp": {"family": "mlp", "hidden": [6, 5]},
    "cnn": {"family": "cnn", "channels": [3, 4]},
    "transformer": {"family": "transformer", "width": 8, "heads": 2, "layers": 2},
}


def subject(model, inputs, steps=(0,)):
    states = {step: {name: value.clone() for name, value in model.state_dict().items()} for step in steps}
    return Subject(model, states, inputs, torch.arange(len(inputs)) % 2, 2, key=("tiny", 0))


def table_of(looked_at):
    return measure(looked_at).pivot(index=["step", "layer"], columns="quantity", values="value")


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("mlp", ["hidden.0", "hidden.1"]),
        ("cnn", ["blocks.0.relu", "blocks.1.relu"]),
        ("transformer", ["blocks.0.feedforward", "blocks.1.feedforward"]),
    ],
)
def test_layers_behind_a_relu_are_found_in_every_family(family, expected):
    model = build(ARCHITECTURES[family], kind="image", shape=(1, 8, 8), classes=2)
    assert rectified(model, model.tracked) == expected
    assert rectified(build(ARCHITECTURES["mlp"], kind="text", shape=(4,), classes=2, vocabulary=9), ["embedding"]) == []


def test_layers_are_found_by_what_they_are_not_by_name():
    relu = nn.Sequential(nn.Linear(2, 2), nn.GELU())
    hidden = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
    middle = nn.Sequential(nn.ReLU(), nn.Linear(2, 2))
    model = nn.ModuleDict(
        {"relu": relu, "strange": hidden, "middle": middle, "plain": nn.ReLU(), "none": nn.Sequential()}
    )
    assert rectified(model, list(model)) == ["strange", "plain"]


def test_zeros_of_a_known_mask_are_counted():
    rng = np.random.default_rng(0)
    mask = rng.random((200, 7)) < 0.3
    mask[:, 2] = False
    values = torch.from_numpy(np.where(mask, 1e-30, 0.0))
    tokens = values.view(20, 10, 7)
    for output in (values, tokens, tokens.movedim(2, 1).unflatten(2, (2, 5))):
        counts, rows = active_units(output, torch.zeros(len(output), 1))
        assert (counts.tolist(), rows) == (mask.sum(0).tolist(), 200)


def test_lifetime_sparseness_of_known_responses():
    n = 50
    responses = np.zeros((n, 5))
    responses[:, 0] = 3
    responses[7, 1] = 2
    responses[: n // 2, 2] = 1
    responses[:, 3] = np.random.default_rng(1).exponential(size=n)
    values = treves_rolls(responses)
    assert values[:3] == pytest.approx([0, 1, 0.5 / (1 - 1 / n)], abs=1e-12)
    assert np.isnan(values[4])
    assert treves_rolls(1e-30 * responses)[:4] == pytest.approx(values[:4], abs=1e-9)
    exponential = np.random.default_rng(2).exponential(size=(20000, 1))
    assert treves_rolls(exponential) == pytest.approx(0.5, abs=0.02)


def test_population_sparseness_of_known_responses():
    responses = np.array([[1, 1, 1, 1], [0, 5, 0, 0], [2, 2, 0, 0], [0, 0, 0, 0]])
    values = hoyer(responses)
    assert values[:3] == pytest.approx([0, 1, 2 - np.sqrt(2)], abs=1e-12)
    assert np.isnan(values[3])
    assert hoyer(1e-200 * responses)[:3] == pytest.approx(values[:3], abs=1e-12)
    assert np.isnan(hoyer(np.ones((3, 1)))).all()


def test_planted_zeros_of_a_network_are_measured():
    model = build(ARCHITECTURES["mlp"], kind="vector", shape=(6,), classes=2)
    linear = model.hidden[0][0]
    linear.weight.data = torch.eye(6)
    # Units: active on every example, on none, and on the half of the examples where their input is positive.
    linear.bias.data = torch.tensor([10.0, -10, 0, 0, 0, 0])
    inputs = torch.rand(40, 6, generator=torch.Generator().manual_seed(0)) + 0.1
    inputs[::2] *= -1
    looked_at = subject(model, inputs, steps=(0, 5))
    found = table_of(looked_at).loc[(0, "hidden.0")]
    assert found["zero_share"] == pytest.approx((0 + 1 + 4 * 0.5) / 6, abs=1e-12)
    assert found["dead_units"] == 1
    responses = looked_at.examples(0)["hidden.0"]
    alive = [0, 2, 3, 4, 5]
    assert found["treves_rolls"] == pytest.approx(treves_rolls(responses)[alive].mean(), abs=1e-12)
    assert found["hoyer"] == pytest.approx(hoyer(responses).mean(), abs=1e-12)


def test_a_dead_layer_has_all_zeros_and_no_sparseness():
    model = build(ARCHITECTURES["mlp"], kind="vector", shape=(6,), classes=2)
    model.hidden[0][0].bias.data.fill_(-100)
    found = table_of(subject(model, torch.rand(10, 6))).loc[(0, "hidden.0")]
    assert (found["zero_share"], found["dead_units"]) == (1, 6)
    assert found[["treves_rolls", "hoyer"]].isna().all()


def test_every_position_of_a_channel_counts():
    model = build(ARCHITECTURES["cnn"], kind="image", shape=(1, 8, 8), classes=2)
    conv = model.blocks[0].conv
    conv.weight.data.zero_()
    conv.weight.data[:, 0, 1, 1] = torch.tensor([1.0, -1.0, 1.0])
    conv.bias.data = torch.tensor([0.0, 0.0, -0.5])
    images = torch.zeros(70, 1, 8, 8)
    images[5, 0, 2, 3] = 1
    images[69, 0, :4, 0] = 0.4
    found = table_of(subject(model, images)).loc[(0, "blocks.0.relu")]
    # The first channel is the image itself, the second never active, the third at a single position of one image.
    assert found["zero_share"] == pytest.approx(1 - (5 + 0 + 1) / (70 * 64 * 3), abs=1e-12)
    assert found["dead_units"] == 1


def test_padding_does_not_count():
    model = build(ARCHITECTURES["transformer"], kind="text", shape=(5,), classes=2, vocabulary=20)
    rng = np.random.default_rng(3)
    tokens = torch.from_numpy(rng.integers(1, 20, (70, 5)))
    tokens[np.arange(70)[:, None] % 4 + 1 < np.arange(5)] = 0
    looked_at = subject(model, tokens)
    found = table_of(looked_at)
    for layer, outputs in looked_at.capture(0, ["blocks.0.feedforward", "blocks.1.feedforward"]).items():
        everything = torch.cat(outputs)
        valid = everything[tokens != 0]
        assert valid.shape == (int((tokens != 0).sum()), 32)
        share = (valid == 0).double().mean().item()
        assert found.loc[(0, layer), "zero_share"] == pytest.approx(share, abs=1e-12)
        assert share != pytest.approx((everything == 0).double().mean().item(), abs=1e-4)
        assert found.loc[(0, layer), "dead_units"] == int((valid == 0).all(0).sum())


def test_image_tokens_are_all_counted():
    model = build(ARCHITECTURES["transformer"], kind="image", shape=(1, 8, 8), classes=2)
    looked_at = subject(model, torch.rand(10, 1, 8, 8))
    output = torch.cat(looked_at.capture(0, ["blocks.0.feedforward"])["blocks.0.feedforward"])
    assert output.shape == (10, 16, 32)
    share = table_of(looked_at).loc[(0, "blocks.0.feedforward"), "zero_share"]
    assert share == pytest.approx((output == 0).double().mean().item(), abs=1e-12)
