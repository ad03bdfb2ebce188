"""What the parts of a transformer write into the logits: they add up, and heads stand beside other heads' projections."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.models import build
from repdyn.toolkit.patching import logits as module


@pytest.fixture(scope="module")
def look():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = build(NETWORKS["transformer"], **SHAPE).eval()

    def metric(answers):
        return answers[:, 0] - answers[:, 1]

    (clean, _), (corrupted, _) = data(6), data(6, 1)
    with torch.no_grad():
        ends = [metric(model(x)).double().numpy() for x in (clean, corrupted)]
    pairs = SimpleNamespace(clean=clean, corrupted=corrupted, metric=metric)
    return SimpleNamespace(model=model, step=3, pairs=pairs, clean=ends[0], corrupted=ends[1])


def test_parts_add_up_and_only_heads_change_with_the_projection_of_another_head(look):
    entries = {each["quantity"][0]: each for each in module.logits(look)}
    found, heads = entries["direct_logits"], look.model.blocks[0].attention.head_count
    assert found["value"].sum() == pytest.approx((look.clean - look.corrupted).mean(), abs=1e-5)
    assert entries["direct_gap"]["value"][0] < 1e-5
    of_heads = np.isfinite(found["null_mean"])
    # The embedding; of each block its heads and its feed-forward layer; the biases.
    assert of_heads.tolist() == [False, *([True] * heads + [False]) * len(look.model.blocks), False]
    assert (
        np.abs(found["value"] - found["null_mean"])[of_heads].min() > 1e-6 and found["null_sd"][of_heads].min() > 1e-6
    )


def test_parts_that_do_not_add_up_are_said_to_miss_the_difference(look, monkeypatch):
    parts = np.array([1.0, -2.0, 4.0])
    monkeypatch.setattr(module, "_difference", lambda *_: parts)
    gap = {each["quantity"][0]: each["value"] for each in module.logits(look)}["direct_gap"][0]
    assert gap == pytest.approx(abs(3 - (look.clean - look.corrupted).mean()) / 7) and gap > 0.01
    assert not list(module.logits(SimpleNamespace(model=torch.nn.Identity())))
