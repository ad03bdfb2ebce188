"""Sparse features inside networks: reconstructions spliced in, causal features told from decoys, planted classes found."""

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score
from torch import nn
from torch.nn.functional import cross_entropy

from repdyn.errors import StudyError
from repdyn.sparse_autoencoders.autoencoder import Autoencoder, decode, encode
from repdyn.sparse_autoencoders.features import by_example, class_detectors, density, ranked
from repdyn.sparse_autoencoders.spliced import as_rows, effect, losses, recovered, row_wise, without

PATH = "0"


def identity(d):
    """Exact for activations >= 0."""
    return Autoencoder(torch.eye(d), torch.zeros(d), torch.eye(d), torch.zeros(d))


def network():
    """ReLU of the inputs, of which only the first two say anything about the class; dropout would show."""
    model = nn.Sequential(nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 2))
    with torch.no_grad():
        model[2].weight.copy_(torch.tensor([[3.0, -3, 0, 0, 0], [-3, 3, 0, 0, 0]]))
        model[2].bias.zero_()
    return model


def examples(n=400):
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 2
    x = rng.random((n, 5))
    x[np.arange(n), labels] += 1
    x[:, 3] += labels  # predictive of the class, but not used: a decoy
    return torch.from_numpy(x.astype(np.float32)), labels


def test_an_exact_reconstruction_loses_nothing_and_an_ablation_all():
    x, labels = examples()
    model = network().train()
    loss = losses(model, PATH, x, labels, chunk=64)
    with torch.inference_mode():
        expected = cross_entropy(model[2](x), torch.from_numpy(labels), reduction="none").numpy()
    assert loss == pytest.approx(expected, abs=1e-5)
    assert model[1].training
    sae = identity(5)
    spliced = losses(model, PATH, x, labels, lambda rows: decode(sae, encode(sae, rows)))
    zero = losses(model, PATH, x, labels, torch.zeros_like)
    assert zero == pytest.approx(np.full(len(x), np.log(2)), abs=1e-6)
    assert recovered(loss, spliced, zero) == pytest.approx(1, abs=1e-6)
    assert recovered(loss, zero, zero) == pytest.approx(0, abs=1e-12)
    assert recovered(loss, (loss + zero) / 2, zero) == pytest.approx(0.5)


def test_where_an_ablation_does_no_harm_there_is_nothing_to_recover():
    rng = np.random.default_rng(0)
    loss = rng.random(100)
    noise = rng.standard_normal(100)
    noise -= noise.mean()
    noise /= noise.std(ddof=1)
    assert np.isnan(recovered(loss, loss, loss))
    assert np.isnan(recovered(loss, loss, loss - 1 + 0.01 * noise))
    assert np.isnan(recovered(loss, loss, loss + noise + 0.19))  # 1.9 standard errors
    assert recovered(loss, loss, loss + noise + 0.21) == 1


@pytest.mark.parametrize("shape", [(6, 4), (6, 3, 4), (6, 4, 2, 3)])
def test_rows_of_every_kind_of_output_come_back_where_they_were(shape):
    output = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    axis = 1 if len(shape) == 4 else -1
    rows = as_rows(output, axis)
    assert rows.shape == (output.numel() // 4, 4)
    assert torch.equal(row_wise(torch.clone, lambda _: axis)(output), output)
    scale = torch.tensor([1.0, 10, 100, 1000])
    along = scale.view(4, 1, 1) if len(shape) == 4 else scale
    assert torch.equal(row_wise(lambda rows: rows * scale, lambda _: axis)(output), output * along)
    with pytest.raises(StudyError, match="the axis of the units must be given"):
        as_rows(torch.zeros(6, 3, 4))


def test_a_causal_feature_is_told_from_a_predictive_decoy():
    x, labels = examples()
    sae, directions = identity(5), torch.eye(5)[2:4]
    rise = [effect(network(), PATH, sae, x, labels, feature, directions) for feature in range(5)]
    assert all(rise[feature][0] > 0.5 for feature in (0, 1))
    assert [rise[feature][0] for feature in (2, 3, 4)] == pytest.approx([0, 0, 0], abs=1e-9)
    # As much taken along directions that the network does not use does nothing.
    assert np.concatenate([null for _, null in rise]) == pytest.approx(np.zeros(10), abs=1e-9)
    assert effect(network(), PATH, sae, x, labels, 3, torch.eye(5)[:1])[1][0] != 0


def test_the_error_of_the_reconstruction_is_kept():
    random = torch.Generator().manual_seed(1)
    encoder, bias, decoder, centre = (torch.randn(size, generator=random) for size in ((5, 7), 7, (7, 5), 5))
    sae = Autoencoder(encoder, bias, decoder / decoder.norm(dim=1, keepdim=True), centre, k=3)
    rows = torch.randn(20, 5, generator=random)
    features = encode(sae, rows)
    error = rows - decode(sae, features)
    changed = features.clone()
    feature = int(features.sum(0).argmax())
    changed[:, feature] = 0
    assert without(sae, feature)(rows).numpy() == pytest.approx((decode(sae, changed) + error).numpy(), abs=1e-5)
    quiet = (features[:, feature] == 0).numpy()
    assert 0 < quiet.sum() < 20
    assert torch.equal(without(sae, feature)(rows)[quiet], rows[quiet])
    moved = rows - without(sae, feature, torch.eye(5)[2])(rows)
    assert moved[:, 2].numpy() == pytest.approx(features[:, feature].numpy(), abs=1e-6)
    assert (moved[:, [0, 1, 3, 4]] == 0).all()
    with pytest.raises(StudyError, match="0 to 6, not 7"):
        without(sae, 7)


def test_a_path_that_is_none_lists_those_there_are():
    x, labels = examples(10)
    with pytest.raises(StudyError, match="no module"):
        losses(network(), "hidden.0", x, labels)


def planted(n, seed, classes=4, m=30):
    """Features of which number 5 + c is active on class c, with a few misses and false alarms."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % classes)
    features = rng.random((n, m)) * (rng.random((n, m)) < 0.3)
    features[:, 5 : 5 + classes] = 0.2 * rng.random((n, classes)) + 1.0 * (labels[:, None] == np.arange(classes))
    return np.where(rng.random((n, m)) < 0.02, 0, features), labels


def test_planted_class_features_are_found_and_shuffled_labels_give_none():
    (train, labels), (test, test_labels) = planted(400, 1), planted(200, 2)
    found = class_detectors(train, labels, test, test_labels, 4)
    assert found.feature.tolist() == [5, 6, 7, 8]
    assert (found.f1 > 0.9).all()
    for label, (feature, threshold) in enumerate(zip(found.feature, found.threshold, strict=True)):
        assert found.f1[label] == pytest.approx(f1_score(test_labels == label, test[:, feature] >= threshold))
    rng = np.random.default_rng(3)
    null = [
        class_detectors(train, rng.permutation(labels), test, rng.permutation(test_labels), 4).f1.mean()
        for _ in range(5)
    ]
    assert np.mean(null) < 0.45  # saying "this class" always gives .4


def test_the_threshold_is_the_best_there_is_and_never_splits_equal_values():
    labels = np.array([1, 1, 0, 1, 0, 0])
    features = np.array([[3.0], [2], [2], [2], [1], [0]])
    found = class_detectors(features, labels, features, labels, 2)
    best = max((f1_score(labels == 1, features[:, 0] >= t), t) for t in (0, 1, 2, 3))
    assert (found.f1[1], found.threshold[1]) == pytest.approx(best)
    assert found.f1[0] == pytest.approx(2 * 3 / 9)

    labels = np.array([1, 1, 0, 0, 0, 0])
    features = np.array([[3.0], [2], [2], [2], [2], [0]])  # between the first two 2s would be perfect
    found = class_detectors(features, labels, features, labels, 2)
    assert (found.threshold[1], found.f1[1]) == (3, pytest.approx(2 / 3))


@pytest.mark.parametrize("steps", [None, 2])
def test_the_best_of_all_thresholds_of_all_features_is_found_however_many_values_are_equal(steps):
    rng = np.random.default_rng(4)
    features = np.maximum(rng.standard_normal((60, 7)), 0)
    features = features if steps is None else np.round(features * steps)
    known, said = ranked(features), features[:, None] >= features  # (example, threshold, feature)
    for _ in range(4):
        labels = rng.permutation(np.arange(60) % 3)
        found = class_detectors(known, labels, features, labels, 3)
        for label in range(3):
            true = (labels == label)[:, None, None]
            tried = 2 * (said & true).sum(0) / (said.sum(0) + true.sum())
            assert found.f1[label] == pytest.approx(tried.max(), abs=1e-12)
        again = class_detectors(features, labels, features, labels, 3)
        assert all(np.array_equal(one, other) for one, other in zip(found, again, strict=True))


def test_detectors_are_judged_on_held_out_rows():
    features, labels = planted(400, 1)
    silent = np.zeros_like(features)
    assert class_detectors(features, labels, silent, labels, 4).f1.tolist() == [0, 0, 0, 0]


def test_an_example_has_the_largest_value_of_its_rows():
    values = np.array([[1.0, -5], [3, -2], [2, 9], [0, 0], [-1, 7]])
    assert by_example(values, np.array([0, 0, 1, 2, 2])).tolist() == [[3, -2], [2, 9], [0, 7]]


def test_density_by_hand_and_labels_that_do_not_fit():
    assert density(np.array([[0, 1.0, 2], [0, 0, 1]])).tolist() == [0, 0.5, 1]
    features, labels = planted(40, 1)
    with pytest.raises(StudyError, match="held-out labels hold no example of class 3"):
        class_detectors(features, labels, features[labels < 3], labels[labels < 3], 4)
    with pytest.raises(StudyError, match="same m"):
        class_detectors(features, labels, features[:, :5], labels, 4)
    with pytest.raises(StudyError, match="a label for each row"):
        class_detectors(features, labels[:-1], features, labels, 4)
