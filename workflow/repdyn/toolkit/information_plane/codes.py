"""Cells of a layer in few groups: what these say of the class, beside the most that any code of the cells could say."""

from collections.abc import Iterator

import numpy as np

from repdyn.activations.addresses import Where
from repdyn.errors import StudyError
from repdyn.information.bottleneck import bottleneck
from repdyn.information.closed_forms import table_information
from repdyn.information.neighbours import entropy
from repdyn.measures.table import entry

CELLS = 30  # at most; a tenth of the examples that they are fitted to
SIZES = (2, 5, 20)  # of codes, beside the number of classes
BETAS = (1.2, 1.5, 2, 3, 5)  # at which the curve is computed
MERGERS = 20  # at random
NAMES = ("code_kept", "code_information", "code_most")


def codes(
    step: int, layer: Where, fitted: np.ndarray, judged: np.ndarray, labels: np.ndarray, classes: int, rng
) -> Iterator[dict]:
    """The entries of code_*: of rows (n, d) that cells are fitted to, of held-out rows (m, d), and of their labels (m,)."""
    sizes = [classes, *(size for size in SIZES if size != classes)]
    yield entry(step, layer, "code_size", sizes)
    cells = _cells(fitted, judged, rng)
    if cells is None or len(cells[1]) < max(sizes):
        yield from (entry(step, layer, name, [np.nan] * len(sizes)) for name in NAMES)
        return
    assigned, centres = cells
    joint = np.zeros((len(centres), classes))
    np.add.at(joint, (assigned, labels), 1)
    lines = tangents(joint, rng)
    merged = [_merged(centres, size) for size in sizes]
    kept = [entropy(merger[assigned]) for merger in merged]
    told = [_told(joint, merger) for merger in merged]
    nulls = [[_told(joint, rng.permutation(merger)) for _ in range(MERGERS)] for merger in merged]
    yield entry(step, layer, "code_kept", kept)
    yield entry(step, layer, "code_information", told, np.mean(nulls, axis=1), np.std(nulls, axis=1, ddof=1))
    yield entry(step, layer, "code_most", [min(least + each / beta for beta, least in lines) for each in kept])


def tangents(joint: np.ndarray, rng: np.random.Generator) -> list[tuple[float, float]]:
    """(beta, a) of lines a + kept / beta, nats, above which no code of the rows of a table (cells, classes) lies.

    By the information bottleneck at BETAS; that it keeps no less than it tells; and, as beta infinite, by the whole table.
    """
    lines = [(1.0, 0.0), (np.inf, table_information(joint))]
    for beta in BETAS:
        try:
            found = bottleneck(joint, beta, rng)
        except StudyError:  # near a transition; the other tangents bound the curve there
            continue
        lines.append((beta, max(found.told - found.kept / beta, 0.0)))
    return lines


def _cells(fitted: np.ndarray, judged: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray] | None:
    """The cell of every judged row, and the centres of those that have one; None where the rows do not vary."""
    from sklearn.cluster import KMeans

    count = min(CELLS, len(fitted) // 10)
    if not np.isfinite(fitted).all() or not np.isfinite(judged).all() or len(np.unique(fitted, axis=0)) < max(count, 2):
        return None
    means = KMeans(count, n_init=3, random_state=int(rng.integers(2**31))).fit(fitted.astype(np.float64))
    used, assigned = np.unique(means.predict(judged.astype(np.float64)), return_inverse=True)
    return assigned, means.cluster_centers_[used]


def _merged(centres: np.ndarray, size: int) -> np.ndarray:
    """The code, from 0, of every cell (c,): neighbours merged into so many (Ward 1963)."""
    from scipy.cluster.hierarchy import fcluster, ward

    return fcluster(ward(centres), size, "maxclust") - 1


def _told(joint: np.ndarray, merger: np.ndarray) -> float:
    table = np.zeros((merger.max() + 1, joint.shape[1]))
    np.add.at(table, merger, joint)
    return table_information(table[table.sum(1) > 0])
