"""A network that learns a table by heart and only much later the rule behind it: addition modulo a prime (Power 2022)."""

from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from repdyn.errors import StudyError
from repdyn.training.adam import Adam

EMBEDDED, HIDDEN = 64, 128  # units
RATE = 1e-2
EVERY = 25  # updates between measurements
TOP = 5  # frequencies


class Course(NamedTuple):
    """steps (k,) of the measurements; training, test (k,): accuracy on the pairs that are learnt and on the others;
    frequencies (k,): `frequency_share` of the embedding."""

    steps: np.ndarray
    training: np.ndarray
    test: np.ndarray
    frequencies: np.ndarray


def modular_addition(
    prime: int, decay: float, seed: int, updates: int = 1000, share: float = 0.5, shuffled: bool = False
) -> Course:
    """How a network learns a + b modulo a prime from a share of all pairs, all of them in every update.

    Both numbers are embedded alike, side by side, then one hidden ReLU layer; AdamW with this decay of the weights. (Of a
    sum of embeddings a + b would be known from b + a.) Without decay, or with the answers shuffled over the table, it
    learns by heart at most: the two nulls. Numbers too small to be normal are taken for 0 meanwhile, which without decay
    saves most of the time. StudyError for a prime below 5, and settings that are none.
    """
    if prime < 5 or any(prime % i == 0 for i in range(2, prime)) or not 0 < share < 1 or decay < 0 or updates < 1:
        raise StudyError(
            f"a prime of 5 or more, a share between 0 and 1, and a decay of 0 or more are needed, found {prime}, {share},"
            f" {decay}"
        )
    random = torch.Generator().manual_seed(seed)
    pairs = torch.cartesian_prod(torch.arange(prime), torch.arange(prime))
    answers = pairs.sum(1) % prime
    if shuffled:
        answers = answers[torch.randperm(len(answers), generator=random)]
    order = torch.randperm(len(pairs), generator=random)
    fitted, unseen = order[: int(share * len(order))], order[int(share * len(order)) :]
    weights = [
        torch.nn.Parameter(torch.randn(rows, columns, generator=random) * scale)
        for rows, columns, scale in (
            (prime, EMBEDDED, 1.0), (2 * EMBEDDED, HIDDEN, (2 * EMBEDDED) ** -0.5), (HIDDEN, prime, HIDDEN**-0.5)
        )
    ]  # fmt: skip
    optimizer = Adam(weights, RATE)

    def logits(rows: torch.Tensor) -> torch.Tensor:
        return torch.relu(weights[0][pairs[rows]].flatten(1) @ weights[1]) @ weights[2]

    def right(rows: torch.Tensor) -> float:
        return float((logits(rows).argmax(1) == answers[rows]).float().mean())

    def measured(step: int) -> tuple[int, float, float, float]:
        with torch.no_grad():
            return step, right(fitted), right(unseen), frequency_share(weights[0].detach().numpy())

    found = [measured(0)]
    before = torch.set_flush_denormal(True)
    try:
        for update in range(1, updates + 1):
            with torch.enable_grad():
                optimizer.zero_grad()
                cross_entropy(logits(fitted), answers[fitted]).backward()
            with torch.no_grad():
                for weight in weights:
                    weight.mul_(1 - RATE * decay)
            optimizer.step()
            if update % EVERY == 0 or update == updates:
                found.append(measured(update))
    finally:
        if before:
            torch.set_flush_denormal(False)
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
