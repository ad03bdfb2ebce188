"""Sparse autoencoders of activations: rows as sparse, non-negative sums of learnt directions, the features."""

from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import normalize, relu

from repdyn.errors import StudyError
from repdyn.sparse_autoencoders.gradients import gradients
from repdyn.training.adam import Adam

RATE = 3e-3  # of Adam; falls linearly to 0 over the last third
RESAMPLED = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)  # shares of the training at which dead features are given new directions
REVIVED = {
    "l1": 0.2,
    "topk": 1.0,
}  # encoder norm of a revived feature over the mean of the living; TopK drops short ones


class Autoencoder(NamedTuple):
    """m features of d activations: encoder (d, m), encoder_bias (m,), decoder (m, d) with rows of norm 1, bias (d,).

    k: only the k largest features of a row are active; None: all that are positive.
    """

    encoder: torch.Tensor
    encoder_bias: torch.Tensor
    decoder: torch.Tensor
    bias: torch.Tensor
    k: int | None = None


def encode(sae: Autoencoder, x: torch.Tensor) -> torch.Tensor:
    """Features (n, m) >= 0 of activations (n, d), in the units of the activations."""
    features = relu((x - sae.bias) @ sae.encoder + sae.encoder_bias)
    if sae.k is None:
        return features
    # What torch.topk finds, in a third of its time; of features that are equal it leaves out some, and so does this.
    kept = features * (features >= _largest(features, sae.k))  # a quarter of the time of torch.where
    if int((kept > 0).sum(1).max()) <= sae.k:
        return kept
    values, places = features.topk(sae.k, sorted=False)
    return torch.zeros_like(features).scatter(1, places, values)


def _largest(features: torch.Tensor, k: int) -> torch.Tensor:
    """The k-th largest of each row of (n, m): (n, 1)."""
    values = features.detach().cpu()
    values = values.float() if values.dtype.itemsize < 4 else values  # numpy has no bfloat16
    return torch.from_numpy(np.partition(values.numpy(), -k, axis=1)[:, -k, None].copy()).to(features)


def decode(sae: Autoencoder, features: torch.Tensor) -> torch.Tensor:
    """Activations (n, d) from features (n, m)."""
    return features @ sae.decoder + sae.bias


def reconstruct(sae: Autoencoder, x: torch.Tensor) -> torch.Tensor:
    """(n, d) -> (n, d)."""
    return decode(sae, encode(sae, x))


def fit(
    x: np.ndarray,
    features: int,
    seed: int,
    penalty: float | None = None,
    k: int | None = None,
    steps: int = 3000,
    batch: int = 256,
    nested: tuple[int, ...] = (),
) -> Autoencoder:
    """An autoencoder of `features` features for activations (n, d), trained by Adam on random batches.

    Either penalty: ReLU features with the loss |x - x^|^2 + penalty * |f|_1, summed over d and over features, where x has
    total variance 1 (Bricken 2023); or k: the k largest features of a row (TopK, Gao 2024). The decoder's rows keep norm 1,
    the encoder starts as its transpose, the bias as the mean. A feature that was never active since the last check gets the
    direction of a row drawn by its squared error (Bricken 2023; here for TopK too, in place of the auxiliary loss).
    nested: sizes m_1 < m_2 < ... < `features` of leading groups that have to reconstruct the rows alone as well (Matryoshka,
    Bussmann 2025). Raises StudyError for constant or non-finite activations and for fewer rows than features.
    """
    _check(x, features, penalty, k, nested)
    rows = torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))
    scale = (rows - rows.mean(0)).square().sum(1).mean().sqrt()
    rows = rows / scale
    random = torch.Generator().manual_seed(seed)
    decoder = normalize(torch.randn(features, rows.shape[1], generator=random))
    sae = Autoencoder(decoder.T.contiguous(), torch.zeros(features), decoder, rows.mean(0), k)
    optimiser = Adam(sae[:4], RATE)
    checks = {int(share * steps) for share in RESAMPLED}
    fired = torch.zeros(features)
    for step in range(steps):
        if step in checks:
            _revive(sae, rows, fired == 0, optimiser, random)
            fired[:] = 0
        chosen = rows[torch.randint(len(rows), (batch,), generator=random)]
        active = encode(sae, chosen)
        fired += active.sum(0)
        for parameter, gradient in zip(sae[:4], gradients(sae, chosen, active, penalty, nested), strict=True):
            parameter.grad = gradient
        _descend(sae, optimiser, RATE * min(1.0, 3 * (1 - step / steps)))
    return Autoencoder(sae.encoder, sae.encoder_bias * scale, sae.decoder, sae.bias * scale, k)


def explained_variance(x: torch.Tensor, reconstruction: torch.Tensor) -> float:
    """1 - squared error / variance of activations (n, d), both summed over d; NaN where they are constant."""
    variance = (x - x.mean(0)).square().sum()
    return float(1 - (x - reconstruction).square().sum() / variance) if variance > 0 else np.nan


def like(sae: Autoencoder, x: torch.Tensor) -> Autoencoder:
    """The autoencoder on the device and in the precision of activations."""
    return Autoencoder(*(parameter.to(x) for parameter in sae[:4]), sae.k)


def _descend(sae: Autoencoder, optimiser: Adam, rate: float) -> None:
    """One update; the decoder's gradient loses what would only change norms, and norms are 1 again after it."""
    gradient = sae.decoder.grad
    gradient.sub_((gradient * sae.decoder).sum(1, keepdim=True) * sae.decoder)
    optimiser.learning_rate = rate
    optimiser.step()
    sae.decoder.div_(sae.decoder.norm(dim=1, keepdim=True))


def _revive(sae: Autoencoder, rows: torch.Tensor, dead: torch.Tensor, optimiser, random: torch.Generator) -> None:
    count = int(dead.sum())
    if not count:
        return
    error = (rows - reconstruct(sae, rows)).square().sum(1)
    chosen = rows[torch.multinomial(error.double().square() + 1e-30, count, replacement=True, generator=random)]
    directions = normalize(chosen - sae.bias)
    living = sae.encoder[:, ~dead].norm(dim=0).mean() if count < len(dead) else torch.tensor(1.0)
    sae.decoder[dead] = directions
    sae.encoder[:, dead] = directions.T * living * REVIVED["l1" if sae.k is None else "topk"]
    sae.encoder_bias[dead] = 0
    for parameter, where in ((sae.decoder, dead), (sae.encoder, (slice(None), dead)), (sae.encoder_bias, dead)):
        for moment in ("exp_avg", "exp_avg_sq"):
            optimiser.state[parameter][moment][where] = 0


def _check(x, features, penalty, k, nested) -> None:
    if x.ndim != 2 or len(x) < features:
        raise StudyError(
            f"{features} features need a matrix of at least {features} rows of activations, found {x.shape}"
        )
    if not np.isfinite(x).all() or not (np.ptp(x, axis=0) > 0).any():
        raise StudyError("activations must be finite and not the same in all rows")
    if (penalty is None) == (k is None) or (k is not None and not 1 <= k <= features) or (penalty or 0) < 0:
        raise StudyError(f"either a penalty >= 0 or k from 1 to {features} is needed, found {penalty} and {k}")
    sizes = (0, *nested, features)
    if any(small >= large for small, large in zip(sizes, sizes[1:], strict=False)):
        raise StudyError(f"nested groups must grow and stay below {features} features, found {nested}")
