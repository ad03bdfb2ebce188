"""What a network loses when the output of one of its modules is replaced by a reconstruction, or loses one feature."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from repdyn.errors import StudyError
from repdyn.interventions.hooks import replaced
from repdyn.sparse_autoencoders.autoencoder import Autoencoder, encode
from repdyn.training.tracker import evaluating

CERTAIN = 2.0  # standard errors by which an ablation has to raise the loss before a share of the rise means anything


def as_rows(output: torch.Tensor) -> torch.Tensor:
    """(n, d), tokens (n, T, d) or a map (n, d, H, W) as rows (n, d), (n T, d) or (n H W, d), example after example.

    StudyError for other shapes.
    """
    if output.ndim == 4:
        output = output.permute(0, 2, 3, 1)
    elif output.ndim not in (2, 3):
        raise StudyError(f"rows come from (n, d), (n, T, d) or (n, d, H, W), not from {tuple(output.shape)}")
    return output.flatten(0, -2)


def row_wise(change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
    """A change of rows (rows, d) as a change of a module's output of any shape that `as_rows` takes."""

    def changed(output):
        rows = change(as_rows(output))
        if output.ndim == 4:
            n, d, height, width = output.shape
            return rows.view(n, height, width, d).permute(0, 3, 1, 2)
        return rows.view(output.shape)

    return changed


def losses(
    model: nn.Module,
    path: str,
    inputs: torch.Tensor,
    labels: np.ndarray,
    change: Callable[[torch.Tensor], torch.Tensor] | None = None,
    chunk: int = 256,
) -> np.ndarray:
    """Cross-entropy of every example, nats, (n,), with the rows of the output of the module at `path` changed.

    inputs (n, ...), labels (n,); change: (rows, d) -> (rows, d); None: the network as it is. In evaluation mode. StudyError
    for a path that is none.
    """
    change = change or torch.clone
    with torch.inference_mode(), evaluating(model), replaced(model, {path: row_wise(change)}):
        logits = torch.cat([model(part) for part in inputs.split(chunk)])
    return cross_entropy(logits.double(), torch.as_tensor(labels), reduction="none").numpy()


def recovered(loss: np.ndarray, spliced: np.ndarray, ablated: np.ndarray) -> float:
    """Share of the loss that an ablation costs and a reconstruction does not: 1 - (spliced - loss) / (ablated - loss).

    Losses (n,) of the same examples; means are compared. 1: nothing is lost, 0: as much as by the ablation; it may be
    negative. NaN where the ablation does not raise the loss by CERTAIN standard errors: then there is nothing to recover.
    """
    rise = ablated - loss
    if len(rise) < 2 or not rise.mean() > CERTAIN * rise.std(ddof=1) / np.sqrt(len(rise)):
        return np.nan
    return float(1 - (spliced - loss).mean() / rise.mean())


def without(sae: Autoencoder, feature: int, direction: torch.Tensor | None = None) -> Callable:
    """Rows without one feature: what it adds is taken away, the error of the reconstruction stays as it is (Marks 2024).

    direction (d,), norm 1: take the same amounts away along it instead, a change of equal length that is not the feature.
    StudyError for a feature that is none.
    """
    if not 0 <= feature < len(sae.decoder):
        raise StudyError(f"there are features 0 to {len(sae.decoder) - 1}, not {feature}")
    taken = sae.decoder[feature] if direction is None else direction
    return lambda rows: rows - encode(sae, rows)[:, feature, None] * taken


def effect(
    model: nn.Module, path: str, sae: Autoencoder, inputs: torch.Tensor, labels: np.ndarray, feature: int, directions=()
) -> tuple[float, np.ndarray]:
    """Rise of the mean cross-entropy, nats, `without` a feature; and of as much along each direction (r, d): (r,)."""
    loss = losses(model, path, inputs, labels).mean()
    rise = [
        losses(model, path, inputs, labels, without(sae, feature, direction)).mean() - loss
        for direction in (None, *directions)
    ]
    return float(rise[0]), np.array(rise[1:])
