"""A few points that stand for a cloud."""

import numpy as np

from repdyn.errors import StudyError
from repdyn.geometry.neighbours import points


def farthest_points(x: np.ndarray, count: int) -> np.ndarray:
    """Row numbers of `count` landmarks of (n, d), each the row farthest from all before it (max-min; Gonzalez 1985).

    The first is the row nearest to the mean. Every row is then within r of a landmark, r the distance of the last landmark
    to those before, so the diagram changes by 2 r at most (bottleneck; de Silva & Carlsson 2004). Rows at the edge are
    overrepresented. Raises StudyError unless 1 <= count <= n.
    """
    x = points(x)
    if not 1 <= count <= len(x):
        raise StudyError(f"{len(x)} rows have 1 to {len(x)} landmarks, not {count}")
    chosen = [int(np.linalg.norm(x - x.mean(0), axis=1).argmin())]
    squared = _squared(x, chosen[0])
    while len(chosen) < count:
        chosen.append(int(squared.argmax()))
        squared = np.minimum(squared, _squared(x, chosen[-1]))
    return np.array(chosen)


def _squared(x: np.ndarray, row: int) -> np.ndarray:
    """Squared distances of all rows to one."""
    away = x - x[row]
    return np.einsum("ij,ij->i", away, away)


def radius(x: np.ndarray) -> float:
    """Root mean square distance of the rows of (n, d) to their mean: the unit in which clouds of any scale compare."""
    x = points(x)
    return float(np.sqrt(((x - x.mean(0)) ** 2).sum(1).mean()))
