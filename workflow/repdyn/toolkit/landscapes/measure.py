"""Where the states of a recurrent network gather while it learns, how high the ground between is, and whether time shows."""

import numpy as np
import pandas as pd
import torch

from repdyn.energy.basins import Crossing, basins, crossing
from repdyn.energy.entropy_production import Production, entropy_production
from repdyn.energy.landscape import Density, density, energy
from repdyn.errors import StudyError
from repdyn.measures.table import combine, entry
from repdyn.recurrent.networks import with_weights
from repdyn.recurrent.subject import RecurrentSubject
from repdyn.seeds import derive
from repdyn.statistics.components import principal_components
from repdyn.toolkit.looks import looks

LOOKS = 4  # checkpoints, from the first to the last, evenly in their order
COMPONENTS = 3  # of the states
SAMPLES, STARTS = 500, 150  # states: of a landscape, as many that choose its bandwidth; from which it is descended
SHARE = 0.04  # of the starts, in a basin
BANDWIDTHS = tuple(0.01 * 1.5**i for i in range(12))  # tried, of the root mean square of the states
GAUSSIANS, REVERSALS = 1, 5  # draws of the nulls; of the first there are as many as steps and seeds
PIXELS, MARGIN = 60, 0.25  # of the picture: along each side, and around the states, in their root mean squares

QUANTITIES = ("bandwidth", "basins", "barrier", "straight_barrier", "most_barrier")


def measure(subject: RecurrentSubject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """LOOKS checkpoints of one network, held-out examples, at the time steps at which all of its outputs count; states in
    their COMPONENTS leading principal components, in units of their root mean square.

    The landscape is E = -ln density of SAMPLES states, with normal kernels whose bandwidth gives states of other sequences
    the highest likelihood. NaN where the states do not vary in so many components, or no bandwidth is best.
    Null, unless said otherwise: GAUSSIANS cloud of normal points with the variances of the states.

    - answers [count]: that the task has, once.
    - bandwidth [root mean squares]: the chosen one. Null: of normal points. Source: Silverman 1986.
    - basins [count]: minima to which a share of SHARE of STARTS states of yet other sequences descends. Null: normal points,
      which have one. Source: Comaniciu & Meer 2002.
    - barrier [nats]: from the basin of most starts to the one nearest to it, along the path of least energy; 0 with one
      basin. It is at most most_barrier, and at it so many samples show no crossing. Null: normal points. Source: E, Ren &
      Vanden-Eijnden 2007.
    - straight_barrier [nats]: the same along the straight line. Null: normal points.
    - most_barrier [nats]: up to where one sample lies a bandwidth away, above the basin of most starts. Null: normal points.
    - entropy_production [nats per time step]: of a linear model of the states in the second half of the sequences, the
      product of two halves of these; not evaluable where no stationary linear diffusion gives them; at the first and
      the last look. Null: REVERSALS draws in which each sequence runs backwards with chance 1/2. Source: Seifert 2012.
    - entropy_bound [nats per time step]: what their currents show at the least, without a model. Null: as of
      entropy_production. Source: Barato & Seifert 2015.

    Maps, of the last step: picture (PIXELS, PIXELS), the energy in the first two components, rows along the second, and its
    extent (4,): left, right, bottom, top; basins (k, d); path (m, d), and energies (2, m) above the first basin along it and
    along the straight line.
    """
    entries = [entry(subject.steps[0], "", "answers", len(subject.task.answers))]
    maps: dict[str, np.ndarray] = {}
    seen = looks(subject.steps, LOOKS)
    for step in seen:
        states = _states(subject, step)
        rng = np.random.default_rng(derive(*subject.key, "landscape", step))
        known = _counted(subject)
        # By sequence, so that the rows that choose are no neighbours in time of those that are chosen for.
        parts = [states[part][known[part]] for part in np.array_split(rng.permutation(len(states)), 3)]
        found, arrays = _landscape(parts, rng)
        nulls = [_landscape(_normal(parts, rng), rng)[0] for _ in range(GAUSSIANS)]
        entries += [entry(step, "", name, found[name], *_null([each[name] for each in nulls])) for name in QUANTITIES]
        if step in (seen[0], seen[-1]):
            entries += _irreversible(states[:, states.shape[1] // 2 :], step, rng)
        if step == seen[-1]:
            maps = arrays
    return combine(entries), maps


def _counted(subject: RecurrentSubject) -> np.ndarray:
    """Time steps (n, T) at which all outputs count."""
    return subject.probe.counted.numpy().all(2)


def _states(subject: RecurrentSubject, step: int) -> np.ndarray:
    """(n, T, COMPONENTS or fewer) of held-out examples; components and units from the steps that count."""
    network = with_weights(subject.network, subject.states[step])
    with torch.no_grad():
        states = network.cell(subject.probe.inputs.double())[0].numpy()
    known = states[_counted(subject)]
    mean = known.mean(0)
    squares, directions = principal_components(known - mean, COMPONENTS)
    return (states - mean) @ directions[:, ::-1] / np.sqrt(squares.sum() / len(known))


def _normal(parts: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """Normal points in the place of the rows (n, d) of each part, with the same variances along the components."""
    spread = np.concatenate(parts).std(0)
    return [spread * rng.standard_normal(part.shape) for part in parts]


def _landscape(parts: list[np.ndarray], rng: np.random.Generator) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """QUANTITIES and maps, of rows (n, d) that make up the landscape, that choose its bandwidth, and that descend it."""
    numbers = dict.fromkeys(QUANTITIES, np.nan)
    fitted, chosen, starts = (
        rng.permutation(part)[:most] for part, most in zip(parts, (SAMPLES, SAMPLES, STARTS), strict=True)
    )
    if fitted.shape[1] < COMPONENTS:
        return numbers, {}
    try:
        of = density(fitted, chosen, BANDWIDTHS)
    except StudyError:
        return numbers, {}
    states = basins(of, starts, SHARE)
    numbers |= {"bandwidth": of.bandwidth, "basins": len(states)}
    maps = _picture(of) | {"basins": states}
    if len(states) == 1:
        return numbers | {"barrier": 0.0, "straight_barrier": 0.0}, maps
    try:
        way = crossing(of, states)
    except StudyError:
        return numbers, maps
    numbers |= {"barrier": way.barrier, "straight_barrier": way.straight_barrier, "most_barrier": way.most}
    return numbers, maps | _path(way)


def _picture(of: Density) -> dict[str, np.ndarray]:
    """The energy in the first two coordinates: of these, the density is made of the same kernels."""
    flat = Density(of.centres[:, :2], of.bandwidth)
    (left, bottom), (right, top) = flat.centres.min(0) - MARGIN, flat.centres.max(0) + MARGIN
    x, y = np.meshgrid(np.linspace(left, right, PIXELS), np.linspace(bottom, top, PIXELS))
    at = np.stack([x.ravel(), y.ravel()], 1)
    return {"picture": energy(flat, at).reshape(PIXELS, PIXELS), "extent": np.array([left, right, bottom, top])}


def _path(way: Crossing) -> dict[str, np.ndarray]:
    return {"path": way.path, "energies": np.stack([way.energies, way.straight]) - way.energies[0]}


def _irreversible(states: np.ndarray, step: int, rng: np.random.Generator) -> list[dict]:
    found, *nulls = (_production(each) for each in (states, *(_turned(states, rng) for _ in range(REVERSALS))))
    names = {"entropy_production": "rate", "entropy_bound": "bound"}
    return [
        entry(step, "", name, getattr(found, of), *_null([getattr(null, of) for null in nulls]))
        for name, of in names.items()
    ]


def _production(states: np.ndarray) -> Production:
    try:
        return entropy_production(states, 1.0)
    except StudyError:
        return Production(np.nan, np.nan)


def _turned(states: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sequences (n, T, d), each backwards with chance 1/2: no direction of time is left."""
    return np.where(rng.random(len(states))[:, None, None] < 0.5, states[:, ::-1], states)


def _null(values: list[float]) -> tuple[float, float]:
    known = np.array(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return (float(known.mean()) if len(known) else np.nan, float(known.std(ddof=1)) if len(known) > 1 else np.nan)
