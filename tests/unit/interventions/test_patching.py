"""Patching: exact identities, planted paths, effects known by weight, and captum's one-by-one replacement as oracle."""

import numpy as np
import pytest
import torch
from captum.attr import LayerFeatureAblation
from torch import nn

from helpers.readers import METRIC, images, network
from helpers.tiny_networks import NETWORKS
from repdyn.errors import StudyError
from repdyn.interventions.pairs import matched_pairs, nearest_classes, unrelated
from repdyn.interventions.patching import Site, activations, joined, measured, patch_each, patched, sites_along, whole
from repdyn.interventions.recovery import MINIMUM_PAIRS, null_of, recovery
from repdyn.measures.heads import head_contributions

# Layers of each family through which everything passes.
CHAIN = {
    "mlp": ["hidden.0", "hidden.1", "output"],
    "cnn": ["blocks.0.relu", "blocks.0.pool", "blocks.1.relu", "output"],
    "transformer": ["embedding", "blocks.0", "blocks.0.norm1", "blocks.1", "output"],
}


def rng(seed=0):
    return np.random.default_rng(seed)


def answers(model, inputs):
    return measured(METRIC, patched(model, inputs, [], {}))


@pytest.mark.parametrize("family", NETWORKS)
def test_all_patched_is_exactly_one_and_nothing_patched_exactly_zero_in_both_directions(family):
    model = network(family).train()  # dropout must not act
    clean, corrupted = images()
    for receivers, donors in ((corrupted, clean), (clean, corrupted)):
        start, end = answers(model, receivers), answers(model, donors)
        nothing = Site(CHAIN[family][0], torch.tensor(False))
        sites = [whole(path) for path in CHAIN[family]] + [nothing]
        changed = patch_each(model, receivers, donors, sites, METRIC)
        found = recovery(changed, start, end, rng())
        assert (changed[:-1] == end).all()
        assert found.value.tolist() == [1.0] * len(CHAIN[family]) + [0.0]
        assert (patch_each(model, receivers, receivers, sites, METRIC) == start).all()
    assert model.training
    assert all(module.training and not module._forward_hooks for module in model.modules())


def test_a_planted_path_is_one_on_it_and_zero_off_it():
    model = network("mlp")
    with torch.no_grad():
        model.output.weight[:] = 0
        model.output.weight[:2, 5] = torch.tensor([1.0, -1.0])
        model.hidden[1][0].bias[5] = 3  # never silent
        model.hidden[1][0].weight[5] = 0
        model.hidden[1][0].weight[5, 2] = 2
        model.hidden[0][0].bias[2] = 3
    clean, corrupted = images()
    start, end = answers(model, corrupted), answers(model, clean)
    assert np.abs(end - start).min() > 1e-3
    for layer, carrier, width in (("hidden.0", 2, 12), ("hidden.1", 5, 8)):
        changed = patch_each(model, corrupted, clean, sites_along(layer, (width,), 0), METRIC)
        expected = np.zeros(width)
        expected[carrier] = 1
        np.testing.assert_array_equal(recovery(changed, start, end, rng()).value, expected)


def test_noising_one_unit_before_a_linear_read_out_has_the_effect_its_weights_say():
    model = network("mlp")
    clean, corrupted = images()
    units = [activations(model, inputs, ["hidden.1"])["hidden.1"].double() for inputs in (clean, corrupted)]
    weight = (model.output.weight[0] - model.output.weight[1]).detach().double()
    expected = weight[:, None] * (units[1] - units[0]).T
    changed = patch_each(model, clean, corrupted, sites_along("hidden.1", (8,), 0), METRIC)
    np.testing.assert_allclose(changed - answers(model, clean), expected, atol=1e-6)


@pytest.mark.parametrize(("family", "layer"), [("mlp", "hidden.0"), ("cnn", "blocks.0.relu")])
def test_agrees_with_captum_replacing_one_by_one(family, layer):
    model = network(family).eval()
    clean, corrupted = images()
    donated = activations(model, corrupted, [layer])[layer]
    shape = donated.shape[1:]
    count = shape[0]
    groups = torch.arange(count).view(-1, *[1] * (len(shape) - 1)).expand(shape)[None]
    oracle = LayerFeatureAblation(lambda inputs: METRIC(model(inputs)), model.get_submodule(layer))
    theirs = oracle.attribute(clean, layer_baselines=donated, layer_mask=groups).reshape(10, count, -1)[..., 0]
    ours = answers(model, clean) - patch_each(model, clean, corrupted, sites_along(layer, shape, 0), METRIC)
    np.testing.assert_allclose(ours.T, theirs.detach().numpy(), atol=1e-6)


def test_the_values_of_a_run_do_not_change_with_the_next():
    model = network("mlp")
    clean, corrupted = images()
    kept = activations(model, clean, ["hidden.0"])["hidden.0"]
    before = kept.clone()
    other = activations(model, corrupted, ["hidden.0"])["hidden.0"]
    assert (kept == before).all()
    assert (kept != other).any()
    relu = nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True))
    x = torch.tensor([[1.0, -1.0]])
    linear = activations(relu, x, ["0"])["0"]
    torch.testing.assert_close(linear, relu[0](x).detach())


def test_heads_add_up_to_the_attention_output_and_patched_together_do_as_it_does():
    model = network("transformer").eval()
    clean, corrupted = images()
    seen = activations(model, clean, ["blocks.0.attention", "blocks.0.attention.heads"])
    attention = model.blocks[0].attention
    total = head_contributions(attention, seen["blocks.0.attention.heads"]).sum(0) + attention.out_proj.bias
    torch.testing.assert_close(total, seen["blocks.0.attention"], atol=1e-6, rtol=0)
    heads = sites_along("blocks.0.attention.heads", (16, 4, 4), 1)
    values = activations(model, corrupted, ["blocks.0.attention", "blocks.0.attention.heads"])
    together = patched(model, clean, heads, values)
    torch.testing.assert_close(together, patched(model, clean, [whole("blocks.0.attention")], values))
    assert not torch.allclose(together, patched(model, clean, heads[:3], values), atol=1e-5)


def test_a_site_along_an_axis_touches_that_index_alone():
    model = network("transformer")
    clean, corrupted = images()
    values = activations(model, corrupted, ["blocks.0"])
    site = sites_along("blocks.0", (16, 16), 0)[3]
    seen = {}
    handle = model.blocks[1].register_forward_pre_hook(lambda _module, inputs: seen.update(states=inputs[0].clone()))
    patched(model, clean, [site], values)
    handle.remove()
    states, own = seen["states"], activations(model, clean, ["blocks.0"])["blocks.0"]
    assert (states[:, 3] == values["blocks.0"][:, 3]).all()
    rest = torch.arange(16) != 3
    assert (states[:, rest] == own[:, rest]).all()


def test_sites_join_by_path_and_one_value_may_serve_all_examples():
    first, second, third = sites_along("hidden.0", (12,), 0)[:3]
    mask = joined([first, third])["hidden.0"]
    assert mask.nonzero()[:, 0].tolist() == [0, 2]
    assert joined([first, whole("output")]).keys() == {"hidden.0", "output"}
    model = network("mlp")
    clean, _ = images()
    logits = patched(model, clean, [whole("hidden.1")], {"hidden.1": torch.zeros(1, 8)})
    torch.testing.assert_close(logits, model.output.bias.detach().expand(10, 3))


def test_what_does_not_fit_is_refused():
    model = network("mlp")
    clean, corrupted = images()
    values = activations(model, corrupted, ["hidden.0"])
    with pytest.raises(StudyError, match=r"output of hidden.0 is \(10, 12\), the values for it \(10, 8\)"):
        patched(model, clean, [whole("hidden.0")], {"hidden.0": torch.zeros(10, 8)})
    with pytest.raises(StudyError, match=r"the values for it \(4, 12\)"):
        patched(model, clean, [whole("hidden.0")], {"hidden.0": torch.zeros(4, 12)})
    for mask in (torch.ones(7, dtype=torch.bool), torch.ones(1, 12, dtype=torch.bool)):
        with pytest.raises(StudyError, match="a site of hidden.0 is"):
            patched(model, clean, [Site("hidden.0", mask)], values)
    with pytest.raises(StudyError, match=r"Receivers are \(10, 1, 16, 16\), donors \(9"):
        patch_each(model, clean, corrupted[:9], [whole("hidden.0")], METRIC)
    with pytest.raises(StudyError, match="did you mean 'hidden.0'"):
        patch_each(model, clean, corrupted, [whole("hiden.0")], METRIC)


def test_recovery_is_a_ratio_of_means_whose_interval_covers():
    start, end = np.zeros(8), np.array([1.0, 3, 1, 3, 1, 3, 1, 3])
    found = recovery(np.array([end / 4, 2 * end, np.full(8, 1.0)]), start, end, rng())
    np.testing.assert_allclose(found.value, [0.25, 2, 0.5])
    np.testing.assert_allclose([found.low[0], found.high[0]], 0.25)
    assert found.low[2] < 0.5 < found.high[2]
    draw, covered = rng(1), 0
    for _ in range(200):
        span = 2 + draw.standard_normal(30)
        changed = 0.4 * span + draw.standard_normal(30)
        found = recovery(changed, np.zeros(30), span, draw)
        covered += found.low[0] <= 0.4 <= found.high[0]
    assert 0.88 < covered / 200 < 0.99


def test_recovery_is_not_defined_where_there_is_nothing_to_recover():
    draw = rng(2)
    start = draw.standard_normal(30)
    noise = recovery(draw.standard_normal((2, 30)), start, start + draw.standard_normal(30), rng())
    assert np.isnan(np.concatenate(noise)).all()
    same = recovery(start, start, start, rng())
    assert np.isnan(np.concatenate(same)).all()
    few = MINIMUM_PAIRS - 1
    assert np.isnan(recovery(np.zeros(few), np.zeros(few), np.ones(few), rng()).value).all()
    assert recovery(np.zeros(few + 1), np.zeros(few + 1), np.ones(few + 1), rng()).value == [0.0]
    assert recovery(-np.ones(9), np.zeros(9), -2 * np.ones(9), rng()).value == [0.5]
    with pytest.raises(StudyError, match="start and end of its pairs"):
        recovery(np.zeros((2, 9)), np.zeros(9), np.zeros(8), rng())


def test_the_null_is_a_mean_over_pairs_and_its_deviation():
    start, end = np.zeros(4), np.full(4, 2.0)
    mean, sd = null_of(np.array([[1.0, 3, 1, 3], [0, 0, 0, 0]]), start, end)
    np.testing.assert_allclose(mean, [1, 0])
    np.testing.assert_allclose(sd, [np.std([0.5, 1.5, 0.5, 1.5], ddof=1) / 2, 0])


def test_nearest_classes_are_those_with_the_nearest_means():
    features = np.array([[0.0, 0], [2, 0], [10, 0], [12, 0], [10, 3], [12, 3], [4, 9], [4, 9]])
    labels = np.array([3, 3, 7, 7, 5, 5, 0, 0])
    assert nearest_classes(features, labels) == (5, 7)
    with pytest.raises(StudyError, match="Two classes are needed"):
        nearest_classes(features, np.zeros(8, dtype=int))


def test_pairs_share_their_shape_and_no_example():
    lengths = np.array([5, 5, 5, 6, 6, 7, 5, 5, 6, 6, 6, 8])
    first, second = np.arange(6), np.arange(6, 12)
    pairs = matched_pairs(first, second, lengths, rng())
    assert pairs.shape == (4, 2)
    assert set(pairs[:, 0]) <= set(first) and set(pairs[:, 1]) <= set(second)
    assert (lengths[pairs[:, 0]] == lengths[pairs[:, 1]]).all()
    assert len(np.unique(pairs)) == 8
    many = matched_pairs(np.arange(20), np.arange(20, 40), np.repeat([1, 2], 20).reshape(2, 20).T.ravel(), rng())
    assert (np.diff(many[:, 0]) < 0).any()  # in random order, so that a first part is a fair sample
    assert matched_pairs(first[5:], second, lengths, rng()).shape == (0, 2)


def test_unrelated_examples_are_others_of_the_same_shape():
    lengths = np.array([5, 5, 5, 6, 6, 7])
    other = unrelated(lengths, rng())
    assert sorted(other) == list(range(6))
    assert (lengths[other] == lengths).all()
    assert (other[:5] != np.arange(5)).all() and other[5] == 5
