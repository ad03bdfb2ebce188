"""The input a unit likes best is found, a detached unit is refused, and planted exemplars are told from chance."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cosine_similarity

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.activations.hooks import recorded
from repdyn.attribution.exemplars import exemplar_likeness, exemplars
from repdyn.attribution.maximisation import maximise, unit_activation
from repdyn.attribution.natural import coloured, shifted
from repdyn.errors import StudyError
from repdyn.models import build


def network(family):
    with torch.random.fork_rng():
        torch.manual_seed(8)
        return build(NETWORKS[family], **SHAPE)


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_linear_units_best_input_on_a_ball_is_along_its_weights():
    model = nn.Sequential(nn.Linear(50, 6))
    units = torch.tensor([4, 0, 4])
    found, reached = maximise(unit_activation(model, "0", units), noise(3, 50), 2.5)
    weight = model[0].weight[units].detach()
    assert cosine_similarity(found, weight).min() > 0.99999
    torch.testing.assert_close(found.norm(dim=1), torch.full((3,), 2.5))
    torch.testing.assert_close(reached, 2.5 * weight.norm(dim=1) + model[0].bias[units].detach())


def test_a_concave_peak_inside_the_ball_is_found():
    peak = noise(3, 10) / 3

    def activation(x):
        return 1 - ((x - peak) ** 2).sum(1)

    found, reached = maximise(activation, noise(3, 10, seed=1), 4.0, 2000)
    assert (found - peak).norm(dim=1).max() < 0.1
    assert reached.min() > 0.99
    # The first step leads away from a start at the peak: the best point seen is what counts.
    start = peak + 0.001
    assert torch.equal(maximise(activation, start, 4.0, 1)[0], start)


@pytest.mark.parametrize(
    ("family", "path"), [("mlp", "hidden.1"), ("cnn", "blocks.1.relu"), ("transformer", "blocks.1")]
)
def test_a_units_best_input_beats_what_it_started_from_and_random_ones(family, path):
    model = network(family)
    units = torch.arange(4)
    activation = unit_activation(model, path, units)
    start = noise(4, 1, 16, 16) * 0.5
    before = activation(start / start.flatten(1).norm(dim=1).view(-1, 1, 1, 1) * 3).detach()
    found, reached = maximise(activation, start, 3.0)
    torch.testing.assert_close(activation(found).detach(), reached)
    assert found.flatten(1).norm(dim=1).max() < 3.0001
    moved = before != 0  # a silent unit has no gradient
    assert (reached >= before).all() and moved.sum() >= 2
    assert (reached[moved] - before[moved] > 0.5 * before[moved].abs()).all()
    assert model.training


def test_the_activation_of_a_row_is_that_of_its_unit():
    model, (x, _) = network("cnn").eval(), data(3)
    units = torch.tensor([5, 0, 5])
    means = model.blocks[1][:2](model.blocks[0](x)).mean((2, 3))
    torch.testing.assert_close(unit_activation(model, "blocks.1.relu", units)(x), means[range(3), units])
    transformer = network("transformer").eval()
    with recorded(transformer, ["blocks.0.feedforward"]) as outputs:
        transformer(x)
    tokens = outputs["blocks.0.feedforward"].mean(1)
    found = unit_activation(transformer, "blocks.0.feedforward", torch.tensor([9, 63, 2]))(x)
    torch.testing.assert_close(found, tokens[range(3), [9, 63, 2]])
    with pytest.raises(StudyError, match=r"blocks.1.relu has units 0\.\.5, found 0\.\.6"):
        unit_activation(model, "blocks.1.relu", torch.tensor([6, 0, 5]))(x)


def test_a_silent_unit_stays_where_it_is_and_the_others_move():
    model = nn.Sequential(nn.Linear(5, 2), nn.ReLU())
    with torch.no_grad():
        model[0].weight[:], model[0].bias[:] = 1, torch.tensor([0.0, -100.0])
    start = torch.full((2, 5), 0.1)
    found, reached = maximise(unit_activation(model, "1", torch.tensor([0, 1])), start, 1.0)
    torch.testing.assert_close(found[1], start[1])
    assert reached[1] == 0 and reached[0] == pytest.approx(5**0.5, rel=1e-5)
    far = torch.full((1, 5), 3.0)
    at_edge, _ = maximise(unit_activation(model, "1", torch.tensor([1])), far, 1.0)
    torch.testing.assert_close(at_edge, far / far.norm())


def test_a_detached_activation_is_refused():
    """The published hook detached it, so that only the penalty on the input was optimised."""
    model = nn.Sequential(nn.Linear(5, 2))
    with pytest.raises(StudyError, match="is it detached"):
        maximise(lambda x: model(x.detach())[:, 0], noise(3, 5), 1.0)
    with pytest.raises(StudyError, match="radius and steps above zero, found 0.0 and 50"):
        maximise(lambda x: x.sum(1), noise(3, 5), 0.0)


def test_planted_exemplars_are_told_from_random_ones():
    rng = np.random.default_rng(0)
    best = rng.standard_normal((3, 40))
    examples = rng.standard_normal((300, 40))
    examples[:20] += 2 * best[0]
    activations = rng.random((300, 3))
    activations[:20, 0] += 1
    found = exemplar_likeness(best, examples, activations, 9)
    z = (found.cosine - found.null_mean) / found.null_sd
    assert z[0] > 5 and found.cosine[0] > 0.8
    assert np.abs(z[1:]).max() < 3.5
    assert set(exemplars(activations, 9)[:, 0]) <= set(range(20))


def test_the_null_of_exemplars_is_that_of_drawing_them():
    rng = np.random.default_rng(1)
    best, examples, activations = rng.standard_normal((1, 6)), rng.standard_normal((12, 6)), rng.random((12, 1))
    found = exemplar_likeness(best, examples, activations, 5)
    cosine = (examples @ best[0]) / np.linalg.norm(examples, axis=1) / np.linalg.norm(best)
    draws = np.array([rng.permutation(cosine)[:5].mean() for _ in range(20000)])
    assert found.null_mean[0] == pytest.approx(cosine.mean())
    assert found.null_sd[0] == pytest.approx(draws.std(), rel=0.03)
    assert found.cosine[0] == pytest.approx(cosine[np.argsort(-activations[:, 0])[:5]].mean())
    with pytest.raises(StudyError, match="12 examples have 1 to 12 best ones, asked for 13"):
        exemplars(activations, 13)
    with pytest.raises(StudyError, match=r"found \(11, 6\) and \(1, 6\)"):
        exemplar_likeness(best, examples[:11], activations, 5)


def test_coloured_noise_falls_with_frequency_and_keeps_its_power():
    white = noise(400, 1, 16, 15).double()
    power = torch.fft.rfft2(coloured(white)).abs().square().mean((0, 1)) / torch.fft.rfft2(white).abs().square().mean(
        (0, 1)
    )
    assert power[0, 2] / power[0, 4] == pytest.approx(4) and power[0, 1] / power[0, 5] == pytest.approx(25)
    assert coloured(white).square().mean() == pytest.approx(white.square().mean().item(), rel=0.05)
    for width in (15, 16):  # a single pixel has all frequencies alike
        pixel = torch.zeros(1, 1, 12, width, dtype=torch.float64)
        pixel[0, 0, 3, 4] = 1
        assert coloured(pixel).square().sum() == pytest.approx(1)
    with pytest.raises(StudyError, match="needs images"):
        coloured(white[0])


def test_with_priors_a_linear_units_best_image_is_its_weights_coloured_twice_and_shifted():
    weight, shifts = noise(3, 1, 16, 16).double(), torch.tensor([[0, 0], [2, 0], [0, -1]])

    def activation(x):
        return (coloured(x) * weight).flatten(1).sum(1)

    start = noise(3, 1, 16, 16, seed=2).double()
    found = coloured(maximise(shifted(activation, shifts), start, 1.0)[0])
    mean = (weight + weight.roll(-2, 2) + weight.roll(1, 3)) / 3
    assert cosine_similarity(found.flatten(1), coloured(coloured(mean)).flatten(1)).min() > 1 - 1e-9
    assert cosine_similarity(found.flatten(1), coloured(coloured(weight)).flatten(1)).max() < 0.99


def test_a_unit_of_noise_alone_likes_no_image():
    dead = shifted(lambda x: 0 * x.flatten(1).sum(1), torch.zeros(1, 2, dtype=torch.int64))
    found, reached = maximise(dead, noise(2, 1, 8, 8), 1.0)
    assert not reached.any() and torch.equal(found, maximise(dead, noise(2, 1, 8, 8), 1.0)[0])
