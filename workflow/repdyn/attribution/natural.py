"""Priors for activation maximisation: images with the spectrum of photographs, and units that must like shifted ones too.

Without them the best input of a unit is of high frequency and looks like noise (Olah 2017, Feature Visualization).
"""

from collections.abc import Callable

import torch

from repdyn.errors import StudyError

Activation = Callable[[torch.Tensor], torch.Tensor]


def coloured(images: torch.Tensor) -> torch.Tensor:
    """Images (n, C, H, W) whose amplitudes are divided by their frequency, on average as strong as before.

    White noise becomes noise of a 1 / f spectrum, as photographs have (Field 1987). Maximised over what goes in, the best
    input of a unit with weights w on a ball is C w, C the covariance of such noise.
    """
    if images.ndim != 4:
        raise StudyError(f"a spectrum over places needs images (n, C, H, W), found {tuple(images.shape)}")
    height, width = images.shape[2:]
    down = torch.fft.fftfreq(height, dtype=images.dtype)[:, None]
    across = torch.fft.rfftfreq(width, dtype=images.dtype)[None]
    # The mean has the amplitude of the lowest frequency: divided by its own, it would be all that there is.
    gain = 1 / (down**2 + across**2).sqrt().clamp(min=1 / max(height, width))
    both = torch.full((gain.shape[1],), 2.0, dtype=images.dtype)  # the other half of the plane is not stored
    both[0] = 1
    if width % 2 == 0:
        both[-1] = 1
    gain = gain / ((gain**2 * both).sum() / (height * width)).sqrt()
    return torch.fft.irfft2(torch.fft.rfft2(images) * gain.to(images.device), s=(height, width))


def shifted(activation: Activation, shifts: torch.Tensor) -> Activation:
    """The mean activation (n,) over shifts (s, 2), down and across, of images (n, ..., H, W), round the edges (jitter)."""

    def mean(x: torch.Tensor) -> torch.Tensor:
        values = [activation(x.roll((int(down), int(across)), (-2, -1))) for down, across in shifts]
        return torch.stack(values).mean(0)

    return mean
