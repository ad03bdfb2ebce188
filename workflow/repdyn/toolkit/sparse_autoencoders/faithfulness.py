"""What a network loses where a layer is replaced by its reconstruction, and how that depends on the penalty."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from repdyn.measures.subject import Subject
from repdyn.measures.table import entry
from repdyn.sparse_autoencoders.autoencoder import Autoencoder, encode, explained_variance, like, reconstruct
from repdyn.sparse_autoencoders.linear import principal
from repdyn.sparse_autoencoders.spliced import losses_under, recovered
from repdyn.toolkit.sparse_autoencoders.dictionaries import explained, tensor

SWEPT = ("l0", "explained_variance", "loss_recovered", "pca_explained_variance")


def changes_of(rows: np.ndarray, sae: Autoencoder) -> dict[str, Callable | None]:
    """By what the layer is replaced: nothing, an autoencoder of rows (n, d), as many components, the mean, zero."""
    mean = tensor(rows.mean(0))
    return {
        "": None,
        "reconstruction": lambda x: reconstruct(like(sae, x), x),
        "pca": principal(rows, sae.k),
        "mean": lambda x: mean.to(x).expand_as(x),
        "zero": torch.zeros_like,
    }


def spliced_losses(held_out: Subject, step, layer, changes: dict[str, Callable | None]) -> dict[str, np.ndarray]:
    """Loss of every held-out example with each change of the layer."""
    model = held_out.model(step)
    found = losses_under(model, layer, held_out.inputs, held_out.labels, list(changes.values()), held_out.chunk)
    return dict(zip(changes, found, strict=True))


def faithfulness(step, layer, spliced: dict[str, np.ndarray]) -> Iterator[dict]:
    """The entries of loss, rise_* and *loss_recovered."""
    loss = spliced[""]
    yield entry(step, layer, "loss", loss.mean())
    for name in ("reconstruction", "pca", "mean", "zero"):
        yield entry(step, layer, f"rise_{name}", (spliced[name] - loss).mean())
    yield entry(step, layer, "loss_recovered", recovered(loss, spliced["reconstruction"], spliced["mean"]))
    yield entry(step, layer, "pca_loss_recovered", recovered(loss, spliced["pca"], spliced["mean"]))


def sweep(held_out: Subject, step, layer, rows, judged, spliced, penalised: Sequence[Autoencoder]) -> Iterator[dict]:
    """The entries of penalty_*, of autoencoders at several penalties; spliced: the losses at other changes."""
    x = tensor(judged)
    results = []
    for sae in penalised:
        active = float((encode(sae, x) > 0).sum(1).float().mean())
        project = principal(rows, min(round(active), x.shape[1]))
        again = spliced_losses(
            held_out, step, layer, {"reconstruction": lambda x, sae=sae: reconstruct(like(sae, x), x)}
        )
        share = recovered(spliced[""], again["reconstruction"], spliced["mean"])
        results.append((active, explained(sae, judged), share, explained_variance(x, project(x))))
    for name, values in zip(SWEPT, np.array(results).T, strict=True):
        yield entry(step, layer, f"penalty_{name}", values)
