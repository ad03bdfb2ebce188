"""Local dimension, tangents, curvature and geodesics of surfaces known in closed form."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from helpers.surfaces import circle, sphere, swiss_roll, turned
from repdyn.errors import StudyError
from repdyn.geometry.curvature import coefficients, curvature, curvature_over
from repdyn.geometry.geodesics import geodesic_ratio, geodesics, largest_component
from repdyn.geometry.neighbours import Neighbours, nearest
from repdyn.geometry.tangents import local_components, local_dimension, principal_angles


def neighbourhoods(x, k, centres):
    return x[np.argsort(cdist(x[centres], x), axis=1)[:, : k + 1]]


def plane(n, rng):
    return np.pad(rng.uniform(-1, 1, (n, 2)), ((0, 0), (0, 3)))


def test_a_plane_is_two_dimensional_and_a_curve_one_dimensional_below_the_noise_floor():
    rng = np.random.default_rng(0)
    centres = np.arange(60)
    flat = turned(plane(1500, rng), 5, rng)
    radius = nearest(flat, 30).distance[:, -1].mean()
    quiet = flat + 0.05 * radius * rng.standard_normal(flat.shape)
    loud = flat + 0.5 * radius * rng.standard_normal(flat.shape)
    for x in (flat, quiet):
        counts = local_dimension(local_components(neighbourhoods(x, 30, centres), 1).variance)
        assert np.mean(counts == 2) >= 0.95
    drowned = local_dimension(local_components(neighbourhoods(loud, 30, centres), 1).variance)
    assert np.mean(drowned >= 4) >= 0.9
    curve = turned(circle(500, 1.0), 12, rng)
    assert (local_dimension(local_components(neighbourhoods(curve, 10, centres), 1).variance) == 1).all()
    assert local_dimension(np.array([[4.0, 0.3, 0.1], [0, 0, 0]]), 0.05).tolist()[0] == 2
    assert np.isnan(local_dimension(np.zeros((1, 3)))).all()


def test_local_components_are_those_of_scikit_learn_on_either_side_of_as_many_features_as_points():
    from sklearn.decomposition import PCA

    for d in (4, 40):
        x = np.random.default_rng(d).standard_normal((3, 12, d))
        found = local_components(x, 2)
        for each, variance, tangents in zip(x, *found, strict=True):
            oracle = PCA().fit(each)
            np.testing.assert_allclose(variance[: min(d, 11)], oracle.explained_variance_[: min(d, 11)], rtol=1e-9)
            np.testing.assert_allclose(np.abs(oracle.components_[:2] @ tangents), np.eye(2), atol=1e-9)


def test_local_dimension_is_that_of_scikit_dimension():
    from skdim.id import lPCA

    x = np.random.default_rng(3).standard_normal((40, 6)) * [1, 1, 0.5, 0.2, 0.1, 0.1]
    variance = local_components(x[None], 1).variance
    assert local_dimension(variance)[0] == lPCA(ver="FO", alphaFO=0.05).fit(x).dimension_


@pytest.mark.parametrize("m", [1, 3])
def test_principal_angles_are_those_of_scipy(m):
    from scipy.linalg import subspace_angles

    rng = np.random.default_rng(4)
    planes = np.linalg.qr(rng.standard_normal((2, 6, m)))[0]
    tilted = np.linalg.qr(planes[:1] + 1e-6 * rng.standard_normal((1, 6, m)))[0]
    for first, second in ((planes[:1], planes[1:]), (planes[:1], tilted)):
        expected = np.sort(subspace_angles(first[0], second[0]))
        np.testing.assert_allclose(principal_angles(first, second)[0], expected, rtol=1e-6)


def test_tangents_of_a_circle_turn_by_arc_over_radius_and_those_of_a_plane_do_not():
    rng = np.random.default_rng(5)
    ring = turned(circle(200, 3.0), 7, rng)
    steps = np.arange(200)
    tangents = local_components(neighbourhoods(ring, 6, steps), 1).tangents
    for apart in (1, 5):
        angles = principal_angles(tangents, np.roll(tangents, -apart, axis=0))
        assert angles == pytest.approx(np.full((200, 1), apart * 2 * np.pi / 200), rel=1e-6)
    flat = turned(plane(300, rng), 5, rng)
    tangents = local_components(neighbourhoods(flat, 12, np.arange(50)), 2).tangents
    assert np.abs(principal_angles(tangents[:25], tangents[25:])).max() < 1e-6


@pytest.mark.parametrize("d", [3, 60])
def test_curvature_of_a_sphere_in_any_codimension(d):
    rng = np.random.default_rng(6)
    x = turned(sphere(4000, 2, 2.0, rng), d, rng)
    found = curvature(neighbourhoods(x, 45, np.arange(80)), 2)
    assert np.median(found.mean) == pytest.approx(1 / 2, rel=0.03)
    assert np.median(found.scalar) / 2 == pytest.approx(1 / 4, rel=0.05)


def test_curvature_of_surfaces_and_curves_known_in_closed_form():
    rng = np.random.default_rng(7)
    centres = np.arange(80)
    flat = curvature(neighbourhoods(turned(plane(1000, rng), 9, rng), 45, centres), 2)
    assert max(np.abs(flat.mean).max(), np.abs(flat.scalar).max()) < 1e-9
    angle = rng.uniform(0, 2 * np.pi, 4000)
    cylinder = np.column_stack([2 * np.cos(angle), 2 * np.sin(angle), rng.uniform(0, 6, 4000)])
    inside = np.flatnonzero(np.abs(cylinder[:, 2] - 3) < 2)[:80]
    found = curvature(neighbourhoods(cylinder, 45, inside), 2)
    assert np.median(found.mean) == pytest.approx(1 / 4, rel=0.03)
    assert abs(np.median(found.scalar)) < 0.005
    u = rng.uniform(-1, 1, (4000, 2))
    saddle = np.column_stack([u, u[:, 0] * u[:, 1]])
    middle = np.argsort((u**2).sum(1))[:40]
    found = curvature(neighbourhoods(saddle, 45, middle), 2)
    assert np.median(found.scalar) / 2 == pytest.approx(-1, rel=0.05)
    assert np.median(found.mean) < 0.03
    ring = curvature(neighbourhoods(circle(400, 3.0), 12, centres), 1)
    assert ring.mean == pytest.approx(np.full(80, 1 / 3), rel=0.01)
    assert (ring.scalar == 0).all() or np.abs(ring.scalar).max() < 1e-12
    # Clifford torus: two circles of radius 1 in four dimensions are flat and have mean curvature |(1, 1)| / 2.
    a, b = rng.uniform(0, 2 * np.pi, (2, 5000))
    torus = np.stack([np.cos(a), np.sin(a), np.cos(b), np.sin(b)], axis=1)
    found = curvature(neighbourhoods(torus, 45, centres), 2)
    assert np.median(found.mean) == pytest.approx(np.sqrt(0.5), rel=0.03)
    assert abs(np.median(found.scalar)) < 0.02
    solid = sphere(6000, 3, 3.0, rng)
    found = curvature(neighbourhoods(solid, 60, centres), 3)
    assert np.median(found.mean) == pytest.approx(1 / 3, rel=0.06)
    assert np.median(found.scalar) == pytest.approx(6 / 9, rel=0.12)


def test_a_surface_that_slopes_over_its_plane_has_the_curvature_of_the_surface():
    u = np.random.default_rng(8).uniform(-1, 1, (30, 2))
    u[0] = 0
    (p, q), (e, f, g) = (0.7, -0.4), (1.0, 0.3, -0.5)
    height = p * u[:, 0] + q * u[:, 1] + e / 2 * u[:, 0] ** 2 + f * u[:, 0] * u[:, 1] + g / 2 * u[:, 1] ** 2
    found = curvature_over(np.column_stack([u, height, 0 * height])[None], np.eye(4)[None, :, :2])
    steep = 1 + p**2 + q**2
    # do Carmo, Differential Geometry of Curves and Surfaces, 3-3, example 5: the graph of a function.
    mean = ((1 + q**2) * e - 2 * p * q * f + (1 + p**2) * g) / 2 / steep**1.5
    assert found.mean[0] == pytest.approx(abs(mean), rel=1e-9)
    assert found.scalar[0] / 2 == pytest.approx((e * g - f**2) / steep**2, rel=1e-9)


def test_what_does_not_determine_a_fit_is_not_evaluable():
    line = np.arange(10.0)[:, None] * np.ones((1, 3))
    assert np.isnan(local_components(line[None], 2).tangents).all()
    assert np.isnan(curvature(line[None], 2)).all()
    cross = np.array([[0.0, 0, 0], [1, 0, 1], [-1, 0, 1], [0, 1, 1], [0, -1, 1], [0, 2, 4]])
    assert np.isnan(curvature(cross[None], 2)).all()
    assert coefficients(2) == 6
    with pytest.raises(StudyError, match="quadratic in 2 variables needs 6 points, found 5"):
        curvature(np.zeros((1, 5, 3)), 2)
    with pytest.raises(StudyError, match="5 points in 3 dimensions span 1 to 3 tangents, not 4"):
        local_components(np.zeros((1, 5, 3)), 4)
    with pytest.raises(StudyError, match=r"\(c, s, d\)"):
        local_components(np.zeros((5, 3)), 1)
    with pytest.raises(StudyError, match="noise floor"):
        local_dimension(np.ones((1, 2)), 0)
    with pytest.raises(StudyError, match="two sets of planes"):
        principal_angles(np.zeros((1, 3, 2)), np.zeros((1, 3, 1)))


def test_geodesics_unroll_the_swiss_roll():
    rng = np.random.default_rng(9)
    x, unrolled = swiss_roll(2000, rng)
    near, sources = nearest(x, 10), np.arange(0, 2000, 40)
    assert len(largest_component(near)) == 2000
    along = geodesics(near, sources)
    true = np.linalg.norm(unrolled[sources, None] - unrolled, axis=2)
    straight = np.linalg.norm(x[sources, None] - x, axis=2)
    assert np.corrcoef(along.ravel(), true.ravel())[0, 1] > 0.9995
    assert np.corrcoef(straight.ravel(), true.ravel())[0, 1] < 0.4
    assert np.median(along[true > 0] / true[true > 0]) == pytest.approx(1.035, abs=0.005)
    assert geodesic_ratio(x, along, sources) == pytest.approx(np.median(along[straight > 0] / straight[straight > 0]))
    flat_sources = np.arange(0, 2000, 40)
    flat = geodesic_ratio(unrolled, geodesics(nearest(unrolled, 10), flat_sources), flat_sources)
    assert flat < 1.06 < 1.3 < geodesic_ratio(x, along, sources)


def test_geodesics_are_those_of_isomap():
    from sklearn.manifold import Isomap

    x = swiss_roll(150, np.random.default_rng(10))[0]
    oracle = Isomap(n_neighbors=8).fit(x).dist_matrix_
    np.testing.assert_allclose(geodesics(nearest(x, 8), np.arange(150)), oracle, rtol=1e-10)


def test_a_graph_in_pieces_is_seen():
    rng = np.random.default_rng(11)
    x = np.vstack([rng.standard_normal((20, 2)), 100 + rng.standard_normal((30, 2))])
    near = nearest(x, 4)
    assert largest_component(near).tolist() == list(range(20, 50))
    along = geodesics(near, np.array([0, 49]))
    assert np.isinf(along[0, 20:]).all() and np.isfinite(along[0, :20]).all()
    assert 1 <= geodesic_ratio(x, along, np.array([0, 49])) < 2
    assert np.isnan(geodesic_ratio(x[:2], np.array([[0, np.inf]]), np.array([0])))
    with pytest.raises(StudyError, match="distance 0"):
        geodesics(Neighbours(near.index, near.distance * 0), np.array([0]))
    with pytest.raises(StudyError, match=r"geodesics \(2, 50\) do not belong to 1 sources and 50 rows"):
        geodesic_ratio(x, along, np.array([0]))
