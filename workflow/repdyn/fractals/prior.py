"""A penalty that draws the spectrum of activations towards a wanted exponent."""

import torch

from repdyn.errors import StudyError


def spectral_penalty(series: torch.Tensor, beta: float, band: tuple[float, float]) -> torch.Tensor:
    """(slope - beta)^2 of the mean log spectrum of series (..., T) over the band (cycles per sample): a scalar.

    Differentiable; the slope is that of least squares of the mean log periodogram on log frequency, negated. Raises
    StudyError where fewer than four frequencies lie in the band.
    """
    frequency = torch.fft.rfftfreq(series.shape[-1], dtype=torch.float64)
    inside = (frequency >= band[0]) & (frequency <= band[1])
    if inside.sum() < 4:
        raise StudyError(
            f"series of {series.shape[-1]} steps have fewer than four frequencies from {band[0]} to {band[1]}"
        )
    power = torch.fft.rfft(series.double()).abs().square()[..., inside.to(series.device)]
    logarithm = torch.log(power + torch.finfo(torch.float64).tiny).reshape(-1, int(inside.sum())).mean(0)
    x = torch.log(frequency[inside]).to(series.device)
    x = x - x.mean()
    return ((x @ logarithm) / (x @ x) + beta).square()
