"""A recurrent network that learns to predict a sound, and what its states hold at each moment."""

import copy
from typing import NamedTuple

import numpy as np
import torch

from repdyn.recurrent.networks import RecurrentNetwork, initialise
from repdyn.seeds import derive
from repdyn.training.adam import Adam

UNITS, UPDATES, BATCH, HEARD, RATE = 32, 100, 16, 64, 5e-3  # HEARD: milliseconds of an example


class Listener(NamedTuple):
    """Of a network: states (sounds, n, UNITS), and error (sounds,) of the next sample as a share of the variance."""

    states: np.ndarray
    error: np.ndarray


def listeners(sounds: np.ndarray, key: tuple) -> tuple[Listener, Listener]:
    """A GRU before and after it learnt to predict the next sample of sounds (sounds, n) from those before.

    It learns from the sound alone: what is held out for cells, their spikes, it never sees.
    """
    scaled = (sounds - sounds.mean(1, keepdims=True)) / sounds.std(1, keepdims=True)
    heard = torch.from_numpy(scaled.astype(np.float32))
    untrained = initialise("gru", 1, UNITS, 1, key)
    network = copy.deepcopy(untrained)
    optimizer = Adam(network.parameters(), RATE)
    rng = np.random.default_rng(derive(*key, "examples"))
    for _ in range(UPDATES):
        which, start = rng.integers(len(heard), size=BATCH), rng.integers(heard.shape[1] - HEARD, size=BATCH)
        error = _errors(network, torch.stack([heard[i, s : s + HEARD + 1] for i, s in zip(which, start, strict=True)]))
        optimizer.zero_grad()
        error.mean().backward()
        optimizer.step()
    return _listening(untrained, heard), _listening(network, heard)


def _errors(network: RecurrentNetwork, sounds: torch.Tensor) -> torch.Tensor:
    return (network(sounds[:, :-1, None])[..., 0] - sounds[:, 1:]).square().mean(1)


@torch.no_grad()
def _listening(network: RecurrentNetwork, heard: torch.Tensor) -> Listener:
    states = network.cell(heard[..., None])[0]
    errors = (network.readout(states)[:, :-1, 0] - heard[:, 1:]).square().mean(1)
    return Listener(states.double().numpy(), errors.double().numpy())
