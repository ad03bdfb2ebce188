"""Arrays that no measure can take, one place at a time: refused in a sentence, neither measured nor a raw exception."""

import numpy as np
import pytest

from repdyn.attribution.removal import area
from repdyn.dynamics.drift import drift
from repdyn.dynamics.emergence import emergence
from repdyn.errors import StudyError
from repdyn.geometry.dimension import maximum_likelihood_dimension, two_nearest_dimension
from repdyn.geometry.embedding import cluster_silhouette, neighbour_embedding, principal_embedding, trustworthiness
from repdyn.geometry.neighbours import distinct, nearest, points
from repdyn.information.neighbours import class_information, entropy, ksg
from repdyn.statistics.permutation import permuted_rank_correlations, rank_correlation_p
from repdyn.topology.homology import diagrams

ROWS = np.random.default_rng(0).normal(size=(12, 3))
LINE, LABELS = np.arange(12.0), np.arange(12) % 2
NOTHING = {
    "objects": np.array([[None, 1], [2, 3]], object),
    "text": np.array([["a", "b"]] * 12),
    "complex": ROWS + 1j,
    "a number": np.array(1.0),
    "four axes": np.zeros((2, 2, 2, 2)),
    "empty": np.zeros((0, 3)),
}
MATRICES = {
    "points": points,
    "distinct": distinct,
    "nearest": lambda x: nearest(x, 2),
    "principal_embedding": principal_embedding,
    "neighbour_embedding": lambda x: neighbour_embedding(x, 0),
    "trustworthiness": lambda x: trustworthiness(ROWS, x, 2),
    "cluster_silhouette": lambda x: cluster_silhouette(x, 2, 0),
    "maximum_likelihood_dimension": maximum_likelihood_dimension,
    "two_nearest_dimension": two_nearest_dimension,
    "diagrams": diagrams,
    "ksg": lambda x: ksg(x, ROWS),
    "class_information": lambda x: class_information(x, LABELS),
    "drift": lambda x: drift(x, ROWS),
    "emergence": lambda x: emergence(LINE, x),
    "rank_correlation_p": lambda x: rank_correlation_p(x, LINE, np.random.default_rng(0)),
    "permuted_rank_correlations": lambda x: permuted_rank_correlations(LINE, x, np.random.default_rng(0), 9),
    "entropy": entropy,
}


@pytest.mark.parametrize("kind", NOTHING)
@pytest.mark.parametrize("name", MATRICES)
def test_no_matrix_of_numbers_is_refused(name, kind):
    with pytest.raises(StudyError):
        MATRICES[name](NOTHING[kind])


@pytest.mark.parametrize(
    "values", [np.full(12, np.nan), np.r_[np.nan, np.arange(11)], np.ones(12), np.full(12, np.inf)]
)
def test_a_correlation_without_ranks_has_no_p(values):
    """It was 0 of NaN: as significant as can be."""
    for pair in ((values, LINE), (LINE, values)):
        with pytest.raises(StudyError, match="finite numbers that are not all the same"):
            rank_correlation_p(*pair, np.random.default_rng(0))
    with pytest.raises(StudyError, match="as many numbers of each"):
        rank_correlation_p(LINE[:3], LINE, np.random.default_rng(0))


def test_equal_rows_have_no_picture():
    """scikit-learn's t-SNE ended the process at these."""
    with pytest.raises(StudyError, match="t-SNE needs rows that differ; all 12 are equal"):
        neighbour_embedding(np.ones((12, 3)), 0)
    with pytest.raises(StudyError, match="1 different points make no 2 clusters"):
        cluster_silhouette(np.ones((12, 2)), 2, 0)


@pytest.mark.parametrize("labels", [np.full(4, np.nan), np.array([None, 1], object), np.ones((3, 2), int)])
def test_labels_that_are_none_have_no_entropy(labels):
    with pytest.raises(StudyError, match="labels"):
        entropy(labels)


@pytest.mark.parametrize("curve", [np.ones(4), np.ones((3, 1)), np.ones((0,))])
def test_a_curve_of_one_point_has_no_area(curve):
    with pytest.raises(StudyError, match="two or more points"):
        area(curve)
