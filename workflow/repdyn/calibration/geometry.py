"""Geometry where it is known: spheres, circles, planes and points."""

import numpy as np

from repdyn.calibration.trial import Trial
from repdyn.geometry.capacity import capacity
from repdyn.geometry.curvature import curvature
from repdyn.geometry.dimension import maximum_likelihood_dimension, two_nearest_dimension
from repdyn.geometry.embedding import cluster_silhouette, trustworthiness
from repdyn.geometry.geodesics import geodesic_ratio, geodesics
from repdyn.geometry.mean_field import manifold_capacity, mean_field_capacity
from repdyn.geometry.neighbours import nearest
from repdyn.geometry.tangents import local_components, principal_angles

POINTS = 1000


def sphere(n: int, radius: float, d: int, rng: np.random.Generator) -> np.ndarray:
    """Points of a 2-sphere, turned into d dimensions."""
    x = rng.standard_normal((n, 3))
    return turned(radius * x / np.linalg.norm(x, axis=1, keepdims=True), d, rng)


def circle(n: int, radius: float) -> np.ndarray:
    angle = 2 * np.pi * np.arange(n) / n
    return radius * np.stack([np.cos(angle), np.sin(angle)], 1)


def turned(x: np.ndarray, d: int, rng: np.random.Generator) -> np.ndarray:
    return x @ np.linalg.qr(rng.standard_normal((d, d)))[0][: x.shape[1]]


def neighbourhoods(x: np.ndarray, k: int, centres: int) -> np.ndarray:
    near = nearest(x, k).index[:centres]
    return x[np.column_stack([np.arange(centres), near])]


def dimension_mle(rng: np.random.Generator) -> Trial:
    return _dimension(rng, lambda x: maximum_likelihood_dimension(nearest(x, 10).distance))


def dimension_twonn(rng: np.random.Generator) -> Trial:
    return _dimension(rng, lambda x: two_nearest_dimension(nearest(x, 2).distance))


def _dimension(rng, estimator) -> Trial:
    return Trial(
        f"a sphere's surface turned into 10 dimensions, {POINTS:,} points", "dimension", 2, 0.2,
        [estimator(sphere(POINTS, 1, 10, rng)) for _ in range(5)],
        "an isotropic Gaussian in 5 dimensions", 5, 0.5,
        [estimator(rng.standard_normal((POINTS, 5))) for _ in range(5)],
    )  # fmt: skip


def mean_curvature(rng: np.random.Generator) -> Trial:
    plane = turned(rng.uniform(-1, 1, (POINTS, 2)), 10, rng)
    return Trial(
        "a sphere of radius 2 in 10 dimensions, 4,000 points", "mean curvature", 0.5, 0.02,
        [np.median(curvature(neighbourhoods(sphere(4000, 2, 10, rng), 45, 80), 2).mean) for _ in range(3)],
        "a plane", 0, 1e-6, [np.median(curvature(neighbourhoods(plane, 45, 80), 2).mean)],
    )  # fmt: skip


def tangent_angle(rng: np.random.Generator) -> Trial:
    def angle(x, m):
        tangents = local_components(neighbourhoods(x, 6 * m, 200), m).tangents
        return principal_angles(tangents[:-5], tangents[5:]).mean()

    return Trial(
        "a circle of 200 points, tangents five points apart", "angle, radians", 5 * 2 * np.pi / 200, 1e-6,
        [angle(turned(circle(200, 3), 7, rng), 1)],
        "a plane", 0, 1e-5, [angle(turned(rng.uniform(-1, 1, (300, 2)), 7, rng), 2)],
    )  # fmt: skip


def geodesics_of_a_circle(rng: np.random.Generator) -> Trial:
    def ratio(x):
        sources = np.arange(0, len(x), 20)
        return geodesic_ratio(x, geodesics(nearest(x, 10), sources), sources)

    # Half of all arcs are longer than a quarter of the circle, whose arc over chord this is.
    return Trial(
        f"a circle of {POINTS:,} points", "geodesic over straight distance", np.pi / 2 / np.sqrt(2), 0.01,
        [ratio(turned(circle(POINTS, 1), 5, rng))],
        "a square without curvature", 1, 0.06, [ratio(rng.uniform(-1, 1, (POINTS, 2))) for _ in range(3)],
    )  # fmt: skip


def class_capacity(rng: np.random.Generator) -> Trial:
    def of(points, rows):
        return capacity(rng.standard_normal((points * rows, 60)), np.repeat(np.arange(points), rows), 100, rng).value

    return Trial(
        "20 random points, each a class", "classes per dimension", 2, 0.2, [of(20, 1) for _ in range(3)],
        "8 classes of 5 rows without structure", 2 / 5, 0.1, [of(8, 5) for _ in range(3)],
    )  # fmt: skip


def trust_in_a_picture(rng: np.random.Generator) -> Trial:
    x = rng.uniform(-1, 1, (300, 2))
    return Trial(
        "a plane in 5 dimensions, shown as it is", "trustworthiness", 1, 1e-9,
        [trustworthiness(turned(x, 5, rng), x, 10)],
        "the same plane, shown in random places", 0.5, 0.05,
        [trustworthiness(turned(x, 5, rng), rng.permutation(x), 10) for _ in range(3)],
    )  # fmt: skip


def silhouette(rng: np.random.Generator) -> Trial:
    def clusters(apart):
        places = apart * circle(4, 1)[np.arange(200) % 4]
        return cluster_silhouette(places + 0.01 * rng.standard_normal((200, 2)), 4, 0)

    return Trial(
        "four points far apart, blurred", "silhouette", 1, 0.03, [clusters(1.0) for _ in range(3)],
        "one blurred point", 0.35, 0.06, [clusters(0.0) for _ in range(3)],
    )  # fmt: skip


def capacity_of_a_point(rng: np.random.Generator) -> Trial:
    ball = rng.standard_normal((400, 8))
    ball *= 100 / np.linalg.norm(ball, axis=1, keepdims=True)
    ball[:, 0] += 1 - ball[:, 0].mean()
    return Trial(
        "a manifold that is a point", "manifolds per dimension", 2, 0.15,
        [manifold_capacity(np.ones((1, 8)), 1500, rng) for _ in range(4)],
        "a ball of 8 dimensions, large against its mean", 1 / 8.5, 0.02, [manifold_capacity(ball, 200, rng)],
    )  # fmt: skip


def capacity_by_theory(rng: np.random.Generator) -> Trial:
    def found(shuffled):
        labels = np.repeat(np.arange(30), 5)
        x = rng.standard_normal((30, 120))[labels] + 0.5 * rng.standard_normal((150, 120))
        tried = capacity(x, labels, 50, rng).value
        return mean_field_capacity(x, rng.permutation(labels) if shuffled else labels, 100, rng) / tried

    return Trial(
        "30 classes of 5 rows around a mean, theory over trying", "ratio", 1, 0.1, [found(False) for _ in range(3)],
        "theory of shuffled labels", 0.45, 0.15, [found(True)],
    )  # fmt: skip
