"""Cells, synapses and networks with constraints from biology, each beside what it is like without."""

import copy

import numpy as np
import pandas as pd
import torch

from repdyn.biophysics.competition import compete
from repdyn.biophysics.constraints import (
    UPDATES,
    Split,
    accuracy,
    best_fit,
    fit,
    networks,
    recurrent_network,
    right,
    small_digits,
)
from repdyn.biophysics.plasticity import SONG
from repdyn.biophysics.spectral_prior import CONDITIONS, predicted
from repdyn.biophysics.spectral_prior import UPDATES as PRIOR_UPDATES
from repdyn.biophysics.spiking import reordered
from repdyn.circuits.signs import diagram, edges
from repdyn.measures.table import combine, entry
from repdyn.seeds import derive
from repdyn.toolkit.biophysics.cells import cells
from repdyn.toolkit.biophysics.edges import RECURRENT

# Four times as fast as that of Song et al., so that 40 s are enough.
FASTER = SONG._replace(growth=4 * SONG.growth, shrinking=4 * SONG.shrinking)
HEARD, SECONDS, TOGETHER = 15.0, 40, 0.5  # Hz; how far half of the synapses go up and down together
RATE = 1e-2  # of the recurrent network under Dale's law


def measure(seed: int) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """What one seed gives; cells, which draw nothing, with seed 0. Steps are updates of a network, 0 for cells and synapses.

    "Free": a perceptron of 100 ReLU units that learns digits. "Spiking": the same of cells that fire. "Dale": the same whose
    units and pixels each send weights of one sign. All three have as many parameters, the same batches and updates, and the
    learning rate, of four, that does best on a validation split. "Recurrent": 100 ReLU units under Dale's law that read
    digits row by row. "None", "spectral", "norm": a recurrent network that
    predicts a series of sines and 1/f noise, without a penalty, with one that draws the spectrum of its states to 1/f, or
    with one on their size; the gradients of both penalties are equally long at every update.

    - cell_rate [Hz] (unit: current): of an integrate-and-fire cell and of Hodgkin and Huxley's axon.
    - step_error [%] (unit: step size): rate of Izhikevich's cells, one layer per kind, with steps of .5, .25 and .1 ms,
      above that with .02 ms. Source: Izhikevich 2003.
    - irregularity [ratio]: standard deviation over mean of the intervals between spikes, one layer per kind of cell.
    - favoured [share of the strongest]: mean weight of synapses that are active together, less that of the others, after
      SECONDS s under the pair rule. Null: a cell that fires as often, whatever comes in. Source: Song, Miller & Abbott 2000.
    - accuracy [share]: of held-out digits, one layer per network. Null: the same network before training.
    - learning_rate [per update]: the one that did best, one layer per network.
    - spikes [share]: of cells that fire in a step, held-out digits. Null: before training.
    - silent [share]: of cells that fire for no held-out digit. Null: before training.
    - reordered_accuracy [share]: with every cell's spikes at random times, as many as before.
    - one_sign [share]: of units and pixels all of whose weights have one sign, under Dale's law. Null: the free network.
    - edge [weight] (unit: from and to exciting, inhibiting cells): median weight between two populations after training
      under Dale's law, one layer per matrix of weights; self-connections left out. Null: signs in random order.
    - edge_before [weight] (unit: from and to exciting, inhibiting cells): the same before training.
    - error [squared]: of the next point, held-out series, one layer per penalty. Null: the answer "as now".
    - states_exponent [1]: beta of the spectrum of the states, f^-beta, one layer per penalty; the spectral one asks for 1.
    """
    entries, maps = cells() if seed == 0 else ([], {})
    for part in (_synapses, _networks, _prior):
        more, arrays = part(seed)
        entries += more
        maps |= arrays
    return combine(entries), maps


def _synapses(seed: int) -> tuple[list, dict]:
    def run(unheard=None):
        rng = np.random.default_rng(derive("biophysics", seed, "synapses"))
        return compete(HEARD, SECONDS, rng, FASTER, TOGETHER, unheard)

    def favoured(weights):
        first, others = np.split(weights, 2)
        return first.mean() - others.mean()

    heard = run()
    null = run(max(heard.rates[-10:].mean(), 1.0))
    maps = {"synapses": heard.weights, "synapses_null": null.weights}
    return [entry(0, "", "favoured", favoured(heard.weights), favoured(null.weights))], maps


def _networks(seed: int) -> tuple[list, dict]:
    data = small_digits(seed)
    test = data["test"]
    before = networks(test.inputs.shape[1], 10, seed)
    entries, after = [], {}
    for name, network in before.items():
        after[name], rate = best_fit(network, data, seed)
        entries.append(entry(UPDATES, name, "accuracy", accuracy(after[name], test), accuracy(network, test)))
        entries.append(entry(UPDATES, name, "learning_rate", rate))
    with torch.no_grad():
        course, untrained = (each["spiking"].course(test.inputs) for each in (after, before))
    shares = [
        (each.spikes.mean().item(), (each.spikes.sum((0, 1)) == 0).float().mean().item())
        for each in (course, untrained)
    ]
    for quantity, value, null in zip(("spikes", "silent"), *shares, strict=True):
        entries.append(entry(UPDATES, "spiking", quantity, value, null))
    draws = torch.Generator().manual_seed(derive("biophysics", seed, "other times"))
    mixed = right(reordered(after["spiking"], course.spikes, draws), test.labels)
    entries.append(entry(UPDATES, "spiking", "reordered_accuracy", mixed))
    lawful, free = (_one_sign(after[name]) for name in ("dale", "free"))
    entries.append(entry(UPDATES, "dale", "one_sign", lawful, free))
    entries += _circuits(seed, data, before["dale"], after["dale"])
    maps = {
        "by_time": np.array([right(answers, test.labels) for answers in course.answers.cumsum(0)]),
        "raster": course.spikes[:, 0].numpy().astype(np.uint8),
        "signed": after["dale"][2].weight.detach().numpy(),
    }
    return entries, maps


def _one_sign(network: torch.nn.Sequential) -> float:
    """Share of the columns of both layers whose weights have one sign."""
    columns = [np.sign(network[layer].weight.detach().numpy()) for layer in (0, 2)]
    return float(np.concatenate([np.abs(signs.sum(0)) == len(signs) for signs in columns]).mean())


def _circuits(seed: int, data: dict[str, Split], untrained: torch.nn.Module, perceptron: torch.nn.Module) -> list:
    """Edges between cells that excite and that inhibit: of the perceptron under Dale's law, and of a recurrent network."""
    rng = np.random.default_rng(derive("biophysics", seed, "circuits"))
    before = recurrent_network(8, 8, 10, seed)
    after = copy.deepcopy(before)
    fit(after, data["train"], seed, RATE)
    right = [accuracy(each, data["test"]) for each in (after, before)]
    entries = [entry(UPDATES, RECURRENT, "accuracy", *right)]
    found = {RECURRENT: [diagram(_weights(each.recurrent), rng) for each in (after, before)]}
    # Of pixels and units what they send says who is who; answers send nothing.
    kinds = [(perceptron[layer].signs.numpy() < 0).astype(int) for layer in (0, 2)]
    for name, layer, to in (("pixels to units", 0, kinds[1]), ("units to answers", 2, np.zeros(10, dtype=int))):
        pair = perceptron[layer], untrained[layer]
        found[name] = [edges(_weights(each), to, kinds[layer // 2], rng) for each in pair]
    for layer, (now, then) in found.items():
        entries.append(entry(UPDATES, layer, "edge", *(each.ravel() for each in now[:3])))
        entries.append(entry(UPDATES, layer, "edge_before", then.median.ravel()))
    return entries


def _weights(layer: torch.nn.Module) -> np.ndarray:
    return layer.weight.detach().double().numpy()


def _prior(seed: int) -> tuple[list, dict]:
    entries = []
    for condition in CONDITIONS:
        fit = predicted(condition, seed)
        entries.append(entry(PRIOR_UPDATES, condition, "error", fit.error, fit.still))
        entries.append(entry(PRIOR_UPDATES, condition, "states_exponent", fit.exponent))
    return entries, {}
