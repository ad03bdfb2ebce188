"""What a network loses when the output of one of its modules is replaced by a reconstruction, or loses one feature."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from repdyn.activations.addresses import Where, address
from repdyn.activations.answers import IGNORED, Inputs, checked_labels
from repdyn.activations.axes import unit_axis
from repdyn.errors import StudyError
from repdyn.interventions.surgery import outputs_under, values_of_units
from repdyn.sparse_autoencoders.autoencoder import Autoencoder, encode, like

CERTAIN = 2.0  # standard errors by which an ablation has to raise the loss before a share of the rise means anything


def as_rows(output: torch.Tensor, axis: int | None = None) -> torch.Tensor:
    """(n, d), tokens (n, T, d) or a map (n, d, H, W) as rows (n, d), (n T, d) or (n H W, d), example after example.

    axis: of the d dimensions, as for `values_of_units`.
    """
    return values_of_units(output, axis=axis)


def row_wise(
    change: Callable[[torch.Tensor], torch.Tensor], axis: Callable[[torch.Tensor], int]
) -> Callable[[torch.Tensor], torch.Tensor]:
    """A change of rows (rows, d) as a change of a module's output; axis(output): of the d dimensions."""

    def changed(output):
        at = axis(output)
        return change(as_rows(output, at)).view(output.movedim(at, -1).shape).movedim(-1, at)

    return changed


def losses(
    model: nn.Module,
    path: Where,
    inputs: Inputs,
    labels: np.ndarray,
    change: Callable[[torch.Tensor], torch.Tensor] | None = None,
    chunk: int = 256,
) -> np.ndarray:
    """Cross-entropy of every example, nats, (n,), with the rows of the output at an address changed.

    inputs (n, ...), labels (n,) as for `interventions.ablation.effects`; change: (rows, d) -> (rows, d); None: the network
    as it is. In evaluation mode. StudyError for a path that is none, and for labels that are no classes.
    """
    return losses_under(model, path, inputs, labels, [change], chunk)[0]


def losses_under(
    model: nn.Module,
    path: Where,
    inputs: Inputs,
    labels: np.ndarray,
    changes: Sequence[Callable[[torch.Tensor], torch.Tensor] | None],
    chunk: int = 256,
) -> np.ndarray:
    """`losses` with each of several changes, (changes, n); what comes before the address is computed once for all."""
    place = address(path)
    wise = [row_wise(change or torch.clone, lambda output: unit_axis(model, place, output)) for change in changes]
    outputs = outputs_under(model, inputs, path, [lambda output, _, put=put: put(output) for put in wise], chunk)[1:]
    labels = checked_labels(labels, outputs.shape[1:])
    targets = torch.as_tensor(labels)
    found = []
    for logits in map(torch.from_numpy, outputs):
        if labels.ndim == 1:
            found.append(cross_entropy(logits, targets, reduction="none").numpy())
            continue
        each = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none", ignore_index=IGNORED)
        found.append((each.view(targets.shape).sum(1) / (targets != IGNORED).sum(1)).numpy())
    return np.stack(found)


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
    return lambda rows: rows - encode(like(sae, rows), rows)[:, feature, None] * taken.to(rows)


def effect(
    model: nn.Module, path: Where, sae: Autoencoder, inputs: Inputs, labels: np.ndarray, feature: int, directions=()
) -> tuple[float, np.ndarray]:
    """Rise of the mean cross-entropy, nats, `without` a feature; and of as much along each direction (r, d): (r,)."""
    changes = [without(sae, feature, direction) for direction in (None, *directions)]
    loss, *spliced = losses_under(model, path, inputs, labels, [None, *changes]).mean(1)
    rise = np.array(spliced) - loss
    return float(rise[0]), rise[1:]
