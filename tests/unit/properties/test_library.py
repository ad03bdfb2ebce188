"""Arrays of any shape, with anything in them, are measured or refused in a sentence by what is public."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from helpers.generated import cases, taken_or_refused
from repdyn.attribution.exemplars import exemplars
from repdyn.dynamics.drift import drift
from repdyn.dynamics.emergence import emergence
from repdyn.geometry.dimension import maximum_likelihood_dimension, two_nearest_dimension
from repdyn.geometry.neighbours import distinct, nearest, points
from repdyn.information.neighbours import class_information, entropy, ksg
from repdyn.interventions.ablation import judged, over_examples
from repdyn.interventions.pairs import nearest_classes
from repdyn.interventions.steering import mean_difference
from repdyn.interventions.unit_sets import top
from repdyn.measures.behaviour import class_accuracies, class_accuracies_null, mean_score, mean_score_null
from repdyn.measures.separability import between_class_share, between_class_share_null
from repdyn.measures.similarity import debiased_cka, procrustes_distance
from repdyn.measures.subspace import overlap
from repdyn.measures.units import participation
from repdyn.sparse_autoencoders.dictionaries import mmcs
from repdyn.statistics.fdr import benjamini_hochberg
from repdyn.topology.homology import bottleneck, diagrams

NUMBERS = st.one_of(st.floats(-10, 10), st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1.0, 1e300]))


def of(dimensions):
    """Arrays of float64 with that many axes, small, none of them too."""
    shapes = array_shapes(min_dims=dimensions, max_dims=dimensions, min_side=0, max_side=7)
    return shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=NUMBERS))


LABELS = st.integers(0, 7).flatmap(lambda n: arrays(np.int64, n, elements=st.integers(-2, 4)))
RNG = np.random.default_rng(0)
CALLS = {
    "benjamini_hochberg": (benjamini_hochberg, of(1)),
    "participation": (participation, of(1)),
    "top": (top, of(1), st.integers(-2, 9)),
    "over_examples": (over_examples, of(2)),
    "exemplars": (exemplars, of(2), st.integers(-1, 8)),
    "points": (points, of(2)),
    "distinct": (distinct, of(2)),
    "nearest": (nearest, of(2), st.integers(-1, 8)),
    "maximum_likelihood_dimension": (maximum_likelihood_dimension, of(2)),
    "two_nearest_dimension": (two_nearest_dimension, of(2)),
    "debiased_cka": (debiased_cka, of(2), of(2)),
    "procrustes_distance": (procrustes_distance, of(2), of(2)),
    "overlap": (overlap, of(2), of(2), st.integers(0, 8)),
    "drift": (drift, of(2), of(2)),
    "mmcs": (mmcs, of(2), of(2)),
    "ksg": (ksg, of(2), of(2)),
    "class_information": (class_information, of(2), LABELS),
    "entropy": (entropy, LABELS),
    "between_class_share": (between_class_share, of(2), LABELS),
    "between_class_share_null": (between_class_share_null, of(2), LABELS),
    "mean_score": (mean_score, of(2), LABELS),
    "mean_score_null": (mean_score_null, of(2), LABELS),
    "class_accuracies": (class_accuracies, of(2), LABELS),
    "class_accuracies_null": (class_accuracies_null, of(2), LABELS),
    "judged": (judged, of(2), LABELS),
    "nearest_classes": (nearest_classes, of(2), LABELS),
    "mean_difference": (mean_difference, of(2), LABELS, st.integers(-1, 4), st.integers(-1, 4)),
    "emergence": (emergence, of(1), of(2)),
    "diagrams": (diagrams, of(2)),
    "bottleneck": (bottleneck, of(2), of(2)),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_any_arrays(name):
    function, *given_by = CALLS[name]

    @cases(40)
    @given(st.tuples(*given_by))
    def called(arguments):
        with taken_or_refused():
            function(*arguments)

    called()
