"""The ten snippets of CONTRIBUTING.md run, and give what torch alone, or captum, gives."""

import re

import pytest
import torch

from helpers.project import ROOT
from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.models import build
from repdyn.sparse_autoencoders.autoencoder import encode

TASKS = 10


@pytest.fixture(scope="module")
def snippets() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return re.search(r"<!-- side by side -->\n```python\n(.*?)```", text, re.S)[1]


@pytest.fixture(scope="module")
def ran(snippets):
    """The names that the snippets define, on networks with the weights they start with."""
    torch.manual_seed(0)
    (x, y), (other, _) = data(), data(seed=1)
    names = {
        family: build(NETWORKS[network], **SHAPE) for family, network in (("model", "transformer"), ("cnn", "cnn"))
    }
    names |= {"x": x, "y": y, "other": other}
    for network in (names["model"], names["cnn"]):
        network.eval()
    exec(snippets, names)
    return names


def forward(ran, changes=None, inputs="x"):
    """(logits, {path: output}) of the transformer; changes: {path: function of the output}, by torch's own hooks."""
    seen, handles = {}, []
    for path, module in ran["model"].named_modules():

        def hook(_module, _inputs, output, path=path):
            change = (changes or {}).get(path)
            seen[path] = output if change is None else change(output.clone())
            return seen[path]

        handles.append(module.register_forward_hook(hook))
    with torch.no_grad():
        logits = ran["model"](ran[inputs])
    for handle in handles:
        handle.remove()
    return logits, seen


def test_every_task_has_a_line_of_each_library(snippets):
    tasks = re.split(r"^# \d+\. .*\n", snippets, flags=re.M)[1:]
    assert len(tasks) == TASKS
    for task in tasks:
        assert re.findall(r"^# (captum|TransformerLens|nnsight) +\S", task, re.M) == [
            "captum", "TransformerLens", "nnsight",
        ]  # fmt: skip
        code = [line for line in task.splitlines() if line and not line.startswith("#")]
        assert 1 <= len(code) <= 2


def test_reading_ablating_patching_and_steering_are_those_of_plain_hooks(ran):
    logits, own = forward(ran)
    _, donor = forward(ran, inputs="other")
    torch.testing.assert_close(ran["state"], own["blocks.0"])

    def zero(output):
        output[..., 3] = 0
        return output

    def head(output):
        output[:, :, 2] = donor["blocks.0.attention.heads"][:, :, 2]
        return output

    loss = torch.nn.functional.cross_entropy
    ablated, _ = forward(ran, {"blocks.0.feedforward": zero})
    rise = loss(ablated, ran["y"], reduction="none") - loss(logits, ran["y"], reduction="none")
    torch.testing.assert_close(torch.tensor(ran["rise"][0]).float(), rise, atol=1e-5, rtol=1e-4)
    patched, _ = forward(ran, {"blocks.0": lambda _: donor["blocks.0"]})
    torch.testing.assert_close(ran["layer_patched"], patched)
    torch.testing.assert_close(ran["head_patched"], forward(ran, {"blocks.0.attention.heads": head})[0])
    push = torch.tensor(ran["push"]).float()
    torch.testing.assert_close(
        torch.tensor(ran["after"]).float(), forward(ran, {"blocks.0": lambda output: output + push})[0]
    )
    for changed in (ablated, ran["layer_patched"], ran["head_patched"], torch.tensor(ran["after"]).float()):
        assert (changed - logits).abs().max() > 1e-5


def test_attributions_are_those_of_captum(ran):
    from captum.attr import IntegratedGradients, LayerGradCam

    theirs = IntegratedGradients(ran["model"]).attribute(ran["x"], baselines=0, target=ran["y"], n_steps=256)
    torch.testing.assert_close(ran["attributions"].float(), theirs.float(), atol=1e-4, rtol=1e-3)
    cam = LayerGradCam(ran["cnn"], ran["cnn"].blocks[1].relu)
    theirs = cam.attribute(ran["x"], target=ran["y"], relu_attributions=True)[:, 0]
    torch.testing.assert_close(ran["maps"].float(), theirs.detach().float(), atol=1e-6, rtol=1e-4)
    assert ran["maps"].max() > 0


def test_the_similarity_the_tracker_and_the_autoencoder_have_what_they_should(ran):
    assert 0 < ran["cka"] <= 1
    assert ran["tracker"].trajectory["layer"].tolist() == ran["model"].tracked
    active = encode(ran["sae"], ran["state"].flatten(0, 1))
    assert active.shape[1] == 32 and ((active > 0).sum(1) <= 4).all() and (active > 0).any()
