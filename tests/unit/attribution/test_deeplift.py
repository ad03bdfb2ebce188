"""DeepLIFT: answers by hand, completeness on every network that it fits, refusal where it does not hold, captum."""

import pytest
import torch
from captum.attr import DeepLift
from torch import nn

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.attribution.deeplift import deeplift
from repdyn.attribution.gradients import completeness_gap, gradient
from repdyn.errors import StudyError
from repdyn.models import build

pytestmark = pytest.mark.filterwarnings("ignore:Input Tensor", "ignore:Setting forward")  # captum says what it changes


def network(family):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return build(NETWORKS[family], **SHAPE).eval()


class Least(nn.Module):
    """min(1, x1 + x2), whose gradient is 0 at (1, 1) though both inputs count (Sundararajan 2017)."""

    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()

    def forward(self, x):
        return 1 - self.relu(1 - x.sum(1, keepdim=True))


def test_saturated_inputs_share_the_change_that_the_gradient_does_not_see():
    x, target = torch.ones(1, 2), torch.tensor([0])
    assert not gradient(Least(), x, target).any()
    torch.testing.assert_close(deeplift(Least(), x, target, torch.zeros(1, 2)), torch.full((1, 2), 0.5))


def test_max_pooling_divides_between_the_winners_of_input_and_baseline():
    """max(3, 1) - max(0, 2) = 1: the first rose by 3 and leads by 2, the second fell by 1 and led by 2."""
    model = nn.Sequential(nn.MaxPool1d(2), nn.Flatten())
    found = deeplift(model, torch.tensor([[[3.0, 1.0]]]), torch.tensor([0]), torch.tensor([[[0.0, 2.0]]]))
    torch.testing.assert_close(found, torch.tensor([[[1.5, -0.5]]]))


@pytest.mark.parametrize("family", ["mlp", "cnn"])
def test_the_parts_sum_to_the_change(family):
    model, (x, targets) = network(family), data(12)
    baseline = x.mean(0, keepdim=True)
    found = deeplift(model, x, targets, baseline)
    assert found.abs().max() > 1e-3
    assert completeness_gap(found, model, x, targets, baseline).abs().max() < 1e-5
    assert not any(module._forward_hooks for module in model.modules())


def test_an_input_that_is_not_read_or_not_changed_has_no_part():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
    model[0].weight.data[:, 1] = 0
    x, baseline = torch.randn(5, 4), torch.zeros(1, 4)
    x[:, 2] = 0
    found = deeplift(model, x, torch.zeros(5, dtype=torch.int64), baseline)
    assert not found[:, 1:3].any() and found[:, [0, 3]].abs().min() > 0


def test_captum_gives_the_same_parts():
    model, (x, targets) = network("mlp"), data(6)
    baseline = x.mean(0, keepdim=True)
    theirs = DeepLift(model).attribute(x, baseline.expand_as(x).contiguous(), targets)
    torch.testing.assert_close(deeplift(model, x, targets, baseline), theirs.detach(), atol=1e-6, rtol=1e-4)


def test_where_the_rule_does_not_hold_it_is_refused():
    x, targets = data(6)
    with pytest.raises(StudyError, match="misses the change of the output of Transformer"):
        deeplift(network("transformer"), x, targets, torch.zeros(1))

    class Bent(nn.Module):
        def forward(self, x):
            return torch.relu(x.flatten(1)[:, :3] - 0.2)

    with pytest.raises(StudyError, match="activations that are no modules"):
        deeplift(Bent(), x, targets, torch.zeros(1))
