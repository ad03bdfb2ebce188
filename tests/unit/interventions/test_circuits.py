"""Circuits: one built by hand is found, greedy elimination against all circuits, attribution against captum."""

import numpy as np
import pytest
import torch
from captum.attr import LayerIntegratedGradients
from torch import nn

from helpers.readers import METRIC, images, network
from repdyn.errors import StudyError
from repdyn.interventions import circuits
from repdyn.interventions.circuits import (
    best_circuit,
    circuit_metric,
    greedy_order,
    nested_circuits,
    node_attributions,
    reference_means,
    size_needed,
)
from repdyn.interventions.patching import activations, patch_each, sites_along
from repdyn.interventions.recovery import recovery

PLANTED = [1, 4, 9]  # of twelve units: two of the first layer, which one of the second needs


def planted():
    """Hidden layers of eight and four units; the logits hear of units 1 and 4 of the first, over unit 1 of the second."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    with torch.no_grad():
        model[2].weight *= 0.01
        model[2].weight[1] = 0
        model[2].weight[1, [1, 4]] = torch.tensor([2.0, -3.0])
        model[2].bias[1] = 4
        model[4].weight *= 0.01
        model[4].weight[:, 1] = torch.tensor([1.0, -1.0])
    return model


def pairs(n=40, seed=0, shift=0.7):
    draw = np.random.default_rng(seed)
    return [torch.from_numpy((draw.standard_normal((n, 5)) + side).astype(np.float32)) for side in (shift, -shift)]


def nodes_of(*widths):
    return [site for path, width in widths for site in sites_along(path, (width,), 0)]


NODES = nodes_of(("1", 8), ("3", 4))


def test_a_planted_circuit_is_found_on_some_pairs_and_faithful_on_others():
    model = planted()
    clean, corrupted = pairs()
    values = [activations(model, inputs, ["1", "3"]) for inputs in (clean, corrupted)]
    scores = node_attributions(model, clean, *values, NODES, METRIC).mean(1)
    order = np.argsort(-np.abs(scores))
    greedy = greedy_order(model, clean, values[1], NODES, METRIC)
    assert set(order[:3]) == set(greedy[:3]) == set(PLANTED)
    assert sorted(greedy) == list(range(12))
    clean, corrupted = pairs(seed=1)
    replacements = activations(model, corrupted, ["1", "3"])

    def faithful(order, sizes):
        changed = nested_circuits(model, clean, replacements, NODES, order, [0, *sizes, 12], METRIC)
        return recovery(changed[1:-1], changed[0], changed[-1], np.random.default_rng(0)).value

    curve = faithful(greedy, [1, 2, 3, 12])
    assert curve[2] == pytest.approx(1, abs=0.01)
    assert curve[0] < 0.05 and curve[1] < 0.95 and curve[3] == 1
    random = [faithful(np.random.default_rng(seed).permutation(12), [3])[0] for seed in range(20)]
    assert np.median(random) < 0.05
    # Necessity: all but the circuit carry nothing.
    rest = faithful(greedy[::-1], [9])[0]
    assert abs(rest) < 0.05


def test_the_greedy_circuit_is_as_near_as_the_best_of_all_within_a_fifth():
    model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 2))
    ratios = []
    for seed in range(4):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            for layer in (model[0], model[2]):
                layer.reset_parameters()
        clean, corrupted = pairs(seed=seed)
        replacements = activations(model, corrupted, ["1"])
        nodes = nodes_of(("1", 8))
        rank = np.argsort(greedy_order(model, clean, replacements, nodes, METRIC))
        for size in (2, 4, 6):
            best = best_circuit(model, clean, replacements, nodes, size, METRIC)
            assert best.sum() == size
            full, near, nearest = (
                circuit_metric(model, clean, replacements, nodes, kept, METRIC)
                for kept in (np.ones(8, dtype=bool), rank < size, best)
            )
            departures = [np.abs(answer - full).mean() for answer in (near, nearest)]
            assert departures[0] >= departures[1] - 1e-12
            ratios.append(departures[0] / departures[1])
    assert np.median(ratios) == pytest.approx(1, abs=1e-9)
    assert max(ratios) < 1.2
    with pytest.raises(StudyError, match="too many to try"):
        best_circuit(model, clean, replacements, nodes * 3, 2, METRIC)


@pytest.mark.parametrize(("family", "layer"), [("mlp", "hidden.0"), ("cnn", "blocks.0.relu")])
def test_attributions_agree_with_captum_and_add_up(family, layer):
    model = network(family).eval()
    clean, corrupted = images()
    values = [activations(model, inputs, [layer]) for inputs in (clean, corrupted)]
    shape = values[0][layer].shape[1:]
    nodes = sites_along(layer, shape, 0)
    ours = node_attributions(model, clean, *values, nodes, METRIC, points=8)
    oracle = LayerIntegratedGradients(lambda inputs: METRIC(model(inputs)), model.get_submodule(layer))
    theirs = oracle.attribute(clean, corrupted, n_steps=8, method="riemann_middle")
    np.testing.assert_allclose(
        ours.T, theirs.detach().flatten(2).sum(2) if theirs.ndim > 2 else theirs.detach(), atol=1e-5
    )
    fine = node_attributions(model, clean, *values, nodes, METRIC, points=300).sum(0)
    with torch.no_grad():
        fall = (METRIC(model(clean)) - METRIC(model(corrupted))).numpy()
    np.testing.assert_allclose(fine, fall, atol=2e-3 * np.abs(fall).max())


def test_attribution_is_the_effect_itself_where_the_rest_is_linear():
    model = planted()
    clean, corrupted = pairs()
    values = [activations(model, inputs, ["3"]) for inputs in (clean, corrupted)]
    nodes = nodes_of(("3", 4))
    estimate = node_attributions(model, clean, *values, nodes, METRIC, points=2)
    full = circuit_metric(model, clean, values[1], nodes, np.ones(4, dtype=bool), METRIC)
    exact = full - patch_each(model, clean, corrupted, nodes, METRIC)
    np.testing.assert_allclose(estimate, exact, atol=1e-5)
    assert np.abs(exact[1]).mean() > 1 and all(parameter.grad is None for parameter in model.parameters())


def test_removed_nodes_stay_removed_where_the_circuit_is_measured():
    model = planted()
    clean, corrupted = pairs()
    replacements = activations(model, corrupted, ["1", "3"])
    with torch.no_grad():
        ends = [METRIC(model(inputs).double()).numpy() for inputs in (clean, corrupted)]
    answers = [circuit_metric(model, clean, replacements, NODES, np.full(12, keep), METRIC) for keep in (True, False)]
    np.testing.assert_array_equal(answers, ends)
    # A unit of the second layer that is kept still hears of the first layer's removed ones.
    kept = np.arange(12) >= 8
    np.testing.assert_array_equal(circuit_metric(model, clean, replacements, NODES, kept, METRIC), ends[1])
    with pytest.raises(StudyError, match="12 nodes need as many"):
        circuit_metric(model, clean, replacements, NODES, kept[:5], METRIC)


def test_mean_ablation_takes_its_mean_from_references_and_so_acts_on_one_example():
    model = planted()
    clean, corrupted = pairs()
    reference = torch.cat([clean, corrupted])
    means = reference_means(model, reference, ["1"], chunk=17)
    torch.testing.assert_close(means["1"], model[:2](reference).mean(0, keepdim=True).detach())
    one = clean[:1]
    none = np.zeros(8, dtype=bool)
    ablated = circuit_metric(model, one, means, NODES[:8], none, METRIC)
    by_hand = METRIC(model[2:](means["1"]).detach()).double().numpy()
    np.testing.assert_allclose(ablated, by_hand, rtol=1e-6)
    assert np.abs(ablated - METRIC(model(one)).detach().numpy()) > 0.1
    with pytest.raises(StudyError, match="two reference examples"):
        reference_means(model, one, ["1"])


def test_the_size_needed_is_that_from_which_faithfulness_stays():
    sizes = [1, 2, 4, 8]
    assert size_needed(np.array([0.1, 0.95, 0.99, 1.0]), sizes, 0.9) == 2
    assert size_needed(np.array([0.95, 0.5, 0.9, 1.0]), sizes, 0.9) == 4
    assert size_needed(np.array([0.9, 0.9, 1.3, 1.0]), sizes, 0.9) == 1
    assert np.isnan(size_needed(np.array([0.9, 0.9, 0.9, 0.2]), sizes, 0.9))
    assert np.isnan(size_needed(np.full(4, np.nan), sizes, 0.9))
    assert circuits.EXHAUSTIVE_LIMIT < 24
