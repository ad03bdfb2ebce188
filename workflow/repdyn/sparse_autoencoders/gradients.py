"""The gradient of an autoencoder's loss, written out: torch's own takes half as long again for matrices this small."""

import torch


def gradients(
    sae: tuple, x: torch.Tensor, active: torch.Tensor, penalty: float | None, nested: tuple[int, ...]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of encoder, encoder_bias, decoder and bias: (d, m), (m,), (m, d), (d,), without a graph.

    The loss is the squared error of rows x (n, d), summed over d and over the leading groups of features (sizes in nested)
    and all of them, plus penalty times the features, mean over rows. active (n, m): the features of x, of which those that
    are 0 have no gradient.
    """
    encoder, _, decoder, bias, *_ = sae
    scale = 2 / len(x)
    centred = x - bias
    of_decoder = torch.zeros_like(decoder) if nested else torch.empty_like(decoder)
    of_active = torch.zeros_like(active) if nested else torch.empty_like(active)
    of_bias = torch.zeros_like(bias)
    for size in (*nested, len(decoder)):
        features, directions = active[:, :size], decoder[:size]
        error = torch.addmm(centred, features, directions, beta=-1).mul_(scale)
        of_bias += error.sum(0)
        if nested:
            of_decoder[:size] += features.T @ error
            of_active[:, :size] += error @ directions.T
        else:
            torch.mm(features.T, error, out=of_decoder)
            torch.mm(error, directions.T, out=of_active)
    if penalty is not None:
        of_active += penalty / len(x)
    of_active *= active > 0
    of_encoder_bias = of_active.sum(0)
    return centred.T @ of_active, of_encoder_bias, of_decoder, of_bias - encoder @ of_encoder_bias
