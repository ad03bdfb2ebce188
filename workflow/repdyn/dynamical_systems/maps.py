"""Maps from states to the next states: their images, Jacobians and trajectories, and those of vector fields."""

from collections.abc import Callable, Iterable

import numpy as np
import torch

from repdyn.errors import StudyError

Map = Callable[[torch.Tensor], torch.Tensor]


def as_states(states: np.ndarray) -> np.ndarray:
    """States (n, d) as float64. StudyError unless they are a matrix with rows and finite."""
    states = np.asarray(states, dtype=np.float64)
    if states.ndim != 2 or not states.size:
        raise StudyError(f"states are a matrix (n, d), a row per state, found shape {states.shape}")
    if not np.isfinite(states).all():
        raise StudyError(f"states must be finite, found NaN or infinity in {(~np.isfinite(states)).any(1).sum()} rows")
    return states


def image(step: Map, states: torch.Tensor) -> torch.Tensor:
    """step(states) of (n, d). StudyError unless it is (n, d), of the same type, and finite."""
    found = step(states)
    if found.shape != states.shape or found.dtype != states.dtype:
        raise StudyError(
            f"a map takes states to states of the same shape and type, not {tuple(states.shape)} {states.dtype} to"
            f" {tuple(found.shape)} {found.dtype}"
        )
    if not torch.isfinite(found).all():
        raise StudyError("the system diverges: its next state is not finite")
    return found


def linearised(step: Map, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, d) and Jacobians (n, d, d), [row, of image, by state], at states (n, d)."""
    at = torch.tensor(as_states(states), requires_grad=True)
    with torch.enable_grad():
        found = image(step, at)
        if not found.requires_grad:
            return found.numpy(), np.zeros((*at.shape, at.shape[1]))
        # All rows of the Jacobians at once: one backward pass for each takes up to seven times as long.
        units = torch.eye(at.shape[1], dtype=at.dtype)[:, None].expand(-1, *at.shape)
        (rows,) = torch.autograd.grad(found, at, units, is_grads_batched=True, allow_unused=True)
    if rows is None:
        return found.detach().numpy(), np.zeros((*at.shape, at.shape[1]))
    return found.detach().numpy(), rows.transpose(0, 1).contiguous().numpy()


def trajectory(maps: Iterable[Map], start: np.ndarray) -> np.ndarray:
    """States (T + 1, n, d) from start (n, d) on through T maps, one a time step; an autonomous system repeats one."""
    with torch.no_grad():
        states = [torch.from_numpy(as_states(start))]
        for step in maps:
            states.append(image(step, states[-1]))
        return torch.stack(states).numpy()


def runge_kutta(field: Map, dt: float) -> Map:
    """The map that moves states along a vector field for a time dt: one step of the classical method, of order 4."""

    def step(states: torch.Tensor) -> torch.Tensor:
        first = field(states)
        second = field(states + dt / 2 * first)
        third = field(states + dt / 2 * second)
        fourth = field(states + dt * third)
        return states + dt / 6 * (first + 2 * second + 2 * third + fourth)

    return step
