"""Networks with and without a constraint taken from biology, with as many parameters, trained on the same batches."""

import copy
from typing import NamedTuple

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.functional import cross_entropy

from repdyn.biophysics.dale import SignedLinear, SignedRecurrent
from repdyn.biophysics.spiking import SpikingNetwork
from repdyn.datasets import SPLITS, generator
from repdyn.datasets.digits import stratified
from repdyn.errors import StudyError
from repdyn.seeds import derive
from repdyn.training.adam import Adam

HIDDEN = 100  # units
UPDATES, BATCH = 300, 64
RATES = (3e-3, 1e-2, 3e-2, 1e-1)  # of which each network has the one that does best on the validation split


class Split(NamedTuple):
    """inputs (n, features) float32, labels (n,) int64."""

    inputs: torch.Tensor
    labels: torch.Tensor


def small_digits(seed: int) -> dict[str, Split]:
    """The digits of scikit-learn, 8 x 8 pixels in [0, 1], stratified: 1,085 to "train", 256 to choose ("probe"), 456 to
    "test".
    """
    images, labels = load_digits(return_X_y=True)
    rows = stratified(generator(seed, "digits"), labels, dict(zip(SPLITS, (1085, 256, 456), strict=True)))
    images, labels = torch.from_numpy(images / 16.0).float(), torch.from_numpy(labels.astype(np.int64))
    return {split: Split(images[rows[split]], labels[rows[split]]) for split in SPLITS}


def networks(inputs: int, outputs: int, seed: int) -> dict[str, nn.Module]:
    """A perceptron with one hidden layer of HIDDEN units; the same of spiking cells; the same under Dale's law.

    By the names "free", "spiking", "dale"; all with as many parameters.
    """
    rng = np.random.default_rng(derive("biophysics", seed, "dale"))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive("biophysics", seed, "init"))
        return {
            "free": nn.Sequential(nn.Linear(inputs, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, outputs)),
            "spiking": SpikingNetwork(inputs, HIDDEN, outputs),
            "dale": nn.Sequential(SignedLinear(inputs, HIDDEN, rng), nn.ReLU(), SignedLinear(HIDDEN, outputs, rng)),
        }


def recurrent_network(rows: int, inputs: int, outputs: int, seed: int) -> SignedRecurrent:
    """HIDDEN cells under Dale's law that read an image row by row."""
    rng = np.random.default_rng(derive("biophysics", seed, "recurrent"))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive("biophysics", seed, "recurrent init"))
        return SignedRecurrent(rows, inputs, HIDDEN, outputs, rng)


def fit(network: nn.Module, data: Split, seed: int, rate: float, updates: int = UPDATES) -> None:
    """Train a network on batches that depend on the seed alone. StudyError where the loss is not finite."""
    optimizer = Adam(network.parameters(), rate)
    rng = np.random.default_rng(derive("biophysics", seed, "batches"))
    for step in range(updates):
        rows = torch.from_numpy(rng.integers(0, len(data.inputs), BATCH))
        optimizer.zero_grad()
        loss = cross_entropy(network(data.inputs[rows]), data.labels[rows])
        if not torch.isfinite(loss):
            raise StudyError(f"the loss is {loss.item()} at step {step}; a learning rate below {rate:g} is needed")
        loss.backward()
        optimizer.step()


def best_fit(network: nn.Module, data: dict[str, Split], seed: int) -> tuple[nn.Module, float]:
    """The network as trained with the one of RATES after which it is most often right on "probe", and that rate."""
    tried = []
    for rate in RATES:
        trained = copy.deepcopy(network)
        fit(trained, data["train"], seed, rate)
        tried.append((accuracy(trained, data["probe"]), -rate, trained))
    _, rate, trained = max(tried, key=lambda each: each[:2])
    return trained, -rate


def accuracy(network: nn.Module, data: Split) -> float:
    """Share of the examples whose label has the largest logit."""
    with torch.no_grad():
        return right(network(data.inputs), data.labels)


def right(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of the largest logits (n, classes) that are the label (n,)."""
    return float((logits.argmax(1) == labels).float().mean())
