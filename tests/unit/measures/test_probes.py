"""Linear probes: planted codes are read, random features are not, and the shortcuts give what the long way gives."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from repdyn.errors import StudyError
from repdyn.measures import probes
from repdyn.measures.probes import CONTROLS, PENALTIES, control_labelings, measure, probe_accuracies, stratified_halves
from repdyn.measures.subject import Subject, Window
from repdyn.models import build


def probed(x, labels, classes, seed=0, count=CONTROLS):
    """Accuracy on the true labels, and on `count` control labellings."""
    rng = np.random.default_rng(seed)
    half = stratified_halves(labels, rng)
    labellings = np.vstack([labels, control_labelings(labels, half, count, rng)])
    accuracy, *controls = probe_accuracies(x, labellings, half, classes)
    return accuracy, np.array(controls)


def the_long_way(x, labels, half):
    """Held-out accuracy with scikit-learn, the penalty by fitting once per left-out example."""
    hits = 0
    for side in (0, 1):
        train, target = x[half != side], np.eye(labels.max() + 1)[labels[half != side]]
        largest = np.linalg.norm(train - train.mean(0), 2) ** 2
        errors = []
        for penalty in PENALTIES * largest:
            error = 0
            for i in range(len(train)):
                rest = np.arange(len(train)) != i
                fit = Ridge(alpha=penalty, solver="svd").fit(train[rest], target[rest])
                error += ((fit.predict(train[i : i + 1]) - target[i]) ** 2).sum()
            errors.append(error)
        fit = Ridge(alpha=PENALTIES[np.argmin(errors)] * largest, solver="svd").fit(train, target)
        hits += (fit.predict(x[half == side]).argmax(1) == labels[half == side]).sum()
    return hits / len(x)


def test_halves_hold_the_same_number_of_every_class():
    labels = np.random.default_rng(0).integers(0, 5, 101)
    half = stratified_halves(labels, np.random.default_rng(1))
    counts = np.array([np.bincount(labels[half == side], minlength=5) for side in (0, 1)])
    assert np.abs(counts[0] - counts[1]).max() <= 1
    assert abs((half == 0).sum() - (half == 1).sum()) <= 1
    assert (half != stratified_halves(labels, np.random.default_rng(2))).any()


def test_controls_keep_the_class_counts_and_nothing_else():
    labels = np.random.default_rng(3).integers(0, 4, 200)
    half = stratified_halves(labels, np.random.default_rng(4))
    controls = control_labelings(labels, half, 50, np.random.default_rng(5))
    for side in (0, 1):
        expected = np.sort(labels[half == side])
        assert (np.sort(controls[:, half == side], axis=1) == expected).all()
    assert len(np.unique(controls, axis=0)) == 50
    assert (controls == labels).mean() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("d", [6, 40, 300])
def test_a_planted_linear_code_is_read_perfectly(d):
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 4, 200)
    code = rng.standard_normal((4, d))
    x = 8 * code[labels] / np.linalg.norm(code, axis=1).mean() + 0.3 * rng.standard_normal((200, d)) + 5
    accuracy, controls = probed(x, labels, 4)
    assert accuracy == 1
    assert controls.mean() == pytest.approx(0.25, abs=0.03)


def test_every_labeling_has_a_probe_of_its_own():
    rng = np.random.default_rng(15)
    labels = rng.permutation(np.arange(120) % 2)
    half = stratified_halves(labels, rng)
    other = control_labelings(labels, half, 1, rng)
    x = np.column_stack([labels, other[0], rng.standard_normal((120, 3))])
    assert probe_accuracies(x, np.vstack([labels, other]), half, 2).tolist() == [1, 1]


def test_a_code_in_a_direction_of_small_variance_is_read():
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 2, 200)
    x = rng.standard_normal((200, 20))
    x[:, 0] *= 100
    x[:, 3] = 0.5 * (2 * labels - 1) + 0.05 * rng.standard_normal(200)
    assert probed(x, labels, 2)[0] == 1


@pytest.mark.parametrize("d", [10, 200])
def test_random_features_stay_in_the_band_of_the_controls(d):
    rng = np.random.default_rng(8)
    z = []
    for draw in range(60):
        labels = rng.permutation(np.arange(160) % 4)
        accuracy, controls = probed(rng.standard_normal((160, d)), labels, 4, seed=draw)
        z.append((accuracy - controls.mean()) / controls.std(ddof=1))
    assert abs(np.mean(z)) < 4 / np.sqrt(60)
    assert 0.7 < np.std(z) < 1.35
    assert np.abs(z).max() < 4.5


@pytest.mark.parametrize("d", [4, 60])
def test_probe_agrees_with_ridge_regression_and_leaving_one_out(d):
    rng = np.random.default_rng(9)
    labels = rng.integers(0, 3, 60)
    x = rng.standard_normal((60, d)) + 1.2 * rng.standard_normal((3, d))[labels] / np.sqrt(d / 4)
    half = stratified_halves(labels, rng)
    accuracy = probe_accuracies(x, labels[None], half, 3)[0]
    assert accuracy == pytest.approx(the_long_way(x, labels, half), abs=1e-12)
    assert 0.4 < accuracy < 0.99


@pytest.mark.parametrize(("n", "d"), [(40, 6), (20, 50)])
def test_penalty_has_the_smallest_leave_one_out_error(n, d):
    rng = np.random.default_rng(10)
    x, labels = rng.standard_normal((n, d)), rng.integers(0, 3, n)
    x[:, 0] += labels
    target = np.eye(3)[labels]
    scores, _, variance = probes._principal_scores(x, x)
    chosen = probes._best_penalty(scores, variance, target) / variance[-1]
    largest = np.linalg.norm(x - x.mean(0), 2) ** 2
    errors = []
    for penalty in PENALTIES:
        rests = [np.delete(np.arange(n), i) for i in range(n)]
        fits = [Ridge(alpha=penalty * largest, solver="svd").fit(x[rest], target[rest]) for rest in rests]
        errors.append(sum(((fit.predict(x[i : i + 1]) - target[i]) ** 2).sum() for i, fit in enumerate(fits)))
    assert chosen == pytest.approx(PENALTIES[np.argmin(errors)])
    assert 0 < np.argmin(errors) < len(PENALTIES)


def test_scale_and_shift_of_the_features_do_not_matter():
    rng = np.random.default_rng(11)
    labels = rng.integers(0, 3, 90)
    x = rng.standard_normal((90, 8)) + 1.0 * np.eye(8)[labels]
    half = stratified_halves(labels, rng)
    expected = probe_accuracies(x, labels[None], half, 3)
    for scale in (1e-20, 1e20):
        assert probe_accuracies(scale * (x + 3), labels[None], half, 3) == expected


def test_unbalanced_classes_are_read_with_an_intercept():
    # Without one, half of the rare class would be called on features that say nothing.
    rng = np.random.default_rng(12)
    labels = (np.arange(200) % 10 == 0).astype(int)
    accuracy, controls = probed(rng.standard_normal((200, 5)), labels, 2)
    assert accuracy == pytest.approx(0.9, abs=0.01)
    assert controls.mean() == pytest.approx(0.9, abs=0.01)


def test_a_constant_layer_is_nan_and_mismatches_are_refused():
    labels = np.arange(40) % 2
    half = stratified_halves(labels, np.random.default_rng(13))
    assert np.isnan(probe_accuracies(np.ones((40, 3)), labels[None], half, 2)).all()
    x = np.random.default_rng(14).standard_normal((40, 3))
    for broken in (np.nan, np.inf):
        assert np.isnan(probe_accuracies(np.where(np.arange(40)[:, None] == 7, broken, x), labels[None], half, 2)).all()
    with pytest.raises(StudyError, match="agree in n"):
        probe_accuracies(x[1:], labels[None], half, 2)
    with pytest.raises(StudyError, match="same class counts"):
        probe_accuracies(x, np.vstack([labels, np.zeros(40, dtype=int)]), half, 2)


def test_table_reads_layers_at_fixed_steps_and_ends_of_windows():
    torch.manual_seed(0)
    model = build({"family": "mlp", "hidden": [16, 8]}, kind="vector", shape=(3,), classes=3)
    steps = (0, 5, 10, 15, 20)
    states = {step: {k: v.clone() for k, v in model.state_dict().items()} for step in steps}
    states[20]["hidden.1.0.bias"] -= 100
    labels = torch.arange(90) % 3
    inputs = torch.eye(3)[labels] + 0.1 * torch.randn(90, 3, generator=torch.Generator().manual_seed(1))
    windows = (Window("jump", 5, 10, 15),)
    options = {"key": ("tiny", 0), "grid": (0, 20), "windows": windows}
    table = measure(Subject(model, states, inputs, labels, 3, **options))
    assert sorted(table.step.unique()) == [0, 5, 15, 20]
    table = table.set_index(["step", "layer"])
    assert len(table) == 12
    first = table.loc[(0, "hidden.0")]
    assert first.value.item() == 1
    assert first.null_mean.item() == pytest.approx(1 / 3, abs=0.06)
    assert 0.02 < first.null_sd.item() < 0.1
    assert table.loc[[(20, "hidden.1"), (20, "output")], ["value", "null_mean", "null_sd"]].isna().all().all()
    again = measure(Subject(model, states, inputs, labels, 3, **options))
    assert again.set_index(["step", "layer"]).equals(table)
