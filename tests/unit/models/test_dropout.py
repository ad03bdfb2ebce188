"""Dropout masks: how many units, which ones, for which (run, step, layer), and that nothing else decides."""

import numpy as np
import pytest
import torch

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.models.dropout import LEVELS, Dropout, dropout_layers, dropped_levels, keep_mask, seed_dropout
from repdyn.training.loop import Recipe, initialise, make_optimizer, train_steps

UNITS = 200_000


def mask(*parts, p=0.1, name="layer", calls=1):
    """Which of UNITS units a layer keeps, in the last of some calls."""
    layer = Dropout(p).train()
    seed_dropout({name: layer}, *parts)
    for _ in range(calls):
        output = layer(torch.ones(UNITS))
    return output != 0


def standard_error(share, count=UNITS):
    return np.sqrt(share * (1 - share) / count)


@pytest.mark.parametrize("p", [0.01, 0.1, 0.5, 0.9])
def test_the_share_of_dropped_units_is_p_and_the_mean_is_preserved(p):
    layer = Dropout(p).train()
    seed_dropout({"layer": layer}, "run", 0, 7)
    states = torch.full((100, UNITS // 100), 3.0)
    output = layer(states)
    dropped = (output == 0).double().mean().item()
    assert dropped == pytest.approx(p, abs=4 * standard_error(p))
    assert output.double().mean().item() == pytest.approx(3, abs=4 * 3 * standard_error(p) / (1 - p))
    share = dropped_levels(p) / LEVELS
    assert share == pytest.approx(p, abs=0.5 / LEVELS)
    kept = output[output != 0]
    assert torch.equal(kept, torch.full_like(kept, 3 * float(np.float32(1 / (1 - share)))))


@pytest.mark.parametrize("shape", [(1,), (3, 5, 7), (2, 4, 8)])
def test_every_16_bits_decide_one_unit(shape):
    """The same bits one by one: a word of 64 bits, lowest bits first, is four units."""
    kept = keep_mask(np.random.SFC64(3), shape, 20_000)
    words = np.random.SFC64(3)
    expected = []
    while len(expected) < kept.size:
        word = int(words.random_raw())
        expected += [(word >> 16 * i) % LEVELS >= 20_000 for i in range(4)]
    assert kept.shape == shape
    assert kept.ravel().tolist() == expected[: kept.size]


def test_the_same_run_step_and_layer_drop_the_same_units_whatever_the_generators_of_torch_and_numpy():
    first = mask("run", 0, 7)
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002 (the global state is what must not matter)
    torch.rand(5)
    assert torch.equal(mask("run", 0, 7), first)


@pytest.mark.parametrize(
    ("parts", "name", "calls"),
    [
        (("other", 0, 7), "layer", 1),
        (("run", 1, 7), "layer", 1),
        (("run", 0, 8), "layer", 1),
        (("run", 0, 7), "layer2", 1),
        (("run", 0, 7), "layer", 2),
    ],
    ids=["run", "seed", "step", "layer", "call"],
)
def test_another_run_seed_step_layer_or_call_drops_independently(parts, name, calls):
    """Of the units that one mask drops, another drops a share p too; also with the units shifted by a few."""
    first = ~mask("run", 0, 7)
    second = ~mask(*parts, name=name, calls=calls)
    for shift in (0, 1, 4):
        both = second.roll(shift)[first].double().mean().item()
        assert both == pytest.approx(0.1, abs=4 * standard_error(0.1, int(first.sum())))


def test_masks_of_100_steps_and_their_neighbours_are_uncorrelated():
    dropped = np.stack([~mask("run", 0, step).numpy()[:2000] for step in range(100)]).astype(float)
    centred = dropped - dropped.mean()
    variance = (centred**2).mean()
    between_steps = (centred[1:] * centred[:-1]).mean() / variance
    between_units = (centred[:, 1:] * centred[:, :-1]).mean() / variance
    assert max(abs(between_steps), abs(between_units)) < 4 / np.sqrt(dropped.size)
    # Were a unit's fate tied to its place, its share over the steps would vary more than a binomial's.
    assert dropped.mean(0).var() == pytest.approx(0.09 / 100, rel=4 * np.sqrt(2 / 2000))


def test_the_gradient_passes_where_the_unit_was_kept_and_with_its_scale():
    layer = Dropout(0.25).train()
    seed_dropout({"layer": layer}, "run", 0, 7)
    states = torch.ones(1000, requires_grad=True)
    output = layer(states)
    output.sum().backward()
    assert torch.equal(states.grad, output.detach())


def test_it_does_nothing_in_evaluation_and_never_seeded_is_that_of_torch():
    layer = Dropout(0.5)
    states = torch.rand(1000)
    torch.manual_seed(0)
    output = layer.train()(states)
    torch.manual_seed(0)
    assert torch.equal(output, torch.nn.functional.dropout(states, 0.5))
    seed_dropout({"layer": layer}, "run", 0, 7)
    assert layer.eval()(states) is states


def test_training_gives_every_dropout_layer_of_every_step_masks_of_its_own(monkeypatch):
    drawn = []

    def spy(bits, shape, threshold):
        drawn.append(keep_mask(bits, shape, threshold))
        return drawn[-1]

    monkeypatch.setattr("repdyn.models.dropout.keep_mask", spy)
    recipe = Recipe(("test", 0), 3, batch_size=8, learning_rate=1e-3)
    model = initialise(NETWORKS["transformer"], recipe, **SHAPE)
    assert list(dropout_layers(model)) == [f"blocks.{i}.{name}dropout" for i in (0, 1) for name in ("attention.", "")]
    list(train_steps(model, make_optimizer(model, recipe), *data(), recipe))
    assert len(drawn) == 4 * 2 * 4, (
        "per block the attention weights, its output, the hidden layer and the block's output"
    )
    assert len({mask.tobytes() for mask in drawn}) == len(drawn)
