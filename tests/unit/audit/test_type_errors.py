"""Planted types are found as often as the study would find them, and one skewed blob is no five types."""

import numpy as np
import pytest

from repdyn.audit.type_errors import chance_of, planted, type_errors, word_shares
from repdyn.timeseries.jump_types import choose_k

PUBLISHED = [2104, 437, 431, 13, 6]


def test_planted_types_have_their_sizes_and_distances():
    features = planted(3000, [2.0, 1.0], np.random.default_rng(0))
    assert features.shape == (3000, 3)
    first = features[:, 0] < 6
    assert first.mean() == pytest.approx(2 / 3, abs=0.03)
    apart = features[~first].mean(axis=0) - features[first].mean(axis=0)
    assert apart == pytest.approx([6, 0, 0], abs=0.2)


def test_five_types_of_equal_size_are_found_and_one_skewed_blob_is_not_five():
    shares = word_shares(150, [1] * 5, draws=8, pool=39).set_index("truth")
    assert shares.loc["as published", "holds"] > 0.9
    assert shares.loc["false", "holds"] < 0.1
    assert np.allclose(shares.sum(axis=1), 1)


def test_types_of_the_published_sizes_are_not_found():
    """Thirteen and six jumps of 2,991 are too few to be types of their own by silhouette: the rule cannot decide."""
    shares = word_shares(300, PUBLISHED, draws=8, pool=39).set_index("truth")
    assert shares.loc["as published", "holds"] < 0.3


@pytest.mark.parametrize(("types", "found"), [(5, 5), (1, 1)])
def test_one_set_with_references_of_its_own_is_counted_as_in_the_study(types, found):
    features = planted(80, [1] * types, np.random.default_rng(1))
    counted = choose_k(features, np.random.default_rng(2))
    best = int(counted.curve.set_index("k")["silhouette"].idxmax())
    assert counted.k == found
    assert chance_of(best, [features], np.random.default_rng(2), pool=39) == (found > 1)


def test_so_few_jumps_have_one_row_without_shares():
    (row,) = type_errors("C05", "", 1, 39, PUBLISHED)
    assert row["note"].startswith("fewer than 40 jumps") and not row["decides"] and "holds" not in row
