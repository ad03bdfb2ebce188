"""Saliency, integrated gradients and Grad-CAM: known answers, completeness, and captum's numbers."""

import pytest
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, LayerIntegratedGradients, Saliency
from torch import nn

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.activations.addresses import Address
from repdyn.attribution.gradcam import enlarged, grad_cam
from repdyn.attribution.gradients import (
    completeness_gap,
    from_layer,
    gradient,
    integrated_gradients,
    layer_output,
    saliency,
)
from repdyn.errors import StudyError
from repdyn.models import build

pytestmark = pytest.mark.filterwarnings("ignore:Input Tensor")  # captum says that it turns gradients on


def network(family, **changes):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return build(NETWORKS[family], **{**SHAPE, **changes})


@pytest.fixture(scope="module")
def images():
    x, labels = data(12)
    return x, labels


def test_the_saliency_of_a_linear_function_is_the_size_of_its_weights():
    layer = nn.Linear(5, 3)
    x, targets = torch.randn(4, 5, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 1])
    torch.testing.assert_close(saliency(layer, x, targets), layer.weight[targets].abs().detach())
    torch.testing.assert_close(gradient(layer, x, targets), layer.weight[targets].detach())


@pytest.mark.parametrize("family", NETWORKS)
def test_captum_gives_the_same_gradients(family, images):
    model = network(family).eval()
    x, targets = images
    black = torch.zeros_like(x[:1])
    ours, theirs = saliency(model, x, targets), Saliency(model).attribute(x, target=targets)
    assert (ours - theirs).abs().max() < 1e-5 < ours.abs().max()
    ours = integrated_gradients(model, x, targets, black, 20)
    theirs = IntegratedGradients(model).attribute(x, black, targets, n_steps=20)
    assert (ours - theirs).abs().max() < 1e-5 < ours.abs().max()


@pytest.mark.parametrize("family", NETWORKS)
def test_the_sum_of_integrated_gradients_is_the_change_of_the_output(family, images):
    model = network(family)
    x, targets = images
    grey = x.mean(0, keepdim=True)
    found = integrated_gradients(model, x, targets, grey)
    gap = completeness_gap(found, model, x, targets, grey)
    assert gap.shape == (12,) and gap.abs().max() < 1e-3
    with torch.no_grad():
        change = (model.eval()(x) - model(grey)).gather(1, targets[:, None])[:, 0]
    torch.testing.assert_close(found.flatten(1).sum(1) - change, gap)
    assert change.abs().max() > 0.02


def test_what_is_left_out_of_a_map_is_seen_in_its_gap(images):
    model, (x, targets) = network("mlp"), images
    halved = integrated_gradients(model, x, targets, torch.zeros_like(x)) / 2
    gap = completeness_gap(halved, model, x, targets, torch.zeros_like(x))
    torch.testing.assert_close(-gap, halved.flatten(1).sum(1), atol=1e-3, rtol=0)
    assert gap.abs().max() > 0.02


def test_integrated_gradients_of_a_product_depend_on_the_baseline_as_by_hand():
    def product(x):
        return (x[:, 0] * x[:, 1])[:, None]

    x, targets = torch.tensor([[3.0, 2.0]]), torch.tensor([0])
    assert integrated_gradients(product, x, targets, torch.zeros(2), 3).tolist() == [[3, 3]]
    # (x1 - b1) (x2 + b2) / 2 and (x2 - b2) (x1 + b1) / 2
    found = integrated_gradients(product, x, targets, torch.tensor([1.0, -2.0]), 3)
    torch.testing.assert_close(found, torch.tensor([[0.0, 8.0]]))
    assert integrated_gradients(product, x, targets, x, 3).tolist() == [[0, 0]]


@pytest.mark.parametrize(("family", "path"), [("mlp", "embedding.words"), ("transformer", "project")])
def test_texts_are_explained_by_their_embedded_words(family, path):
    model = network(family, kind="text", shape=(6,), vocabulary=20)
    tokens = torch.tensor([[3, 5, 7, 0, 0, 0], [9, 2, 4, 6, 8, 1]])
    targets = torch.tensor([2, 0])
    x, f = layer_output(model, path, tokens), from_layer(model, path, tokens)
    assert model.training and x.shape[:2] == (2, 6) and not x.requires_grad
    torch.testing.assert_close(f(x.repeat(3, 1, 1)), model.eval()(tokens).repeat(3, 1))
    ours = integrated_gradients(f, x, targets, torch.zeros_like(x[:1]), 30)
    captum = LayerIntegratedGradients(model, model.get_submodule(path))
    padding = torch.where(tokens == 0, 0, 19)
    theirs = captum.attribute(tokens, padding, targets, n_steps=30)
    ours_from_same = integrated_gradients(f, x, targets, layer_output(model, path, padding), 30)
    assert (ours_from_same - theirs).abs().max() < 1e-5 < theirs.abs().max()
    assert ours[0, 3:].abs().max() == 0 < ours[0, :3].abs().min()
    with pytest.raises(StudyError, match="2 examples take a multiple of 2 states, found 3"):
        f(x[[0, 1, 0]])


class Pooled(nn.Module):
    """Convolution, ReLU, global average pooling, linear."""

    def __init__(self):
        super().__init__()
        self.conv, self.relu, self.output = nn.Conv2d(1, 5, 3, padding=1), nn.ReLU(), nn.Linear(5, 3)

    def forward(self, x):
        return self.output(self.relu(self.conv(x)).mean((2, 3)))


def test_grad_cam_is_cam_after_global_average_pooling(images):
    torch.manual_seed(1)
    model, (x, targets) = Pooled(), images
    features = model.relu(model.conv(x)).detach()
    with pytest.raises(StudyError, match="which axis holds its units"):
        grad_cam(model, "relu", x, targets)
    cam = torch.einsum("nk,nkhw->nhw", model.output.weight[targets], features).relu().detach()
    torch.testing.assert_close(grad_cam(model, Address("relu", units=1), x, targets) * 16 * 16, cam)
    assert (cam > 0).double().mean().item() == pytest.approx(0.5, abs=0.49)


def test_captum_gives_the_same_grad_cam(images):
    model, (x, targets) = network("cnn"), images
    ours = grad_cam(model, "blocks.1.relu", x, targets)
    theirs = LayerGradCam(model.eval(), model.blocks[1].relu).attribute(x, targets, relu_attributions=True)
    assert ours.shape == (12, 8, 8)
    assert (ours - theirs[:, 0]).abs().max() < 1e-5 * ours.max()
    flat = torch.arange(24.0).reshape(2, 3, 4)
    torch.testing.assert_close(
        enlarged(flat, (6, 8)), LayerAttribution.interpolate(flat[:, None], (6, 8), "bilinear")[:, 0]
    )
    with pytest.raises(StudyError, match=r"needs a layer of channels .*output gives \(12, 3\)"):
        grad_cam(model, "output", x, targets)


def test_what_does_not_fit_is_refused(images):
    model, (x, targets) = network("mlp"), images
    with pytest.raises(StudyError, match=r"Targets must lie in 0\.\.2, found 0\.\.3"):
        saliency(model, x, targets + (targets == 2).long())
    with pytest.raises(StudyError, match="found outputs .*and 11 targets"):
        saliency(model, x, targets[:11])
    with pytest.raises(StudyError, match="is it detached"):
        saliency(lambda x: model(x.detach()), x, targets)
    with pytest.raises(StudyError, match="is it detached"):
        saliency(lambda x: torch.zeros(len(x), 3), x, targets)
    with pytest.raises(StudyError, match="at least 1 point"):
        integrated_gradients(model, x, targets, x, 0)
    with pytest.raises(StudyError, match="no module 'hiden.0'; did you mean 'hidden.0'"):
        from_layer(model, "hiden.0", x)
