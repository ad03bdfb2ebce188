"""Path patching, causal tracing and feature patching on networks whose answer is known by their weights."""

import numpy as np
import pytest
import torch
from torch import nn

from repdyn.activations.hooks import replaced
from repdyn.errors import StudyError
from repdyn.interventions.features import feature_change, with_features
from repdyn.interventions.patching import activations, measured, patched, sites_along, whole
from repdyn.interventions.paths import path_patched
from repdyn.interventions.tracing import causal_tracing


class Diamond(nn.Module):
    """x to a; a to b; y reads a directly, and b."""

    def __init__(self, curved=False):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.a, self.b = nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 4), nn.Tanh() if curved else nn.Identity())
            self.skip, self.read = nn.Linear(4, 2), nn.Linear(4, 2)

    def forward(self, x):
        state = self.a(x)
        return self.skip(state) + self.read(self.b(state))


class Tokens(nn.Module):
    """Adds up (n, T, d) states: the embedding, then a layer that lets each position pass with a weight of its own."""

    def __init__(self, weights):
        super().__init__()
        self.embedding, self.layer, self.weights = nn.Identity(), nn.Identity(), torch.tensor(weights)

    def forward(self, x):
        return self.layer(self.embedding(x) * self.weights[:, None]).sum((1, 2))[:, None]


def runs(n=6, d=3):
    draw = np.random.default_rng(0)
    return (torch.from_numpy(draw.standard_normal((n, d)).astype(np.float32)) for _ in range(2))


def test_in_a_linear_diamond_direct_and_indirect_effect_are_the_total():
    model = Diamond()
    inputs, donors = runs()
    base = model(inputs).detach()
    sender = [whole("a")]
    total = patched(model, inputs, sender, activations(model, donors, ["a"])) - base
    direct = path_patched(model, inputs, donors, sender, frozen=["b"]) - base
    indirect = path_patched(model, inputs, donors, sender, [whole("b")]) - base
    change = (model.a(donors) - model.a(inputs)).detach()
    torch.testing.assert_close(direct, change @ model.skip.weight.T.detach(), atol=1e-6, rtol=0)
    torch.testing.assert_close(
        indirect, model.read(model.b(change)).detach() - model.read(model.b(0 * change)).detach()
    )
    torch.testing.assert_close(direct + indirect, total, atol=1e-6, rtol=0)
    assert direct.abs().max() > 0.1 and indirect.abs().max() > 0.1


def test_in_a_curved_diamond_the_direct_effect_leaves_the_other_way_as_it_was():
    model = Diamond(curved=True)
    inputs, donors = runs()
    a, other = model.a(inputs).detach(), model.a(donors).detach()
    by_hand = model.skip(other) + model.read(model.b(a))
    torch.testing.assert_close(path_patched(model, inputs, donors, [whole("a")], frozen=["b"]), by_hand.detach())
    by_hand = model.skip(a) + model.read(model.b(other))
    torch.testing.assert_close(path_patched(model, inputs, donors, [whole("a")], [whole("b")]), by_hand.detach())


def test_one_unit_sends_to_one_unit():
    model = Diamond()
    inputs, donors = runs()
    sender, receiver = sites_along("a", (4,), 0)[1], sites_along("b", (4,), 0)[2]
    change = (model.a(donors) - model.a(inputs))[:, 1].detach()
    expected = change[:, None] * model.b[0].weight[2, 1] * model.read.weight[:, 2]
    found = path_patched(model, inputs, donors, [sender], [receiver]) - model(inputs).detach()
    torch.testing.assert_close(found, expected.detach(), atol=1e-6, rtol=0)


def test_what_is_frozen_can_neither_send_nor_receive():
    inputs, donors = runs()
    for senders, receivers, frozen in (("a", [], ["a"]), ("b.0", [], ["b"]), ("a", ["b"], ["b"])):
        with pytest.raises(StudyError, match="neither send nor receive"):
            path_patched(Diamond(), inputs, donors, [whole(senders)], [whole(path) for path in receivers], frozen)


def total(logits):
    return logits[:, 0]


def test_tracing_restores_what_a_state_carries():
    model = Tokens([0.0, 1.0, 3.0])
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((40, 3, 5)).astype(np.float32))
    sites = [whole("embedding"), whole("layer"), *sites_along("embedding", (3, 5), 0), *sites_along("layer", (3, 5), 0)]
    found = causal_tracing(model, x, "embedding", sites, total, np.random.default_rng(2), draws=3)
    np.testing.assert_allclose(found.clean, measured(total, model(x)))
    np.testing.assert_array_equal(found.restored[:2], np.tile(found.clean, (2, 1)))
    effect = found.clean - found.noised
    indirect = found.restored - found.noised
    np.testing.assert_array_equal(indirect[2], 0)
    np.testing.assert_allclose(indirect[2:5].sum(0), effect, atol=1e-4)
    np.testing.assert_allclose(indirect[5:], indirect[2:5], atol=1e-4)
    # The noise has three deviations of the embedding; three draws are averaged.
    expected = 3 * x.std().item() * np.sqrt(5 * (1 + 9) / 3)
    assert effect.std() == pytest.approx(expected, rel=0.25)
    # Two noises differ as much as one and none, times the square root of two, and not on the side of the clean run.
    exchanged = (found.exchanged - found.noised)[0]
    assert exchanged.std() == pytest.approx(expected * np.sqrt(2), rel=0.25)
    assert not np.allclose(found.exchanged[0], found.clean)


def test_tracing_without_a_scale_or_a_draw_is_refused():
    model = Tokens([1.0, 1.0, 1.0])
    for x, draws in ((torch.ones(4, 3, 5), 1), (torch.rand(4, 3, 5), 0)):
        with pytest.raises(StudyError, match="needs a draw of noise and a scale"):
            causal_tracing(model, x, "embedding", [whole("layer")], total, np.random.default_rng(0), draws=draws)


def dictionary(m=9, d=4):
    """A random overcomplete dictionary that reconstructs badly."""
    draw = torch.Generator().manual_seed(3)
    into, bias, decoder = (torch.randn(shape, generator=draw) for shape in ((d, m), (m,), (m, d)))
    return lambda h: (h @ into + bias).relu(), decoder


def test_features_and_error_together_are_the_donor_and_no_feature_is_the_receiver():
    encode, decoder = dictionary()
    receiver, donor = (torch.randn(5, 2, 4, generator=torch.Generator().manual_seed(i)) for i in (1, 2))
    everything, nothing = torch.ones(9, dtype=torch.bool), torch.zeros(9, dtype=torch.bool)
    torch.testing.assert_close(with_features(receiver, donor, encode, decoder, everything, error=True), donor)
    assert (with_features(receiver, donor, encode, decoder, nothing) == receiver).all()
    # The error term stays: without it, the change is that of the reconstructions.
    change = with_features(receiver, donor, encode, decoder, everything) - receiver
    torch.testing.assert_close(change, (encode(donor) - encode(receiver)) @ decoder)
    parts = [with_features(receiver, donor, encode, decoder, torch.arange(9) == i) - receiver for i in range(9)]
    torch.testing.assert_close(sum(parts), change)
    with pytest.raises(StudyError, match="9 features of 4 dimensions"):
        with_features(receiver, donor, encode, decoder, everything[:8])
    with pytest.raises(StudyError, match="9 features of 4 dimensions"):
        with_features(receiver, donor, encode, decoder.T, everything)


def test_features_patched_in_a_network_with_their_error_give_the_donors_answer():
    model = Diamond(curved=True)
    inputs, donors = runs()
    encode, decoder = dictionary()
    donated = activations(model, donors, ["a"])["a"]
    change = feature_change(donated, encode, decoder, torch.ones(9, dtype=torch.bool), error=True)
    with torch.no_grad(), replaced(model, {"a": change}):
        torch.testing.assert_close(model(inputs), model(donors))


def test_a_direction_of_channels_is_patched_at_every_place():
    receiver, donor = (torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(i)) for i in (4, 5))
    basis = torch.tensor([[0.6, 0.8, 0.0]])
    change = feature_change(donor, lambda h: h @ basis.T, basis, torch.ones(1, dtype=torch.bool), axis=1)
    state = change(receiver)
    along = torch.einsum("nchw,c->nhw", state, basis[0])
    torch.testing.assert_close(along, torch.einsum("nchw,c->nhw", donor, basis[0]))
    torch.testing.assert_close(state[:, 2], receiver[:, 2])
    across = torch.tensor([0.8, -0.6, 0.0])
    torch.testing.assert_close(*(torch.einsum("nchw,c->nhw", h, across) for h in (state, receiver)))
