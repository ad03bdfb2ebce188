"""Dictionaries of other sizes: what more features explain, and whether two seeds still find the same."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from repdyn.measures.table import entry
from repdyn.sparse_autoencoders.autoencoder import Autoencoder, encode, explained_variance, fit, reconstruct
from repdyn.sparse_autoencoders.dictionaries import matched, random_dictionary
from repdyn.sparse_autoencoders.features import density


def expansions(
    step: int,
    layer,
    rows: np.ndarray,
    judged: np.ndarray,
    factors: Sequence[int],
    known: dict[int, list[Autoencoder]],
    seeds: Sequence[int],
    rng: np.random.Generator,
    **options,
) -> Iterator[dict]:
    """Entries for dictionaries of each factor times d features of rows (n, d), at the seeds; known: those there are already.

    options: of `autoencoder.fit`. NaN where there are fewer rows than features.
    """
    found = np.full((4, len(factors)), np.nan)
    sides = [torch.from_numpy(np.asarray(side, dtype=np.float32)) for side in (rows, judged)]
    for place, factor in enumerate(factors):
        features = factor * rows.shape[1]
        if len(rows) < features:
            continue
        fitted = known.get(factor) or [fit(rows, features, seed, **options) for seed in seeds]
        shares = [density(encode(sae, sides[0]).numpy()) for sae in fitted]
        live = [sae.decoder.numpy()[share > 0] for sae, share in zip(fitted, shares, strict=True)]
        found[:, place] = (
            np.mean([explained_variance(sides[1], reconstruct(sae, sides[1])) for sae in fitted]),
            np.mean(np.stack(shares) == 0),
            matched(*live[:2]),
            matched(live[0], random_dictionary(*live[1].shape, rng)),
        )
    explained, dead, alike, random = found
    yield entry(step, layer, "expansion_explained_variance", explained)
    yield entry(step, layer, "expansion_dead", dead)
    yield entry(step, layer, "expansion_mmcs_seeds", alike, random)
