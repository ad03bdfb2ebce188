"""A network that learns a table by heart and only much later the rule behind it: addition modulo a prime (Power 2022)."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from repdyn.errors import StudyError
from repdyn.organisms.tasks import Batch, Task, constant, cross_entropy_of, initialise, share_right
from repdyn.organisms.training import train_steps
from repdyn.seeds import derive
from repdyn.training.adam import Adam
from repdyn.training.loop import Recipe

PRIME = 53
EMBEDDED, HIDDEN = 64, 128  # units
RATE = 1e-2
EVERY = 25  # updates between measurements
TOP = 5  # frequencies


class AdditionNetwork(nn.Module):
    """Both numbers embedded alike, side by side, then one hidden ReLU layer: pairs (n, 2) to logits (n, prime).

    Of a sum of embeddings a + b would be known from b + a.
    """

    embedding: nn.Parameter
    hidden: nn.Parameter
    readout: nn.Parameter

    def __init__(self, prime: int):
        super().__init__()
        parts = {
            "embedding": (prime, EMBEDDED, 1.0),
            "hidden": (2 * EMBEDDED, HIDDEN, (2 * EMBEDDED) ** -0.5),
            "readout": (HIDDEN, prime, HIDDEN**-0.5),
        }
        for name, (rows, columns, scale) in parts.items():
            self.register_parameter(name, nn.Parameter(torch.randn(rows, columns) * scale))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.observed(inputs)[1]

    def observed(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The hidden layer (n, HIDDEN), and the outputs."""
        states = torch.relu(self.embedding[inputs].flatten(1) @ self.hidden)
        return states, states @ self.readout


class Course(NamedTuple):
    """steps (k,) of the measurements; training, test (k,): accuracy on the pairs that are learnt and on the others;
    frequencies (k,): `frequency_share` of the embedding."""

    steps: np.ndarray
    training: np.ndarray
    test: np.ndarray
    frequencies: np.ndarray


def addition(key: tuple, prime: int = PRIME, share: float = 0.5, shuffled: bool = False) -> Task:
    """a + b modulo a prime, from a share of all pairs, all of them in every update where a batch is as large.

    Which pairs are learnt is drawn from the key, and where the answers are shuffled over the table, which answer is whose:
    then there is no rule. StudyError for a prime below 5, or a share that leaves nothing to learn or to ask.
    """
    if prime < 5 or any(prime % i == 0 for i in range(2, prime)) or not 0 < share < 1:
        raise StudyError(f"a prime of 5 or more and a share between 0 and 1 are needed, found {prime} and {share}")
    rng = np.random.default_rng(derive(*key, "table"))
    pairs = np.stack(np.divmod(np.arange(prime**2), prime), 1)
    answers = pairs.sum(1) % prime
    if shuffled:
        answers = rng.permutation(answers)
    order = rng.permutation(len(pairs))
    parts = np.split(order, [int(share * len(order))])
    learnt, held_out = (Batch(torch.from_numpy(pairs[part]), torch.from_numpy(answers[part])) for part in parts)

    def draw(n: int, rng: np.random.Generator) -> Batch:
        if n >= len(learnt.inputs):
            return learnt
        rows = torch.from_numpy(rng.choice(len(learnt.inputs), n, replace=False))
        return Batch(learnt.inputs[rows], learnt.targets[rows])

    optimum = "no rule" if shuffled else "the sum, by rotations of few frequencies"
    return Task(
        lambda: AdditionNetwork(prime), draw, held_out, cross_entropy_of, share_right, constant, optimum, learnt
    )


def modular_addition(
    prime: int, decay: float, seed: int, updates: int = 1000, share: float = 0.5, shuffled: bool = False
) -> Course:
    """How a network learns a + b modulo a prime from a share of all pairs, all of them in every update.

    AdamW with this decay of the weights. Without decay, or with the answers shuffled over the table, it learns by heart at
    most: the two nulls. StudyError as `addition`, and for a decay below 0 or no update.
    """
    if decay < 0 or updates < 1:
        raise StudyError(f"a decay of 0 or more and an update or more are needed, found {decay} and {updates}")
    key = ("addition", seed)
    task = addition(key, prime, share, shuffled)
    network = initialise(task, key)
    recipe = Recipe(key, updates, prime**2, RATE)
    found = []
    for step, _ in train_steps(network, Adam(network.parameters(), RATE), task, recipe, decay):
        if step % EVERY == 0 or step == updates:
            with torch.no_grad():
                batches = [batch for batch in (task.learnt, task.held_out) if batch]
                right = [task.accuracy(network(batch.inputs), batch) for batch in batches]
            found.append((step, *right, frequency_share(network.embedding.detach().numpy())))
    return Course(*(np.array(column) for column in zip(*found, strict=True)))


def frequency_share(embedding: np.ndarray) -> float:
    """Share of the TOP frequencies in the power of an embedding (p, d) along the numbers, the constant left out.

    A network that has the rule adds on circles and needs few of the (p - 1) / 2 frequencies (Nanda 2023, section 4).
    """
    embedding = np.asarray(embedding, dtype=np.float64)
    if embedding.ndim != 2 or len(embedding) < 2 * TOP + 3:
        raise StudyError(f"an embedding (p, d) of {2 * TOP + 3} numbers or more is needed, found {embedding.shape}")
    power = (np.abs(np.fft.rfft(embedding, axis=0)[1:]) ** 2).sum(1)
    if not power.sum() > 1e-20 * (embedding**2).sum():
        raise StudyError("an embedding that does not vary has no frequencies")
    return float(np.sort(power)[-TOP:].sum() / power.sum())


def first_step(steps: np.ndarray, accuracies: np.ndarray, level: float = 0.9) -> float:
    """The first of steps (k,) with an accuracy of the level or more; NaN where there is none."""
    there = np.flatnonzero(np.asarray(accuracies) >= level)
    return float(steps[there[0]]) if len(there) else float("nan")
