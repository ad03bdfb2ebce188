"""Networks that spike, obey Dale's law or have a prior: against hand-made numbers, and matched with those without."""

import numpy as np
import pytest
import torch

from repdyn.biophysics import constraints, spectral_prior
from repdyn.biophysics.constraints import Split, accuracy, best_fit, fit, networks, recurrent_network, small_digits
from repdyn.biophysics.dale import SignedLinear, signed_weights, signs_of
from repdyn.biophysics.spectral_prior import exponent, penalty, predicted, series
from repdyn.biophysics.spiking import SpikingNetwork, leaky_spikes, leaky_sum, reordered, surrogate_slope
from repdyn.errors import StudyError
from repdyn.fractals.noises import power_law_noise


def test_spikes_are_those_of_snntorchs_leaky_cell():
    """snntorch 1.0.0, Leaky(beta=0.9, reset_mechanism="subtract") under .3: these steps of 30."""
    spikes = leaky_spikes(torch.full((30, 1), 0.3))
    assert torch.nonzero(spikes)[:, 0].tolist() == [3, 8, 12, 16, 21, 25, 29]


def test_the_gradient_through_spikes_is_that_by_hand():
    weight, inputs = torch.tensor([0.2], requires_grad=True), torch.linspace(0.5, 2, 25)
    (leaky_spikes((weight * inputs)[:, None]) * inputs[:, None]).sum().backward()
    v = slope = spike = expected = 0.0
    for now in inputs.tolist():
        v, slope = 0.9 * v + 0.2 * now - spike, 0.9 * slope + now
        spike = float(v > 1)
        expected += now * slope / (1 + 25 * abs(v - 1)) ** 2
    assert weight.grad.item() == pytest.approx(expected, rel=1e-4)
    assert surrogate_slope(torch.tensor([0.0, 0.04])).tolist() == pytest.approx([1, 0.25])


def test_answers_are_leaky_sums_and_reordered_spikes_are_as_many():
    assert leaky_sum(torch.ones(3, 1))[:, 0].tolist() == pytest.approx([1, 1.9, 2.71])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SpikingNetwork(4, 8, 3)
        x = torch.rand(20, 4) * 5
    course = network.course(x)
    assert network(x).shape == (20, 3) and course.spikes.shape == (25, 20, 8) and course.spikes.sum() > 0
    seen = []
    network.readout.register_forward_hook(lambda *call: seen.append(call[1][0]))
    answers = reordered(network, course.spikes, torch.Generator().manual_seed(0))
    assert torch.equal(seen[0].sum(0), course.spikes.sum(0)) and not torch.equal(seen[0], course.spikes)
    assert answers.shape == (20, 3) and not torch.equal(answers, network(x))


def test_networks_have_as_many_parameters_and_the_seed_decides_them():
    found = networks(64, 10, 0)
    assert {name: sum(p.numel() for p in net.parameters()) for name, net in found.items()} == dict.fromkeys(found, 7510)
    again, other = networks(64, 10, 0)["spiking"].state_dict(), networks(64, 10, 1)["spiking"].state_dict()
    assert all(torch.equal(again[name], value) for name, value in found["spiking"].state_dict().items())
    assert not torch.equal(other["hidden.weight"], again["hidden.weight"])
    data = small_digits(0)
    assert {name: len(split.labels) for name, split in data.items()} == {"train": 1085, "probe": 256, "test": 456}
    assert data["train"].inputs.shape == (1085, 64) and float(data["train"].inputs.max()) == 1


def test_a_planted_rule_is_learnt_at_the_best_rate_and_mixed_labels_are_not(monkeypatch):
    monkeypatch.setattr(constraints, "RATES", (1e-5, 3e-2))
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.standard_normal((900, 64))).float()
    for labels, low, high in (((x[:, 0] > 0).long(), 0.85, 1), (torch.from_numpy(rng.integers(0, 2, 900)), 0.38, 0.62)):
        parts = dict(zip(("train", "probe", "test"), (slice(0, 400), slice(400, 600), slice(600, 900)), strict=True))
        data = {name: Split(x[rows], labels[rows]) for name, rows in parts.items()}
        for name in ("free", "dale"):
            trained, rate = best_fit(networks(64, 10, 0)[name], data, 0)
            assert low <= accuracy(trained, data["test"]) <= high and (low < 0.5 or rate == 3e-2)


def test_dales_law_survives_training_and_a_free_layer_has_none():
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((200, 20))).float()
    layer = SignedLinear(20, 10, np.random.default_rng(0))
    before = layer.weight.detach().clone()
    fit(layer, Split(x, (x.sum(1) > 0).long()), 0, 3e-2, 150)
    assert torch.equal(torch.sign(layer.weight.detach()), layer.signs.expand(10, -1))
    assert (layer.weight - before).abs().max() > 0.2
    assert signs_of(20).tolist() == [1] * 16 + [-1] * 4


def test_a_recurrent_network_under_dales_law_reads_rows_and_keeps_it():
    data = small_digits(0)
    network = recurrent_network(8, 8, 10, 0)
    assert torch.equal(network(data["test"].inputs), recurrent_network(8, 8, 10, 0)(data["test"].inputs))
    weight, state = network.recurrent.weight, torch.zeros(1, 100)
    for row in data["test"].inputs[0].view(8, 8):
        state = torch.relu(network.heard(row[None]) + state @ weight.T + network.recurrent.bias)
    torch.testing.assert_close(network(data["test"].inputs[:1]), network.readout(state))
    fit(network, data["train"], 0, 1e-2, 60)
    assert torch.equal(network.recurrent.weight.sign(), network.recurrent.signs.expand(100, -1))
    assert accuracy(network, data["test"]) > 0.6


def test_signed_weights_are_balanced_and_have_the_outlier_of_their_mean():
    rng = np.random.default_rng(0)
    wide = SignedLinear(500, 400, rng).weight.detach().numpy()
    assert wide.var() == pytest.approx(2 / 500, rel=0.1) and abs(wide.sum(1).mean()) < 0.3
    even, balanced = (signed_weights(300, signs_of(300), rng, 1 / 300, s) for s in (1.0, 4.0))
    assert np.linalg.eigvals(even).real.max() == pytest.approx(0.6, abs=0.04)
    assert np.linalg.eigvals(balanced).real.max() < 0.25  # a disc of 2 / sqrt(300), and chance


def test_penalties_push_equally_hard_in_directions_of_their_own():
    network = torch.nn.GRU(1, 8, batch_first=True)
    inputs = torch.from_numpy(series(4, np.random.default_rng(0)))[:, :-1, None]
    parameters = list(network.parameters())
    plain = torch.autograd.grad((network(inputs)[0].sum(2) - 1).square().mean(), parameters)
    added = {}
    for name in ("spectral", "norm"):
        states = network(inputs)[0]
        both = spectral_prior._joined(plain, penalty(name, states), parameters, 0.3)
        added[name] = torch.cat([(b - p).flatten() for b, p in zip(both, plain, strict=True)])
    size = torch.cat([p.flatten() for p in plain]).norm()
    assert added["spectral"].norm() / size == pytest.approx(0.3, rel=1e-3) == float(added["norm"].norm() / size)
    assert torch.cosine_similarity(added["spectral"], added["norm"], 0) < 0.9


def test_the_prior_moves_the_spectrum_of_states_and_the_matched_penalty_does_less():
    found = {name: predicted(name, 0, 30) for name in spectral_prior.CONDITIONS}
    far = {name: abs(each.exponent - 1) for name, each in found.items()}
    assert far["spectral"] < 0.5 * min(far["none"], far["norm"])
    assert len({each.still for each in found.values()}) == 1
    assert predicted("none", 0, 3) == predicted("none", 0, 3) != predicted("none", 1, 3)


@pytest.mark.parametrize("beta", [0.0, 1.0, 2.0])
def test_the_exponent_of_states_is_the_planted_one(beta):
    rng = np.random.default_rng(0)
    states = np.array([[power_law_noise(64, beta, rng) for _ in range(8)] for _ in range(64)])
    assert exponent(torch.from_numpy(states).transpose(1, 2)) == pytest.approx(beta, abs=0.06)


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (lambda: SpikingNetwork(4, 8, 2, steps=0), "steps = 0"),
        (lambda: SpikingNetwork(4, 8, 2)(torch.full((1, 4), torch.nan)), "finite inputs"),
        (lambda: SignedLinear(2, 3, np.random.default_rng(0)), "no cell of one kind"),
        (lambda: signed_weights(3, np.array([1.0, 0.5]), np.random.default_rng(0), 1.0), "signs of 1 and -1"),
        (lambda: signed_weights(3, np.ones(2), np.random.default_rng(0), -1.0), "sizes above 0"),
        (lambda: predicted("spectrum", 0), "condition 'spectrum' is not known"),
        (lambda: predicted("norm", 0, 1, -0.3), "strength = -0.3"),
        (
            lambda: fit(
                torch.nn.Linear(2, 2), Split(torch.full((9, 2), torch.inf), torch.zeros(9, dtype=int)), 0, 1e-2
            ),
            "the loss is nan at step 0",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(refused, said):
    with pytest.raises(StudyError, match=said):
        refused()
