"""Which attractors a recurrent network has, when in its training they appear, and on which time scales it forgets."""

from contextlib import suppress
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from repdyn.dynamical_systems.fixed_points import FixedPoints, roots, slowed, unstable_directions
from repdyn.dynamical_systems.gramians import time_scales
from repdyn.dynamical_systems.lyapunov import lyapunov_spectrum
from repdyn.dynamical_systems.maps import Map, linearised
from repdyn.dynamical_systems.slow_points import Line, line_of
from repdyn.dynamics.drift import independent_state
from repdyn.errors import StudyError
from repdyn.measures.table import combine, entry
from repdyn.recurrent.networks import RecurrentNetwork, driven, held, side_by_side, with_weights
from repdyn.recurrent.subject import RecurrentSubject
from repdyn.seeds import derive

STARTS = 96  # states from which fixed points are sought
NOISE = 0.1  # added to them, per unit
SHUFFLES = 1  # draws of the null at a step; there are many steps and seeds, and a draw takes as long as the network
TRAJECTORIES = 4  # of the exponents
SETTLE = 20  # time steps before exponents are counted
SHOWN = 400  # states in the figure

POINTS = ("attractors", "saddles", "patterns", "found", "slowest_time")
LINE = ("line_share", "line_eigenvalue", "second_eigenvalue")


def measure(subject: RecurrentSubject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Every checkpoint of one network, in float64, while its input is held without an event; and maps for the figure.

    `layer` is the held input; "" is the network in its task. Starts of a search are STARTS states of held-out examples plus
    noise of NOISE per unit. Null, unless said otherwise: SHUFFLES networks with the entries of every weight matrix in random
    order, at the same step, from starts of their own. NaN is not evaluable: no fixed point, or no slow points, were found.

    - accuracy [share]: of held-out outputs with the right sign. Source: held-out examples.
    - loss [mean squared error]: of held-out outputs.
    - attractors [count]: stable fixed points that were found, a lower bound of those there are. Null: shuffled weights.
      Source: Sussillo & Barak 2013.
    - saddles [count]: fixed points with some unstable directions, a lower bound. Null: shuffled weights.
    - patterns [count]: different signs of the outputs at the attractors; of three bits at most 8. Null: shuffled weights.
    - found [share]: of the starts that ended at a fixed point. Null: shuffled weights.
    - slowest_time [time steps]: slowest time scale of the full Jacobian, gates included, median over attractors. Null:
      shuffled weights. Source: Jordan 2021.
    - line_share [share]: of the variance of slow points along one direction. Null: shuffled weights. Source: Mante 2013.
    - line_eigenvalue, second_eigenvalue [modulus]: the two largest of the Jacobians at slow points, medians; on a line
      attractor near 1 and below. Null: shuffled weights. Source: Mante 2013.
    - exponent [per time step]: largest Lyapunov exponent of TRAJECTORIES trajectories driven by a held-out example, at the
      first and the last step. Null: shuffled weights. Source: Benettin 1980.
    """
    entries: list[dict] = []
    searched: dict[str, Found] = {}
    for step in subject.steps:
        network = with_weights(subject.network, subject.states[step])
        with torch.no_grad():
            outputs = network(subject.probe.inputs.double())
        entries.append(entry(step, "", "accuracy", subject.task.accuracy(outputs, subject.probe)))
        entries.append(entry(step, "", "loss", subject.task.error(outputs, subject.probe).item()))
        searched = _searches(subject, step, network, entries)
        if step in (subject.steps[0], subject.steps[-1]):
            rng = np.random.default_rng(derive(*subject.key, "exponents", step))
            nulls = [_exponent(subject, each, rng) for each in _shuffled(subject, step)]
            entries.append(entry(step, "", "exponent", _exponent(subject, network, rng), *_null(nulls)))
    return combine(entries), _maps(subject, searched)


class Found(NamedTuple):
    """What a search found: fixed points and slow points, None where there are none, from so many starts of a map."""

    step: Map
    points: FixedPoints | None
    line: Line | None
    starts: int


def _searches(subject: RecurrentSubject, step: int, network: RecurrentNetwork, entries: list[dict]) -> dict[str, Found]:
    """What is found with every held input at one step; its quantities beside those of shuffled networks are added."""
    networks = [network, *_shuffled(subject, step)]
    cases = [(each, name) for name in subject.task.held for each in networks]
    # A network is judged by the same draws of starts as its nulls.
    starts = [
        _starts(subject, each, np.random.default_rng(derive(*subject.key, "starts", step, name)))
        for each, name in cases
    ]
    together = side_by_side([each for each, _ in cases], [subject.task.held[name] for _, name in cases])
    slow = np.split(slowed(together, np.concatenate(starts)), len(cases))
    found = {}
    for i, (name, vector) in enumerate(subject.task.held.items()):
        near = slow[i * len(networks) : (i + 1) * len(networks)]
        searched = [_search(held(each, vector), states) for each, states in zip(networks, near, strict=True)]
        own, *nulls = (_quantities(*each) for each in zip(networks, searched, strict=True))
        for quantity, value in own.items():
            entries.append(entry(step, name, quantity, value, *_null([null[quantity] for null in nulls])))
        found[name] = searched[0]
    return found


def _search(step: Map, slow: np.ndarray) -> Found:
    points = line = None
    with suppress(StudyError):
        points = roots(step, slow)
    with suppress(StudyError):
        line = line_of(step, slow)
    return Found(step, points, line, len(slow))


def _quantities(network: RecurrentNetwork, found: Found) -> dict:
    """{quantity: number} of a network with its input held."""
    quantities = dict.fromkeys((*POINTS, *LINE), np.nan)
    if found.points is not None:
        quantities |= _of_points(network, found.step, found.points, found.starts)
    if found.line is not None:
        first, second = np.median(found.line.moduli, axis=0)
        quantities |= dict(zip(LINE, (found.line.share, first, second), strict=True))
    return quantities


def _of_points(network: RecurrentNetwork, step, points: FixedPoints, starts: int) -> dict:
    unstable = unstable_directions(points.eigenvalues)
    stable = points.states[unstable == 0]
    found = {
        "attractors": len(stable),
        "saddles": int((unstable > 0).sum()),
        "patterns": len(np.unique(_outputs(network, stable) > 0, axis=0)),
        "found": points.starts.sum() / starts,
    }
    if len(stable):
        slowest = [time_scales(jacobian)[0] for jacobian in linearised(step, stable)[1]]
        found["slowest_time"] = float(np.median(slowest))
    return found


def _outputs(network: RecurrentNetwork, states: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return network.readout(torch.from_numpy(states)).numpy()


def _visited(subject: RecurrentSubject, network: RecurrentNetwork) -> np.ndarray:
    with torch.no_grad():
        return network.cell(subject.probe.inputs.double())[0].flatten(0, 1).numpy()


def _starts(subject: RecurrentSubject, network: RecurrentNetwork, rng: np.random.Generator) -> np.ndarray:
    visited = _visited(subject, network)
    chosen = visited[rng.choice(len(visited), STARTS, replace=False)]
    return chosen + NOISE * rng.standard_normal(chosen.shape)


def _shuffled(subject: RecurrentSubject, step: int) -> list[RecurrentNetwork]:
    rng = np.random.default_rng(derive(*subject.key, "shuffled weights", step))
    return [with_weights(subject.network, independent_state(subject.states[step], rng)) for _ in range(SHUFFLES)]


def _exponent(subject: RecurrentSubject, network: RecurrentNetwork, rng: np.random.Generator) -> float:
    maps = driven(network, subject.probe.inputs[0].double())
    start = _starts(subject, network, rng)[:TRAJECTORIES]
    return float(lyapunov_spectrum(maps, start, SETTLE).exponents[0])


def _null(values: list[float]) -> tuple[float, float]:
    known = np.array(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return (float(known.mean()) if len(known) else np.nan, float(known.std(ddof=1)) if len(known) > 1 else np.nan)


def _maps(subject: RecurrentSubject, searched: dict[str, Found]) -> dict[str, np.ndarray]:
    """States of the last step in three principal components, and the fixed points of every held input with their index."""
    network = with_weights(subject.network, subject.states[subject.steps[-1]])
    rng = np.random.default_rng(derive(*subject.key, "shown"))
    visited = _visited(subject, network)
    mean = visited.mean(0)
    axes = np.linalg.svd(visited - mean, full_matrices=False)[2][:3].T
    maps = {"states": (visited[rng.choice(len(visited), min(SHOWN, len(visited)), replace=False)] - mean) @ axes}
    for number, found in enumerate(searched.values()):
        if found.points is not None:
            maps[f"points_{number}"] = (found.points.states - mean) @ axes
            maps[f"unstable_{number}"] = unstable_directions(found.points.eigenvalues)
        if found.line is not None:
            maps[f"slow_{number}"] = (found.line.states - mean) @ axes
    return maps
