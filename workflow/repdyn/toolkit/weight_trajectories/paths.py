"""The path of a recurrent network's weights and of each part of them, beside random walks with steps of the same lengths."""

import numpy as np

from repdyn.dynamics.embedded_path import embedded_path
from repdyn.dynamics.trajectory import displacement_gram, flat_weights, path, step_cosines, walk_gram, walk_limit
from repdyn.errors import StudyError
from repdyn.measures.table import entry
from repdyn.measures.weights import cosine_null_sd
from repdyn.recurrent.gates import components
from repdyn.recurrent.subject import RecurrentSubject
from repdyn.seeds import derive


def paths(subject: RecurrentSubject, draws: int, pictures: int) -> tuple[list[dict], dict[str, np.ndarray]]:
    """Entries on the path of every part against `draws` random walks, and maps of that of all weights.

    Maps hold it in principal components and as a picture, whose trust is beside that of `pictures` walks.
    """
    steps, names = subject.steps, sorted(subject.network.state_dict())
    parts = {"": [flat_weights(subject.states[step], names) for step in steps]}
    for step in steps:
        for name, part in components(subject.network.cell, subject.states[step]).items():
            parts.setdefault(name, []).append(part.flatten().double().numpy())
    entries: list[dict] = []
    maps: dict[str, np.ndarray] = {}
    if len(steps) < 3:
        return entries, maps
    rng = np.random.default_rng(derive(*subject.key, "walks of parts"))
    for name, weights in parts.items():
        gram, dimension = displacement_gram(weights), len(weights[0])
        lengths, cosines = np.sqrt(np.diag(gram)), step_cosines(gram)
        for i, (before, after) in enumerate(zip(steps, steps[1:], strict=False)):
            entries.append(entry(after, name, "step_norm_per_update", lengths[i] / (after - before), reference=before))
            if i:
                sd = cosine_null_sd(dimension)
                entries.append(entry(after, name, "step_cosine", cosines[i - 1], 0.0, sd, reference=before))
        walks = [path(walk_gram(lengths, dimension, rng)) for _ in range(draws)] if dimension >= len(lengths) else []
        found = path(gram)
        for quantity, value, null in (
            ("straightness", found.straightness, [walk.straightness for walk in walks]),
            ("pc1_share", found.shares[0], [walk.shares[0] for walk in walks]),
        ):
            entries.append(entry(steps[-1], name, quantity, value, *null_of(null)))
        if not name:
            maps |= {"path": found.coordinates, "walk": path(walk_limit(lengths)).coordinates}
            entries.append(entry(steps[-1], "", "picture_trust", *_picture(weights, lengths, pictures, rng, maps)))
    return entries, maps


def _picture(
    weights: list[np.ndarray], lengths: np.ndarray, draws: int, rng: np.random.Generator, maps: dict[str, np.ndarray]
) -> tuple:
    """Trust of the picture of a path, and of those of walks with steps of these lengths; the picture goes into maps."""
    try:
        found = embedded_path(weights)
    except StudyError:
        return np.nan, np.nan, np.nan
    maps["picture"] = found.coordinates
    trusts = []
    for _ in range(draws):
        moves = rng.standard_normal((len(lengths), len(weights[0])))
        moves *= (lengths / np.linalg.norm(moves, axis=1))[:, None]
        trusts.append(embedded_path(list(np.vstack([0 * moves[:1], np.cumsum(moves, 0)]))).trust)
    return found.trust, *null_of(trusts)


def null_of(values) -> tuple[np.ndarray | float, np.ndarray | float]:
    """Mean and deviation of draws of the null, numbers or arrays; NaN without any."""
    if not len(values):
        return np.nan, np.nan
    drawn = np.asarray(values, dtype=np.float64)
    with np.errstate(invalid="ignore"):  # infinite time scales have no deviation
        return drawn.mean(0), drawn.std(0, ddof=1) if len(drawn) > 1 else np.nan
