"""Public functions times networks of all kinds: each agrees with a plain, slow computation, or says why it cannot."""

import numpy as np
import pytest
import torch
from torch.nn.functional import log_softmax

from helpers.stranger_cases import MODELS
from repdyn.activations.addresses import Answering, address, find, inner
from repdyn.activations.answers import answer, count, rows_of
from repdyn.activations.hooks import replaced
from repdyn.attribution.case import attributions, case_of
from repdyn.attribution.gradcam import grad_cam
from repdyn.attribution.gradients import completeness_gap, from_layer, integrated_gradients, layer_output, saliency
from repdyn.attribution.lrp import epsilon_rule, relevance
from repdyn.attribution.maximisation import unit_activation
from repdyn.attribution.randomisation import reinitialised
from repdyn.attribution.removal import removal_curve
from repdyn.attribution.shapley import exact_shapley, masking_game
from repdyn.errors import StudyError
from repdyn.interventions.ablation import donated, effects, unit_means
from repdyn.interventions.circuits import circuit_metric, nested_circuits, node_attributions, reference_means
from repdyn.interventions.dose_response import do_response
from repdyn.interventions.features import feature_attributions, feature_change
from repdyn.interventions.patching import activations, logit_difference, patch_each, sites_along, whole
from repdyn.interventions.paths import path_patched
from repdyn.interventions.steering import steered
from repdyn.interventions.surgery import latent_surgery, unit_values
from repdyn.interventions.tracing import causal_tracing
from repdyn.measures.subject import Subject
from repdyn.sparse_autoencoders.autoencoder import Autoencoder
from repdyn.sparse_autoencoders.spliced import effect, losses

N = 6
UNIT = 1
METRIC = logit_difference(0, 2)
LABELS = np.arange(N) % 3
TARGETS = torch.from_numpy(LABELS)


def cross_entropy(logits):
    return -log_softmax(torch.from_numpy(logits), -1).numpy()[np.arange(N), LABELS]


def check_effects(case):
    other = case.h(case.donors)
    for values, put in (
        (0.0, lambda h, units: case.units(h, units, 0.0)),
        (other, lambda h, units: case.units(h, units, other.index_select(case.axis, torch.tensor(units)))),
    ):
        found = effects(case.model, case.inputs, LABELS, case.where, [[UNIT], [0, 2]], values, chunk=4)
        for loss, lost, units in zip(*found, [[UNIT], [0, 2]], strict=True):
            logits = case.answer(lambda h, units=units, put=put: put(h, units))
            yield loss, cross_entropy(logits) - cross_entropy(case.answer())
            yield lost, (case.answer().argmax(1) == LABELS).astype(float) - (logits.argmax(1) == LABELS)
    rows = donated(unit_values(case.model, case.inputs, case.where, 4), np.array([1, 0, 3, 2, 5, 4]))
    yield rows.numpy(), case.h()[[1, 0, 3, 2, 5, 4]].numpy()
    means = unit_means(case.h(), axis=case.axis).numpy()
    yield means, case.h().movedim(case.axis, 0).flatten(1).mean(1).numpy()


def check_do_response(case):
    values = np.array([-1.0, 0.5])
    for found, value in zip(do_response(case.model, case.inputs, case.where, UNIT, values, 4), values, strict=True):
        yield found, case.answer(lambda h, value=value: case.units(h, [UNIT], float(value))) - case.answer()


def check_steered(case):
    push = np.linspace(-1, 1, case.h().shape[case.axis])
    wide = torch.from_numpy(push).view([-1 if axis == case.axis else 1 for axis in range(case.h().ndim)])
    before, after = steered(case.model, case.inputs, case.where, [push], 4)
    yield before, case.answer()
    yield after, case.answer(lambda h: h + wide)


def check_latent_surgery(case):
    before, after = latent_surgery(case.model, case.inputs, case.where, [UNIT], 0.3, 4)
    yield before, case.answer()
    yield after, case.answer(lambda h: case.units(h, [UNIT], 0.3))


def check_activations(case):
    yield activations(case.model, case.inputs, [case.where])[case.where].numpy(), case.h().numpy()
    yield layer_output(case.model, case.where, case.inputs).numpy(), case.h().numpy()
    yield (
        unit_activation(case.model, case.where, torch.full((N,), UNIT))(case.inputs).detach().numpy(),
        (case.h().select(case.axis, UNIT).reshape(N, -1).mean(1).numpy()),
    )


def sites_of(case):
    return sites_along(case.where, case.h().shape[1:], case.axis - 1)


def check_patching(case):
    other = case.h(case.donors)
    found = patch_each(case.model, case.inputs, case.donors, sites_of(case), METRIC)
    for unit, metric in enumerate(found):
        logits = case.answer(lambda h, unit=unit: case.units(h, [unit], other.narrow(case.axis, unit, 1)))
        yield metric, logits[:, 0] - logits[:, 2]
    direct = path_patched(case.model, case.inputs, case.donors, [sites_of(case)[UNIT]])
    yield direct.numpy(), case.answer(lambda h: case.units(h, [UNIT], other.narrow(case.axis, UNIT, 1)))


def check_circuits(case):
    means = reference_means(case.model, case.donors, [case.where], chunk=4)
    mean = case.h(case.donors).mean(0, keepdim=True)
    yield means[case.where].numpy(), mean.numpy()
    sites = sites_of(case)
    kept = np.arange(len(sites)) % 2 == 0
    removed = np.flatnonzero(~kept).tolist()
    found = circuit_metric(case.model, case.inputs, means, sites, kept, METRIC)
    logits = case.answer(lambda h: case.units(h, removed, mean.index_select(case.axis, torch.tensor(removed)).expand(
        *(len(removed) if axis == case.axis else size for axis, size in enumerate(h.shape)))))  # fmt: skip
    yield found, logits[:, 0] - logits[:, 2]
    grown = nested_circuits(
        case.model, case.inputs, means, sites, np.argsort(~kept, kind="stable"), [kept.sum()], METRIC
    )
    yield grown[0], logits[:, 0] - logits[:, 2]


def check_features(case):
    """Two directions that are read through a ReLU, patched; the rest of the layer stays as it is."""
    d = case.h().shape[case.axis]
    directions = torch.linalg.qr(torch.linspace(-1, 1, d * 2, dtype=torch.float64).sin().view(d, 2))[0].T

    def encode(rows):
        return torch.relu(rows @ directions.T)

    def moved(h):
        rows, donor = h.movedim(case.axis, -1), case.h(case.donors).movedim(case.axis, -1)
        gain = torch.relu((donor * directions[1]).sum(-1)) - torch.relu((rows * directions[1]).sum(-1))
        return (rows + gain[..., None] * directions[1]).movedim(-1, case.axis)

    donor, chosen = case.h(case.donors), torch.tensor([False, True])
    change = feature_change(donor, encode, directions, chosen, axis=case.axis)
    with torch.no_grad(), replaced(case.model, {case.where: change}):
        yield answer(case.model, case.inputs).numpy(), case.answer(moved)
    clean = case.h()
    found = feature_attributions(
        case.model, case.inputs, case.where, clean, donor, encode, directions, METRIC, case.axis, points=1
    )
    point = ((clean + donor) / 2).requires_grad_()
    logits = case.plain(lambda _: point)[1]
    slope = torch.autograd.grad((logits[:, 0] - logits[:, 2]).sum(), point)[0].movedim(case.axis, -1)
    rise = encode(clean.movedim(case.axis, -1)) - encode(donor.movedim(case.axis, -1))
    for number, direction in enumerate(directions):
        yield found[number], ((slope @ direction) * rise[..., number]).reshape(N, -1).sum(1).numpy()


def check_node_attributions(case):
    clean, corrupted = case.h(), case.h(case.donors)
    sites = sites_of(case)
    found = node_attributions(
        case.model, case.inputs, {case.where: clean}, {case.where: corrupted}, sites, METRIC, points=3
    )
    total = torch.zeros_like(clean)
    for share in (1 / 6, 3 / 6, 5 / 6):
        point = (corrupted + share * (clean - corrupted)).requires_grad_()
        logits = case.plain(lambda _, point=point: point)[1]
        total += torch.autograd.grad((logits[:, 0] - logits[:, 2]).sum(), point)[0] / 3
    products = total * (clean - corrupted)
    for unit, estimate in enumerate(found):
        yield estimate, products.select(case.axis, unit).reshape(N, -1).sum(1).numpy()


def check_tracing(case):
    sites = [whole(case.where), sites_of(case)[UNIT]]
    found = causal_tracing(
        case.model, case.inputs, case.where, sites, METRIC, np.random.default_rng(0), draws=1, noise=2.0
    )
    scale = 2 * case.h().std().item()
    noise = torch.from_numpy(
        scale * np.random.default_rng(0).standard_normal(case.h().shape, dtype=np.float32)
    ).double()
    noised = case.answer(lambda h: h + noise)
    intact = case.answer()
    one = case.answer(lambda h: case.units(h + noise, [UNIT], h.narrow(case.axis, UNIT, 1)))
    pairs = zip((found.clean, found.noised, *found.restored), (intact, noised, intact, one), strict=True)
    for values, logits in pairs:
        yield values, logits[:, 0] - logits[:, 2]


def check_losses(case):
    yield losses(case.model, case.where, case.inputs, LABELS, chunk=4), cross_entropy(case.answer())
    halved = losses(case.model, case.where, case.inputs, LABELS, lambda rows: rows / 2, chunk=4)
    yield halved, cross_entropy(case.answer(lambda h: h / 2))
    d = case.h().shape[case.axis]
    identity = Autoencoder(torch.eye(d), torch.zeros(d), torch.eye(d), torch.zeros(d))
    rise, along = effect(case.model, case.where, identity, case.inputs, LABELS, UNIT, [torch.eye(d)[0]])
    silent = case.answer(lambda h: case.units(h, [UNIT], h.narrow(case.axis, UNIT, 1).clamp(max=0)))
    yield rise, (cross_entropy(silent) - cross_entropy(case.answer())).mean()


def check_gradients_of_a_layer(case):
    f, h = from_layer(case.model, case.where, case.inputs), case.h()
    baseline = torch.zeros_like(h)
    found = integrated_gradients(f, h, TARGETS, baseline, points=2)
    total = torch.zeros_like(h)
    for node in (0.5 - 3**-0.5 / 2, 0.5 + 3**-0.5 / 2):
        point = (node * h).requires_grad_()
        picked = case.plain(lambda _, point=point: point)[1].gather(1, TARGETS[:, None]).sum()
        total += torch.autograd.grad(picked, point)[0] / 2
    yield found.numpy(), (total * h).numpy()
    gap = found.flatten(1).sum(1).numpy() - (case.answer() - case.answer(torch.zeros_like))[np.arange(N), LABELS]
    yield completeness_gap(found, f, h, TARGETS, baseline).numpy(), gap


def plain_gradient(case):
    x = case.inputs.clone().requires_grad_()
    picked = case.plain(inputs=x)[1].gather(1, TARGETS[:, None]).sum()
    return torch.autograd.grad(picked, x)[0]


def check_saliency(case):
    yield saliency(case.model, case.inputs, TARGETS).numpy(), plain_gradient(case).abs().numpy()


def check_relevance(case):
    # Without a stabiliser, and biases keeping their share, it is gradient times input in a network of ReLU (Ancona 2018).
    yield (
        relevance(case.model, case.inputs, TARGETS, epsilon_rule(0.0)).numpy(),
        (plain_gradient(case) * case.inputs).numpy(),
    )


def check_grad_cam(case):
    found = grad_cam(case.model, case.where, case.inputs, TARGETS)
    h = case.h().requires_grad_()
    picked = case.plain(lambda _: h)[1].gather(1, TARGETS[:, None]).sum()
    weights = torch.autograd.grad(picked, h)[0].mean((2, 3))
    yield (
        found.numpy(),
        sum(weights[:, k, None, None] * h[:, k].detach() for k in range(h.shape[1])).clamp(min=0).numpy(),
    )


def check_removal(case):
    if isinstance(case.inputs, tuple):
        removal_curve(case.model, case.inputs, torch.zeros(1), np.zeros((N, 1)), TARGETS, np.random.default_rng(0))
    ranking = torch.arange(case.inputs[0].numel(), dtype=torch.float64).view(1, *case.inputs.shape[1:]).numpy()
    ranking = np.repeat(ranking, N, axis=0)
    none = torch.full((1,), 0 if case.inputs.is_floating_point() else 11, dtype=case.inputs.dtype)
    found = removal_curve(case.model, case.inputs, none, ranking, TARGETS, np.random.default_rng(0), levels=1)
    empty = case.answer(inputs=none.expand_as(case.inputs))
    yield found, np.stack([each[np.arange(N), LABELS] for each in (case.answer(), empty)], 1)
    groups = (torch.arange(case.inputs[0].numel()) % 2).view(case.inputs.shape[1:])
    background = none.expand(1, *case.inputs.shape[1:])
    worth = exact_shapley(masking_game(case.model, case.inputs, TARGETS, groups, background), 2)
    yield worth.sum(0), (case.answer() - empty)[np.arange(N), LABELS]


def check_maps(case):
    """All maps at once: gradient times input and integrated gradients among them."""
    case_ = case_of(case.model, case.inputs, TARGETS, case.donors, None)
    found = attributions(case_, 2)
    if case.inputs.is_floating_point():
        product = plain_gradient(case) * case.inputs
        yield found["gradient_x_input"], (product.sum(1) if product.ndim == 4 else product).numpy()
    else:
        assert np.isnan(found["saliency"]).tolist() == (case.inputs == 0).tolist()


def check_reinitialised(case):
    path = address(case.where).path
    if not any(True for _ in find(case.model, path).parameters()):
        path = case.last
    drawn = reinitialised(case.model, [path], 3)
    prefix = "model." * isinstance(case.model, Answering) + path
    for (name, old), (_, new) in zip(case.model.named_parameters(), drawn.named_parameters(), strict=True):
        # Zeros and ones are drawn as zeros and ones.
        constant = "norm" in name or "bn" in name or name.endswith(("in_proj_bias", "out_proj.bias"))
        if not (constant and name.startswith(prefix)):
            assert torch.equal(old, new) != name.startswith(prefix), name
    yield from ()


def check_subject(case):
    steps = {0: inner(case.model).state_dict(), 1: inner(case.model).state_dict()}
    subject = Subject(case.model, steps, case.inputs, TARGETS, 3, layers=[case.where, case.last], chunk=4)
    yield subject.logits(1), case.answer()
    places = [axis for axis in range(1, case.h().ndim) if axis != case.axis]
    yield subject.examples(1)[case.where], (case.h().mean(places) if places else case.h()).numpy()
    rows = case.h().flatten(0, 1).numpy() if case.axis == 2 else subject.examples(1)[case.where]
    yield subject.representations(1)[case.where], rows


CHECKS = {name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")}

ONE_INPUT = "one input of floating-point numbers|maps are of one input"
REFUSED = {
    ("encoder", "saliency"): ONE_INPUT,
    ("encoder", "relevance"): "no rule for LayerNorm, MultiheadAttention, TransformerEncoder",
    ("encoder", "maps"): r"has 2 embeddings, embed, place: say which",
    ("two inputs", "saliency"): ONE_INPUT,
    ("two inputs", "relevance"): ONE_INPUT,
    ("two inputs", "removal"): ONE_INPUT,
    ("two inputs", "maps"): ONE_INPUT,
    ("resnet", "relevance"): "no rule for BatchNorm2d, SiLU",
    ("attention by hand", "relevance"): "no rule for HandWritten, SiLU",
    ("gru", "relevance"): "no rule for GRU",
    ("u-net", "relevance"): "no rule for Upsample",
    ("experts", "relevance"): "no rule for a forward function of Experts",
    ("tied weights", "saliency"): ONE_INPUT,
    ("tied weights", "relevance"): "no rule for LSTM",
    ("parametrised", "relevance"): "no rule for ParametrizationList",
    ("class token", "relevance"): "no rule for LayerNorm",
    **{
        (name, "grad_cam"): r"needs a layer of channels|one input of"
        for name in MODELS
        if name not in ("cnn", "resnet", "u-net")
    },
}


@pytest.mark.parametrize("function", CHECKS)
@pytest.mark.parametrize("name", MODELS)
def test_every_function_is_right_on_every_model_or_says_why_not(name, function):
    case = MODELS[name]()
    if (name, function) in REFUSED:
        with pytest.raises(StudyError, match=REFUSED[name, function]):
            list(CHECKS[function](case))
        return
    state = {key: value.clone() for key, value in case.model.state_dict().items()}
    inputs = rows_of(case.inputs, np.arange(count(case.inputs)))
    for found, expected in CHECKS[function](case):
        np.testing.assert_allclose(found, expected, atol=1e-10, rtol=1e-8)
    # Nothing is left behind: weights, inputs, hooks, forwards, torch's own setting.
    assert all(torch.equal(value, state[key]) for key, value in case.model.state_dict().items())
    pairs = zip(*(x if isinstance(x, tuple) else (x,) for x in (inputs, case.inputs)), strict=True)
    assert all(torch.equal(old, new) for old, new in pairs)
    assert not any("forward" in vars(module) or module._forward_hooks for module in case.model.modules())
    assert torch.backends.mha.get_fastpath_enabled()
