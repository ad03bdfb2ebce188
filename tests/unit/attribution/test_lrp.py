"""Layer-wise relevance propagation: conservation, the gradient it is for LRP-0, a case by hand, captum's numbers."""

import pytest
import torch
from captum.attr import LRP
from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule, EpsilonRule
from torch import nn

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.attribution.gradients import from_layer, gradient, layer_output
from repdyn.attribution.lrp import alpha_beta_rule, epsilon_rule, relevance, unfit
from repdyn.errors import StudyError
from repdyn.models import build

pytestmark = pytest.mark.filterwarnings("ignore:Input Tensor")  # captum says that it turns gradients on

RULES = {"epsilon": epsilon_rule(1e-9), "z+": alpha_beta_rule(), "alpha 2, beta 1": alpha_beta_rule(1.0)}


def network(family, biased=True, **changes):
    with torch.random.fork_rng():
        torch.manual_seed(6)
        model = build(NETWORKS[family], **{**SHAPE, **changes}).double()
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                with torch.no_grad():
                    parameter.normal_(std=0.3) if biased else parameter.zero_()
    return model


def images():
    x, targets = data(12)
    return x.double() - 0.4, targets


@pytest.mark.parametrize("family", ["mlp", "cnn"])
@pytest.mark.parametrize("rule", RULES)
def test_without_biases_relevance_is_conserved(family, rule):
    model, (x, targets) = network(family, biased=False), images()
    output = model(x).gather(1, targets[:, None])[:, 0].detach()
    sums = relevance(model, x, targets, RULES[rule]).flatten(1).sum(1)
    assert output.abs().max() > 0.01
    torch.testing.assert_close(sums, output, rtol=1e-5, atol=1e-7)
    # Biases keep a share, which must not be given to the input.
    biased = network(family)
    left = relevance(biased, x, targets, RULES[rule]).flatten(1).sum(1)
    assert (left - biased(x).gather(1, targets[:, None])[:, 0]).abs().max() > 0.01


@pytest.mark.parametrize("family", ["mlp", "cnn"])
@pytest.mark.parametrize("biased", [True, False])
def test_lrp_0_is_gradient_times_input_in_relu_networks(family, biased):
    model, (x, targets) = network(family, biased), images()
    torch.testing.assert_close(relevance(model, x, targets, epsilon_rule(0)), gradient(model, x, targets) * x)
    damped = relevance(model, x, targets, epsilon_rule(0.5))
    assert damped.abs().sum() < 0.9 * (gradient(model, x, targets) * x).abs().sum()


def two_layers():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        model[0].weight[:] = torch.tensor([[2.0, -1.0], [1.0, 3.0]])
        model[0].bias[:] = torch.tensor([1.0, -1.0])
        model[2].weight[:] = torch.tensor([[1.0, -2.0]])
        model[2].bias.zero_()
    return model


def test_the_rules_by_hand():
    x, target = torch.tensor([[2.0, 1.0]]), torch.tensor([0])
    # z = (2*2 - 1 + 1, 2 + 3 - 1) = (4, 4), f = 4 - 8 = -4.
    model = two_layers()
    # Epsilon: hidden relevances 4/4.1 * 4, -8/4.1 * 4 over a sign-matched sum (-4 - .1), then shares of z + .1.
    hidden = torch.tensor([4.0, -8.0]) * (-4 / (-4 - 0.1))
    expected = [4 * hidden[0] / 4.1 + 2 * hidden[1] / 4.1, -1 * hidden[0] / 4.1 + 3 * hidden[1] / 4.1]
    torch.testing.assert_close(relevance(model, x, target, epsilon_rule(0.1)), torch.stack(expected)[None])
    # z+: all of -4 goes to the first hidden unit, and of it 4 / (4 + 1), the bias being positive, to the first input.
    torch.testing.assert_close(relevance(model, x, target, alpha_beta_rule()), torch.tensor([[-3.2, 0]]))
    # alpha 2, beta 1: hidden (-8, 4); unit 1: up (4, 0) of 5, down (0, -1) of -1; unit 2: up (2, 3) of 5, down only bias.
    expected = torch.tensor([[-16 * 0.8 + 8 * 0.4, 8 + 8 * 0.6]])
    torch.testing.assert_close(relevance(model, x, target, alpha_beta_rule(1.0)), expected)


def test_signs_of_inputs_count_in_the_positive_share():
    layer = nn.Linear(3, 1, bias=False)
    with torch.no_grad():
        layer.weight[:] = torch.tensor([[-2.0, 1.0, 3.0]])
    x = torch.tensor([[-1.0, 2.0, -1.0]])  # contributions 2, 2, -3
    found = relevance(layer, x, torch.tensor([0]), alpha_beta_rule())
    torch.testing.assert_close(found, torch.tensor([[0.5, 0.5, 0.0]]))


def test_where_nothing_is_positive_the_negative_part_takes_all():
    layer = nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        layer.weight[:] = torch.tensor([[-3.0, 1.0]])
    x = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    for beta in (0.0, 1.0):
        found = relevance(layer, x, torch.tensor([0, 0]), alpha_beta_rule(beta))
        torch.testing.assert_close(found, torch.tensor([[-3.0, 0.0], [0.0, 2.0]]))


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize(
    ("ours", "theirs"), [(epsilon_rule(0.05), EpsilonRule), (alpha_beta_rule(), Alpha1_Beta0_Rule)]
)
def test_captum_gives_the_same_relevance(ours, theirs, biased):
    model, (x, targets) = network("cnn", biased), images()
    x = x - x.min()  # captum's z+ rule takes inputs and biases as positive
    if theirs is Alpha1_Beta0_Rule:
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.data.abs_()
    found = relevance(model, x, targets, ours)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.rule = theirs(0.05) if theirs is EpsilonRule else theirs()
        elif isinstance(module, nn.MaxPool2d):
            module.rule = EpsilonRule()
    oracle = LRP(model).attribute(x, targets)
    assert (found - oracle).abs().max() < 1e-5 < found.abs().max() / 100


def test_relevance_of_words_and_modules_without_a_rule():
    model = network("mlp", biased=False, kind="text", shape=(6,), vocabulary=20)
    tokens, targets = torch.tensor([[3, 5, 7, 0, 0, 0], [9, 2, 4, 6, 8, 1]]), torch.tensor([2, 0])
    x, f = layer_output(model, "embedding.words", tokens), from_layer(model, "embedding.words", tokens)
    found = relevance(model, x, targets, alpha_beta_rule(), f)
    torch.testing.assert_close(found.sum((1, 2)), model(tokens).gather(1, targets[:, None])[:, 0].detach())
    assert found[0, 3:].abs().max() == 0
    assert unfit(model) == []
    transformer = network("transformer")
    assert unfit(transformer) == ["LayerNorm", "Softmax", "Transformer"]  # which adds positions of its own
    with pytest.raises(StudyError, match="LRP has no rule for LayerNorm, Softmax, Transformer of Transformer"):
        relevance(transformer, *images(), epsilon_rule())
    assert not any(module._forward_hooks for module in model.modules())
