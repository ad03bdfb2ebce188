"""Deletion curves, agreement of maps and redrawn weights: a planted mask is recovered, and noise finds nothing."""

from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score
from torch import nn

from helpers.tiny_networks import NETWORKS, SHAPE
from repdyn.attribution.agreement import rank_agreement
from repdyn.attribution.gradients import integrated_gradients, saliency
from repdyn.attribution.randomisation import reinitialised, stages
from repdyn.attribution.removal import area, removal_curve
from repdyn.errors import StudyError
from repdyn.models import build


def rng(seed=0):
    return np.random.default_rng(seed)


def network(family="mlp", **changes):
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return build(NETWORKS[family], **{**SHAPE, **changes}).eval()


@pytest.fixture(scope="module")
def planted():
    """A network that looks at 40 of 256 pixels and a little at the others; images, and the mask of the 40."""
    model = network()
    mask = torch.zeros(256, dtype=torch.bool)
    mask[torch.from_numpy(rng().choice(256, 40, replace=False))] = True
    with torch.no_grad():
        model.hidden[0][0].weight[:, ~mask] *= 0.03
    return model, torch.from_numpy(rng(1).standard_normal((60, 1, 16, 16), dtype=np.float32)), mask.view(16, 16).numpy()


def test_a_planted_mask_is_recovered_and_its_removal_lowers_the_output_first(planted):
    model, x, mask = planted
    targets, black = torch.zeros(60, dtype=torch.int64), torch.zeros(1, 1, 16, 16)
    with torch.no_grad():
        targets = model(x).argmax(1)
    found = integrated_gradients(model, x, targets, black, 32)
    auc = [roc_auc_score(mask.ravel(), np.abs(row).ravel()) for row in found.numpy()]
    assert np.mean(auc) > 0.9
    assert np.mean([roc_auc_score(mask.ravel(), row.ravel()) for row in saliency(model, x, targets).numpy()]) > 0.95
    chance = area(removal_curve(model, x, black, rng(2).random(x.shape), targets, rng(3)))
    other = area(removal_curve(model, x, black, rng(4).random(x.shape), targets, rng(5)))
    first = area(removal_curve(model, x, black, found.numpy(), targets, rng(3)))
    last = area(removal_curve(model, x, black, -found.numpy(), targets, rng(3)))
    error = (chance - other).std() / np.sqrt(60)
    assert abs(chance.mean() - other.mean()) < 3 * error
    assert first.mean() < chance.mean() - 10 * error and last.mean() > chance.mean() + 10 * error
    inserted = area(removal_curve(model, black.expand_as(x), x, found.numpy(), targets, rng(3)))
    assert inserted.mean() > chance.mean() + 10 * error


def test_a_removal_curve_by_hand():
    layer = nn.Linear(4, 1, bias=False)
    with torch.no_grad():
        layer.weight[:] = torch.tensor([[1.0, 2.0, 4.0, 8.0]])
    x, target, none = torch.ones(1, 4), torch.tensor([0]), torch.zeros(1, 4)
    curve = removal_curve(layer, x, none, np.array([[3.0, 1, 4, 2]]), target, rng(), 4)
    assert curve.tolist() == [[15, 11, 10, 2, 0]]
    assert area(curve).tolist() == [(7.5 + 11 + 10 + 2) / 4]
    back = removal_curve(layer, none, x, np.array([[3.0, 1, 4, 2]]), target, rng(), 4)
    assert back.tolist() == [[0, 4, 5, 13, 15]]
    # The second is no feature and stays; 3 features at 2 levels: 0, 2 and 3 of them.
    part = removal_curve(layer, x, none, np.array([[3.0, -np.inf, 4, 2]]), target, rng(), 2)
    assert part.tolist() == [[15, 10, 2]]
    words = removal_curve(lambda x: x.sum((1, 2))[:, None], torch.ones(1, 2, 3), torch.zeros(1, 1, 3),
                          np.array([[[0.0], [1.0]]]), target, rng(), 2)  # fmt: skip
    assert words.tolist() == [[6, 3, 0]]
    with pytest.raises(StudyError, match=r"ranking \(1, 3\) does not fit features \(1, 4\)"):
        removal_curve(layer, x, none, np.ones((1, 3)), target, rng())
    with pytest.raises(StudyError, match="no NaN"):
        removal_curve(layer, x, none, np.array([[1, 2, 3, np.nan]]), target, rng())


def test_ties_are_broken_at_random():
    layer = nn.Linear(4, 1, bias=False)
    with torch.no_grad():
        layer.weight[:] = torch.tensor([[1.0, 2.0, 4.0, 8.0]])
    x = torch.ones(400, 4)
    curve = removal_curve(layer, x, x * 0, np.zeros((400, 4)), torch.zeros(400, dtype=torch.int64), rng(), 4)
    lost = 15 - curve[:, 1]
    assert [(lost == weight).mean() for weight in (1, 2, 4, 8)] == pytest.approx([0.25] * 4, abs=0.07)


def test_the_agreement_is_spearmans_and_its_null_that_of_all_pairings():
    a, b = rng(0).standard_normal((2, 5, 3, 4))
    b += a
    b[0, 0] = b[0, 1]  # ties
    a[:, 2, 1:], b[:, 2, 1:] = np.nan, np.nan
    known = ~np.isnan(a[0])
    pairs = np.array([[spearmanr(one[known], other[known]).statistic for other in b] for one in a])
    found = rank_agreement(a, b)
    assert found.mean == pytest.approx(np.trace(pairs) / 5)
    values = [pairs[range(5), list(order)].mean() for order in permutations(range(5))]
    assert (found.null_mean, found.null_sd) == pytest.approx((np.mean(values), np.std(values)))
    assert rank_agreement(a, np.exp(a)).mean == pytest.approx(1)
    assert rank_agreement(a, -a).mean == pytest.approx(-1)


def test_what_all_maps_share_is_no_agreement():
    centre = 3 * np.exp(-(np.linspace(-2, 2, 100) ** 2))
    z = []
    for seed in range(200):
        a, b = centre + rng(seed).standard_normal((2, 30, 100))
        found = rank_agreement(a, b)
        z.append((found.mean - found.null_mean) / found.null_sd)
    assert found.mean > 0.4
    assert abs(np.mean(z)) < 0.25 and np.std(z) == pytest.approx(1, abs=0.15)
    common = rng(0).standard_normal((30, 100))
    found = rank_agreement(centre + common + 0.5 * a, centre + common + 0.5 * b)
    assert (found.mean - found.null_mean) / found.null_sd > 10


def test_maps_without_an_order_do_not_count():
    a, b = rng(0).random((2, 4, 9))
    a[1] = 0.3
    kept = [0, 2, 3]
    assert rank_agreement(a, b) == pytest.approx(rank_agreement(a[kept], b[kept]))
    assert np.isnan(rank_agreement(a[:2], b[:2])).all()
    assert np.isnan(rank_agreement(np.zeros((4, 9)), b)).all()
    b[0, 0] = np.nan
    with pytest.raises(StudyError, match="same shape and features"):
        rank_agreement(a, b)


def test_a_map_that_ignores_the_network_survives_new_weights_and_a_gradient_does_not(planted):
    model, x, _ = planted
    with torch.no_grad():
        targets = model(x).argmax(1)
    before = saliency(model, x, targets)[:, 0].numpy()
    other = reinitialised(model, stages(model), 3)
    found = rank_agreement(before, saliency(other, x, targets)[:, 0].numpy())
    assert abs(found.mean) < 0.1
    with torch.no_grad():
        top = reinitialised(model, stages(model)[:1], 3)
    assert rank_agreement(before, saliency(top, x, targets)[:, 0].numpy()).mean > 0.3
    edges = np.abs(np.diff(x[:, 0].numpy(), prepend=0))
    assert rank_agreement(edges, edges).mean == pytest.approx(1)


@pytest.mark.parametrize(
    ("family", "paths"),
    [
        ("mlp", ["output", "hidden.1", "hidden.0"]),
        ("cnn", ["output", "blocks.1", "blocks.0"]),
        ("transformer", ["output", "blocks.1", "blocks.0", "project"]),
    ],
)
def test_weights_are_redrawn_where_named_and_nowhere_else(family, paths):
    model = network(family)
    assert stages(model) == paths
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.random.get_rng_state()
    new = reinitialised(model, paths[:2], 1).state_dict()
    assert torch.equal(state, torch.random.get_rng_state())
    for name, value in before.items():
        assert torch.equal(model.state_dict()[name], value)
        redrawn = name.startswith(tuple(paths[:2])) and "norm" not in name
        changed = not torch.equal(new[name], value)
        assert changed == redrawn, name
    again = reinitialised(model, paths[:2], 1).state_dict()
    assert all(torch.equal(again[name], value) for name, value in new.items())
    # The first path's new weights do not depend on how many follow.
    only = reinitialised(model, paths[:1], 1).state_dict()
    assert torch.equal(only["output.weight"], new["output.weight"])
    assert not torch.equal(reinitialised(model, paths[:1], 2).state_dict()["output.weight"], new["output.weight"])


def test_a_part_without_weights_and_texts():
    model = network("mlp", kind="text", shape=(6,), vocabulary=20)
    assert stages(model) == ["output", "hidden.1", "hidden.0", "embedding"]
    new = reinitialised(model, ["embedding"], 1)
    assert not torch.equal(new.embedding.words.weight, model.embedding.words.weight)
    with pytest.raises(StudyError, match="embedding of MLP has no layer"):
        reinitialised(network(), ["embedding"], 1)
    with pytest.raises(StudyError, match="no module"):
        reinitialised(model, ["nowhere"], 1)
