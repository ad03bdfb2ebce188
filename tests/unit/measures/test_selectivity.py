"""Class selectivity: units whose selectivity is known, scikit-learn's ROC area, and silence where labels mean nothing."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from repdyn.errors import StudyError
from repdyn.measures.selectivity import (
    class_auc,
    class_means,
    measure,
    preferred_class,
    selectivity,
    shuffled_within,
    stratified_half,
)
from repdyn.measures.subject import Subject
from repdyn.models import build

LABELS = np.repeat(np.arange(5), 40)
HALF = stratified_half(LABELS, np.random.default_rng(0))


def observed(activations, labels=LABELS, half=HALF):
    return (values[0] for values in selectivity(activations, labels[None], half))


def rectified(rng, n, d):
    return np.maximum(rng.standard_normal((n, d)), 0)


def subject(architecture, kind, inputs, labels, classes=5, steps=(0,), **options):
    states = {}
    for step in steps:
        with torch.random.fork_rng():
            torch.manual_seed(step)
            model = build(architecture, kind, tuple(inputs.shape[1:]), classes, **options)
        states[step] = model.state_dict()
    return Subject(model, states, inputs, torch.from_numpy(labels), classes, key=("test", 0))


def test_units_of_known_selectivity():
    one_class = np.where(LABELS == 3, 2.5, 0.0)
    constant = np.full(len(LABELS), 0.7)
    dead = np.zeros(len(LABELS))
    all_but_one = np.where(LABELS == 1, 0.0, 1.0)
    units = np.stack([one_class, constant, dead, all_but_one], 1)
    index, area = observed(units)
    # The last: preferred mean 1; the four others have mean 3/4.
    assert index == pytest.approx([1, 0, np.nan, (1 - 0.75) / (1 + 0.75)], nan_ok=True)
    assert area == pytest.approx([1, 0.5, np.nan, 1 / 2 + 1 / 8], nan_ok=True)
    assert preferred_class(units[:, [0, 2, 3]], LABELS) == pytest.approx([3, np.nan, 0], nan_ok=True)


def test_large_classes_count_no_more_than_small_ones():
    labels = np.repeat(np.arange(3), [4, 20, 60])
    half = stratified_half(labels, np.random.default_rng(0))
    units = np.stack([np.full(84, 0.5), np.where(labels == 0, 2.0, 1.0), np.where(labels == 2, 1.0, 0.5)], 1)
    index, area = observed(units, labels, half)
    assert index == pytest.approx([0, 1 / 3, 1 / 3])
    assert area == pytest.approx([0.5, 1, 1])
    assert preferred_class(units[:, 1:], labels).tolist() == [0, 2]


def test_the_index_by_hand_with_the_preference_of_the_other_half():
    labels = np.array([0, 0, 1, 1, 2, 2])
    half = np.array([True, False] * 3)
    units = np.array([[4.0, 1], [2, 3], [1, 2], [6, 1], [1, 0], [0, 2]])
    index, area = observed(units, labels, half)
    # First unit: the first half (4, 1, 1) prefers class 0, of which the second half has 2 against (6 + 0) / 2; the second
    # half (2, 6, 0) prefers class 1, of which the first half has 1 against (4 + 1) / 2.
    assert index[0] == pytest.approx(((2 - 3) / (2 + 3) + (1 - 2.5) / (1 + 2.5)) / 2)
    assert area[0] == pytest.approx((1 / 2 + 1 / 4) / 2)
    # Second unit: (1, 2, 0) prefers class 1, of which the second half has 1 against 2.5; (3, 1, 2) prefers 0: 1 against 1.
    assert index[1] == pytest.approx(((1 - 2.5) / (1 + 2.5) + 0) / 2)
    assert area[1] == pytest.approx((0 + 1 / 2) / 2)


def test_a_unit_silent_on_one_half_is_not_evaluable():
    unit = np.where(HALF, LABELS == 2, 0.0)[:, None]
    index, area = observed(unit)
    assert np.isnan(index).all()
    assert np.isnan(area).all()
    assert preferred_class(unit, LABELS) == [2]


def test_neither_measure_depends_on_the_scale_of_a_unit():
    units = rectified(np.random.default_rng(1), len(LABELS), 20) + (LABELS == 1)[:, None] / 2
    scaled = units * np.geomspace(1e-6, 1e6, 20)
    for before, after in zip(observed(units), observed(scaled), strict=True):
        assert after == pytest.approx(before, rel=1e-9)
    assert np.ptp(class_means(scaled, LABELS[None])) > 1e5


def test_area_is_that_of_scikit_learn_with_ties():
    rng = np.random.default_rng(2)
    units = np.round(rectified(rng, len(LABELS), 12) * (1 + LABELS[:, None]), 1)
    units[:, 0] = 0
    ours = class_auc(units, LABELS[None])[0]
    for label in range(5):
        expected = [roc_auc_score(label == LABELS, unit) for unit in units.T]
        assert ours[label] == pytest.approx(expected, abs=1e-12)


def test_the_area_judges_the_preferred_class_of_the_other_half():
    units = rectified(np.random.default_rng(3), len(LABELS), 15)
    _, area = observed(units)
    for i, unit in enumerate(units.T):
        both = []
        for chosen, judged in ((HALF, ~HALF), (~HALF, HALF)):
            best = np.argmax([unit[chosen & (label == LABELS)].mean() for label in range(5)])
            both.append(roc_auc_score(LABELS[judged] == best, unit[judged]))
        assert area[i] == pytest.approx(np.mean(both), abs=1e-12)


def test_random_units_are_not_selective_though_in_sample_they_would_be():
    rng = np.random.default_rng(4)
    units = rectified(rng, len(LABELS), 600)
    index, area = observed(units)
    shuffled = shuffled_within(LABELS, HALF, 100, rng)
    null_index, null_area = selectivity(units, shuffled, HALF)
    # A ratio of noisy means lies a little below 0 on average: the reason for a null of its own.
    for value, null, mean, limit in ((index, null_index, -0.02, 0.01), (area, null_area, 0.5, 0.005)):
        z = (value - null.mean(0)) / null.std(0, ddof=1)
        assert abs(z.mean()) < 4 / np.sqrt(600)
        assert z.std() == pytest.approx(1, abs=0.12)
        assert (np.abs(z) > 3).mean() < 0.01
        assert null.mean() == pytest.approx(mean, abs=limit)
    assert abs(index.mean()) < 0.04
    means = class_means(units, LABELS[None])[0]
    rest = (means.sum(0) - means.max(0)) / 4
    in_sample = (means.max(0) - rest) / (means.max(0) + rest)
    assert in_sample.mean() > 0.1


def test_the_area_has_null_mean_one_half_also_for_sparse_units_and_unequal_classes():
    labels = np.repeat(np.arange(3), [12, 30, 90])
    half = stratified_half(labels, np.random.default_rng(5))
    units = np.random.default_rng(6).exponential(size=(len(labels), 4)) * (np.arange(len(labels))[:, None] % 5 == 0)
    _, area = selectivity(units, shuffled_within(labels, half, 4000, np.random.default_rng(7)), half)
    assert np.abs(area.mean(0) - 0.5).max() < 4 * area.std(0).max() / np.sqrt(4000)


def test_a_weak_preference_stands_out_from_the_null():
    rng = np.random.default_rng(8)
    units = rectified(rng, len(LABELS), 50) + 0.8 * (LABELS == 4)[:, None]
    index, area = observed(units)
    null_index, null_area = selectivity(units, shuffled_within(LABELS, HALF, 100, rng), HALF)
    assert np.median((index - null_index.mean(0)) / null_index.std(0)) > 3
    assert np.median((area - 0.5) / null_area.std(0)) > 3
    assert (preferred_class(units, LABELS) == 4).mean() > 0.95


def test_halves_share_every_class_and_shuffles_keep_that():
    labels = np.repeat([0, 1, 2, 7], [2, 5, 40, 31])
    sizes = set()
    for seed in range(20):
        half = stratified_half(labels, np.random.default_rng(seed))
        counts = np.array([[(part & (labels == label)).sum() for label in (0, 1, 2, 7)] for part in (half, ~half)])
        assert (np.abs(counts[0] - counts[1]) <= [0, 1, 0, 1]).all()
        sizes.add(counts[0, 1])
        shuffled = shuffled_within(labels, half, 5, np.random.default_rng(seed))
        assert (shuffled != labels).any(1).all()
        for part in (half, ~half):
            assert (np.sort(shuffled[:, part], axis=1) == np.sort(labels[part])).all()
    assert sizes == {2, 3}


def test_what_cannot_be_judged_is_refused():
    units = np.ones((len(LABELS), 2))
    with pytest.raises(StudyError, match="non-negative"):
        selectivity(-units, LABELS[None], HALF)
    with pytest.raises(StudyError, match="two classes"):
        selectivity(units, np.zeros_like(LABELS)[None], HALF)
    with pytest.raises(StudyError, match="Class 5 has one example"):
        stratified_half(np.append(LABELS, 5), np.random.default_rng(0))


def test_every_unit_of_a_text_mlp_is_measured_but_not_its_embedding():
    tokens = torch.from_numpy(np.random.default_rng(9).integers(1, 50, (200, 8)))
    text = subject({"family": "mlp", "hidden": [12, 7]}, "text", tokens, LABELS, steps=(0, 3), vocabulary=50)
    table = measure(text)
    assert table.groupby(["quantity", "layer", "step"], observed=True).unit.apply(list).to_dict() == {
        (quantity, layer, step): list(range(width))
        for quantity in ("selectivity", "selectivity_auc", "preferred_class")
        for layer, width in (("hidden.0", 12), ("hidden.1", 7))
        for step in (0, 3)
    }
    assert table.equals(measure(text))
    dead = table[(table.quantity == "preferred_class") & table.value.isna()][["step", "layer", "unit"]]
    for _, layer in table.merge(dead, on=["step", "layer", "unit"]).groupby("quantity", observed=True):
        assert layer[["value", "null_mean", "null_sd"]].isna().all(axis=None)


def test_channels_of_a_cnn_prefer_the_class_that_is_in_the_image_and_not_a_shuffled_label():
    rng = np.random.default_rng(10)
    images = np.abs(rng.standard_normal((len(LABELS), 1, 16, 16))) * (1 + LABELS[:, None, None, None])
    images = torch.from_numpy(images.astype(np.float32))
    cnn = {"family": "cnn", "channels": [8, 12]}
    for labels, loud in ((LABELS, True), (rng.permutation(LABELS), False)):
        table = measure(subject(cnn, "image", images, labels))
        assert set(table.layer) == {"blocks.0.relu", "blocks.1.relu"}
        for quantity in ("selectivity", "selectivity_auc"):
            rows = table[(table.quantity == quantity) & table.value.notna()]
            z = (rows.value - rows.null_mean) / rows.null_sd
            assert (z.median() > 5) == loud, (quantity, z.median())
            assert loud or abs(z.median()) < 2.5
        preferred = table[table.quantity == "preferred_class"].value.dropna()
        assert not loud or (preferred == 4).mean() > 0.8
