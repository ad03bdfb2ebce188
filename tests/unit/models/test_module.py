"""Anybody's network as a run takes it: its layers, and errors that say what would do."""

import pytest
import torch
from torch import nn

from repdyn.activations.addresses import address
from repdyn.activations.axes import unit_axis
from repdyn.errors import StudyError
from repdyn.interventions.surgery import unit_values
from repdyn.models import build
from repdyn.models.measurable import measurable_layers, unfit
from repdyn.models.module import examples, from_function
from repdyn.training.tracker import make_probe, representations


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(width, width)

    def forward(self, x):
        return x + torch.relu(self.linear(x))


class Own(nn.Module):
    """Every kind of module that the rule tells apart."""

    def __init__(self, features, classes, width=6):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(features, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.5))
        self.blocks = nn.ModuleList([Residual(width), Residual(width)])
        self.norm = nn.LayerNorm(width)
        self.read = nn.Linear(width, classes)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.read(self.norm(x))


def own(shape, classes, **options):
    return Own(shape[0], classes, **options)


def made(function, kind="vector", shape=(5,), classes=3, **others):
    return from_function(function, kind, shape, classes, **others)


def refused(function, **options):
    with pytest.raises(StudyError) as caught:
        made(function, **options)
    return str(caught.value)


def test_layers_are_blocks_what_is_inside_them_and_activations():
    network = Own(5, 3)
    assert measurable_layers(network, examples("vector", (5,))) == {
        "stem.2": "hidden",
        "blocks.0.linear": "feedforward", "blocks.0": "block",
        "blocks.1.linear": "feedforward", "blocks.1": "block",
    }  # fmt: skip
    model = made(own)
    assert model.tracked[:2] == ["network.stem.2", "network.blocks.0.linear"] and model.tracked[-1] == "output"
    assert list(model.roles.values()) == ["hidden", *["feedforward", "block"] * 2, "output"] and model.tokens is None


def test_a_plain_sequence_has_a_layer_per_activation():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 2))
    assert list(measurable_layers(network, examples("image", (1, 2, 2)))) == ["2", "4"]


def test_they_are_those_of_the_tracker():
    from repdyn import Tracker

    network, x = Own(5, 3), examples("vector", (5,))
    tracker = Tracker(network, x)
    assert {**measurable_layers(network, x), "read": "output"} == tracker.roles


def test_a_tuple_is_measured_where_a_module_returns_its_tensor_alone():
    class Memory(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(1, 6, batch_first=True)

        def forward(self, x):
            return self.gru(x.unsqueeze(2))[0]

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.memory, self.read = Memory(), nn.Linear(6, 3)

        def forward(self, x):
            return self.read(self.memory(x)[:, -1])

    assert measurable_layers(Network(), examples("vector", (5,))) == {"memory": "hidden"}
    model, x = made(lambda shape, classes: Network()), examples("vector", (5,))
    values = unit_values(model, x, "network.memory")
    assert values.shape == (11, 5, 6) and unit_axis(model, address("network.memory"), values) == 2
    assert "returns a tuple" in unfit(Network(), examples("vector", (5,)))["memory.gru"]


def test_what_is_changed_in_place_later_and_channels_of_a_sequence_are_not_measured():
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two, self.read = nn.Linear(5, 6), nn.Linear(6, 6), nn.Linear(6, 3)

        def forward(self, x):
            return self.read(self.two(torch.relu_(self.one(x))))

    x = examples("vector", (5,))
    assert measurable_layers(InPlace(), x) == {"two": "hidden"}
    assert unfit(InPlace(), x)["one"] == "what follows changes its output in place"
    sequence = nn.Sequential(
        nn.Unflatten(1, (1, 5)), nn.Conv1d(1, 4, 2), nn.ReLU(), nn.Flatten(), nn.Linear(16, 6), nn.Linear(6, 3)
    )
    assert measurable_layers(sequence, x) == {"4": "hidden"}
    assert unfit(sequence, x)["2"].startswith("it returns channels before positions, (11, 4, 4)")


def test_modules_of_one_s_own_and_normalised_weights_are_layers():
    class Mix(nn.Module):
        def __init__(self):
            super().__init__()
            self.matrix = nn.Parameter(torch.randn(5, 6))

        def forward(self, x):
            return x @ self.matrix

    weighted = nn.utils.parametrizations.weight_norm(nn.Linear(6, 6))
    network = nn.Sequential(Mix(), nn.LayerNorm(6), nn.Tanh(), weighted, nn.Linear(6, 3))
    assert measurable_layers(network, examples("vector", (5,))) == {"2": "hidden", "3": "hidden"}


def test_a_network_that_declares_its_roles_is_believed():
    network = Own(5, 3)
    network.roles = {"stem": "hidden", "blocks.1": "block", "read": "output"}
    assert measurable_layers(network, examples("vector", (5,))) == {"stem": "hidden", "blocks.1": "block"}
    model = made(lambda shape, classes: network)
    assert model.roles == {"network.stem": "hidden", "network.blocks.1": "block", "output": "output"}
    network.roles = {"stam": "hidden", "read": "output"}
    assert "the network's `roles` names 'stam', which the network does not have; did you mean 'stem'?" in refused(
        lambda shape, classes: network
    )


def test_layers_of_torch_s_encoder_are_measured_as_they_are_found():
    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
            self.encoder, self.read = nn.TransformerEncoder(layer, 1), nn.Linear(4, 3)

        def forward(self, x):
            return self.read(self.encoder(x.view(len(x), -1, 4)).mean(1))

    model = made(lambda shape, classes: Encoder(), shape=(8,))
    inner = "network.encoder.layers.0"
    assert model.roles == {
        f"{inner}.linear1": "feedforward", f"{inner}.linear2": "feedforward", inner: "block", "output": "output",
    }  # fmt: skip
    x = examples("vector", (8,))
    found, _ = representations(model, make_probe(x, torch.zeros(len(x), dtype=torch.int64), 64, tokens=2))
    assert {name: tuple(values.shape) for name, values in found.items()} == {
        f"{inner}.linear1": (22, 8), f"{inner}.linear2": (22, 4), inner: (22, 4), "output": (11, 3),
    }  # fmt: skip


def test_a_block_that_hides_everything_is_opened():
    class Whole(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Module()
            self.body.first, self.body.second = nn.Linear(5, 6), nn.Linear(6, 3)

        def forward(self, x):
            return self.body.second(torch.relu(self.body.first(x)))

    assert list(measurable_layers(Whole(), examples("vector", (5,)))) == ["body.first"]


def test_tokens_are_counted_and_embeddings_have_their_role():
    class Reader(nn.Module):
        def __init__(self, vocabulary, classes):
            super().__init__()
            self.words = nn.Embedding(vocabulary, 6)
            self.gru = nn.GRU(6, 6, batch_first=True)
            self.mix = nn.Linear(6, 6)
            self.read = nn.Linear(6, classes)

        def forward(self, tokens):
            return self.read(self.mix(self.gru(self.words(tokens))[0]).mean(1))

    model = made(lambda shape, classes, vocabulary: Reader(vocabulary, classes), "text", (7,), vocabulary=20)
    assert model.roles == {"network.words": "embedding", "network.mix": "hidden", "output": "output"}
    assert model.tokens == 7
    message = refused(
        lambda shape, classes, vocabulary: Reader(vocabulary, classes),
        kind="text", shape=(7,), vocabulary=20, layers=["gru"],
    )  # fmt: skip
    assert "layer gru cannot be measured: it returns a tuple, not one tensor; these can: words, mix, read" in message


def test_named_layers_and_roles_are_taken():
    assert made(own, layers=["blocks.1"]).roles == {"network.blocks.1": "hidden", "output": "output"}
    assert made(own, layers={"stem.2": "hidden", "blocks.1": "block"}).roles["network.blocks.1"] == "block"
    assert "none of the layers under `layers` is hidden" in refused(own, layers={"blocks.1": "block"})
    assert "names 'block.1', which the network does not have; did you mean 'blocks.1'?" in refused(
        own, layers=["block.1"]
    )


def test_it_gives_the_logits_of_the_network_and_the_same_weights_for_the_same_seed():
    shape = {"kind": "vector", "shape": (5,), "classes": 3}
    architecture = {"family": "module", "function": own, "options": {"width": 8}}
    torch.manual_seed(3)
    model = build(architecture, **shape)
    torch.manual_seed(3)
    network = Own(5, 3, width=8)
    assert all(torch.equal(network.state_dict()[name], value) for name, value in model.network.state_dict().items())
    x = torch.randn(4, 5)
    assert torch.equal(model.eval()(x), network.eval()(x))
    assert all(module.training for module in build(architecture, **shape).modules())


def test_trying_a_network_leaves_it_as_it_was_made():
    torch.manual_seed(0)
    model = made(own)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.network.stem[1].num_batches_tracked == 0


def linear(classes, features=5):
    return nn.Sequential(nn.Linear(features, 6), nn.ReLU(), nn.Linear(6, classes))


class Returning(nn.Module):
    """A network whose output is changed by a function."""

    def __init__(self, change, classes=3):
        super().__init__()
        self.inner, self.change = linear(classes), change

    def forward(self, x):
        return self.change(self.inner(x))


def drawing(shape, classes):
    network = linear(classes)
    import random

    network[0].bias.data += random.random()
    return network


def idle(shape, classes):
    network = linear(classes)
    network.spare = nn.Parameter(torch.zeros(3))
    return network


def fails(shape, classes):
    raise ValueError("no such width")


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (fails, "function fails: ValueError: no such width (line "),
        (lambda shape, classes: "a network", "returns a str; a torch.nn.Module is needed"),
        (lambda shape: linear(3), "TypeError: <lambda>() got an unexpected keyword argument 'classes'"),
        (lambda shape, classes: linear(classes, 4), "its network on float32 inputs of shape (11, 5): RuntimeError: mat1"),
        (lambda shape, classes: Returning(lambda y: (y, y)), "its network returns a tuple; one tensor of logits"),
        (lambda shape, classes: Returning(lambda y: {"logits": y}), "its network returns a dict; one tensor of logits"),
        (lambda shape, classes: linear(4), "shape (11, 4); logits of shape (11, 3) are needed, one column per class"),
        (lambda shape, classes: Returning(lambda y: y.argmax(1)), "returns int64 values of shape (11,)"),
        (lambda shape, classes: Returning(torch.Tensor.detach), "no parameter takes part in the network's output"),
        (lambda shape, classes: nn.Linear(5, classes), "no layer to measure is found"),
        (idle, "parameter spare takes no part in the network's output; take it out, or freeze it"),
        (drawing, "called twice with the same seed, it makes different networks (0.bias)"),
    ],
)  # fmt: skip
def test_what_will_not_do_is_named_with_the_file(function, expected):
    message = refused(function)
    assert expected in message and "test_module.py, function" in message


def test_layers_of_different_lengths_cannot_be_measured_together():
    class Halving(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two, self.read = nn.Linear(2, 4), nn.Linear(4, 4), nn.Linear(4, 3)

        def forward(self, x):
            states = self.one(x.view(len(x), -1, 2))
            return self.read(self.two(states[:, ::2]).mean(1))

    message = refused(lambda shape, classes: Halving(), shape=(8,))
    assert "layers have different numbers of tokens (one 4, two 2); name those of one length under `layers`" in message
    assert made(lambda shape, classes: Halving(), shape=(8,), layers=["two"]).tokens == 2


def test_a_module_called_twice_or_never_is_no_layer():
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.spare, self.read = nn.Linear(5, 5), nn.Linear(5, 5), nn.Linear(5, 3)

        def forward(self, x):
            return self.read(self.cell(self.cell(x)))

    reasons = unfit(Loop(), examples("vector", (5,)))
    assert "called 2 times" in reasons["cell"] and "not called" in reasons["spare"] and reasons["read"] is None
