"""Synapses and networks with constraints from biology whose answer is known."""

import numpy as np
import torch
from torch import nn

from repdyn.biophysics.competition import compete
from repdyn.biophysics.constraints import Split, accuracy, fit
from repdyn.biophysics.dale import INHIBITORY, STRONGER, SignedLinear, signed_weights, signs_of
from repdyn.biophysics.plasticity import SONG, PairRule, drift, efficacies, pair_changes, steady_efficacy
from repdyn.biophysics.spectral_prior import exponent
from repdyn.biophysics.spiking import DECAY, STEEPNESS, STEPS, SpikingNetwork, leaky_spikes, reordered
from repdyn.calibration.trial import Trial
from repdyn.fractals.noises import power_law_noise


def pair_of_spikes(rng: np.random.Generator) -> Trial:
    def change(delay):
        before, after = np.zeros((2, 100, 1), dtype=bool)
        before[20], after[20 + delay] = True, True
        return pair_changes(before, after, 1.0)[0]

    return Trial(
        "a spike 10 ms after one before the synapse", "change of the weight", SONG.growth * np.exp(-0.5), 1e-12,
        [change(10)], "two in the same step: no pair", 0, 0, [change(0)],
    )  # fmt: skip


def drift_of_weights(rng: np.random.Generator) -> Trial:
    def found(rule, seconds=4):
        before, after = (rng.random((seconds * 1000, 2000)) < 0.02 for _ in range(2))
        return pair_changes(before, after, 1.0, rule).mean() / seconds

    shrinking, even = PairRule(0.01, 0.03), PairRule(0.01, 0.01)
    truth = drift(20, 20, shrinking)
    return Trial(
        "independent cells of 20 Hz, shrinking three times as strong", "change of a weight per second", truth, 0.01,
        [found(shrinking)], "growth and shrinking alike", 0, 0.01, [found(even)],
    )  # fmt: skip


def short_term_plasticity(rng: np.random.Generator) -> Trial:
    return Trial(
        "a depressing synapse used at 20 Hz", "share released", float(steady_efficacy(20, 0.5, 800, 50)), 1e-9,
        [efficacies(np.arange(200) * 50.0, 0.5, 800, 50)[-1]],
        "used every 100 s: as if rested", 0.5, 1e-9, [efficacies(np.arange(3) * 1e5, 0.5, 800, 50)[-1]],
    )  # fmt: skip


def winning_synapses(rng: np.random.Generator) -> Trial:
    faster = SONG._replace(growth=4 * SONG.growth, shrinking=4 * SONG.shrinking)

    def stronger(unheard=None):
        weights = compete(15, 30, rng, faster, 0.5, unheard).weights
        first, others = np.split(weights, 2)
        return float((first[:, None] > others).mean())

    return Trial(
        "half of the synapses are active together", "how often one of them is the stronger of a pair", 1, 0.2, [stronger()],
        "a cell that fires whatever comes in", 0.5, 0.1, [stronger(100.0)],
    )  # fmt: skip


def gradient_through_spikes(rng: np.random.Generator) -> Trial:
    """Of the number of spikes on a steady input, beside the same sum by hand, forwards in time."""

    def ratio(value, seen):
        current = torch.tensor([value], requires_grad=True)
        (gradient,) = torch.autograd.grad(leaky_spikes((current * seen).expand(STEPS, 1)).sum(), current)
        v = slope = spike = total = 0.0
        for _ in range(STEPS):
            v, slope = DECAY * v + value - spike, DECAY * slope + 1
            spike = float(v > 1)
            total += slope / (1 + STEEPNESS * abs(v - 1)) ** 2
        return float(gradient) / total

    return Trial(
        "spikes of a cell under a steady input", "gradient over that by hand", 1, 1e-4,
        [ratio(value, 1.0) for value in (0.15, 0.3, 0.6)], "an input that is not read", 0, 0, [ratio(0.3, 0.0)],
    )  # fmt: skip


def learnt_by_spikes(rng: np.random.Generator) -> Trial:
    def found(mixed):
        labels = torch.from_numpy(rng.integers(0, 2, 900))
        x = torch.from_numpy(rng.standard_normal((900, 4))).float()
        x[:, 0] += 4 * labels
        shown = labels[torch.from_numpy(rng.permutation(900))] if mixed else labels
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(int(rng.integers(2**31)))
            network = SpikingNetwork(4, 16, 2)
        fit(network, Split(x[:300], shown[:300]), 0, 3e-2, 50)
        return accuracy(network, Split(x[300:], shown[300:]))

    return Trial(
        "two classes four deviations apart", "held-out accuracy", 0.977, 0.025, [found(False) for _ in range(3)],
        "labels in random order", 0.5, 0.08, [found(True) for _ in range(3)],
    )  # fmt: skip


def spikes_at_other_times(rng: np.random.Generator) -> Trial:
    """One hidden cell fires once, early or late, and the answer is its mean voltage; or it fires more often or less."""
    network = SpikingNetwork(1, 1, 1)
    with torch.no_grad():
        network.readout.weight.fill_(1.0)
        network.readout.bias.zero_()
    classes = torch.from_numpy(rng.integers(0, 2, 2000))
    draws = torch.Generator().manual_seed(int(rng.integers(2**31)))

    def told(spikes):
        answers = reordered(network, spikes, draws)[:, 0]
        return float(((answers > answers.median()).long() == classes).float().mean())

    early = torch.zeros(STEPS, 2000, 1)
    early[torch.where(classes == 1, 1, STEPS - 2), torch.arange(2000)] = 1
    often = (torch.arange(STEPS)[:, None] < torch.where(classes == 1, 20, 3)).float()[..., None]
    return Trial(
        "a cell that says by when it fires which of two classes it is", "right with its spikes at other times", 0.5, 0.05,
        [told(early)], "a cell that says it by how often it fires", 1, 0.02, [told(often)],
    )  # fmt: skip


def law_kept(rng: np.random.Generator) -> Trial:
    x = torch.from_numpy(rng.standard_normal((300, 20))).float()
    data = Split(x, (x.sum(1) > 0).long())

    def columns_of_one_sign(layer):
        fit(layer, data, 0, 3e-2, 100)
        signs = np.sign(layer.weight.detach().numpy())
        return float((np.abs(signs.sum(0)) == len(signs)).mean())

    free = nn.Linear(20, 10)
    with torch.no_grad():
        free.weight.copy_(torch.from_numpy(rng.standard_normal((10, 20))))
    return Trial(
        "a layer under Dale's law, after training", "cells that send one sign", 1, 0,
        [columns_of_one_sign(SignedLinear(20, 10, rng))],
        "a free layer", 0, 0.1, [columns_of_one_sign(free)],
    )  # fmt: skip


def outlying_eigenvalue(rng: np.random.Generator) -> Trial:
    n = 400

    def found(stronger):
        weights = signed_weights(n, signs_of(n), rng, 1 / n, stronger)
        return np.linalg.eigvals(weights).real.max()

    return Trial(
        "400 cells, a fifth inhibits as strongly as the others excite", "largest eigenvalue: the sum of a row",
        1 - 2 * INHIBITORY, 0.03, [found(1.0) for _ in range(3)],
        "inhibition four times as strong: none stands out of a disc of", STRONGER**0.5 / n**0.5, 0.03,
        [found(STRONGER) for _ in range(3)],
    )  # fmt: skip


def exponent_of_states(rng: np.random.Generator) -> Trial:
    def states(beta):
        values = [[power_law_noise(64, beta, rng) for _ in range(8)] for _ in range(64)]
        return exponent(torch.from_numpy(np.array(values)).transpose(1, 2))

    return Trial(
        "states of 1/f noise, 64 points", "exponent", 1, 0.06, [states(1.0) for _ in range(3)],
        "white states", 0, 0.06, [states(0.0) for _ in range(3)],
    )  # fmt: skip
