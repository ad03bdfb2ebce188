"""Setting units: exact in a linear network, out of place; and running on from a module, against whole passes."""

import numpy as np
import pytest
import torch
from torch import nn

from helpers import tiny_networks
from repdyn.activations.hooks import recorded, replaced
from repdyn.activations.resume import resumed
from repdyn.errors import StudyError
from repdyn.interventions.surgery import latent_surgery, outputs_under, set_units, unit_values
from repdyn.models import build

TEXT = {"kind": "text", "shape": (7,), "classes": 3, "vocabulary": 11}


def network(family, shape=tiny_networks.SHAPE):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return build(tiny_networks.NETWORKS[family], **shape)


def linear(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(3, 5), nn.Identity(), nn.Linear(5, 4)).double()


@pytest.mark.parametrize("kind", ["number", "per unit", "per example"])
def test_in_a_linear_network_the_output_moves_by_weight_times_change(kind):
    model, x = linear(), torch.randn(9, 3, generator=torch.Generator().manual_seed(2)).double()
    hidden = model[0](x).detach()
    units = [3, 1]
    values = {"number": torch.tensor(0.7), "per unit": torch.tensor([0.7, -2.0]), "per example": torch.randn(9, 2)}[
        kind
    ]
    values = values.double()
    before, after = latent_surgery(model, x, "1", units, values, chunk=4)
    weight = model[2].weight.detach()[:, units]
    expected = (values - hidden[:, units]) @ weight.T
    assert after - before == pytest.approx(expected.numpy(), abs=1e-12)
    assert np.abs(after - before).max() > 0.1
    assert before == pytest.approx(model(x).detach().numpy(), abs=1e-12)


def test_the_unit_is_set_after_the_nonlinearity():
    model = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1, bias=False)).double()
    before, after = latent_surgery(model, torch.ones(2, 1).double(), "1", [0], -3.0)
    assert after[:, 0] == pytest.approx(-3 * model[2].weight.item())


@pytest.mark.parametrize("shape", [(4, 6), (4, 5, 6), (4, 6, 3, 2)])
def test_only_the_units_change_and_the_output_stays(shape):
    output = torch.arange(float(np.prod(shape))).reshape(shape)
    copy = output.clone()
    axis = 1 if len(shape) == 4 else len(shape) - 1
    values = torch.tensor([[10.0 * i, 10.0 * i + 1] for i in range(4)])
    changed = set_units(output, [4, 0], values, axis).movedim(axis, -1)
    assert torch.equal(output, copy)
    for example in range(4):
        assert (changed[example, ..., 4] == 10 * example).all() and (changed[example, ..., 0] == 10 * example + 1).all()
    assert torch.equal(changed[..., [1, 2, 3, 5]], copy.movedim(axis, -1)[..., [1, 2, 3, 5]])
    whole = set_units(output, [2], copy.roll(1, 0).narrow(axis, 2, 1), axis).movedim(axis, -1)
    assert torch.equal(whole[..., 2], copy.movedim(axis, -1).roll(1, 0)[..., 2])


def test_values_and_units_that_do_not_fit_are_refused():
    output = torch.zeros(4, 5, 6)
    with pytest.raises(StudyError, match=r"values of 2 units .* not \(3,\)"):
        set_units(output, [0, 1], torch.zeros(3), 2)
    for unit in (6, -1):
        with pytest.raises(StudyError, match="the layer has 6 units"):
            set_units(output, [unit], 0.0, 2)
    with pytest.raises(StudyError, match="values for 3 examples do not fit 9 inputs"):
        latent_surgery(linear(), torch.zeros(9, 3).double(), "1", [0], torch.zeros(3, 1))
    with pytest.raises(StudyError, match="no inputs"):
        outputs_under(linear(), torch.zeros(0, 3).double(), "1", [])
    with pytest.raises(StudyError, match="no module 'hiden.1'"):
        latent_surgery(network("mlp"), tiny_networks.data()[0], "hiden.1", [0], 0.0)


def inputs_of(family, kind):
    if kind == "image":
        return network(family), tiny_networks.data(10)[0]
    tokens = torch.randint(1, 11, (10, 7), generator=torch.Generator().manual_seed(3))
    tokens[2:5, 4:] = 0
    return network(family, TEXT), tokens


@pytest.mark.parametrize(("family", "kind"), [("mlp", "image"), ("mlp", "text"), ("cnn", "image"),
                                              ("transformer", "image"), ("transformer", "text")])  # fmt: skip
def test_running_on_from_any_module_is_a_whole_pass_with_a_hook(family, kind):
    model, x = inputs_of(family, kind)
    model.eval()
    paths = [name for name, _ in model.named_modules() if name]
    with torch.inference_mode():
        # Without lists of modules, which have no output, and dropout, which a block calls twice.
        called = [path for path in paths if not path.endswith("dropout")]
        with recorded(model, called) as outputs:
            original = model(x)
        for path in outputs:
            shift = torch.randn(outputs[path].shape, generator=torch.Generator().manual_seed(4))
            with replaced(model, {path: lambda output, shift=shift: output + shift}):
                expected = model(x)
            with resumed(model, path, x) as (output, run):
                assert torch.equal(output, outputs[path])
                again = [run(output + shift), run(output), run(output + shift)]
            assert torch.equal(again[0], expected) and torch.equal(again[2], expected)
            assert torch.equal(again[1], original)
            assert torch.equal(model(x), original)  # nothing is left behind
    assert not any("forward" in vars(module) for module in model.modules())


def test_what_came_before_is_not_computed_again():
    model, x = network("transformer").eval(), tiny_networks.data(6)[0]
    calls = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            module.register_forward_pre_hook(lambda _m, _i, name=name: calls.append(name))
    with resumed(model, "blocks.1.feedforward", x) as (output, run):
        calls.clear()
        run(output)
    assert calls == ["project", "blocks.1.down", "output"]  # a module answered from memory still shows its own hooks


def test_a_module_that_serves_twice_is_answered_in_order():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale, self.middle = nn.Linear(2, 2), nn.Identity()

        def forward(self, x):
            return self.scale(self.middle(self.scale(self.scale(x))))

    model, x = Twice(), torch.randn(3, 2)
    with torch.no_grad():
        with resumed(model, "middle", x) as (output, run):
            assert torch.equal(run(output + 1), model.scale(output + 1))
        with pytest.raises(StudyError, match="scale must be called once.* called 3 times"), resumed(model, "scale", x):
            pass


def test_a_module_inside_what_is_answered_is_computed_where_it_serves_again():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale, self.middle = nn.Linear(2, 2), nn.Identity()
            self.outer = nn.Sequential(self.scale)

        def forward(self, x):
            return self.scale(self.middle(self.outer(x)))

    model, x = Shared(), torch.randn(3, 2)
    with torch.no_grad(), resumed(model, "middle", x) as (output, run):
        assert torch.equal(run(output + 1), model.scale(output + 1))


def test_a_replacement_of_another_shape_and_a_module_that_is_not_called_are_refused():
    model = linear()
    with resumed(model, "1", torch.ones(2, 3).double()) as (output, run), pytest.raises(StudyError, match="shape"):
        run(output[:1])
    model.unused = nn.Identity()
    model.forward = lambda x: model[0](x)
    with pytest.raises(StudyError, match="called 0 times"), resumed(model, "2", torch.ones(2, 3).double()):
        pass


def test_outputs_are_taken_in_evaluation_mode_and_chunks_do_not_matter():
    model, x = network("transformer"), tiny_networks.data(13)[0]
    model.train()
    changes = [lambda output, rows: output + x[rows].sum((1, 2, 3))[:, None, None]]
    first, second = (outputs_under(model, x, "blocks.0", changes, chunk) for chunk in (4, 13))
    assert first == pytest.approx(second, abs=1e-5)
    assert model.training and first.dtype == np.float64 and first.shape == (2, 13, 3)
    assert np.abs(first[1] - first[0]).max() > 1e-3
    model.eval()
    with torch.no_grad():
        assert first[0] == pytest.approx(model(x).numpy(), abs=1e-5)
        assert unit_values(model, x, "blocks.0", 4).shape == (13, 16, 16)
