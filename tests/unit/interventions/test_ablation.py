"""Ablation: against exact linear algebra, redundant units, planted causes, intervals and donors; sets of units."""

import numpy as np
import pytest
import torch
from torch import nn

from helpers import tiny_networks
from repdyn.errors import StudyError
from repdyn.interventions.ablation import donated, effects, judged, other_rows, over_examples, unit_means
from repdyn.interventions.surgery import unit_values
from repdyn.interventions.unit_sets import greedy, random_sets, shapley, top
from repdyn.measures.units import Affine, ablation
from repdyn.models import build


def layers(*weights):
    """A network of fully connected layers with ReLU between, from matrices and biases, in float64."""
    parts = []
    for weight, bias in weights:
        layer = nn.Linear(*np.shape(weight)[::-1]).double()
        layer.weight.data, layer.bias.data = torch.tensor(weight).double(), torch.tensor(bias).double()
        parts += [layer, nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def reader(weight, bias):
    """A network whose inputs are the units themselves, at "0", read by one layer."""
    readout = layers((weight, bias))[0]
    return nn.Sequential(nn.Identity(), readout)


def test_all_units_of_an_mlp_agree_with_linear_algebra():
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = build(tiny_networks.NETWORKS["mlp"], **tiny_networks.SHAPE)
    x, labels = (part.numpy() for part in tiny_networks.data(70))
    inputs = torch.from_numpy(x)
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    following = [Affine(state[f"{name}.weight"], state[f"{name}.bias"]) for name in ("hidden.1.0", "output")]
    units = unit_values(model, inputs, "hidden.0").numpy()
    mean = unit_means(torch.from_numpy(units))
    assert mean.numpy() == pytest.approx(units.mean(0), abs=1e-6)
    for values, held in ((0.0, np.zeros(12, np.float32)), (mean, mean.numpy())):
        truth = ablation(units, held, following, labels)
        ours = effects(model, inputs, labels, "hidden.0", np.arange(12)[:, None], values, chunk=32)
        assert ours.loss.mean(1) == pytest.approx(truth.loss, abs=1e-6)
        assert ours.lost.mean(1) == pytest.approx(truth.accuracy, abs=1e-12)
        assert over_examples(ours.loss).null_sd == pytest.approx(truth.null_sd, abs=1e-6)
        assert np.abs(truth.loss).max() > 1e-4


def test_a_resampled_unit_takes_its_value_on_the_donor():
    rng = np.random.default_rng(0)
    weight, h = rng.standard_normal((3, 4)), rng.standard_normal((6, 4))
    labels, donors = np.arange(6) % 3, np.array([1, 2, 3, 4, 5, 0])
    values = donated(torch.from_numpy(h), donors)
    found = effects(reader(weight, np.zeros(3)), torch.from_numpy(h), labels, "0", [[2], [0, 2]], values, chunk=4)
    for place, units in enumerate(([2], [0, 2])):
        changed = h.copy()
        changed[:, units] = h[donors][:, units]
        losses = [np.log(np.exp(a @ weight.T).sum(1)) - (a @ weight.T)[np.arange(6), labels] for a in (changed, h)]
        assert found.loss[place] == pytest.approx(losses[0] - losses[1], abs=1e-12)
        right = [(a @ weight.T).argmax(1) == labels for a in (h, changed)]
        assert found.lost[place].tolist() == (right[0].astype(float) - right[1]).tolist()


@pytest.mark.parametrize("kind", ["zero", "mean", "resample"])
def test_a_network_that_keeps_its_channels_last_loses_as_much(kind):
    with torch.random.fork_rng():
        torch.manual_seed(6)
        model = build(tiny_networks.NETWORKS["cnn"], **tiny_networks.SHAPE)
    x, labels = tiny_networks.data(20)
    found = []
    for memory in (torch.contiguous_format, torch.channels_last):
        units = unit_values(model.to(memory_format=memory), x, "blocks.0.relu")
        assert units.is_contiguous(memory_format=memory)
        values = {"zero": 0.0, "mean": unit_means(units, axis=1), "resample": donated(units, np.roll(np.arange(20), 3))}
        found.append(effects(model, x, labels.numpy(), "blocks.0.relu", [[0], [1, 3]], values[kind], chunk=8).loss)
    assert found[1] == pytest.approx(found[0], abs=1e-6)
    assert (np.abs(found[0]).max(1) > 1e-3).all()


@pytest.mark.parametrize("kind", ["zero", "mean", "resample"])
def test_of_two_redundant_units_neither_is_missed_but_both_together_are(kind):
    labels = np.tile([0, 1], 20)
    h = np.stack([labels, labels, np.ones(40)], 1).astype(float)
    # max(h0, h1) = h0 + relu(h1 - h0), as h is 0 or 1: which class it is, as long as one of the two is as it was. A
    # value between is not: for the mean, the two are read by thresholds at 0.6 first.
    inner = ([[10.0, 0, 0], [10, 0, 0], [0, 10, 0], [0, 10, 0]], [-6.0, -7, -6, -7])
    sign = ([[1.0, -1, 1, -1], [1, -1, 1, -1]], [0.0, -1])
    model = nn.Sequential(nn.Identity(), layers(inner, sign, ([[0.0, 0], [8, -8]], [4.0, 0])))
    donors = np.array([1, 0] * 20) + np.repeat(np.arange(0, 40, 2), 2)
    values = {"zero": 0.0, "mean": torch.tensor([0.5, 0.5, 1.0]), "resample": donated(torch.from_numpy(h), donors)}[
        kind
    ]
    found = effects(model, torch.from_numpy(h), labels, "0", [[0], [1], [2], [0, 1]], values)
    if kind == "resample":  # a donor of the other class says 1 where all says 0: there one unit is enough to mislead
        assert found.lost[:2, labels == 1].tolist() == [[0.0] * 20] * 2
        assert found.lost[3].mean() == 1.0
    else:
        assert found.loss[:3] == pytest.approx(np.zeros((3, 40)), abs=1e-12)
        assert found.lost[3].mean() == 0.5 and found.loss[3].mean() > 1.5


def planted(causal, seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(200) % 2
    h = rng.exponential(size=(200, 40))
    h[:, causal] = 3.0 * labels
    inner = 0.02 * rng.standard_normal((10, 40))
    inner[0, causal] = 1
    outer = 0.1 * rng.standard_normal((2, 10))
    outer[:, 0] = [-1, 1]
    model = nn.Sequential(nn.Identity(), layers((inner, np.zeros(10)), (outer, [0.0, -1.5])))
    return model, torch.from_numpy(h), labels


@pytest.mark.parametrize("causal", [0, 17, 39])
def test_the_one_causal_unit_ranks_first_and_the_others_are_near_nothing(causal):
    model, h, labels = planted(causal, causal)
    donors = donated(h, other_rows(200, np.random.default_rng(1)))
    for values in (0.0, unit_means(h), donors):
        found = effects(model, h, labels, "0", np.arange(40)[:, None], values)
        over = over_examples(found.loss)
        assert top(over.value, 1).tolist() == [causal]
        assert over.value[causal] > 0.3 and over.low[causal] > 5 * np.delete(np.abs(over.value), causal).max()
        assert np.argmax(found.lost.mean(1)) == causal


def test_in_a_network_without_a_cause_z_is_standard():
    rng = np.random.default_rng(3)
    h = torch.from_numpy(rng.standard_normal((300, 60)))
    model = reader(0.05 * rng.standard_normal((2, 60)), np.zeros(2))
    found = effects(model, h, rng.integers(2, size=300), "0", np.arange(60)[:, None], donated(h, other_rows(300, rng)))
    over = over_examples(found.loss)
    z = over.value / over.null_sd
    assert np.abs(z).max() < 4 and 0.7 < z.std() < 1.3
    covered = (over.low <= 0) & (over.high >= 0)
    assert 0.87 <= covered.mean() <= 1


def test_intervals_and_null_by_hand():
    over = over_examples(np.array([[1.0, 2, 3], [0, 0, 0]]))
    assert over.value.tolist() == [2, 0]
    assert over.high - over.value == pytest.approx([4.302653 / np.sqrt(3), 0], abs=1e-6)
    assert over.value - over.low == pytest.approx([4.302653 / np.sqrt(3), 0], abs=1e-6)
    assert over.null_sd == pytest.approx([np.sqrt(14) / 3, 0])
    with pytest.raises(StudyError, match="at least two"):
        over_examples(np.ones((3, 1)))


def test_means_and_donors_leave_padding_out():
    output = torch.arange(24.0).reshape(2, 4, 3)
    valid = torch.tensor([[True, True, True, False], [True, True, False, False]])
    assert unit_means(output, valid).tolist() == pytest.approx(output.numpy()[valid.numpy()].mean(0).tolist())
    given = donated(output, np.array([1, 0, 1]), valid)
    assert torch.equal(given[0], output[1, [0, 1, 0, 1]]) and torch.equal(given[2], given[0])
    assert torch.equal(given[1], output[0, [0, 1, 2, 0]])
    channels = torch.arange(48.0).reshape(2, 3, 4, 2)
    assert unit_means(channels, axis=1).tolist() == channels.numpy().mean((0, 2, 3)).tolist()
    with pytest.raises(StudyError, match="must come first"):
        donated(output, np.array([0]), torch.tensor([[False, True, True, True], [True, True, False, False]]))
    with pytest.raises(StudyError, match="with a valid token; found .* with 0"):
        unit_means(output, torch.zeros(2, 4, dtype=torch.bool))


def test_every_example_gives_to_another_one():
    for n in (2, 3, 50):
        donors = other_rows(n, np.random.default_rng(n))
        assert sorted(donors) == list(range(n)) and (donors != np.arange(n)).all()
    with pytest.raises(StudyError, match="another one of 1"):
        other_rows(1, np.random.default_rng(0))


def test_labels_and_values_that_do_not_fit_are_refused():
    model, h = reader(np.ones((2, 3)), np.zeros(2)), torch.ones(5, 3).double()
    labels = np.zeros(5, dtype=int)
    for wrong in (labels[:4], labels + 0.5):
        with pytest.raises(StudyError, match="5 inputs need one class number each"):
            effects(model, h, wrong, "0", [[0]], 0.0)
    with pytest.raises(StudyError, match="0 has 3 units; values of shape"):
        effects(model, h, labels, "0", [[0]], torch.zeros(4))
    with pytest.raises(StudyError, match="0 has 3 units; values of shape"):
        effects(model, h, labels, "0", [[0]], torch.zeros(5, 2))
    with pytest.raises(StudyError, match="values for 4 examples do not fit 5 inputs"):
        effects(model, h, labels, "0", [[0]], torch.zeros(4, 3))
    with pytest.raises(StudyError, match="outputs of 2 classes cannot be judged by label 2"):
        effects(model, h, labels + 2, "0", [[0]], 0.0)


def test_loss_and_answers_by_hand():
    loss, right = judged(np.array([[[0.0, np.log(3)], [1000, 0]]]), np.array([0, 0]))
    assert loss.tolist() == [[pytest.approx(np.log(4)), pytest.approx(0)]]
    assert right.tolist() == [[False, True]]


def joint(h0, h1, pair, alone):
    """The worth of sets of 4 units: 0 and 1 back each other up (only both lost cost `pair`), 2 and 3 cost `alone`."""

    def worth(sets):
        return np.array([pair * ({h0, h1} <= set(s)) + sum(alone.get(u, 0) for u in s) for s in sets])

    return worth


def test_shapley_shares_what_redundant_units_are_worth():
    worth = joint(0, 1, 2.0, {2: 0.5, 3: -0.25})
    assert shapley(worth, [0, 1, 2, 3]) == pytest.approx([1, 1, 0.5, -0.25])
    assert shapley(worth, [3, 0]) == pytest.approx([-0.25, 0])
    values = dict(zip([(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)], [0, 0, 0, 0, 1, 1, 1.0], strict=True))
    glove = shapley(lambda sets: np.array([values[tuple(s)] for s in sets]), [0, 1, 2])
    assert glove == pytest.approx([1 / 6, 1 / 6, 2 / 3])  # two left gloves and one right (Shapley & Shubik 1969)
    for wrong in ([], list(range(13))):
        with pytest.raises(StudyError, match="1 to 12 players"):
            shapley(worth, wrong)


def test_greedy_finds_what_single_effects_hide():
    # Of units 0, 1, 2 any one is enough: each alone costs nothing once another is in; 3 and 4 add up.
    def worth(sets):
        return np.array([2.0 * bool({0, 1, 2} & set(s)) + 0.5 * (3 in s) + 0.25 * (4 in s) for s in sets])

    alone = worth([[unit] for unit in range(6)])
    assert top(alone, 3).tolist() == [0, 1, 2] and worth([[0, 1, 2]])[0] == 2.0
    assert greedy(worth, 6, 3) == [0, 3, 4] and worth([[0, 3, 4]])[0] == 2.75
    random = worth(random_sets(6, 3, 200, np.random.default_rng(0)))
    assert random.mean() < 2.4
    hidden = joint(0, 1, 2.0, {2: 0.5})
    assert greedy(hidden, 4, 2) == [2, 0]  # a pair that only matters together stays hidden from greedy, too


def test_random_sets_are_uniform_without_repeats():
    sets = random_sets(8, 3, 4000, np.random.default_rng(1))
    assert sets.shape == (4000, 3) and all(len(set(s)) == 3 for s in sets.tolist())
    assert np.bincount(sets.ravel(), minlength=8) / 4000 == pytest.approx(np.full(8, 3 / 8), abs=0.03)
    assert top(np.array([1.0, 3, 3, 2]), 3).tolist() == [1, 2, 3]
    for size in (0, 9):
        with pytest.raises(StudyError, match="a set has 1 to 8 of 8 units"):
            random_sets(8, size, 2, np.random.default_rng(0))
        with pytest.raises(StudyError, match="a set has 1 to 8 of 8 units"):
            greedy(hidden_none, 8, size)


def hidden_none(sets):
    return np.zeros(len(sets))
