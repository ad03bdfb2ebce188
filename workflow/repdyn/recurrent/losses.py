"""How wrong answers are, and how wrong the best possible ones: over what counts of a batch."""

from typing import NamedTuple

import torch

from repdyn.recurrent.connect_four import Games


class Batch(NamedTuple):
    """inputs (n, T, i), targets (n, T, o) and which of them count, (n, T, o) bool; float32. games: those they are of."""

    inputs: torch.Tensor
    targets: torch.Tensor
    counted: torch.Tensor
    games: Games | None = None


def squared_error(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean squared error of outputs (n, T, o)."""
    return ((outputs - batch.targets) ** 2)[batch.counted].mean()


def right_signs(outputs: torch.Tensor, batch: Batch) -> float:
    """Share of the outputs (n, T, o) that have the sign of their target."""
    return float(((outputs > 0) == (batch.targets > 0))[batch.counted].float().mean())


def no_error(batch: Batch) -> float:
    """0: that of a target that the inputs decide."""
    return 0.0


def cross_entropy(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean over answers, in nats, of that to the distributions `targets`; outputs (n, T, o) are logits."""
    return -(batch.targets * outputs.log_softmax(-1)).sum(-1)[batch.counted[..., 0]].mean()


def allowed(outputs: torch.Tensor, batch: Batch) -> float:
    """Share of the answers whose largest logit (n, T, o) is of something that the target may be."""
    chosen = batch.targets.gather(-1, outputs.argmax(-1, keepdim=True))[..., 0]
    return float((chosen > 0)[batch.counted[..., 0]].float().mean())


def entropy(batch: Batch) -> float:
    """Mean entropy of the distributions `targets`, in nats: what no cross entropy falls below."""
    return float(torch.special.entr(batch.targets.double()).sum(-1)[batch.counted[..., 0]].mean())
