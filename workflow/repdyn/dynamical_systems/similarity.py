"""How alike two systems move, whatever the coordinates: the distance of their linear maps up to a rotation."""

import numpy as np
import torch

from repdyn.dynamical_systems.modes import hankel, linear_map
from repdyn.errors import StudyError
from repdyn.training.adam import Adam

RESTARTS = 16  # half of them with a reflection
UPDATES = 300
RATE = 0.1


def dynamics_matrix(series: np.ndarray, delays: int, rank: int) -> np.ndarray:
    """The linear map (rank, rank) of the leading delay coordinates of a series (T, d) or (trials, T, d)."""
    return linear_map(*hankel(series, delays), rank)[0]


def dynamical_distance(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> float:
    """Least |A - C B C'| over orthogonal C, over sqrt(|A|^2 + |B|^2), of two maps (k, k): 0 for equal dynamics, at most 1.

    Dynamical similarity analysis (Ostrow et al. 2023, NeurIPS), Frobenius norms. C = C0 exp(skew), by Adam from RESTARTS
    drawn C0 of both orientations: an upper bound of the least. Of normal maps the least is the distance of their
    eigenvalues, best matched (Hoffman & Wielandt 1953). StudyError for maps that are not square, finite and of one size.
    """
    a, b = (np.asarray(each, dtype=np.float64) for each in (first, second))
    if a.ndim != 2 or a.shape != a.T.shape or a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise StudyError(f"two finite square matrices of one size are compared, found {a.shape} and {b.shape}")
    scale = np.sqrt((a**2).sum() + (b**2).sum())
    if not scale:
        return 0.0
    k = len(a)
    turns = np.linalg.qr(rng.standard_normal((RESTARTS, k, k)))[0]
    turns[:, :, 0] *= (np.linalg.det(turns) * np.where(np.arange(RESTARTS) % 2, 1, -1))[:, None]
    start, a_t, b_t = (torch.from_numpy(each) for each in (turns, a / scale, b / scale))
    angles = torch.nn.Parameter(torch.zeros(RESTARTS, k, k, dtype=torch.float64))
    optimizer = Adam([angles], RATE)
    least = np.inf
    with torch.enable_grad():
        for update in range(UPDATES):
            optimizer.zero_grad()
            c = start @ torch.matrix_exp(angles - angles.mT)
            squares = ((a_t - c @ b_t @ c.mT) ** 2).sum((1, 2))
            squares.sum().backward()
            least = min(least, float(squares.detach().min()))
            optimizer.learning_rate = RATE * (1 - update / UPDATES)
            optimizer.step()
    return float(np.sqrt(least))
