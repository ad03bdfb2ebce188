"""Variance between classes: planted, absent, and under all permutations of the labels."""

from itertools import permutations

import numpy as np
import pytest
import torch

from repdyn.errors import StudyError
from repdyn.measures.separability import between_class_share, between_class_share_null, measure
from repdyn.measures.subject import Subject
from repdyn.models import build


def test_share_of_planted_classes():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 500)
    means = rng.standard_normal((3, 5))
    assert between_class_share(means[labels], labels) == pytest.approx(1, abs=1e-12)
    noise = rng.standard_normal((1500, 5))
    noise -= np.array([noise[labels == c].mean(0) for c in range(3)])[labels]
    assert between_class_share(noise, labels) == pytest.approx(0, abs=1e-12)
    between, within = means[labels] - means.mean(0), noise
    expected = (between**2).sum() / ((between**2).sum() + (within**2).sum())
    assert between_class_share(between + within + 7, labels) == pytest.approx(expected, rel=1e-9)
    assert 0.2 < expected < 0.8


def test_one_feature_gives_the_eta_squared_of_an_analysis_of_variance():
    from scipy.stats import f_oneway

    rng = np.random.default_rng(1)
    x, labels = rng.standard_normal((30, 1)), rng.integers(0, 3, 30)
    f = f_oneway(*(x[labels == c, 0] for c in range(3))).statistic
    assert between_class_share(x, labels) == pytest.approx(2 * f / (2 * f + 27), rel=1e-9)


@pytest.mark.parametrize("d", [1, 3, 20])
def test_null_is_exact_over_all_permutations(d):
    x = np.random.default_rng(2).standard_normal((7, d)) ** 3
    labels = np.array([0, 0, 0, 0, 1, 1, 2])
    values = [between_class_share(x, labels[list(order)]) for order in permutations(range(7))]
    assert between_class_share_null(x, labels) == pytest.approx((np.mean(values), np.std(values)), rel=1e-9)
    assert np.mean(values) == pytest.approx(2 / 6, rel=1e-9)


def test_unrelated_labels_stay_in_the_null_band_and_related_ones_do_not():
    rng = np.random.default_rng(3)
    z = []
    for _ in range(200):
        x, labels = rng.standard_normal((120, 30)) * np.exp(-np.arange(30) / 4), rng.integers(0, 10, 120)
        mean, sd = between_class_share_null(x, labels)
        z.append((between_class_share(x, labels) - mean) / sd)
    assert abs(np.mean(z)) < 4 / np.sqrt(200)
    assert 0.85 < np.std(z) < 1.15
    x[np.arange(120), labels] += 1
    assert between_class_share(x, labels) > mean + 10 * sd


def test_constant_layers_are_nan_and_bad_labels_refused():
    labels = np.array([0, 1, 0, 1, 1])
    assert np.isnan(between_class_share(np.ones((5, 3)), labels))
    assert np.isnan(between_class_share_null(np.ones((5, 3)), labels)).all()
    with pytest.raises(StudyError, match="5 rows and labels of shape"):
        between_class_share(np.eye(5), labels[1:])


def test_table_covers_every_layer_and_step():
    torch.manual_seed(0)
    model = build({"family": "mlp", "hidden": [6, 4]}, kind="vector", shape=(3,), classes=3)
    states = {step: {k: v.clone() for k, v in model.state_dict().items()} for step in (0, 5)}
    states[5]["hidden.1.0.bias"] -= 100
    labels = torch.arange(60) % 3
    inputs = torch.eye(3)[labels] + 0.3 * torch.randn(60, 3, generator=torch.Generator().manual_seed(1))
    looked_at = Subject(model, states, inputs, labels, 3)
    table = measure(looked_at).set_index(["step", "layer"])
    assert len(table) == 6
    x = looked_at.examples(0)["hidden.0"]
    row = table.loc[(0, "hidden.0")]
    assert row.value.item() == pytest.approx(between_class_share(x, labels.numpy()), abs=1e-12)
    assert row.value.item() > row.null_mean.item() + 10 * row.null_sd.item()
    assert row.null_mean.item() == pytest.approx(2 / 59)
    dead = table.loc[[(5, "hidden.1"), (5, "output")]]
    assert dead[["value", "null_mean", "null_sd"]].isna().all().all()
