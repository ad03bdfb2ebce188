"""Patching of the leading principal components of a layer, against as many random directions."""

from collections.abc import Iterator

import numpy as np
import torch

from repdyn.activations.answers import answer
from repdyn.activations.hooks import replaced
from repdyn.interventions.features import feature_change
from repdyn.interventions.patching import activations, measured
from repdyn.interventions.recovery import drawn
from repdyn.measures.table import entry
from repdyn.spectrum import leading_measures
from repdyn.toolkit.pairwise import Look
from repdyn.training.tracker import evaluating

# Share of the largest singular value below which a direction is rounding noise of float32 activations.
NOISE = 1e-5


def components(look: Look, representations: dict[str, np.ndarray], draws: int) -> Iterator[dict]:
    """The entries of component_*; representations: {layer: (n, d)} of training data, draws: sets of random directions."""
    donors = activations(look.model, look.pairs.clean, look.states())
    for layer, donor in donors.items():
        x = representations[layer]
        ratio = leading_measures(torch.from_numpy(x)[None])["participation_ratio"].item()
        if np.isnan(ratio):
            yield entry(look.step, layer, "component_count", np.nan)
            continue
        size = int(np.ceil(ratio))
        found = bases(x, size, draws, look.rng("random directions", layer))
        changed = np.stack([_projected(look, layer, donor, basis) for basis in found])
        null = drawn(changed[1:], look.corrupted, look.clean)
        yield entry(look.step, layer, "component_count", size)
        yield from look.recovered(layer, "component_denoising", changed[0], look.corrupted, look.clean, null)


def bases(x: np.ndarray, count: int, draws: int, rng: np.random.Generator) -> list[torch.Tensor]:
    """Orthonormal rows (count, d): the leading principal directions of (n, d), then `draws` random ones in their space."""
    centred = x.astype(np.float64) - x.mean(0, dtype=np.float64)
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    space = directions[singular > NOISE * singular[0]]
    random = [np.linalg.qr(rng.standard_normal((len(space), count)))[0].T @ space for _ in range(draws)]
    # Copied into torch's memory, which is aligned: with numpy's, the last bit of a product depends on where it lies.
    return [torch.tensor(basis, dtype=torch.float32) for basis in (directions[:count], *random)]


def _projected(look: Look, layer: str, donor: torch.Tensor, basis: torch.Tensor) -> np.ndarray:
    basis, chosen = basis.to(donor), torch.ones(len(basis), dtype=torch.bool)
    change = feature_change(donor, lambda h: h @ basis.T, basis, chosen, axis=look.axes[layer])
    with torch.no_grad(), evaluating(look.model), replaced(look.model, {layer: change}):
        return measured(look.pairs.metric, answer(look.model, look.pairs.corrupted))
