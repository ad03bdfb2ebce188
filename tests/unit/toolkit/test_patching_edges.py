"""The tool's circuits on edges, on a network in which two edges of six carry everything."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from repdyn.interventions.patching import whole
from repdyn.roles import EMBEDDING, OUTPUT
from repdyn.toolkit.patching.edges import edges

PLANTED = [(0, 1), (1, 3)]  # the input to a, a to the output


class Stream(nn.Module):
    """a and b write into a stream and read it: a the first number, b the second; a alone is read out."""

    def __init__(self):
        super().__init__()
        self.first = nn.Identity()
        self.a, self.b, self.read = (nn.Linear(4, size, bias=False) for size in (4, 4, 1))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()
            self.a.weight[2, 0] = self.b.weight[3, 1] = 1
            self.read.weight[0, 2] = 2

    def forward(self, x):
        stream = self.first(x)
        stream = stream + self.a(stream)
        return self.read(stream + self.b(stream))


def looked(seed):
    """A look whose `recovered` hands on what it is given."""
    draw = torch.Generator().manual_seed(seed)
    clean, corrupted, more, other = torch.randn(4, 20, 4, generator=draw)
    for x, sign in ((clean, 1), (corrupted, -1), (more, 1), (other, -1)):
        x[:, 0] = sign * (1 + x[:, 0].abs())
        x[:, 2:] = 0

    def metric(answers):
        return answers[:, 0]

    model = Stream()
    return SimpleNamespace(
        model=model, step=5, roles={"first": EMBEDDING, "read": OUTPUT}, head_paths={"a": "a"},
        nodes=lambda: [whole("a"), whole("b")], rng=lambda *_: np.random.default_rng(seed),
        pairs=SimpleNamespace(clean=clean, corrupted=corrupted, metric=metric),
        discovery=SimpleNamespace(clean=more, corrupted=other),
        clean=2 * clean[:, 0].double().numpy(), corrupted=2 * corrupted[:, 0].double().numpy(),
        recovered=lambda layer, name, *given: [{"quantity": [name], "given": given}],
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_corrupting_a_planted_edge_corrupts_the_answer_and_the_circuit_is_found_on_other_pairs(seed):
    look = looked(seed)
    found = {item["quantity"][0]: item for item in edges(look, 0.9)}
    between = list(zip(found["edge_sender"]["value"], found["edge_receiver"]["value"], strict=True))
    assert sorted(between) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    changed, start, end = found["edge_noising"]["given"]
    for edge, answers in zip(between, changed, strict=True):
        assert answers == pytest.approx(look.corrupted if edge in PLANTED else look.clean, abs=1e-5)
    assert (start is look.clean) and (end is look.corrupted)
    # Ranked by attributions on the discovery pairs, the two that count come first.
    faithful = found["edge_faithfulness"]
    assert faithful["unit"].tolist() == [1, 2, 3, 4, 5, 6]
    grown, start, end, null = faithful["given"]
    assert grown[0] == pytest.approx(look.corrupted, abs=1e-5)
    assert grown[1:] == pytest.approx(np.tile(look.clean, (5, 1)), abs=1e-5)
    assert start is look.corrupted and end is look.clean and null[0][-1] == pytest.approx(1)
    assert found["edge_share"]["value"][0] == pytest.approx(2 / 6) and found["edge_share"]["null_mean"][0] > 0.4
    assert found["edge_rho"]["value"][0] > 0.5


def test_without_an_embedding_or_heads_there_are_no_edges():
    look = looked(0)
    assert not list(edges(SimpleNamespace(**vars(look) | {"head_paths": {}}), 0.9))
    assert not list(edges(SimpleNamespace(**vars(look) | {"roles": {"read": OUTPUT}}), 0.9))
