"""Fixed points of a map: where they are, and what the map does around them."""

from typing import NamedTuple

import numpy as np
import torch

from repdyn.dynamical_systems.maps import Map, as_states, image, linearised
from repdyn.errors import StudyError
from repdyn.training.adam import Adam

SEARCH = 400  # updates of the search
RATE = 0.02  # of the search, in units of the state
NEWTON = 40  # steps of the polish, at most
REACH = 0.5  # length of a step of the polish, at most: a longer one jumps between basins
FIXED = 1e-20  # speed below which a state is a fixed point
SAME = 1e-4  # distance within which two are one


class FixedPoints(NamedTuple):
    """states (k, d); speeds (k,), half the squared length of F(h) - h; eigenvalues (k, d) complex of the Jacobian of the
    map, largest modulus first; starts (k,), how many starts ended at each."""

    states: np.ndarray
    speeds: np.ndarray
    eigenvalues: np.ndarray
    starts: np.ndarray


def speed(step: Map, states: np.ndarray) -> np.ndarray:
    """Half the squared distance that a step moves each of (n, d): (n,), 0 at fixed points (Sussillo & Barak 2013, q)."""
    at = torch.from_numpy(as_states(states))
    with torch.no_grad():
        return ((image(step, at) - at) ** 2).sum(1).div(2).numpy()


def slowed(step: Map, starts: np.ndarray, updates: int = SEARCH, rate: float = RATE) -> np.ndarray:
    """Where states (n, d) come to by descent of their speed: (n, d), near fixed points or in slow regions.

    Adam on the speed of each (Sussillo & Barak 2013, Neural Comput. 25, 626); its rate falls to 0 over the updates.
    """
    at = torch.nn.Parameter(torch.tensor(as_states(starts)))
    optimizer = Adam([at], rate)
    with torch.enable_grad():
        for update in range(updates):
            optimizer.zero_grad()
            ((image(step, at) - at) ** 2).sum().div(2).backward()
            optimizer.learning_rate = rate * (1 - update / updates)
            optimizer.step()
    return at.detach().numpy()


def fixed_points(step: Map, starts: np.ndarray) -> FixedPoints:
    """The fixed points that are found from starts (n, d), those that most starts end at first: `roots` of what is `slowed`.

    What is found is a lower bound: a point that no start leads to stays unknown, saddles more often than attractors.
    StudyError where no start ends at a fixed point.
    """
    return roots(step, slowed(step, starts))


def roots(step: Map, near: np.ndarray) -> FixedPoints:
    """The fixed points near states (n, d), by Newton's method with steps of REACH at most.

    Kept where the speed is below FIXED, and one within SAME of another. StudyError where none is.
    """
    at = _polished(step, as_states(near).copy())
    speeds = speed(step, at)
    kept = speeds < FIXED
    if not kept.any():
        raise StudyError(
            f"no fixed point was found from {len(at)} starts: the lowest speed is {speeds.min():.1e}; start elsewhere,"
            " or there is none"
        )
    states, counts = _merged(at[kept])
    eigenvalues = np.linalg.eigvals(linearised(step, states)[1]).astype(np.complex128)
    order = np.argsort(-np.abs(eigenvalues), axis=1, kind="stable")
    return FixedPoints(states, speed(step, states), np.take_along_axis(eigenvalues, order, 1), counts)


def unstable_directions(eigenvalues: np.ndarray) -> np.ndarray:
    """How many eigenvalues (k, d) of the Jacobian of a map lie outside the unit circle: (k,). 0: stable; d: a repeller;
    between: a saddle of that index."""
    return (np.abs(eigenvalues) > 1).sum(1)


def _polished(step: Map, states: np.ndarray) -> np.ndarray:
    """Newton's method on F(h) - h for each of (n, d)."""
    n, d = states.shape
    moving = np.ones(n, dtype=bool)
    for _ in range(NEWTON):
        images, jacobians = linearised(step, states[moving])
        left = images - states[moving]
        moves = -_solved(jacobians - np.eye(d), left)
        length = np.linalg.norm(moves, axis=1, keepdims=True)
        states[moving] += moves * np.minimum(1, REACH / np.maximum(length, REACH))
        moving[moving] = length[:, 0] > 1e-13 * (1 + np.linalg.norm(states[moving], axis=1))
        if not moving.any():
            break
    return states


def _solved(matrices: np.ndarray, right: np.ndarray) -> np.ndarray:
    """x of M x = y for each of (n, d, d) and (n, d); the shortest where one has no inverse, as on a line of fixed points."""
    try:
        return np.linalg.solve(matrices, right[..., None])[..., 0]
    except np.linalg.LinAlgError:
        return np.einsum("nij,nj->ni", np.linalg.pinv(matrices), right)


def _merged(states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One of all states (n, d) within SAME of each other, and how many they were, most first."""
    groups: list[list[int]] = []
    for i, state in enumerate(states):
        near = [group for group in groups if np.linalg.norm(states[group[0]] - state) < SAME]
        if near:
            near[0].append(i)
        else:
            groups.append([i])
    groups.sort(key=len, reverse=True)
    return states[[group[0] for group in groups]], np.array([len(group) for group in groups])
