"""Direct logit attribution of the study's transformers: what each part alone adds to the difference of two classes."""

from collections.abc import Iterator

import numpy as np
import torch

from repdyn.activations.answers import Inputs
from repdyn.attribution.direct_logits import of_heads, through_norm, to_logits
from repdyn.interventions.patching import activations
from repdyn.measures.table import entry
from repdyn.models.embedding import PADDING
from repdyn.models.transformer import Transformer
from repdyn.toolkit.pairwise import Look


def logits(look: Look) -> Iterator[dict]:
    """The entries of direct_*; none for networks that are no `Transformer`."""
    model = look.model
    if not isinstance(model, Transformer):
        return
    heads = model.blocks[0].attention.head_count
    # {shift: metric of each part, clean less corrupted}; heads through the projection of the head so many places on.
    found = {shift: _difference(look, model, shift) for shift in range(heads)}
    value = found.pop(0)
    others = np.stack(list(found.values())) if found else np.full((1, len(value)), np.nan)
    # Only what a head adds changes with its projection.
    is_head = (np.arange(len(value)) - 1) % (heads + 1) < heads
    is_head[[0, -1]] = False
    spread = others.std(0, ddof=1) if len(others) > 1 else np.full(len(value), np.nan)
    null = (np.where(is_head, each, np.nan) for each in (others.mean(0), spread))
    yield entry(look.step, "", "direct_logits", value, *null)
    span = (look.clean - look.corrupted).mean()
    yield entry(look.step, "", "direct_gap", abs(value.sum() - span) / np.abs(value).sum())


def _difference(look: Look, model: Transformer, shift: int) -> np.ndarray:
    sides = (_parts(look, model, inputs, shift) for inputs in (look.pairs.clean, look.pairs.corrupted))
    clean, corrupted = (look.pairs.metric(side.flatten(0, 1)).view(side.shape[:2]).mean(1) for side in sides)
    return (clean - corrupted).double().numpy()


def _parts(look: Look, model: Transformer, inputs: Inputs, shift: int) -> torch.Tensor:
    """Logits (p, n, classes) of the embedding, the heads and the feed-forward layer of each block, and all biases."""
    names = [f"blocks.{i}.{part}" for i in range(len(model.blocks)) for part in ("attention.heads", "feedforward")]
    values = activations(look.model, inputs, ["embedding", *names])
    parts, biases = values["embedding"][None], torch.zeros_like(values["embedding"])[None]

    def normed(norm):
        nonlocal parts, biases
        *rest, bias, own = through_norm(torch.cat([parts, biases]), norm)
        parts, biases = torch.stack(rest), (bias + own)[None]

    with torch.no_grad():
        for i, block in enumerate(model.blocks):
            added = of_heads(values[f"blocks.{i}.attention.heads"].roll(shift, 2), block.attention.out_proj)
            parts, biases = torch.cat([parts, added[:-1]]), biases + added[-1:]
            normed(block.norm1)
            fed = values[f"blocks.{i}.feedforward"] @ block.down.weight.T
            parts, biases = torch.cat([parts, fed[None]]), biases + block.down.bias
            normed(block.norm2)
        valid = inputs != PADDING if inputs.dtype == torch.int64 else None
        found = to_logits(torch.cat([parts, biases]), model.output, valid)
    return torch.cat([found[:-2], found[-2:].sum(0, keepdim=True)])
