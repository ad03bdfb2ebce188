"""Curvature of a cloud of points from local quadratic fits, in any number of dimensions around it."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError
from repdyn.geometry.tangents import local_components

# Share of the largest singular value of the fit up to which another is 0.
UNDETERMINED = 1e-10


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
    return curvature_over(neighbourhoods, local_components(neighbourhoods, m).tangents)


def curvature_over(neighbourhoods: np.ndarray, tangents: np.ndarray) -> Curvature:
    """`curvature` of (c, s, d) with given planes, orthonormal columns (c, d, m), over which the surface may slope."""
    s, m = neighbourhoods.shape[1], tangents.shape[2]
    if s < coefficients(m):
        raise StudyError(f"a quadratic in {m} variables needs {coefficients(m)} points, found {s}")
    results = np.full((2, len(neighbourhoods)), np.nan)
    known = np.flatnonzero(np.isfinite(tangents).all((1, 2)))
    slope, bending, determined = _fitted(neighbourhoods[known], tangents[known])
    frame = tangents[known].transpose(0, 2, 1) + slope
    metric = np.linalg.inv(frame @ frame.transpose(0, 2, 1))
    form = bending - bending @ (frame.transpose(0, 2, 1) @ metric @ frame)[:, None]
    raised = np.einsum("cij,cjkd->cikd", metric, form)
    trace = np.einsum("ciid->cd", raised)
    values = np.linalg.norm(trace, axis=1) / m, (trace**2).sum(1) - np.einsum("cijd,cjid->c", raised, raised)
    results[:, known] = np.where(determined, values, np.nan)
    return Curvature(*results)


def _fitted(neighbourhoods: np.ndarray, tangents: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First (c, m, d) and second derivatives (c, m, m, d) of the surface over its plane at the first point."""
    m = tangents.shape[2]
    offsets = neighbourhoods - neighbourhoods[:, :1]
    u = offsets @ tangents
    rest = offsets - u @ tangents.transpose(0, 2, 1)
    size = np.sqrt((u**2).sum(2).max(1))[:, None, None]
    u = u / size
    first, second = np.triu_indices(m)
    # u_i u_j, halved on the diagonal: its coefficient is the second derivative.
    squares = u[:, :, first] * u[:, :, second] * np.where(first == second, 0.5, 1.0)
    design = np.concatenate([np.ones((*u.shape[:2], 1)), u, squares], axis=2)
    fit = np.linalg.pinv(design, rcond=UNDETERMINED) @ rest
    determined = np.linalg.matrix_rank(design, rtol=UNDETERMINED) == design.shape[2]
    bending = np.empty((len(u), m, m, rest.shape[2]))
    bending[:, first, second] = bending[:, second, first] = fit[:, m + 1 :] / size**2
    return fit[:, 1 : m + 1] / size, bending, determined
