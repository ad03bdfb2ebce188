"""No public function takes a label or an index that is none: -1 would be the last, without a word."""

import numpy as np
import pytest
import torch

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.activations.answers import checked_labels, rows_of
from repdyn.attribution.gradcam import grad_cam
from repdyn.attribution.gradients import integrated_gradients, saliency, scores
from repdyn.attribution.groups import group_sums
from repdyn.attribution.lrp import bends, epsilon_rule, relevance
from repdyn.attribution.maximisation import unit_activation
from repdyn.attribution.removal import removal_curve
from repdyn.attribution.shapley import masking_game
from repdyn.errors import StudyError, require_indices
from repdyn.geometry.geodesics import geodesics
from repdyn.geometry.neighbours import nearest
from repdyn.interventions.ablation import donated, effects, judged
from repdyn.interventions.circuits import nested_circuits
from repdyn.interventions.dose_response import do_response, sweep_values
from repdyn.interventions.pairs import matched_pairs
from repdyn.interventions.patching import logit_difference, sites_along
from repdyn.interventions.steering import mean_difference
from repdyn.interventions.surgery import latent_surgery, set_units
from repdyn.measures.behaviour import class_accuracies, class_accuracies_null, mean_score, mean_score_null
from repdyn.measures.heads import losses as head_losses
from repdyn.measures.probes import probe_accuracies
from repdyn.measures.units import Affine, ablated, ablation
from repdyn.models import build
from repdyn.sparse_autoencoders.autoencoder import Autoencoder
from repdyn.sparse_autoencoders.features import class_detectors
from repdyn.sparse_autoencoders.spliced import effect, losses, without
from repdyn.training.loop import Recipe, checkpoint_steps, get_state, initialise, make_optimizer, train_steps
from repdyn.training.replay import materialise
from repdyn.training.tracker import evaluate

N, CLASSES, UNITS, STEPS = 12, 3, 12, 4
IMAGES, LABELS = data(N)
RECIPE = Recipe(("test", 0), STEPS, 4, 0.01)
RNG = np.random.default_rng(0)
OUTPUTS = RNG.random((N, CLASSES))
UNIT = "units.0"


def mlp():
    return initialise(NETWORKS["mlp"], RECIPE, **SHAPE, vocabulary=0)


def hidden(model):
    return next(name for name, module in model.named_modules() if getattr(module, "out_features", 0) == UNITS)


def labels_with(wrong) -> np.ndarray:
    """Labels of which one is `wrong`; numbers of examples, units and sources likewise."""
    labels = LABELS.numpy().copy()
    labels[1] = wrong
    return labels


def tensor_with(wrong) -> torch.Tensor:
    return torch.from_numpy(labels_with(wrong))


def on_mlp(function):
    """Of a network and the path of a hidden layer of UNITS units."""

    def call(wrong):
        model = mlp()
        return function(model, hidden(model), wrong)

    return call


def convolutions(wrong):
    model = build(NETWORKS["cnn"], **SHAPE, vocabulary=0)
    path = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Conv2d)][-1]
    return grad_cam(model, path, IMAGES, tensor_with(wrong))


def replayed(wrong):
    model = mlp()
    optimizer = make_optimizer(model, RECIPE)
    state = get_state(model, optimizer)
    return list(materialise(model, optimizer, [0], lambda _: state, [wrong], IMAGES, LABELS, RECIPE))


def trained(wrong):
    model = mlp()
    return list(train_steps(model, make_optimizer(model, RECIPE), IMAGES, tensor_with(wrong), RECIPE))


def probes(wrong):
    return probe_accuracies(OUTPUTS, labels_with(wrong)[None], np.arange(N) % 2, CLASSES)


def masked(wrong):
    groups = torch.arange(UNITS) % 3
    groups[1] = wrong
    rows = torch.rand(2, UNITS)
    game = masking_game(lambda x: x[:, :CLASSES], rows, torch.tensor([0, 1]), groups, torch.zeros(1, UNITS))
    return game(np.ones((1, 3), dtype=bool))


def grouped(wrong):
    groups = np.zeros((2, 4), dtype=np.int64)
    groups[0, 1] = wrong
    return group_sums(np.ones((2, 4)), groups, 2)


AFFINE = [Affine(RNG.random((CLASSES, UNITS)), np.zeros(CLASSES))]
ACTIVATIONS = RNG.random((N, UNITS))
SAE = Autoencoder(torch.rand(UNITS, 5), torch.rand(5), torch.rand(5, UNITS), torch.rand(UNITS))
SITES = sites_along("", (UNITS,), 0)

# {what takes it: (a call with one wrong number, how many there are)}; -1 and that number must be refused.
CASES = {
    "require_indices": (lambda wrong: require_indices("labels", labels_with(wrong), CLASSES), CLASSES),
    "checked_labels": (lambda wrong: checked_labels(labels_with(wrong), OUTPUTS.shape), CLASSES),
    "rows_of": (lambda wrong: rows_of(IMAGES, [0, wrong]), N),
    "judged": (lambda wrong: judged(OUTPUTS, labels_with(wrong)), CLASSES),
    "effects, labels": (on_mlp(lambda m, at, wrong: effects(m, IMAGES, labels_with(wrong), at, [[0]], 0.0)), CLASSES),
    "effects, units": (on_mlp(lambda m, at, wrong: effects(m, IMAGES, LABELS.numpy(), at, [[wrong]], 0.0)), UNITS),
    "effects, units at means": (
        on_mlp(lambda m, at, wrong: effects(m, IMAGES, LABELS.numpy(), at, [[wrong]], torch.zeros(UNITS))),
        UNITS,
    ),
    "donated": (lambda wrong: donated(IMAGES, labels_with(wrong)), N),
    "do_response": (on_mlp(lambda m, at, wrong: do_response(m, IMAGES, at, wrong, np.zeros(2))), UNITS),
    "sweep_values": (lambda wrong: sweep_values(torch.from_numpy(ACTIVATIONS), wrong, np.array([0.5])), UNITS),
    "set_units": (lambda wrong: set_units(torch.from_numpy(ACTIVATIONS), [wrong], 0.0), UNITS),
    "latent_surgery": (on_mlp(lambda m, at, wrong: latent_surgery(m, IMAGES, at, [wrong], 0.0)), UNITS),
    "logit_difference": (lambda wrong: logit_difference(0, wrong)(torch.from_numpy(OUTPUTS)), CLASSES),
    "mean_difference": (lambda wrong: mean_difference(ACTIVATIONS, LABELS.numpy(), 0, wrong), CLASSES),
    "nested_circuits": (
        lambda wrong: nested_circuits(mlp(), IMAGES, {}, SITES, np.array([wrong, *range(1, UNITS)]), [1], None),
        UNITS,
    ),
    "matched_pairs": (lambda wrong: matched_pairs(np.array([0, wrong]), np.array([2]), np.zeros(N), RNG), N),
    "scores": (lambda wrong: scores(mlp(), IMAGES, tensor_with(wrong)), CLASSES),
    "saliency": (lambda wrong: saliency(mlp(), IMAGES, tensor_with(wrong)), CLASSES),
    "integrated_gradients": (
        lambda wrong: integrated_gradients(mlp(), IMAGES, tensor_with(wrong), torch.zeros(1)),
        CLASSES,
    ),
    "grad_cam": (convolutions, CLASSES),
    "relevance": (lambda wrong: relevance(mlp(), IMAGES, tensor_with(wrong), epsilon_rule()), CLASSES),
    "bends": (lambda wrong: bends(mlp(), IMAGES, tensor_with(wrong)), CLASSES),
    "unit_activation": (
        on_mlp(lambda m, at, wrong: unit_activation(m, at, torch.tensor([0, wrong]))(IMAGES[:2])),
        UNITS,
    ),
    "removal_curve": (
        lambda wrong: removal_curve(mlp(), IMAGES, torch.zeros(1), IMAGES.numpy(), tensor_with(wrong), RNG),
        CLASSES,
    ),
    "geodesics": (lambda wrong: geodesics(nearest(ACTIVATIONS, 3), np.array([0, wrong])), N),
    "mean_score": (lambda wrong: mean_score(OUTPUTS, labels_with(wrong)), CLASSES),
    "mean_score_null": (lambda wrong: mean_score_null(OUTPUTS, labels_with(wrong)), CLASSES),
    "class_accuracies": (lambda wrong: class_accuracies(OUTPUTS, labels_with(wrong)), CLASSES),
    "class_accuracies_null": (lambda wrong: class_accuracies_null(OUTPUTS, labels_with(wrong)), CLASSES),
    "head losses": (lambda wrong: head_losses(torch.from_numpy(OUTPUTS), tensor_with(wrong)), CLASSES),
    "probe_accuracies": (probes, CLASSES),
    "units.ablation": (lambda wrong: ablation(ACTIVATIONS, np.zeros(UNITS), AFFINE, labels_with(wrong)), CLASSES),
    "units.ablated, examples": (
        lambda wrong: ablated(ACTIVATIONS, np.zeros(UNITS), AFFINE, np.array([wrong]), np.array([0])),
        N,
    ),
    "units.ablated, units": (
        lambda wrong: ablated(ACTIVATIONS, np.zeros(UNITS), AFFINE, np.array([0]), np.array([wrong])),
        UNITS,
    ),
    "class_detectors": (
        lambda wrong: class_detectors(ACTIVATIONS, labels_with(wrong), ACTIVATIONS, LABELS.numpy(), CLASSES),
        CLASSES,
    ),
    "spliced.losses": (on_mlp(lambda m, at, wrong: losses(m, at, IMAGES, labels_with(wrong))), CLASSES),
    "spliced.without": (lambda wrong: without(SAE, wrong), len(SAE.decoder)),
    "spliced.effect": (
        on_mlp(lambda m, at, wrong: effect(m, at, SAE, IMAGES, LABELS.numpy(), wrong)),
        len(SAE.decoder),
    ),
    "evaluate": (lambda wrong: evaluate(mlp(), IMAGES, tensor_with(wrong)), CLASSES),
    "train_steps": (trained, CLASSES),
    "materialise": (replayed, STEPS + 1),
    "masking_game": (masked, 3),
    "group_sums": (grouped, 2),
}
# There -1 is what belongs to no group.
UNGROUPED = {"masking_game", "group_sums"}


@pytest.mark.parametrize("name", CASES)
def test_what_is_no_label_or_index_is_refused_in_a_sentence(name):
    call, count = CASES[name]
    wrongs = [-2 if name in UNGROUPED else -1, count, -100]
    for wrong in wrongs:
        with pytest.raises(StudyError) as refused:
            call(wrong)
        assert len(str(refused.value)) > 20 and "\n" not in str(refused.value), wrong


@pytest.mark.parametrize("name", sorted(CASES.keys() - {"nested_circuits"}))
def test_the_largest_label_or_index_is_taken(name):
    call, count = CASES[name]
    call(count - 1)


def test_a_step_before_the_first_checkpoint_is_refused():
    model = mlp()
    with pytest.raises(StudyError, match="step 1 comes before the first checkpoint"):
        next(materialise(model, make_optimizer(model, RECIPE), [2], None, [1], IMAGES, LABELS, RECIPE))
    assert checkpoint_steps(STEPS, 2)[0] == 0
