"""Causal tracing: which states, restored, bring back the answer that noise on the embedding has destroyed (Meng 2022)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from repdyn.activations.addresses import Where
from repdyn.activations.answers import Inputs, answer
from repdyn.activations.hooks import replaced
from repdyn.errors import StudyError
from repdyn.interventions.patching import Metric, Site, activations, measured, putting
from repdyn.training.tracker import evaluating

# Noise in standard deviations of the embedding's values (Meng 2022).
NOISE = 3.0


class Tracing(NamedTuple):
    """A metric of each example, mean over the draws of noise: clean and noised (n,), each site restored (sites, n), and each
    site replaced by its value under other noise (sites, n). Total effect: clean - noised; indirect: restored - noised."""

    clean: np.ndarray
    noised: np.ndarray
    restored: np.ndarray
    exchanged: np.ndarray


def causal_tracing(
    model: nn.Module,
    inputs: Inputs,
    path: Where,
    sites: Sequence[Site],
    metric: Metric,
    rng: np.random.Generator,
    draws: int = 2,
    noise: float = NOISE,
) -> Tracing:
    """Noise on a module's output (the embedding at `path`), then one site at a time back at its clean value.

    inputs (n, ...). noise: in standard deviations of that output over examples and dimensions. Draws of noise for one
    example are not independent of each other, so they are averaged here and never counted as examples. The control puts in
    each site's value from a run with other noise: as foreign to the run as the clean one, but as noised. Raises StudyError
    for less than one draw, or an output without variance, on which noise has no scale.
    """
    paths = {path, *(site.path for site in sites)}
    clean = activations(model, inputs, paths)
    scale = noise * clean[path].std().item()
    if draws < 1 or not scale > 0:
        raise StudyError(f"Causal tracing needs a draw of noise and a scale for it: {draws} draws, scale {scale:g}.")
    runs = []
    for _ in range(draws):
        first, second = (
            torch.from_numpy(scale * rng.standard_normal(clean[path].shape, dtype=np.float32)).to(clean[path])
            for _ in range(2)
        )
        other = activations(model, inputs, paths, {path: lambda h, e=second: h + e})
        noised = measured(metric, _restored(model, inputs, path, first, None, clean))
        sided = [
            np.stack([measured(metric, _restored(model, inputs, path, first, site, values)) for site in sites])
            for values in (clean, other)
        ]
        runs.append((noised, *sided))
    with torch.no_grad(), evaluating(model):
        intact = measured(metric, answer(model, inputs))
    return Tracing(intact, *(np.mean(kind, axis=0) for kind in zip(*runs, strict=True)))


def _restored(model, inputs, path, noise, site, values) -> torch.Tensor:
    """The run with noise at the path and one site, of any module, at its values."""
    put = putting(site.path, site.mask, values[site.path]) if site else None

    def corrupted(output):
        return put(output + noise) if site and site.path == path else output + noise

    changes = {path: corrupted}
    if site and site.path != path:
        changes[site.path] = put
    with torch.no_grad(), evaluating(model), replaced(model, changes):
        return answer(model, inputs)
