"""Nested dictionaries, in which leading groups of features have to describe the layer alone: what few features hold."""

from collections.abc import Iterator

import numpy as np
import torch

from repdyn.measures.table import entry
from repdyn.sparse_autoencoders.autoencoder import Autoencoder, decode, encode, explained_variance, fit
from repdyn.sparse_autoencoders.hierarchy import containment

PARTS = (8, 4, 2)  # the leading groups are 1 / 8, 1 / 4 and 1 / 2 of the features


def nested(
    step: int, layer: str, rows: np.ndarray, judged: np.ndarray, flat: Autoencoder, options: dict, rng
) -> Iterator[dict]:
    """The entries of nested_*; none for so few features that the groups are not different.

    flat: the autoencoder of rows (n, d) that options, of `fit`, give without groups.
    """
    features = len(flat.decoder)
    groups = tuple(features // part for part in PARTS)
    if groups[0] < 1:
        return
    whole = fit(rows, features, **options, nested=groups)
    held_out, fitted = (torch.from_numpy(np.asarray(x, dtype=np.float32)) for x in (judged, rows))
    # Of the flat dictionary those features first that carry most.
    order = encode(flat, fitted).square().sum(0).argsort(descending=True, stable=True)
    alone = [_explained(whole, held_out, torch.arange(features), size) for size in (*groups, features)]
    best = [_explained(flat, held_out, order, size) for size in (*groups, features)]
    yield entry(step, layer, "nested_features", (*groups, features))
    yield entry(step, layer, "nested_explained_variance", alone, best)
    yield entry(step, layer, "nested_containment", *containment(encode(whole, held_out).numpy() > 0, groups[0], rng))


def _explained(sae: Autoencoder, x: torch.Tensor, order: torch.Tensor, size: int) -> float:
    """Variance explained by the first features of an order alone."""
    active = torch.zeros(len(order)).index_fill(0, order[:size], 1.0)
    return explained_variance(x, decode(sae, encode(sae, x) * active))
