"""Curvature of a cloud of points from local quadratic fits, in any number of dimensions around it."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError
from repdyn.geometry.tangents import local_components


class Curvature(NamedTuple):
    """At c points: length of the mean curvature vector (c,), 1 / length; scalar curvature (c,), 1 / length^2."""

    mean: np.ndarray
    scalar: np.ndarray


def coefficients(m: int) -> int:
    """Coefficients of a quadratic in m variables: the fewest points that a fit needs."""
    return (m + 1) * (m + 2) // 2


def curvature(neighbourhoods: np.ndarray, m: int) -> Curvature:
    """Curvature of an m-dimensional surface at the first point of each neighbourhood (c, s, d), the others around it.

    Coordinates along the m principal directions; the rest of every point, a vector, is fitted by a quadratic of these (the
    local quadratic fit of Cazals & Pouget 2005). Its slope gives the metric and its second derivatives, less their
    tangential part, the second fundamental form II (do Carmo, Riemannian Geometry, ch. 6), one vector for each pair of
    directions. mean: |trace II| / m, 1 / R for a sphere of any dimension, half the curvature of the circle for a cylinder.
    scalar: |trace II|^2 - |II|^2 (Gauss equation), twice the Gaussian curvature of a surface (m = 2) and 0 for a curve.
    NaN where the points do not determine the fit. Noise bends fits both ways: it raises `mean`, and needs a null. Raises
    StudyError for fewer than `coefficients(m)` points.
    """
    s = neighbourhoods.shape[1]
    if s < coefficients(m):
        raise StudyError(f"a quadratic in {m} variables needs {coefficients(m)} points, found {s}")
    tangents = local_components(neighbourhoods, m).tangents
    known = np.isfinite(tangents).all((1, 2))
    results = np.full((2, len(neighbourhoods)), np.nan)
    if known.any():
        results[:, known] = _at_first(neighbourhoods[known], tangents[known])
    return Curvature(*results)


def _at_first(neighbourhoods: np.ndarray, tangents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    m = tangents.shape[2]
    offsets = neighbourhoods - neighbourhoods[:, :1]
    u = offsets @ tangents
    size = np.sqrt((u**2).sum(2).max(1))[:, None, None]
    u = u / size
    rest = offsets / size - u @ tangents.transpose(0, 2, 1)
    first, second = np.triu_indices(m)
    # u_i u_j, halved on the diagonal: its coefficient is the second derivative.
    squares = u[:, :, first] * u[:, :, second] * np.where(first == second, 0.5, 1.0)
    design = np.concatenate([np.ones((*u.shape[:2], 1)), u, squares], axis=2)
    fit = np.linalg.pinv(design, rcond=1e-10) @ rest
    undetermined = np.linalg.matrix_rank(design, rtol=1e-10) < design.shape[2]
    slope, bending = fit[:, 1 : m + 1], fit[:, m + 1 :]
    frame = tangents.transpose(0, 2, 1) + slope
    metric = np.linalg.inv(frame @ frame.transpose(0, 2, 1))
    bending = bending - bending @ frame.transpose(0, 2, 1) @ metric @ frame
    form = np.empty((len(u), m, m, rest.shape[2]))
    form[:, first, second] = form[:, second, first] = bending
    raised = np.einsum("cij,cjkd->cikd", metric, form)
    trace = np.einsum("ciid->cd", raised)
    size = size[:, 0, 0]
    mean = np.linalg.norm(trace, axis=1) / m / size
    scalar = ((trace**2).sum(1) - np.einsum("cijd,cjid->c", raised, raised)) / size**2
    return np.where(undetermined, np.nan, mean), np.where(undetermined, np.nan, scalar)
