"""What flat pictures keep of a cloud, against scikit-learn; and that a Gaussian's picture is no claim of clusters."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr

from helpers.surfaces import swiss_roll
from repdyn.errors import StudyError
from repdyn.geometry.embedding import (
    cluster_silhouette,
    distance_correlation,
    isometric_embedding,
    neighbour_embedding,
    principal_embedding,
    trustworthiness,
)
from repdyn.geometry.geodesics import geodesics
from repdyn.geometry.neighbours import nearest


def along(x, k):
    return geodesics(nearest(x, k), np.arange(len(x)))


def test_pictures_are_those_of_scikit_learn():
    from sklearn.decomposition import PCA
    from sklearn.manifold import Isomap

    x = swiss_roll(120, np.random.default_rng(0))[0]
    pairs = [
        (principal_embedding(x), PCA(2).fit_transform(x)),
        (
            isometric_embedding(along(x, 8)),
            Isomap(n_neighbors=8, n_components=2, eigen_solver="dense").fit_transform(x),
        ),
    ]
    for found, oracle in pairs:
        np.testing.assert_allclose(np.abs(found), np.abs(oracle), rtol=1e-6, atol=1e-9)


def test_trustworthiness_and_continuity_are_those_of_scikit_learn():
    from sklearn.manifold import trustworthiness as oracle

    rng = np.random.default_rng(1)
    x, other = rng.standard_normal((90, 6)), rng.standard_normal((90, 2))
    for shown in (x[:, :2], other):
        assert trustworthiness(x, shown, 7) == pytest.approx(oracle(x, shown, n_neighbors=7), abs=1e-12)
        assert trustworthiness(shown, x, 7) == pytest.approx(oracle(shown, x, n_neighbors=7), abs=1e-12)
    assert trustworthiness(x, x, 7) == 1
    assert trustworthiness(x, other, 7) == pytest.approx(0.5, abs=0.06)


def test_of_a_swiss_roll_isomap_keeps_the_unrolled_distances_and_pca_does_not():
    x, unrolled = swiss_roll(700, np.random.default_rng(2))
    pictures = {"pca": principal_embedding(x), "isomap": isometric_embedding(along(x, 8))}
    trust = {name: trustworthiness(x, shown, 10) for name, shown in pictures.items()}
    kept = {name: distance_correlation(cdist(unrolled, unrolled), shown) for name, shown in pictures.items()}
    assert trust["isomap"] > 0.99 > 0.95 > trust["pca"]
    assert kept["isomap"] > 0.99
    assert kept["pca"] < 0.5


def test_distance_correlation_is_spearmans_of_all_pairs():
    rng = np.random.default_rng(3)
    x, shown = rng.standard_normal((30, 4)), rng.standard_normal((30, 2))
    pairs = np.triu_indices(30, 1)
    expected = spearmanr(cdist(x, x)[pairs], cdist(shown, shown)[pairs]).statistic
    assert distance_correlation(cdist(x, x), shown) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(distance_correlation(np.ones((30, 30)), shown))


def test_a_gaussian_shows_no_clusters_beyond_its_null_and_planted_ones_do():
    rng = np.random.default_rng(4)
    null = [cluster_silhouette(neighbour_embedding(rng.standard_normal((100, 8)), draw), 5, draw) for draw in range(4)]
    gaussian = cluster_silhouette(neighbour_embedding(rng.standard_normal((100, 8)), 9), 5, 9)
    planted = 8 * np.eye(8)[np.arange(100) % 5] + rng.standard_normal((100, 8))
    found = cluster_silhouette(neighbour_embedding(planted, 9), 5, 9)
    # What a picture of a Gaussian looks like: cut into five, it has a silhouette far above 0.
    assert 0.3 < np.mean(null) < 0.5
    assert abs(gaussian - np.mean(null)) < 0.1
    assert found > 0.7
    shown = planted[:, :2]
    assert cluster_silhouette(shown, 3, 1) == cluster_silhouette(shown, 3, 1)


def test_what_cannot_be_shown_is_refused():
    x = np.random.default_rng(5).standard_normal((20, 3))
    with pytest.raises(StudyError, match="finite geodesics"):
        isometric_embedding(np.full((3, 3), np.inf))
    with pytest.raises(StudyError, match=r"20 rows and 19 in the picture"):
        trustworthiness(x, x[1:], 3)
    with pytest.raises(StudyError, match="1 to n / 2 neighbours, not 10"):
        trustworthiness(x, x, 10)
    with pytest.raises(StudyError, match="20 rows in the picture have as many distances"):
        distance_correlation(np.eye(3), x)
    with pytest.raises(StudyError, match="2 to 19 clusters, not 20"):
        cluster_silhouette(x, 20, 0)
    with pytest.raises(StudyError, match="have 3 principal directions, not 4"):
        principal_embedding(x, 4)
