"""Sparse features as sites: the few that carry a class over, the rest of the layer as it is (Marks 2024)."""

from collections.abc import Iterator

import numpy as np
import torch

from repdyn.activations.addresses import Where
from repdyn.activations.answers import answer, array, rows_of
from repdyn.activations.hooks import replaced
from repdyn.interventions.features import feature_attributions, feature_change
from repdyn.interventions.patching import activations, measured
from repdyn.interventions.recovery import drawn
from repdyn.interventions.surgery import unit_values, values_of_units
from repdyn.measures.subject import Subject
from repdyn.measures.table import entry
from repdyn.seeds import derive
from repdyn.sparse_autoencoders.autoencoder import encode, fit, like
from repdyn.toolkit.pairwise import Look
from repdyn.training.tracker import evaluating

EXAMPLES, ROWS = 500, 8000  # training examples and rows of theirs that the features are fitted on, at most
EXPANSION, SHARE = 2, 8  # as in the tool for sparse autoencoders
TRAINING = {"steps": 1000, "batch": 128}


def features(look: Look, training: Subject, top: float, draws: int) -> Iterator[dict]:
    """Entries for the last layer through which everything passes; none where it has too few rows for a dictionary."""
    layer, pairs = look.states()[-1], look.pairs
    axis = look.axes[layer]
    rows = _rows(look, training, layer)
    d = rows.shape[1]
    if len(rows) < EXPANSION * d or not (np.ptp(rows, axis=0) > 0).any():
        yield entry(look.step, layer, "feature_denoising", np.nan)
        return
    sae = fit(rows, EXPANSION * d, derive(*look.key, "patched features"), k=max(1, d // SHARE), **TRAINING)
    clean, corrupted = (activations(look.model, each, [layer])[layer] for each in (pairs.clean, pairs.corrupted))
    sae = like(sae, clean)

    def of(rows):
        return encode(sae, rows.flatten(0, -2)).view(*rows.shape[:-1], -1)

    ours, theirs = (
        activations(look.model, each, [layer])[layer] for each in (look.discovery.clean, look.discovery.corrupted)
    )
    estimate = feature_attributions(
        look.model, look.discovery.clean, layer, ours, theirs, of, sae.decoder, pairs.metric, axis
    ).mean(1)
    size = int(np.ceil(top * len(estimate)))
    rng = look.rng("random features", layer)
    sets = [np.argsort(-estimate, kind="stable")[:size]]
    sets += [rng.choice(len(estimate), size, replace=False) for _ in range(draws)] + [np.arange(len(estimate))]
    metrics = []
    for chosen in sets:
        mask = torch.zeros(len(estimate), dtype=clean.dtype)
        mask[torch.from_numpy(chosen)] = 1
        change = feature_change(clean, of, sae.decoder, mask, axis=axis)
        with torch.no_grad(), evaluating(look.model), replaced(look.model, {layer: change}):
            metrics.append(measured(pairs.metric, answer(look.model, pairs.corrupted)))
    null = drawn(np.stack(metrics[1:-1]), look.corrupted, look.clean)
    yield entry(look.step, layer, "feature_count", size)
    yield from look.recovered(layer, "feature_denoising", metrics[0], look.corrupted, look.clean, null)
    yield from look.recovered(layer, "dictionary_denoising", metrics[-1], look.corrupted, look.clean)


def _rows(look: Look, training: Subject, layer: Where) -> np.ndarray:
    rng = np.random.default_rng(derive(*look.key, "patched rows"))
    chosen = np.sort(rng.permutation(len(training.labels))[:EXAMPLES])
    outputs = unit_values(look.model, rows_of(training.inputs, chosen), layer, training.chunk)
    counted = training.counted if outputs.ndim == 3 else None
    valid = None if counted is None else counted[torch.from_numpy(chosen)]
    rows = array(values_of_units(outputs, valid, look.axes[layer]))
    return rows if len(rows) <= ROWS else rows[np.sort(rng.permutation(len(rows))[:ROWS])]
