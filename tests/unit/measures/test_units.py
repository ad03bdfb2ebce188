"""Units: ablation against a hooked forward pass and by hand, participation of known shares, nulls against simulation."""

from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch.nn.functional import cross_entropy

from repdyn.errors import StudyError
from repdyn.measures import units as module
from repdyn.measures.selectivity import half_of, selectivity
from repdyn.measures.subject import Subject
from repdyn.measures.units import (
    Affine,
    ablated,
    ablation,
    measure,
    participation,
    participation_of_dealt_weights,
    selectivity_importance,
)
from repdyn.models import build

WIDTHS = (12, 9, 7)


def mlp(seed=0, hidden=WIDTHS, gain=1.0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build({"family": "mlp", "hidden": list(hidden)}, "vector", (6,), 4)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= gain
    return model


def subject(models, n=120, grid=()):
    rng = np.random.default_rng(0)
    inputs = torch.from_numpy(rng.standard_normal((n, 6)).astype(np.float32))
    labels = torch.from_numpy(rng.permutation(np.arange(n) % 4))
    return Subject(
        mlp(), {step: model.state_dict() for step, model in models.items()}, inputs, labels, 4, key=("test",), grid=grid
    )


def softmax_loss(outputs, labels):
    outputs = np.asarray(outputs, dtype=float)
    return np.mean([np.log(np.exp(row).sum()) - row[label] for row, label in zip(outputs, labels, strict=True)])


def by_hook(model, inputs, labels, layer, unit, value):
    """Rise of the loss and fall of the accuracy from a forward pass in which a hook overwrites the unit."""

    def overwrite(_module, _inputs, output):
        output = output.clone()
        output[:, unit] = output[:, unit].mean() if value is None else value
        return output

    before = model(inputs)
    handle = model.get_submodule(layer).register_forward_hook(overwrite)
    after = model(inputs)
    handle.remove()
    rise = cross_entropy(after.double(), labels) - cross_entropy(before.double(), labels)
    right = [(outputs.argmax(1) == labels).double().mean() for outputs in (before, after)]
    return rise.item(), (right[0] - right[1]).item()


def test_every_unit_of_every_layer_has_the_effect_of_a_hooked_forward_pass():
    chosen = subject({0: mlp(), 5: mlp(1, gain=2.5)})
    table = measure(chosen).set_index(["step", "layer", "quantity", "unit"]).value
    labels = torch.from_numpy(chosen.labels)
    largest = 0
    for step in (0, 5):
        with torch.inference_mode():
            model = chosen.model(step)
            for i, width in enumerate(WIDTHS):
                layer = f"hidden.{i}"
                for unit in range(width):
                    at_mean, accuracy = by_hook(model, chosen.inputs, labels, layer, unit, None)
                    at_zero, _ = by_hook(model, chosen.inputs, labels, layer, unit, 0.0)
                    assert table[step, layer, "unit_mean_ablation", unit] == pytest.approx(at_mean, abs=1e-6)
                    assert table[step, layer, "unit_zero_ablation", unit] == pytest.approx(at_zero, abs=1e-6)
                    assert table[step, layer, "unit_mean_ablation_accuracy", unit] == pytest.approx(accuracy, abs=1e-9)
                    largest = max(largest, abs(at_mean), abs(accuracy))
    assert largest > 0.01


def test_the_rise_of_the_loss_by_hand():
    activations = np.array([[2.0, 1.0], [0.0, 1.0]])
    layer = Affine(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.0, 0.5]))
    labels = np.array([0, 1])
    effect = ablation(activations, np.array([1.0, 1.0]), [layer], labels)
    # Outputs (2, 1.5) and (0, 1.5) become (1, 1.5) and (1, 1.5); the second unit is constant.
    first = np.log1p(np.exp(0.5)) - np.log1p(np.exp(-0.5))
    second = np.log1p(np.exp(-0.5)) - np.log1p(np.exp(-1.5))
    assert effect.loss == pytest.approx([(first + second) / 2, 0])
    assert effect.accuracy == pytest.approx([0.5, 0])
    assert effect.null_sd == pytest.approx([np.sqrt(first**2 + second**2) / 2, 0])


def test_in_a_linear_network_the_output_moves_by_weight_times_change():
    rng = np.random.default_rng(1)
    activations = rng.integers(0, 9, (5, 4)).astype(float)
    weight = rng.integers(-4, 5, (3, 4)).astype(float)
    value = rng.integers(0, 9, 4).astype(float)
    examples, units = np.divmod(np.arange(20), 4)
    layer = Affine(weight, np.arange(3.0))
    moved = ablated(activations, value, [layer], examples, units) - (activations @ weight.T + np.arange(3.0))[examples]
    assert np.array_equal(moved, weight[:, units].T * (value[units] - activations[examples, units])[:, None])

    # A second layer whose inputs never fall below zero is linear as well.
    above = Affine(rng.integers(-4, 5, (2, 3)).astype(float), np.zeros(2))
    high = Affine(weight, np.full(3, 1000.0))
    before = (activations @ weight.T + 1000) @ above.weight.T
    moved = ablated(activations, value, [high, above], examples, units) - before[examples]
    expected = (above.weight @ weight)[:, units].T * (value[units] - activations[examples, units])[:, None]
    assert np.array_equal(moved, expected)


def test_the_one_causal_unit_ranks_first():
    rng = np.random.default_rng(2)
    labels = np.arange(200) % 2
    for causal in (0, 17, 39):
        activations = rng.exponential(size=(200, 40))
        activations[:, causal] = 3.0 * labels
        inner = Affine(0.02 * rng.standard_normal((10, 40)), np.zeros(10))
        inner.weight[0, causal] = 1
        outer = Affine(0.1 * rng.standard_normal((2, 10)), np.array([0.0, -1.5]))
        outer.weight[:, 0] = [-1, 1]
        effect = ablation(activations, activations.mean(0), [inner, outer], labels)
        ranked = np.argsort(-effect.loss)
        assert ranked[0] == causal
        assert effect.loss[causal] > 5 * effect.loss[ranked[1]]
        assert np.argmax(effect.accuracy) == causal
        assert effect.loss[causal] / effect.null_sd[causal] > 5


def test_of_two_redundant_units_neither_is_missed_but_both_together_are():
    labels = np.tile([0, 1], 20)
    on = labels.astype(float)
    # min(1, h0 + h1), written with two rectifiers, says which class it is; the third unit does nothing.
    inner = Affine(np.array([[1.0, 1, 0], [1, 1, 0]]), np.array([0.0, -1]))
    outer = Affine(np.array([[0.0, 0], [4, -4]]), np.array([2.0, 0]))
    activations = np.stack([on, on, np.ones(40)], 1)
    alone = ablation(activations, np.zeros(3), [inner, outer], labels)
    assert alone.loss == pytest.approx([0, 0, 0], abs=1e-15)
    merged = Affine(np.array([[2.0, 0], [2, 0]]), inner.bias)
    together = ablation(activations[:, 1:], np.zeros(2), [merged, outer], labels)
    assert together.loss[0] > 0.5
    assert together.accuracy[0] == 0.5


def test_duplicate_units_have_the_same_effect():
    rng = np.random.default_rng(3)
    activations = rng.exponential(size=(50, 6))
    weight = rng.standard_normal((5, 6))
    activations[:, 4], weight[:, 4] = activations[:, 1], weight[:, 1]
    layers = [Affine(weight, np.zeros(5)), Affine(rng.standard_normal((3, 5)), np.zeros(3))]
    effect = ablation(activations, activations.mean(0), layers, np.arange(50) % 3)
    assert effect.loss[4] == pytest.approx(effect.loss[1], rel=1e-12)
    assert abs(effect.loss[1]) > 1e-3


def test_a_dead_unit_has_no_effect_and_a_constant_one_only_when_set_to_zero():
    activations = np.random.default_rng(4).exponential(size=(30, 3)).astype(np.float32)
    activations[:, 0], activations[:, 1] = 0, 0.7
    layer = Affine(np.array([[5, 2, 1], [-5, -2, -1]], dtype=np.float32), np.zeros(2, dtype=np.float32))
    labels = np.zeros(30, dtype=int)
    mean = activations.mean(0, dtype=np.float64).astype(np.float32)
    assert ablation(activations, mean, [layer], labels).loss[:2].tolist() == [0, 0]
    at_zero = ablation(activations, np.zeros(3, np.float32), [layer], labels)
    assert at_zero.loss[0] == 0
    before, after = (softmax_loss(a @ layer.weight.T, labels) for a in (activations, activations * [0, 0, 1]))
    assert at_zero.loss[1] == pytest.approx(after - before, rel=1e-5)


def test_the_size_of_a_chunk_does_not_matter(monkeypatch):
    table = measure(subject({0: mlp()}))
    monkeypatch.setattr(module, "CHUNK", 5000)
    small = measure(subject({0: mlp()}))
    assert small.value.to_numpy() == pytest.approx(table.value.to_numpy(), abs=1e-7)
    assert small.drop(columns=["value", "null_sd"]).equals(table.drop(columns=["value", "null_sd"]))


def test_the_null_of_an_effect_is_that_of_random_signs():
    rng = np.random.default_rng(5)
    activations, weight = rng.exponential(size=(40, 3)), rng.standard_normal((2, 3))
    labels = np.arange(40) % 2
    layer = Affine(weight, np.zeros(2))
    effect = ablation(activations, activations.mean(0), [layer], labels)
    change = []
    for i in range(40):
        one = [activations[i : i + 1], np.where(np.arange(3) == 1, activations.mean(0), activations[i])[None]]
        losses = [softmax_loss(a @ weight.T, labels[i : i + 1]) for a in one]
        change.append(losses[1] - losses[0])
    signs = rng.choice([-1, 1], (20000, 40))
    assert effect.loss[1] == pytest.approx(np.mean(change))
    assert effect.null_sd[1] == pytest.approx((signs @ change / 40).std(), rel=0.02)


def test_shapes_that_do_not_fit_are_refused():
    layer = Affine(np.ones((2, 3)), np.zeros(2))
    with pytest.raises(StudyError, match="4 units need 4 replacement values"):
        ablation(np.ones((5, 4)), np.ones(4), [layer], np.zeros(5, int))


def test_participation_of_known_shares():
    assert participation(np.full(8, 0.3)) == pytest.approx(1)
    assert participation(np.eye(8)[2]) == pytest.approx(1 / 8)
    assert participation([5, 5, 0, 0]) == pytest.approx(1 / 2)
    assert participation([1, 2, 3]) == pytest.approx(36 / 14 / 3)
    assert participation(1e-200 * np.array([1, 2, 3])) == pytest.approx(36 / 14 / 3)
    assert np.isnan(participation(np.zeros(5)))
    with pytest.raises(StudyError, match="non-negative"):
        participation([1, -1])


@pytest.mark.parametrize("kind", ["uniform", "normal", "student"])
@pytest.mark.parametrize(("outputs", "m"), [(4, 32), (10, 24), (64, 96)])
def test_the_null_of_dealt_weights_holds_in_simulation(kind, outputs, m):
    rng = np.random.default_rng(6)
    weight = {
        "uniform": lambda: rng.uniform(-1, 1, (outputs, m)),
        "normal": lambda: rng.standard_normal((outputs, m)),
        "student": lambda: rng.standard_t(5, (outputs, m)),
    }[kind]()
    mean, sd = participation_of_dealt_weights(weight)
    squares = np.tile(weight.ravel() ** 2, (2000, 1))
    dealt = rng.permuted(squares, axis=1).reshape(2000, outputs, m).sum(1)
    values = np.array([participation(sums) for sums in dealt])
    assert mean == pytest.approx(values.mean(), rel=0.01)
    assert sd == pytest.approx(values.std(), rel=0.1)


def test_dealing_equal_or_no_weights_changes_nothing():
    assert participation_of_dealt_weights(np.full((3, 5), -0.2)) == (pytest.approx(1), pytest.approx(0, abs=1e-9))
    assert participation_of_dealt_weights([[1.0, 0, 2]]) == (pytest.approx(25 / 17 / 3), 0)
    assert participation_of_dealt_weights([[1.0], [0], [2]]) == (1, 0)
    assert np.isnan(participation_of_dealt_weights(np.zeros((3, 5)))).all()


@pytest.mark.parametrize(("outputs", "m"), [(2, 3), (3, 2)])
def test_the_null_of_dealt_weights_over_all_deals(outputs, m):
    weight = np.sqrt([0.5, 1.0, 1.2, 0.8, 0.9, 0.7]).reshape(outputs, m)
    deals = np.array(list(permutations((weight**2).ravel()))).reshape(-1, outputs, m).sum(1)
    # The sum of squares of the units' shares has exact moments; the participation is its inverse, to second order.
    mean, sd = participation_of_dealt_weights(weight)
    inverse = m * (deals**2).sum(1) / deals.sum(1) ** 2
    relative = inverse.std() / inverse.mean()
    assert mean == pytest.approx((1 + relative**2) / inverse.mean(), rel=1e-12)
    assert sd == pytest.approx(relative / inverse.mean(), rel=1e-9)


def test_new_weights_are_shared_as_if_dealt_and_concentrated_ones_are_not():
    z = []
    for seed in range(20):
        table = measure(subject({0: mlp(seed, hidden=WIDTHS)}))
        rows = table[table.quantity == "weight_participation"]
        z.append((rows.value - rows.null_mean) / rows.null_sd)
    z = np.array(z)
    assert np.abs(z).max() < 4
    assert np.abs(z.mean(0)).max() < 3 / np.sqrt(20)

    weight = np.random.default_rng(7).standard_normal((10, 40))
    weight[:, :8] *= 4
    mean, sd = participation_of_dealt_weights(weight)
    assert (participation((weight**2).sum(0)) - mean) / sd < -5


def test_importance_that_follows_selectivity_is_found():
    index = np.array([0.1, np.nan, 0.4, 0.2, 0.9])
    assert selectivity_importance(index, np.array([1.0, 99, 30, 2, 31])) == (pytest.approx(1), 4)
    assert selectivity_importance(index, -np.array([1.0, 99, 30, 2, 31])) == (pytest.approx(-1), 4)
    for nothing in ([0.1, 0.2, np.nan, np.nan, np.nan], [0.3, 0.3, 0.3, np.nan, 0.3]):
        assert np.isnan(selectivity_importance(np.array(nothing), np.arange(5.0))[0])


def test_the_null_of_the_rank_correlation_is_exact_with_ties():
    index, effect = np.array([0.1, 0.2, 0.2, 0.5, 0.9]), np.array([3.0, 1, 1, 1, 2])
    values = [selectivity_importance(index, effect[list(order)])[0] for order in permutations(range(5))]
    assert np.mean(values) == pytest.approx(0, abs=1e-12)
    assert np.std(values) == pytest.approx(1 / np.sqrt(5 - 1), rel=1e-12)


def test_ablation_is_measured_at_grid_steps_and_participation_at_all():
    chosen = subject({0: mlp(), 3: mlp(1), 8: mlp(2)}, grid=(0, 8))
    table = measure(chosen)
    for i, width in enumerate(WIDTHS):
        layer = table[table.layer == f"hidden.{i}"]
        steps = layer.groupby("quantity", observed=True).step.apply(lambda s: sorted(set(s))).to_dict()
        assert steps == {
            "unit_mean_ablation": [0, 8],
            "unit_zero_ablation": [0, 8],
            "unit_mean_ablation_accuracy": [0, 8],
            "selectivity_importance_rho": [0, 8],
            "weight_participation": [0, 3, 8],
            "activation_participation": [0, 3, 8],
        }
        for _, units in layer[layer.quantity == "unit_zero_ablation"].groupby("step"):
            assert units.unit.tolist() == list(range(width))
    assert set(table.layer) == {"hidden.0", "hidden.1", "hidden.2"}
    weights = chosen.states[3]["hidden.2.0.weight"].double().numpy()
    shares = table.set_index(["step", "layer", "quantity"]).value
    assert shares[3, "hidden.1", "weight_participation"] == pytest.approx(participation((weights**2).sum(0)))
    variance = chosen.examples(3)["hidden.1"].astype(float).var(0)
    assert shares[3, "hidden.1", "activation_participation"] == pytest.approx(participation(variance))
    for step in (0, 8):
        units = chosen.examples(step)["hidden.0"].astype(float)
        index = selectivity(units, chosen.labels[None], half_of(chosen))[0][0]
        effect = table[
            (table.quantity == "unit_mean_ablation") & (table.layer == "hidden.0") & (table.step == step)
        ].value
        live = ~np.isnan(index)
        row = table[(table.quantity == "selectivity_importance_rho") & (table.step == step)].iloc[0]
        assert row.value == pytest.approx(spearmanr(index[live], effect[live]).statistic)
        assert (row.null_mean, row.null_sd) == (0, pytest.approx(1 / np.sqrt(live.sum() - 1)))
    assert table.equals(measure(chosen))
