"""Causal abstraction: whether part of a layer plays the part of a variable of a simpler account of what a network does."""

from collections.abc import Callable

import numpy as np
import torch

from repdyn.errors import StudyError
from repdyn.training.adam import Adam

UPDATES = 300
RATE = 0.02

# From states of a layer (m, d) to answers (m, classes): the rest of the network.
Rest = Callable[[torch.Tensor], torch.Tensor]


def interchanged(bases: torch.Tensor, sources: torch.Tensor, subspace: torch.Tensor) -> torch.Tensor:
    """States of bases (m, d) whose part in the subspace (d, k), orthonormal columns, is that of sources (m, d)."""
    return bases + (sources - bases) @ subspace @ subspace.T


def interchange_accuracy(
    rest: Rest, bases: torch.Tensor, sources: torch.Tensor, expected: torch.Tensor, subspace: np.ndarray
) -> float:
    """Share of pairs (m,) on which the network answers as the account says it would (Geiger 2021, section 3).

    expected (m,): the class that the account gives when its variable has the value of the source and all else that of the
    base. 1: on these pairs the subspace is that variable. Pairs whose answer the interchange should not change prove
    little: see that there are others. StudyError for pairs and a subspace that do not fit.
    """
    _check(bases, sources, expected, subspace.shape)
    columns = torch.as_tensor(subspace, dtype=bases.dtype)
    if not torch.allclose(columns.T @ columns, torch.eye(columns.shape[1], dtype=bases.dtype), atol=1e-4):
        raise StudyError("the columns of a subspace must be orthonormal")
    with torch.no_grad():
        return float((rest(interchanged(bases, sources, columns)).argmax(1) == expected).double().mean())


def aligned_subspace(
    rest: Rest, bases: torch.Tensor, sources: torch.Tensor, expected: torch.Tensor, dimensions: int, seed: int
) -> np.ndarray:
    """The subspace (d, k) under whose interchange the answers are as expected, by descent of their cross-entropy.

    Distributed alignment search (Geiger 2024, arXiv:2303.02536). It finds what serves on its pairs, and with many
    dimensions may serve without being the variable: judge it on other pairs, and beside `random_subspace`. StudyError as
    for `interchange_accuracy`.
    """
    d = bases.shape[1]
    _check(bases, sources, expected, (d, dimensions))
    random = torch.Generator().manual_seed(seed)
    free = torch.nn.Parameter(torch.randn(d, dimensions, generator=random, dtype=bases.dtype))
    optimizer = Adam([free], RATE)
    with torch.enable_grad():
        for update in range(UPDATES):
            optimizer.zero_grad()
            answers = rest(interchanged(bases, sources, torch.linalg.qr(free)[0]))
            torch.nn.functional.cross_entropy(answers, expected).backward()
            optimizer.learning_rate = RATE * (1 - update / UPDATES)
            optimizer.step()
    return torch.linalg.qr(free.detach())[0].double().numpy()


def random_subspace(d: int, dimensions: int, rng: np.random.Generator) -> np.ndarray:
    """Orthonormal columns (d, k) of a subspace drawn at random."""
    return np.linalg.qr(rng.standard_normal((d, dimensions)))[0]


def _check(bases: torch.Tensor, sources: torch.Tensor, expected: torch.Tensor, shape: tuple[int, ...]) -> None:
    fits = bases.ndim == 2 and bases.shape == sources.shape and expected.shape == bases.shape[:1] and len(bases) > 0
    if not fits or len(shape) != 2 or shape[0] != bases.shape[1] or not 1 <= shape[1] <= shape[0]:
        raise StudyError(
            f"an interchange takes bases and sources (m, d), answers expected (m,) and a subspace (d, k), k <= d; found"
            f" {tuple(bases.shape)}, {tuple(sources.shape)}, {tuple(expected.shape)} and {tuple(shape)}"
        )
