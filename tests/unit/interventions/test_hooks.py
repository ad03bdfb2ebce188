"""Hooks read and replace exactly what they name, and leave nothing behind."""

import pytest
import torch
from torch import nn

from repdyn.activations.addresses import find
from repdyn.activations.hooks import recorded, replaced
from repdyn.errors import StudyError


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).eval()


@pytest.fixture
def x():
    return torch.linspace(-1, 1, 15).reshape(5, 3)


def hooks(model):
    return sum(len(module._forward_hooks) for module in model.modules())


def test_records_what_a_hand_written_pass_gives(model, x):
    with recorded(model, ["0", "1"]) as outputs:
        logits = model(x)
    by_hand = x @ model[0].weight.T + model[0].bias
    torch.testing.assert_close(outputs["0"], by_hand)
    torch.testing.assert_close(outputs["1"], by_hand.relu())
    torch.testing.assert_close(logits, model[2](outputs["1"]))
    assert hooks(model) == 0


def test_gradients_flow_through_what_is_recorded(model, x):
    with recorded(model, ["1"]) as outputs:
        target = model(x)[:, 0].sum()
    gradient = torch.autograd.grad(target, outputs["1"])[0]
    torch.testing.assert_close(gradient, model[2].weight[0].expand(5, 4))


def test_a_replacement_reaches_the_output_and_not_the_original(model, x):
    with recorded(model, ["1"]) as before:
        model(x)
    kept = before["1"].clone()
    with replaced(model, {"1": lambda h: h + 1}), recorded(model, ["1"]) as seen:
        logits = model(x)
    torch.testing.assert_close(logits, model[2](kept + 1))
    torch.testing.assert_close(seen["1"], kept + 1)
    torch.testing.assert_close(before["1"], kept)


def test_two_replacements_act_together(model, x):
    with replaced(model, {"0": torch.zeros_like, "2": lambda y: y * 2}):
        logits = model(x)
    torch.testing.assert_close(logits, (2 * model[2].bias).expand(5, 2))


def test_nothing_stays_after_an_error(model, x):
    with pytest.raises(ZeroDivisionError), replaced(model, {"1": lambda h: h / (1 // 0)}), recorded(model, ["0"]):
        model(x)
    assert hooks(model) == 0
    with pytest.raises(StudyError, match="no module"), replaced(model, {"1": lambda h: h, "nowhere": lambda h: h}):
        pass
    assert hooks(model) == 0


def test_a_replacement_of_another_shape_is_refused(model, x):
    refused = pytest.raises(StudyError, match=r"output of 1 has shape \(5, 4\), its replacement \(5, 3\)")
    with refused, replaced(model, {"1": lambda h: h[:, :3]}):
        model(x)


def test_a_wrong_name_lists_those_there_are():
    model = nn.ModuleDict({"first": nn.Linear(1, 1), "second": nn.Linear(1, 1)})
    with pytest.raises(StudyError, match="did you mean 'second'"):
        find(model, "secnd")
    with pytest.raises(StudyError, match="it has first, second"):
        find(model, "blocks.0")
