"""Autoencoders of a layer at one step, at several seeds, and of noise of its covariance."""

from typing import NamedTuple

import numpy as np
import torch

from repdyn.seeds import derive
from repdyn.sparse_autoencoders.autoencoder import Autoencoder, encode, explained_variance, fit, reconstruct
from repdyn.sparse_autoencoders.dictionaries import gaussian_matched
from repdyn.sparse_autoencoders.features import density


class Dictionaries(NamedTuple):
    """Autoencoders of training rows and of their Gaussian match, and the share of rows in which each feature is
    active.
    """

    real: list[Autoencoder]
    null: list[Autoencoder]
    density: list[np.ndarray]
    null_density: list[np.ndarray]

    @property
    def live(self) -> list[np.ndarray]:
        """Directions of the features that are active in some row."""
        return [sae.decoder.numpy()[share > 0] for sae, share in zip(self.real, self.density, strict=True)]

    @property
    def live_null(self) -> list[np.ndarray]:
        return [sae.decoder.numpy()[share > 0] for sae, share in zip(self.null, self.null_density, strict=True)]


def matches(x: np.ndarray, key: tuple, split: str, seeds: int) -> list[np.ndarray]:
    """Normal rows with the mean and the covariance of x (n, d), for each seed."""
    # The same normal numbers at all steps: what differs between steps is the covariance.
    return [
        gaussian_matched(x, np.random.default_rng(derive(*key, "Gaussian match", split, seed))) for seed in range(seeds)
    ]


def dictionaries(rows: np.ndarray, features: int, key: tuple, seeds: int, **options) -> Dictionaries:
    """Of rows (n, d) at so many seeds; options: of `autoencoder.fit`."""
    drawn = [derive(*key, "autoencoder", seed) for seed in range(seeds)]
    match = matches(rows, key, "training", seeds)
    real = [fit(rows, features, seed, **options) for seed in drawn]
    null = [fit(x, features, seed, **options) for seed, x in zip(drawn, match, strict=True)]
    return Dictionaries(
        real,
        null,
        [density(features_of(sae, rows)) for sae in real],
        [density(features_of(sae, x)) for sae, x in zip(null, match, strict=True)],
    )


def features_of(sae: Autoencoder, rows: np.ndarray) -> np.ndarray:
    """Features (n, m) of rows (n, d)."""
    return encode(sae, tensor(rows)).numpy()


def tensor(x: np.ndarray) -> torch.Tensor:
    """In the precision of autoencoders."""
    return torch.from_numpy(np.asarray(x, dtype=np.float32))


def explained(sae: Autoencoder, x: np.ndarray) -> float:
    """Share of the variance of rows (n, d) that an autoencoder explains."""
    return explained_variance(tensor(x), reconstruct(sae, tensor(x)))
