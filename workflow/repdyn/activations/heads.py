"""The heads of nn.MultiheadAttention, which computes them without a module: written out inside, where a path names them.

Inside, such a module has `probabilities`, the attention weights (n, heads, T, S), and `heads`, the output of each head
before the output projection (n, T, heads, width / heads), both with examples first.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.functional import linear

from repdyn.activations.addresses import Where, address, find
from repdyn.errors import StudyError

NAMES = ("heads", "probabilities")


def heads_of(model: nn.Module, where: Where) -> str | None:
    """The path of the heads of an attention layer, (n, T, heads, d); None where they are no module of their own."""
    path = address(where).path
    module = find(model, path)
    known = isinstance(module, nn.MultiheadAttention) or isinstance(getattr(module, "heads", None), nn.Module)
    return f"{path}.heads" if known else None


@contextmanager
def opened(model: nn.Module, paths: Iterable[str]) -> Iterator[None]:
    """Inside, the attention modules that the paths name heads of compute by modules that can be addressed.

    What they compute is the same to rounding. StudyError for bias_k, bias_v, add_zero_attn and inputs without examples.
    """
    undo = []
    try:
        for owner in dict.fromkeys(path.rpartition(".")[0] for path in paths if path.rpartition(".")[2] in NAMES):
            try:
                module = model.get_submodule(owner)
            except AttributeError:
                continue  # `find` says so
            if isinstance(module, nn.MultiheadAttention) and "heads" not in module._modules:
                undo.append((module, vars(module).get("forward")))
                _open(module)
        yield
    finally:
        for module, forward in undo:
            del module.heads, module.probabilities
            if forward is None:
                del module.forward
            else:
                module.forward = forward


def _open(module: nn.MultiheadAttention) -> None:
    if module.bias_k is not None or module.add_zero_attn:
        raise StudyError("heads of an attention with bias_k, bias_v or add_zero_attn cannot be read")
    module.heads = nn.Identity()
    module.probabilities = nn.Softmax(-1)
    module.train(module.training)

    def forward(query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None, average_attn_weights=True,
                is_causal=False):  # fmt: skip
        return _attend(module, (query, key, value), key_padding_mask, attn_mask, need_weights, average_attn_weights)

    module.forward = forward


def _attend(module, inputs, padding, mask, need_weights, average):
    if inputs[0].ndim != 3:
        raise StudyError(f"heads need inputs of examples, (n, T, width), found {tuple(inputs[0].shape)}")
    if not module.batch_first:
        inputs = tuple(each.transpose(0, 1) for each in inputs)
    count, size = module.num_heads, module.head_dim
    weights = module.in_proj_weight.chunk(3) if module._qkv_same_embed_dim else (
        module.q_proj_weight, module.k_proj_weight, module.v_proj_weight)  # fmt: skip
    biases = (None,) * 3 if module.in_proj_bias is None else module.in_proj_bias.chunk(3)
    query, key, value = (
        linear(each, weight, bias).unflatten(-1, (count, size)).transpose(1, 2)
        for each, weight, bias in zip(inputs, weights, biases, strict=True)
    )
    scores = query @ key.transpose(-1, -2) / size**0.5
    if mask is not None:
        scores = _masked(scores, mask.unflatten(0, (-1, count)) if mask.ndim == 3 else mask)
    if padding is not None:
        scores = _masked(scores, padding[:, None, None, :])
    probabilities = module.probabilities(scores)
    mixed = nn.functional.dropout(probabilities, module.dropout, module.training) @ value
    output = module.out_proj(module.heads(mixed.transpose(1, 2)).flatten(2))
    output = output if module.batch_first else output.transpose(0, 1)
    return output, (probabilities.mean(1) if average else probabilities) if need_weights else None


def _masked(scores: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return scores.masked_fill(mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
