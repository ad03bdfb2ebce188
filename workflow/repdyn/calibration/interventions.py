"""Interventions whose effect follows from the weights: ablation, do-responses, steering, patching, paths, circuits."""

import numpy as np
import torch
from torch import nn

from repdyn.calibration.attribution import linear
from repdyn.calibration.trial import Trial
from repdyn.interventions.ablation import effects
from repdyn.interventions.circuits import greedy_order, nested_circuits, node_attributions
from repdyn.interventions.dose_response import do_response, slopes
from repdyn.interventions.patching import activations, logit_difference, measured, patch_each, patched, sites_along
from repdyn.interventions.paths import path_patched
from repdyn.interventions.recovery import recovery
from repdyn.interventions.steering import random_directions, steered
from repdyn.interventions.tracing import causal_tracing
from repdyn.interventions.unit_sets import shapley

METRIC = logit_difference(0, 1)
ON_PATH, OFF_PATH = 2, 5  # units of the planted network's first layer


def reader(weight: np.ndarray) -> nn.Sequential:
    """A layer "0" that is its input, and a linear read-out."""
    return nn.Sequential(nn.Identity(), linear(weight))


def planted() -> nn.Sequential:
    """Layers "1" of eight and "3" of four units; the two outputs hear of ON_PATH alone, over the second unit of "3"."""
    first, second, last = nn.Linear(5, 8), nn.Linear(8, 4), nn.Linear(4, 2)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for layer in (first, second, last):
            layer.double()
            for parameter in layer.parameters():
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
        first.bias[:] = 3  # never silent
        second.weight[1] = 0
        second.weight[1, ON_PATH] = 2
        second.bias[1] = 3
        last.weight[:] = 0
        last.weight[:, 1] = torch.tensor([1.0, -1.0])
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)


def pairs(rng: np.random.Generator, n: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs whose answers differ: the clean and the corrupted ones."""
    return torch.from_numpy(0.5 * rng.standard_normal((n, 5)) + 0.7), torch.from_numpy(
        0.5 * rng.standard_normal((n, 5)) - 0.7
    )


def ablation(rng: np.random.Generator) -> Trial:
    model = reader(np.array([[1.0, 0], [0, 0]]))
    inputs = torch.tensor([[2.0, 2.0]] * 4, dtype=torch.float64)
    found = effects(model, inputs, np.zeros(4, dtype=int), "0", [[0], [1]], 0.0).loss
    return Trial(
        "a logit of 2 against 0 that one unit makes, unit at zero", "rise of the loss, nats",
        np.log(2) - np.log1p(np.exp(-2)), 1e-6, found[0].tolist(), "a unit that is not read", 0, 1e-9, found[1].tolist(),
    )  # fmt: skip


def units_that_share(rng: np.random.Generator) -> Trial:
    def worth(sets):
        # Units 0 and 1 back each other up: either is worth 1, both are.
        return np.array([float(bool({0, 1} & set(chosen))) for chosen in sets])

    found = shapley(worth, [0, 1, 2])
    return Trial(
        "two units that back each other up", "Shapley value of either", 0.5, 1e-12, found[:2].tolist(),
        "a unit that does nothing", 0, 1e-12, [found[2]],
    )  # fmt: skip


def dose_response(rng: np.random.Generator) -> Trial:
    weight = np.array([[1.5, 0], [-1, 0]])
    h, values = torch.from_numpy(rng.standard_normal((20, 2))), np.linspace(-2, 2, 5)
    found = [slopes(values, do_response(reader(weight), h, "0", unit, values))[:, 0] for unit in (0, 1)]
    return Trial(
        "a linear read-out of weight 1.5", "slope", 1.5, 1e-9, [found[0].mean()],
        "a unit that is not read", 0, 1e-9, [np.abs(found[1]).max()],
    )  # fmt: skip


def steering(rng: np.random.Generator) -> Trial:
    weight = np.zeros((2, 20))
    weight[0, 0] = 1
    h = rng.standard_normal((200, 20))
    push = np.eye(20)[0] * 3
    before, after, *random = steered(
        reader(weight), torch.from_numpy(h), "0", [push, *random_directions(h, (50, 50), 3.0, 200, rng)]
    )
    return Trial(
        "a push of 3 along the direction that is read", "rise of the logit", 3, 1e-6, [(after - before)[:, 0].mean()],
        "random directions of that length", 0, 0.2, [(each - before)[:, 0].mean() for each in random],
    )  # fmt: skip


def patching(rng: np.random.Generator) -> Trial:
    model, (clean, corrupted) = planted(), pairs(rng)
    start, end = (measured(METRIC, patched(model, each, [], {})) for each in (corrupted, clean))
    changed = patch_each(model, corrupted, clean, sites_along("1", (8,), 0), METRIC)
    found = recovery(changed, start, end, rng).value
    return Trial(
        "the one unit that carries the answer", "recovery R", 1, 1e-9, [found[ON_PATH]],
        "the other units", 0, 1e-9, [np.abs(np.delete(found, ON_PATH)).max()],
    )  # fmt: skip


def paths(rng: np.random.Generator) -> Trial:
    model, (clean, corrupted) = planted(), pairs(rng)
    start, end = (measured(METRIC, patched(model, each, [], {})) for each in (corrupted, clean))
    senders, receivers = sites_along("1", (8,), 0), sites_along("3", (4,), 0)

    def found(sender, receiver):
        changed = measured(METRIC, path_patched(model, corrupted, clean, [senders[sender]], [receivers[receiver]]))
        return recovery(changed[None], start, end, rng).value[0]

    return Trial(
        "the path that carries the answer", "recovery R", 1, 1e-9, [found(ON_PATH, 1)],
        "other paths", 0, 1e-9, [max(abs(found(*each)) for each in ((ON_PATH, 0), (OFF_PATH, 1), (OFF_PATH, 3)))],
    )  # fmt: skip


def circuits(rng: np.random.Generator) -> Trial:
    model, nodes = planted(), [*sites_along("1", (8,), 0), *sites_along("3", (4,), 0)]
    values = activations(model, pairs(rng)[1], ["1", "3"])
    order = greedy_order(model, pairs(rng)[0], values, nodes, METRIC)
    clean, corrupted = pairs(rng)
    values = activations(model, corrupted, ["1", "3"])

    def faithful(chosen):
        changed = nested_circuits(model, clean, values, nodes, chosen, [0, 2, len(nodes)], METRIC)
        return recovery(changed[1:2], changed[0], changed[2], rng).value[0]

    return Trial(
        "a planted circuit of two nodes, found on other pairs", "faithfulness of the first two nodes", 1, 1e-6,
        [faithful(order)], "nodes in random order without the first", 0, 1e-6,
        [faithful(np.r_[rng.permutation(order[1:]), order[0]]) for _ in range(10)],
    )  # fmt: skip


def attribution_patching(rng: np.random.Generator) -> Trial:
    model, (clean, corrupted) = planted(), pairs(rng)
    nodes = sites_along("1", (8,), 0)
    before, after = (activations(model, each, ["1"]) for each in (clean, corrupted))
    start, end = (measured(METRIC, patched(model, each, [], {})).mean() for each in (clean, corrupted))
    found = node_attributions(model, clean, before, after, nodes, METRIC).mean(1) / (start - end)
    return Trial(
        "the one unit that carries the answer", "estimated share of the effect", 1, 1e-3, [found[ON_PATH]],
        "the other units", 0, 1e-9, [np.abs(np.delete(found, ON_PATH)).max()],
    )  # fmt: skip


def tracing(rng: np.random.Generator) -> Trial:
    model, clean = reader(np.array([[1.0, 0, 0], [0, 0, 0]])), torch.from_numpy(rng.standard_normal((200, 3)) + 4)
    found = causal_tracing(model, clean, "0", sites_along("0", (3,), 0), METRIC, rng, draws=4)
    total = np.abs(found.clean - found.noised).mean()
    back = np.abs(found.restored - found.noised).mean(1) / total
    return Trial(
        "the one unit that is read, restored", "share of the effect of noise", 1, 1e-6, [back[0]],
        "the other units", 0, 1e-6, [back[1:].max()],
    )  # fmt: skip
