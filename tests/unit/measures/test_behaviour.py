"""Accuracy, loss, their nulls, and the onset of classes."""

from itertools import permutations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from repdyn.errors import StudyError
from repdyn.measures.behaviour import (
    class_accuracies,
    class_accuracies_null,
    cross_entropies,
    decisions,
    mean_score,
    mean_score_null,
    measure,
    onset,
)
from repdyn.measures.subject import Subject, Window
from repdyn.models import build

LABELS = np.array([0, 0, 0, 1, 1, 2])


def test_loss_and_accuracy_of_known_logits():
    logits = np.array([[5.0, 0, 0], [0, 5, 0], [5, 0, 0], [0, 5, 0], [0, 5, 0], [0, 5, 0]], dtype=np.float32)
    assert mean_score(decisions(logits), LABELS) == pytest.approx(4 / 6)
    assert class_accuracies(decisions(logits), LABELS) == pytest.approx([2 / 3, 1, 0])
    expected = cross_entropy(torch.from_numpy(logits), torch.from_numpy(LABELS)).item()
    assert mean_score(cross_entropies(logits), LABELS) == pytest.approx(expected, rel=1e-6)
    assert mean_score(cross_entropies(np.zeros((6, 3))), LABELS) == pytest.approx(np.log(3))
    assert mean_score(cross_entropies(1e4 * logits), LABELS) == pytest.approx(2 * 5e4 / 6, rel=1e-6)


def test_nulls_are_exact_over_all_permutations():
    logits = np.random.default_rng(0).standard_normal((6, 3))
    orders = [LABELS[list(order)] for order in permutations(range(6))]
    for scores in (cross_entropies(logits), decisions(logits)):
        values = [mean_score(scores, labels) for labels in orders]
        assert mean_score_null(scores, LABELS) == pytest.approx((np.mean(values), np.std(values)), rel=1e-9)
        assert np.std(values) > 0.1
    values = [class_accuracies(decisions(logits), labels) for labels in orders]
    mean, sd = class_accuracies_null(decisions(logits), LABELS)
    assert mean == pytest.approx(np.mean(values, 0), abs=1e-12)
    assert sd == pytest.approx(np.std(values, 0), abs=1e-12)


def test_a_network_that_always_says_one_class_is_at_its_null():
    decided = decisions(np.tile([0.0, 1.0, 0.0], (6, 1)))
    assert class_accuracies(decided, LABELS).tolist() == [0, 1, 0]
    mean, sd = class_accuracies_null(decided, LABELS)
    assert (mean.tolist(), sd.tolist()) == ([0, 1, 0], [0, 0, 0])
    assert mean_score_null(decided, LABELS) == pytest.approx((1 / 3, 0))


def test_guessing_stays_in_the_null_band_and_knowing_does_not():
    rng = np.random.default_rng(1)
    z = []
    for _ in range(200):
        labels, logits = rng.integers(0, 10, 300), rng.standard_normal((300, 10))
        mean, sd = mean_score_null(decisions(logits), labels)
        z.append((mean_score(decisions(logits), labels) - mean) / sd)
    assert abs(np.mean(z)) < 4 / np.sqrt(200)
    assert 0.85 < np.std(z) < 1.15
    mean, sd = mean_score_null(np.eye(10)[labels], labels)
    assert (1 - mean) / sd > 40


def test_a_class_without_examples_is_nan():
    decided = decisions(np.random.default_rng(2).standard_normal((6, 4)))
    assert np.isnan(class_accuracies(decided, LABELS)[3])
    mean, sd = class_accuracies_null(decided, LABELS)
    assert np.isnan(mean[3])
    assert np.isnan(sd[3])
    assert not np.isnan(mean[:3]).any()


def test_bad_labels_are_refused():
    with pytest.raises(StudyError, match=r"labels \(n,\)"):
        mean_score(np.zeros((6, 3)), LABELS[1:])
    with pytest.raises(StudyError, match=r"0\.\.1, found 0\.\.2"):
        class_accuracies(np.zeros((6, 2)), LABELS)


def test_onset_is_an_upward_crossing_of_the_midpoint_of_a_learnt_class():
    # Chance 0.1, final 0.9: the midpoint is 0.5.
    before = [0.2, 0.5, 0.4, 0.9, 0.1, 0.2, 0.4]
    after = [0.6, 0.9, 0.5, 0.2, 0.47, 0.2, 0.6]
    final = [0.9, 0.9, 0.9, 0.9, 0.9, 0.12, 0.9]
    count = [40] * 6 + [0]
    found = onset(before, after, final, 0.1, count)
    assert found[:5].tolist() == [1, 0, 1, 0, 0]
    assert np.isnan(found[5:]).all()


def test_a_class_counts_as_learnt_from_two_standard_errors_above_chance():
    # The standard error of 100 examples at chance 0.5 is 0.05.
    found = onset([0.0] * 2, [1.0] * 2, [0.59, 0.61], 0.5, [100] * 2)
    assert np.isnan(found[0])
    assert found[1] == 1
    with pytest.raises(StudyError, match="chance"):
        onset([0.0], [1.0], [1.0], 1.0, [10])


def test_table_of_a_network_that_learns_two_of_three_classes():
    model = build({"family": "mlp", "hidden": [3]}, kind="vector", shape=(3,), classes=3)
    model.hidden[0][0].weight.data = torch.eye(3)
    model.hidden[0][0].bias.data.zero_()
    model.output.bias.data = torch.tensor([0.1, 0, 0])
    states = {}
    for step, diagonal in ((0, [0.0, 0, 0]), (10, [1.0, 0, 0]), (20, [1.0, 1, 0]), (30, [1.0, 1, 0])):
        model.output.weight.data = torch.diag(torch.tensor(diagonal))
        states[step] = {name: value.clone() for name, value in model.state_dict().items()}
    labels = torch.arange(60) % 3
    windows = (Window("jump", 10, 15, 20), Window("control", 20, 25, 30), Window("jump", 10, 20, 20))
    looked_at = Subject(model, states, torch.eye(3)[labels], labels, 3, grid=(0, 30), windows=windows)
    table = measure(looked_at)
    assert (table.layer == "").all()
    accuracy = table[table.quantity == "test_accuracy"]
    assert accuracy.value.tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])
    assert np.allclose(accuracy.null_mean, 1 / 3)
    assert accuracy.null_sd.iloc[0] == 0
    assert (accuracy.value - accuracy.null_mean).iloc[2] > 4 * accuracy.null_sd.iloc[2]
    loss = table[table.quantity == "test_loss"]
    expected = cross_entropy(torch.from_numpy(looked_at.logits(20)), labels).item()
    assert loss.value.iloc[2] == pytest.approx(expected, rel=1e-6)
    assert loss.null_mean.iloc[2] > loss.value.iloc[2]
    classes = table[(table.quantity == "class_accuracy") & (table.step == 20)]
    assert classes.set_index("unit").value.to_dict() == {0: 1, 1: 1, 2: 0}
    onsets = table[table.quantity == "class_onset"]
    assert len(onsets) == 6
    found = {(row.reference, row.step, row.unit): row.value for row in onsets.itertuples()}
    assert [found[10, 20, 0], found[10, 20, 1]] == [0, 1]
    assert [found[20, 30, 0], found[20, 30, 1]] == [0, 0]
    assert np.isnan([found[10, 20, 2], found[20, 30, 2]]).all()
