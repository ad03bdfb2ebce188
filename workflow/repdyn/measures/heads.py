"""What each attention head does for the loss: the head is ablated, and the rest of the network runs on."""

import numpy as np
import pandas as pd
import torch

from repdyn.activations.hooks import recorded
from repdyn.errors import StudyError, require_indices
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.models.embedding import PADDING, masked_mean
from repdyn.models.transformer import Attention, Block, Transformer
from repdyn.training.tracker import evaluating


def head_contributions(attention: Attention, heads: torch.Tensor) -> torch.Tensor:
    """What each head adds to the attention output (Elhage 2021): (n, T, H, d) head outputs to (H, n, T, width).

    The sum over heads, plus the bias of the output projection, is the attention output.
    """
    count, size = heads.shape[2:]
    weight = attention.out_proj.weight.unflatten(1, (count, size))
    return torch.einsum("nthd,whd->hntw", heads, weight)


def position_means(model: Transformer, chunks: list[torch.Tensor]) -> torch.Tensor:
    """Mean output of every head at every position over the examples in which it is no padding: (blocks, T, H, d) float32.

    By position, because positions are learned: most of what a head writes may depend on the position alone. A mean over
    positions would take that away too, which says nothing about what the head tells about the example (Wang 2022). A
    position that is valid nowhere has 0.
    """
    return _position_means(chunks, _passes(model, chunks)[0])


def ablated_logits(
    model: Transformer, chunks: list[torch.Tensor], replacements: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of the intact network (n, classes), and where one head at a time is replaced (blocks, H, n, classes).

    chunks: inputs in batches, n examples in all. replacements: (blocks, T, H, d), what each head's output becomes at each
    position: `position_means` for mean ablation (Chan 2022), zeros for zero ablation, which may take a network where it
    never is. Whatever follows the head is computed anew. Raises StudyError where the replacements do not fit the network.
    """
    seen, intact = _passes(model, chunks)
    return torch.cat(intact), _ablated_in_chunks(model, chunks, seen, replacements)


def losses(logits: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """Cross-entropy of every example in nats, float64: (..., n, classes) and labels (n,) to (..., n).

    StudyError for labels that are no class.
    """
    require_indices("labels", labels, logits.shape[-1])
    logs = logits.double().log_softmax(-1)
    return -logs[..., torch.arange(len(labels)), labels].numpy()


def measure(subject: Subject) -> pd.DataFrame:
    """What ablating each head of every block does on the test examples, at the fixed steps. Layers: the attention
    modules.

    A head that does nothing has exactly 0, and the standard error says what a difference from 0 is worth.

    - head_mean_ablation [nats] (unit: head): mean change of the loss, ablated minus intact, where the head gives
      `position_means`; above 0 where the head helps. Source: Chan 2022; Wang 2022.
    - head_mean_ablation_se [nats] (unit: head): the standard error of head_mean_ablation over examples, paired.
    - head_mean_ablation_accuracy [share] (unit: head): change of the accuracy. An overconfident network gains in loss
      from whatever makes it less certain, without any answer changing: below 0 here is where the head helps to answer.
    - head_zero_ablation [nats] (unit: head): as head_mean_ablation with zeros, for comparison; at the last fixed step
      alone, because it costs as much again.
    """
    chunks, labels = list(subject.probe.inputs), subject.probe.labels
    entries = []
    for step in subject.grid:
        model = subject.model(step)
        outputs = subject.capture(step, _parts(model))
        seen = [{name: kept[i] for name, kept in outputs.items()} for i in range(len(chunks))]
        intact = torch.from_numpy(subject.logits(step))
        means = _position_means(chunks, seen)
        ablated = _ablated_in_chunks(model, chunks, seen, means)
        effects = losses(ablated, labels) - losses(intact, labels)
        right = [(logits.argmax(-1) == labels).double().mean(-1).numpy() for logits in (ablated, intact)]
        columns = {
            "head_mean_ablation": effects.mean(-1),
            "head_mean_ablation_se": effects.std(-1, ddof=1) / np.sqrt(len(labels)),
            "head_mean_ablation_accuracy": right[0] - right[1],
        }
        if step == subject.grid[-1]:
            ablated = _ablated_in_chunks(model, chunks, seen, torch.zeros_like(means))
            columns["head_zero_ablation"] = (losses(ablated, labels) - losses(intact, labels)).mean(-1)
        for name, values in columns.items():
            entries += [entry(step, f"blocks.{i}.attention", name, value) for i, value in enumerate(values)]
    return combine(entries)


def _parts(model: Transformer) -> list[str]:
    """The modules whose outputs an ablation starts from."""
    blocks = [f"blocks.{i}" for i in range(len(model.blocks))]
    return ["embedding", *blocks, *(f"{block}.attention{part}" for block in blocks for part in ("", ".heads"))]


def _passes(model: Transformer, chunks: list[torch.Tensor]) -> tuple[list[dict[str, torch.Tensor]], list[torch.Tensor]]:
    """Of every chunk the outputs of `_parts`, and the logits."""
    seen, logits = [], []
    with torch.inference_mode(), evaluating(model), recorded(model, _parts(model)) as outputs:
        for inputs in chunks:
            logits.append(model(inputs))
            seen.append(dict(outputs))
    return seen, logits


def _position_means(chunks: list[torch.Tensor], seen: list[dict[str, torch.Tensor]]) -> torch.Tensor:
    total, count = 0, 0
    for inputs, outputs in zip(chunks, seen, strict=True):
        heads = torch.stack([output for name, output in outputs.items() if name.endswith(".heads")]).double()
        valid = _valid(inputs) if inputs.dtype == torch.int64 else torch.ones(heads.shape[1:3])
        total += torch.einsum("bnthd,nt->bthd", heads, valid.double())
        count += valid.sum(0)
    return (total / count.clamp(min=1)[:, None, None]).float()


def _ablated_in_chunks(
    model: Transformer, chunks: list[torch.Tensor], seen: list[dict[str, torch.Tensor]], replacements: torch.Tensor
) -> torch.Tensor:
    with torch.inference_mode(), evaluating(model):
        return torch.cat([_ablated(model, *each, replacements) for each in zip(chunks, seen, strict=True)], dim=2)


def _ablated(
    model: Transformer, inputs: torch.Tensor, seen: dict[str, torch.Tensor], replacements: torch.Tensor
) -> torch.Tensor:
    """Logits (blocks, H, n, classes) of a chunk with one head at a time replaced."""
    expected = (len(model.blocks), *seen["blocks.0.attention.heads"].shape[1:])
    if replacements.shape != expected:
        raise StudyError(
            f"replacements must be {expected}, blocks, tokens, heads and their width; they are {tuple(replacements.shape)}"
        )
    valid, logits = _valid(inputs), []
    for i, block in enumerate(model.blocks):
        before, attended = seen[f"blocks.{i - 1}" if i else "embedding"], seen[f"blocks.{i}.attention"]
        # The attention output is linear in the heads, so replacing one adds the contribution of the difference.
        difference = replacements[i] - seen[f"blocks.{i}.attention.heads"]
        for change in head_contributions(block.attention, difference):
            states = _after_attention(block, before, attended + change)
            for later in model.blocks[i + 1 :]:
                states = _after_attention(later, states, later.attention(states, valid))
            logits.append(_read_out(model, states, valid))
    return torch.stack(logits).unflatten(0, (len(model.blocks), -1))


def _valid(inputs: torch.Tensor) -> torch.Tensor | None:
    return inputs != PADDING if inputs.dtype == torch.int64 else None


def _after_attention(block: Block, states: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
    """What the block makes of its input and of its attention output, in evaluation mode."""
    states = block.norm1(states + attended)
    linear, _relu = block.feedforward
    return block.norm2(states + block.down(linear(states).relu_()))


def _read_out(model: Transformer, states: torch.Tensor, valid: torch.Tensor | None) -> torch.Tensor:
    return model.output(states.mean(1) if valid is None else masked_mean(states, valid))
