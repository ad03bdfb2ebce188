"""Nested dictionaries whose features are the units themselves: groups beside the strongest features of a flat one."""

import numpy as np
import pytest
import torch

from repdyn.sparse_autoencoders.autoencoder import Autoencoder
from repdyn.toolkit.sparse_autoencoders import nested as module

UNITS = 8


def variance_explained(x, units):
    kept = np.zeros_like(x)
    kept[:, units] = x[:, units]
    return 1 - ((x - kept) ** 2).sum() / ((x - x.mean(0)) ** 2).sum()


def test_leading_groups_stand_beside_as_many_of_the_strongest_features_of_a_flat_dictionary(monkeypatch):
    rng, asked = np.random.default_rng(0), []
    scale = np.array([1.0, 5, 2, 8, 3, 4, 7, 6])
    fitted, judged = (scale * rng.random((300, UNITS)) * (rng.random((300, UNITS)) < 0.4) for _ in range(2))

    def identity(units):
        return Autoencoder(torch.eye(units), torch.zeros(units), torch.eye(units), torch.zeros(units))

    def fit(rows, features, nested, **options):
        asked.append((len(rows), features, nested, options))
        return identity(features)

    monkeypatch.setattr(module, "fit", fit)
    flat = identity(UNITS)
    found = {each["quantity"][0]: each for each in module.nested(7, "last", fitted, judged, flat, {"k": 3}, rng)}
    assert asked == [(300, 8, (1, 2, 4), {"k": 3})]
    assert found["nested_features"]["value"].tolist() == [1, 2, 4, 8]
    explained, strongest = found["nested_explained_variance"], np.argsort(-(fitted**2).sum(0))
    for place, size in enumerate((1, 2, 4, 8)):
        assert explained["value"][place] == pytest.approx(variance_explained(judged, np.arange(size)), abs=1e-5)
        assert explained["null_mean"][place] == pytest.approx(variance_explained(judged, strongest[:size]), abs=1e-5)
    # Later features within the first: as often as it is active, for they are independent of it.
    inside = [(judged[:, 0] > 0)[judged[:, unit] > 0].mean() for unit in range(1, UNITS)]
    assert found["nested_containment"]["value"][0] == pytest.approx(np.mean(inside))
    assert list(module.nested(7, "last", fitted[:, :7], judged[:, :7], identity(7), {"k": 3}, rng)) == []
