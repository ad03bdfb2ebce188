"""Taking out of activations what a linear read-out knows of a label, to see what rests on it (Elazar 2021)."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError, require_labels

RIDGE = 1e-3  # of the mean variance of a unit
ROUNDING = 1e-10  # of the largest: below it a direction is none


class Eraser(NamedTuple):
    """What keeps of a row x (d,) its part centre + matrix (x - centre)."""

    matrix: np.ndarray
    centre: np.ndarray


def erased(x: np.ndarray, eraser: Eraser) -> np.ndarray:
    """Rows (n, d) after erasure."""
    if x.ndim != 2 or x.shape[1] != len(eraser.centre):
        raise StudyError(
            f"an eraser of {len(eraser.centre)} units takes rows (n, {len(eraser.centre)}), found {x.shape}"
        )
    return eraser.centre + (x - eraser.centre) @ eraser.matrix.T


def leace(x: np.ndarray, labels: np.ndarray) -> Eraser:
    """The smallest change after which no linear read-out of (n, d) tells the labels (n,) better than a constant.

    LEACE (Belrose 2023, arXiv:2306.03819, theorem 4.3): projects out, in whitened coordinates, the covariance with the
    class. Exact on the rows it is fitted to. StudyError for rows that do not fit the labels, one class or constant rows.
    """
    centred, classes = _fitted(x, labels)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    kept = values > ROUNDING * values[-1]
    values, vectors = values[kept], vectors[:, kept]
    whiten, unwhiten = vectors / np.sqrt(values) @ vectors.T, vectors * np.sqrt(values) @ vectors.T
    directions = _orthonormal(whiten @ centred.T @ classes / len(centred))
    return Eraser(np.eye(x.shape[1]) - unwhiten @ directions @ directions.T @ whiten, x.mean(0, dtype=np.float64))


def inlp(x: np.ndarray, labels: np.ndarray, rounds: int) -> list[Eraser]:
    """Erasers after 1, 2, ... `rounds` rounds of: fit a linear read-out of the labels, take its directions away.

    Iterative null-space projection (Ravfogel 2020), with ridge regression as the read-out. One round is not enough where
    the noise of the units is correlated: the best read-out then is not the direction in which classes differ. Stops early
    where nothing is left. StudyError as for `leace`, and for no round.
    """
    centred, classes = _fitted(x, labels)
    if rounds < 1:
        raise StudyError(f"one round or more is needed, found {rounds}")
    d = x.shape[1]
    gone = np.empty((d, 0))
    erasers = []
    for _ in range(rounds):
        keep = np.eye(d) - gone @ gone.T
        rows = centred @ keep
        gram = rows.T @ rows / len(rows)
        if np.trace(gram) <= ROUNDING * (centred**2).mean():
            break
        read = keep @ np.linalg.solve(gram + RIDGE * np.trace(gram) / d * np.eye(d), rows.T @ classes / len(rows))
        if not np.abs(read).max() > ROUNDING:
            break
        gone = np.hstack([gone, _orthonormal(read)])
        gone = np.linalg.qr(gone)[0]
        erasers.append(Eraser(np.eye(d) - gone @ gone.T, x.mean(0, dtype=np.float64)))
    return erasers


def random_eraser(x: np.ndarray, count: int, rng: np.random.Generator) -> Eraser:
    """Takes `count` random directions out of rows (n, d): what erasing as much of anything does."""
    d = x.shape[1]
    if not 1 <= count <= d:
        raise StudyError(f"1 to {d} directions can be taken out of {d} units, found {count}")
    drawn = np.linalg.qr(rng.standard_normal((d, count)))[0]
    return Eraser(np.eye(d) - drawn @ drawn.T, x.mean(0, dtype=np.float64))


def _fitted(x: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and one-hot labels, both centred."""
    require_labels(x, labels)
    names, inverse = np.unique(labels, return_inverse=True)
    if len(names) < 2 or not np.isfinite(x).all() or not np.ptp(x, axis=0).any():
        raise StudyError(f"finite rows that vary and two or more classes are needed, found {x.shape} of {len(names)}")
    classes = np.eye(len(names))[inverse]
    return x - x.mean(0, dtype=np.float64), classes - classes.mean(0)


def _orthonormal(directions: np.ndarray) -> np.ndarray:
    """An orthonormal basis (d, r) of what the columns span."""
    left, values, _ = np.linalg.svd(directions, full_matrices=False)
    return left[:, values > 1e-6 * max(values[0], 1e-300)]
