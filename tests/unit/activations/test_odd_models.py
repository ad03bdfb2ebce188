"""Models in odd clothes: compiled, wrapped, in half precision, with a memory, with routers, in training mode."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import dropout

from helpers.more_strangers import Experts
from repdyn.activations.addresses import Answering
from repdyn.attribution.case import attributions, case_of
from repdyn.attribution.gradients import completeness_gap, integrated_gradients
from repdyn.attribution.randomisation import reinitialised
from repdyn.errors import StudyError
from repdyn.interventions.ablation import effects
from repdyn.interventions.patching import activations, logit_difference, patch_each, whole
from repdyn.roles import HIDDEN, OUTPUT
from repdyn.sparse_autoencoders.spliced import losses
from repdyn.toolkit import load
from repdyn.toolkit.own_model import subjects

N = 24
LABELS = np.arange(N) % 3
X, OTHER = (torch.randn(N, 5, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))


def network(middle=nn.Identity):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return nn.Sequential(nn.Linear(5, 7), middle(), nn.ReLU(), nn.Linear(7, 3))


def looked_at(model, path, x=X, other=OTHER):
    """What the functions that read, replace and resume find."""
    return [
        effects(model, x, LABELS, path, [[0], [1, 2]], 0.0, chunk=9).loss,
        losses(model, path, x, LABELS, lambda rows: rows / 2, chunk=9),
        activations(model, x, [path])[path].double().numpy(),
        patch_each(model, x, other, [whole(path)], logit_difference(0, 1)),
        integrated_gradients(model, x, torch.from_numpy(LABELS), torch.zeros_like(x[:1]), 8).double().numpy(),
    ]


def agree(found, expected, **tolerance):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, **tolerance)


@pytest.mark.parametrize("how", ["function", "method", "answering"])
def test_a_compiled_model_is_looked_into_as_the_one_it_was_made_from(how):
    model = network()
    if how == "method":
        model.compile(backend="eager")
    else:
        model = torch.compile(model, backend="eager")
    if how == "answering":
        model = Answering(model, ())
    with torch.no_grad():
        expected = model(X)  # compiled before any hook was there
    agree(looked_at(model, "2"), looked_at(network(), "2"), atol=1e-6)
    assert torch.equal(model(X), expected)
    assert not torch.equal(reinitialised(model, ["3"], 0)(X), expected)
    assert torch.equal(model(X), expected)


def test_checkpoints_of_a_compiled_model_are_those_of_the_one_it_was_made_from():
    labels = torch.from_numpy(LABELS)
    tables = []
    for model in (network(), torch.compile(network(), backend="eager")):
        given = subjects(model, {0: model.state_dict(), 1: model.state_dict()}, (X, labels), (OTHER, labels),
                         {"2": HIDDEN, "3": OUTPUT})  # fmt: skip
        tables.append(load("dynamics", "measure").measure(*given)[0]["value"].to_numpy(float))
    np.testing.assert_allclose(*tables, atol=1e-6)


def test_a_model_in_data_parallel_has_its_paths_below_module():
    agree(looked_at(nn.DataParallel(network()), "module.2"), looked_at(network(), "2"), atol=1e-6)
    with pytest.raises(StudyError, match=r"has no module '2'; it has module, module\.0"):
        activations(nn.DataParallel(network()), X, ["2"])


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_half_precision_rounds_and_does_nothing_else(kind):
    model = network().to(kind)
    exact = copy.deepcopy(model).double()
    x, other = X.to(kind), OTHER.to(kind)
    agree(looked_at(model, "2", x, other), looked_at(exact, "2", x.double(), other.double()), atol=0.02)
    targets = torch.from_numpy(LABELS)
    baseline = torch.zeros_like(x[:1])
    found = integrated_gradients(model, x, targets, baseline, 256)
    # A sum of 256 terms in bfloat16 would be off by 1.2 here.
    assert completeness_gap(found, model, x, targets, baseline).abs().max() < 0.05
    maps = attributions(case_of(model, x, targets, other, None), 8)
    plain = attributions(case_of(exact, x.double(), targets, other.double(), None), 8)
    assert maps.keys() == plain.keys() and "lrp_z_plus" in maps
    agree(maps.values(), plain.values(), atol=0.05)


def test_normalisation_in_training_mode_is_left_as_it_was():
    model = network(lambda: nn.BatchNorm1d(7))
    model(X)
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    agree(looked_at(model, "2"), looked_at(copy.deepcopy(model).eval(), "2"), atol=0, rtol=0)
    assert model.training and all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


class Remembering(nn.Module):
    """Changes buffers whenever it is run, one in place and one by another in its place."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(5, 7)
        self.head = nn.Linear(7, 3)
        self.register_buffer("seen", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(7))

    def forward(self, x):
        self.seen += 1
        h = self.linear(x).relu()
        self.mean = 0.9 * self.mean + 0.1 * h.detach().mean(0)
        return self.head(h - self.mean)


class Drawing(nn.Sequential):
    def forward(self, x):
        return super().forward(dropout(x, 0.5))


@pytest.mark.parametrize("function", range(4))
def test_a_model_that_changes_when_it_is_run_is_refused_and_left_as_it_was(function):
    model = Remembering()
    looks = (
        lambda: effects(model, X, LABELS, "linear", [[0]], 0.0),
        lambda: losses(model, "linear", X, LABELS),
        lambda: activations(model, X, ["linear"]),
        lambda: integrated_gradients(model, X, torch.from_numpy(LABELS), torch.zeros(1, 5), 2),
    )
    with pytest.raises(StudyError, match="changes itself when it is run .*seen of Remembering, mean of Remembering"):
        looks[function]()
    assert not model.seen and not model.mean.any()


def test_answers_that_are_no_function_of_an_example_are_refused_before_anything_is_measured():
    labels = torch.from_numpy(LABELS)
    together = network(lambda: nn.BatchNorm1d(7, track_running_stats=False))
    drawing = Drawing(*network())
    remembering = Remembering()
    cases = [
        (together, {"2": HIDDEN, "3": OUTPUT}, "depends on which others come with it"),
        (drawing, {"2": HIDDEN, "3": OUTPUT}, "is not the same twice: it draws at random"),
        (remembering, {"linear": HIDDEN, "head": OUTPUT}, "changes itself when it is run"),
    ]
    for model, layers, message in cases:
        with pytest.raises(StudyError, match=message):
            subjects(model, {0: model.state_dict()}, (X, labels), (OTHER, labels), layers)
    subjects(network(), {0: network().state_dict()}, (X, labels), (OTHER, labels), {"2": HIDDEN, "3": OUTPUT})


def test_what_not_every_example_passes_has_no_rows_that_could_be_compared():
    torch.manual_seed(0)
    model = Experts()
    for look in (
        lambda: activations(model, X, ["experts.0"]),
        lambda: patch_each(model, X, OTHER, [whole("experts.0")], logit_difference(0, 1)),
    ):
        with pytest.raises(StudyError, match=r"rows for 24 examples: not every example passes it, as where a router"):
            look()
    with pytest.raises(StudyError, match=r"the output of experts\.0 has shape .* for 24 examples"):
        effects(model, X, LABELS, "experts.0", [[0]], 0.0)
    maps = attributions(case_of(model, X, torch.from_numpy(LABELS), OTHER, None), 4)
    assert "gradient_x_input" in maps and "lrp_z_plus" not in maps  # which routing has no rule for
