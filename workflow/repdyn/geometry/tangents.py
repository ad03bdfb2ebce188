"""Tangent planes and local dimension by principal component analysis of neighbourhoods.

A neighbourhood is (s, d): a point, then its nearest neighbours. Functions take c of them at once, (c, s, d).
"""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError

# Share of the largest local variance up to which a direction counts as noise (Fukunaga & Olsen 1971).
FLOOR = 0.05
# Share of the largest local variance up to which a direction is rounding, and spans no plane.
ROUNDING = 1e-14


class Local(NamedTuple):
    """Principal components of c neighbourhoods: variance (c, min(s, d)), largest first, and tangents (c, d, m)."""

    variance: np.ndarray
    tangents: np.ndarray


def local_components(neighbourhoods: np.ndarray, m: int) -> Local:
    """Variances of (c, s, d) about the mean of each neighbourhood, and its m leading directions as orthonormal columns.

    Tangents are NaN where fewer than m directions have variance. Raises StudyError unless 1 <= m < s and m <= d.
    """
    if neighbourhoods.ndim != 3:
        raise StudyError(f"neighbourhoods are (c, s, d), found shape {neighbourhoods.shape}")
    _, s, d = neighbourhoods.shape
    if not 1 <= m <= min(s - 1, d):
        raise StudyError(f"{s} points in {d} dimensions span 1 to {min(s - 1, d)} tangents, not {m}")
    x = neighbourhoods - neighbourhoods.mean(1, keepdims=True)
    if d <= s:
        variance, vectors = np.linalg.eigh(x.transpose(0, 2, 1) @ x)
        tangents = vectors[:, :, ::-1][:, :, :m]
    else:
        variance, vectors = np.linalg.eigh(x @ x.transpose(0, 2, 1))
        leading = np.maximum(variance[:, ::-1][:, :m], np.finfo(float).tiny)
        tangents = x.transpose(0, 2, 1) @ vectors[:, :, ::-1][:, :, :m] / np.sqrt(leading)[:, None]
    variance = np.maximum(variance[:, ::-1], 0) / (s - 1)
    flat = variance[:, m - 1] <= ROUNDING * variance[:, 0]
    return Local(variance, np.where(flat[:, None, None], np.nan, tangents))


def local_dimension(variance: np.ndarray, floor: float = FLOOR) -> np.ndarray:
    """Local variances (c, r), largest first, above the noise floor, as numbers of directions (c,).

    floor: share of the largest variance. Noise of standard deviation s around a disc of radius r stays below it up to about
    (s / r)^2 < floor / 4, and is counted as dimensions beyond. NaN where a neighbourhood has no variance.
    """
    if not 0 < floor < 1:
        raise StudyError(f"the noise floor is a share of the largest variance, between 0 and 1, found {floor}")
    counted = (variance > floor * variance[:, :1]).sum(1).astype(np.float64)
    return np.where(variance[:, 0] > 0, counted, np.nan)


def principal_angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Principal angles between planes with orthonormal columns, (c, d, m) twice: (c, m), radians, smallest first.

    From cosines and sines together, so that small angles keep their digits (Bjorck & Golub 1973). NaN for planes of NaN.
    """
    if first.shape != second.shape or first.ndim != 3:
        raise StudyError(f"two sets of planes (c, d, m) are needed, found shapes {first.shape} and {second.shape}")
    known = np.isfinite(first).all((1, 2)) & np.isfinite(second).all((1, 2))
    angles = np.full((len(first), first.shape[2]), np.nan)
    u, v = first[known], second[known]
    across = u.transpose(0, 2, 1) @ v
    cosines = np.linalg.svd(across, compute_uv=False)
    sines = np.linalg.svd(v - u @ across, compute_uv=False)[:, ::-1]
    angles[known] = np.arctan2(sines, cosines)
    return angles
