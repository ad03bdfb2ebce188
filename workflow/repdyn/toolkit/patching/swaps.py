"""Patching between texts that differ in one word: where in the network the word is told from another."""

from collections.abc import Iterator

import numpy as np
import torch

from repdyn.activations.answers import answer
from repdyn.activations.hooks import replaced
from repdyn.interventions.patching import activations, measured
from repdyn.interventions.recovery import null_of
from repdyn.interventions.swaps import swapped_words, word_odds
from repdyn.measures.subject import Subject
from repdyn.measures.table import entry
from repdyn.models.embedding import PADDING
from repdyn.toolkit.pairwise import Look
from repdyn.training.tracker import evaluating


def swaps(look: Look, training: Subject, draws: int) -> Iterator[dict]:
    """Entries for the word swap of every pair, of networks for texts whose layers hold a state for every token."""
    layers = [layer for layer in look.layers if len(look.shapes[layer]) == 2]
    if not training.text or not layers:
        return
    pairs = look.pairs
    clean, others = pairs.clean.numpy(), pairs.corrupted.numpy()
    words = training.inputs.numpy()
    odds = word_odds(words, words != PADDING, training.labels, pairs.classes)
    swapped, position = swapped_words(clean, others, clean != PADDING, odds)
    start = _answer(look, swapped)
    rng = look.rng("random swaps")
    random = [_answer(look, swapped_words(clean, others, clean != PADDING, odds, rng)[0]) for _ in range(draws)]
    spans = [float((look.clean - each).mean()) for each in random]
    span = float((look.clean - start).mean())
    yield entry(look.step, "", "swap_span", span, np.mean(spans), np.std(spans, ddof=1))
    donors, strange = (activations(look.model, each, layers) for each in (pairs.clean, pairs.unrelated))
    for layer in layers:
        at = torch.from_numpy(np.arange(look.shapes[layer][0]) == position[:, None])[:, :, None]
        changed, other = (
            np.stack([_answer(look, swapped, layer, mask, values[layer]) for mask in (at, ~at)])
            for values in (donors, strange)
        )
        yield from look.recovered(
            layer, "swap_denoising", changed, start, look.clean, null_of(other, start, look.clean)
        )


def _answer(look: Look, tokens: np.ndarray, layer=None, mask=None, values=None) -> np.ndarray:
    """The metric of texts, with a layer's states where the mask (n, T, 1) is at values."""
    changes = {} if layer is None else {layer: lambda output: torch.where(mask, values, output)}
    with torch.no_grad(), evaluating(look.model), replaced(look.model, changes):
        return measured(look.pairs.metric, answer(look.model, torch.from_numpy(tokens)))
