"""A recurrent network that predicts a series, with a penalty on the spectrum of its states, or a matched one, or none."""

from typing import NamedTuple

import numpy as np
import torch

from repdyn.biophysics.checks import require_positive
from repdyn.errors import StudyError
from repdyn.fractals.noises import power_law_noise
from repdyn.fractals.prior import spectral_penalty
from repdyn.recurrent.networks import RecurrentNetwork, initialise
from repdyn.seeds import derive
from repdyn.training.adam import Adam

UNITS = 32
POINTS = 64  # of a series
NOISE = 0.5  # standard deviation of the 1/f noise; the sines have .7
PERIODS = (6.0, 32.0)  # of the sines, points
BETA, BAND = 1.0, (0.03, 0.25)  # exponent that the states are drawn to: that of the noise; cycles per point
UPDATES, BATCH, RATE = 150, 16, 5e-3
STRENGTH = 0.3  # norm of a penalty's gradient, as a share of that of the error's
CONDITIONS = ("none", "spectral", "norm")


class Fit(NamedTuple):
    """error: mean squared error on held-out series; still: that of the answer "as now"; exponent: beta of the states on
    them, over BAND."""

    error: float
    still: float
    exponent: float


def series(number: int, rng: np.random.Generator) -> np.ndarray:
    """Sums of two sines and 1/f noise, (number, POINTS + 1) float32: periods and phases are drawn anew for each."""
    t = np.arange(POINTS + 1)
    low, high = np.log(PERIODS)
    periods = np.exp(rng.uniform(low, high, (number, 2, 1)))
    sines = 0.7 * np.sin(2 * np.pi * (t / periods + rng.random((number, 2, 1)))).sum(1)
    noise = NOISE * np.array([power_law_noise(POINTS + 1, 1.0, rng) for _ in range(number)])
    return (sines + noise).astype(np.float32)


def predicted(condition: str, seed: int, updates: int = UPDATES, strength: float = STRENGTH) -> Fit:
    """How well a GRU of UNITS predicts the next point after training under one of CONDITIONS.

    spectral: `fractals.prior.spectral_penalty` of the states, towards BETA. norm: their mean square. Of either, the gradient
    is scaled at every update to `strength` times the norm of the error's: the two conditions differ in direction alone.
    Weights, series and held-out series are those of the seed, the same in all conditions. StudyError for another condition,
    and where the error is not finite.
    """
    if condition not in CONDITIONS:
        raise StudyError(f"condition {condition!r} is not known; one of {', '.join(CONDITIONS)} is needed")
    require_positive(updates=updates, strength=strength)
    key = ("spectral prior", seed)
    network = initialise("gru", 1, UNITS, 1, key)
    optimizer = Adam(network.parameters(), RATE)
    rng = np.random.default_rng(derive(*key, "series"))
    for step in range(updates):
        error, states = _errors(network, torch.from_numpy(series(BATCH, rng)))
        if not torch.isfinite(error):
            raise StudyError(f"the error is {error.item()} at step {step}; a learning rate below {RATE:g} is needed")
        gradients = list(torch.autograd.grad(error, optimizer.parameters, retain_graph=condition != "none"))
        if condition != "none":
            gradients = _joined(gradients, penalty(condition, states), optimizer.parameters, strength)
        for parameter, gradient in zip(optimizer.parameters, gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
    held_out = torch.from_numpy(series(256, np.random.default_rng(derive(*key, "held out"))))
    with torch.no_grad():
        error, states = _errors(network, held_out)
    still = float((held_out[:, 1:] - held_out[:, :-1]).square().mean())
    return Fit(error.item(), still, exponent(states))


def penalty(condition: str, states: torch.Tensor) -> torch.Tensor:
    """What a condition adds, of states (n, T, units): a scalar."""
    if condition == "spectral":
        return spectral_penalty(states.transpose(1, 2), BETA, BAND)
    return states.square().mean()


def exponent(states: torch.Tensor) -> float:
    """Beta of states (n, T, units), the slope that `spectral_penalty` measures."""
    return _slope(states.transpose(1, 2))


def _slope(series: torch.Tensor) -> float:
    # (slope - b)^2 at two values of b gives the slope.
    at_zero, at_one = (float(spectral_penalty(series, beta, BAND)) for beta in (0.0, 1.0))
    return (at_zero - at_one + 1) / 2


def _errors(network: RecurrentNetwork, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean squared error of the next point (n, T + 1), and the states (n, T, units)."""
    states = network.cell(batch[:, :-1, None])[0]
    return (network.readout(states)[..., 0] - batch[:, 1:]).square().mean(), states


def _joined(gradients, added: torch.Tensor, parameters, strength: float) -> list[torch.Tensor]:
    """Gradients with those of what is added, which get `strength` times their norm."""
    others = torch.autograd.grad(added, parameters, allow_unused=True)
    others = [torch.zeros_like(p) if g is None else g for g, p in zip(others, parameters, strict=True)]
    scale = strength * _norm(gradients) / _norm(others).clamp_min(torch.finfo(torch.float32).tiny)
    return [gradient + scale * other for gradient, other in zip(gradients, others, strict=True)]


def _norm(gradients) -> torch.Tensor:
    return torch.sqrt(sum(gradient.square().sum() for gradient in gradients))
