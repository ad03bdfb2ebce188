"""Which bars of a diagram are more than the chance of the sample: Betti numbers with a confidence."""

import numpy as np
from scipy.spatial.distance import cdist

from repdyn.errors import StudyError
from repdyn.geometry.neighbours import points
from repdyn.topology.homology import lengths


def band(x: np.ndarray, landmarks: np.ndarray, draws: int, rng: np.random.Generator, confidence: float = 0.95) -> float:
    """The length above which a bar of the Rips diagrams of landmarks (row numbers) of (n, d) is significant.

    Were all points of the shape known, a bar could change by twice the largest distance of any to its nearest landmark:
    the complexes are nested, so a longer bar is one of the shape (stability; Fasy et al. 2014, Ann. Statist. 42, 2301,
    lemma 4 and section 4.1, there for distance functions). That distance is at most the distance of the rows to the
    landmarks, which is known, and that of the shape to the rows, for which the `confidence` quantile of the distance of
    the rows to as many drawn from them with replacement stands (their bootstrap of the Hausdorff distance). The k-th
    smallest of the draws is taken, k = confidence (draws + 1) rounded up. At 60 to 200 rows it covers circles and spheres
    in 95 % of samples or more, a square, which has corners, in 75 to 85 %. Points off the shape widen it: it is
    conservative with noise, and hardly any loop passes it in many dimensions. Raises StudyError for fewer draws than the
    quantile needs, 19 at 0.95.
    """
    x = points(x)
    rank = int(np.ceil(round(confidence * (draws + 1), 9)))
    if not 0 < confidence < 1 or not 1 <= rank <= draws:
        raise StudyError(f"{draws} draws have no quantile {confidence}; take 1 / (1 - confidence) - 1 or more")
    n = len(x)
    if not len(landmarks) or landmarks.min() < 0 or landmarks.max() >= n:
        raise StudyError(f"landmarks are row numbers of {n} rows, found {landmarks}")
    apart = cdist(x, x)
    covered = apart[:, landmarks].min(1).max()
    resampled = [apart[:, np.unique(rng.integers(n, size=n))].min(1).max() for _ in range(draws)]
    return float(2 * (covered + np.sort(resampled)[rank - 1]))


def betti(diagram: np.ndarray, shortest: float) -> int:
    """How many bars of a diagram (k, 2) are longer than `shortest`, infinite ones included."""
    return int((lengths(diagram) > shortest).sum())
