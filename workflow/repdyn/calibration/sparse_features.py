"""Sparse autoencoders where the features are known."""

import numpy as np
import torch

from repdyn.calibration.trial import Trial
from repdyn.sparse_autoencoders.autoencoder import explained_variance, fit, reconstruct
from repdyn.sparse_autoencoders.dictionaries import gaussian_matched, mmcs, random_dictionary
from repdyn.sparse_autoencoders.features import class_detectors
from repdyn.sparse_autoencoders.hierarchy import containment
from repdyn.sparse_autoencoders.pairing import paired_correlation, shuffled_within
from repdyn.sparse_autoencoders.spliced import recovered

D, FEATURES, ACTIVE, ROWS = 16, 32, 2, 6000


def planted(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A dictionary (FEATURES, D), the amounts of it in each row (ROWS, FEATURES), and the rows (Sharkey 2022)."""
    dictionary = random_dictionary(FEATURES, D, rng)
    amounts = (rng.random((ROWS, FEATURES)) < ACTIVE / FEATURES) * rng.random((ROWS, FEATURES))
    return dictionary, amounts, amounts @ dictionary


def _learned(x: np.ndarray) -> np.ndarray:
    return fit(x, FEATURES, 0, k=3, steps=1200, batch=128).decoder.numpy()


def dictionary(rng: np.random.Generator) -> Trial:
    known, _, x = planted(rng)
    chance = mmcs(known, random_dictionary(FEATURES, D, rng))
    return Trial(
        f"rows of {ACTIVE} of {FEATURES} planted directions in {D} dimensions", "mean largest cosine with them", 1, 0.07,
        [mmcs(known, _learned(x))],
        "a Gaussian of the same covariance, beside random directions", chance, 0.12,
        [mmcs(known, _learned(gaussian_matched(x, rng)))],
    )  # fmt: skip


def reconstruction(rng: np.random.Generator) -> Trial:
    known, amounts, x = planted(rng)
    held_out = ROWS // 6
    sae = fit(x[held_out:], FEATURES, 0, k=3, steps=1200, batch=128)
    rows = torch.from_numpy(x[:held_out].astype(np.float32))
    # What the planted directions themselves explain with three a row.
    largest = amounts[:held_out] * (amounts[:held_out] >= np.sort(amounts[:held_out])[:, -3:-2])
    truth = explained_variance(rows, torch.from_numpy((largest @ known).astype(np.float32)))
    return Trial(
        f"held-out rows of {ACTIVE} of {FEATURES} planted directions", "variance explained by 3 features", truth, 0.1,
        [explained_variance(rows, reconstruct(sae, rows))],
        "the mean of the rows", 0, 1e-6, [explained_variance(rows, rows.mean(0).expand_as(rows))],
    )  # fmt: skip


def detectors(rng: np.random.Generator) -> Trial:
    labels = np.arange(2000) % 4
    features = rng.random((2000, 10))
    features[:, :4] += 2 * np.eye(4)[labels]
    half = np.arange(2000) < 1000

    def f1(told):
        return class_detectors(features[half], told[half], features[~half], told[~half], 4).f1.mean()

    return Trial(
        "four features that are each one class", "held-out F1", 1, 0.01, [f1(labels)],
        "shuffled classes", 0.4, 0.02, [f1(rng.permutation(labels)) for _ in range(3)],
    )  # fmt: skip


def paired_features(rng: np.random.Generator) -> Trial:
    a = rng.standard_normal((400, 6))
    groups = np.zeros(400, dtype=np.int64)
    # b is a, feature by feature, with noise of its own variance, in another order.
    b = (a + rng.standard_normal(a.shape))[:, rng.permutation(6)]
    return Trial(
        "features of one network and noisy ones of another, in another order", "mean correlation of the pairs",
        np.sqrt(0.5), 0.05, [paired_correlation(a, b)],
        "the same with shuffled rows", 0.06, 0.06,
        [paired_correlation(a, b[shuffled_within(groups, rng)]) for _ in range(5)],
    )  # fmt: skip


def loss_recovered(rng: np.random.Generator) -> Trial:
    loss = rng.random(500)
    return Trial(
        "a reconstruction that costs a quarter of what the ablation costs", "loss recovered", 0.75, 1e-9,
        [recovered(loss, loss + 0.5, loss + 2)],
        "an ablation that costs nothing", np.nan, 0, [recovered(loss, loss, loss + 1e-3 * rng.standard_normal(500))],
    )  # fmt: skip


def parents_of_a_tree(rng: np.random.Generator) -> Trial:
    parents, children, d = 6, 3, 32
    shared = random_dictionary(parents, d, rng)
    own = rng.standard_normal((parents, children, d))
    own -= own.mean(1, keepdims=True)
    own /= np.linalg.norm(own, axis=2, keepdims=True)
    on = rng.random((8000, parents)) < 0.2
    child = np.eye(children)[rng.integers(children, size=on.shape)] * (on & (rng.random(on.shape) < 0.9))[:, :, None]
    x = on @ shared + 0.7 * np.einsum("npc,pcd->nd", child, own)
    nested, flat = (fit(x, 30, 0, penalty=0.1, steps=1200, batch=128, nested=sizes) for sizes in ((parents,), ()))
    return Trial(
        "families of three that share a parent, a nested dictionary", "cosine of its first features with the parents", 1,
        0.05, [mmcs(shared, nested.decoder[:parents].numpy())],
        "as many features of a flat dictionary", 0.6, 0.25, [mmcs(shared, flat.decoder[:parents].numpy())],
    )  # fmt: skip


def families_of_features(rng: np.random.Generator) -> Trial:
    parents = rng.random((4000, 5)) < 0.2
    kin = parents.repeat(2, 1) & (rng.random((4000, 10)) < 0.5)
    strangers = rng.random((4000, 10)) < 0.1
    found, null = (containment(np.hstack([parents, later]), 5, rng) for later in (kin, strangers))
    return Trial(
        "ten features that are active only where one of five is", "share of their rows within it", 1, 1e-9, [found.share],
        "ten that are active anywhere", 0.23, 0.04, [null.share, found.null_mean],
    )  # fmt: skip
